//! An engine that tells a test of each call, before it passes it on.

use bytes::Bytes;
use store::{Batch, BeginOptions, Begun, Commit, Limits, Page, Scan, Txn};

use super::*;

/// What an engine is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A snapshot, perhaps with some values of it.
    Begin,
    /// Values or a page of entries.
    Read,
    /// To buffer a batch.
    Write,
    /// To commit a transaction, and whether it wrote.
    Commit { wrote: bool },
}

type Watch = Arc<dyn Fn(Call) + Send + Sync>;

/// The engine.
pub struct Watched {
    inner: Arc<dyn Engine>,
    watch: Watch,
}

struct WatchedTxn {
    inner: Box<dyn Txn>,
    watch: Watch,
    wrote: bool,
}

impl Watched {
    pub fn new(inner: Arc<dyn Engine>, watch: impl Fn(Call) + Send + Sync + 'static) -> Self {
        let watch = Arc::new(watch);
        Self { inner, watch }
    }

    fn watch(&self, inner: Box<dyn Txn>) -> Box<dyn Txn> {
        Box::new(WatchedTxn {
            inner,
            watch: Arc::clone(&self.watch),
            wrote: false,
        })
    }
}

impl Engine for Watched {
    fn name(&self) -> &'static str {
        "watched"
    }

    fn limits(&self) -> &Limits {
        self.inner.limits()
    }

    fn begin(&self, options: BeginOptions) -> store::Result<Box<dyn Txn>> {
        (self.watch)(Call::Begin);
        Ok(self.watch(self.inner.begin(options)?))
    }

    fn begin_reading(&self, options: BeginOptions, keys: &[&[u8]]) -> store::Result<Begun> {
        (self.watch)(Call::Begin);
        let (txn, values) = self.inner.begin_reading(options, keys)?;
        Ok((self.watch(txn), values))
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn when_durable(&self, seen: store::Seen, then: store::WhenDurable) {
        self.inner.when_durable(seen, then);
    }

    fn close(&self) -> store::Result<()> {
        self.inner.close()
    }
}

impl Txn for WatchedTxn {
    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> store::Result<Vec<Option<Bytes>>> {
        (self.watch)(Call::Read);
        self.inner.get_many(keys)
    }

    fn scan(&mut self, scan: &Scan) -> store::Result<Page> {
        (self.watch)(Call::Read);
        self.inner.scan(scan)
    }

    fn write(&mut self, batch: Batch) -> store::Result<()> {
        self.wrote = true;
        (self.watch)(Call::Write);
        self.inner.write(batch)
    }

    fn savepoint(&mut self) -> store::Result<store::Savepoint> {
        self.inner.savepoint()
    }

    fn rollback_to(&mut self, savepoint: store::Savepoint) -> store::Result<()> {
        self.inner.rollback_to(savepoint)
    }

    fn release(&mut self, savepoint: store::Savepoint) -> store::Result<()> {
        self.inner.release(savepoint)
    }

    fn commit(self: Box<Self>) -> store::Result<Commit> {
        (self.watch)(Call::Commit { wrote: self.wrote });
        self.inner.commit()
    }
}
