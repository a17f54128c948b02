//! Keys that collections give to documents, over restarts and crashes.
//!
//! Source: public documentation, "Data modeling / Documents / Key generators".

use super::*;

fn with_keys(options: &str) -> CollectionOptions {
    let text = format!(r#"{{"name":"c","keyOptions":{options}}}"#);
    CollectionOptions::parse(&parse(&text)).unwrap()
}

fn next_key(database: &Database, collection: &Collection) -> String {
    insert(database, collection, "{}").unwrap().key.to_string()
}

fn last_value(collection: &Collection) -> Value {
    let shown = Value::object(collection.to_properties_object());
    shown.get("keyOptions").get("lastValue").clone()
}

/// Opens again after an orderly end or, without one, after a crash.
fn reopen(engine: &Arc<dyn Engine>) -> (Databases, Database, Arc<Collection>) {
    let (databases, _) = open_on(Arc::clone(engine), START_MS);
    let database = databases.system();
    let collection = database.collection("c").unwrap();
    (databases, database, collection)
}

#[test]
fn series_go_on_after_a_crash_without_a_number_twice() {
    let engine = engine();
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let database = databases.system();
    let options = with_keys(r#"{"type":"autoincrement","offset":2,"increment":5}"#);
    let c = database.create_collection(&options).unwrap();
    assert_eq!(next_key(&database, &c), "2");
    assert_eq!(next_key(&database, &c), "7");
    assert_eq!(last_value(&c), Value::from(7));
    drop((databases, database, c));
    let (databases, database, c) = reopen(&engine);
    let shown = last_value(&c).as_i64().unwrap();
    let key: i64 = next_key(&database, &c).parse().unwrap();
    assert!(shown >= 7 && key > shown && key % 5 == 2, "{shown} {key}");
    drop((databases, database, c));
}

#[test]
fn numbers_that_users_supply_are_passed_over() {
    let engine = engine();
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let database = databases.system();
    let options = with_keys(r#"{"type":"autoincrement"}"#);
    let c = database.create_collection(&options).unwrap();
    insert(&database, &c, r#"{"_key":"1000"}"#).unwrap();
    assert_eq!(last_value(&c), Value::from(1000));
    assert_eq!(next_key(&database, &c), "1001");
    insert(&database, &c, r#"{"_key":"5000"}"#).unwrap();
    drop((databases, database, c));
    // Also when nothing was generated after the last one, and the end was a crash.
    let (_databases, database, c) = reopen(&engine);
    let key: i64 = next_key(&database, &c).parse().unwrap();
    assert!(key > 5000, "{key}");
    check_verified(&database);
}

#[test]
fn numbers_are_consumed_by_inserts_that_fail() {
    let database = open().system();
    let options = with_keys(r#"{"type":"autoincrement"}"#);
    let c = database.create_collection(&options).unwrap();
    let definition = parse(r#"{"type":"persistent","fields":["u"],"unique":true}"#);
    database.create_index("c", &definition).unwrap();
    let c = database.collection(c.name()).unwrap();
    let first = insert(&database, &c, r#"{"u":1}"#).unwrap();
    assert_eq!(first.key.as_str(), "1");
    assert_eq!(number(insert(&database, &c, r#"{"u":1}"#)), 1210);
    assert_eq!(next_key(&database, &c), "3");
}

#[test]
fn each_generator_has_its_form() {
    for (kind, is_form) in [
        (
            "traditional",
            (|key| key.parse::<u64>().is_ok()) as fn(&str) -> bool,
        ),
        ("padded", |key| {
            key.len() == 16 && u64::from_str_radix(key, 16).is_ok()
        }),
        ("uuid", |key| key.len() == 36 && key.split('-').count() == 5),
    ] {
        let database = open().system();
        let options = with_keys(&format!(r#"{{"type":"{kind}"}}"#));
        let c = database.create_collection(&options).unwrap();
        let keys: Vec<String> = (0..20).map(|_| next_key(&database, &c)).collect();
        assert!(keys.iter().all(|key| is_form(key)), "{kind} {keys:?}");
        if kind != "uuid" {
            assert!(keys.is_sorted(), "{kind} {keys:?}");
        }
        assert_eq!(last_value(&c).is_null(), kind == "uuid");
    }
}

#[test]
fn keys_may_be_reserved_for_the_generator() {
    let database = open().system();
    let options = with_keys(r#"{"allowUserKeys":false}"#);
    let c = database.create_collection(&options).unwrap();
    assert_eq!(number(insert(&database, &c, r#"{"_key":"a"}"#)), 1222);
    let restore = WriteOptions {
        is_restore: true,
        ..Default::default()
    };
    let text = r#"{"_key":"a","_rev":"_YU0HOEG---"}"#;
    let restored = insert_with(&database, &c, text, &restore).unwrap();
    assert_eq!(restored.rev.to_string(), "_YU0HOEG---");
    let text = r#"{"_key":"b","_rev":"no revision!"}"#;
    insert_with(&database, &c, text, &restore).unwrap();
    check_verified(&database);
}
