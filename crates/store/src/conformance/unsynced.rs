//! Commits that return before they are durable.

use std::sync::Arc;
use std::sync::mpsc::channel;

use super::{Case, Fixture, begin, commit, get, get_committed, open, scan_pages, write};
use crate::batch::KeyRange;
use crate::engine::{BeginOptions, Engine, Seen, Txn};
use crate::error::{ErrorKind, Result};
use crate::scan::{Direction, Scan};

pub(super) const CASES: &[(&str, Case)] = &[
    ("seen_by_their_like_at_once", seen_by_their_like_at_once),
    ("durable_when_told", durable_when_told),
    ("told_at_once_of_nothing", told_at_once_of_nothing),
    ("scans_lay_them_over", scans_lay_them_over),
    ("deleted_ranges_are_seen", deleted_ranges_are_seen),
    ("counters_add_up", counters_add_up),
    ("conflict_with_each_other", conflict_with_each_other),
    ("conflict_with_synced_ones", conflict_with_synced_ones),
    ("closing_makes_them_durable", closing_makes_them_durable),
];

fn begin_unsynced(engine: &Arc<dyn Engine>) -> Box<dyn Txn> {
    engine
        .begin(BeginOptions::read_write().unsynced())
        .expect("an open engine begins")
}

fn put(engine: &Arc<dyn Engine>, key: &'static str, value: &'static str) -> Seen {
    let mut txn = begin_unsynced(engine);
    let mut seen = Seen::default();
    seen.add(txn.sequence());
    write(&mut txn, |batch| {
        batch.put(key, value);
    });
    seen.add(txn.commit().expect("nobody else writes").sequence);
    seen
}

fn wait(engine: &Arc<dyn Engine>, seen: Seen) -> Result<()> {
    let (send, told) = channel();
    engine.when_durable(
        seen,
        Box::new(move |durable| send.send(durable).expect("it is received below")),
    );
    engine.sync_now();
    told.recv().expect("it is called")
}

fn seen_by_their_like_at_once(fixture: &dyn Fixture) {
    let engine = open(fixture);
    put(&engine, "a", "1");
    assert_eq!(get(&mut begin_unsynced(&engine), "a").as_deref(), Some("1"));
    put(&engine, "a", "2");
    assert_eq!(get(&mut begin_unsynced(&engine), "a").as_deref(), Some("2"));
}

fn durable_when_told(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let first = put(&engine, "a", "1");
    let second = put(&engine, "b", "2");
    wait(&engine, second).expect("nothing fails");
    assert_eq!(get_committed(&engine, "a").as_deref(), Some("1"));
    assert_eq!(get_committed(&engine, "b").as_deref(), Some("2"));
    wait(&engine, first).expect("it is durable since before");
}

fn told_at_once_of_nothing(fixture: &dyn Fixture) {
    let engine = open(fixture);
    wait(&engine, Seen::default()).expect("there is nothing to lose");
    let mut seen = Seen::default();
    seen.add(begin(&engine).sequence());
    wait(&engine, seen).expect("a snapshot of what is durable is");
}

fn scans_lay_them_over(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |batch| {
        batch.put("b", "old").put("d", "old").put("f", "old");
    });
    let mut txn = begin_unsynced(&engine);
    write(&mut txn, |batch| {
        batch.put("a", "new").put("b", "new").put("g", "new");
        batch.delete("d").delete("nothing");
    });
    txn.commit().expect("nobody else writes");
    let mut txn = begin_unsynced(&engine);
    write(&mut txn, |batch| {
        batch.put("e", "own").delete("g");
    });
    let expected = [("a", "new"), ("b", "new"), ("e", "own"), ("f", "old")];
    for direction in [Direction::Forward, Direction::Reverse] {
        let scan = Scan {
            direction,
            entries_max: 1,
            ..Scan::forward(KeyRange::all())
        };
        let mut entries = scan_pages(&mut txn, scan).expect("scan");
        if direction == Direction::Reverse {
            entries.reverse();
        }
        let entries: Vec<(&[u8], &[u8])> = entries
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
            .collect();
        let expected = expected.map(|(key, value)| (key.as_bytes(), value.as_bytes()));
        assert_eq!(entries, expected, "{direction:?}");
    }
}

fn deleted_ranges_are_seen(fixture: &dyn Fixture) {
    let engine = open(fixture);
    put(&engine, "a/1", "1");
    put(&engine, "b", "2");
    let mut txn = begin_unsynced(&engine);
    write(&mut txn, |batch| {
        batch.delete_range(KeyRange::prefix("a/"));
    });
    txn.commit().expect("nobody else writes");
    put(&engine, "a/2", "3");
    let mut txn = begin_unsynced(&engine);
    assert_eq!(get(&mut txn, "a/1"), None);
    assert_eq!(get(&mut txn, "a/2").as_deref(), Some("3"));
    assert_eq!(get(&mut txn, "b").as_deref(), Some("2"));
}

fn counters_add_up(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut txn = begin_unsynced(&engine);
        write(&mut txn, |batch| {
            batch.add("n", 2);
        });
        open.push(txn);
    }
    for txn in open {
        txn.commit().expect("additions do not conflict");
    }
    let sum = commit(&engine, |batch| {
        batch.add("n", 1);
    });
    let mut seen = Seen::default();
    seen.add(sum.sequence);
    wait(&engine, seen).expect("nothing fails");
    let value = begin(&engine).get(b"n").expect("get");
    assert_eq!(value, Some(crate::encode_counter(7)));
}

fn conflict_with_each_other(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut late = begin_unsynced(&engine);
    write(&mut late, |batch| {
        batch.put("a", "late");
    });
    put(&engine, "a", "first");
    let kind = late.commit().expect_err("it lost").kind();
    assert_eq!(kind, ErrorKind::Conflict);
    assert_eq!(
        get(&mut begin_unsynced(&engine), "a").as_deref(),
        Some("first")
    );
}

/// Whoever does not see what is not durable must not lose to it again and again.
fn conflict_with_synced_ones(fixture: &dyn Fixture) {
    let engine = open(fixture);
    for _ in 0..50 {
        let mut late = begin(&engine);
        write(&mut late, |batch| {
            batch.put("a", "late");
        });
        put(&engine, "a", "first");
        let kind = late.commit().expect_err("it lost").kind();
        assert_eq!(kind, ErrorKind::Conflict);
        let mut again = begin(&engine);
        assert_eq!(get(&mut again, "a").as_deref(), Some("first"));
        write(&mut again, |batch| {
            batch.put("a", "again");
        });
        again.commit().expect("nobody came between");
    }
    let mut late = begin_unsynced(&engine);
    write(&mut late, |batch| {
        batch.put("a", "late");
    });
    commit(&engine, |batch| {
        batch.put("a", "first");
    });
    let kind = late.commit().expect_err("it lost").kind();
    assert_eq!(kind, ErrorKind::Conflict);
}

fn closing_makes_them_durable(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let seen = put(&engine, "a", "1");
    engine.close().expect("nothing fails");
    wait(&engine, seen).expect("it was written before");
    if let Some(engine) = fixture.reopen(engine) {
        assert_eq!(get_committed(&engine, "a").as_deref(), Some("1"));
    }
}
