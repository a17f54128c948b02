//! Random transactions on several threads, and whether what they saw can have happened.
//!
//! `VULPES_HISTORY_TRANSACTIONS` sets how many transactions each thread runs,
//! `VULPES_HISTORY_SEED` repeats the choices of a run (not its timing).

mod checker;
mod checker_tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use database::{
    Collection, CollectionOptions, Database, Databases, IndexKind, Result, Selector, Settings,
    TransactionOptions, WriteOptions,
};
use platform::{Platform, Random, SeededRandom, SystemRandom};
use store::Engine;
use store::contract::Contract;
use store::memory::MemoryEngine;
use store_redb::RedbEngine;
use value::{Value, json};

use crate::setting;
use checker::{Object, Op, Transaction, check};

const THREADS: u64 = 6;
const TRANSACTIONS: u64 = 400;
const KEYS: u8 = 4;
/// Values of the unique attribute in each collection: fewer than documents want.
const UNIQUE_VALUES: u64 = 5;

/// What all threads share.
struct Shared {
    database: Database,
    collections: [Arc<Collection>; 2],
    instant: AtomicU64,
    value: AtomicU64,
}

#[test]
fn histories_in_memory_are_possible() {
    println!("{}", run(Arc::new(MemoryEngine::new())));
}

#[test]
fn histories_in_a_file_are_possible() {
    let folder = tempfile::tempdir().unwrap();
    // Values that are found again, and such that are pushed out.
    let settings = store_redb::Settings {
        values_bytes: 2 << 10,
        ..store_redb::Settings::new(8 << 20)
    };
    let engine = RedbEngine::open(&folder.path().join("store.redb"), settings).unwrap();
    println!("{}", run(Arc::new(engine)));
}

/// Says what was done.
fn run(engine: Arc<dyn Engine>) -> String {
    let seed = setting("VULPES_HISTORY_SEED").unwrap_or_else(|| SystemRandom.next_u64());
    let count = setting("VULPES_HISTORY_TRANSACTIONS").unwrap_or(TRANSACTIONS);
    let engine = Arc::new(Contract::new(engine));
    let databases = Databases::open(engine, Platform::system(), Settings::recommended()).unwrap();
    let shared = Shared::create(databases.system());
    let history: Vec<Transaction> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (shared, dice) = (&shared, SeededRandom::new(seed.wrapping_add(thread)));
                scope.spawn(move || -> Vec<_> {
                    (0..count).map(|_| Client::run(shared, &dice)).collect()
                })
            })
            .collect();
        let histories = threads.into_iter();
        histories
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let anomalies = check(&history);
    assert!(
        anomalies.is_empty(),
        "VULPES_HISTORY_SEED={seed}: {anomalies:#?} in {:#?}",
        anomalies
            .iter()
            .flat_map(checker::Anomaly::transactions)
            .map(|at| (at, &history[at]))
            .collect::<Vec<_>>()
    );
    let committed = history.iter().filter(|it| it.commit.is_some()).count();
    assert!(
        committed * 10 > history.len(),
        "hardly anything was committed"
    );
    assert!(committed < history.len(), "nothing was ever in the way");
    assert_eq!(database::verify(&shared.database).unwrap().differences, []);
    let all = history.len();
    format!("seed {seed}: {all} transactions, {committed} committed")
}

impl Shared {
    fn create(database: Database) -> Self {
        let collections = ["a", "b"].map(|name| {
            let options = CollectionOptions::new(name);
            database.create_collection(&options).unwrap();
            let text = r#"{"type":"persistent","fields":["u"],"unique":true,"sparse":true}"#;
            database
                .create_index(name, &parse(text))
                .unwrap()
                .collection
        });
        Self {
            database,
            collections,
            instant: AtomicU64::new(0),
            value: AtomicU64::new(1),
        }
    }

    fn now(&self) -> u64 {
        self.instant.fetch_add(1, Ordering::SeqCst)
    }
}

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

/// A transaction in progress, and what it has seen.
struct Client<'a> {
    shared: &'a Shared,
    dice: &'a SeededRandom,
    transaction: database::Transaction,
    ops: Vec<Op>,
    savepoints: Vec<database::Savepoint>,
}

impl<'a> Client<'a> {
    /// One random transaction from begin to end.
    fn run(shared: &'a Shared, dice: &'a SeededRandom) -> Transaction {
        let before = shared.now();
        let transaction = shared.database.begin(TransactionOptions::default());
        let begin = (before, shared.now());
        let mut client = Self {
            shared,
            dice,
            transaction: transaction.unwrap(),
            ops: Vec::new(),
            savepoints: Vec::new(),
        };
        for _ in 0..=client.below(7) {
            client.step();
        }
        let Self {
            transaction, ops, ..
        } = client;
        let mut commit = None;
        if !dice.next_u64().is_multiple_of(8) {
            let before = shared.now();
            match transaction.commit() {
                Ok(()) => commit = Some((before, shared.now())),
                Err(error) => assert_eq!(error.code().number(), 1200, "{error:?}"),
            }
        }
        Transaction { begin, commit, ops }
    }

    fn below(&self, end: u64) -> u64 {
        self.dice.next_u64() % end
    }

    fn step(&mut self) {
        let object = (self.below(2) as u8, self.below(KEYS.into()) as u8);
        match self.below(12) {
            0..5 => drop(self.read(object)),
            5..9 => self.write(object),
            9 => self.read_all(),
            10 => {
                self.savepoints.push(self.transaction.savepoint().unwrap());
                self.ops.push(Op::Savepoint);
            }
            _ => {
                if let Some(savepoint) = self.savepoints.pop() {
                    self.transaction.rollback_to(savepoint).unwrap();
                    self.transaction.release(savepoint).unwrap();
                    self.ops.push(Op::Rollback);
                }
            }
        }
    }

    fn read(&mut self, object: Object) -> Option<u64> {
        let collection = &self.shared.collections[usize::from(object.0)];
        let document = self.transaction.get(collection, &object.1.to_string());
        let version = document.unwrap().map(|document| number(&document, "v"));
        self.ops.push(Op::Read(object, version));
        version
    }

    /// Reads, then writes something new; it may be refused for its unique value.
    fn write(&mut self, object: Object) {
        let exists = self.read(object).is_some();
        let v = self.shared.value.fetch_add(1, Ordering::Relaxed);
        let u = self.below(UNIQUE_VALUES + 1);
        let u = (u < UNIQUE_VALUES).then_some(u);
        let unique = u.map_or("null".to_owned(), |u| u.to_string());
        let text = format!(r#"{{"_key":"{}","v":{v},"u":{unique}}}"#, object.1);
        let outcome = self.store(object, exists, parse(&text));
        match (outcome, u) {
            (Ok(()), _) => self.ops.push(Op::Write(object, v)),
            (Err(error), Some(u)) => {
                assert_eq!(error.code().number(), 1210, "{error:?}");
                self.ops.push(Op::Refused(unique_in(object.0, u)));
                self.read_all();
            }
            (Err(error), None) => panic!("{error:?}"),
        }
    }

    fn store(&mut self, object: Object, exists: bool, document: Value) -> Result<()> {
        let collection = &self.shared.collections[usize::from(object.0)];
        let options = WriteOptions::default();
        let mut results = if exists {
            let change = vec![(Selector::key(&object.1.to_string())?, document)];
            match self.dice.next_u64() % 2 {
                0 => self.transaction.update(collection, change, &options)?,
                _ => self.transaction.replace(collection, change, &options)?,
            }
        } else {
            let documents = vec![document];
            self.transaction.insert(collection, documents, &options)?
        };
        results.remove(0).map(drop)
    }

    /// Every object by a scan, and the holders of unique values by the index.
    fn read_all(&mut self) {
        let mut holders = Vec::new();
        for at in 0..2 {
            let collection = &self.shared.collections[usize::from(at)];
            let page = self.transaction.scan(collection, None, 100).unwrap();
            for key in 0..KEYS {
                let name = key.to_string();
                let mut all = page.documents.iter();
                let document = all.find(|document| document.key().as_str() == name);
                let version = document.map(|document| number(document, "v"));
                self.ops.push(Op::Read((at, key), version));
                let unique = document.and_then(|document| document.get("u"));
                if let Some(u) = unique.and_then(|u| u.as_i64()) {
                    holders.push((unique_in(at, u as u64), (at, key)));
                }
            }
            self.compare_index(at, &holders);
        }
        self.ops.push(Op::Holders(holders));
    }

    fn compare_index(&mut self, at: u8, holders: &[(u64, Object)]) {
        let collection = &self.shared.collections[usize::from(at)];
        let mut indexes = collection.indexes();
        let index = indexes.find(|index| index.kind() == IndexKind::Persistent);
        let index = Arc::clone(index.expect("the collection was made with one"));
        let values: Vec<Vec<Value>> = (0..UNIQUE_VALUES)
            .map(|u| vec![(u as i64).into()])
            .collect();
        let found = self
            .transaction
            .index_lookup_many(collection, &index, &values);
        for (u, keys) in (0..).zip(found.unwrap()) {
            let of_value = holders.iter().filter(|holder| holder.0 == unique_in(at, u));
            let expected: Vec<String> = of_value.map(|holder| holder.1.1.to_string()).collect();
            let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
            assert_eq!(keys, expected, "index and scan of one snapshot, value {u}");
        }
    }
}

fn number(document: &database::Document, attribute: &str) -> u64 {
    let value = document.get(attribute).and_then(|value| value.as_i64());
    value.expect("it was stored as a number") as u64
}

/// Unique values of two collections are not the same.
fn unique_in(collection: u8, value: u64) -> u64 {
    100 * u64::from(collection) + value
}
