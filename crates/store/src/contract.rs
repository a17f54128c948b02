//! A wrapper that holds an engine to its contract, for debug builds and tests.
//!
//! It passes every call on and panics when the engine breaks a promise: an answer of the wrong
//! shape, entries out of order or out of range, a page beyond its limits, bad arguments let
//! through, or an error of a kind that the operation does not have.

use std::sync::Arc;

use bytes::Bytes;

use crate::batch::Batch;
use crate::engine::{
    BeginOptions, Begun, Commit, Engine, Savepoint, Seen, Statistics, Txn, WhenDurable,
};
use crate::error::{ErrorKind, Result};
use crate::limits::Limits;
use crate::scan::{Direction, Entry, Page, Scan};

/// An engine that is watched.
pub struct Contract {
    engine: Arc<dyn Engine>,
}

impl Contract {
    /// Watches `engine`.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine }
    }

    fn watch(&self, txn: Box<dyn Txn>, options: BeginOptions) -> Box<dyn Txn> {
        Box::new(ContractTxn {
            txn,
            limits: self.engine.limits().clone(),
            read_only: options.read_only,
        })
    }
}

impl Engine for Contract {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>> {
        use ErrorKind::{Busy, Closed, Corrupt, Full, Io, Unavailable};
        let txn = allow(
            "begin",
            self.engine.begin(options),
            &[Closed, Busy, Unavailable, Full, Io, Corrupt],
        )?;
        Ok(self.watch(txn, options))
    }

    fn begin_reading(&self, options: BeginOptions, keys: &[&[u8]]) -> Result<Begun> {
        use ErrorKind::{Busy, Closed, Corrupt, Full, InvalidArgument, Io, Limit, Unavailable};
        let begun = allow(
            "begin_reading",
            self.engine.begin_reading(options, keys),
            &[
                Closed,
                Busy,
                Unavailable,
                Full,
                Io,
                Corrupt,
                Limit,
                InvalidArgument,
            ],
        );
        refuses(
            "begin_reading",
            &self.engine.limits().check_get(keys),
            &begun,
        );
        let (txn, values) = begun?;
        assert_eq!(
            values.len(),
            keys.len(),
            "begin_reading answers every key once"
        );
        Ok((self.watch(txn, options), values))
    }

    fn is_shared(&self) -> bool {
        self.engine.is_shared()
    }

    fn when_durable(&self, seen: Seen, then: WhenDurable) {
        let then = Box::new(move |durable| then(allow("when_durable", durable, COMMIT)));
        self.engine.when_durable(seen, then);
    }

    fn sync_now(&self) {
        self.engine.sync_now();
    }

    fn health(&self) -> Result<()> {
        use ErrorKind::{Closed, Full, Poisoned};
        allow("health", self.engine.health(), &[Poisoned, Full, Closed])
    }

    fn statistics(&self) -> Statistics {
        self.engine.statistics()
    }

    fn close(&self) -> Result<()> {
        let closed = allow(
            "close",
            self.engine.close(),
            &[ErrorKind::Io, ErrorKind::Full],
        );
        assert!(
            self.begin(BeginOptions::default()).is_err(),
            "a closed engine begins"
        );
        closed
    }
}

struct ContractTxn {
    txn: Box<dyn Txn>,
    limits: Limits,
    read_only: bool,
}

const READ: &[ErrorKind] = &[
    ErrorKind::Limit,
    ErrorKind::InvalidArgument,
    ErrorKind::Unavailable,
    ErrorKind::Io,
    ErrorKind::Corrupt,
    ErrorKind::Closed,
];

const WRITE: &[ErrorKind] = &[
    ErrorKind::Limit,
    ErrorKind::InvalidArgument,
    ErrorKind::Io,
    ErrorKind::Closed,
];

const COMMIT: &[ErrorKind] = &[
    ErrorKind::Conflict,
    ErrorKind::InvalidArgument,
    ErrorKind::Limit,
    ErrorKind::Full,
    ErrorKind::Busy,
    ErrorKind::Unavailable,
    ErrorKind::Poisoned,
    ErrorKind::Closed,
    ErrorKind::Io,
    ErrorKind::Corrupt,
];

impl Txn for ContractTxn {
    fn sequence(&self) -> u64 {
        self.txn.sequence()
    }

    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>> {
        let value = allow("get", self.txn.get(key), READ);
        refuses("get", &self.limits.check_key(key), &value);
        value
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        let values = allow("get_many", self.txn.get_many(keys), READ);
        refuses("get_many", &self.limits.check_get(keys), &values);
        if let Ok(values) = &values {
            assert_eq!(values.len(), keys.len(), "get_many answers every key once");
        }
        values
    }

    fn scan(&mut self, scan: &Scan) -> Result<Page> {
        let page = allow("scan", self.txn.scan(scan), READ);
        refuses("scan", &self.limits.check_scan(scan), &page);
        if let Ok(page) = &page {
            check_page(scan, page);
        }
        page
    }

    fn write(&mut self, batch: Batch) -> Result<()> {
        let checked = self.limits.check_batch(&batch, 0);
        let written = allow("write", self.txn.write(batch), WRITE);
        refuses("write", &checked, &written);
        assert!(
            !(self.read_only && written.is_ok()),
            "a read-only transaction writes"
        );
        written
    }

    fn savepoint(&mut self) -> Result<Savepoint> {
        allow("savepoint", self.txn.savepoint(), WRITE)
    }

    fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        allow("rollback_to", self.txn.rollback_to(savepoint), WRITE)
    }

    fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        allow("release", self.txn.release(savepoint), WRITE)
    }

    fn commit(self: Box<Self>) -> Result<Commit> {
        let snapshot = self.txn.sequence();
        let committed = allow("commit", self.txn.commit(), COMMIT)?;
        assert!(
            committed.sequence >= snapshot,
            "a commit comes before what it saw"
        );
        Ok(committed)
    }
}

/// Panics if an error has a kind that the operation does not document.
#[track_caller]
fn allow<T>(operation: &str, result: Result<T>, kinds: &[ErrorKind]) -> Result<T> {
    if let Err(error) = &result {
        assert!(
            kinds.contains(&error.kind()),
            "{operation} fails with {error:?}"
        );
    }
    result
}

/// Panics if arguments that do not pass the check were accepted.
#[track_caller]
fn refuses<T>(operation: &str, checked: &Result<()>, result: &Result<T>) {
    if let Err(expected) = checked {
        let kind = result.as_ref().err().map(crate::Error::kind);
        assert_eq!(
            kind,
            Some(expected.kind()),
            "{operation} lets {expected:?} through"
        );
    }
}

fn check_page(scan: &Scan, page: &Page) {
    let entries = &page.entries;
    assert!(
        entries.len() <= scan.entries_max,
        "a page of more than entries_max"
    );
    let bytes: usize = entries
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    assert!(
        bytes <= scan.bytes_max || entries.len() == 1,
        "a page of more than bytes_max"
    );
    assert!(
        entries.iter().all(|(key, _)| scan.range.contains(key)),
        "a key out of range"
    );
    for (first, second) in entries.iter().zip(entries.iter().skip(1)) {
        assert!(in_order(scan.direction, first, second), "keys out of order");
    }
    if scan.keys_only {
        assert!(
            entries.iter().all(|(_, value)| value.is_empty()),
            "values in keys_only"
        );
    }
    let rest = entries.last().map(|(key, _)| scan.rest_after(key));
    assert!(
        page.next.is_none() || page.next == rest,
        "a page goes on elsewhere than it ends"
    );
}

fn in_order(direction: Direction, first: &Entry, second: &Entry) -> bool {
    match direction {
        Direction::Forward => first.0 < second.0,
        Direction::Reverse => first.0 > second.0,
    }
}
