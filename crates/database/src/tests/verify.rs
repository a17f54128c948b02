//! The verification itself: every kind of damage must be found.

use expect_test::{Expect, expect};
use store::{Batch, BeginOptions};

use super::*;
use crate::ids::Keyspace;
use crate::layout;

/// Collection c with documents a and b, a unique and an array index.
struct Fixture {
    engine: Arc<dyn Engine>,
    databases: Databases,
    c: Arc<Collection>,
}

impl Fixture {
    fn new() -> Self {
        let engine = engine();
        let (databases, _) = open_on(Arc::clone(&engine), START_MS);
        let database = databases.system();
        database
            .create_collection(&CollectionOptions::new("c"))
            .unwrap();
        for definition in [
            r#"{"type":"persistent","name":"u","fields":["u"],"unique":true}"#,
            r#"{"type":"persistent","name":"tags","fields":["tags[*]"]}"#,
        ] {
            database.create_index("c", &parse(definition)).unwrap();
        }
        let c = database.collection("c").unwrap();
        insert(&database, &c, r#"{"_key":"a","u":1,"tags":["x","y"]}"#).unwrap();
        insert(&database, &c, r#"{"_key":"b","u":2,"tags":["y"]}"#).unwrap();
        Self {
            engine,
            databases,
            c,
        }
    }

    fn index(&self, name: &str) -> Arc<crate::Index> {
        Arc::clone(self.c.find_index(name).unwrap())
    }

    fn first_entry(&self, name: &str) -> store::Entry {
        let mut transaction = self
            .databases
            .system()
            .begin(TransactionOptions::read_only())
            .unwrap();
        transaction
            .stored_entries(&self.index(name))
            .unwrap()
            .remove(0)
    }

    /// What is found after writing past the database.
    fn check(&self, write: impl FnOnce(&mut Batch), expected: Expect) {
        let mut txn = self.engine.begin(BeginOptions::read_write()).unwrap();
        let mut batch = Batch::new();
        write(&mut batch);
        txn.write(batch).unwrap();
        txn.commit().unwrap();
        let within = crate::verify(&self.databases.system()).unwrap();
        let left = crate::verify_nothing_is_left(&self.databases).unwrap();
        let found = within.differences.into_iter().chain(left.differences);
        let lines: Vec<String> = found
            .map(|found| format!("{}: {}\n", found.collection, found.text))
            .collect();
        expected.assert_eq(&lines.concat());
    }
}

#[test]
fn what_agrees_is_counted() {
    let fixture = Fixture::new();
    fixture.check(|_| {}, expect![""]);
    let found = crate::verify(&fixture.databases.system()).unwrap();
    assert_eq!((found.documents, found.entries), (2, 5));
}

#[test]
fn a_missing_entry_is_found() {
    let fixture = Fixture::new();
    let (key, _) = fixture.first_entry("tags");
    fixture.check(
        |batch| {
            batch.delete(key);
        },
        expect![[r#"
            c: index tags: 'a' has no entry
        "#]],
    );
}

#[test]
fn an_entry_too_many_is_found() {
    let fixture = Fixture::new();
    let (key, _) = fixture.first_entry("tags");
    let other = [&key[..key.len() - 1], b"gone"].concat();
    fixture.check(
        |batch| {
            batch.put(other, "");
        },
        expect![[r#"
            c: index tags: stray entry of 'gone'
        "#]],
    );
}

#[test]
fn an_entry_of_another_document_is_found() {
    let fixture = Fixture::new();
    let (key, _) = fixture.first_entry("u");
    fixture.check(
        |batch| {
            batch.put(key, b"\x01b".as_slice());
        },
        expect![[r#"
            c: index u: the entry of 'a' has another value or document
            c: index u: stray entry of 'b'
        "#]],
    );
}

#[test]
fn a_wrong_count_is_found() {
    let fixture = Fixture::new();
    let key = layout::count(fixture.c.keyspace);
    fixture.check(
        |batch| {
            batch.add(key, 1);
        },
        expect![[r#"
            c: 2 documents are counted as 3
        "#]],
    );
}

#[test]
fn a_lost_document_is_found() {
    let fixture = Fixture::new();
    let key = layout::document(fixture.c.keyspace, b"a");
    fixture.check(
        |batch| {
            batch.delete(key);
        },
        expect![[r#"
            c: 1 documents are counted as 2
            c: index u: stray entry of 'a'
            c: index tags: stray entry of 'a'
            c: index tags: stray entry of 'a'
        "#]],
    );
}

#[test]
fn a_changed_document_is_found() {
    let fixture = Fixture::new();
    let key = layout::document(fixture.c.keyspace, b"a");
    let other = layout::document(fixture.c.keyspace, b"z");
    fixture.check(
        |batch| {
            batch.put(key, "{").put(other, r#"{"_key":"y","_rev":"_"}"#);
        },
        expect![[r#"
            c: document 'a' is damaged
            c: document 'z' names another key
            c: 3 documents are counted as 2
            c: index u: stray entry of 'a'
            c: index tags: stray entry of 'a'
            c: index tags: stray entry of 'a'
        "#]],
    );
}

#[test]
fn what_belongs_to_nothing_is_found() {
    let fixture = Fixture::new();
    let left = layout::document(Keyspace(7), b"a");
    let mut entry = layout::entry_prefix(Keyspace(8));
    entry.push(0);
    fixture.check(
        |batch| {
            batch.put(left, "{}").put(entry, "");
        },
        expect![[r#"
            : document that belongs to no collection: 7
            : index entry that belongs to no index: 8
        "#]],
    );
}

#[test]
fn a_dropped_collection_and_database_leave_nothing() {
    let fixture = Fixture::new();
    let other = fixture.databases.create("other", &[]).unwrap();
    let options = CollectionOptions::new("d");
    let d = other.create_collection(&options).unwrap();
    insert(&other, &d, r#"{"u":1}"#).unwrap();
    fixture
        .databases
        .system()
        .drop_collection("c", false)
        .unwrap();
    fixture.databases.drop("other").unwrap();
    fixture.check(|_| {}, expect![""]);
}
