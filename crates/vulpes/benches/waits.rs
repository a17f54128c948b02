//! How long writers wait while the indexes of a large collection are built and dropped, and while
//! it is truncated.
//!
//! `cargo bench -p vulpes --bench waits` prints percentiles of the writers' waits, first without
//! anything else going on. `VULPES_WAITS_DOCUMENTS` sets the size of the collection. Budget: on a
//! machine that does nothing else no write waits for more than 500 ms.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever started it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use database::{
    Collection, CollectionOptions, Database, Databases, Result, Selector, Settings,
    TransactionOptions, WriteOptions,
};
use platform::{Clock, Platform, Random, SeededRandom, SystemClock};
use store_redb::RedbEngine;
use value::{Value, json};

const DOCUMENTS: u64 = 1_000_000;
const WRITERS: u64 = 4;
const CACHE_BYTES: usize = 256 << 20;
const BATCH: u64 = 5_000;

fn main() {
    let count = std::env::var("VULPES_WAITS_DOCUMENTS").ok();
    let count = count
        .and_then(|text| text.parse().ok())
        .unwrap_or(DOCUMENTS);
    let folder = tempfile::tempdir().expect("a folder for the file");
    let settings = store_redb::Settings::new(CACHE_BYTES);
    let engine = RedbEngine::open(&folder.path().join("store.redb"), settings).expect("open");
    let all = Databases::open(
        Arc::new(engine),
        Platform::system(),
        Settings::recommended(),
    );
    let all = all.expect("open the databases");
    let database = all.system();
    let collection = database.create_collection(&CollectionOptions::new("c"));
    let load = Load {
        collection: collection.expect("create"),
        database: database.clone(),
        clock: SystemClock::new(),
        count,
        next: AtomicU64::new(count),
    };
    load.fill();
    load.beside("nothing", || load.clock.pause(Duration::from_secs(5)));
    for (name, definition) in [
        (
            "build of one field",
            r#"{"type":"persistent","fields":["n"]}"#,
        ),
        (
            "build of an array",
            r#"{"type":"persistent","fields":["tags[*]"],"name":"tags"}"#,
        ),
    ] {
        load.beside(name, || {
            drop(
                database
                    .create_index("c", &parse(definition))
                    .expect("build"),
            );
        });
    }
    load.beside("dropping an index", || {
        database.drop_index("c", "tags").expect("drop");
        all.remove_discarded(&AtomicBool::new(false))
            .expect("remove");
    });
    load.beside("truncating", || {
        database.truncate_collection("c").expect("truncate");
        all.remove_discarded(&AtomicBool::new(false))
            .expect("remove");
    });
    let verified = database::verify(&database).expect("verify");
    assert_eq!(verified.differences, []);
}

struct Load {
    database: Database,
    collection: Arc<Collection>,
    clock: SystemClock,
    /// Documents at first.
    count: u64,
    next: AtomicU64,
}

impl Load {
    fn fill(&self) {
        let dice = SeededRandom::new(1);
        for first in (0..self.count).step_by(BATCH as usize) {
            let last = self.count.min(first + BATCH);
            let documents: Vec<Value> = (first..last).map(|n| document(n, &dice)).collect();
            self.run(|transaction| {
                let options = WriteOptions::default();
                let results = transaction.insert(&self.collection, documents.clone(), &options)?;
                results.into_iter().try_for_each(|result| result.map(drop))
            });
        }
    }

    fn run(&self, body: impl FnMut(&mut database::Transaction) -> Result<()>) {
        let options = TransactionOptions::default();
        self.database.run(&options, body).expect("write");
    }

    /// Runs `body` beside writers, and prints how long those waited.
    fn beside(&self, name: &str, body: impl FnOnce()) {
        let stop = AtomicBool::new(false);
        let start = self.clock.monotonic();
        let mut waits: Vec<Duration> = std::thread::scope(|scope| {
            let stop = &stop;
            let writers: Vec<_> = (0..WRITERS)
                .map(|seed| scope.spawn(move || self.write(seed, stop)))
                .collect();
            body();
            stop.store(true, Ordering::Relaxed);
            let waits = writers.into_iter();
            waits
                .flat_map(|writer| writer.join().expect("a writer"))
                .collect()
        });
        let seconds = (self.clock.monotonic() - start).as_secs_f64();
        waits.sort_unstable();
        let percentile = |share: f64| {
            let at = (waits.len().saturating_sub(1) as f64 * share) as usize;
            waits.get(at).copied().unwrap_or_default()
        };
        println!(
            "{name:<20} {seconds:>6.1} s, {:>7} writes, p50 {:>8.1?}, p99 {:>8.1?}, longest {:.1?}",
            waits.len(),
            percentile(0.5),
            percentile(0.99),
            percentile(1.0),
        );
    }

    /// Replaces and inserts documents until it is told to stop; how long each took.
    fn write(&self, seed: u64, stop: &AtomicBool) -> Vec<Duration> {
        let dice = SeededRandom::new(seed);
        let mut waits = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let n = dice.next_u64() % self.count;
            let start = self.clock.monotonic();
            self.run(|transaction| {
                let options = WriteOptions::default();
                if n.is_multiple_of(3) {
                    let fresh = document(self.next.fetch_add(1, Ordering::Relaxed), &dice);
                    let mut results =
                        transaction.insert(&self.collection, vec![fresh], &options)?;
                    return results.remove(0).map(drop);
                }
                let change = (Selector::key(&key(n))?, document(n, &dice));
                let mut results = transaction.replace(&self.collection, vec![change], &options)?;
                // After a truncation there is nothing to replace.
                drop(results.remove(0));
                Ok(())
            });
            waits.push(self.clock.monotonic() - start);
        }
        waits
    }
}

fn key(n: u64) -> String {
    format!("k{n:010}")
}

fn document(n: u64, dice: &SeededRandom) -> Value {
    let draw = dice.next_u64();
    parse(&format!(
        r#"{{"_key":"{}","n":{},"name":"person {}","tags":[{},{},{}],"text":"{}"}}"#,
        key(n),
        draw % 1_000_000,
        draw % 50_000,
        draw % 7,
        draw % 1_000,
        draw % 100_000,
        "x".repeat(100),
    ))
}

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).expect("it is written above")
}
