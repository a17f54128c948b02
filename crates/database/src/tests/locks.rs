//! Exclusive transactions, the order in which they get their turn, and limits of transactions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use platform::{ThreadSettings, spawn_thread};

use super::threads::together;
use super::*;
use crate::{CollectionAccess, CollectionLocks};

fn exclusive(names: &[&str]) -> TransactionOptions {
    TransactionOptions {
        locks: CollectionLocks {
            exclusive: names.iter().map(|name| (*name).to_owned()).collect(),
            write: Vec::new(),
        },
        ..TransactionOptions::default()
    }
}

fn impatient(options: TransactionOptions) -> TransactionOptions {
    TransactionOptions {
        lock_timeout: Some(Duration::ZERO),
        ..options
    }
}

fn write_one(transaction: &mut Transaction, collection: &Collection, key: &str) -> Result<()> {
    let documents = vec![parse(&format!(r#"{{"_key":"{key}"}}"#))];
    let options = WriteOptions::default();
    let mut results = transaction.insert(collection, documents, &options)?;
    results.remove(0).map(drop)
}

/// Starts a thread and returns when what it sends arrives.
fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (send, receive) = mpsc::channel();
    let settings = ThreadSettings {
        name: "waiter".to_owned(),
        stack_bytes: None,
    };
    spawn_thread(settings, move || {
        let _ = send.send(body());
    })
    .unwrap();
    receive
}

/// Read, add, write, each in an exclusive transaction: without retries and without conflicts.
#[test]
fn exclusive_transactions_take_turns_and_see_each_other() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let (db, counter) = (database.clone(), Arc::clone(&c));
    together(8, move |_| {
        for _ in 0..10 {
            let mut transaction = db.begin(exclusive(&["c"])).unwrap();
            let document = transaction
                .load(&counter, &Selector::key("a").unwrap())
                .unwrap();
            let n = document.get("n").unwrap().as_i64().unwrap() + 1;
            let change = (
                Selector::key("a").unwrap(),
                parse(&format!(r#"{{"n":{n}}}"#)),
            );
            transaction
                .update(&counter, vec![change], &WriteOptions::default())
                .unwrap();
            transaction.commit().unwrap();
        }
    });
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","n":80}"#
    );
}

/// Several collections in any order: all are had at once, so nobody waits for ever.
#[test]
fn overlapping_exclusive_transactions_do_not_deadlock() {
    let (database, a) = open_with(&CollectionOptions::new("a"));
    database
        .create_collection(&CollectionOptions::new("b"))
        .unwrap();
    let inside = Arc::new(AtomicUsize::new(0));
    let (db, a) = (database.clone(), a);
    together(4, move |at| {
        let names = if at % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
        for round in 0..50 {
            let mut transaction = db.begin(exclusive(&names)).unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            write_one(&mut transaction, &a, &format!("{at}-{round}")).unwrap();
            inside.fetch_sub(1, Ordering::SeqCst);
            transaction.commit().unwrap();
        }
    });
    check_verified(&database);
}

#[test]
fn waiting_ends_with_the_lock_timeout() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let holder = database.begin(exclusive(&["c"])).unwrap();
    let error = database.begin(impatient(exclusive(&["c"]))).err().unwrap();
    assert_eq!((error.code().number(), error.status()), (18, 409));
    assert!(error.message().contains("lock_timeout"), "{error}");
    // A writer that did not declare anything waits when it writes.
    let options = impatient(TransactionOptions::default());
    let mut writer = database.begin(options).unwrap();
    assert_eq!(number(write_one(&mut writer, &c, "a")), 18);
    // Readers do not care.
    let mut reader = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(reader.count(&c).unwrap(), 0);
    drop(holder);
    write_one(&mut writer, &c, "a").unwrap();
    let error = database.begin(impatient(exclusive(&["c"]))).err().unwrap();
    assert_eq!(error.code().number(), 18, "a writer keeps others out");
    writer.commit().unwrap();
    drop(database.begin(impatient(exclusive(&["c"]))).unwrap());
}

#[test]
fn a_writer_waits_for_an_exclusive_transaction_and_then_gets_through() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let mut holder = database.begin(exclusive(&["c"])).unwrap();
    let (db, counter) = (database.clone(), Arc::clone(&c));
    let waiting = spawn(move || update(&db, &counter, "a", r#"{"m":1}"#));
    let change = (Selector::key("a").unwrap(), parse(r#"{"n":1}"#));
    holder
        .update(&c, vec![change], &WriteOptions::default())
        .unwrap();
    assert!(waiting.try_recv().is_err(), "it waits or has not begun");
    holder.commit().unwrap();
    waiting.recv().unwrap().unwrap();
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","n":1,"m":1}"#
    );
}

/// Who holds a lock and wants another that is held exclusively could be waited for itself.
#[test]
fn a_transaction_with_locks_conflicts_instead_of_waiting_for_more() {
    let (database, a) = open_with(&CollectionOptions::new("a"));
    let b = database
        .create_collection(&CollectionOptions::new("b"))
        .unwrap();
    let mut writer = database.begin(TransactionOptions::default()).unwrap();
    write_one(&mut writer, &a, "1").unwrap();
    let holder = database.begin(exclusive(&["b"])).unwrap();
    let error = write_one(&mut writer, &b, "1").unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
    drop(holder);
    write_one(&mut writer, &b, "1").unwrap();
    writer.commit().unwrap();
}

#[test]
fn requests_are_granted_in_order_unless_they_have_nothing_in_common() {
    let (database, _) = open_with(&CollectionOptions::new("a"));
    database
        .create_collection(&CollectionOptions::new("b"))
        .unwrap();
    let holder = database.begin(exclusive(&["a"])).unwrap();
    let both = database.request_locks(&exclusive(&["a", "b"]));
    let later = database.request_locks(&exclusive(&["b"]));
    assert!(!both.is_granted() && !later.is_granted());
    let (send, receive) = mpsc::channel();
    let tell = |name: &'static str| {
        let send = send.clone();
        move || send.send(name).unwrap()
    };
    both.on_granted(tell("both"));
    later.on_granted(tell("later"));
    drop(holder);
    assert_eq!(receive.recv().unwrap(), "both");
    assert!(!later.is_granted());
    let transaction = database.begin_with(exclusive(&["a", "b"]), both).unwrap();
    drop(transaction);
    assert_eq!(receive.recv().unwrap(), "later");
    later.on_granted(tell("again"));
    assert_eq!(receive.recv().unwrap(), "again", "at once");
    drop(later);
    drop(database.begin(impatient(exclusive(&["b"]))).unwrap());
}

#[test]
fn who_gives_up_waiting_does_not_keep_others_waiting() {
    let (database, _) = open_with(&CollectionOptions::new("a"));
    database
        .create_collection(&CollectionOptions::new("b"))
        .unwrap();
    let holder = database.begin(exclusive(&["a"])).unwrap();
    let both = database.request_locks(&exclusive(&["a", "b"]));
    let later = database.request_locks(&exclusive(&["b"]));
    drop(both);
    assert!(later.is_granted());
    drop((holder, later));
}

#[test]
fn waiting_ends_when_the_server_stops() {
    let databases = open();
    let database = databases.system();
    database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let _holder = database.begin(exclusive(&["c"])).unwrap();
    let request = database.request_locks(&exclusive(&["c"]));
    let (send, receive) = mpsc::channel();
    request.on_granted(move || send.send(()).unwrap());
    databases.close().unwrap();
    receive.recv().unwrap();
    let error = database.begin_with(exclusive(&["c"]), request).err();
    assert_eq!(error.unwrap().code().number(), 30);
}

#[test]
fn threads_that_wait_are_limited() {
    let (databases, _) = open_with_settings(|settings| settings.lock_waiters_max = 0);
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let holder = database.begin(exclusive(&["c"])).unwrap();
    let error = database.begin(exclusive(&["c"])).err().unwrap();
    assert_eq!(error.code().number(), 18);
    assert!(error.message().contains("lock_waiters_max"), "{error}");
    let mut writer = database.begin(TransactionOptions::default()).unwrap();
    assert!(write_one(&mut writer, &c, "a").unwrap_err().is_conflict());
    drop(holder);
    drop(database.begin(exclusive(&["c"])).unwrap());
}

/// A collection that is dropped while others wait for it: they get their turn and find it gone.
#[test]
fn a_collection_can_be_dropped_under_its_locks() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut holder = database.begin(exclusive(&["c"])).unwrap();
    let next = database.request_locks(&exclusive(&["c"]));
    write_one(&mut holder, &c, "a").unwrap();
    database.drop_collection("c", false).unwrap();
    assert!(holder.commit().unwrap_err().is_conflict());
    let mut next = database.begin_with(exclusive(&["c"]), next).unwrap();
    assert_eq!(number(write_one(&mut next, &c, "a")), 1203);
    drop(next);
    check_verified(&database);
}

#[test]
fn declared_collections_limit_what_is_used() {
    let (database, read) = open_with(&CollectionOptions::new("read"));
    let write = database
        .create_collection(&CollectionOptions::new("write"))
        .unwrap();
    let other = database
        .create_collection(&CollectionOptions::new("other"))
        .unwrap();
    for allow_implicit_reads in [true, false] {
        let access = CollectionAccess {
            read: vec!["read".to_owned()],
            write: vec![write.id().to_string()],
            allow_implicit_reads,
            is_by_rights: false,
        };
        access.check(&database).unwrap();
        let options = TransactionOptions {
            access: Some(access.into()),
            ..TransactionOptions::default()
        };
        let mut transaction = database.begin(options).unwrap();
        write_one(&mut transaction, &write, "a").unwrap();
        assert_eq!(transaction.count(&write).unwrap(), 1);
        transaction.count(&read).unwrap();
        for collection in [&read, &other] {
            let error = write_one(&mut transaction, collection, "a").unwrap_err();
            assert_eq!((error.code().number(), error.status()), (1652, 400));
        }
        let implicit = transaction.count(&other);
        match allow_implicit_reads {
            true => assert_eq!(implicit.unwrap(), 0),
            false => assert_eq!(number(implicit), 1652),
        }
    }
    let unknown = CollectionAccess {
        read: vec!["nope".to_owned()],
        ..CollectionAccess::default()
    };
    assert_eq!(number(unknown.check(&database)), 1203);
}

#[test]
fn a_transaction_cannot_outgrow_its_size() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let options = TransactionOptions {
        bytes_max: Some(2_000),
        ..TransactionOptions::default()
    };
    let mut transaction = database.begin(options).unwrap();
    let large = parse(&format!(r#"{{"text":"{}"}}"#, "x".repeat(1_200)));
    let insert = |transaction: &mut Transaction| {
        let options = WriteOptions::default();
        transaction.insert(&c, vec![large.clone()], &options)
    };
    let start = transaction.savepoint().unwrap();
    insert(&mut transaction).unwrap();
    let bytes = transaction.bytes();
    assert!((1_200..2_000).contains(&bytes), "{bytes}");
    let error = insert(&mut transaction).unwrap_err();
    assert_eq!(error.code().number(), 32);
    assert!(error.message().contains("transaction_bytes_max"), "{error}");
    assert_eq!(transaction.bytes(), bytes, "what was refused is not there");
    transaction.rollback_to(start).unwrap();
    assert_eq!(transaction.bytes(), 0);
    insert(&mut transaction).unwrap();
    transaction.commit().unwrap();
    let mut reader = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(reader.count(&c).unwrap(), 1);
}

/// Clients of queries have retries of their own and expect to be told.
#[test]
fn queries_report_conflicts_at_once_unless_the_settings_say_otherwise() {
    for retries in [0, 2] {
        let (databases, _) =
            open_with_settings(|settings| settings.query_conflict_retries_max = retries);
        let database = databases.system();
        let c = database
            .create_collection(&CollectionOptions::new("c"))
            .unwrap();
        insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
        let mut tries = 0;
        let result = database.run_query(&TransactionOptions::default(), |transaction| {
            tries += 1;
            let change = (Selector::key("a")?, parse(r#"{"n":1}"#));
            let options = WriteOptions::default();
            transaction.update(&c, vec![change], &options)?.remove(0)?;
            update(&database, &c, "a", r#"{"n":2}"#).map(drop)
        });
        assert_eq!((number(result), tries), (1200, retries + 1));
    }
}
