//! Undoing a part of a transaction.

use super::{Case, Fixture, all_keys, assert_fails, begin, commit, get, open, write};
use crate::batch::KeyRange;
use crate::error::ErrorKind;

pub(super) const CASES: &[(&str, Case)] = &[
    (
        "rollback_undoes_every_operation",
        rollback_undoes_every_operation,
    ),
    ("savepoints_nest", savepoints_nest),
    (
        "savepoint_stays_after_rollback",
        savepoint_stays_after_rollback,
    ),
    ("released_savepoints_are_gone", released_savepoints_are_gone),
    (
        "one_savepoint_for_each_document",
        one_savepoint_for_each_document,
    ),
    ("too_many_are_refused", too_many_are_refused),
];

fn rollback_undoes_every_operation(fixture: &dyn Fixture) {
    let engine = open(fixture);
    commit(&engine, |b| {
        b.put("a", "stored")
            .put("b", "stored")
            .put("c", "stored")
            .add("n", 5);
    });
    let mut txn = begin(&engine);
    write(&mut txn, |b| {
        b.put("a", "own").delete("b").add("n", 1).put("x", "own");
        b.delete_range(KeyRange::between("y", "z"));
    });
    let before = (all_keys(&mut txn), txn.get(b"n").expect("get"));
    let savepoint = txn.savepoint().expect("savepoint");
    write(&mut txn, |b| {
        b.put("a", "undone")
            .put("b", "undone")
            .delete("c")
            .add("n", 10)
            .put("new", "undone");
        b.delete_range(KeyRange::from("w")).add("x", 1).guard("g");
        b.delete_range(KeyRange::all()).put("c", "undone");
    });
    assert_eq!(all_keys(&mut txn), "c");
    txn.rollback_to(savepoint).expect("rollback");
    assert_eq!((all_keys(&mut txn), txn.get(b"n").expect("get")), before);
    assert_eq!(get(&mut txn, "a").as_deref(), Some("own"));
    commit(&engine, |b| {
        b.put("g", "1");
    });
    txn.commit().expect("the guard was undone");
    assert_eq!(all_keys(&mut begin(&engine)), "a c g n x");
}

fn savepoints_nest(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    let mut savepoints = Vec::new();
    for name in ["a", "b", "c", "d"] {
        savepoints.push(txn.savepoint().expect("savepoint"));
        write(&mut txn, |b| {
            b.put(name, "1");
        });
    }
    let [_, second, third, fourth] = savepoints[..] else {
        panic!("four savepoints")
    };
    txn.release(fourth).expect("release");
    txn.rollback_to(third).expect("rollback");
    assert_eq!(all_keys(&mut txn), "a b");
    txn.rollback_to(second).expect("rollback");
    assert_eq!(all_keys(&mut txn), "a");
    assert_fails(txn.rollback_to(third), ErrorKind::InvalidArgument);
    txn.commit().expect("no conflict");
    assert_eq!(all_keys(&mut begin(&engine)), "a");
}

fn savepoint_stays_after_rollback(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    let savepoint = txn.savepoint().expect("savepoint");
    for name in ["a", "b"] {
        write(&mut txn, |b| {
            b.put(name, "1");
        });
        txn.rollback_to(savepoint).expect("rollback");
    }
    assert_eq!(all_keys(&mut txn), "");
}

fn released_savepoints_are_gone(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    let outer = txn.savepoint().expect("savepoint");
    let inner = txn.savepoint().expect("savepoint");
    write(&mut txn, |b| {
        b.put("a", "1");
    });
    txn.release(outer).expect("release");
    assert_fails(txn.rollback_to(inner), ErrorKind::InvalidArgument);
    assert_fails(txn.release(outer), ErrorKind::InvalidArgument);
    txn.commit().expect("no conflict");
    assert_eq!(all_keys(&mut begin(&engine)), "a");
}

fn one_savepoint_for_each_document(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    for n in 0..200 {
        let savepoint = txn.savepoint().expect("savepoint");
        write(&mut txn, |b| {
            b.put(format!("{n:03}"), "1");
        });
        if n % 3 != 0 {
            txn.rollback_to(savepoint).expect("rollback");
        }
        txn.release(savepoint).expect("release");
    }
    txn.commit().expect("no conflict");
    assert_eq!(all_keys(&mut begin(&engine)).split(' ').count(), 67);
}

fn too_many_are_refused(fixture: &dyn Fixture) {
    let engine = open(fixture);
    let mut txn = begin(&engine);
    for _ in 0..engine.limits().savepoints_max {
        txn.savepoint().expect("savepoint");
    }
    assert_fails(txn.savepoint(), ErrorKind::Limit);
    txn.commit().expect("nothing was written");
}
