//! Locks on collections, between transactions of one process; see [`crate::exclusive`] for those
//! of several.
//!
//! Nearly all transactions are optimistic: the engine finds out at commit whether somebody else
//! was first. Who declares a collection exclusive wants to be alone with its writers instead.
//! Writers hold the lock of a collection shared, exclusive transactions hold it exclusively,
//! readers hold nothing: their snapshot is enough.
//!
//! A request names all the locks it wants and gets all of them at once, in the order in which
//! requests came unless they have nothing to do with each other. Who waits holds nothing, so
//! there is no deadlock. A transaction that finds out later that it writes to one more
//! collection waits only if it holds nothing yet, else it is told of a conflict.
//!
//! Waiting threads sleep on a condition variable of their own. Whoever must not block a thread
//! asks to be called back: [`LockRequest::on_granted`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use error_codes::codes;
use foldhash::fast::RandomState;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::{Error, ErrorKind, Result};
use crate::exclusive::StoredLocks;
use crate::ids::CollectionId;

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// By a writer, together with other writers.
    Shared,
    /// Alone.
    Exclusive,
}

type Wants = Vec<(CollectionId, Mode)>;
type Callback = Box<dyn FnOnce() + Send>;

/// The locks of a server.
pub(crate) struct Locks {
    state: Mutex<State>,
    /// Threads that may wait at once.
    waiters_max: usize,
}

#[derive(Default)]
struct State {
    held: HashMap<CollectionId, Holders, RandomState>,
    queue: VecDeque<Waiter>,
    sleeping: usize,
    closed: bool,
}

#[derive(Clone, Copy, Default)]
struct Holders {
    shared: usize,
    exclusive: bool,
}

struct Waiter {
    wants: Wants,
    signal: Arc<Signal>,
}

/// Where one request learns of its end. Changed only under the lock of the state.
#[derive(Default)]
struct Signal {
    end: Mutex<Option<End>>,
    condvar: Condvar,
    callback: Mutex<Option<Callback>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Granted,
    Closed,
}

/// Locks that are held; dropping gives them back.
pub(crate) struct HeldLocks {
    locks: Arc<Locks>,
    held: Wants,
    /// Those of them that are exclusive among all processes of a shared store, when they are.
    pub stored: Option<StoredLocks>,
}

/// A place in the queue for locks. Dropping it leaves the queue.
///
/// See [`crate::Database::request_locks`].
pub struct LockRequest {
    locks: Arc<Locks>,
    wants: Wants,
    signal: Arc<Signal>,
}

impl std::fmt::Debug for LockRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockRequest")
            .field("wants", &self.wants)
            .field("is_granted", &self.is_granted())
            .finish()
    }
}

impl Locks {
    pub fn new(waiters_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            waiters_max,
        }
    }

    /// Asks for all of `wants` at once; a collection named twice is wanted in the stronger mode.
    pub fn request(self: &Arc<Self>, mut wants: Wants) -> LockRequest {
        wants.sort_unstable_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
        wants.dedup_by_key(|(collection, _)| *collection);
        let signal = Arc::new(Signal::default());
        let mut state = self.state.lock();
        if state.closed && !wants.is_empty() {
            *signal.end.lock() = Some(End::Closed);
        } else if state.is_free(&wants, state.queue.len()) {
            state.take(&wants);
            *signal.end.lock() = Some(End::Granted);
        } else {
            state.queue.push_back(Waiter {
                wants: wants.clone(),
                signal: Arc::clone(&signal),
            });
        }
        drop(state);
        LockRequest {
            locks: Arc::clone(self),
            wants,
            signal,
        }
    }

    /// Ends all waiting, for good.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let waiters: Vec<Waiter> = state.queue.drain(..).collect();
        let callbacks = waiters
            .into_iter()
            .filter_map(|waiter| waiter.signal.end_with(End::Closed))
            .collect();
        call(state, callbacks);
    }
}

impl State {
    /// Whether the locks are free and none of the first `ahead` waiters wants them.
    fn is_free(&self, wants: &Wants, ahead: usize) -> bool {
        let is_held = |(collection, mode): &(CollectionId, Mode)| {
            self.held
                .get(collection)
                .is_some_and(|held| held.exclusive || (*mode == Mode::Exclusive && held.shared > 0))
        };
        !wants.iter().any(is_held)
            && !self
                .queue
                .iter()
                .take(ahead)
                .any(|waiter| excludes(&waiter.wants, wants))
    }

    fn take(&mut self, wants: &Wants) {
        for (collection, mode) in wants {
            let holders = self.held.entry(*collection).or_default();
            match mode {
                Mode::Shared => holders.shared += 1,
                Mode::Exclusive => holders.exclusive = true,
            }
        }
    }

    fn give_back(&mut self, held: &Wants) {
        for (collection, mode) in held {
            let Some(holders) = self.held.get_mut(collection) else {
                continue;
            };
            match mode {
                Mode::Shared => holders.shared -= 1,
                Mode::Exclusive => holders.exclusive = false,
            }
            if holders.shared == 0 && !holders.exclusive {
                self.held.remove(collection);
            }
        }
    }

    /// Gives locks to whoever can have them now, first come first served.
    fn grant(&mut self) -> Vec<Callback> {
        let mut callbacks = Vec::new();
        let mut at = 0;
        while let Some(waiter) = self.queue.get(at) {
            if !self.is_free(&waiter.wants, at) {
                at += 1;
                continue;
            }
            if let Some(waiter) = self.queue.remove(at) {
                self.take(&waiter.wants);
                callbacks.extend(waiter.signal.end_with(End::Granted));
            }
        }
        callbacks
    }
}

/// Whether the two cannot be held at once.
fn excludes(a: &Wants, b: &Wants) -> bool {
    a.iter().any(|(collection, mode)| {
        b.iter().any(|(other, other_mode)| {
            collection == other && (*mode == Mode::Exclusive || *other_mode == Mode::Exclusive)
        })
    })
}

/// Runs callbacks after the lock was let go.
fn call(state: MutexGuard<'_, State>, callbacks: Vec<Callback>) {
    drop(state);
    callbacks.into_iter().for_each(|callback| callback());
}

impl Signal {
    /// Wakes the thread that waits; who asked for a call is to be called by the caller.
    fn end_with(&self, end: End) -> Option<Callback> {
        *self.end.lock() = Some(end);
        self.condvar.notify_all();
        self.callback.lock().take()
    }
}

impl LockRequest {
    /// Whether waiting is over: [`crate::Database::begin_with`] will not block.
    pub fn is_granted(&self) -> bool {
        self.signal.end.lock().is_some()
    }

    /// Calls `callback` once when waiting is over, on the thread that gave the locks back; at
    /// once if it is over already. It must be quick and must not use this crate. A second
    /// callback takes the place of the first.
    pub fn on_granted(&self, callback: impl FnOnce() + Send + 'static) {
        let state = self.locks.state.lock();
        if self.is_granted() {
            return call(state, vec![Box::new(callback)]);
        }
        *self.signal.callback.lock() = Some(Box::new(callback));
    }

    /// Waits until the locks are held. Errors: 18 after `timeout` or when too many threads wait,
    /// 30 when the server stops.
    pub(crate) fn wait(mut self, timeout: Duration) -> Result<HeldLocks> {
        let locks = Arc::clone(&self.locks);
        let mut state = locks.state.lock();
        if !self.is_granted() && state.sleeping >= locks.waiters_max {
            return Err(too_many(locks.waiters_max));
        }
        state.sleeping += 1;
        let mut timed_out = false;
        while !self.is_granted() && !timed_out {
            timed_out = match self.signal.condvar.wait_for(&mut state, timeout) {
                result if result.timed_out() => !self.is_granted(),
                _ => false,
            };
        }
        state.sleeping -= 1;
        let end = *self.signal.end.lock();
        drop(state);
        match end {
            Some(End::Granted) => Ok(HeldLocks {
                held: std::mem::take(&mut self.wants),
                locks,
                stored: None,
            }),
            Some(End::Closed) => {
                let code = codes::SHUTTING_DOWN;
                Err(Error::new(ErrorKind::Unavailable, code))
            }
            // Dropping the request leaves the queue.
            None => Err(timed_out_after(timeout)),
        }
    }
}

impl Drop for LockRequest {
    fn drop(&mut self) {
        let mut state = self.locks.state.lock();
        let end = *self.signal.end.lock();
        match end {
            Some(End::Granted) => state.give_back(&self.wants),
            Some(End::Closed) => return,
            None => state
                .queue
                .retain(|waiter| !Arc::ptr_eq(&waiter.signal, &self.signal)),
        }
        let callbacks = state.grant();
        call(state, callbacks);
    }
}

impl HeldLocks {
    /// Makes sure that writing to a collection is allowed. Waits for an exclusive transaction
    /// only if nothing is held yet.
    ///
    /// Errors: 18 as [`LockRequest::wait`]; 1200 if waiting could end in a deadlock, or if too
    /// many threads wait already; 30.
    pub fn share(&mut self, collection: CollectionId, timeout: Duration) -> Result<()> {
        if self.held.iter().any(|(held, _)| *held == collection) {
            return Ok(());
        }
        let wants = vec![(collection, Mode::Shared)];
        let mut state = self.locks.state.lock();
        // Who is inside already does not queue behind those who wait for it to leave.
        let ahead = if self.held.is_empty() {
            state.queue.len()
        } else {
            0
        };
        if state.is_free(&wants, ahead) {
            state.take(&wants);
        } else if !self.held.is_empty() || state.sleeping >= self.locks.waiters_max {
            let code = codes::ARANGO_CONFLICT;
            let message = "conflict, another transaction holds the collection exclusively";
            return Err(Error::with_message(ErrorKind::Conflict, code, message));
        } else {
            drop(state);
            *self = self.locks.request(wants).wait(timeout)?;
            return Ok(());
        }
        drop(state);
        self.held.extend(wants);
        Ok(())
    }

    /// What is held.
    pub fn wants(&self) -> &[(CollectionId, Mode)] {
        &self.held
    }

    /// Whether all of `wants` is held, or more.
    pub fn cover(&self, wants: &[(CollectionId, Mode)]) -> bool {
        let held = |(collection, mode): &(CollectionId, Mode)| {
            let mut all = self.held.iter();
            all.any(|(other, has)| other == collection && has >= mode)
        };
        wants.iter().all(held)
    }

    /// Makes sure that nobody else writes to a collection from now on. Waits for that only if
    /// nothing is held yet.
    ///
    /// Errors: as [`Self::share`]; 1200 also while others write to the collection.
    pub fn exclude(&mut self, collection: CollectionId, timeout: Duration) -> Result<()> {
        let wants = vec![(collection, Mode::Exclusive)];
        if self.held.is_empty() {
            *self = self.locks.request(wants).wait(timeout)?;
            return Ok(());
        }
        let mine = self.held.iter_mut().find(|(held, _)| *held == collection);
        if matches!(mine, Some((_, Mode::Exclusive))) {
            return Ok(());
        }
        let mut state = self.locks.state.lock();
        let shared = usize::from(mine.is_some());
        let is_free = |held: &Holders| !held.exclusive && held.shared == shared;
        if !state.held.get(&collection).is_none_or(is_free) {
            let code = codes::ARANGO_CONFLICT;
            let message = "conflict, another transaction writes to the collection";
            return Err(Error::with_message(ErrorKind::Conflict, code, message));
        }
        if let Some((_, mode)) = mine {
            state.give_back(&vec![(collection, Mode::Shared)]);
            *mode = Mode::Exclusive;
        }
        state.take(&wants);
        drop(state);
        if shared == 0 {
            self.held.extend(wants);
        }
        Ok(())
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

impl Drop for HeldLocks {
    fn drop(&mut self) {
        // Before others of this process may go on.
        drop(self.stored.take());
        if self.held.is_empty() {
            return;
        }
        let mut state = self.locks.state.lock();
        state.give_back(&self.held);
        let callbacks = state.grant();
        call(state, callbacks);
    }
}

fn timed_out_after(timeout: Duration) -> Error {
    let code = codes::LOCK_TIMEOUT;
    let message = format!("{}: waited {timeout:?} (lock_timeout)", code.text());
    Error::with_message(ErrorKind::Limit, code, message)
}

fn too_many(waiters_max: usize) -> Error {
    let code = codes::LOCK_TIMEOUT;
    let message = format!(
        "{}: {waiters_max} threads wait for locks already (lock_waiters_max)",
        code.text()
    );
    Error::with_message(ErrorKind::Limit, code, message)
}
