//! Databases on a disk that loses what was not synced, or fails at any call: documents, indexes
//! and the catalog are as before an operation or as after it.

use std::io;
use std::sync::Arc;

use database::{
    Collection, CollectionOptions, Database, Databases, Result, Selector, Settings,
    TransactionOptions, WriteOptions,
};
use platform::{Platform, SeededRandom};
use store::contract::Contract;
use store_redb::RedbEngine;
use store_redb::disk::Disk;
use value::{Value, json};

/// Crashes that are tried at each place in the journal of a run.
const CRASHES: u64 = 2;

pub type Step = fn(&Databases) -> Result<()>;

/// Each changes what [`describe`] shows at one instant, however many commits it takes.
pub const STEPS: &[(&str, Step)] = &[
    ("create c", |all| create(all, "c")),
    ("index u", |all| {
        let text = r#"{"type":"persistent","name":"u","fields":["u"],"unique":true}"#;
        index(all, "c", text)
    }),
    ("create d", |all| create(all, "d")),
    ("insert one", |all| {
        insert(all, "c", &[r#"{"_key":"a","u":1,"n":1,"tags":[1,2]}"#])
    }),
    ("insert many", |all| {
        let many: Vec<String> = (0..30)
            .map(|n| {
                let tags = format!("[{},{}]", n % 3, n % 4);
                format!(r#"{{"_key":"m{n}","u":"m{n}","n":{n},"tags":{tags}}}"#)
            })
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        insert(all, "c", &many)
    }),
    ("build an index", |all| {
        let text = r#"{"type":"persistent","name":"tags","fields":["tags[*]"]}"#;
        index(all, "c", text)
    }),
    ("update many", |all| {
        update(all, (0..20).map(|n| (format!("m{n}"), n + 100)))
    }),
    ("move between collections", |all| {
        all.system()
            .run(&TransactionOptions::default(), |transaction| {
                let options = WriteOptions::default();
                let c = transaction.collection("c")?;
                let keys = (5..15).map(|n| Selector::key(&format!("m{n}")));
                let keys = keys.collect::<Result<_>>()?;
                each(transaction.remove(&c, keys, &options)?)?;
                let d = transaction.collection("d")?;
                let moved = (5..15).map(|n| parse(&format!(r#"{{"_key":"m{n}"}}"#)));
                each(transaction.insert(&d, moved.collect(), &options)?)
            })
    }),
    ("drop an index", |all| {
        all.system().drop_index("c", "u").map(drop)
    }),
    ("rename", |all| {
        all.system().rename_collection("d", "e").map(drop)
    }),
    ("create a database", |all| {
        all.create("other", &[]).map(drop)
    }),
    ("truncate", |all| {
        let system = all.system();
        let e = system.collection("e")?;
        system
            .run(&TransactionOptions::default(), |transaction| {
                transaction.truncate(&e)
            })
            .map(drop)
    }),
    ("drop a database", |all| all.drop("other")),
    ("drop a collection", |all| {
        all.system().drop_collection("c", false).map(drop)
    }),
];

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

fn create(all: &Databases, name: &str) -> Result<()> {
    let options = CollectionOptions::new(name);
    all.system().create_collection(&options).map(drop)
}

fn index(all: &Databases, collection: &str, text: &str) -> Result<()> {
    all.system()
        .create_index(collection, &parse(text))
        .map(drop)
}

fn each<T>(results: Vec<Result<T>>) -> Result<()> {
    results.into_iter().try_for_each(|result| result.map(drop))
}

fn insert(all: &Databases, collection: &str, texts: &[&str]) -> Result<()> {
    all.system()
        .run(&TransactionOptions::default(), |transaction| {
            let collection = transaction.collection(collection)?;
            let documents = texts.iter().map(|text| parse(text)).collect();
            each(transaction.insert(&collection, documents, &WriteOptions::default())?)
        })
}

fn update(all: &Databases, changes: impl Iterator<Item = (String, u32)> + Clone) -> Result<()> {
    all.system()
        .run(&TransactionOptions::default(), |transaction| {
            let c = transaction.collection("c")?;
            let changes = changes.clone().map(|(key, n)| {
                let change = parse(&format!(r#"{{"u":"{key}/{n}","tags":[{n}]}}"#));
                Ok((Selector::key(&key)?, change))
            });
            let changes = changes.collect::<Result<_>>()?;
            each(transaction.update(&c, changes, &WriteOptions::default())?)
        })
}

fn engine(disk: &Disk) -> store::Result<Arc<Contract>> {
    let settings = store_redb::Settings {
        free_bytes_min: 0,
        // So small that values are pushed out all the time.
        values_bytes: 4 << 10,
        ..store_redb::Settings::new(8 << 20)
    };
    Ok(Arc::new(Contract::new(Arc::new(RedbEngine::open_on(
        disk, settings,
    )?))))
}

fn open(disk: &Disk) -> Result<Databases> {
    let settings = Settings {
        index_build_documents: 10,
        index_build_piece_entries: 10,
        ..Settings::recommended()
    };
    Databases::open(engine(disk)?, Platform::system(), settings)
}

/// What clients can see, but revisions and identifiers.
pub fn describe(all: &Databases) -> Result<String> {
    let mut text = String::new();
    for name in all.names() {
        let database = all.get(&name)?;
        text += &format!("database {name}\n");
        for collection in database.collections() {
            if !collection.is_system() {
                describe_collection(&database, &collection, &mut text)?;
            }
        }
    }
    Ok(text)
}

fn describe_collection(
    database: &Database,
    collection: &Collection,
    text: &mut String,
) -> Result<()> {
    *text += &format!("  collection {}\n", collection.name());
    for index in collection.indexes() {
        *text += &format!("    index {:?}\n", index.fields());
    }
    let mut transaction = database.begin(TransactionOptions::read_only())?;
    let page = transaction.scan(collection, None, 1000)?;
    for document in page.documents {
        let attribute = |name: &str| document.get(name).map(|value| json::to_string(&value));
        let rest = ["u", "n", "tags"].map(attribute);
        *text += &format!("    {} {rest:?}\n", document.key());
    }
    Ok(())
}

#[track_caller]
pub fn check_agrees(all: &Databases, place: &str) {
    for name in all.names() {
        let found = database::verify(&all.get(&name).unwrap()).unwrap();
        assert_eq!(found.differences, [], "{place}, database {name}");
    }
    let left = database::verify_nothing_is_left(all).unwrap();
    assert_eq!(left.differences, [], "{place}");
}

/// What clients see after no step, the first, the first two ...
pub fn descriptions() -> Vec<String> {
    let all = open(&Disk::default()).unwrap();
    let mut descriptions = vec![describe(&all).unwrap()];
    for (_, step) in STEPS {
        step(&all).unwrap();
        descriptions.push(describe(&all).unwrap());
    }
    descriptions
}

#[test]
fn databases_survive_the_loss_of_whatever_was_not_synced() {
    let expected = descriptions();
    let disk = Disk::default();
    disk.record();
    let all = open(&disk).unwrap();
    let opened = disk.recorded();
    let mut acknowledged = Vec::new();
    for (_, step) in STEPS {
        step(&all).unwrap();
        acknowledged.push(disk.recorded());
    }
    drop(all);
    let mut crashes = 0;
    for at in opened..=disk.recorded() {
        let least = acknowledged.iter().filter(|place| **place <= at).count();
        for seed in 0..CRASHES {
            let place = format!("crash at {at}, seed {seed}, after {least} steps");
            let random = SeededRandom::new(seed + 1000 * at as u64);
            let all = open(&disk.crashed_at(at, &random)).expect(&place);
            let found = describe(&all).expect(&place);
            let possible = expected.iter().skip(least).take(2);
            assert!(possible.clone().any(|it| *it == found), "{place}: {found}");
            check_agrees(&all, &place);
            crashes += 1;
        }
    }
    println!("{crashes} crashes");
}

/// Runs the steps with a fault at the `nth` call of the disk; false if it was not reached.
fn run_with_fault(nth: u64, kind: io::ErrorKind, expected: &[String]) -> bool {
    let disk = Disk::default();
    let all = open(&disk).unwrap();
    disk.fail_call(nth, kind);
    let failed = STEPS.iter().position(|(_, step)| step(&all).is_err());
    let place = format!("{kind:?} at call {nth}, failed in {failed:?}");
    let reached = disk.has_failed();
    disk.repair();
    let Some(failed) = failed else {
        return reached;
    };
    // Reads go on, and catalog, documents and indexes belong together.
    let found = describe(&all).expect(&place);
    let possible = &expected[failed..=failed + 1];
    assert!(possible.contains(&found), "{place}: {found}");
    check_agrees(&all, &place);
    if kind == io::ErrorKind::StorageFull && !disk.has_failed_sync() {
        // There is room again: everything goes on where it stopped.
        assert_eq!(found, expected[failed], "{place}: refused, and yet done");
        for (name, step) in &STEPS[failed..] {
            step(&all).unwrap_or_else(|error| panic!("{place}: {name}: {error:?}"));
        }
        assert_eq!(
            &describe(&all).unwrap(),
            expected.last().unwrap(),
            "{place}"
        );
        check_agrees(&all, &place);
    }
    drop(all);
    for disk in [disk.crashed(), disk.killed()] {
        let all = open(&disk).expect(&place);
        check_agrees(&all, &place);
        let found = describe(&all).unwrap();
        let possible = &expected[failed..];
        assert!(possible.contains(&found), "{place}, opened again: {found}");
    }
    reached
}

#[test]
fn every_call_of_the_disk_may_fail_beneath_databases() {
    let expected = descriptions();
    for kind in [io::ErrorKind::Other, io::ErrorKind::StorageFull] {
        let calls = (1..)
            .take_while(|nth| run_with_fault(*nth, kind, &expected))
            .count();
        assert!(calls > STEPS.len(), "only {calls} calls were reached");
        println!("{calls} calls failed with {kind:?}");
    }
}
