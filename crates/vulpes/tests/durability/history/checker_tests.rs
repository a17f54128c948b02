//! The checker finds each anomaly in a history that has it, and none in one that has none.

use super::checker::{Anomaly, Object, Op, Transaction, check};

const X: Object = (0, 0);
const Y: Object = (1, 0);

/// Transactions that all overlap, unless `after` says otherwise.
struct History(Vec<Transaction>);

impl History {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn begin(mut self, begin: (u64, u64), commit: Option<(u64, u64)>, ops: &[Op]) -> Self {
        let ops = ops.to_vec();
        self.0.push(Transaction { begin, commit, ops });
        self
    }

    fn committed(self, ops: &[Op]) -> Self {
        self.begin((0, 100), Some((0, 100)), ops)
    }

    fn aborted(self, ops: &[Op]) -> Self {
        self.begin((0, 100), None, ops)
    }

    #[track_caller]
    fn is(self, expected: &[Anomaly]) {
        assert_eq!(check(&self.0), expected);
    }
}

fn read(object: Object, value: u64) -> Op {
    Op::Read(object, (value > 0).then_some(value))
}

fn write(object: Object, value: u64) -> Op {
    Op::Write(object, value)
}

#[test]
fn a_chain_of_updates_is_possible() {
    History::new()
        .committed(&[read(X, 0), write(X, 1), read(X, 1)])
        .committed(&[read(X, 1), write(X, 2), read(X, 2)])
        .aborted(&[read(X, 1), read(X, 1), write(X, 3), read(X, 3)])
        .is(&[]);
}

#[test]
fn write_skew_is_possible() {
    History::new()
        .committed(&[read(X, 0), read(Y, 0), write(X, 1)])
        .committed(&[read(X, 0), read(Y, 0), write(Y, 2)])
        .is(&[]);
}

#[test]
fn what_was_undone_may_be_written_again() {
    History::new()
        .committed(&[
            read(X, 0),
            write(X, 1),
            Op::Savepoint,
            write(X, 2),
            read(X, 2),
            Op::Rollback,
            read(X, 1),
        ])
        .committed(&[read(X, 1)])
        .is(&[]);
}

#[test]
fn a_lost_update_is_found() {
    let (writers, object) = ([0, 1], X);
    let found = check(
        &History::new()
            .committed(&[read(X, 0), write(X, 1)])
            .committed(&[read(X, 0), write(X, 2)])
            .0,
    );
    assert_eq!(found[0], Anomaly::LostUpdate { writers, object });
}

#[test]
fn a_read_of_what_was_rolled_back_is_found() {
    let dirty = Anomaly::DirtyRead {
        reader: 1,
        object: X,
    };
    History::new()
        .aborted(&[read(X, 0), write(X, 1)])
        .committed(&[read(X, 1)])
        .is(&[dirty]);
}

#[test]
fn a_read_of_what_was_replaced_is_found() {
    let intermediate = Anomaly::IntermediateRead {
        reader: 1,
        object: X,
    };
    History::new()
        .committed(&[read(X, 0), write(X, 1), write(X, 2)])
        .committed(&[read(X, 1)])
        .is(&[intermediate]);
}

#[test]
fn a_read_that_cannot_be_repeated_is_found() {
    let (reader, object) = (1, X);
    History::new()
        .committed(&[read(X, 0), write(X, 1)])
        .committed(&[read(X, 0), read(X, 1)])
        .is(&[Anomaly::NonRepeatableRead { reader, object }]);
}

#[test]
fn an_own_write_that_is_not_read_is_found() {
    let (reader, object) = (0, X);
    History::new()
        .committed(&[read(X, 0), write(X, 1), read(X, 0)])
        .is(&[Anomaly::OwnWriteNotRead { reader, object }]);
    History::new()
        .committed(&[
            read(X, 0),
            Op::Savepoint,
            write(X, 1),
            Op::Rollback,
            read(X, 1),
        ])
        .is(&[Anomaly::NonRepeatableRead { reader, object }]);
}

#[test]
fn half_of_a_transaction_is_found() {
    let found = check(
        &History::new()
            .committed(&[read(X, 0), write(X, 1), read(Y, 0), write(Y, 1)])
            .committed(&[read(X, 1), read(Y, 0)])
            .0,
    );
    assert!(
        matches!(found.as_slice(), [Anomaly::NoSnapshot { circle }] if circle.len() == 2),
        "{found:?}"
    );
}

#[test]
fn two_orders_of_two_commits_are_found() {
    let found = check(
        &History::new()
            .committed(&[read(X, 0), write(X, 1)])
            .committed(&[read(Y, 0), write(Y, 2)])
            .committed(&[read(X, 1), read(Y, 0)])
            .committed(&[read(X, 0), read(Y, 2)])
            .0,
    );
    assert!(
        matches!(found.as_slice(), [Anomaly::NoSnapshot { .. }]),
        "{found:?}"
    );
}

#[test]
fn a_stale_read_after_an_acknowledgement_is_found() {
    let found = check(
        &History::new()
            .begin((1, 2), Some((3, 4)), &[read(X, 0), write(X, 1)])
            .begin((5, 6), Some((7, 8)), &[read(X, 0)])
            .0,
    );
    assert!(
        matches!(found.as_slice(), [Anomaly::NoSnapshot { .. }]),
        "{found:?}"
    );
}

#[test]
fn a_read_of_the_future_is_found() {
    let found = check(
        &History::new()
            .begin((1, 2), Some((7, 8)), &[read(X, 1)])
            .begin((3, 4), Some((5, 6)), &[read(X, 0), write(X, 1)])
            .0,
    );
    assert!(
        matches!(found.as_slice(), [Anomaly::NoSnapshot { .. }]),
        "{found:?}"
    );
}

#[test]
fn a_broken_unique_constraint_is_found() {
    History::new()
        .committed(&[Op::Holders(vec![(7, X), (8, Y), (7, Y)])])
        .is(&[Anomaly::BrokenUnique {
            reader: 0,
            value: 7,
        }]);
    History::new()
        .committed(&[Op::Refused(7), Op::Holders(vec![(8, Y)])])
        .is(&[Anomaly::RefusedFreeValue {
            writer: 0,
            value: 7,
        }]);
    History::new()
        .committed(&[Op::Refused(8), Op::Holders(vec![(8, Y)])])
        .is(&[]);
}
