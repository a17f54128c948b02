//! The bounded queue and who takes what from it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use error_codes::codes;
use js_engine::{CancelHandle, WORKER_STACK_BYTES};
use parking_lot::{Condvar, Mutex, MutexGuard};
use platform::{Clock, ThreadSettings, spawn_thread};

use super::local::Guests;
use super::worker::{Place, Worker};
use super::{Job, JobKind, Task};
use crate::registry::Service;
use crate::settings::WorkerSettings;
use crate::shared::Shared;
use crate::{Error, ErrorKind, Result};

/// The workers and what waits for them.
pub(crate) struct Pool {
    state: Mutex<State>,
    /// Grows with everything that a worker may have to do; read without the lock.
    signals: AtomicU64,
    /// Signalled when a worker ends.
    ended: Condvar,
    settings: WorkerSettings,
    clock: Arc<dyn Clock>,
    /// What workers are given; set at the start.
    shared: OnceLock<Weak<Shared>>,
    /// The workers on threads of callers.
    pub(super) guests: Guests,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    slots: Vec<Slot>,
    /// Workers that wait, the latest last.
    idle: Vec<usize>,
    /// Whether a worker looks for work without sleeping.
    lingering: bool,
    /// The waiting worker that looks at the queue from time to time while others are awake.
    sentinel: Option<usize>,
    alive: usize,
    /// Workers that wait for something outside, such as an answer of this very server.
    blocked: usize,
    stopping: bool,
    threads: Vec<JoinHandle<()>>,
}

struct Queued {
    task: Task,
    since: Duration,
    /// How often a later task was taken first because its VM was warm.
    passed_over: u32,
}

struct Slot {
    wake: Arc<Condvar>,
    /// Work for this worker only.
    mail: VecDeque<Queued>,
    /// Numbers of the services whose VMs it has.
    warm: Vec<u64>,
    cancel: Vec<CancelHandle>,
    purge: bool,
    blocked: bool,
    alive: bool,
    /// When its current task began.
    started: Duration,
}

/// What a worker does next.
pub(super) enum Next {
    /// Run this, which waited so long.
    Task(Task, Duration),
    /// Drop VMs of retired services.
    Purge,
    /// End the thread.
    End,
}

/// How many queued tasks a worker looks through for one whose VM it has.
const LOOK_AHEAD: usize = 8;
/// How often a queued task lets others pass.
const PASSED_OVER_MAX: u32 = 16;
/// Tasks that an awake worker is left to take one after the other. Waking a second worker costs
/// more than a quick request does.
const QUEUED_PER_AWAKE: usize = 16;
/// A worker whose task has run for so long is no longer taken to be free in a moment.
const QUICK: Duration = Duration::from_micros(200);
/// How long a worker without work stays awake for the next request: to sleep and be woken costs
/// more than a quick request does. It yields to whoever else wants the core.
const LINGER: Duration = Duration::from_micros(50);
/// How often the sentinel looks, which bounds how long a task waits behind a slow one that was
/// taken to be quick.
const SENTINEL_INTERVAL: Duration = Duration::from_millis(1);

impl Pool {
    pub(crate) fn new(settings: WorkerSettings, clock: Arc<dyn Clock>) -> Self {
        let (state, ended) = (Mutex::default(), Condvar::new());
        let shared = OnceLock::new();
        Self {
            state,
            signals: AtomicU64::new(0),
            ended,
            settings,
            clock,
            shared,
            guests: Guests::default(),
        }
    }

    /// Starts the settings' number of workers.
    pub(crate) fn start(&self, shared: &Arc<Shared>) -> Result<()> {
        self.shared.get_or_init(|| Arc::downgrade(shared));
        let mut state = self.state.lock();
        for _ in 0..self.settings.workers.max(2) {
            self.spawn(&mut state, shared)
                .map_err(|e| Error::internal("start worker", e))?;
        }
        Ok(())
    }

    fn spawn(&self, state: &mut State, shared: &Arc<Shared>) -> io::Result<()> {
        let slot = Slot {
            wake: Arc::new(Condvar::new()),
            mail: VecDeque::new(),
            warm: Vec::new(),
            cancel: Vec::new(),
            purge: false,
            blocked: false,
            alive: true,
            started: Duration::ZERO,
        };
        let id = state
            .slots
            .iter()
            .position(|slot| !slot.alive)
            .unwrap_or(state.slots.len());
        let (pool, shared) = (Arc::clone(&shared.pool), Arc::clone(shared));
        let settings = ThreadSettings {
            name: format!("foxx-{id}"),
            stack_bytes: Some(WORKER_STACK_BYTES),
        };
        let thread = spawn_thread(settings, move || {
            Worker::new(Place::Pool(id), Arc::clone(&pool), shared).run(id);
            pool.end(id);
        })?;
        match state.slots.get_mut(id) {
            Some(free) => *free = slot,
            None => state.slots.push(slot),
        }
        state.alive += 1;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.push(thread);
        Ok(())
    }

    /// Hands a task to a waiting worker, or queues it.
    ///
    /// # Errors
    /// 503 with the task, if the queue is full or the pool is stopping.
    pub(crate) fn submit(&self, task: Task) -> std::result::Result<(), (Error, Task)> {
        let since = self.clock.monotonic();
        let mut state = self.state.lock();
        if state.stopping {
            return Err((stopping(), task));
        }
        self.signal();
        let number = task.service().number;
        let queued = Queued {
            task,
            since,
            passed_over: 0,
        };
        if !state.is_free_soon(since)
            && let Some(id) = state.take_idle(number)
        {
            state.post(id, queued);
            return Ok(());
        }
        if state.queue.len() >= self.settings.queue_max {
            let error = unavailable(format!(
                "{} requests wait already (setting queue_max)",
                self.settings.queue_max
            ));
            return Err((error, queued.task));
        }
        state.queue.push_back(queued);
        self.grow(&mut state);
        Ok(())
    }

    /// Starts a further worker while others wait for something outside, so that a service that
    /// requests its own server is answered.
    fn grow(&self, state: &mut State) {
        let enough = state.alive - state.blocked >= self.settings.workers.max(2);
        if enough || state.alive >= self.settings.workers_max || state.stopping {
            return;
        }
        let Some(shared) = self.shared.get().and_then(Weak::upgrade) else {
            return;
        };
        if let Err(error) = self.spawn(state, &shared) {
            tracing::warn!(%error, "no further worker could be started");
        }
    }

    /// Has every worker that is not blocked load a service; one receiver a worker.
    pub(crate) fn warm(
        &self,
        service: &Arc<Service>,
    ) -> Vec<mpsc::Receiver<Result<super::Outcome>>> {
        let since = self.clock.monotonic();
        let mut state = self.state.lock();
        self.signal();
        let state = &mut *state;
        let mut receivers = Vec::new();
        for id in 0..state.slots.len() {
            if state
                .slots
                .get(id)
                .is_none_or(|slot| !slot.alive || slot.blocked)
            {
                continue;
            }
            let (result, receiver) = mpsc::channel();
            let service = Arc::clone(service);
            let task = Task::Job(Job {
                service,
                kind: JobKind::Warm,
                result,
            });
            state.idle.retain(|idle| *idle != id);
            state.post(
                id,
                Queued {
                    task,
                    since,
                    passed_over: 0,
                },
            );
            receivers.push(receiver);
        }
        receivers
    }

    /// Has every worker drop VMs of retired services when it is next free.
    pub(crate) fn purge(&self) {
        self.guests.purge();
        let mut state = self.state.lock();
        self.signal();
        for slot in &mut state.slots {
            slot.purge = true;
            slot.wake.notify_one();
        }
    }

    /// Runs `wait` on worker `id`, which meanwhile counts as absent: another one may be started.
    /// `None` is a caller's thread, which the pool does without anyway.
    pub(crate) fn while_blocked<T>(&self, id: Option<usize>, wait: impl FnOnce() -> T) -> T {
        struct Unblock<'p>(&'p Pool, usize);
        impl Drop for Unblock<'_> {
            fn drop(&mut self) {
                self.0.set_blocked(self.1, false);
            }
        }
        let Some(id) = id else { return wait() };
        self.set_blocked(id, true);
        let _unblock = Unblock(self, id);
        wait()
    }

    fn set_blocked(&self, id: usize, blocked: bool) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(slot) = state
            .slots
            .get_mut(id)
            .filter(|slot| slot.blocked != blocked)
        else {
            return;
        };
        slot.blocked = blocked;
        if !blocked {
            state.blocked -= 1;
            return;
        }
        state.blocked += 1;
        if !state.queue.is_empty() {
            self.grow(state);
        }
    }

    /// What worker `id` does next, if there is something.
    pub(super) fn try_next(&self, id: usize) -> Option<Next> {
        self.find_next(&mut self.state.lock(), id)
    }

    /// What worker `id` does next; waits until there is something.
    pub(super) fn next(&self, id: usize) -> Next {
        let mut state = self.state.lock();
        let mut lingered = false;
        loop {
            if let Some(next) = self.find_next(&mut state, id) {
                return next;
            }
            if !std::mem::replace(&mut lingered, true) {
                self.linger(&mut state, id);
                continue;
            }
            state.idle.push(id);
            let Some(wake) = state.slots.get(id).map(|slot| Arc::clone(&slot.wake)) else {
                return Next::End;
            };
            let is_extra = id >= self.settings.workers.max(2);
            let waited_long = if state.sentinel.is_none() && state.awake() > 0 {
                state.sentinel = Some(id);
                wake.wait_for(&mut state, SENTINEL_INTERVAL);
                state.sentinel = None;
                false
            } else if is_extra {
                wake.wait_for(&mut state, self.settings.extra_idle)
                    .timed_out()
            } else {
                wake.wait(&mut state);
                false
            };
            state.idle.retain(|idle| *idle != id);
            if waited_long && !state.has_work(id) {
                return state.leave(id);
            }
        }
    }

    /// Stays awake for a moment in case that work comes; one worker at a time.
    fn linger(&self, state: &mut MutexGuard<'_, State>, id: usize) {
        if state.lingering {
            return;
        }
        let start = self.clock.monotonic();
        if let Some(slot) = state.slots.get_mut(id) {
            slot.started = start;
        }
        state.lingering = true;
        let seen = self.signals.load(Ordering::Relaxed);
        MutexGuard::unlocked(state, || {
            while self.signals.load(Ordering::Relaxed) == seen
                && self.clock.monotonic() - start < LINGER
            {
                std::thread::yield_now();
            }
        });
        state.lingering = false;
    }

    /// Tells the lingering worker that there may be work.
    fn signal(&self) {
        self.signals.fetch_add(1, Ordering::Relaxed);
    }

    fn find_next(&self, state: &mut MutexGuard<'_, State>, id: usize) -> Option<Next> {
        let state = &mut **state;
        let slot = state.slots.get_mut(id)?;
        let mail = slot.mail.pop_front();
        if mail.is_none() && std::mem::take(&mut slot.purge) {
            return Some(Next::Purge);
        }
        let Some(queued) = mail.or_else(|| state.take_queued(id)) else {
            return state.stopping.then(|| state.leave(id));
        };
        let now = self.clock.monotonic();
        if let Some(slot) = state.slots.get_mut(id) {
            slot.started = now;
        }
        let waited = now.saturating_sub(queued.since);
        Some(Next::Task(queued.task, waited))
    }

    /// Says which VMs worker `id` has.
    pub(super) fn set_warm(&self, id: usize, warm: Vec<u64>, cancel: Vec<CancelHandle>) {
        let mut state = self.state.lock();
        if let Some(slot) = state.slots.get_mut(id) {
            slot.warm = warm;
            slot.cancel = cancel;
        }
    }

    fn end(&self, id: usize) {
        let mut state = self.state.lock();
        let Some(slot) = state.slots.get_mut(id) else {
            return;
        };
        slot.alive = false;
        slot.warm.clear();
        slot.cancel.clear();
        if std::mem::take(&mut slot.blocked) {
            state.blocked -= 1;
        }
        state.alive -= 1;
        state.idle.retain(|idle| *idle != id);
        self.ended.notify_all();
    }

    /// Takes no more work, answers what waits with 503, lets what runs finish in the settings'
    /// time and cancels it after that. Stopping twice does nothing more.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        self.signal();
        state.stopping = true;
        let waiting: Vec<Queued> = state.queue.drain(..).collect();
        for slot in &state.slots {
            slot.wake.notify_one();
        }
        drop(state);
        for queued in waiting {
            queued.task.refuse(&stopping());
        }
        let mut state = self.state.lock();
        let deadline = self.clock.monotonic() + self.settings.stop_time_max;
        while state.alive > 0 {
            let left = deadline.saturating_sub(self.clock.monotonic());
            if left.is_zero() || self.ended.wait_for(&mut state, left).timed_out() {
                state
                    .slots
                    .iter()
                    .flat_map(|slot| &slot.cancel)
                    .for_each(CancelHandle::cancel);
                break;
            }
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        self.guests.stop();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a worker ended by a panic");
            }
        }
    }
}

impl State {
    /// Workers that run something or are about to.
    fn awake(&self) -> usize {
        self.alive.saturating_sub(self.idle.len() + self.blocked)
    }

    /// Whether a worker that is awake will soon take what is queued now. The sentinel helps if
    /// it does not.
    fn is_free_soon(&self, now: Duration) -> bool {
        self.sentinel.is_some()
            && self.queue.len() < self.awake() * QUEUED_PER_AWAKE
            && self.slots.iter().enumerate().any(|(id, slot)| {
                slot.alive
                    && !slot.blocked
                    && !self.idle.contains(&id)
                    && now.saturating_sub(slot.started) < QUICK
            })
    }

    fn has_work(&self, id: usize) -> bool {
        self.slots.get(id).is_some_and(|slot| !slot.mail.is_empty())
    }

    /// Counts worker `id` as absent, so that no one posts to it any more.
    fn leave(&mut self, id: usize) -> Next {
        if let Some(slot) = self.slots.get_mut(id).filter(|slot| !slot.blocked) {
            slot.blocked = true;
            self.blocked += 1;
        }
        Next::End
    }

    /// A waiting worker, if possible one that has the VM of service `number`.
    fn take_idle(&mut self, number: u64) -> Option<usize> {
        let has = |id: &usize| {
            self.slots
                .get(*id)
                .is_some_and(|slot| slot.warm.contains(&number))
        };
        let at = self
            .idle
            .iter()
            .rposition(has)
            .or_else(|| self.idle.len().checked_sub(1))?;
        Some(self.idle.remove(at))
    }

    fn post(&mut self, id: usize, queued: Queued) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.started = queued.since;
            slot.mail.push_back(queued);
            slot.wake.notify_one();
        }
    }

    /// The first queued task, or one soon after it whose VM the worker has.
    fn take_queued(&mut self, id: usize) -> Option<Queued> {
        let first = self.queue.front()?;
        let warm = self
            .slots
            .get(id)
            .map(|slot| slot.warm.as_slice())
            .unwrap_or_default();
        let fits = |queued: &Queued| warm.contains(&queued.task.service().number);
        let at = if first.passed_over >= PASSED_OVER_MAX {
            0
        } else {
            self.queue
                .iter()
                .take(LOOK_AHEAD)
                .position(fits)
                .unwrap_or(0)
        };
        for passed in self.queue.iter_mut().take(at) {
            passed.passed_over += 1;
        }
        self.queue.remove(at)
    }
}

impl Task {
    /// The service that the task is for.
    pub(super) fn service(&self) -> &Arc<Service> {
        match self {
            Self::Request(request, _) => &request.service,
            Self::Job(job) => &job.service,
        }
    }

    /// Ends the task without running it.
    pub(crate) fn refuse(self, error: &Error) {
        match self {
            Self::Request(request, reply) => {
                let response = crate::ServiceResponse::from_error(error, false, &request.headers);
                reply(response, Duration::ZERO);
            }
            // Whoever gave up waiting for the job does not mind.
            Self::Job(job) => drop(job.result.send(Err(error.to_unavailable()))),
        }
    }
}

/// 503 with a reason.
pub(super) fn unavailable(reason: String) -> Error {
    Error::new(ErrorKind::Unavailable, codes::HTTP_SERVICE_UNAVAILABLE)
        .with_detail("Reason", reason)
}

fn stopping() -> Error {
    unavailable("the server is stopping".to_owned())
}
