//! Failing at every call: the state before or after, never between.

use std::collections::BTreeMap;
use std::io;

use store::{Batch, BeginOptions, Engine, ErrorKind, KeyRange, Result, Scan, Seen, encode_counter};

use super::disk::Disk;
use super::{assert_fails, get, put, settings};
use crate::RedbEngine;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

pub const COMMITS: u8 = 6;

/// One transaction: some puts, a delete, a deleted range, a counter.
pub fn commit(engine: &RedbEngine, n: u8) -> Result<()> {
    let mut txn = engine.begin(BeginOptions::read_write())?;
    let mut batch = Batch::new();
    for part in 0..5 {
        batch.put(vec![n, part], vec![n; 700]);
    }
    batch.delete(vec![n.wrapping_sub(1), 0]);
    batch.delete_range(KeyRange::between(
        vec![n.wrapping_sub(2)],
        vec![n.wrapping_sub(2), 3],
    ));
    batch.add("count", i64::from(n)).put("last", vec![n]);
    txn.write(batch)?;
    txn.commit().map(drop)
}

/// What is stored after the first `count` transactions.
fn expected(count: u8) -> State {
    let mut state = State::new();
    for n in 1..=count {
        for part in 0..5 {
            state.insert(vec![n, part], vec![n; 700]);
        }
        state.remove(&vec![n - 1, 0]);
        state.retain(|key, _| n < 2 || key[0] != n - 2 || key[1] >= 3);
        let sum: i64 = (1..=i64::from(n)).sum();
        state.insert(b"count".to_vec(), encode_counter(sum).to_vec());
        state.insert(b"last".to_vec(), vec![n]);
    }
    state
}

fn state_of(engine: &RedbEngine) -> State {
    let mut txn = engine.begin(BeginOptions::read_only()).unwrap();
    let page = txn.scan(&Scan::forward(KeyRange::all())).unwrap();
    page.entries
        .into_iter()
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

pub fn open(disk: &Disk) -> RedbEngine {
    RedbEngine::open_on(disk, settings()).unwrap()
}

/// The number of transactions that the state of a disk shows.
#[track_caller]
pub fn count_on(disk: &Disk, place: &str) -> u8 {
    let state = state_of(&open(disk));
    let count = (0..=COMMITS).find(|count| expected(*count) == state);
    count.unwrap_or_else(|| panic!("{place}: a state between two transactions"))
}

/// Runs the transactions with a fault at the `nth` call; false if the fault was never reached.
fn run_with_fault(nth: u64, stays: bool, kind: io::ErrorKind) -> bool {
    let disk = Disk::default();
    let engine = open(&disk);
    if stays {
        disk.fail_from_call(nth, kind);
    } else {
        disk.fail_call(nth, kind);
    }
    let mut acknowledged = 0;
    let failed = (1..=COMMITS).find_map(|n| {
        let outcome = commit(&engine, n);
        acknowledged += u8::from(outcome.is_ok());
        outcome.err()
    });
    let place = format!("{kind:?} at call {nth} of the disk, stays: {stays}, {failed:?}");
    let possible = acknowledged..=COMMITS.min(acknowledged + 1);
    assert!(
        possible.contains(&count_on(&disk.crashed(), &place)),
        "{place}, crashed"
    );
    assert!(
        possible.contains(&count_on(&disk.killed(), &place)),
        "{place}, killed"
    );
    let reached = disk.has_failed();
    disk.repair();
    if kind == io::ErrorKind::StorageFull && !disk.has_failed_sync() {
        // There is room again, so all goes on, whatever did not fit.
        put(&engine, "more", "1").unwrap();
        assert!(get(&engine, "more").is_some(), "{place}");
        engine.health().unwrap();
    }
    if failed.is_some() && !stays {
        // Reads go on, and tell how the failed commit ended.
        let mut state = state_of(&engine);
        let goes_on = state.remove(b"more".as_slice()).is_some();
        assert!(
            possible.clone().any(|count| expected(count) == state),
            "{place}, reading"
        );
        if failed
            .as_ref()
            .is_some_and(|error| error.kind() == ErrorKind::Full)
        {
            assert!(
                expected(acknowledged) == state,
                "{place}: full, and yet written"
            );
        }
        if !goes_on {
            assert_fails(engine.health(), ErrorKind::Poisoned, "restart");
            assert_fails(put(&engine, "more", "1"), ErrorKind::Poisoned, "restart");
        }
    }
    reached
}

#[test]
fn every_call_may_fail() {
    for kind in [io::ErrorKind::Other, io::ErrorKind::StorageFull] {
        for stays in [false, true] {
            let calls = (1..)
                .take_while(|nth| run_with_fault(*nth, stays, kind))
                .count();
            assert!(
                calls > usize::from(COMMITS),
                "only {calls} calls were reached"
            );
        }
    }
}

#[test]
fn a_full_disk_refuses_before_it_writes() {
    let disk = Disk::default();
    let settings = crate::Settings {
        free_bytes_min: 1_000_000,
        ..settings()
    };
    let engine = RedbEngine::open_on(&disk, settings).unwrap();
    put(&engine, "a", "1").unwrap();
    disk.set_free_bytes(999_999);
    assert_fails(
        put(&engine, "b", "1"),
        ErrorKind::Full,
        "free_bytes_min is 1000000",
    );
    assert_eq!(get(&engine, "a").as_deref(), Some(b"1".as_slice()));
    disk.set_free_bytes(2_000_000);
    put(&engine, "b", "1").unwrap();
}

/// They cannot be compared with a commit whose outcome was not known when it failed.
#[test]
fn transactions_open_at_a_failure_lose() {
    let disk = Disk::default();
    let engine = open(&disk);
    let mut early = engine.begin(BeginOptions::read_write()).unwrap();
    let mut batch = Batch::new();
    batch.put("other", "1");
    early.write(batch).unwrap();
    disk.fail_call(1, io::ErrorKind::StorageFull);
    assert_fails(put(&engine, "a", "1"), ErrorKind::Full, "fault");
    assert_fails(early.commit(), ErrorKind::Conflict, "conflict");
    put(&engine, "a", "2").unwrap();
    assert_eq!(get(&engine, "a").as_deref(), Some(b"2".as_slice()));
}

#[test]
fn a_panic_poisons() {
    let mut nth = 1;
    loop {
        let disk = Disk::default();
        let engine = open(&disk);
        commit(&engine, 1).unwrap();
        disk.panic_at_call(nth);
        let Err(error) = commit(&engine, 2) else {
            break;
        };
        assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
        assert_fails(engine.health(), ErrorKind::Poisoned, "asked for");
        assert_fails(commit(&engine, 3), ErrorKind::Poisoned, "asked for");
        // Reads go on from the file, or say that they cannot.
        if engine.begin(BeginOptions::read_only()).is_ok() {
            assert!([expected(1), expected(2)].contains(&state_of(&engine)));
        }
        drop(engine);
        for disk in [disk.crashed(), disk.killed()] {
            assert!((1..=2).contains(&count_on(&disk, "after a panic")));
        }
        nth += 1;
    }
    assert!(nth > 2, "no call panicked");
}

fn put_unsynced(engine: &RedbEngine, key: &str) -> Seen {
    let mut txn = engine.begin(BeginOptions::read_write().unsynced()).unwrap();
    let mut batch = Batch::new();
    batch.put(key.to_owned(), "1");
    txn.write(batch).unwrap();
    let mut seen = Seen::default();
    seen.add(txn.sequence());
    seen.add(txn.commit().unwrap().sequence);
    seen
}

fn wait(engine: &RedbEngine, seen: Seen) -> Result<()> {
    let (send, told) = std::sync::mpsc::channel();
    engine.when_durable(seen, Box::new(move |durable| send.send(durable).unwrap()));
    engine.sync_now();
    told.recv().unwrap()
}

fn get_unsynced(engine: &RedbEngine, key: &str) -> bool {
    let options = BeginOptions::read_only().unsynced();
    let mut txn = engine.begin(options).unwrap();
    txn.get(key.as_bytes()).unwrap().is_some()
}

#[test]
fn whoever_saw_what_was_lost_is_told() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::Other] {
        let disk = Disk::default();
        let engine = open(&disk);
        let before = put_unsynced(&engine, "a");
        wait(&engine, before).unwrap();
        disk.fail_call(1, kind);
        let lost = put_unsynced(&engine, "b");
        // It may be lost already, and then it is not seen.
        let mut reader = Seen::default();
        let options = BeginOptions::read_only().unsynced();
        let mut txn = engine.begin(options).unwrap();
        reader.add(txn.sequence());
        let was_seen = txn.get(b"b").unwrap().is_some();
        assert!(wait(&engine, lost).is_err(), "{kind:?}");
        assert_eq!(wait(&engine, reader).is_err(), was_seen, "{kind:?}");
        assert!(get_unsynced(&engine, "a"), "{kind:?}");
        assert!(!get_unsynced(&engine, "b"), "{kind:?}");
        assert!(get(&engine, "b").is_none(), "{kind:?}");
        wait(&engine, before).unwrap();
        if kind == io::ErrorKind::StorageFull {
            let after = put_unsynced(&engine, "c");
            wait(&engine, after).unwrap();
            let mut both = lost;
            both.add(after.range().unwrap().1);
            assert!(wait(&engine, both).is_err(), "some of it was lost");
        }
        assert!(wait(&engine, lost).is_err(), "{kind:?}, later");
    }
}

#[test]
fn others_never_see_what_was_lost() {
    let disk = Disk::default();
    let engine = open(&disk);
    disk.fail_call(1, io::ErrorKind::StorageFull);
    let mut seen = put_unsynced(&engine, "a");
    let mut synced = engine.begin(BeginOptions::read_write()).unwrap();
    assert_eq!(synced.get(b"a").unwrap(), None);
    seen.add(seen.range().unwrap().1);
    assert!(wait(&engine, seen).is_err());
    // It cannot be told with what it lost.
    let mut batch = Batch::new();
    batch.put("a", "2");
    synced.write(batch).unwrap();
    assert_fails(synced.commit(), ErrorKind::Conflict, "conflict");
    put(&engine, "a", "3").unwrap();
    assert_eq!(get(&engine, "a").as_deref(), Some(b"3".as_slice()));
}
