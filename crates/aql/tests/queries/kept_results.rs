//! Kept results: what a query gets from the cache is what it would read in its snapshot, and
//! never older than what was acknowledged before it began.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};

use aql::{CacheMode, Context, Cursor, Query, ResultProperties};
use database::{Transaction, TransactionOptions};
use value::Value;

use crate::world::{EngineKind, World};

const THREADS: u64 = 4;
const ROUNDS: usize = 150;

fn start(world: &World, txn: &Transaction, text: &str, cache: bool) -> Cursor {
    let context = Context {
        environment: world.environment.clone(),
        limits: std::sync::Arc::new(aql::Limits::recommended()),
        queries: &world.queries,
    };
    let mut query = Query::new(text);
    query.options.cache = Some(cache);
    aql::execute(&context, txn, &query).expect("start the query")
}

fn run(world: &World, txn: &mut Transaction, text: &str, cache: bool) -> (bool, Vec<Value>) {
    let mut cursor = start(world, txn, text, cache);
    let rows = cursor.all_values(txn).expect("run the query");
    (cursor.is_cached(), rows)
}

/// Numbers that look random, the same in each run.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// What the threads know of each collection: the number that was acknowledged last, and the last
/// one that somebody has tried to write.
struct Known {
    acknowledged: AtomicI64,
    tried: AtomicI64,
}

fn write(world: &World, name: &str, known: &Known, unsynced: bool) {
    let to = known.tried.fetch_add(1, SeqCst) + 1;
    let text = format!("FOR d IN {name} UPDATE d WITH {{n: MAX([d.n, {to}])}} IN {name}");
    let unsynced = unsynced.then(|| world.databases.unsynced());
    let options = TransactionOptions {
        unsynced: unsynced.clone(),
        ..TransactionOptions::default()
    };
    let written = world.database.run(&options, |txn| {
        run(world, txn, &text, false);
        Ok(())
    });
    if let Some(unsynced) = unsynced {
        // Acknowledged is what everybody can read.
        unsynced.wait().expect("sync");
    }
    if written.is_ok() {
        known.acknowledged.fetch_max(to, SeqCst);
    }
}

fn read(world: &World, names: &[&str], known: &[Known], unsynced: bool) -> usize {
    let least: Vec<i64> = known.iter().map(|k| k.acknowledged.load(SeqCst)).collect();
    let options = TransactionOptions {
        unsynced: unsynced.then(|| world.databases.unsynced()),
        ..TransactionOptions::read_only()
    };
    let mut txn = world.database.begin(options).expect("begin");
    let mut hits = 0;
    for _ in 0..2 {
        for (name, least) in names.iter().zip(&least) {
            let text = format!("FOR d IN {name} RETURN d.n");
            let (is_cached, rows) = run(world, &mut txn, &text, true);
            let (_, plain) = run(world, &mut txn, &text, false);
            assert_eq!(rows, plain, "{name}: not what the snapshot has");
            let n = rows.first().and_then(Value::as_i64).expect("a number");
            assert!(
                n >= *least,
                "{name}: {n} was read after {least} was acknowledged"
            );
            hits += usize::from(is_cached);
        }
    }
    hits
}

fn check(engine: EngineKind, seed: u64) {
    let is_shared = matches!(engine, EngineKind::Memory) && store_postgres::testing::is_wanted();
    let world = World::new(engine);
    let names = ["one", "two"];
    for name in names {
        let set = format!(r#"{{"collections": {{"{name}": {{"documents": [{{"n": 0}}]}}}}}}"#);
        world.load(&value::json::parse(set.as_bytes()).expect("a data set"));
    }
    world.queries.results().set_properties(ResultProperties {
        mode: CacheMode::Demand,
        ..ResultProperties::documented()
    });
    let known = names.map(|_| Known {
        acknowledged: AtomicI64::new(0),
        tried: AtomicI64::new(0),
    });
    let hits = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (world, known, hits) = (&world, &known, &hits);
            scope.spawn(move || {
                let mut state = seed * THREADS + thread + 1;
                for _ in 0..ROUNDS {
                    let unsynced = next(&mut state).is_multiple_of(2);
                    if next(&mut state).is_multiple_of(8) {
                        let at = (next(&mut state) % 2) as usize;
                        write(world, names[at], &known[at], unsynced);
                    } else {
                        hits.fetch_add(read(world, &names, known, unsynced), SeqCst);
                    }
                }
            });
        }
    });
    let hits = hits.into_inner();
    if is_shared {
        // docs/adr/0030
        assert_eq!(hits, 0, "no result is kept beside other processes");
        return;
    }
    assert!(
        hits > 50,
        "seed {seed}: the cache was used {hits} times only"
    );
}

#[test]
fn no_read_is_stale_on_the_memory_engine() {
    for seed in 1..4 {
        check(EngineKind::Memory, seed);
    }
}

#[test]
fn no_read_is_stale_on_the_redb_engine() {
    check(EngineKind::Redb, 1);
}
