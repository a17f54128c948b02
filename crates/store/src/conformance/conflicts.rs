//! The first to commit wins, and nobody else loses.

use std::sync::Arc;

use super::{
    Case, Fixture, all_keys, assert_fails, batch, begin, commit, get, get_committed, open, write,
};
use crate::batch::{Batch, KeyRange};
use crate::engine::Engine;
use crate::error::ErrorKind;

pub(super) const CASES: &[(&str, Case)] = &[
    ("table_of_pairs", table_of_pairs),
    ("disjoint_writes_commit", disjoint_writes_commit),
    ("lost_update_is_refused", lost_update_is_refused),
    ("retry_succeeds", retry_succeeds),
    ("guards_stop_write_skew", guards_stop_write_skew),
    ("guards_need_no_writes", guards_need_no_writes),
    ("guards_keep_names_unique", guards_keep_names_unique),
    ("reads_never_conflict", reads_never_conflict),
    (
        "commits_before_the_snapshot_do_not_count",
        commits_before_the_snapshot_do_not_count,
    ),
    (
        "rolled_back_writes_do_not_count",
        rolled_back_writes_do_not_count,
    ),
    (
        "long_transaction_conflicts_late",
        long_transaction_conflicts_late,
    ),
];

type Fill = fn(&mut Batch);

/// One of each operation on the key `k`, and whether it wins against each other one.
const OPERATIONS: &[(&str, Fill)] = &[
    ("put", |b| {
        b.put("k", "new");
    }),
    ("delete", |b| {
        b.delete("k");
    }),
    ("delete_range", |b| {
        b.delete_range(KeyRange::between("j", "l"));
    }),
    ("add", |b| {
        b.add("k", 1);
    }),
    ("guard", |b| {
        b.guard("k");
    }),
];

/// The table in the documentation of `Op`, each pair with the key there and not there.
fn table_of_pairs(fixture: &dyn Fixture) {
    check_pairs(|| {
        let engine = open(fixture);
        Some((Arc::clone(&engine), engine))
    });
}

/// The same with the engine of the winner and that of the loser on one empty store.
pub(super) fn check_pairs(open_two: impl Fn() -> Option<(Arc<dyn Engine>, Arc<dyn Engine>)>) {
    for exists in [true, false] {
        for (first_name, first) in OPERATIONS {
            for (second_name, second) in OPERATIONS {
                let Some((one, two)) = open_two() else {
                    return;
                };
                if exists {
                    commit(&two, |b| {
                        b.add("k", 5);
                    });
                }
                let mut winner = begin(&one);
                let mut loser = begin(&two);
                write(&mut loser, second);
                write(&mut loser, |b| {
                    b.put("other", "1");
                });
                write(&mut winner, first);
                winner.commit().expect("the first to commit wins");
                let outcome = loser.commit();
                let both_commit =
                    *first_name == "guard" || (*first_name == "add" && *second_name == "add");
                let pair = format!("{first_name} then {second_name}, key exists: {exists}");
                assert_eq!(outcome.is_ok(), both_commit, "{pair}");
                if let Err(error) = outcome {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{pair}");
                    assert_eq!(get_committed(&one, "other"), None, "{pair}");
                }
            }
        }
    }
}

fn disjoint_writes_commit(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut open_txns: Vec<_> = (0..8).map(|_| begin(&engine)).collect();
    for (n, txn) in open_txns.iter_mut().enumerate() {
        write(txn, |b| {
            b.put(format!("{n}"), "1")
                .delete_range(KeyRange::prefix(format!("range{n}")));
        });
    }
    for txn in open_txns {
        txn.commit().expect("nobody else touched these keys");
    }
    assert_eq!(all_keys(&mut begin(&engine)), "0 1 2 3 4 5 6 7");
}

fn lost_update_is_refused(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1");
    });
    let mut first = begin(&engine);
    let mut second = begin(&engine);
    assert_eq!(get(&mut first, "a"), get(&mut second, "a"));
    write(&mut second, |b| {
        b.put("a", "second");
    });
    write(&mut first, |b| {
        b.put("a", "first");
    });
    second.commit().expect("the first to commit wins");
    assert_fails(first.commit(), ErrorKind::Conflict);
    assert_eq!(get_committed(&engine, "a").as_deref(), Some("second"));
}

fn retry_succeeds(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut slow = begin(&engine);
    commit(&engine, |b| {
        b.put("a", "1");
    });
    write(&mut slow, |b| {
        b.put("a", "2");
    });
    assert_fails(slow.commit(), ErrorKind::Conflict);
    let mut again = begin(&engine);
    assert_eq!(get(&mut again, "a").as_deref(), Some("1"));
    write(&mut again, |b| {
        b.put("a", "2");
    });
    again.commit().expect("the retry sees what it lost to");
}

fn guards_stop_write_skew(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "on call").put("b", "on call");
    });
    for guarded in [false, true] {
        let mut first = begin(&engine);
        let mut second = begin(&engine);
        write(&mut first, |b| {
            b.put("a", "off");
        });
        write(&mut second, |b| {
            b.put("b", "off");
        });
        if guarded {
            write(&mut first, |b| {
                b.guard("b");
            });
            write(&mut second, |b| {
                b.guard("a");
            });
        }
        first.commit().expect("nothing was committed since");
        assert_eq!(second.commit().is_err(), guarded);
    }
}

fn guards_need_no_writes(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.guard("a").guard("b");
    });
    commit(&engine, |b| {
        b.put("b", "1");
    });
    assert_fails(txn.commit(), ErrorKind::Conflict);
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.guard("a");
    });
    commit(&engine, |b| {
        b.put("b", "2");
    });
    txn.commit().expect("the guarded key did not change");
}

/// Two transactions check that a name is free and both take it.
fn guards_keep_names_unique(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut taken = Vec::new();
    let mut txns: Vec<_> = (0..4).map(|_| begin(&engine)).collect();
    for (n, txn) in txns.iter_mut().enumerate() {
        assert_eq!(get(txn, "name/fox"), None);
        write(txn, |b| {
            b.guard("name/fox")
                .put(format!("doc/{n}"), "fox")
                .put("name/fox", format!("{n}"));
        });
    }
    for txn in txns {
        taken.push(txn.commit().is_ok());
    }
    assert_eq!(taken, [true, false, false, false]);
    assert_eq!(all_keys(&mut begin(&engine)), "doc/0 name/fox");
}

fn reads_never_conflict(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    assert_eq!(all_keys(&mut txn), "");
    commit(&engine, |b| {
        b.put("a", "1");
    });
    assert_eq!(get(&mut txn, "a"), None);
    write(&mut txn, |b| {
        b.put("b", "1");
    });
    txn.commit().expect("reading does not conflict");
    let mut reader = begin(&engine);
    assert_eq!(all_keys(&mut reader), "a b");
    commit(&engine, |b| {
        b.put("a", "2");
    });
    reader.commit().expect("there is nothing to commit");
}

fn commits_before_the_snapshot_do_not_count(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let held = begin(&engine);
    for n in 0..5 {
        commit(&engine, |b| {
            b.put("a", format!("{n}"))
                .delete_range(KeyRange::prefix("r"));
        });
    }
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("a", "last").put("r", "last");
    });
    txn.commit().expect("it began after all of them");
    drop(held);
}

fn rolled_back_writes_do_not_count(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut dropped = begin(&engine);
    let mut undone = begin(&engine);
    let mut txn = begin(&engine);
    write(&mut dropped, |b| {
        b.put("a", "1");
    });
    drop(dropped);
    let savepoint = undone.savepoint().expect("savepoint");
    write(&mut undone, |b| {
        b.put("a", "1").guard("g");
    });
    undone.rollback_to(savepoint).expect("rollback");
    write(&mut undone, |b| {
        b.put("b", "1");
    });
    undone.commit().expect("no conflict");
    write(&mut txn, |b| {
        b.put("a", "2").put("g", "2");
    });
    txn.commit().expect("nobody committed to these keys");
}

fn long_transaction_conflicts_late(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut long = begin(&engine);
    let mut harmless = begin(&engine);
    write(&mut long, |b| {
        b.put("k007", "long");
    });
    write(&mut harmless, |b| {
        b.put("other", "1");
    });
    for n in 0..50 {
        commit(&engine, |b| {
            b.put(format!("k{n:03}"), "short");
        });
    }
    assert_fails(long.commit(), ErrorKind::Conflict);
    harmless
        .commit()
        .expect("an old snapshot alone is no conflict");
    let mut failing = begin(&engine);
    assert_eq!(get(&mut failing, "k007").as_deref(), Some("short"));
    assert!(failing.write(batch(|_| {})).is_ok());
}
