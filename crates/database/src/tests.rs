//! Tests over the in-memory engine behind the contract wrapper.

mod catalog;
mod documents;
mod estimates;
mod expiry;
mod generated_keys;
mod in_use;
mod indexes;
mod interleaved;
mod locks;
mod open_transactions;
mod random;
mod reopen;
mod schemas;
mod several;
mod several_locks;
mod several_random;
mod several_seats;
mod several_trips;
mod threads;
mod users;
mod verify;
mod watched;

use std::sync::Arc;

use platform::{ManualClock, Platform};
use store::Engine;
use store::contract::Contract;
use store::memory::MemoryEngine;
use value::{Value, json};

use crate::{
    Collection, CollectionOptions, Database, Databases, PasswordSettings, Result, Selector,
    Settings, Transaction, TransactionOptions, WriteOptions, WriteResult,
};

const START_MS: u64 = 1_700_000_000_000;

fn settings() -> Settings {
    Settings {
        password: PasswordSettings {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        },
        index_build_documents: 3,
        index_build_piece_entries: 3,
        index_build_bytes: 1,
        expiry_batch_documents: 2,
        autoincrement_reserve: 10,
        conflict_retries_max: 10_000,
        ..Settings::recommended()
    }
}

/// `_system` over a fresh engine, with some settings changed.
fn open_with_settings(change: impl FnOnce(&mut Settings)) -> (Databases, Arc<ManualClock>) {
    let mut changed = settings();
    change(&mut changed);
    let (platform, clock) = Platform::simulated(START_MS, 1);
    let databases = Databases::open(engine(), platform, changed).unwrap();
    (databases, clock)
}

fn engine() -> Arc<dyn Engine> {
    Arc::new(Contract::new(Arc::new(MemoryEngine::new())))
}

fn open_on(engine: Arc<dyn Engine>, unix_ms: u64) -> (Databases, Arc<ManualClock>) {
    let (platform, clock) = Platform::simulated(unix_ms, 1);
    let databases = Databases::open(engine, platform, settings()).unwrap();
    (databases, clock)
}

fn open() -> Databases {
    open_on(engine(), START_MS).0
}

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

/// A database with a collection.
fn open_with(options: &CollectionOptions) -> (Database, Arc<Collection>) {
    let database = open().system();
    let collection = database.create_collection(options).unwrap();
    (database, collection)
}

/// Runs one transaction and commits it.
fn run<T>(database: &Database, body: impl FnMut(&mut Transaction) -> Result<T>) -> Result<T> {
    database.run(&TransactionOptions::default(), body)
}

/// Inserts one document in a transaction of its own.
fn insert(database: &Database, collection: &Collection, text: &str) -> Result<WriteResult> {
    insert_with(database, collection, text, &WriteOptions::default())
}

fn insert_with(
    database: &Database,
    collection: &Collection,
    text: &str,
    options: &WriteOptions,
) -> Result<WriteResult> {
    run(database, |transaction| {
        transaction
            .insert(collection, vec![parse(text)], options)?
            .remove(0)
    })
}

fn update(
    database: &Database,
    collection: &Collection,
    key: &str,
    text: &str,
) -> Result<WriteResult> {
    run(database, |transaction| {
        let change = (Selector::key(key)?, parse(text));
        let options = WriteOptions::default();
        transaction
            .update(collection, vec![change], &options)?
            .remove(0)
    })
}

fn remove(database: &Database, collection: &Collection, key: &str) -> Result<WriteResult> {
    run(database, |transaction| {
        let selectors = vec![Selector::key(key)?];
        transaction
            .remove(collection, selectors, &WriteOptions::default())?
            .remove(0)
    })
}

/// The document as clients see it, without its revision; `null` if there is none.
fn shown(database: &Database, collection: &Collection, key: &str) -> String {
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let Some(document) = transaction.get(collection, key).unwrap() else {
        return "null".to_owned();
    };
    let value = document.to_value().unwrap();
    let mut object = value.as_object().unwrap().clone();
    object.remove("_rev");
    json::to_string(&Value::object(object))
}

fn number<T: std::fmt::Debug>(result: Result<T>) -> u32 {
    result.expect_err("this must fail").code().number()
}

fn check_verified(database: &Database) {
    assert_eq!(crate::verify(database).unwrap().differences, []);
}
