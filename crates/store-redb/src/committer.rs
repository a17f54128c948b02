//! The committer: the one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bytes::Bytes;
use redb::{Database, Durability, ReadableTable, Table};
use store::buffer::{Base, WriteBuffer};
use store::{Commit, Error, ErrorKind, Result};

use crate::engine::{Current, Shared};
use crate::failure::Failure;
use crate::file::Source;
use crate::recent::Recent;
use crate::snapshot::{ENTRIES, Snapshot, WriterMark};

/// What the committer is told.
pub enum Event {
    /// Commit this.
    Commit(Box<Request>),
    /// Try to open the file again, if the disk was too full for it. The sender is dropped when
    /// that has been tried.
    Reopen(SyncSender<()>),
    /// Finish what was asked for before, then stop.
    Stop,
}

/// A transaction that waits for its commit.
pub struct Request {
    buffer: WriteBuffer,
    /// Keeps what was committed since the transaction began from being forgotten.
    mark: WriterMark,
    reply: SyncSender<Result<Commit>>,
}

impl Request {
    /// A request and where its outcome arrives.
    pub fn new(buffer: WriteBuffer, mark: WriterMark) -> (Self, Receiver<Result<Commit>>) {
        let (reply, outcome) = sync_channel(1);
        (
            Self {
                buffer,
                mark,
                reply,
            },
            outcome,
        )
    }

    fn answer(self, outcome: Result<Commit>) {
        // Nobody listens any more only if the caller's thread died.
        drop(self.reply.send(outcome));
    }
}

/// Owns the database. States: *running*; *poisoned* (see [`Shared::poison`]), where it answers
/// every request with the reason; *stopped*, when [`Committer::run`] has returned. A crash of
/// the process in any of them leaves the file after the last group whose sync finished, or the
/// one after it.
pub struct Committer {
    shared: Arc<Shared>,
    events: Receiver<Event>,
    source: Source,
    /// `None` while it is opened again, and when that failed.
    database: Option<Database>,
    recent: Recent,
    sequence: u64,
}

/// One key whose value tells whether a group was committed, because the group changes it.
/// Additions are no witnesses: several members of a group may add to one key.
struct Witness {
    key: Bytes,
    /// Its value in the group.
    value: Option<Bytes>,
}

impl Witness {
    fn new(key: &[u8], value: Option<Bytes>) -> Self {
        let key = Bytes::copy_from_slice(key);
        Self { key, value }
    }

    /// The first key that clearing a range removes, unless it is written again.
    fn of_range(
        table: &Table<'_, &'static [u8], &'static [u8]>,
        buffer: &WriteBuffer,
        range: &store::KeyRange,
    ) -> std::result::Result<Option<Self>, Failure> {
        let Some(first) = table.range::<&[u8]>(range.bounds())?.next() else {
            return Ok(None);
        };
        let (key, _) = first?;
        let change = buffer.find_change(key.value());
        let stays_removed = change
            .is_some_and(|change| change.add.is_none() && matches!(change.base, Base::Deleted));
        Ok(stays_removed.then(|| Self::new(key.value(), None)))
    }

    fn is_seen(&self, database: &Database, sequence: u64) -> std::result::Result<bool, Failure> {
        let snapshot = Snapshot::take(database, sequence)?;
        let stored = snapshot.table.get(self.key.as_ref())?;
        Ok(stored.as_ref().map(|stored| stored.value()) == self.value.as_deref())
    }
}

/// A request of the group that passed, with the sequence it gets.
struct Survivor {
    request: Request,
    sequence: u64,
}

impl Committer {
    pub fn open(source: Source, shared: Arc<Shared>, events: Receiver<Event>) -> Result<Self> {
        let database = (source.open)()?;
        let recent = Recent::new(shared.settings.recent_keys_max);
        let database = Some(database);
        let mut committer = Self {
            shared,
            events,
            source,
            database,
            recent,
            sequence: 0,
        };
        committer
            .publish()
            .map_err(|failure| failure.into_error("read the file"))?;
        Ok(committer)
    }

    /// Works until it is told to stop, then closes the file.
    pub fn run(mut self) -> Result<()> {
        while let Some(group) = self.next_group() {
            self.commit_group(group);
        }
        let Some(database) = self.database.take() else {
            return Ok(());
        };
        database
            .close()
            .map_err(|error| Error::new(ErrorKind::Io, "close the file").with_source(error))
    }

    /// All that wait, up to a size; waits for the first. `None` to stop.
    fn next_group(&mut self) -> Option<Vec<Request>> {
        let group_bytes_max = self.shared.settings.group_bytes_max;
        let first = loop {
            match self.events.recv().ok()? {
                Event::Commit(first) => break first,
                Event::Reopen(_tried) if self.database.is_none() => self.reopen(),
                Event::Reopen(_) => {}
                Event::Stop => return None,
            }
        };
        let mut bytes = first.buffer.bytes();
        let mut group = vec![*first];
        while bytes < group_bytes_max {
            match self.events.try_recv() {
                Ok(Event::Commit(request)) => {
                    bytes = bytes.saturating_add(request.buffer.bytes());
                    group.push(*request);
                }
                // There is one, or there would be no transaction to commit.
                Ok(Event::Reopen(_)) => {}
                // Answer these first; the channel then ends for lack of anything after `Stop`.
                Ok(Event::Stop) => {
                    self.commit_group(group);
                    return None;
                }
                Err(_) => break,
            }
        }
        Some(group)
    }

    fn commit_group(&mut self, group: Vec<Request>) {
        if let Err(poison) = self.shared.check_poison() {
            return answer_all(group, &poison);
        }
        let group = self.refuse_conflicts(group);
        if group.is_empty() {
            return;
        }
        if self.database.is_none() {
            self.reopen();
        }
        if let Err(full) = self.check_room(&group) {
            return answer_all(group, &full);
        }
        // Filled while applying, so that a panic leaves everybody's way to be answered here.
        let mut survivors = Vec::with_capacity(group.len());
        let mut witness = None;
        let applied = catch_unwind(AssertUnwindSafe(|| {
            self.apply_group(group, &mut survivors, &mut witness)
        }));
        let failed = match applied {
            Ok(Ok(())) => return self.acknowledge(survivors),
            Ok(Err(failure)) => self.shared.name_damage(failure.into_error("commit")),
            Err(panic) => Error::new(ErrorKind::Io, "commit, which panicked")
                .with_source(panic_text(panic.as_ref())),
        };
        self.recover(&failed);
        let failed = match self.settle(failed, witness.as_ref()) {
            Ok(()) => return self.acknowledge(survivors),
            Err(failed) => failed,
        };
        let requests = survivors.into_iter().map(|survivor| survivor.request);
        answer_all(requests.collect(), &failed);
    }

    /// Whether a commit that found the disk full happened nevertheless: what redb does after the
    /// commit may fail too. Opening the file again has made it durable if so. Errors: `Full` if
    /// it did not happen; `Io` if that cannot be told.
    fn settle(&self, failed: Error, witness: Option<&Witness>) -> Result<()> {
        if failed.kind() != ErrorKind::Full {
            return Err(failed);
        }
        let trusted = !self.source.watch.sync_failed();
        let happened = match (&self.database, witness) {
            (Some(database), Some(witness)) if trusted => witness.is_seen(database, self.sequence),
            _ => Err(redb::StorageError::DatabaseClosed.into()),
        };
        match happened {
            Ok(true) => Ok(()),
            Ok(false) => {
                tracing::warn!(reason = ?failed, "a commit found the disk full and was undone");
                Err(failed)
            }
            Err(_) => {
                let context = "commit on a full disk, and its outcome is not known";
                Err(Error::new(ErrorKind::Io, context).with_source(failed))
            }
        }
    }

    /// Answers those that lost to a commit since they began, and returns the others.
    ///
    /// They are looked at again while applying, since they may lose to each other. It is done
    /// here so that a group of losers never begins to write.
    fn refuse_conflicts(&self, group: Vec<Request>) -> Vec<Request> {
        let mut others = Vec::with_capacity(group.len());
        for request in group {
            if self.recent.conflicts(&request.buffer, *request.mark) {
                self.refuse_conflict(request);
            } else if request.buffer.writes_nothing() {
                let commit = Commit::new(*request.mark);
                request.answer(Ok(commit));
            } else {
                others.push(request);
            }
        }
        others
    }

    fn refuse_conflict(&self, request: Request) {
        self.shared
            .counters
            .transactions_conflicted
            .fetch_add(1, Ordering::Relaxed);
        let conflict = Error::new(ErrorKind::Conflict, "commit after a conflicting commit");
        request.answer(Err(conflict));
    }

    fn check_room(&self, group: &[Request]) -> Result<()> {
        /// Pages written for each byte of change, at a guess: copies of pages up to the root.
        const AMPLIFICATION: u64 = 4;
        let free_bytes_min = self.shared.settings.free_bytes_min;
        let bytes: usize = group.iter().map(|request| request.buffer.bytes()).sum();
        let needed = free_bytes_min.saturating_add(AMPLIFICATION.saturating_mul(bytes as u64));
        // If the file system does not say, the commit will find out.
        let free = (self.source.free_bytes)().unwrap_or(u64::MAX);
        if free >= needed {
            return Ok(());
        }
        let context = format!(
            "commit with {free} bytes left on the disk, of {needed} needed \
             (free_bytes_min is {free_bytes_min})"
        );
        Err(Error::new(ErrorKind::Full, context))
    }

    fn apply_group(
        &mut self,
        group: Vec<Request>,
        survivors: &mut Vec<Survivor>,
        witness: &mut Option<Witness>,
    ) -> std::result::Result<(), Failure> {
        survivors.extend(group.into_iter().map(|request| Survivor {
            request,
            sequence: 0,
        }));
        let Some(database) = &self.database else {
            return Err(redb::StorageError::DatabaseClosed.into());
        };
        let mut txn = database.begin_write()?;
        txn.set_durability(Durability::Immediate)?;
        let alone = survivors.len() == 1;
        let mut table = txn.open_table(ENTRIES)?;
        let mut at = 0;
        while let Some(survivor) = survivors.get_mut(at) {
            let buffer = &survivor.request.buffer;
            if !alone && self.recent.conflicts(buffer, *survivor.request.mark) {
                let loser = survivors.remove(at);
                self.shared
                    .counters
                    .transactions_conflicted
                    .fetch_add(1, Ordering::Relaxed);
                let conflict = "commit after a conflicting commit";
                loser
                    .request
                    .answer(Err(Error::new(ErrorKind::Conflict, conflict)));
                continue;
            }
            match sum_counters(&table, buffer)? {
                Ok(sums) => apply(&mut table, buffer, sums, witness)?,
                Err(error) => {
                    survivors.remove(at).request.answer(Err(error));
                    continue;
                }
            }
            self.sequence += 1;
            survivor.sequence = self.sequence;
            if !alone {
                self.recent.record(buffer, self.sequence);
            }
            at += 1;
        }
        drop(table);
        if survivors.is_empty() {
            txn.abort()?;
        } else {
            txn.commit()?;
            self.shared
                .counters
                .engine_commits
                .fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The group is durable: lets new transactions see it, then tells everybody.
    fn acknowledge(&mut self, survivors: Vec<Survivor>) {
        if survivors.is_empty() {
            return;
        }
        if let Err(failure) = self.publish() {
            let error = failure.into_error("read what was committed");
            let error = self.shared.name_damage(error);
            self.shared.poison(&error);
            self.shared.publish(Current::Failed(error));
        }
        let counters = &self.shared.counters;
        counters
            .transactions_committed
            .fetch_add(survivors.len() as u64, Ordering::Relaxed);
        let alone = survivors.len() == 1;
        let mut answers = Vec::with_capacity(survivors.len());
        for Survivor {
            request:
                Request {
                    buffer,
                    mark,
                    reply,
                },
            sequence,
        } in survivors
        {
            // These have committed and can lose to nobody any more.
            drop(mark);
            // A lone commit was not recorded: it is only worth remembering if somebody began
            // before it, and since the new snapshot is published nobody can any more.
            if alone && self.recent.has_writer_before(sequence) {
                self.recent.record(&buffer, sequence);
            }
            answers.push((reply, Commit::new(sequence)));
        }
        self.recent.forget();
        self.shared
            .counters
            .recent_keys
            .store(self.recent.keys_count() as u64, Ordering::Relaxed);
        for (reply, commit) in answers {
            drop(reply.send(Ok(commit)));
        }
    }

    fn publish(&mut self) -> std::result::Result<(), Failure> {
        let Some(database) = &self.database else {
            return Err(redb::StorageError::DatabaseClosed.into());
        };
        let snapshot = Arc::new(Snapshot::take(database, self.sequence)?);
        let mark = self.recent.mark(self.sequence);
        self.shared.publish(Current::Open(snapshot, mark));
        Ok(())
    }

    /// After a failed commit: opens the file again, which settles whether the commit happened.
    /// Every transaction that is open now has lost, because it cannot be told with what.
    fn recover(&mut self, failed: &Error) {
        if failed.kind() != ErrorKind::Full || self.source.watch.sync_failed() {
            self.shared.poison(failed);
        }
        if let Some(database) = self.database.take() {
            // What it could not write is why we are here, and what panicked may panic again.
            drop(catch_unwind(AssertUnwindSafe(|| database.close())));
        }
        if self.source.watch.damage().is_some() {
            // Nothing is served from the file any more.
            return;
        }
        self.sequence += 1;
        self.recent.forget_before(self.sequence);
        self.reopen();
    }

    /// Opens the file after it was closed. Without success nobody can begin; if the disk is full,
    /// until there is room and it is tried again.
    fn reopen(&mut self) {
        let reopened = (self.source.open)().and_then(|database| {
            self.database = Some(database);
            self.publish()
                .map_err(|failure| failure.into_error("read the file"))
        });
        let Err(error) = reopened else {
            return;
        };
        self.database = None;
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
    }
}

/// The values of the counters in `buffer`, in key order. The inner error is the caller's.
fn sum_counters(
    table: &Table<'_, &'static [u8], &'static [u8]>,
    buffer: &WriteBuffer,
) -> std::result::Result<Result<Vec<Bytes>>, Failure> {
    let mut sums = Vec::new();
    for (key, change) in buffer.changes() {
        if change.add.is_none() {
            continue;
        }
        let stored = if change.only_adds() {
            table.get(key.as_ref())?
        } else {
            None
        };
        match change.value_over(stored.as_ref().map(redb::AccessGuard::value)) {
            Ok(sum) => sums.extend(sum),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(sums))
}

fn apply(
    table: &mut Table<'_, &'static [u8], &'static [u8]>,
    buffer: &WriteBuffer,
    sums: Vec<Bytes>,
    witness: &mut Option<Witness>,
) -> std::result::Result<(), Failure> {
    for range in buffer.cleared() {
        if witness.is_none() {
            *witness = Witness::of_range(table, buffer, &range)?;
        }
        table.retain_in::<&[u8], _>(range.bounds(), |_, _| false)?;
    }
    let mut sums = sums.into_iter();
    for (key, change) in buffer.changes() {
        let key = key.as_ref();
        if change.add.is_some() {
            let sum = sums.next().expect("there is a sum for each addition");
            table.insert(key, sum.as_ref())?;
            continue;
        }
        match &change.base {
            Base::Value(value) => {
                let before = table.insert(key, value.as_ref())?;
                if before.is_none_or(|before| before.value() != value.as_ref()) {
                    witness.get_or_insert_with(|| Witness::new(key, Some(value.clone())));
                }
            }
            Base::Deleted => {
                if table.remove(key)?.is_some() {
                    witness.get_or_insert_with(|| Witness::new(key, None));
                }
            }
            Base::Stored => {}
        }
    }
    Ok(())
}

fn answer_all(group: Vec<Request>, error: &Error) {
    for request in group {
        request.answer(Err(error.clone()));
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
