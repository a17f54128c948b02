//! The conformance suite on a file, and what only this engine promises.

mod damage;
mod faults;
mod loss;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use store::conformance::{self, Fixture};
use store::{Batch, BeginOptions, Engine, ErrorKind, KeyRange, Result, Scan};

use crate::{RedbEngine, Settings};
use crate::{disk, file};

fn settings() -> Settings {
    Settings {
        free_bytes_min: 0,
        // So small that values are pushed out all the time.
        values_bytes: 4 << 10,
        ..Settings::new(8 << 20)
    }
}

fn open(path: &Path) -> Result<RedbEngine> {
    RedbEngine::open(path, settings())
}

fn put(engine: &dyn Engine, key: &str, value: &str) -> Result<u64> {
    let mut txn = engine.begin(BeginOptions::read_write())?;
    let mut batch = Batch::new();
    batch.put(key.to_owned(), value.to_owned());
    txn.write(batch)?;
    Ok(txn.commit()?.sequence)
}

fn get(engine: &dyn Engine, key: &str) -> Option<Vec<u8>> {
    let mut txn = engine.begin(BeginOptions::read_only()).unwrap();
    txn.get(key.as_bytes()).unwrap().map(Vec::from)
}

#[track_caller]
fn assert_fails<T>(result: Result<T>, kind: ErrorKind, text: &str) {
    let error = result.err().expect("it fails");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(
        format!("{error:?}").contains(text),
        "{error:?} does not say {text:?}"
    );
}

/// Engines on files in one folder.
struct Files {
    folder: tempfile::TempDir,
    count: std::cell::Cell<u32>,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            count: std::cell::Cell::new(0),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder
            .path()
            .join(format!("{}.redb", self.count.get()))
    }
}

impl Fixture for Files {
    fn fresh(&self) -> Arc<dyn Engine> {
        self.count.set(self.count.get() + 1);
        Arc::new(open(&self.path()).unwrap())
    }

    fn reopen(&self, engine: Arc<dyn Engine>) -> Option<Arc<dyn Engine>> {
        drop(engine);
        Some(Arc::new(open(&self.path()).unwrap()))
    }
}

#[test]
fn conforms() {
    assert_eq!(conformance::run(&Files::new()), 59);
}

#[test]
fn many_commits_share_a_sync() {
    const THREADS: usize = 16;
    const ROUNDS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.redb")).unwrap();
    let barrier = Barrier::new(THREADS);
    let run = |thread: usize| {
        // Outcomes are looked at later: a thread that panics here would leave the others waiting.
        let round = |round| {
            barrier.wait();
            put(&engine, &format!("{thread}/{round}"), "x")
        };
        (0..ROUNDS).map(round).collect::<Vec<_>>()
    };
    let run = &run;
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    outcomes.into_iter().collect::<Result<Vec<_>>>().unwrap();
    let statistics = engine.statistics();
    assert_eq!(statistics.transactions_committed, (THREADS * ROUNDS) as u64);
    assert!(
        statistics.engine_commits * 2 <= statistics.transactions_committed,
        "{statistics:?}"
    );
    assert_eq!(statistics.recent_keys, 0);
    let mut txn = engine.begin(BeginOptions::read_only()).unwrap();
    let page = txn.scan(&Scan::forward(KeyRange::all())).unwrap();
    assert_eq!(page.entries.len(), THREADS * ROUNDS);
}

/// The file does not grow here; growing takes a sync of its own.
#[test]
fn a_commit_is_one_sync() {
    let disk = disk::Disk::default();
    let engine = RedbEngine::open_on(&disk, settings()).unwrap();
    put(&engine, "a", "0").unwrap();
    let before = disk.syncs();
    for n in 1..=10 {
        put(&engine, "a", &n.to_string()).unwrap();
    }
    assert_eq!(disk.syncs() - before, 10);
}

#[test]
fn a_second_opener_is_told_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let engine = open(&path).unwrap();
    assert_fails(open(&path), ErrorKind::Busy, path.to_str().unwrap());
    engine.close().unwrap();
    open(&path).unwrap();
}

#[test]
fn close_lets_go_of_the_file_while_transactions_are_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let engine = open(&path).unwrap();
    put(&engine, "a", "1").unwrap();
    let held = engine.begin(BeginOptions::read_only()).unwrap();
    engine.close().unwrap();
    let engine = open(&path).unwrap();
    assert_eq!(get(&engine, "a").as_deref(), Some(b"1".as_slice()));
    drop(held);
}

#[test]
fn files_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let name = path.to_str().unwrap();

    std::fs::write(
        &path,
        "this is no store at all, but it is long enough to be one".repeat(99),
    )
    .unwrap();
    assert_fails(open(&path), ErrorKind::Corrupt, name);

    std::fs::remove_file(&path).unwrap();
    let foreign = redb::Database::create(&path).unwrap();
    let txn = foreign.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u64, u64>::new("theirs"))
        .unwrap();
    txn.commit().unwrap();
    drop(foreign);
    assert_fails(open(&path), ErrorKind::Incompatible, name);

    std::fs::remove_file(&path).unwrap();
    drop(open(&path).unwrap());
    let later = redb::Database::create(&path).unwrap();
    file::set_format(&later, 2);
    drop(later);
    assert_fails(
        open(&path),
        ErrorKind::Incompatible,
        "format 2, but this program knows 1",
    );

    let nowhere = folder.path().join("missing").join("store.redb");
    assert_fails(open(&nowhere), ErrorKind::Io, nowhere.to_str().unwrap());
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let engine = open(&path).unwrap();
    for n in 0..200 {
        let key = format!("{n:03}");
        let value = format!("the value of {n}, long enough to fill a few pages ").repeat(20);
        let mut txn = engine.begin(BeginOptions::read_write()).unwrap();
        let mut batch = Batch::new();
        batch.put(key, value);
        txn.write(batch).unwrap();
        txn.commit().unwrap();
    }
    drop(engine);
    let whole = std::fs::read(&path).unwrap();
    let name = path.to_str().unwrap();

    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_fails(open(&path), ErrorKind::Corrupt, name);

    let mut flipped = whole.clone();
    let needle = b"the value of 77, long";
    let at = whole
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap();
    // Every copy, since pages that are free may hold an old one.
    let mut from = at;
    while let Some(next) = flipped[from..]
        .windows(needle.len())
        .position(|window| window == needle)
    {
        flipped[from + next] ^= 0x20;
        from += next + 1;
    }
    std::fs::write(&path, &flipped).unwrap();
    assert_fails(open(&path), ErrorKind::Corrupt, name);

    std::fs::write(&path, &whole).unwrap();
    assert!(get(&open(&path).unwrap(), "077").is_some());
}

#[test]
fn forgotten_history_refuses_old_writers() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        recent_keys_max: 10,
        ..settings()
    };
    let engine = RedbEngine::open(&folder.path().join("store.redb"), settings).unwrap();
    let mut old = engine.begin(BeginOptions::read_write()).unwrap();
    let mut batch = Batch::new();
    batch.put("mine", "1");
    old.write(batch).unwrap();
    for n in 0..30 {
        put(&engine, &format!("{n}"), "x").unwrap();
    }
    assert!(engine.statistics().recent_keys <= 10);
    let outcome = old.commit();
    assert_fails(outcome, ErrorKind::Conflict, "conflict");
}
