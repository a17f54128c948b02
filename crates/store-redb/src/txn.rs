//! A transaction: a shared snapshot and a private buffer of writes.

use std::sync::Arc;

use bytes::Bytes;
use redb::AccessGuard;
use store::buffer::{StoredEntry, WriteBuffer};
use store::{Batch, Commit, Direction, Error, ErrorKind, Page, Result, Savepoint, Scan, Txn};

use crate::committer::Request;
use crate::engine::Shared;
use crate::failure::Failure;
use crate::snapshot::{Snapshot, WriterMark};

/// Up to so many keys are looked up as they come.
const FEW_KEYS: usize = 4;

pub struct RedbTxn {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    /// `None` in a read-only transaction.
    mark: Option<WriterMark>,
    buffer: WriteBuffer,
}

impl RedbTxn {
    pub fn new(shared: Arc<Shared>, snapshot: Arc<Snapshot>, mark: Option<WriterMark>) -> Self {
        Self {
            shared,
            snapshot,
            mark,
            buffer: WriteBuffer::default(),
        }
    }

    fn value(&self, key: &[u8]) -> Result<Option<Bytes>> {
        match self.buffer.find_change(key) {
            None => {
                let stored = self.stored(key)?;
                Ok(stored.map(|value| Bytes::copy_from_slice(value.value())))
            }
            Some(change) if change.only_adds() => {
                let stored = self.stored(key)?;
                change.value_over(stored.as_ref().map(AccessGuard::value))
            }
            Some(change) => change.value_over(None),
        }
    }

    fn stored(&self, key: &[u8]) -> Result<Option<AccessGuard<'static, &'static [u8]>>> {
        self.snapshot
            .table
            .get(key)
            .map_err(|error| self.read_error(error, "get a value"))
    }

    fn read_error(&self, error: redb::StorageError, context: &'static str) -> Error {
        let error = self
            .shared
            .name_damage(Failure::from(error).into_error(context));
        match error.kind() {
            // A read that finds the disk full is an ordinary failure to read.
            ErrorKind::Full => Error::new(ErrorKind::Io, context).with_source(error),
            _ => error,
        }
    }
}

impl Txn for RedbTxn {
    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>> {
        self.shared.settings.limits.check_key(key)?;
        self.value(key)
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        self.shared.settings.limits.check_get(keys)?;
        if keys.len() <= FEW_KEYS {
            return keys.iter().map(|key| self.value(key)).collect();
        }
        // Neighbours lie in the same pages, which are then still in the processor's caches.
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by_key(|at| keys.get(*at));
        let mut values = vec![None; keys.len()];
        for at in order {
            if let (Some(key), Some(value)) = (keys.get(at), values.get_mut(at)) {
                *value = self.value(key)?;
            }
        }
        Ok(values)
    }

    fn scan(&mut self, scan: &Scan) -> Result<Page> {
        self.shared.settings.limits.check_scan(scan)?;
        if scan.range.is_empty() {
            return Ok(Page::default());
        }
        let range = self.snapshot.table.range::<&[u8]>(scan.range.bounds());
        let range = range.map_err(|error| self.read_error(error, "scan a range"))?;
        let owned = |entry: redb::Result<_>| match entry {
            Ok((key, value)) => Ok(Entry { key, value }),
            Err(error) => Err(self.read_error(error, "scan a range")),
        };
        match scan.direction {
            Direction::Forward => self.buffer.page_over(scan, range.map(owned)),
            Direction::Reverse => self.buffer.page_over(scan, range.rev().map(owned)),
        }
    }

    fn write(&mut self, batch: Batch) -> Result<()> {
        if self.mark.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "write in a read-only transaction",
            ));
        }
        self.buffer.write(batch, &self.shared.settings.limits)
    }

    fn savepoint(&mut self) -> Result<Savepoint> {
        self.buffer.savepoint(&self.shared.settings.limits)
    }

    fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        self.buffer.rollback_to(savepoint)
    }

    fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        self.buffer.release(savepoint)
    }

    fn commit(self: Box<Self>) -> Result<Commit> {
        let Self {
            shared,
            snapshot,
            mark,
            buffer,
        } = *self;
        let sequence = snapshot.sequence;
        // The pages of the snapshot are free to be reused by the commit.
        drop(snapshot);
        match mark {
            Some(mark) if !buffer.is_empty() => {
                let (request, outcome) = Request::new(buffer, mark);
                shared.submit(request);
                // The committer lets go of a request unanswered only when it stops.
                outcome
                    .recv()
                    .unwrap_or_else(|_| Err(crate::engine::closed()))
            }
            _ => Ok(Commit::new(sequence)),
        }
    }
}

/// An entry in a page of redb.
struct Entry {
    key: AccessGuard<'static, &'static [u8]>,
    value: AccessGuard<'static, &'static [u8]>,
}

impl StoredEntry for Entry {
    fn key(&self) -> &[u8] {
        self.key.value()
    }

    fn value(&self) -> &[u8] {
        self.value.value()
    }
}
