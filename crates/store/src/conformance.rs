//! The suite that every engine must pass.
//!
//! An engine's tests give [`run`] a [`Fixture`] that opens it; each case gets a fresh store and
//! an engine watched by [`Contract`]. The cases state the promises of [`crate::Engine`] and
//! [`crate::Txn`] one by one, and `histories` compares the engine with the model on random
//! histories whose seed is printed when they differ.

mod conflicts;
mod counters;
mod histories;
mod lifecycle;
mod reads;
mod savepoints;
mod shared;
mod threads;
mod unsynced;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;

use crate::batch::{Batch, KeyRange};
use crate::contract::Contract;
use crate::engine::{BeginOptions, Commit, Engine, Txn};
use crate::error::{ErrorKind, Result};
use crate::scan::{Entry, Scan};

/// How the suite gets at an engine.
pub trait Fixture {
    /// Opens an engine on a store that is empty and shared with nobody.
    fn fresh(&self) -> Arc<dyn Engine>;

    /// Closes the engine and opens another on the same store; `None` if the engine keeps nothing
    /// after it was closed.
    fn reopen(&self, engine: Arc<dyn Engine>) -> Option<Arc<dyn Engine>>;

    /// Opens several engines on one empty store, as processes that share it would; none if the
    /// engine does not share its store.
    fn fresh_shared(&self, count: usize) -> Vec<Arc<dyn Engine>> {
        let _ = count;
        Vec::new()
    }
}

type Case = fn(&dyn Fixture);

const GROUPS: &[(&str, &[(&str, Case)])] = &[
    ("reads", reads::CASES),
    ("conflicts", conflicts::CASES),
    ("counters", counters::CASES),
    ("savepoints", savepoints::CASES),
    ("lifecycle", lifecycle::CASES),
    ("threads", threads::CASES),
    ("shared", shared::CASES),
    ("unsynced", unsynced::CASES),
    ("histories", histories::CASES),
];

/// Runs every case and returns how many there were.
///
/// # Panics
/// If a case fails: after all were run, naming those that failed.
pub fn run(fixture: &dyn Fixture) -> usize {
    let cases = GROUPS.iter().flat_map(|(group, cases)| {
        cases
            .iter()
            .map(move |(name, case)| (format!("{group}::{name}"), case))
    });
    let mut count = 0;
    let mut failed = Vec::new();
    for (name, case) in cases {
        count += 1;
        if catch_unwind(AssertUnwindSafe(|| case(fixture))).is_err() {
            failed.push(name);
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {count} cases failed: {failed:?}",
        failed.len()
    );
    count
}

fn open(fixture: &dyn Fixture) -> Arc<dyn Engine> {
    Arc::new(Contract::new(fixture.fresh()))
}

fn begin(engine: &Arc<dyn Engine>) -> Box<dyn Txn> {
    engine
        .begin(BeginOptions::read_write())
        .expect("an open engine begins")
}

fn batch(fill: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::new();
    fill(&mut batch);
    batch
}

/// Writes in an open transaction.
fn write(txn: &mut Box<dyn Txn>, fill: impl FnOnce(&mut Batch)) {
    txn.write(batch(fill))
        .expect("the batch is within the limits");
}

/// Writes in a transaction of its own.
fn commit(engine: &Arc<dyn Engine>, fill: impl FnOnce(&mut Batch)) -> Commit {
    let mut txn = begin(engine);
    write(&mut txn, fill);
    txn.commit().expect("nobody else writes")
}

fn get(txn: &mut Box<dyn Txn>, key: &str) -> Option<String> {
    let value = txn.get(key.as_bytes()).expect("get");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

fn get_committed(engine: &Arc<dyn Engine>, key: &str) -> Option<String> {
    get(&mut begin(engine), key)
}

/// Every entry of a scan, over as many pages as it takes.
fn scan_pages(txn: &mut Box<dyn Txn>, scan: Scan) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut request = Some(scan);
    while let Some(scan) = request {
        let page = txn.scan(&scan)?;
        request = scan.after(&page);
        entries.extend(page.entries);
    }
    Ok(entries)
}

/// The keys of a scan, joined by blanks.
fn keys(txn: &mut Box<dyn Txn>, scan: Scan) -> String {
    let entries = scan_pages(txn, scan).expect("scan");
    let keys: Vec<_> = entries
        .iter()
        .map(|(key, _)| String::from_utf8_lossy(key))
        .collect();
    keys.join(" ")
}

fn all_keys(txn: &mut Box<dyn Txn>) -> String {
    keys(txn, Scan::forward(KeyRange::all()))
}

fn key(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[track_caller]
fn assert_fails<T>(result: Result<T>, kind: ErrorKind) {
    let actual = result.err().map(|error| error.kind());
    assert_eq!(actual, Some(kind));
}
