//! Where functions run: on the worker that asks, else on threads of their own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use aql::functions::Error;
use error_codes::codes;
use js_engine::{CancelHandle, WORKER_STACK_BYTES};
use parking_lot::{Condvar, Mutex};
use platform::{Clock, ThreadSettings, spawn_thread};

use super::vm::{Outcome, Task, Vms};
use crate::settings::FunctionSettings;

/// How often a caller that waits looks whether its query was killed.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

thread_local! {
    /// The VMs of a worker, while it runs.
    static HERE: RefCell<Option<Vms>> = const { RefCell::new(None) };
}

/// Lets functions run on this thread as long as it lives; a worker holds it.
pub(crate) struct OnThisThread(());

/// Makes this thread, whose stack suits VMs, run the functions of its own queries.
pub(crate) fn on_this_thread(pool: &Pool) -> OnThisThread {
    let vms = Vms::new(Arc::clone(&pool.settings), Arc::clone(&pool.clock));
    HERE.set(Some(vms));
    OnThisThread(())
}

impl Drop for OnThisThread {
    fn drop(&mut self) {
        // Before the thread's own end, when the engine's state of the thread may be gone.
        // A thread that ends without having been told is past that point already.
        drop(HERE.try_with(RefCell::take));
    }
}

/// Threads that run functions for everybody who is no worker. They start when they are needed and
/// end when they are idle.
pub(crate) struct Pool {
    settings: Arc<FunctionSettings>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    idle: usize,
    threads: Vec<JoinHandle<()>>,
    running: Vec<(u64, CancelHandle)>,
    next_thread: u64,
    alive: usize,
    stopping: bool,
}

struct Job {
    task: Task,
    reply: mpsc::SyncSender<Outcome>,
    /// What stops it once it runs; `None` in it after its caller gave up.
    handle: Arc<Mutex<Handle>>,
}

enum Handle {
    Waiting,
    Running(CancelHandle),
    Abandoned,
}

impl Pool {
    pub(super) fn new(settings: FunctionSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            settings: Arc::new(settings),
            clock,
            state: Mutex::default(),
            wake: Condvar::new(),
        })
    }

    pub(super) fn settings(&self) -> &FunctionSettings {
        &self.settings
    }

    /// The monotonic clock that deadlines are on.
    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Runs a task and waits for what comes of it, unless `is_killed` before.
    ///
    /// Errors: 1500, 32 (`function_queue_max`), 30 when the server stops.
    pub(super) fn run(
        self: &Arc<Self>,
        task: Task,
        is_killed: &dyn Fn() -> bool,
    ) -> Result<Outcome, Error> {
        let mut task = Some(task);
        let here = HERE.with_borrow_mut(|vms| {
            let vms = vms.as_mut()?;
            Some(vms.run(&task.take()?, drop))
        });
        match (here, task) {
            (Some(outcome), _) => Ok(outcome),
            (None, Some(task)) => self.run_elsewhere(task, is_killed),
            (None, None) => Err(stopping()),
        }
    }

    fn run_elsewhere(
        self: &Arc<Self>,
        task: Task,
        is_killed: &dyn Fn() -> bool,
    ) -> Result<Outcome, Error> {
        let (reply, done) = mpsc::sync_channel(1);
        let handle = Arc::new(Mutex::new(Handle::Waiting));
        self.submit(Job {
            task,
            reply,
            handle: Arc::clone(&handle),
        })?;
        loop {
            match done.recv_timeout(LOOK_INTERVAL) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => return Err(stopping()),
                Err(RecvTimeoutError::Timeout) if is_killed() => {
                    let former = std::mem::replace(&mut *handle.lock(), Handle::Abandoned);
                    if let Handle::Running(vm) = former {
                        vm.cancel();
                    }
                    return Err(super::killed());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn submit(self: &Arc<Self>, job: Job) -> Result<(), Error> {
        let mut state = self.state.lock();
        if state.stopping {
            return Err(stopping());
        }
        let max = self.settings.function_queue_max;
        if state.waiting.len() >= max {
            let message =
                format!("{max} calls of user functions wait already (setting function_queue_max)");
            return Err(Error::new(codes::RESOURCE_LIMIT, message));
        }
        state.waiting.push_back(job);
        if state.idle < state.waiting.len() && state.alive < self.settings.function_threads.max(1) {
            self.start_thread(&mut state)?;
        }
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> Result<(), Error> {
        let id = state.next_thread;
        let settings = ThreadSettings {
            name: format!("functions-{id}"),
            stack_bytes: Some(WORKER_STACK_BYTES),
        };
        let pool = Arc::clone(self);
        match spawn_thread(settings, move || pool.work(id)) {
            Ok(thread) => {
                state.next_thread += 1;
                state.alive += 1;
                state.threads.retain(|thread| !thread.is_finished());
                state.threads.push(thread);
                Ok(())
            }
            // The others will do.
            Err(_) if state.alive > 0 => Ok(()),
            Err(error) => {
                state.waiting.clear();
                tracing::error!(%error, "no thread for functions of queries");
                Err(Error::new(codes::INTERNAL, codes::INTERNAL.text()))
            }
        }
    }

    fn work(&self, id: u64) {
        let _alive = Alive(self);
        let mut vms = Vms::new(Arc::clone(&self.settings), Arc::clone(&self.clock));
        while let Some(job) = self.next() {
            if matches!(*job.handle.lock(), Handle::Abandoned) {
                continue;
            }
            let begun = |vm: CancelHandle| {
                let mut handle = job.handle.lock();
                match &*handle {
                    Handle::Abandoned => vm.cancel(),
                    _ => *handle = Handle::Running(vm.clone()),
                }
                drop(handle);
                let mut state = self.state.lock();
                match state.stopping {
                    true => vm.cancel(),
                    false => state.running.push((id, vm)),
                }
            };
            let outcome = vms.run(&job.task, begun);
            self.state.lock().running.retain(|(other, _)| *other != id);
            // Its caller may have given up.
            drop(job.reply.send(outcome));
        }
    }

    /// The next job; `None` when the thread is to end.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if state.stopping {
                break;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            let waited = self
                .wake
                .wait_for(&mut state, self.settings.function_idle_time_max);
            state.idle -= 1;
            if waited.timed_out() && state.waiting.is_empty() {
                break;
            }
        }
        state.alive -= 1;
        None
    }

    /// Stops what runs, refuses what waits and ends the threads.
    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        state.waiting.clear();
        for (_, vm) in state.running.drain(..) {
            vm.cancel();
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        self.wake.notify_all();
        for thread in threads {
            // A thread that panicked has nothing left to end.
            drop(thread.join());
        }
    }
}

/// Takes a thread that panicked off the count, so that another one can take its place.
struct Alive<'p>(&'p Pool);

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.lock().alive -= 1;
        }
    }
}

fn stopping() -> Error {
    Error::new(codes::SHUTTING_DOWN, codes::SHUTTING_DOWN.text())
}
