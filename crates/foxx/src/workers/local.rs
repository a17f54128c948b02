//! Workers on threads of callers, for requests that are known to be quick: being answered by the
//! thread that read them, they cost no hand-over.
//!
//! Such a thread becomes a worker when it first makes a service ready. The caller decides what is
//! quick and bears it when it errs; limits, deadlines and durability are those of every worker.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use js_engine::CancelHandle;
use parking_lot::Mutex;

use super::Reply;
use super::worker::{Place, Worker};
use crate::functions::{self, OnThisThread};
use crate::registry::Service;
use crate::request::ServiceRequest;
use crate::shared::Shared;

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// The worker of this thread.
struct Here {
    worker: Worker,
    guest: Arc<Guest>,
    shared: Arc<Shared>,
    /// How often VMs had been retired when its own were last looked through.
    purges_seen: u64,
    _functions: OnThisThread,
}

/// What the pool knows of a worker on a caller's thread.
#[derive(Default)]
pub(super) struct Guest {
    cancel: Mutex<Vec<CancelHandle>>,
    /// Held while it runs something.
    busy: Mutex<()>,
}

/// All workers on threads of callers.
#[derive(Default)]
pub(super) struct Guests {
    purges: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    guests: Vec<Weak<Guest>>,
    stopping: bool,
}

impl Guest {
    pub(super) fn set_cancel(&self, cancel: Vec<CancelHandle>) {
        *self.cancel.lock() = cancel;
    }
}

impl Guests {
    /// Has each drop VMs of retired services before it next does anything.
    pub(super) fn purge(&self) {
        self.purges.fetch_add(1, Ordering::Relaxed);
    }

    /// Cancels what runs, and lets no more begin. Returns when nothing runs any more.
    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        let guests = std::mem::take(&mut state.guests);
        drop(state);
        for guest in guests.iter().filter_map(Weak::upgrade) {
            guest.cancel.lock().iter().for_each(CancelHandle::cancel);
            drop(guest.busy.lock());
        }
    }

    /// A place for a worker; `None` when the pool is stopping.
    fn join(&self) -> Option<Arc<Guest>> {
        let mut state = self.state.lock();
        if state.stopping {
            return None;
        }
        let guest = Arc::new(Guest::default());
        state.guests.retain(|guest| guest.strong_count() > 0);
        state.guests.push(Arc::downgrade(&guest));
        Some(guest)
    }
}

impl Here {
    fn new(shared: &Arc<Shared>) -> Option<Self> {
        let pool = &shared.pool;
        let guest = pool.guests.join()?;
        let place = Place::Guest(Arc::clone(&guest));
        Some(Self {
            worker: Worker::new(place, Arc::clone(pool), Arc::clone(shared)),
            guest,
            shared: Arc::clone(shared),
            purges_seen: 0,
            _functions: functions::on_this_thread(shared.functions.pool()),
        })
    }

    fn purge(&mut self) {
        let purges = self.shared.pool.guests.purges.load(Ordering::Relaxed);
        if purges != self.purges_seen {
            self.purges_seen = purges;
            self.worker.purge();
        }
    }
}

/// Runs `body` if this thread is a worker of these services and does not run one already.
fn with<T>(shared: &Arc<Shared>, body: impl FnOnce(&mut Here) -> T) -> Option<T> {
    HERE.with(|here| {
        let mut here = here.try_borrow_mut().ok()?;
        let here = here.as_mut()?;
        Arc::ptr_eq(&here.shared, shared).then(|| body(here))
    })
}

/// Makes this thread a worker that has the service's VM. May take as long as the service's code
/// takes to load; if that fails, the pool's workers say so to whoever asks.
pub(crate) fn prepare(shared: &Arc<Shared>, service: &Arc<Service>) {
    if !is_fit(service) {
        return;
    }
    HERE.with_borrow_mut(|here| {
        if here
            .as_ref()
            .is_none_or(|here| !Arc::ptr_eq(&here.shared, shared))
        {
            *here = None;
            *here = Here::new(shared);
        }
        if let Some(here) = here {
            here.purge();
            let _busy = here.guest.busy.lock();
            // It was logged; it says so again where it is an answer.
            drop(here.worker.warm(service));
        }
    });
}

/// Whether the service can answer without much ado.
fn is_fit(service: &Service) -> bool {
    !service.development && !service.is_retired() && service.find_obstacle().is_none()
}

/// Answers on this thread, if it is ready for the service. Whether the answer waits for a sync.
///
/// # Errors
/// Gives the request back if this thread cannot.
pub(crate) fn answer(
    shared: &Arc<Shared>,
    request: Arc<ServiceRequest>,
    reply: Reply,
) -> Result<bool, (Arc<ServiceRequest>, Reply)> {
    let mut asked = Some((request, reply));
    let answered = with(shared, |here| {
        here.purge();
        let is_ready = |service: &Service| is_fit(service) && here.worker.is_warm(service);
        let (request, reply) = asked.take_if(|(request, _)| is_ready(&request.service))?;
        let _busy = here.guest.busy.lock();
        let worker = &mut here.worker;
        worker.answer(&request, reply, Duration::ZERO);
        Some(worker.take_held())
    });
    match (answered.flatten(), asked) {
        (_, Some(asked)) => Err(asked),
        (held, None) => Ok(held.unwrap_or_default()),
    }
}

/// Drops the VMs of this thread, which is about to end: then the engine's state of the thread
/// may be gone.
pub fn leave_thread() {
    drop(HERE.take());
}
