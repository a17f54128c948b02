//! The committer: the one thread that writes to the file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use redb::{Database, Durability, ReadableTable, Table};
use store::{Error, ErrorKind, Result};

use crate::engine::{Current, Shared};
use crate::failure::Failure;
use crate::file::Source;
use crate::retained::Retained;
use crate::sequencer::{Accepted, Reopened, Work};
use crate::snapshot::{ENTRIES, Snapshot};

/// Owns the database. States: *running*; *poisoned* (see [`Shared::poison`]), where nothing is
/// accepted any more; *stopped*, when [`Committer::run`] has returned. A crash of the process in
/// any of them leaves the file after the last group whose sync finished, or the one after it.
pub struct Committer {
    shared: Arc<Shared>,
    source: Source,
    /// `None` while it is opened again, and when that failed.
    database: Option<Database>,
    retained: Retained,
}

impl Committer {
    pub fn open(source: Source, shared: Arc<Shared>) -> Result<Self> {
        let database = (source.open)()?;
        let snapshot =
            Snapshot::take(&database, 0).map_err(|failure| failure.into_error("read the file"))?;
        shared.sequencer.open(&shared, snapshot);
        Ok(Self {
            shared,
            source,
            database: Some(database),
            retained: Retained::default(),
        })
    }

    /// Works until it is told to stop, then closes the file.
    pub fn run(mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        while let Some(work) = shared.sequencer.next_work() {
            match work {
                Work::Write(group) => self.commit_group(&group),
                Work::Reopen(_tried) => {
                    if self.database.is_none()
                        && let Some(snapshot) = self.open_again()
                    {
                        shared.sequencer.open(&shared, snapshot);
                    }
                }
            }
        }
        self.retained.clear();
        let Some(database) = self.database.take() else {
            return Ok(());
        };
        database
            .close()
            .map_err(|error| Error::new(ErrorKind::Io, "close the file").with_source(error))
    }

    fn commit_group(&mut self, group: &[Accepted]) {
        let mut attempt = Attempt::default();
        self.retained.before_commit();
        let applied = catch_unwind(AssertUnwindSafe(|| self.apply_group(group, &mut attempt)));
        let failed = match applied {
            Ok(Ok(snapshot)) => {
                let snapshot = Arc::new(snapshot);
                self.retained.after_commit(&snapshot);
                return self.shared.sequencer.settle(&self.shared, snapshot, group);
            }
            Ok(Err(failure)) => self.shared.name_damage(failure.into_error("commit")),
            Err(panic) => Error::new(ErrorKind::Io, "commit, which panicked")
                .with_source(panic_text(panic.as_ref())),
        };
        let shared = Arc::clone(&self.shared);
        shared
            .sequencer
            .recover(&shared, group, || self.recover(failed, &attempt));
    }

    /// Writes the group, durably, and takes a snapshot of it.
    fn apply_group(
        &self,
        group: &[Accepted],
        attempt: &mut Attempt,
    ) -> std::result::Result<Snapshot, Failure> {
        let Some(database) = &self.database else {
            return Err(redb::StorageError::DatabaseClosed.into());
        };
        let mut txn = database.begin_write()?;
        txn.set_durability(Durability::Immediate)?;
        let mut table = txn.open_table(ENTRIES)?;
        let mut touched = Touched::default();
        for accepted in group {
            apply(&mut table, accepted, &mut touched)?;
        }
        attempt.witness = touched.find_witness(&table)?;
        drop(table);
        attempt.may_have_happened = true;
        txn.commit()?;
        let engine_commits = &self.shared.counters.engine_commits;
        engine_commits.fetch_add(1, Ordering::Relaxed);
        self.shared.note_room(None);
        let sequence = group.last().map_or(0, |accepted| accepted.sequence);
        Snapshot::take(database, sequence)
    }

    /// After a failed commit: opens the file again, which settles whether the commit happened.
    fn recover(&mut self, failed: Error, attempt: &Attempt) -> Reopened {
        if failed.kind() != ErrorKind::Full || self.source.watch.sync_failed() {
            self.shared.poison(&failed);
        }
        self.retained.clear();
        if let Some(database) = self.database.take() {
            // What it could not write is why we are here, and what panicked may panic again.
            drop(catch_unwind(AssertUnwindSafe(|| database.close())));
        }
        let is_damaged = self.source.watch.damage().is_some();
        // Nothing is served from a damaged file any more.
        let snapshot = (!is_damaged).then(|| self.open_again()).flatten();
        Reopened {
            group: self.find_outcome(failed, snapshot.as_ref(), attempt),
            snapshot,
        }
    }

    /// Whether a commit that found the disk full happened nevertheless: what redb does after the
    /// commit may fail too. Opening the file again has made it durable if so. Errors: `Full` if
    /// it did not happen; `Io` if that cannot be told.
    fn find_outcome(
        &self,
        failed: Error,
        snapshot: Option<&Snapshot>,
        attempt: &Attempt,
    ) -> Result<()> {
        if failed.kind() != ErrorKind::Full {
            return Err(failed);
        }
        let trusted = !self.source.watch.sync_failed();
        let happened = match (snapshot, &attempt.witness) {
            _ if !attempt.may_have_happened => Ok(false),
            (Some(snapshot), Some(witness)) if trusted => witness.is_seen(snapshot),
            _ => Err(redb::StorageError::DatabaseClosed.into()),
        };
        match happened {
            Ok(true) => Ok(()),
            Ok(false) => {
                let reason =
                    Error::new(failed.kind(), "a commit found the disk full and was undone");
                let reason = reason.with_source(failed.clone());
                self.shared.note_room(Some(&reason));
                Err(failed)
            }
            Err(_) => {
                let context = "commit on a full disk, and its outcome is not known";
                Err(Error::new(ErrorKind::Io, context).with_source(failed))
            }
        }
    }

    /// Opens the file after it was closed. Without success nobody can begin; if the disk is full,
    /// until there is room and it is tried again.
    fn open_again(&mut self) -> Option<Snapshot> {
        let reopened = (self.source.open)().and_then(|database| {
            let snapshot = Snapshot::take(&database, 0)
                .map_err(|failure| failure.into_error("read the file"))?;
            Ok((database, snapshot))
        });
        let error = match reopened {
            Ok((database, snapshot)) => {
                self.database = Some(database);
                return Some(snapshot);
            }
            Err(error) => error,
        };
        let kind = match error.kind() {
            ErrorKind::Full if !self.source.watch.sync_failed() => ErrorKind::Full,
            _ => {
                self.shared.poison(&error);
                ErrorKind::Io
            }
        };
        let context = "read after a failed commit, and the file did not open again";
        let error = Error::new(kind, context).with_source(error);
        self.shared.publish(Current::Failed(error));
        None
    }
}

/// How far a group came.
#[derive(Default)]
struct Attempt {
    /// It was complete, and its commit was begun.
    may_have_happened: bool,
    witness: Option<Witness>,
}

/// One key whose value tells whether a group was committed, because the group changes it.
struct Witness {
    key: Bytes,
    /// Its value after the group.
    value: Option<Bytes>,
}

impl Witness {
    fn is_seen(&self, snapshot: &Snapshot) -> std::result::Result<bool, Failure> {
        let stored = snapshot.table.get(self.key.as_ref())?;
        Ok(stored.as_ref().map(|stored| stored.value()) == self.value.as_deref())
    }
}

/// The first keys that a group touches, with their values before it.
#[derive(Default)]
struct Touched(Vec<(Bytes, Option<Bytes>)>);

impl Touched {
    /// Enough to find one among them that the group does not change back.
    const MAX: usize = 8;

    fn is_full(&self) -> bool {
        self.0.len() >= Self::MAX
    }

    fn add(&mut self, key: &[u8], before: Option<&[u8]>) {
        let is_known = self.0.iter().any(|(known, _)| known == key);
        if !self.is_full() && !is_known {
            let before = before.map(Bytes::copy_from_slice);
            self.0.push((Bytes::copy_from_slice(key), before));
        }
    }

    fn find_witness(
        self,
        table: &Table<'_, &'static [u8], &'static [u8]>,
    ) -> std::result::Result<Option<Witness>, Failure> {
        for (key, before) in self.0 {
            let stored = table.get(key.as_ref())?;
            let value = stored.as_ref().map(|stored| stored.value());
            if value != before.as_deref() {
                let value = value.map(Bytes::copy_from_slice);
                return Ok(Some(Witness { key, value }));
            }
        }
        Ok(None)
    }
}

fn apply(
    table: &mut Table<'_, &'static [u8], &'static [u8]>,
    accepted: &Accepted,
    touched: &mut Touched,
) -> std::result::Result<(), Failure> {
    for range in &accepted.cleared {
        if !touched.is_full()
            && let Some(first) = table.range::<&[u8]>(range.bounds())?.next()
        {
            let (key, value) = first?;
            touched.add(key.value(), Some(value.value()));
        }
        table.retain_in::<&[u8], _>(range.bounds(), |_, _| false)?;
    }
    for (key, value) in &accepted.writes {
        let key = key.as_ref();
        let before = match value {
            Some(value) => table.insert(key, value.as_ref())?,
            None => table.remove(key)?,
        };
        touched.add(key, before.as_ref().map(|before| before.value()));
    }
    Ok(())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
