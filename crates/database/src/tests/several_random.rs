//! Random histories of several processes on one store, step by step on one thread, compared with a
//! model of what is committed. `VULPES_SEVERAL_SEED` repeats one, `VULPES_SEVERAL_SEEDS` says how
//! many there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use platform::{Random, SeededRandom, SystemRandom};

use super::several::{Process, start_on};
use super::*;
use crate::{CollectionId, CollectionLocks, ErrorKind, KeyGeneratorKind, KeyOptions};

const STEPS: u64 = 150;
const NAMES: &[&str] = &["c0", "c1", "c2"];

/// The committed documents of a collection: key and unique value.
type Documents = BTreeMap<String, i64>;

/// What is committed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    collections: BTreeMap<CollectionId, (String, Documents)>,
}

impl Model {
    fn find(&self, name: &str) -> Option<CollectionId> {
        let mut all = self.collections.iter();
        all.find(|(_, (other, _))| other == name).map(|(id, _)| *id)
    }
}

/// A transaction in progress.
struct Open {
    process: usize,
    transaction: Transaction,
    /// What it must see: its snapshot with its own writes.
    view: Model,
    /// Its own writes; `None` removes.
    writes: BTreeMap<(CollectionId, String), Option<i64>>,
}

struct World {
    dice: SeededRandom,
    engines: Vec<Arc<dyn Engine>>,
    processes: Vec<Process>,
    open: Vec<Open>,
    model: Model,
    /// Keys that generators gave out, of each collection.
    generated: BTreeSet<(CollectionId, String)>,
    commits: u64,
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn histories_of_several_processes_are_those_of_one() {
    let seeds = match from_environment("VULPES_SEVERAL_SEED") {
        Some(seed) => vec![seed],
        None => {
            let count = from_environment("VULPES_SEVERAL_SEEDS").unwrap_or(60);
            (0..count).map(|_| SystemRandom.next_u64()).collect()
        }
    };
    let mut commits = 0;
    for seed in seeds {
        let told = Told(seed);
        commits += World::run(seed);
        std::mem::forget(told);
    }
    println!("{commits} transactions were committed");
}

/// Says which seed it was when something panics.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("VULPES_SEVERAL_SEED={}", self.0);
    }
}

impl World {
    fn run(seed: u64) -> u64 {
        let count = 2 + seed as usize % 2;
        let engines = MemoryEngine::shared(count).into_iter();
        let engines: Vec<Arc<dyn Engine>> = engines
            .map(|engine| -> Arc<dyn Engine> { Arc::new(Contract::new(Arc::new(engine))) })
            .collect();
        let start = |(at, engine): (usize, &Arc<dyn Engine>)| {
            start_on(Arc::clone(engine), at, &few_retries)
        };
        let mut world = Self {
            dice: SeededRandom::new(seed),
            processes: engines.iter().enumerate().map(start).collect(),
            engines,
            open: Vec::new(),
            model: Model::default(),
            generated: BTreeSet::new(),
            commits: 0,
        };
        for name in NAMES {
            world.create(0, name);
        }
        for _ in 0..STEPS {
            world.step();
        }
        while let Some(open) = world.open.pop() {
            world.commit(open);
        }
        world.check();
        world.commits
    }

    fn below(&self, end: usize) -> usize {
        (self.dice.next_u64() % end as u64) as usize
    }

    fn any_process(&self) -> usize {
        self.below(self.processes.len())
    }

    fn system(&self, process: usize) -> Database {
        self.processes[process].system()
    }

    fn step(&mut self) {
        match self.below(60) {
            0..14 => self.begin(),
            14..42 => self.work(),
            42..54 => {
                if !self.open.is_empty() {
                    let at = self.below(self.open.len());
                    let open = self.open.remove(at);
                    self.commit(open);
                }
            }
            54..57 => self.change(),
            57..59 => self.pass_time(),
            _ => self.crash(),
        }
    }

    /// Begins, sometimes with a collection exclusively.
    fn begin(&mut self) {
        let process = self.any_process();
        let name = NAMES[self.below(NAMES.len())].to_owned();
        let mut options = TransactionOptions {
            lock_timeout: Some(Duration::ZERO),
            ..TransactionOptions::default()
        };
        if self.below(12) == 0 {
            options.locks = CollectionLocks {
                exclusive: vec![name],
                write: Vec::new(),
            };
        }
        match self.system(process).begin(options) {
            Ok(transaction) => self.open.push(Open {
                process,
                transaction,
                view: self.model.clone(),
                writes: BTreeMap::new(),
            }),
            Err(error) => assert_eq!(error.code().number(), 18, "{error:?}"),
        }
    }

    /// Reads all and writes something in one of the open transactions.
    fn work(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let at = self.below(self.open.len());
        let name = NAMES[self.below(NAMES.len())];
        let (what, key) = (self.below(6), self.below(8));
        let u = self.below(40) as i64;
        let open = &mut self.open[at];
        let found = open.transaction.collection(name).ok();
        let id = open.view.find(name);
        assert_eq!(
            found.as_ref().map(|c| c.id()),
            id,
            "collection {name} of the snapshot"
        );
        let Some(c) = found else {
            return;
        };
        compare(&mut open.transaction, &c, &open.view.collections[&c.id()].1);
        let key = format!("{}", 10_000 + key);
        let is_generated = what == 0;
        let result = write(&mut open.transaction, &c, what, &key, u);
        let documents = &mut open.view.collections.get_mut(&c.id()).unwrap().1;
        match result {
            Ok(written) => {
                let key = written.key.to_string();
                let is_taken = documents.iter().any(|(k, v)| *v == u && *k != key);
                let is_unique = c.find_index("unique").is_some();
                assert!(what > 3 || !is_taken || !is_unique, "{u} is given to two");
                let value = (what < 4).then_some(u);
                open.writes.insert((c.id(), key.clone()), value);
                if is_generated {
                    let is_first = self.generated.insert((c.id(), key.clone()));
                    assert!(is_first, "key {key} was generated twice");
                }
                match what {
                    0..4 => documents.insert(key, u),
                    _ => documents.remove(&key),
                };
            }
            // Somebody has it exclusively.
            Err(error) if error.is_conflict() => {}
            Err(error) => match error.code().number() {
                18 => {}
                // Dropped since the snapshot: the generator says so.
                1203 => assert!(what < 2, "{error:?}"),
                1202 => assert!(!documents.contains_key(&key), "{error:?}"),
                1210 => {
                    let has_key = what == 1 && documents.contains_key(&key);
                    let is_other = |k: &String| is_generated || *k != key;
                    let is_taken = documents.iter().any(|(k, v)| *v == u && is_other(k));
                    assert!(has_key || is_taken, "{error:?}");
                }
                _ => panic!("{error:?}"),
            },
        }
    }

    fn commit(&mut self, open: Open) {
        let Open {
            transaction,
            writes,
            ..
        } = open;
        match transaction.commit() {
            Ok(()) => {
                self.commits += u64::from(!writes.is_empty());
                for ((id, key), value) in writes {
                    let there = self.model.collections.get_mut(&id);
                    let there = there.expect("nothing is written into a dropped collection");
                    match value {
                        Some(value) => there.1.insert(key, value),
                        None => there.1.remove(&key),
                    };
                }
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}"),
        }
        // Only what the transaction changed may have changed.
        self.reload();
    }

    /// Takes the documents from the store, which other checks compare with each other.
    fn reload(&mut self) {
        let system = self.system(self.any_process());
        let mut reader = system.begin(TransactionOptions::read_only()).unwrap();
        let found: BTreeMap<_, _> = reader
            .collections()
            .filter(|c| !c.is_system())
            .cloned()
            .map(|c| (c.id(), c))
            .collect();
        let known: Vec<_> = self.model.collections.keys().copied().collect();
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), known);
        for (id, c) in found {
            let (name, documents) = &self.model.collections[&id];
            assert_eq!(c.name(), name);
            compare(&mut reader, &c, documents);
        }
    }

    /// Changes the catalog.
    fn change(&mut self) {
        let system = self.system(self.any_process());
        let name = NAMES[self.below(NAMES.len())];
        let other = NAMES[self.below(NAMES.len())];
        let there = self.model.find(name);
        match self.below(8) {
            0..3 => {
                let at = self.any_process();
                self.create(at, name);
            }
            3 => match system.drop_collection(name, false) {
                Ok(id) => {
                    assert_eq!(Some(id), there);
                    self.model.collections.remove(&id);
                }
                Err(error) => assert_eq!((error.code().number(), there), (1203, None)),
            },
            4 => match system.rename_collection(name, other) {
                Ok(c) => {
                    assert_eq!(Some(c.id()), there);
                    self.model.collections.get_mut(&c.id()).unwrap().0 = other.to_owned();
                }
                Err(error) => assert!(matches!(error.code().number(), 1203 | 1207)),
            },
            5 => self.change_documents(&system, name, there),
            6 => drop(system.drop_index(name, "unique")),
            _ => self.create_index(&system, name, there),
        }
        self.reload();
    }

    fn create(&mut self, process: usize, name: &str) {
        let there = self.model.find(name);
        let mut options = CollectionOptions::new(name);
        options.key_options = KeyOptions {
            kind: match self.below(2) {
                0 => KeyGeneratorKind::Autoincrement {
                    offset: 9_990,
                    increment: 3,
                },
                _ => KeyGeneratorKind::Traditional,
            },
            allow_user_keys: true,
        };
        match self.system(process).create_collection(&options) {
            Ok(c) => {
                assert_eq!(there, None);
                let entry = (name.to_owned(), Documents::new());
                self.model.collections.insert(c.id(), entry);
            }
            Err(error) => assert_eq!((error.code().number(), there.is_some()), (1207, true)),
        }
    }

    fn change_documents(&mut self, system: &Database, name: &str, there: Option<CollectionId>) {
        // It waits for who has the collection exclusively.
        self.open.clear();
        match system.truncate_collection(name) {
            Ok(c) => {
                assert_eq!(Some(c.id()), there);
                self.model.collections.get_mut(&c.id()).unwrap().1.clear();
            }
            // Somebody who crashed has it exclusively.
            Err(error) if error.code().number() == 18 => {}
            Err(error) => assert_eq!((error.code().number(), there), (1203, None)),
        }
    }

    fn create_index(&mut self, system: &Database, name: &str, there: Option<CollectionId>) {
        // Building takes locks like a writer, and would wait for who is exclusive.
        self.open.clear();
        let text = r#"{"type":"persistent","name":"unique","fields":["u"],"unique":true}"#;
        let result = system.create_index(name, &parse(text));
        let documents = there.map(|id| &self.model.collections[&id].1);
        let mut values: Vec<i64> = documents.iter().flat_map(|d| d.values().copied()).collect();
        let all = values.len();
        values.sort_unstable();
        values.dedup();
        let expected = match there {
            None => Some(1203),
            Some(_) if values.len() < all => Some(1210),
            Some(_) => None,
        };
        let outcome = result.err().map(|error| error.code().number());
        // Somebody who crashed may have it exclusively.
        assert!(
            outcome == Some(1200) || outcome == expected,
            "{outcome:?}, not {expected:?}"
        );
    }

    fn pass_time(&mut self) {
        for process in &self.processes {
            let seconds = self.below(9) as u64;
            process.clock.advance(Duration::from_secs(seconds));
            // Some are held up.
            if self.below(4) > 0 {
                process.show_life().unwrap();
            }
        }
        let stop = AtomicBool::new(false);
        let process = &self.processes[self.any_process()];
        process.remove_discarded(&stop).unwrap();
        process.maintain_estimates(&stop).unwrap();
        self.reload();
    }

    /// A process ends without a word and another one starts in its place, perhaps after a start
    /// of an index build.
    fn crash(&mut self) {
        let at = self.any_process();
        let name = NAMES[self.below(NAMES.len())];
        let (gone, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| open.process == at);
        self.open = open;
        for open in gone {
            let open: Open = open;
            // Nobody is left to give locks back.
            std::mem::forget(open.transaction);
        }
        let builds = self.below(2) == 0;
        if builds && self.model.find(name).is_some() {
            let announced = self.system(at).change(|change| {
                let c = Arc::clone(change.catalog.get(name)?);
                let text = r#"{"type":"persistent","name":"left","fields":["u","x"]}"#;
                change.add_index(&c, &parse(text), true)
            });
            // Already building, or full.
            drop(announced);
        }
        let process = start_on(Arc::clone(&self.engines[at]), at, &few_retries);
        self.processes[at] = process;
        self.reload();
    }

    fn check(&mut self) {
        self.reload();
        // Until all who crashed are dead to one, who then does what they left.
        let stop = AtomicBool::new(false);
        let process = &self.processes[0];
        for _ in 0..2 {
            process.show_life().unwrap();
            process.clock.advance(Duration::from_secs(10));
        }
        process.show_life().unwrap();
        process.adopt_index_builds(&stop).unwrap();
        while process.remove_discarded(&stop).unwrap() > 0 {}
        for process in &self.processes {
            check_verified(&process.system());
            for c in process.system().collections() {
                assert!(c.indexes_with_building().all(|index| !index.is_building()));
            }
        }
        let left = crate::verify_nothing_is_left(&self.processes[1]).unwrap();
        assert_eq!(left.differences, []);
    }
}

fn few_retries(settings: &mut Settings) {
    settings.conflict_retries_max = 3;
    // Waiting for a lock waits for a transaction of this same thread.
    settings.lock_timeout = Duration::ZERO;
}

/// Inserts with a key that is generated (0) or given (1), updates (2, 3) or removes (4, 5).
fn write(
    transaction: &mut Transaction,
    c: &Collection,
    what: usize,
    key: &str,
    u: i64,
) -> Result<WriteResult> {
    let mut object = value::Object::new();
    object.insert("u", u);
    if what == 1 {
        object.insert("_key", key);
    }
    let options = WriteOptions::default();
    let results = match what {
        0 | 1 => transaction.insert(c, vec![Value::object(object)], &options),
        2 | 3 => {
            let change = (Selector::key(key)?, Value::object(object));
            transaction.update(c, vec![change], &options)
        }
        _ => transaction.remove(c, vec![Selector::key(key)?], &options),
    };
    results?.remove(0)
}

fn compare(transaction: &mut Transaction, c: &Collection, expected: &Documents) {
    let page = transaction.scan(c, None, 1_000).unwrap();
    let found: Documents = page
        .documents
        .iter()
        .map(|d| (d.key().to_string(), d.get("u").unwrap().as_i64().unwrap()))
        .collect();
    assert_eq!(&found, expected, "documents of {}", c.name());
    assert_eq!(transaction.count(c).unwrap(), expected.len() as u64);
}
