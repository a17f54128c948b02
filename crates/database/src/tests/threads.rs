//! Concurrent transactions: conflicts, uniqueness, index builds.

use std::sync::Barrier;

use parking_lot::Mutex;
use platform::{ThreadSettings, spawn_thread};

use super::*;
use crate::ErrorKind;

/// Runs `body` with 0..count on as many threads, started together.
pub(super) fn together<T: Send + 'static>(
    count: usize,
    body: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let body = Arc::new(body);
    let barrier = Arc::new(Barrier::new(count));
    let threads: Vec<_> = (0..count)
        .map(|at| {
            let (body, barrier) = (Arc::clone(&body), Arc::clone(&barrier));
            let settings = ThreadSettings {
                name: format!("writer {at}"),
                stack_bytes: None,
            };
            spawn_thread(settings, move || {
                barrier.wait();
                body(at)
            })
            .unwrap()
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

#[test]
fn the_second_writer_of_a_document_conflicts() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let mut one = database.begin(TransactionOptions::default()).unwrap();
    let mut two = database.begin(TransactionOptions::default()).unwrap();
    for transaction in [&mut one, &mut two] {
        let change = (Selector::key("a").unwrap(), parse(r#"{"n":1}"#));
        let options = WriteOptions::default();
        transaction
            .update(&c, vec![change], &options)
            .unwrap()
            .remove(0)
            .unwrap();
    }
    one.commit().unwrap();
    let error = two.commit().unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1200, 409));
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[test]
fn conflicts_are_reported_when_the_retries_are_used_up() {
    let (platform, _) = Platform::simulated(START_MS, 1);
    let few = Settings {
        conflict_retries_max: 3,
        ..settings()
    };
    let database = Databases::open(engine(), platform, few).unwrap().system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let mut tries = 0;
    let result = run(&database, |transaction| {
        tries += 1;
        let change = (Selector::key("a")?, parse(r#"{"n":1}"#));
        let options = WriteOptions::default();
        transaction.update(&c, vec![change], &options)?.remove(0)?;
        update(&database, &c, "a", r#"{"n":2}"#).map(drop)
    });
    assert_eq!((number(result), tries), (1200, 4));
}

#[test]
fn increments_are_not_lost() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let (db, counter) = (database.clone(), Arc::clone(&c));
    together(4, move |_| {
        for _ in 0..25 {
            run(&db, |transaction| {
                let document = transaction.load(&counter, &Selector::key("a")?)?;
                let n = document.get("n").unwrap().as_i64().unwrap() + 1;
                let change = (Selector::key("a")?, parse(&format!(r#"{{"n":{n}}}"#)));
                let options = WriteOptions::default();
                transaction
                    .update(&counter, vec![change], &options)?
                    .remove(0)
            })
            .unwrap();
        }
    });
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","n":100}"#
    );
    check_verified(&database);
}

#[test]
fn a_unique_value_is_given_to_one_of_many() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let definition = parse(r#"{"type":"persistent","fields":["u"],"unique":true}"#);
    database.create_index("c", &definition).unwrap();
    let (db, collection) = (database.clone(), Arc::clone(&c));
    let winners = together(4, move |at| {
        let wins = (0..20).filter(|round| {
            let text = format!(r#"{{"_key":"{at}-{round}","u":{round}}}"#);
            match insert(&db, &collection, &text) {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.code().number(), 1210);
                    false
                }
            }
        });
        wins.count()
    });
    assert_eq!(winners.iter().sum::<usize>(), 20);
    check_verified(&database);
}

#[test]
fn one_of_many_creates_a_collection_of_a_name() {
    let database = open().system();
    let db = database.clone();
    let results = together(4, move |_| {
        let results = (0..10).map(|round| {
            let name = format!("c{round}");
            db.create_collection(&CollectionOptions::new(name))
                .map_err(|e| e.code().number())
        });
        results
            .filter(|result| match result {
                Ok(_) => true,
                Err(number) => {
                    assert_eq!(*number, 1207);
                    false
                }
            })
            .count()
    });
    assert_eq!(results.iter().sum::<usize>(), 10);
}

#[test]
fn an_index_is_complete_though_writers_go_on_during_its_build() {
    for definition in [
        r#"{"type":"persistent","fields":["n"]}"#,
        r#"{"type":"persistent","fields":["u"],"unique":true}"#,
    ] {
        let (database, c) = open_with(&CollectionOptions::new("c"));
        for at in 0..30 {
            let text = format!(r#"{{"_key":"{at:02}","n":{at},"u":{at}}}"#);
            insert(&database, &c, &text).unwrap();
        }
        let (db, collection) = (database.clone(), Arc::clone(&c));
        together(3, move |at| {
            if at == 0 {
                let created = db.create_index("c", &parse(definition)).unwrap();
                assert!(created.is_newly_created);
                return;
            }
            for round in 0..30 {
                let unique = 1000 * at + round;
                let text = format!(r#"{{"n":{at},"u":{unique}}}"#);
                match round % 3 {
                    0 => insert(&db, &collection, &text).map(drop).unwrap(),
                    1 => drop(update(&db, &collection, &format!("{round:02}"), &text)),
                    _ => drop(remove(&db, &collection, &format!("{round:02}"))),
                }
            }
        });
        assert_eq!(database.collection("c").unwrap().indexes().count(), 2);
        check_verified(&database);
    }
}

#[test]
fn writers_that_began_before_an_index_begin_again() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut late = database.begin(TransactionOptions::default()).unwrap();
    let documents = vec![parse(r#"{"_key":"late","n":1}"#)];
    late.insert(&c, documents, &WriteOptions::default())
        .unwrap();
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["n"]}"#))
        .unwrap();
    assert_eq!(late.commit().unwrap_err().kind(), ErrorKind::Conflict);
    let mut late = database.begin(TransactionOptions::default()).unwrap();
    let documents = vec![parse(r#"{"_key":"late","n":1}"#)];
    late.insert(&c, documents, &WriteOptions::default())
        .unwrap();
    database.drop_collection("c", false).unwrap();
    assert_eq!(late.commit().unwrap_err().kind(), ErrorKind::Conflict);
}

/// A query is not told of conflicts with anything but other writes.
#[test]
fn a_query_does_not_notice_that_an_index_was_made() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","n":0}"#).unwrap();
    let mut tries = 0;
    database
        .run_query(&TransactionOptions::default(), |transaction| {
            tries += 1;
            let collection = transaction.collection("c")?;
            let documents = vec![parse(r#"{"n":1}"#)];
            let options = WriteOptions::default();
            transaction
                .insert(&collection, documents, &options)?
                .remove(0)?;
            if tries == 1 {
                let definition = parse(r#"{"type":"persistent","fields":["n"]}"#);
                database.create_index("c", &definition)?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(tries, 2);
    check_verified(&database);
}

/// Holds up a build by locking the collection, and looks at the index meanwhile.
#[test]
fn an_index_that_is_being_built_is_hidden_and_shows_its_progress() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    for key in 0..10 {
        insert(&database, &c, &format!(r#"{{"_key":"{key}","n":{key}}}"#)).unwrap();
    }
    let options = TransactionOptions {
        locks: crate::CollectionLocks {
            exclusive: vec!["c".to_owned()],
            write: Vec::new(),
        },
        ..TransactionOptions::default()
    };
    let holder = Mutex::new(Some(database.begin(options).unwrap()));
    let before = database.catalog_revision();
    let db = database.clone();
    let results = together(2, move |at| {
        if at == 0 {
            let definition = parse(r#"{"type":"persistent","fields":["n"],"name":"i"}"#);
            return db.create_index("c", &definition).map(drop);
        }
        while db.catalog_revision() == before {
            std::thread::yield_now();
        }
        let collection = db.collection("c").unwrap();
        assert!(collection.find_index("i").is_none());
        let hidden = collection.indexes_with_building().last().unwrap();
        assert!(hidden.is_building() && hidden.progress() == 0, "{hidden:?}");
        db.drop_collection("c", false).unwrap();
        drop(holder.lock().take());
        Ok(())
    });
    assert_eq!(results.first().map(|built| built.is_err()), Some(true));
    check_verified(&database);
}
