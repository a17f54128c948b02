//! Decides commits: their order, who loses, what others see, and who is told when.
//!
//! A commit is *accepted* on its caller's thread, under one lock: it has a sequence and cannot
//! lose any more. The committer takes all that were accepted, writes them to the file with one
//! sync and *settles* them. In between they lie over the last snapshot of the file, for those
//! transactions only that asked to see them. If the file cannot be written, whatever was accepted
//! and not settled is *lost*: everybody who depends on it is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};
use store::buffer::{Base, WriteBuffer};
use store::{Commit, Error, ErrorKind, KeyRange, Result, Seen, WhenDurable};

use crate::engine::{Current, Shared, closed};
use crate::failure::Failure;
use crate::overlay::View;
use crate::recent::Recent;
use crate::snapshot::{Snapshot, WriterMark};

/// How long accepted commits wait for others when nobody is known to wait for them.
const GATHER: Duration = Duration::from_millis(1);
/// Losses that are told apart; older ones become one.
const LOSSES_MAX: usize = 16;

/// A commit that was accepted.
pub struct Accepted {
    pub sequence: u64,
    /// Deleted before the writes.
    pub cleared: Vec<KeyRange>,
    /// In key order; `None` deletes. Counters are added up.
    pub writes: Vec<(Bytes, Option<Bytes>)>,
    pub bytes: usize,
}

/// The state of the commits of an engine.
pub struct Sequencer {
    state: Mutex<State>,
    /// For the committer: there is something to do.
    work: Condvar,
    /// For those who wait behind a barrier.
    settled: Condvar,
    /// Everything up to here is durable or lost.
    durable: AtomicU64,
    /// The last sequence that was lost; 0 for none.
    lost: AtomicU64,
}

struct State {
    /// What is committed, durable or not; `None` before the file was opened and when it cannot be
    /// read.
    latest: Option<View>,
    sequence: u64,
    recent: Recent,
    /// Accepted and not taken by the committer.
    pending: Vec<Accepted>,
    /// Bytes of what is accepted and not settled.
    bytes: usize,
    /// A commit that is not laid over the snapshot: nothing is accepted until it is settled.
    barrier: Option<u64>,
    waiters: Vec<Waiter>,
    losses: VecDeque<Loss>,
    /// Nobody gains by waiting for more commits.
    hurry: bool,
    /// Dropped when it was tried to open the file again.
    reopen: Vec<SyncSender<()>>,
    stopping: bool,
}

/// What the committer is to do.
pub enum Work {
    /// Write this, in order.
    Write(Vec<Accepted>),
    /// Try to open the file again, if the disk was too full for it; then drop this.
    Reopen(Vec<SyncSender<()>>),
}

/// What the committer found when it opened the file again.
pub struct Reopened {
    /// `None` if nothing can be read from it.
    pub snapshot: Option<Snapshot>,
    /// What becomes of the group that failed: an error, unless it is in the file nevertheless.
    pub group: Result<()>,
}

struct Waiter {
    seen: (u64, u64),
    then: WhenDurable,
}

struct Loss {
    first: u64,
    last: u64,
    error: Error,
}

impl Sequencer {
    pub fn new(recent_keys_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                latest: None,
                sequence: 0,
                recent: Recent::new(recent_keys_max),
                pending: Vec::new(),
                bytes: 0,
                barrier: None,
                waiters: Vec::new(),
                losses: VecDeque::new(),
                hurry: false,
                reopen: Vec::new(),
                stopping: false,
            }),
            work: Condvar::new(),
            settled: Condvar::new(),
            durable: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Commits `buffer`, which began at `mark`. Returns when it is durable, or with `unsynced`
    /// when it is accepted.
    pub fn commit(
        &self,
        shared: &Shared,
        buffer: &WriteBuffer,
        mark: WriterMark,
        unsynced: bool,
    ) -> Result<Commit> {
        let mut state = self.state.lock();
        while state.barrier.is_some() && !state.stopping {
            self.settled.wait(&mut state);
        }
        if state.stopping {
            return Err(closed());
        }
        shared.check_poison()?;
        if state.recent.conflicts(buffer, *mark) {
            return Err(self.lose_conflict(shared, state, unsynced));
        }
        if buffer.writes_nothing() {
            return Ok(Commit::new(*mark));
        }
        shared.check_room(state.bytes.saturating_add(buffer.bytes()))?;
        let (sequence, is_barrier) = state.accept(shared, buffer)?;
        // It has committed and can lose to nobody any more.
        drop(mark);
        if unsynced && !is_barrier {
            if state.pending.len() == 1 {
                self.work.notify_one();
            }
            return Ok(Commit::new(sequence));
        }
        self.wait_until_durable(state, sequence)?;
        Ok(Commit::new(sequence))
    }

    /// Who does not see what is not durable must not be told to try again before it is.
    fn lose_conflict(
        &self,
        shared: &Shared,
        state: MutexGuard<'_, State>,
        unsynced: bool,
    ) -> Error {
        let counters = &shared.counters;
        counters
            .transactions_conflicted
            .fetch_add(1, Ordering::Relaxed);
        let sequence = state.sequence;
        if !unsynced && sequence > self.durable.load(Ordering::Acquire) {
            // If it is lost instead, the next attempt will tell.
            drop(self.wait_until_durable(state, sequence));
        }
        Error::new(ErrorKind::Conflict, "commit after a conflicting commit")
    }

    fn wait_until_durable(&self, mut state: MutexGuard<'_, State>, sequence: u64) -> Result<()> {
        let (send, outcome) = sync_channel(1);
        state.waiters.push(Waiter {
            seen: (sequence, sequence),
            // Nobody listens any more only if the caller's thread died.
            then: Box::new(move |durable| drop(send.send(durable))),
        });
        state.hurry = true;
        drop(state);
        self.work.notify_one();
        // A waiter is dropped uncalled only when the committer died.
        outcome.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// See [`store::Engine::when_durable`].
    pub fn when_durable(&self, seen: Seen, then: WhenDurable) {
        let Some((first, last)) = seen.range() else {
            return then(Ok(()));
        };
        // In this order: what was lost is stored before what is durable goes up over it.
        let is_behind = last <= self.durable.load(Ordering::Acquire);
        if is_behind && first > self.lost.load(Ordering::Acquire) {
            return then(Ok(()));
        }
        let mut state = self.state.lock();
        if let Some(error) = state.find_loss(first, last) {
            drop(state);
            return then(Err(error));
        }
        if last <= self.durable.load(Ordering::Acquire) {
            drop(state);
            return then(Ok(()));
        }
        let seen = (first, last);
        state.waiters.push(Waiter { seen, then });
    }

    /// See [`store::Engine::sync_now`].
    pub fn sync_now(&self) {
        let mut state = self.state.lock();
        if !state.pending.is_empty() && !state.hurry {
            state.hurry = true;
            drop(state);
            self.work.notify_one();
        }
    }

    /// Asks the committer to open the file again; `tried` is dropped when it has.
    pub fn ask_to_reopen(&self, tried: SyncSender<()>) {
        let mut state = self.state.lock();
        if !state.stopping {
            state.reopen.push(tried);
            drop(state);
            self.work.notify_one();
        }
    }

    /// Lets the committer stop when it has written what is accepted.
    pub fn stop(&self) {
        self.state.lock().stopping = true;
        self.work.notify_one();
        self.settled.notify_all();
    }

    /// For the committer: what to do; waits for it. `None` to stop.
    pub fn next_work(&self) -> Option<Work> {
        let mut state = self.state.lock();
        while state.pending.is_empty() {
            if !state.reopen.is_empty() {
                return Some(Work::Reopen(std::mem::take(&mut state.reopen)));
            }
            if state.stopping {
                return None;
            }
            self.work.wait(&mut state);
        }
        while !state.hurry && !state.stopping && state.barrier.is_none() {
            if self.work.wait_for(&mut state, GATHER).timed_out() {
                break;
            }
        }
        state.hurry = false;
        Some(Work::Write(std::mem::take(&mut state.pending)))
    }

    /// For the committer: `snapshot`, which has the sequence of the last of them, holds `group`,
    /// durably.
    pub fn settle(&self, shared: &Shared, snapshot: Arc<Snapshot>, group: &[Accepted]) {
        let state = self.state.lock();
        self.settle_locked(state, shared, snapshot, group);
    }

    fn settle_locked(
        &self,
        mut state: MutexGuard<'_, State>,
        shared: &Shared,
        snapshot: Arc<Snapshot>,
        group: &[Accepted],
    ) {
        let upto = snapshot.sequence;
        state.bytes -= group.iter().map(|accepted| accepted.bytes).sum::<usize>();
        state.publish_file(shared, snapshot);
        self.durable.store(upto, Ordering::Release);
        if state.barrier.is_some_and(|barrier| barrier <= upto) {
            state.barrier = None;
            self.settled.notify_all();
        }
        let count = group.len() as u64;
        let counters = &shared.counters;
        counters
            .transactions_committed
            .fetch_add(count, Ordering::Relaxed);
        state.recent.forget();
        let recent_keys = state.recent.keys_count() as u64;
        counters.recent_keys.store(recent_keys, Ordering::Relaxed);
        let told: Vec<Waiter> = state
            .waiters
            .extract_if(.., |waiter| waiter.seen.1 <= upto)
            .collect();
        drop(state);
        for waiter in told {
            (waiter.then)(Ok(()));
        }
    }

    /// For the committer: `group` could not be written. Nothing is accepted while `reopen` runs.
    /// Unless it finds the group in the file, all that was accepted is lost, and every
    /// transaction that is open now has lost, because it cannot be told with what.
    pub fn recover(&self, shared: &Shared, group: &[Accepted], reopen: impl FnOnce() -> Reopened) {
        let mut state = self.state.lock();
        let error = match reopen() {
            Reopened {
                snapshot: Some(mut snapshot),
                group: Ok(()),
            } => {
                let durable = self.durable.load(Ordering::Acquire);
                snapshot.sequence = group.last().map_or(durable, |last| last.sequence);
                return self.settle_locked(state, shared, Arc::new(snapshot), group);
            }
            Reopened {
                snapshot,
                group: outcome,
            } => {
                state.lose(self.durable.load(Ordering::Acquire), outcome.as_ref().err());
                // Some saw what is lost.
                shared.values.touch_all(state.sequence);
                state.publish_reopened(shared, snapshot);
                outcome.err().unwrap_or_else(closed)
            }
        };
        let sequence = state.sequence;
        // First what was lost: whoever sees that it is not pending must see that as well.
        self.lost.store(sequence - 1, Ordering::Release);
        self.durable.store(sequence, Ordering::Release);
        self.settled.notify_all();
        let told = std::mem::take(&mut state.waiters);
        drop(state);
        for waiter in told {
            (waiter.then)(Err(error.clone()));
        }
    }

    /// For the committer: the file was opened, at first or again.
    pub fn open(&self, shared: &Shared, snapshot: Snapshot) {
        self.state.lock().publish_reopened(shared, Some(snapshot));
    }
}

impl State {
    /// Gives a commit its place and lets transactions see it that may. Answers the sequence, and
    /// whether it is a barrier.
    fn accept(&mut self, shared: &Shared, buffer: &WriteBuffer) -> Result<(u64, bool)> {
        let writes = self.resolve(shared, buffer)?;
        let sequence = self.sequence + 1;
        self.sequence = sequence;
        self.recent.record(buffer, sequence);
        let accepted = Accepted {
            sequence,
            cleared: buffer.cleared().collect(),
            writes,
            bytes: buffer.bytes(),
        };
        self.bytes = self.bytes.saturating_add(accepted.bytes);
        let settings = &shared.settings;
        // Before anybody can see it.
        match accepted.cleared.is_empty() {
            true => {
                let keys = accepted.writes.iter().map(|(key, _)| key);
                shared.values.touch(sequence, keys);
            }
            false => shared.values.touch_all(sequence),
        }
        let is_barrier = !accepted.cleared.is_empty()
            || accepted.writes.len() > settings.overlay_keys_max
            || self.bytes > settings.group_bytes_max;
        if is_barrier {
            self.barrier = Some(sequence);
        } else if let Some(latest) = &mut self.latest {
            latest.push(sequence, &accepted.writes);
            let mark = self.recent.mark(sequence);
            shared.publish_latest(latest.clone(), mark);
        }
        self.pending.push(accepted);
        Ok((sequence, is_barrier))
    }

    /// What becomes of each key. Errors: `InvalidArgument` for an addition to what is no counter.
    fn resolve(
        &self,
        shared: &Shared,
        buffer: &WriteBuffer,
    ) -> Result<Vec<(Bytes, Option<Bytes>)>> {
        let view = self.latest.as_ref().ok_or_else(closed)?;
        let resolve = |(key, change): (&Bytes, &store::buffer::Change)| {
            let value = match (&change.base, change.add) {
                (Base::Value(value), None) => Some(value.clone()),
                (Base::Stored, Some(_)) => {
                    let stored = view.get(key).map_err(|error| {
                        let error = Failure::from(error).into_error("read a counter");
                        shared.name_damage(error)
                    })?;
                    change.value_over(stored.as_ref().map(crate::overlay::Stored::value))?
                }
                _ => change.value_over(None)?,
            };
            Ok((key.clone(), value))
        };
        buffer.changes().map(resolve).collect()
    }

    /// Lets transactions begin on a new snapshot of the file, with what is not in it over it.
    fn publish_file(&mut self, shared: &Shared, snapshot: Arc<Snapshot>) {
        let mut latest = View::of_file(Arc::clone(&snapshot));
        for accepted in &self.pending {
            if self.barrier != Some(accepted.sequence) {
                latest.push(accepted.sequence, &accepted.writes);
            }
        }
        self.latest = Some(latest.clone());
        let durable_mark = self.recent.mark(snapshot.sequence);
        let latest_mark = if latest.sequence == snapshot.sequence {
            Arc::clone(&durable_mark)
        } else {
            self.recent.mark(latest.sequence)
        };
        shared.publish(Current::Open {
            durable: View::of_file(snapshot),
            durable_mark,
            latest,
            latest_mark,
        });
    }

    /// The same when nothing is pending; without a snapshot nothing can be read.
    fn publish_reopened(&mut self, shared: &Shared, snapshot: Option<Snapshot>) {
        let Some(mut snapshot) = snapshot else {
            self.latest = None;
            return;
        };
        snapshot.sequence = self.sequence;
        self.publish_file(shared, Arc::new(snapshot));
    }

    /// Forgets what is accepted after `durable`.
    fn lose(&mut self, durable: u64, error: Option<&Error>) {
        let loss = Loss {
            first: durable + 1,
            last: self.sequence,
            error: error.cloned().unwrap_or_else(closed),
        };
        self.losses.push_back(loss);
        if self.losses.len() > LOSSES_MAX
            && let Some(oldest) = self.losses.pop_front()
            && let Some(next) = self.losses.front_mut()
        {
            next.first = oldest.first;
        }
        self.pending.clear();
        self.bytes = 0;
        self.barrier = None;
        self.hurry = false;
        self.sequence += 1;
        self.recent.forget_before(self.sequence);
    }

    fn find_loss(&self, first: u64, last: u64) -> Option<Error> {
        let mut losses = self.losses.iter();
        let loss = losses.find(|loss| loss.first <= last && first <= loss.last)?;
        Some(loss.error.clone())
    }
}
