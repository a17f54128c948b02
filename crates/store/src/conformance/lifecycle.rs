//! Closing, opening again, and what an acknowledged commit is worth.

use super::{Case, Fixture, all_keys, assert_fails, begin, commit, get_committed, open, write};
use crate::batch::KeyRange;
use crate::engine::BeginOptions;
use crate::error::ErrorKind;

pub(super) const CASES: &[(&str, Case)] = &[
    ("sequences_rise", sequences_rise),
    ("closed_engines_refuse", closed_engines_refuse),
    ("closing_twice_is_fine", closing_twice_is_fine),
    ("reopened_engines_remember", reopened_engines_remember),
    ("statistics_count", statistics_count),
];

fn sequences_rise(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let first = commit(&engine, |b| {
        b.put("a", "1");
    });
    let second = commit(&engine, |b| {
        b.put("b", "1");
    });
    assert!(second.sequence > first.sequence);
    let nothing = begin(&engine).commit().expect("there is nothing to commit");
    assert_eq!(nothing.sequence, second.sequence);
}

fn closed_engines_refuse(fixture: &dyn Fixture) {
    let engine = open(fixture);
    assert!(engine.health().is_ok());
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("a", "1");
    });
    engine.close().expect("close");
    assert_fails(engine.health(), ErrorKind::Closed);
    assert_fails(engine.begin(BeginOptions::default()), ErrorKind::Closed);
    assert_fails(txn.commit(), ErrorKind::Closed);
}

fn closing_twice_is_fine(fixture: &dyn Fixture) {
    let engine = open(fixture);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| engine.close().expect("close"));
        }
    });
    engine.close().expect("close");
}

fn reopened_engines_remember(fixture: &dyn Fixture) {
    let mut engine = fixture.fresh();
    for round in 0..3 {
        commit(&engine, |b| {
            b.put(format!("{round}"), "1")
                .put("last", format!("{round}"))
                .put("gone", "1");
        });
        commit(&engine, |b| {
            b.delete("gone").delete_range(KeyRange::between("x", "z"));
        });
        let mut lost = begin(&engine);
        write(&mut lost, |b| {
            b.put("lost", "1");
        });
        drop(lost);
        let Some(reopened) = fixture.reopen(engine) else {
            return;
        };
        engine = reopened;
        assert_eq!(get_committed(&engine, "last"), Some(round.to_string()));
    }
    assert_eq!(all_keys(&mut begin(&engine)), "0 1 2 last");
}

fn statistics_count(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut loser = begin(&engine);
    commit(&engine, |b| {
        b.put("a", "1");
    });
    write(&mut loser, |b| {
        b.put("a", "2");
    });
    assert_fails(loser.commit(), ErrorKind::Conflict);
    for _ in 0..9 {
        commit(&engine, |b| {
            b.add("n", 1);
        });
    }
    let statistics = engine.statistics();
    assert_eq!(statistics.transactions_committed, 10);
    assert_eq!(statistics.transactions_conflicted, 1);
    assert!(statistics.engine_commits <= 10);
}
