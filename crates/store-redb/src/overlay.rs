//! What was committed and is not in the file yet, laid over a snapshot of the file.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use redb::AccessGuard;
use store::buffer::{StoredEntry, WriteBuffer};
use store::{Direction, Page, Scan};

use crate::snapshot::Snapshot;

/// The values of keys that commits changed; `None` for those that they deleted. Clones share
/// what is not changed afterwards.
pub type Overlay = OrdMap<Bytes, Option<Bytes>>;

/// The keyspace as of one commit.
#[derive(Clone)]
pub struct View {
    /// Sequence of the last commit in it.
    pub sequence: u64,
    snapshot: Arc<Snapshot>,
    overlay: Overlay,
}

/// A value where it lies.
pub enum Stored {
    InFile(AccessGuard<'static, &'static [u8]>),
    Over(Bytes),
}

/// An entry where it lies.
pub enum Entry {
    InFile {
        key: AccessGuard<'static, &'static [u8]>,
        value: AccessGuard<'static, &'static [u8]>,
    },
    Over {
        key: Bytes,
        value: Bytes,
    },
}

type Entries<'a> = Box<dyn Iterator<Item = redb::Result<Entry>> + 'a>;

impl View {
    /// What is in the file.
    pub fn of_file(snapshot: Arc<Snapshot>) -> Self {
        Self {
            sequence: snapshot.sequence,
            snapshot,
            overlay: Overlay::new(),
        }
    }

    /// Lays a commit over it.
    pub fn push(&mut self, sequence: u64, writes: &[(Bytes, Option<Bytes>)]) {
        self.sequence = sequence;
        for (key, value) in writes {
            self.overlay.insert(key.clone(), value.clone());
        }
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Stored>, redb::StorageError> {
        match self.find_over(key) {
            Some(value) => Ok(value.clone().map(Stored::Over)),
            None => self.get_in_file(key),
        }
    }

    /// What lies over the file; `None` if nothing does.
    pub fn find_over(&self, key: &[u8]) -> Option<&Option<Bytes>> {
        self.overlay.get(key)
    }

    /// What is in the file, whatever lies over it.
    pub fn get_in_file(&self, key: &[u8]) -> Result<Option<Stored>, redb::StorageError> {
        Ok(self.snapshot.table.get(key)?.map(Stored::InFile))
    }

    /// The page of `buffer` laid over this; the scan's range is not empty.
    pub fn page(
        &self,
        buffer: &WriteBuffer,
        scan: &Scan,
        failed: impl Fn(redb::StorageError) -> store::Error,
    ) -> store::Result<Page> {
        let file = self.snapshot.table.range::<&[u8]>(scan.range.bounds());
        let file = file.map_err(&failed)?;
        let owned = |entry: redb::Result<_>| {
            let (key, value) = entry?;
            Ok(Entry::InFile { key, value })
        };
        match (scan.direction, self.overlay.is_empty()) {
            // Apart from the others, since a scan of much is worth a loop of its own.
            (Direction::Forward, true) => {
                let entries = file.map(|entry| owned(entry).map_err(&failed));
                buffer.page_over(scan, entries)
            }
            (Direction::Reverse, true) => {
                let entries = file.rev().map(|entry| owned(entry).map_err(&failed));
                buffer.page_over(scan, entries)
            }
            (direction, false) => {
                let file: Entries<'_> = match direction {
                    Direction::Forward => Box::new(file.map(owned)),
                    Direction::Reverse => Box::new(file.rev().map(owned)),
                };
                let entries = self.merge(file, scan);
                buffer.page_over(scan, entries.map(|entry| entry.map_err(&failed)))
            }
        }
    }

    fn merge<'a>(&'a self, file: Entries<'a>, scan: &Scan) -> Merged<'a> {
        let over = self.overlay.range::<_, [u8]>(scan.range.bounds());
        let over = over.map(|(key, value)| (key.clone(), value.clone()));
        let over: Box<dyn Iterator<Item = (Bytes, Option<Bytes>)>> = match scan.direction {
            Direction::Forward => Box::new(over),
            Direction::Reverse => Box::new(over.rev()),
        };
        Merged {
            file: file.peekable(),
            over: over.peekable(),
            direction: scan.direction,
        }
    }
}

impl Stored {
    pub fn value(&self) -> &[u8] {
        match self {
            Self::InFile(value) => value.value(),
            Self::Over(value) => value,
        }
    }
}

impl StoredEntry for Entry {
    fn key(&self) -> &[u8] {
        match self {
            Self::InFile { key, .. } => key.value(),
            Self::Over { key, .. } => key,
        }
    }

    fn value(&self) -> &[u8] {
        match self {
            Self::InFile { value, .. } => value.value(),
            Self::Over { value, .. } => value,
        }
    }
}

/// Both in order; what lies over hides what is in the file.
struct Merged<'a> {
    file: Peekable<Entries<'a>>,
    over: Peekable<Box<dyn Iterator<Item = (Bytes, Option<Bytes>)> + 'a>>,
    direction: Direction,
}

impl Iterator for Merged<'_> {
    type Item = redb::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.file.peek(), self.over.peek()) {
                (_, None) | (Some(Err(_)), _) => return self.file.next(),
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok(entry)), Some((key, _))) => match self.direction {
                    Direction::Forward => entry.key().cmp(key),
                    Direction::Reverse => key.as_ref().cmp(entry.key()),
                },
            };
            if order == Ordering::Less {
                return self.file.next();
            }
            if order == Ordering::Equal {
                self.file.next();
            }
            if let (key, Some(value)) = self.over.next()? {
                return Some(Ok(Entry::Over { key, value }));
            }
        }
    }
}
