//! What another transaction does between two steps of an operation.

use parking_lot::Mutex;

use super::watched::{Call, Watched};
use super::*;
use crate::ErrorKind;

type Hook = Box<dyn FnOnce() + Send>;

/// An engine that runs a hook, once, before the next write of any transaction; where to put it.
fn hooked() -> (Arc<Watched>, Arc<Mutex<Option<Hook>>>) {
    let slot = Arc::new(Mutex::new(None::<Hook>));
    let taken = Arc::clone(&slot);
    let engine = Watched::new(engine(), move |call| {
        let hook = (call == Call::Write).then(|| taken.lock().take());
        if let Some(hook) = hook.flatten() {
            hook();
        }
    });
    (Arc::new(engine), slot)
}

/// A database over an engine with a hook, and where to put the hook.
fn open_hooked(change: impl FnOnce(&mut Settings)) -> (Databases, Arc<Mutex<Option<Hook>>>) {
    let (engine, hook) = hooked();
    let (platform, _) = Platform::simulated(START_MS, 1);
    let mut changed = settings();
    change(&mut changed);
    let databases = Databases::open(engine, platform, changed).unwrap();
    (databases, hook)
}

#[test]
fn a_first_document_during_the_creation_of_an_index_is_indexed() {
    let (databases, hook) = open_hooked(|_| {});
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let (db, collection) = (database.clone(), Arc::clone(&c));
    let insert_one: Hook = Box::new(move || {
        insert(&db, &collection, r#"{"n":1}"#).unwrap();
    });
    *hook.lock() = Some(insert_one);
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["n"]}"#))
        .unwrap();
    assert!(hook.lock().is_none());
    check_verified(&database);
}

#[test]
fn keys_reserved_while_the_collection_is_dropped_leave_nothing() {
    let (engine, hook) = hooked();
    let (databases, _) = open_on(engine, START_MS);
    let database = databases.system();
    let mut options = CollectionOptions::new("c");
    options.key_options.kind = crate::KeyGeneratorKind::Autoincrement {
        offset: 0,
        increment: 1,
    };
    let c = database.create_collection(&options).unwrap();
    let db = database.clone();
    *hook.lock() = Some(Box::new(move || {
        db.drop_collection("c", false).unwrap();
    }));
    assert_eq!(number(insert(&database, &c, "{}")), 1203);
    assert!(hook.lock().is_none());
    let left = crate::verify_nothing_is_left(&databases).unwrap();
    assert_eq!(left.differences, []);
}

#[test]
fn a_transaction_that_rolled_back_still_notices_a_new_index() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut transaction = database.begin(TransactionOptions::default()).unwrap();
    let savepoint = transaction.savepoint().unwrap();
    let options = WriteOptions::default();
    transaction
        .insert(&c, vec![parse(r#"{"n":1}"#)], &options)
        .unwrap();
    transaction.rollback_to(savepoint).unwrap();
    transaction
        .insert(&c, vec![parse(r#"{"n":2}"#)], &options)
        .unwrap();
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["n"]}"#))
        .unwrap();
    assert_eq!(
        transaction.commit().unwrap_err().kind(),
        ErrorKind::Conflict
    );
    check_verified(&database);
}

#[test]
fn removing_a_violating_document_during_a_build_leaves_the_other_one_indexed() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","u":1}"#).unwrap();
    insert(&database, &c, r#"{"_key":"b","u":1}"#).unwrap();
    let definition = parse(r#"{"type":"hash","fields":["u"],"unique":true}"#);
    let (_, index, _) = database
        .change(|change| {
            let c = Arc::clone(change.catalog.get("c")?);
            change.add_index(&c, &definition, true)
        })
        .unwrap();
    let (planned, _) = database.collect_run(&c, index.id, None).unwrap();
    run(&database, |transaction| {
        transaction.build_sorted(&c, index.id, &planned.entries[..1])
    })
    .unwrap();
    remove(&database, &c, "b").unwrap();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(transaction.stored_entries(&index).unwrap().len(), 1);
}

#[test]
fn an_index_of_another_snapshot_is_refused() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut before = database.begin(TransactionOptions::read_only()).unwrap();
    let definition = parse(r#"{"type":"hash","fields":["n"]}"#);
    let created = database.create_index("c", &definition).unwrap();
    assert_eq!(
        number(before.index_lookup_many(&c, &created.index, &[])),
        1212
    );
    let mut after = database.begin(TransactionOptions::read_only()).unwrap();
    assert!(after.index_lookup_many(&c, &created.index, &[]).is_ok());
}

/// Without a second attempt: what is dropped or emptied meets no writer.
#[test]
fn dropping_and_truncating_wait_for_no_writer() {
    type Change = fn(&Database);
    let changes: [(&str, Change); 3] = [
        ("drop an index", |database| {
            database.drop_index("c", "by-n").unwrap();
        }),
        ("truncate", |database| {
            database.truncate_collection("c").unwrap();
        }),
        ("drop a collection", |database| {
            database.drop_collection("c", false).unwrap();
        }),
    ];
    for (name, change) in changes {
        let (databases, hook) = open_hooked(|settings| settings.conflict_retries_max = 0);
        let database = databases.system();
        database
            .create_collection(&CollectionOptions::new("c"))
            .unwrap();
        let definition = r#"{"type":"persistent","fields":["n"],"name":"by-n"}"#;
        let c = database
            .create_index("c", &parse(definition))
            .unwrap()
            .collection;
        insert(&database, &c, r#"{"_key":"before","n":1}"#).unwrap();
        let mut open = database.begin(TransactionOptions::default()).unwrap();
        let options = WriteOptions::default();
        open.insert(&c, vec![parse(r#"{"n":2}"#)], &options)
            .unwrap();
        let (db, collection) = (database.clone(), Arc::clone(&c));
        *hook.lock() = Some(Box::new(move || {
            insert(&db, &collection, r#"{"_key":"during","n":1}"#).unwrap();
        }));
        change(&database);
        assert!(hook.lock().is_none(), "{name}");
        let error = open.commit().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{name}: {error:?}");
        check_verified(&database);
        let left = crate::verify_nothing_is_left(&databases).unwrap();
        assert_eq!(left.differences, [], "{name}");
        let removed = databases.remove_discarded(&false.into()).unwrap();
        let expected = match name {
            "drop an index" => 2,
            _ => 4,
        };
        assert_eq!(removed, expected, "{name}");
        assert_eq!(databases.remove_discarded(&false.into()).unwrap(), 0);
        check_verified(&database);
        let left = crate::verify_nothing_is_left(&databases).unwrap();
        assert_eq!(left.differences, [], "{name}");
    }
}

/// What writers change of an index before, while and after its build reaches the documents is
/// counted once.
#[test]
fn estimates_are_right_whatever_writers_do_during_a_build() {
    for unique in [false, true] {
        let (database, c) = open_with(&CollectionOptions::new("c"));
        for n in 0..8 {
            insert(&database, &c, &format!(r#"{{"_key":"k{n}","a":{n}}}"#)).unwrap();
        }
        let definition = format!(r#"{{"type":"persistent","fields":["a"],"unique":{unique}}}"#);
        let definition = parse(&definition);
        let (_, index, _) = database
            .change(|change| {
                let c = Arc::clone(change.catalog.get("c")?);
                change.add_index(&c, &definition, true)
            })
            .unwrap();
        // Before its documents are read.
        update(&database, &c, "k0", r#"{"a":100}"#).unwrap();
        insert(&database, &c, r#"{"_key":"k8","a":8}"#).unwrap();
        remove(&database, &c, "k1").unwrap();
        let (planned, end) = database.collect_run(&c, index.id, None).unwrap();
        assert!(end.is_some(), "a run of three documents");
        let (more, end) = database.collect_run(&c, index.id, end).unwrap();
        // Before its entries are written: changed, changed and changed back, removed.
        update(&database, &c, "k2", r#"{"a":102}"#).unwrap();
        update(&database, &c, "k3", r#"{"a":103}"#).unwrap();
        update(&database, &c, "k3", r#"{"a":3}"#).unwrap();
        remove(&database, &c, "k4").unwrap();
        for piece in [planned, more] {
            run(&database, |transaction| {
                transaction.build_sorted(&c, index.id, &piece.entries)
            })
            .unwrap();
            // Behind the build.
            update(&database, &c, "k0", r#"{"a":200}"#).unwrap();
            update(&database, &c, "k5", r#"{"a":105}"#).unwrap();
        }
        let mut rest = end;
        while let Some(position) = rest {
            let (piece, next) = database.collect_run(&c, index.id, Some(position)).unwrap();
            run(&database, |transaction| {
                transaction.build_sorted(&c, index.id, &piece.entries)
            })
            .unwrap();
            rest = next;
        }
        let mut reader = database.begin(TransactionOptions::read_only()).unwrap();
        let stored = reader.stored_entries(&index).unwrap().len() as u64;
        assert_eq!(stored, 7);
        assert_eq!(index.estimator.entries(), stored, "unique: {unique}");
        let distinct = index.estimator.distinct(0);
        assert_eq!(distinct, Some(stored as f64), "unique: {unique}");
    }
}
