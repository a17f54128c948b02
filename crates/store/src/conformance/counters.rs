//! Additions that do not conflict.

use super::{Case, Fixture, assert_fails, begin, commit, key, keys, open, scan_pages, write};
use crate::batch::{KeyRange, decode_counter, encode_counter};
use crate::engine::Txn;
use crate::error::ErrorKind;
use crate::scan::Scan;

pub(super) const CASES: &[(&str, Case)] = &[
    ("concurrent_additions_add_up", concurrent_additions_add_up),
    ("own_additions_are_read", own_additions_are_read),
    (
        "additions_follow_other_writes",
        additions_follow_other_writes,
    ),
    ("sums_wrap", sums_wrap),
    ("no_counter_is_refused", no_counter_is_refused),
];

fn counter(txn: &mut Box<dyn Txn>, name: &str) -> Option<i64> {
    let value = txn.get(name.as_bytes()).expect("get");
    value.map(|value| decode_counter(&value).expect("8 bytes"))
}

fn concurrent_additions_add_up(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txns: Vec<_> = (0..10).map(|_| begin(&engine)).collect();
    for (n, txn) in (0..).zip(&mut txns) {
        write(txn, |b| {
            b.add("n", n).add("n", 1).put(format!("doc{n}"), "");
        });
        // Others are not visible, the own part is.
        assert_eq!(counter(txn, "n"), Some(n + 1));
    }
    for txn in txns {
        txn.commit().expect("additions do not conflict");
    }
    assert_eq!(counter(&mut begin(&engine), "n"), Some(45 + 10));
}

fn own_additions_are_read(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("n", encode_counter(-5));
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.add("n", 7).add("m", -1);
    });
    assert_eq!(counter(&mut txn, "n"), Some(2));
    assert_eq!(counter(&mut txn, "m"), Some(-1));
    let entries = scan_pages(&mut txn, Scan::reverse(KeyRange::all())).expect("scan");
    assert_eq!(
        entries,
        [
            (key("n"), encode_counter(2)),
            (key("m"), encode_counter(-1))
        ]
    );
    assert_eq!(
        keys(&mut txn, Scan::forward(KeyRange::all()).with_keys_only()),
        "m n"
    );
}

fn additions_follow_other_writes(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.add("a", 100).add("b", 100).add("c", 100).add("d", 100);
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("a", encode_counter(1)).add("a", 1);
        b.delete("b").add("b", 1);
        b.delete_range(KeyRange::between("c", "d")).add("c", 1);
        b.add("d", 1).delete("d");
        b.add("e", 1).put("e", encode_counter(9));
    });
    let expected = [Some(2), Some(1), Some(1), None, Some(9)];
    assert_eq!(
        ["a", "b", "c", "d", "e"].map(|name| counter(&mut txn, name)),
        expected
    );
    txn.commit().expect("no conflict");
    let mut txn = begin(&engine);
    assert_eq!(
        ["a", "b", "c", "d", "e"].map(|name| counter(&mut txn, name)),
        expected
    );
}

fn sums_wrap(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.add("n", i64::MAX).add("n", 1);
    });
    assert_eq!(counter(&mut begin(&engine), "n"), Some(i64::MIN));
    commit(&engine, |b| {
        b.add("n", -1);
    });
    assert_eq!(counter(&mut begin(&engine), "n"), Some(i64::MAX));
}

fn no_counter_is_refused(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("text", "not eight");
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("other", "1").add("text", 1);
    });
    assert_fails(txn.get(b"text"), ErrorKind::InvalidArgument);
    assert_fails(
        txn.scan(&Scan::forward(KeyRange::all())),
        ErrorKind::InvalidArgument,
    );
    assert_fails(txn.commit(), ErrorKind::InvalidArgument);
    let mut txn = begin(&engine);
    assert_eq!(txn.get(b"other").expect("get"), None);
    assert_eq!(txn.get(b"text").expect("get"), Some(key("not eight")));
    // The engine goes on.
    write(&mut txn, |b| {
        b.put("other", "2");
    });
    txn.commit().expect("no conflict");
}
