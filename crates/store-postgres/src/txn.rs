//! A transaction: a snapshot at the server and a private buffer of writes.

use std::sync::Arc;

use bytes::Bytes;
use store::buffer::{Change, WriteBuffer};
use store::{Batch, Commit, Error, ErrorKind, Page, Result, Savepoint, Scan, Txn};

use crate::engine::Shared;
use crate::group::Request;
use crate::snapshot::{Chunk, Snapshot, Stored, StoredEntry};

pub struct PostgresTxn {
    shared: Arc<Shared>,
    snapshot: Snapshot,
    read_only: bool,
    buffer: WriteBuffer,
}

impl PostgresTxn {
    /// With the values of keys.
    pub fn begin(
        shared: &Arc<Shared>,
        read_only: bool,
        keys: &[&[u8]],
    ) -> Result<(Self, Vec<Stored>)> {
        let (snapshot, values) = Snapshot::begin(shared, keys)?;
        let txn = Self {
            shared: Arc::clone(shared),
            snapshot,
            read_only,
            buffer: WriteBuffer::default(),
        };
        Ok((txn, values))
    }
}

/// Whether the value depends on what is stored.
fn needs_stored(change: Option<&Change>) -> bool {
    change.is_none_or(Change::only_adds)
}

impl Txn for PostgresTxn {
    fn sequence(&self) -> u64 {
        self.snapshot.sequence
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        self.shared.server.settings.limits.check_get(keys)?;
        let needed: Vec<&[u8]> = (keys.iter().copied())
            .filter(|key| needs_stored(self.buffer.find_change(key)))
            .collect();
        let stored = match needed.as_slice() {
            [] => Vec::new(),
            needed => self.snapshot.get_many(needed)?,
        };
        let mut stored = stored.into_iter();
        let value = |key: &&[u8]| {
            let change = self.buffer.find_change(key);
            let beneath = match needs_stored(change) {
                true => stored.next().flatten(),
                false => None,
            };
            match change {
                None => Ok(beneath),
                Some(change) => change.value_over(beneath.as_deref()),
            }
        };
        keys.iter().map(value).collect()
    }

    fn scan(&mut self, scan: &Scan) -> Result<Page> {
        self.shared.server.settings.limits.check_scan(scan)?;
        if scan.range.is_empty() {
            return Ok(Page::default());
        }
        // Sums need what is stored, and may turn out not to be counters.
        let keys_only = scan.keys_only && !self.buffer.changes().any(|(_, own)| own.only_adds());
        let stored = Stream {
            snapshot: &self.snapshot,
            scan: scan.clone(),
            keys_only,
            chunk: Vec::new().into_iter(),
            ended: false,
        };
        self.buffer.page_over(scan, stored)
    }

    fn write(&mut self, batch: Batch) -> Result<()> {
        if self.read_only {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "write in a read-only transaction",
            ));
        }
        let limits = &self.shared.server.settings.limits;
        self.buffer.write(batch, limits)
    }

    fn savepoint(&mut self) -> Result<Savepoint> {
        self.buffer.savepoint(&self.shared.server.settings.limits)
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
            buffer,
            ..
        } = *self;
        let sequence = snapshot.sequence;
        // The connection is of use to others meanwhile.
        drop(snapshot);
        if buffer.is_empty() {
            return Ok(Commit::new(sequence));
        }
        let request = Request::new(sequence, &buffer, |range| shared.behind(range));
        drop(buffer);
        shared.commit(request).map(Commit::new)
    }
}

/// The entries of a range, fetched as they are asked for: almost always at once.
struct Stream<'a> {
    snapshot: &'a Snapshot,
    scan: Scan,
    keys_only: bool,
    chunk: std::vec::IntoIter<StoredEntry>,
    ended: bool,
}

impl Iterator for Stream<'_> {
    type Item = Result<StoredEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.chunk.next() {
                return Some(Ok(entry));
            }
            if self.ended {
                return None;
            }
            match self.snapshot.scan(&self.scan, self.keys_only) {
                Ok(Chunk { entries, rest }) => {
                    self.chunk = entries.into_iter();
                    match rest {
                        Some(rest) => self.scan.range = rest,
                        None => self.ended = true,
                    }
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
