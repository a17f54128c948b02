//! Random transactions on several threads, and whether what they saw can have happened.
//!
//! `VULPES_HISTORY_TRANSACTIONS` sets how many transactions each thread runs,
//! `VULPES_HISTORY_SEED` repeats the choices of a run (not its timing).

mod checker;
mod checker_tests;
mod handle;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
use handle::Handle;

const THREADS: u64 = 6;
const TRANSACTIONS: u64 = 400;
const KEYS: u8 = 4;
/// Values of the unique attribute in each collection: fewer than documents want.
const UNIQUE_VALUES: u64 = 5;

/// What all threads share.
struct Shared {
    /// The same one as each process has it; threads take them in turn.
    processes: Vec<Database>,
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

#[test]
fn histories_of_several_processes_in_memory_are_possible() {
    let engines = MemoryEngine::shared(3).into_iter();
    let engines = engines.map(|engine| -> Arc<dyn Engine> { Arc::new(engine) });
    println!("{}", run_several(engines.collect()));
}

#[test]
fn histories_of_several_processes_in_a_file_are_possible() {
    let folder = tempfile::tempdir().unwrap();
    let settings = store_redb::Settings::new(8 << 20);
    let engine = RedbEngine::open(&folder.path().join("store.redb"), settings).unwrap();
    let engine: Arc<dyn Engine> = Arc::new(engine);
    let handle = |_| -> Arc<dyn Engine> { Arc::new(Handle(Arc::clone(&engine))) };
    println!("{}", run_several((0..3).map(handle).collect()));
}

#[test]
fn histories_of_several_processes_in_a_database_are_possible() {
    let engines = store_postgres::testing::open_fresh_shared(3).into_iter();
    let engines = engines.map(|engine| -> Arc<dyn Engine> { Arc::new(engine) });
    println!("{}", run_several(engines.collect()));
}

#[test]
fn histories_in_a_database_are_possible() {
    let engine = store_postgres::testing::open_fresh();
    println!("{}", run(Arc::new(engine)));
}

/// Says what was done.
fn run(engine: Arc<dyn Engine>) -> String {
    run_several(vec![engine])
}

/// The same in as many processes as there are engines, on one store.
fn run_several(engines: Vec<Arc<dyn Engine>>) -> String {
    let seed = setting("VULPES_HISTORY_SEED").unwrap_or_else(|| SystemRandom.next_u64());
    let count = setting("VULPES_HISTORY_TRANSACTIONS").unwrap_or(TRANSACTIONS);
    let open = |engine| {
        let engine = Arc::new(Contract::new(engine));
        Databases::open(engine, Platform::system(), Settings::recommended()).unwrap()
    };
    let processes: Vec<Databases> = engines.into_iter().map(open).collect();
    let shared = Shared::create(processes.iter().map(Databases::system).collect());
    let history: Vec<Transaction> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (shared, dice) = (&shared, SeededRandom::new(seed.wrapping_add(thread)));
                scope.spawn(move || -> Vec<_> {
                    let process = thread as usize % shared.processes.len();
                    let client = |_| Client::run(shared, process, &dice);
                    (0..count).map(client).collect()
                })
            })
            .collect();
        if processes.len() > 1 {
            while threads.iter().any(|thread| !thread.is_finished()) {
                shared.change_catalog(&processes);
            }
        }
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
    for database in &shared.processes {
        assert_eq!(database::verify(database).unwrap().differences, []);
    }
    let all = history.len();
    format!("seed {seed}: {all} transactions, {committed} committed")
}

impl Shared {
    fn create(processes: Vec<Database>) -> Self {
        let database = &processes[0];
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
            processes,
            collections,
            instant: AtomicU64::new(0),
            value: AtomicU64::new(1),
        }
    }

    /// What each of the processes does to indexes, and all of them have to notice.
    fn change_catalog(&self, processes: &[Databases]) {
        for (at, database) in self.processes.iter().enumerate() {
            let other = &self.processes[(at + 1) % self.processes.len()];
            let text = r#"{"type":"persistent","name":"v","fields":["v"],"unique":true}"#;
            for name in ["a", "b"] {
                database.create_index(name, &parse(text)).unwrap();
                assert_eq!(database::verify(other).unwrap().differences, []);
                other.drop_index(name, "v").unwrap();
            }
            processes[at].show_life().unwrap();
            let stop = AtomicBool::new(false);
            processes[at].remove_discarded(&stop).unwrap();
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
    fn run(shared: &'a Shared, process: usize, dice: &'a SeededRandom) -> Transaction {
        let before = shared.now();
        let transaction = shared.processes[process].begin(TransactionOptions::default());
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
