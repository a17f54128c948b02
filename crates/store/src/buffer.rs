//! The writes of an open transaction, kept in memory above a snapshot: for engines.
//!
//! A [`WriteBuffer`] holds what a transaction did, lays it over what the engine reads from its
//! snapshot, undoes it to a savepoint, and at commit says which keys it touched and what becomes
//! of each. It is independent of the model in [`crate::memory`], which replays operations
//! instead, so that the two check each other.

mod ranges;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use bytes::Bytes;

use crate::batch::{Batch, KeyRange, Op, counter_sum, encode_counter};
use crate::engine::Savepoint;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::scan::{Direction, Page, PageBuilder, Scan};
use ranges::RangeSet;

/// What a transaction did to one key: first the base is set, then the sum is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What takes the place of the stored value.
    pub base: Base,
    /// What is added to it, if anything was.
    pub add: Option<i64>,
}

/// What takes the place of the stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The stored value stays.
    Stored,
    /// The key is removed.
    Deleted,
    /// The key has a new value.
    Value(Bytes),
}

impl Change {
    /// The value of the key, given what is stored; `None` if it has none. Errors:
    /// `InvalidArgument` if something is added to what is not a counter.
    pub fn value_over(&self, stored: Option<&[u8]>) -> Result<Option<Bytes>> {
        let base = match &self.base {
            Base::Stored => stored,
            Base::Deleted => None,
            Base::Value(value) => Some(value.as_ref()),
        };
        match (self.add, &self.base) {
            (Some(delta), _) => Ok(Some(encode_counter(counter_sum(base, delta)?))),
            (None, Base::Value(value)) => Ok(Some(value.clone())),
            (None, _) => Ok(base.map(Bytes::copy_from_slice)),
        }
    }

    /// Whether the change only adds, so that others may add at the same time.
    pub fn only_adds(&self) -> bool {
        self.base == Base::Stored
    }
}

/// The buffered writes of a transaction.
#[derive(Debug, Default)]
pub struct WriteBuffer {
    changes: BTreeMap<Bytes, Change>,
    /// Ranges deleted beneath `changes`.
    cleared: RangeSet,
    guards: BTreeSet<Bytes>,
    bytes: usize,
    savepoints: Vec<Mark>,
    savepoint_next: u64,
    /// How to take back what was done since the first open savepoint, in order.
    undo: Vec<Undo>,
}

#[derive(Debug)]
struct Mark {
    id: u64,
    undo_len: usize,
    bytes: usize,
}

#[derive(Debug)]
enum Undo {
    Change {
        key: Bytes,
        previous: Option<Change>,
    },
    Cleared {
        merged: KeyRange,
        replaced: Vec<KeyRange>,
    },
    Guard {
        key: Bytes,
    },
}

/// An entry that an engine read from its snapshot, not yet copied.
pub trait StoredEntry {
    /// The key.
    fn key(&self) -> &[u8];
    /// The value.
    fn value(&self) -> &[u8];
}

impl WriteBuffer {
    /// Whether there is nothing to validate and nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.cleared.is_empty() && self.guards.is_empty()
    }

    /// Whether there is nothing to write; there may be guards.
    pub fn writes_nothing(&self) -> bool {
        self.changes.is_empty() && self.cleared.is_empty()
    }

    /// What was done to single keys, in key order. Apply after [`Self::cleared`].
    pub fn changes(&self) -> impl Iterator<Item = (&Bytes, &Change)> {
        self.changes.iter()
    }

    /// Deleted ranges, disjoint and in key order.
    pub fn cleared(&self) -> impl Iterator<Item = KeyRange> + '_ {
        self.cleared.iter()
    }

    /// Guarded keys in key order.
    pub fn guards(&self) -> impl Iterator<Item = &Bytes> {
        self.guards.iter()
    }

    /// Size of the buffer as limits count it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in a batch, all or none. Errors: `Limit`, `InvalidArgument`.
    pub fn write(&mut self, batch: Batch, limits: &Limits) -> Result<()> {
        limits.check_batch(&batch, self.bytes)?;
        for op in batch.into_ops() {
            self.bytes += op.bytes();
            self.apply(op);
        }
        Ok(())
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Put { key, value } => {
                self.set(
                    key,
                    Change {
                        base: Base::Value(value),
                        add: None,
                    },
                );
            }
            Op::Delete { key } => self.set(
                key,
                Change {
                    base: Base::Deleted,
                    add: None,
                },
            ),
            Op::Add { key, delta } => {
                let change = match self.changes.get(&key) {
                    Some(change) => {
                        let sum = change.add.unwrap_or(0).wrapping_add(delta);
                        Change {
                            base: change.base.clone(),
                            add: Some(sum),
                        }
                    }
                    None if self.cleared.contains(&key) => Change {
                        base: Base::Deleted,
                        add: Some(delta),
                    },
                    None => Change {
                        base: Base::Stored,
                        add: Some(delta),
                    },
                };
                self.set(key, change);
            }
            Op::DeleteRange { range } => self.clear(range),
            Op::Guard { key } => {
                if self.guards.insert(key.clone()) {
                    self.remember(Undo::Guard { key });
                }
            }
        }
    }

    fn set(&mut self, key: Bytes, change: Change) {
        if self.savepoints.is_empty() {
            self.changes.insert(key, change);
        } else {
            let previous = self.changes.insert(key.clone(), change);
            self.undo.push(Undo::Change { key, previous });
        }
    }

    fn clear(&mut self, range: KeyRange) {
        if range.is_empty() {
            return;
        }
        let within: Vec<Bytes> = self
            .changes
            .range::<[u8], _>(range.bounds())
            .map(|(key, _)| key.clone())
            .collect();
        for key in within {
            let previous = self.changes.remove(&key);
            self.remember(Undo::Change { key, previous });
        }
        let (merged, replaced) = self.cleared.insert(range);
        self.remember(Undo::Cleared { merged, replaced });
    }

    fn remember(&mut self, undo: Undo) {
        if !self.savepoints.is_empty() {
            self.undo.push(undo);
        }
    }

    /// What the transaction did to `key`, if it touched it.
    ///
    /// A key in a deleted range that was not written again shows as deleted.
    pub fn find_change(&self, key: &[u8]) -> Option<&Change> {
        const DELETED: &Change = &Change {
            base: Base::Deleted,
            add: None,
        };
        let change = self.changes.get(key);
        change.or_else(|| self.cleared.contains(key).then_some(DELETED))
    }

    /// See [`crate::Txn::savepoint`].
    pub fn savepoint(&mut self, limits: &Limits) -> Result<Savepoint> {
        if self.savepoints.len() >= limits.savepoints_max {
            let wanted = self.savepoints.len() + 1;
            return Err(Error::limit(
                "savepoints_max",
                limits.savepoints_max,
                wanted,
            ));
        }
        let id = self.savepoint_next;
        self.savepoint_next += 1;
        self.savepoints.push(Mark {
            id,
            undo_len: self.undo.len(),
            bytes: self.bytes,
        });
        Ok(Savepoint::new(id))
    }

    /// See [`crate::Txn::rollback_to`].
    pub fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        let at = self.find_savepoint(savepoint)?;
        self.savepoints.truncate(at + 1);
        let Some(mark) = self.savepoints.last() else {
            return Ok(());
        };
        self.bytes = mark.bytes;
        for undo in self.undo.drain(mark.undo_len..).rev() {
            match undo {
                Undo::Change {
                    key,
                    previous: Some(change),
                } => {
                    self.changes.insert(key, change);
                }
                Undo::Change {
                    key,
                    previous: None,
                } => {
                    self.changes.remove(&key);
                }
                Undo::Cleared { merged, replaced } => self.cleared.restore(&merged, replaced),
                Undo::Guard { key } => {
                    self.guards.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// See [`crate::Txn::release`].
    pub fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        let at = self.find_savepoint(savepoint)?;
        self.savepoints.truncate(at);
        if self.savepoints.is_empty() {
            self.undo.clear();
        }
        Ok(())
    }

    fn find_savepoint(&self, savepoint: Savepoint) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|mark| mark.id == savepoint.id())
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    "return to a savepoint that is not open",
                )
            })
    }

    /// One page of the buffer laid over what is stored.
    ///
    /// `stored` yields the entries of `scan.range` in the scan's direction. Errors: those of
    /// `stored`, and `InvalidArgument` (see [`Change::value_over`]).
    pub fn page_over<E: StoredEntry>(
        &self,
        scan: &Scan,
        mut stored: impl Iterator<Item = Result<E>>,
    ) -> Result<Page> {
        let mut page = PageBuilder::new(scan);
        if scan.range.is_empty() {
            return Ok(page.finish());
        }
        if self.changes.is_empty() {
            // The common case, spared the merge.
            for entry in stored {
                if !push_stored(&mut page, &entry?, &self.cleared) {
                    return Ok(page.finish_full());
                }
            }
            return Ok(page.finish());
        }
        let mut own = self.changes_in(scan).peekable();
        let mut next_stored = stored.next().transpose()?;
        loop {
            let which = match (own.peek(), &next_stored) {
                (None, None) => return Ok(page.finish()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((key, _)), Some(entry)) => match scan.direction {
                    Direction::Forward => key.as_ref().cmp(entry.key()),
                    Direction::Reverse => entry.key().cmp(key.as_ref()),
                },
            };
            let fits = match &next_stored {
                Some(entry) if which == Ordering::Greater => {
                    push_stored(&mut page, entry, &self.cleared)
                }
                entry => {
                    let beneath = entry.as_ref().filter(|_| which == Ordering::Equal);
                    push_own(&mut page, own.next(), beneath.map(E::value))?
                }
            };
            if !fits {
                return Ok(page.finish_full());
            }
            if which != Ordering::Less {
                next_stored = stored.next().transpose()?;
            }
        }
    }

    fn changes_in<'a>(
        &'a self,
        scan: &Scan,
    ) -> Box<dyn Iterator<Item = (&'a Bytes, &'a Change)> + 'a> {
        let changes = self.changes.range::<[u8], _>(scan.range.bounds());
        match scan.direction {
            Direction::Forward => Box::new(changes),
            Direction::Reverse => Box::new(changes.rev()),
        }
    }
}

/// Appends an entry that only exists in the snapshot; false if it does not fit.
fn push_stored<E: StoredEntry>(page: &mut PageBuilder<'_>, entry: &E, cleared: &RangeSet) -> bool {
    if cleared.contains(entry.key()) {
        return true;
    }
    if !page.has_room_for(entry.key().len(), entry.value().len()) {
        return false;
    }
    page.push(entry.key(), entry.value());
    true
}

/// Appends an entry that the transaction changed; false if it does not fit.
fn push_own(
    page: &mut PageBuilder<'_>,
    own: Option<(&Bytes, &Change)>,
    stored: Option<&[u8]>,
) -> Result<bool> {
    let Some((key, change)) = own else {
        return Ok(true);
    };
    let Some(value) = change.value_over(stored)? else {
        return Ok(true);
    };
    if !page.has_room_for(key.len(), value.len()) {
        return Ok(false);
    }
    page.push(key, &value);
    Ok(true)
}
