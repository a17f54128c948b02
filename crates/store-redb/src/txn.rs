//! A transaction: a shared snapshot and a private buffer of writes.

use std::sync::Arc;

use bytes::Bytes;
use store::buffer::WriteBuffer;
use store::{Batch, Commit, Error, ErrorKind, Page, Result, Savepoint, Scan, Txn};

use crate::engine::Shared;
use crate::failure::Failure;
use crate::overlay::View;
use crate::snapshot::WriterMark;

/// Up to so many keys are looked up as they come.
const FEW_KEYS: usize = 4;

pub struct RedbTxn {
    shared: Arc<Shared>,
    view: View,
    /// `None` in a read-only transaction.
    mark: Option<WriterMark>,
    unsynced: bool,
    buffer: WriteBuffer,
}

impl RedbTxn {
    pub fn new(shared: Arc<Shared>, view: View, mark: Option<WriterMark>, unsynced: bool) -> Self {
        Self {
            shared,
            view,
            mark,
            unsynced,
            buffer: WriteBuffer::default(),
        }
    }

    fn value(&self, key: &[u8]) -> Result<Option<Bytes>> {
        match self.buffer.find_change(key) {
            None => self.stored(key),
            Some(change) if change.only_adds() => {
                let stored = self.stored(key)?;
                change.value_over(stored.as_deref())
            }
            Some(change) => change.value_over(None),
        }
    }

    fn stored(&self, key: &[u8]) -> Result<Option<Bytes>> {
        if let Some(value) = self.view.find_over(key) {
            return Ok(value.clone());
        }
        let (values, sequence) = (&self.shared.values, self.view.sequence);
        if let Some(value) = values.find(key, sequence) {
            return Ok(Some(value));
        }
        let stored = self.view.get_in_file(key);
        let stored = stored.map_err(|error| self.read_error(error, "get a value"))?;
        Ok(stored.map(|stored| values.keep(key, sequence, stored.value())))
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
    fn sequence(&self) -> u64 {
        self.view.sequence
    }

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
        let failed = |error| self.read_error(error, "scan a range");
        self.view.page(&self.buffer, scan, failed)
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
            view,
            mark,
            unsynced,
            buffer,
        } = *self;
        let sequence = view.sequence;
        // The pages of the snapshot are free to be reused by the commit.
        drop(view);
        match mark {
            Some(mark) if !buffer.is_empty() => {
                shared.sequencer.commit(&shared, &buffer, mark, unsynced)
            }
            _ => Ok(Commit::new(sequence)),
        }
    }
}
