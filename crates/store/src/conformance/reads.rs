//! Snapshots, reads of own writes, scans and limits.

use bytes::Bytes;

use super::{
    Case, Fixture, all_keys, assert_fails, begin, commit, get, get_committed, key, keys, open,
    scan_pages, write,
};
use crate::batch::{Batch, KeyRange};
use crate::engine::BeginOptions;
use crate::error::ErrorKind;
use crate::scan::Scan;

pub(super) const CASES: &[(&str, Case)] = &[
    ("snapshot_stays", snapshot_stays),
    (
        "nothing_is_seen_before_commit",
        nothing_is_seen_before_commit,
    ),
    ("drop_rolls_back", drop_rolls_back),
    ("own_writes_are_read", own_writes_are_read),
    ("own_writes_are_scanned", own_writes_are_scanned),
    ("scans_page_both_ways", scans_page_both_ways),
    ("pages_keep_their_limits", pages_keep_their_limits),
    ("ranges_are_half_open", ranges_are_half_open),
    ("empty_and_large", empty_and_large),
    ("get_many_keeps_order", get_many_keeps_order),
    (
        "beginning_and_reading_is_one_snapshot",
        beginning_and_reading_is_one_snapshot,
    ),
    ("operations_apply_in_order", operations_apply_in_order),
    ("limits_refuse", limits_refuse),
    ("read_only_refuses_writes", read_only_refuses_writes),
];

fn beginning_and_reading_is_one_snapshot(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1").put("b", "1");
    });
    let options = BeginOptions::read_write();
    let (mut txn, values) = engine
        .begin_reading(options, &[b"b", b"c", b"a"])
        .expect("begin and read");
    assert_eq!(values, [Some("1".into()), None, Some("1".into())]);
    commit(&engine, |b| {
        b.put("a", "2").put("c", "2");
    });
    assert_eq!(all_keys(&mut txn), "a b");
    assert_eq!(get(&mut txn, "a").as_deref(), Some("1"));
    write(&mut txn, |b| {
        b.put("a", "3");
    });
    assert_fails(txn.commit(), ErrorKind::Conflict);
    let (_, values) = engine.begin_reading(options, &[]).expect("begin");
    assert!(values.is_empty());
}

fn snapshot_stays(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1").put("b", "1").put("d", "1");
    });
    let mut reader = begin(&engine);
    commit(&engine, |b| {
        b.put("a", "2").delete("b").put("c", "2");
    });
    // No non-repeatable read, no read skew, no phantom.
    assert_eq!(get(&mut reader, "a").as_deref(), Some("1"));
    assert_eq!(get(&mut reader, "b").as_deref(), Some("1"));
    assert_eq!(get(&mut reader, "c"), None);
    assert_eq!(all_keys(&mut reader), "a b d");
    commit(&engine, |b| {
        b.delete_range(KeyRange::all());
    });
    assert_eq!(all_keys(&mut reader), "a b d");
    assert_eq!(all_keys(&mut begin(&engine)), "");
}

fn nothing_is_seen_before_commit(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut writer = begin(&engine);
    write(&mut writer, |b| {
        b.put("a", "1").add("n", 1);
    });
    assert_eq!(all_keys(&mut begin(&engine)), "");
    let mut early = begin(&engine);
    writer.commit().expect("no conflict");
    assert_eq!(all_keys(&mut early), "");
    assert_eq!(all_keys(&mut begin(&engine)), "a n");
}

fn drop_rolls_back(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut writer = begin(&engine);
    write(&mut writer, |b| {
        b.put("a", "1");
    });
    drop(writer);
    assert_eq!(get_committed(&engine, "a"), None);
}

fn own_writes_are_read(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1").put("b", "1").put("c", "1");
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("a", "2").delete("b");
    });
    assert_eq!(get(&mut txn, "a").as_deref(), Some("2"));
    assert_eq!(get(&mut txn, "b"), None);
    assert_eq!(get(&mut txn, "c").as_deref(), Some("1"));
    write(&mut txn, |b| {
        b.put("b", "3").delete_range(KeyRange::from("c"));
    });
    assert_eq!(get(&mut txn, "b").as_deref(), Some("3"));
    assert_eq!(get(&mut txn, "c"), None);
    write(&mut txn, |b| {
        b.put("c", "4");
    });
    assert_eq!(get(&mut txn, "c").as_deref(), Some("4"));
    txn.commit().expect("no conflict");
    assert_eq!(get_committed(&engine, "c").as_deref(), Some("4"));
}

fn own_writes_are_scanned(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        for name in ["b", "d", "f", "h", "k", "m"] {
            b.put(name, "stored");
        }
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("a", "own")
            .put("d", "own")
            .delete("f")
            .put("g", "own");
        b.delete_range(KeyRange::between("h", "l"))
            .put("j", "own")
            .put("z", "own");
    });
    for entries_max in 1..8 {
        let forward = Scan::forward(KeyRange::all()).with_entries_max(entries_max);
        assert_eq!(keys(&mut txn, forward), "a b d g j m z");
        let reverse = Scan::reverse(KeyRange::all()).with_entries_max(entries_max);
        assert_eq!(keys(&mut txn, reverse), "z m j g d b a");
        let part = Scan::reverse(KeyRange::between("b", "j")).with_entries_max(entries_max);
        assert_eq!(keys(&mut txn, part), "g d b");
    }
    let values = scan_pages(&mut txn, Scan::forward(KeyRange::prefix("d"))).expect("scan");
    assert_eq!(values, [(key("d"), key("own"))]);
}

fn scans_page_both_ways(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let names: Vec<String> = (0..257).map(|n| format!("{n:03}")).collect();
    commit(&engine, |b| {
        for name in &names {
            b.put(name.clone(), "x");
        }
    });
    let mut txn = begin(&engine);
    for entries_max in [1, 7, 256, 257, 1000] {
        let scan = Scan::forward(KeyRange::all()).with_entries_max(entries_max);
        assert_eq!(keys(&mut txn, scan), names.join(" "));
        let scan = Scan::reverse(KeyRange::all())
            .with_entries_max(entries_max)
            .with_keys_only();
        let reversed: Vec<_> = names.iter().rev().cloned().collect();
        assert_eq!(keys(&mut txn, scan), reversed.join(" "));
    }
    // A full page that ends the range may or may not know it; the next page must be empty.
    let exact = Scan::forward(KeyRange::all()).with_entries_max(257);
    let page = txn.scan(&exact).expect("scan");
    if let Some(rest) = exact.after(&page) {
        assert_eq!(txn.scan(&rest).expect("scan").entries, []);
    }
}

fn pages_keep_their_limits(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "x".repeat(40))
            .put("b", "x".repeat(40))
            .put("c", "x".repeat(400))
            .put("d", "");
    });
    let mut txn = begin(&engine);
    let mut sizes = Vec::new();
    let mut request = Some(Scan::forward(KeyRange::all()).with_bytes_max(100));
    while let Some(scan) = request {
        let page = txn.scan(&scan).expect("scan");
        sizes.push(page.entries.len());
        request = scan.after(&page);
    }
    // The value of c is longer than a page: it comes alone.
    assert_eq!(sizes, [2, 1, 1]);
}

fn ranges_are_half_open(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        for name in ["a", "ab", "b", "c"] {
            b.put(name, "");
        }
        b.put(vec![0xff], "").put(vec![0xff, 0xff], "");
    });
    let mut txn = begin(&engine);
    assert_eq!(
        keys(&mut txn, Scan::forward(KeyRange::between("a", "b"))),
        "a ab"
    );
    assert_eq!(
        keys(&mut txn, Scan::forward(KeyRange::between("b", "b"))),
        ""
    );
    assert_eq!(
        keys(&mut txn, Scan::reverse(KeyRange::between("b", "b"))),
        ""
    );
    assert_eq!(keys(&mut txn, Scan::forward(KeyRange::prefix("a"))), "a ab");
    let last = scan_pages(&mut txn, Scan::forward(KeyRange::prefix(vec![0xff]))).expect("scan");
    assert_eq!(last.len(), 2);
    assert_fails(
        txn.scan(&Scan::forward(KeyRange::between("b", "a"))),
        ErrorKind::InvalidArgument,
    );
}

fn empty_and_large(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let large = Bytes::from(vec![7; 3 << 20]);
    let long = Bytes::from(vec![b'k'; engine.limits().key_bytes_max]);
    commit(&engine, |b| {
        b.put("", "")
            .put("e", "")
            .put("large", large.clone())
            .put(long.clone(), "v");
    });
    let mut txn = begin(&engine);
    assert_eq!(txn.get(b"").expect("get"), Some(Bytes::new()));
    assert_eq!(txn.get(b"e").expect("get"), Some(Bytes::new()));
    assert_eq!(txn.get(b"large").expect("get"), Some(large));
    assert_eq!(txn.get(&long).expect("get"), Some(key("v")));
    for scan in [
        Scan::forward(KeyRange::all()),
        Scan::reverse(KeyRange::all()),
    ] {
        assert_eq!(
            scan_pages(&mut txn, scan.with_entries_max(1))
                .expect("scan")
                .len(),
            4
        );
    }
    write(&mut txn, |b| {
        b.delete("");
    });
    assert_eq!(txn.get(b"").expect("get"), None);
    txn.commit().expect("no conflict");
    assert_eq!(get_committed(&engine, ""), None);
}

fn get_many_keeps_order(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1").put("b", "2").put("c", "3");
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("b", "own").delete("c");
    });
    let values = txn
        .get_many(&[b"c", b"a", b"x", b"b", b"a"])
        .expect("get_many");
    assert_eq!(
        values,
        [None, Some(key("1")), None, Some(key("own")), Some(key("1"))]
    );
    assert_eq!(txn.get_many(&[]).expect("get_many"), []);
}

fn operations_apply_in_order(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1").delete("a").put("b", "1");
        b.put("c", "1")
            .delete_range(KeyRange::between("c", "d"))
            .put("c", "2")
            .put("d", "1");
        b.delete_range(KeyRange::between("x", "z")).delete("never");
    });
    assert_eq!(all_keys(&mut begin(&engine)), "b c d");
    assert_eq!(get_committed(&engine, "c").as_deref(), Some("2"));
}

fn limits_refuse(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let limits = engine.limits().clone();
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("kept", "1");
    });
    let long = vec![0; limits.key_bytes_max + 1];
    assert_fails(txn.get(&long), ErrorKind::Limit);
    let mut refused = Batch::new();
    refused.put("fine", "1").put(long, "");
    assert_fails(txn.write(refused), ErrorKind::Limit);
    let scan = Scan::forward(KeyRange::all());
    assert_fails(
        txn.scan(&scan.clone().with_entries_max(limits.page_entries_max + 1)),
        ErrorKind::Limit,
    );
    assert_fails(
        txn.scan(&scan.clone().with_entries_max(0)),
        ErrorKind::InvalidArgument,
    );
    assert_fails(
        txn.scan(&scan.with_bytes_max(0)),
        ErrorKind::InvalidArgument,
    );
    // The refused batch left nothing behind, and the transaction goes on.
    assert_eq!(all_keys(&mut txn), "kept");
    txn.commit().expect("no conflict");
    assert_eq!(all_keys(&mut begin(&engine)), "kept");
}

fn read_only_refuses_writes(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "1");
    });
    let mut txn = engine.begin(BeginOptions::read_only()).expect("begin");
    let mut refused = Batch::new();
    refused.put("a", "2");
    assert_fails(txn.write(refused), ErrorKind::InvalidArgument);
    assert_eq!(get(&mut txn, "a").as_deref(), Some("1"));
    txn.commit().expect("there is nothing to commit");
}
