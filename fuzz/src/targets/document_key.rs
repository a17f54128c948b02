//! Document keys: the rule holds, and what is accepted is found again.

use std::sync::Arc;

use database::{Collection, WriteOptions};
use value::{Object, Value};

use super::world::World;

thread_local! {
    static WORLD: (World, Arc<Collection>) = {
        let world = World::new();
        let collection = world.create("keys", &[]);
        (world, collection)
    };
}

/// Takes the input as a key.
pub(crate) fn run(data: &[u8]) {
    let key = String::from_utf8_lossy(data);
    WORLD.with(|(world, collection)| check(world, collection, &key));
}

/// Source: public documentation, "Data modeling / Documents / Document keys".
fn is_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@()+,=;$!*'%:".contains(&byte);
    (1..=254).contains(&text.len()) && text.bytes().all(allowed)
}

fn check(world: &World, collection: &Collection, key: &str) {
    let mut txn = world.begin();
    let mut document = Object::new();
    document.insert("_key", Value::from(key));
    let options = WriteOptions::default();
    let mut written = txn
        .insert(collection, vec![Value::object(document)], &options)
        .expect("the transaction goes on");
    let result = written.pop().expect("one result for one document");
    if let Err(error) = &result {
        assert!(!is_key(key), "{key:?} refused: {error}");
        assert_eq!(error.code().number(), 1221, "{key:?}: {error}");
        // Reading by what cannot be a key finds nothing, without an error of the store.
        if let Ok(found) = txn.get(collection, key) {
            assert!(found.is_none(), "{key:?} found");
        }
        return;
    }
    assert!(is_key(key), "{key:?} accepted");
    let found = txn.get(collection, key).expect("read");
    let found = found.unwrap_or_else(|| panic!("{key:?} not found"));
    let value = found.to_value().expect("it was stored as JSON");
    assert_eq!(value.get("_key").as_str(), Some(key));
    let id = format!("keys/{key}");
    assert_eq!(value.get("_id").as_str(), Some(id.as_str()));
    let (collection, parsed) = database::parse_document_id(&id).expect("it is an id");
    assert_eq!((collection, parsed.as_str()), ("keys", key));
}
