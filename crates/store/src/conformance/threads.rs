//! Many threads at once.

use std::sync::Arc;

use super::{Case, Fixture, begin, commit, open, scan_pages, write};
use crate::batch::{KeyRange, decode_counter, encode_counter};
use crate::engine::{Engine, Txn};
use crate::error::ErrorKind;
use crate::scan::Scan;

pub(super) const CASES: &[(&str, Case)] = &[
    ("no_increment_is_lost", no_increment_is_lost),
    ("no_addition_is_lost", no_addition_is_lost),
    ("transfers_keep_the_sum", transfers_keep_the_sum),
];

const THREADS: i64 = 4;
const ROUNDS: i64 = 25;

fn read(txn: &mut Box<dyn Txn>, name: &str) -> i64 {
    let value = txn.get(name.as_bytes()).expect("get");
    value.map_or(0, |value| decode_counter(&value).expect("8 bytes"))
}

/// Runs a transaction until it does not conflict.
fn retry(engine: &Arc<dyn Engine>, change: impl Fn(&mut Box<dyn Txn>)) {
    loop {
        let mut txn = begin(engine);
        change(&mut txn);
        match txn.commit() {
            Ok(_) => return,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}"),
        }
    }
}

fn no_increment_is_lost(fixture: &dyn Fixture) {
    let engine = open(fixture);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    retry(&engine, |txn| {
                        let next = encode_counter(read(txn, "n") + 1);
                        write(txn, |b| {
                            b.put("n", next);
                        });
                    });
                }
            });
        }
    });
    assert_eq!(read(&mut begin(&engine), "n"), THREADS * ROUNDS);
}

fn no_addition_is_lost(fixture: &dyn Fixture) {
    let engine = open(fixture);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let engine = &engine;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    commit(engine, |b| {
                        b.add("n", 1).put(format!("{thread}/{round}"), "");
                    });
                }
            });
        }
    });
    assert_eq!(read(&mut begin(&engine), "n"), THREADS * ROUNDS);
    let scan = Scan::forward(KeyRange::all()).with_keys_only();
    let entries = scan_pages(&mut begin(&engine), scan).expect("scan");
    assert_eq!(entries.len() as i64, THREADS * ROUNDS + 1);
}

/// Accounts a, b and c hold 300 together, in every snapshot.
fn transfers_keep_the_sum(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        for name in ["a", "b", "c"] {
            b.put(name, encode_counter(100));
        }
    });
    let sum = |txn: &mut Box<dyn Txn>| -> i64 {
        let entries = scan_pages(txn, Scan::forward(KeyRange::all())).expect("scan");
        entries
            .iter()
            .map(|(_, value)| decode_counter(value).expect("8 bytes"))
            .sum()
    };
    std::thread::scope(|scope| {
        for (from, to) in [("a", "b"), ("b", "c"), ("c", "a")] {
            let engine = &engine;
            scope.spawn(move || {
                for amount in 0..ROUNDS {
                    retry(engine, |txn| {
                        let less = encode_counter(read(txn, from) - amount);
                        let more = encode_counter(read(txn, to) + amount);
                        write(txn, |b| {
                            b.put(from, less).put(to, more);
                        });
                    });
                }
            });
        }
        for _ in 0..ROUNDS {
            assert_eq!(sum(&mut begin(&engine)), 300);
        }
    });
    assert_eq!(sum(&mut begin(&engine)), 300);
}
