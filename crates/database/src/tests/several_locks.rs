//! Exclusive collections among several processes on one store.

use std::time::Duration;

use super::several::{Process, check_all, insert_in, start, wait_for_death};
use super::threads::together;
use super::*;
use crate::{CollectionLocks, ErrorKind};

fn exclusive(name: &str) -> TransactionOptions {
    TransactionOptions {
        locks: CollectionLocks {
            exclusive: vec![name.to_owned()],
            write: Vec::new(),
        },
        lock_timeout: Some(Duration::ZERO),
        ..TransactionOptions::default()
    }
}

#[test]
fn who_has_a_collection_exclusively_is_alone_among_all() {
    let processes: [Process; 2] = start();
    let [one, two] = processes.each_ref().map(|process| process.system());
    let c = one.create_collection(&CollectionOptions::new("c")).unwrap();
    insert(&one, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let mut early = two.begin(TransactionOptions::default()).unwrap();
    insert_in(&mut early, &c, r#"{"_key":"early"}"#).unwrap();

    let mut alone = one.begin(exclusive("c")).unwrap();
    assert_eq!(early.commit().unwrap_err().kind(), ErrorKind::Conflict);
    // Who wants it too waits, here for no time; who writes without a lock is told.
    assert_eq!(number(two.begin(exclusive("c")).map(drop)), 18);
    let mut writer = two.begin(TransactionOptions::default()).unwrap();
    assert_eq!(number(insert_in(&mut writer, &c, "{}")), 1200);
    let write = TransactionOptions {
        locks: CollectionLocks {
            exclusive: Vec::new(),
            write: vec!["c".to_owned()],
        },
        ..exclusive("c")
    };
    assert_eq!(number(two.begin(write.clone()).map(drop)), 18);
    // Readers go on.
    let mut reader = two.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(reader.count(&c).unwrap(), 1);
    insert_in(&mut alone, &c, r#"{"_key":"b"}"#).unwrap();
    alone.commit().unwrap();

    let mut next = two.begin(write).unwrap();
    assert_eq!(next.count(&c).unwrap(), 2);
    insert_in(&mut next, &c, r#"{"_key":"d"}"#).unwrap();
    next.commit().unwrap();
    // One that wrote nothing, or was rolled back, gives it back as well.
    drop(one.begin(exclusive("c")).unwrap());
    let mut rolled_back = one.begin(exclusive("c")).unwrap();
    insert_in(&mut rolled_back, &c, r#"{"_key":"e"}"#).unwrap();
    drop(rolled_back);
    insert(&two, &c, r#"{"_key":"f"}"#).unwrap();
    check_all(&processes);
}

#[test]
fn a_collection_that_another_process_has_just_made_is_locked_as_any() {
    let processes: [Process; 2] = start();
    let [one, two] = processes.each_ref().map(|process| process.system());
    for name in ["c", "d", "e"] {
        let c = one
            .create_collection(&CollectionOptions::new(name))
            .unwrap();
        let alone = two.begin(exclusive(name)).unwrap();
        let mut writer = one.begin(TransactionOptions::default()).unwrap();
        assert_eq!(number(insert_in(&mut writer, &c, "{}")), 1200, "{name}");
        drop(alone);
    }
    // The same name, another collection.
    one.drop_collection("c", false).unwrap();
    let c = one.create_collection(&CollectionOptions::new("c")).unwrap();
    let alone = two.begin(exclusive("c")).unwrap();
    let mut writer = one.begin(TransactionOptions::default()).unwrap();
    assert_eq!(number(insert_in(&mut writer, &c, "{}")), 1200);
    drop(alone);
    check_all(&processes);
}

#[test]
fn what_a_dead_process_had_exclusively_is_free() {
    let processes: [Process; 3] = start();
    let [one, two, _] = processes.each_ref().map(|process| process.system());
    let c = one.create_collection(&CollectionOptions::new("c")).unwrap();
    for by_writer in [true, false] {
        let mut held_up = one.begin(exclusive("c")).unwrap();
        insert_in(&mut held_up, &c, "{}").unwrap();
        wait_for_death(&processes[1]);
        if by_writer {
            insert(&two, &c, "{}").unwrap();
        } else {
            let mut next = two.begin(exclusive("c")).unwrap();
            insert_in(&mut next, &c, "{}").unwrap();
            next.commit().unwrap();
        }
        // It was only held up: too late.
        assert_eq!(held_up.commit().unwrap_err().kind(), ErrorKind::Conflict);
        processes[0].show_life().unwrap();
    }
    let mut reader = two.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(reader.count(&c).unwrap(), 2);
    check_all(&processes);
}

/// Read, think, write over the whole collection: nothing may come in between.
#[test]
fn exclusive_transactions_of_all_come_one_after_the_other() {
    let processes: [Process; 3] = start();
    let c = processes[0]
        .system()
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let systems = processes.each_ref().map(|process| process.system());
    let collection = Arc::clone(&c);
    together(6, move |at| {
        let database = &systems[at % 3];
        for round in 0..10 {
            if at >= 3 {
                // Writers without a lock are let in between.
                insert(database, &collection, &format!(r#"{{"round":{round}}}"#)).unwrap();
                continue;
            }
            let options = TransactionOptions {
                lock_timeout: None,
                ..exclusive("c")
            };
            let mut transaction = database.begin(options).unwrap();
            let count = transaction.count(&collection).unwrap();
            let text = format!(r#"{{"count":{count}}}"#);
            insert_in(&mut transaction, &collection, &text).unwrap();
            // Nobody was in the way, or this would conflict.
            transaction.commit().unwrap();
        }
    });
    let system = processes[1].system();
    let mut reader = system.begin(TransactionOptions::read_only()).unwrap();
    let documents = reader.scan(&c, None, 100).unwrap().documents;
    let mut counts: Vec<i64> = documents
        .iter()
        .filter_map(|d| d.get("count")?.as_i64())
        .collect();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!((documents.len(), counts.len()), (60, 30));
    check_all(&processes);
}
