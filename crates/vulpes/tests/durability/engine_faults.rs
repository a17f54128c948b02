//! Every call of an engine fails once, beneath databases: the state is as before the operation or
//! as after it, and the operation can be done again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use database::{Databases, Settings};
use platform::Platform;
use store::memory::MemoryEngine;
use store::{
    Batch, BeginOptions, Commit, Engine, Error, ErrorKind, Limits, Page, Result, Savepoint, Scan,
    Seen, Txn, WhenDurable,
};

use crate::power_loss::{STEPS, check_agrees, describe, descriptions};

/// What happens at the call that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Nothing is done.
    Before,
    /// A commit is done and then reported as failed; any other call as [`Fault::Before`].
    After,
}

/// Counts calls down to the one that fails.
struct Countdown {
    left: AtomicU64,
    fault: Fault,
}

impl Countdown {
    fn is_now(&self) -> bool {
        let step = |left: u64| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
        left == Ok(1)
    }

    fn check(&self) -> Result<()> {
        if self.is_now() { Err(fault()) } else { Ok(()) }
    }
}

fn fault() -> Error {
    Error::new(ErrorKind::Io, "a fault that was asked for")
}

struct Faulty {
    inner: Arc<MemoryEngine>,
    countdown: Arc<Countdown>,
}

struct FaultyTxn {
    inner: Box<dyn Txn>,
    countdown: Arc<Countdown>,
}

impl Engine for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn limits(&self) -> &Limits {
        self.inner.limits()
    }

    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>> {
        self.countdown.check()?;
        Ok(Box::new(FaultyTxn {
            inner: self.inner.begin(options)?,
            countdown: Arc::clone(&self.countdown),
        }))
    }

    fn when_durable(&self, seen: Seen, then: WhenDurable) {
        self.inner.when_durable(seen, then);
    }

    fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

impl Txn for FaultyTxn {
    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        self.countdown.check()?;
        self.inner.get_many(keys)
    }

    fn scan(&mut self, scan: &Scan) -> Result<Page> {
        self.countdown.check()?;
        self.inner.scan(scan)
    }

    fn write(&mut self, batch: Batch) -> Result<()> {
        self.countdown.check()?;
        self.inner.write(batch)
    }

    fn savepoint(&mut self) -> Result<Savepoint> {
        self.countdown.check()?;
        self.inner.savepoint()
    }

    fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        self.countdown.check()?;
        self.inner.rollback_to(savepoint)
    }

    fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        self.countdown.check()?;
        self.inner.release(savepoint)
    }

    fn commit(self: Box<Self>) -> Result<Commit> {
        let fails = self.countdown.is_now();
        if fails && self.countdown.fault == Fault::Before {
            return Err(fault());
        }
        let committed = self.inner.commit()?;
        if fails { Err(fault()) } else { Ok(committed) }
    }
}

fn open(engine: Arc<dyn Engine>) -> Databases {
    let settings = Settings {
        index_build_documents: 10,
        index_build_piece_entries: 10,
        ..Settings::recommended()
    };
    Databases::open(engine, Platform::system(), settings).unwrap()
}

/// Runs the steps with a fault at the `nth` call of the engine; false if it was not reached.
fn run_with_fault(nth: u64, fault: Fault, expected: &[String]) -> bool {
    let inner = Arc::new(MemoryEngine::new());
    let countdown = Arc::new(Countdown {
        left: AtomicU64::new(0),
        fault,
    });
    let all = open(Arc::new(Faulty {
        inner: Arc::clone(&inner),
        countdown: Arc::clone(&countdown),
    }));
    countdown.left.store(nth, Ordering::SeqCst);
    let mut place = format!("{fault:?} at call {nth}");
    for (at, (name, step)) in STEPS.iter().enumerate() {
        let Err(error) = step(&all) else {
            continue;
        };
        place = format!("{place}, in {name}: {error:?}");
        let found = describe(&all).expect(&place);
        let possible = &expected[at..=at + 1];
        assert!(possible.contains(&found), "{place}: {found}");
        check_agrees(&all, &place);
        if fault == Fault::After {
            break;
        }
        if found == expected[at] {
            step(&all).unwrap_or_else(|error| panic!("{place}, again: {error:?}"));
        }
    }
    let is_reached = countdown.left.swap(0, Ordering::SeqCst) == 0;
    let found = describe(&all).expect(&place);
    if fault == Fault::Before {
        assert_eq!(&found, expected.last().unwrap(), "{place}");
    }
    drop(all);
    let all = open(inner);
    assert_eq!(
        describe(&all).expect(&place),
        found,
        "{place}, opened again"
    );
    check_agrees(&all, &place);
    is_reached
}

#[test]
fn every_call_of_an_engine_may_fail_beneath_databases() {
    let expected = descriptions();
    for fault in [Fault::Before, Fault::After] {
        let calls = (1..)
            .take_while(|nth| run_with_fault(*nth, fault, &expected))
            .count();
        assert!(calls > STEPS.len(), "only {calls} calls were reached");
        println!("{calls} calls failed, {fault:?}");
    }
}
