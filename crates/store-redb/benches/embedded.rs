//! What the engine costs above redb, side by side in one run.
//!
//! `cargo bench -p store-redb` prints operations per second. Budget, as a share of bare redb on
//! the same machine in the same run: get 0.8, begin with get and drop 0.7, scan 0.4. Sixty-four
//! writers commit at least 8 times what one commits.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever started it"
)]

use std::path::Path;

use platform::{Clock, SystemClock};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use store::{Batch, BeginOptions, Engine, KeyRange, Scan};
use store_redb::{RedbEngine, Settings};

const ENTRIES: u64 = 200_000;
const VALUE_BYTES: usize = 200;
const GETS: u64 = 400_000;
/// A twentieth of the file.
const SMALL_CACHE_BYTES: usize = 4 << 20;
const BARE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("bare");

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let clock = SystemClock::new();
    let measure = |name: &str, count: u64, work: &mut dyn FnMut()| {
        let start = clock.monotonic();
        work();
        let seconds = (clock.monotonic() - start).as_secs_f64();
        println!("{name:<32} {:>12.0} /s", count as f64 / seconds);
    };
    bare(&folder.path().join("bare.redb"), &measure);
    engine(&folder.path().join("engine.redb"), &measure);
}

type Measure<'a> = dyn Fn(&str, u64, &mut dyn FnMut()) + 'a;

fn key(n: u64) -> [u8; 16] {
    let mut key = [b'k'; 16];
    key[8..].copy_from_slice(&n.to_be_bytes());
    key
}

/// Keys in an order that no cache foresees.
fn scattered(n: u64) -> [u8; 16] {
    key(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % ENTRIES)
}

fn bare(path: &Path, measure: &Measure<'_>) {
    let database = Database::create(path).expect("open");
    measure("bare load", ENTRIES, &mut || {
        let txn = database.begin_write().expect("begin");
        let mut table = txn.open_table(BARE).expect("table");
        for n in 0..ENTRIES {
            table
                .insert(key(n).as_slice(), [7; VALUE_BYTES].as_slice())
                .expect("insert");
        }
        drop(table);
        txn.commit().expect("commit");
    });
    let txn = database.begin_read().expect("begin");
    let table = txn.open_table(BARE).expect("table");
    measure("bare get, copied", GETS, &mut || {
        for n in 0..GETS {
            let value = table
                .get(scattered(n).as_slice())
                .expect("get")
                .expect("it is there");
            std::hint::black_box(value.value().to_vec());
        }
    });
    measure("bare scan, copied", ENTRIES, &mut || {
        for entry in table.iter().expect("scan") {
            let (key, value) = entry.expect("entry");
            std::hint::black_box((key.value().to_vec(), value.value().to_vec()));
        }
    });
    drop((table, txn));
    database.close().expect("close");
    let small = redb::Builder::new()
        .set_cache_size(SMALL_CACHE_BYTES)
        .open(path)
        .expect("open");
    let txn = small.begin_read().expect("begin");
    let table = txn.open_table(BARE).expect("table");
    measure("bare get, most not in the cache", GETS / 4, &mut || {
        for n in 0..GETS / 4 {
            let value = table.get(scattered(n).as_slice()).expect("get");
            std::hint::black_box(value.expect("it is there").value().to_vec());
        }
    });
}

fn engine(path: &Path, measure: &Measure<'_>) {
    let engine = RedbEngine::open(path, Settings::new(1 << 30)).expect("open");
    measure("load, 1,000 a transaction", ENTRIES, &mut || {
        for start in (0..ENTRIES).step_by(1_000) {
            write(&engine, start..start + 1_000);
        }
    });
    measure("begin and drop", GETS, &mut || {
        for _ in 0..GETS {
            drop(engine.begin(BeginOptions::read_only()).expect("begin"));
        }
    });
    measure("begin, get and drop", GETS, &mut || {
        for n in 0..GETS {
            let mut txn = engine.begin(BeginOptions::read_only()).expect("begin");
            std::hint::black_box(txn.get(&scattered(n)).expect("get"));
        }
    });
    let mut txn = engine.begin(BeginOptions::read_only()).expect("begin");
    measure("get", GETS, &mut || {
        for n in 0..GETS {
            std::hint::black_box(txn.get(&scattered(n)).expect("get"));
        }
    });
    measure("scan, pages of 1,000", ENTRIES, &mut || {
        let mut next = Some(Scan::forward(KeyRange::all()));
        while let Some(scan) = next {
            let page = txn.scan(&scan).expect("scan");
            next = scan.after(&page);
            std::hint::black_box(page);
        }
    });
    measure("range of 10", GETS / 10, &mut || {
        for n in 0..GETS / 10 {
            let scan = Scan::forward(KeyRange::from(scattered(n).to_vec())).with_entries_max(10);
            std::hint::black_box(txn.scan(&scan).expect("scan"));
        }
    });
    drop(txn);
    engine.close().expect("close");
    let small = RedbEngine::open(path, Settings::new(SMALL_CACHE_BYTES)).expect("open");
    let mut txn = small.begin(BeginOptions::read_only()).expect("begin");
    // Each page that is read is compared with its checksum.
    measure("get, most not in the cache", GETS / 4, &mut || {
        for n in 0..GETS / 4 {
            std::hint::black_box(txn.get(&scattered(n)).expect("get"));
        }
    });
    drop((txn, small));
    durable_puts(path, measure);
}

fn durable_puts(path: &Path, measure: &Measure<'_>) {
    let engine = RedbEngine::open(path, Settings::new(1 << 30)).expect("open");
    measure("durable put, 1 writer", 1_000, &mut || {
        (0..1_000).for_each(|n| write(&engine, n..n + 1));
    });
    for writers in [8, 64] {
        let name = format!("durable put, {writers} writers");
        measure(&name, 64 * 200, &mut || {
            std::thread::scope(|scope| {
                let each = 64 * 200 / writers;
                for thread in 0..writers {
                    let engine = &engine;
                    let keys = thread * each..(thread + 1) * each;
                    scope.spawn(move || keys.for_each(|n| write(engine, n..n + 1)));
                }
            });
        });
    }
    println!("{:?}", engine.statistics());
    drop(engine);
    measure("open and verify, entries", ENTRIES, &mut || {
        drop(RedbEngine::open(path, Settings::new(1 << 30)).expect("open"));
    });
}

fn write(engine: &RedbEngine, keys: std::ops::Range<u64>) {
    let mut txn = engine.begin(BeginOptions::read_write()).expect("begin");
    let mut batch = Batch::new();
    for n in keys {
        batch.put(key(n).to_vec(), vec![8; VALUE_BYTES]);
    }
    txn.write(batch).expect("write");
    txn.commit().expect("commit");
}
