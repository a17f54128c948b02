//! An index that comes and goes while queries use it and writers write.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be is to fail there"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use aql::Options;
use database::{CollectionOptions, Database, Selector, TransactionOptions, WriteOptions, verify};
use platform::{ThreadSettings, spawn_thread};
use value::{Object, Value, json};

use crate::world::{EngineKind, PLAIN, World};

const DOCUMENTS: i64 = 600;
const GROUPS: i64 = 20;

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let settings = ThreadSettings {
        name: name.to_owned(),
        stack_bytes: None,
    };
    spawn_thread(settings, body).unwrap()
}

fn filled(engine: EngineKind) -> World {
    let world = World::new(engine);
    let collection = world
        .database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let document = |n: i64| parse(&format!(r#"{{"_key":"k{n}","g":{},"n":{n}}}"#, n % GROUPS));
    let options = TransactionOptions::default();
    world
        .database
        .run(&options, |transaction| {
            let documents = (0..DOCUMENTS).map(document).collect();
            let written = transaction.insert(&collection, documents, &WriteOptions::default())?;
            written.into_iter().try_for_each(|result| result.map(drop))
        })
        .unwrap();
    world
}

/// Moves a document between the groups 0 and 1, of which there are as many as there were.
fn write(database: &Database, at: i64) {
    let collection = database.collection("c").unwrap();
    let options = TransactionOptions::default();
    database
        .run(&options, |transaction| {
            let pair = [at * GROUPS, at * GROUPS + 1].map(|n| Selector::key(&format!("k{n}")));
            let [one, two] = pair;
            let (one, two) = (one?, two?);
            let group = |transaction: &mut database::Transaction, selector: &Selector| {
                let document = transaction.load(&collection, selector)?;
                let group = document.get("g").and_then(|group| group.as_i64());
                Ok::<i64, database::Error>(group.unwrap_or_default())
            };
            let of_one = group(transaction, &one)?;
            let of_two = group(transaction, &two)?;
            let change = |group: i64| parse(&format!(r#"{{"g":{group}}}"#));
            let changes = vec![(one, change(of_two)), (two, change(of_one))];
            let written = transaction.update(&collection, changes, &WriteOptions::default())?;
            written.into_iter().try_for_each(|result| result.map(drop))
        })
        .unwrap();
}

/// Every group has as many members as ever, whether the query finds them by the index or not.
fn read(world: &World, group: i64) {
    let mut bind = Object::new();
    bind.insert("g", group);
    let text = "FOR d IN c FILTER d.g == @g COLLECT WITH COUNT INTO n RETURN n";
    let mut txn = world.begin();
    let answer = world.run(&mut txn, text, &bind, &Options::default(), PLAIN);
    let rows = answer
        .unwrap_or_else(|error| panic!("group {group}: {error:?}"))
        .rows;
    assert_eq!(rows, [Value::from(DOCUMENTS / GROUPS)], "group {group}");
}

fn check(engine: EngineKind) {
    let world = Arc::new(filled(engine));
    let ended = Arc::new(AtomicBool::new(false));
    let rounds = Arc::new(AtomicUsize::new(0));
    let mut threads = Vec::new();
    for at in 0..2 {
        let (world, ended) = (Arc::clone(&world), Arc::clone(&ended));
        threads.push(spawn("writer", move || {
            let mut n = at;
            while !ended.load(Ordering::Acquire) {
                write(&world.database, n % (DOCUMENTS / GROUPS));
                n += 2;
            }
        }));
    }
    for at in 0..2 {
        let (world, ended) = (Arc::clone(&world), Arc::clone(&ended));
        let rounds = Arc::clone(&rounds);
        threads.push(spawn("reader", move || {
            let mut n = at;
            while !ended.load(Ordering::Acquire) {
                read(&world, n % GROUPS);
                rounds.fetch_add(1, Ordering::Relaxed);
                n += 1;
            }
        }));
    }
    // A reader from before, who goes on with what was there then.
    let mut old = world.begin();
    let definition = parse(r#"{"type":"persistent","fields":["g"],"name":"i"}"#);
    for round in 0..8 {
        world.database.create_index("c", &definition).unwrap();
        let mut fresh = world.begin();
        let text = "FOR d IN c FILTER d.g == 3 RETURN d.n";
        let used = world
            .explain(&mut fresh, text, &Object::new(), &Options::default())
            .unwrap()
            .to_plan_object();
        assert!(
            json::to_string(&used.into()).contains("IndexNode"),
            "round {round}"
        );
        world.database.drop_index("c", "i").unwrap();
        for txn in [&mut old, &mut fresh] {
            let answer = world.run(txn, text, &Object::new(), &Options::default(), PLAIN);
            let rows = answer.unwrap().rows;
            assert_eq!(rows.len() as i64, DOCUMENTS / GROUPS, "round {round}");
        }
    }
    world.database.create_index("c", &definition).unwrap();
    ended.store(true, Ordering::Release);
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(rounds.load(Ordering::Relaxed) > 0);
    let verified = verify(&world.database).unwrap();
    assert_eq!(verified.differences, []);
    assert!(verified.entries >= DOCUMENTS as u64);
}

#[test]
fn queries_are_right_while_an_index_comes_and_goes_in_memory() {
    check(EngineKind::Memory);
}

#[test]
fn queries_are_right_while_an_index_comes_and_goes_in_a_file() {
    check(EngineKind::Redb);
}
