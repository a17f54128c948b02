//! Limits on what a VM may use, and the end of those who go beyond.
//!
//! The engine's watchdog calls [`watchdog`] on the VM's own thread, every interval of processor
//! time, while JavaScript or a native built-in that polls runs. If it answers true the engine
//! unwinds all JavaScript frames up to the nearest Rust frame with an exception that no `catch`
//! sees. Where that Rust frame is a host function, it throws an ordinary exception into the
//! JavaScript that called it, which gets no further than the watchdog's next interval and in
//! which every host call fails.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exception::Exception;
use crate::ffi;
use crate::function::panic_message;
use crate::scope::Scope;
use crate::text::JsText;
use crate::vm::Inner;

/// What one run may use.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunLimits {
    /// Wall time, host functions included; `None` for no limit.
    pub time: Option<Duration>,
    /// Size of the VM's heap with the buffers it owns; `None` for no limit. What a single
    /// built-in call allocates is seen after the call.
    pub heap_bytes_max: Option<usize>,
}

/// Why a run ended without a result.
///
/// After anything but `Exception` the VM is poisoned and must be dropped.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The script threw: its author's matter.
    Exception(Exception),
    /// It ran longer than [`RunLimits::time`].
    TimeLimit(Duration),
    /// It held this many bytes, more than [`RunLimits::heap_bytes_max`].
    HeapLimit(usize),
    /// [`CancelHandle::cancel`] was called.
    Cancelled,
    /// Rust code panicked: a bug in the host.
    Panic(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception(exception) => exception.fmt(f),
            Self::TimeLimit(limit) => write!(f, "the script ran over its time limit, {limit:?}"),
            Self::HeapLimit(bytes) => write!(f, "the script holds {bytes} bytes, over its limit"),
            Self::Cancelled => f.write_str("the script was cancelled"),
            Self::Panic(message) => write!(f, "a host function panicked: {message}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<Exception> for RunError {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

/// How fast a script is taken to fill its heap.
const FILL_BYTES_PER_SECOND: f64 = 2e9;
/// The pause between two measurements, as a multiple of what the last one took: at least and,
/// where the heap cannot fill meanwhile, at most.
const PAUSE_FEW: u32 = 4;
const PAUSE_MANY: u32 = 1000;

/// Stops whatever the VM runs, from any thread.
#[derive(Clone)]
pub struct CancelHandle(Arc<AtomicBool>);

impl CancelHandle {
    /// Ends the run within a watchdog interval, and makes every later one fail.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Why a VM was stopped; it never starts again.
#[derive(Clone, Copy)]
enum Stop {
    TimeLimit(Duration),
    HeapLimit(usize),
    Cancelled,
    Panic,
}

/// The state of a VM's limits.
#[derive(Default)]
pub(crate) struct Watch {
    stop: Cell<Option<Stop>>,
    panic: RefCell<String>,
    cancelled: Arc<AtomicBool>,
    current: Cell<Current>,
    /// The heap's size when it was measured last.
    heap_bytes: Cell<usize>,
    /// Not before this moment is the heap measured again.
    heap_due: Cell<Duration>,
    /// Whether garbage was collected since the heap was measured. A heap cannot grow by much
    /// without. Set by the engine from whichever thread collects.
    collected: AtomicBool,
    /// Whether the watchdog has terminated JavaScript and not been started again. It must never
    /// be started twice: two of its timers going off together can abort the process (a race in
    /// the engine's trap handling).
    spent: Cell<bool>,
    /// Whether stopping took a reference to the VM.
    holds_vm: Cell<bool>,
}

/// The limits of the innermost run, already narrowed by the outer ones.
#[derive(Clone, Copy, Default)]
struct Current {
    /// On the monotonic clock, with the limit it came from.
    deadline: Option<(Duration, Duration)>,
    heap_bytes_max: Option<usize>,
}

impl Scope {
    /// Runs `body` under `limits`; inside another run the narrower of both hold.
    ///
    /// A run that ended well may yet leave a poisoned VM behind, if it is then found over its
    /// heap limit.
    ///
    /// # Errors
    /// The exception that `body` returns, or why it was stopped. A VM that was stopped before
    /// fails at once with the same reason.
    pub fn run<T>(
        &self,
        limits: &RunLimits,
        body: impl FnOnce(&Scope) -> Result<T, Exception>,
    ) -> Result<T, RunError> {
        let inner = self.inner();
        let watch = &inner.watch;
        inner.look_for_cancel();
        if let Some(stop) = watch.stop.get() {
            return Err(watch.error(stop));
        }
        let outer = watch.current.get();
        watch
            .current
            .set(outer.narrowed(limits, inner.clock.monotonic()));
        let result = self.enter(|scope| {
            let result = catch_unwind(AssertUnwindSafe(|| body(scope)));
            inner.drain_microtasks();
            let stopped = inner.watch.stop.get();
            inner.look_at_heap();
            (stopped, result)
        });
        watch.current.set(outer);
        inner.drop_garbage();
        let Some((stopped, result)) = result else {
            self.inner().stop(Stop::Cancelled);
            return Err(watch.error(Stop::Cancelled));
        };
        match (stopped, result) {
            (Some(stop), _) => Err(watch.error(stop)),
            (None, Ok(result)) => Ok(result?),
            (None, Err(panic)) => {
                inner.stop_for_panic(&panic_message(&*panic));
                Err(watch.error(Stop::Panic))
            }
        }
    }

    /// Runs `body` inside of the engine, so that all it calls there is one entry for the
    /// watchdog. `None` if the engine did not even begin.
    fn enter<T>(&self, body: impl FnOnce(&Scope) -> T) -> Option<T> {
        let inner = self.inner();
        if inner.depth.get() > 0 {
            return Some(body(self));
        }
        let mut body = Some(body);
        let mut result = None;
        let mut job = |scope: &Scope| result = body.take().map(|body| body(scope));
        inner.in_run.set(true);
        inner.call_job(&mut job);
        inner.in_run.set(false);
        result
    }

    /// Whether the VM was stopped. It answers nothing any more; drop it.
    pub fn is_poisoned(&self) -> bool {
        self.inner().is_stopped()
    }

    /// A handle that stops this VM from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(Arc::clone(&self.inner().watch.cancelled))
    }

    /// Bytes that the VM holds: its heap and the buffers and strings outside of it, garbage that
    /// was not collected yet included.
    pub fn heap_bytes(&self) -> usize {
        self.inner().heap_bytes()
    }

    /// What [`Self::heap_bytes`] was when it was last looked at, also by a run with a heap limit:
    /// such a run looks when the engine has collected garbage, but spends little time on it.
    /// 0 before the first look. Costs nothing.
    pub fn heap_bytes_seen(&self) -> usize {
        self.inner().watch.heap_bytes.get()
    }

    /// Collects garbage now. For tests and for idle times: takes milliseconds.
    pub fn collect_garbage(&self) {
        // SAFETY: the context is live.
        unsafe { ffi::JSSynchronousGarbageCollectForDebugging(self.inner().ctx()) };
        self.inner().drop_garbage();
    }
}

impl Current {
    fn narrowed(self, limits: &RunLimits, now: Duration) -> Self {
        let deadline = limits.time.map(|time| (now.saturating_add(time), time));
        let deadline = match (self.deadline, deadline) {
            (Some(outer), Some(own)) => Some(outer.min(own)),
            (outer, own) => outer.or(own),
        };
        let heap_bytes_max = match (self.heap_bytes_max, limits.heap_bytes_max) {
            (Some(outer), Some(own)) => Some(outer.min(own)),
            (outer, own) => outer.or(own),
        };
        Self {
            deadline,
            heap_bytes_max,
        }
    }
}

impl Watch {
    fn error(&self, stop: Stop) -> RunError {
        match stop {
            Stop::TimeLimit(limit) => RunError::TimeLimit(limit),
            Stop::HeapLimit(bytes) => RunError::HeapLimit(bytes),
            Stop::Cancelled => RunError::Cancelled,
            Stop::Panic => RunError::Panic(self.panic.borrow().clone()),
        }
    }

    pub(crate) fn holds_vm(&self) -> bool {
        self.holds_vm.get()
    }
}

impl Inner {
    /// Makes the engine tell when it has collected garbage.
    pub(crate) fn note_collections(&self) {
        let data = ptr::from_ref(&self.watch.collected)
            .cast::<c_void>()
            .cast_mut();
        // SAFETY: the group is live and `self` outlives it.
        unsafe { ffi::JSContextGroupAddHeapFinalizer(self.group(), note_collection, data) };
    }

    /// Makes the watchdog fire after the interval.
    pub(crate) fn start_watchdog(&self) {
        let data = ptr::from_ref(self).cast::<c_void>().cast_mut();
        let seconds = self.settings.watchdog_interval.as_secs_f64();
        // SAFETY: the group is live and `self` outlives it.
        unsafe {
            ffi::JSContextGroupSetExecutionTimeLimit(self.group(), seconds, Some(watchdog), data);
        }
    }

    fn stop(&self, reason: Stop) {
        if !self.is_stopped() {
            self.watch.stop.set(Some(reason));
            self.watch.holds_vm.set(self.forbid_microtasks());
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.watch.stop.get().is_some()
    }

    /// The exception of a VM that was stopped.
    pub(crate) fn stopped(self: &Rc<Self>) -> Exception {
        Exception::new(self.undefined())
    }

    /// Keeps a stopped VM from running more.
    pub(crate) fn refuse_if_stopped(self: &Rc<Self>) -> Result<(), Exception> {
        if self.is_stopped() {
            Err(self.stopped())
        } else {
            Ok(())
        }
    }

    pub(crate) fn stop_for_panic(&self, message: &str) {
        self.watch.panic.replace(message.to_owned());
        self.stop(Stop::Panic);
    }

    fn look_for_cancel(&self) {
        if self.watch.cancelled.load(Ordering::Relaxed) {
            self.stop(Stop::Cancelled);
        }
    }

    fn look_at_clock(&self) {
        if let Some((deadline, limit)) = self.watch.current.get().deadline
            && self.clock.monotonic() > deadline
        {
            self.stop(Stop::TimeLimit(limit));
        }
    }

    /// A host function is about to return to JavaScript, which must not go on if the VM was
    /// stopped meanwhile or the time is over. The watchdog counts processor time, so it would
    /// not have noticed a function that waited.
    pub(crate) fn after_host_call(self: &Rc<Self>) -> Result<(), Exception> {
        self.look_for_cancel();
        self.look_at_clock();
        if !self.is_stopped() {
            return Ok(());
        }
        if self.watch.spent.take() {
            self.start_watchdog();
        }
        Err(self.stopped())
    }

    fn look_at_heap(&self) {
        let Some(max) = self.watch.current.get().heap_bytes_max else {
            return;
        };
        let start = self.clock.monotonic();
        if start < self.watch.heap_due.get() {
            return;
        }
        if !self.watch.collected.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut bytes = self.heap_bytes();
        if bytes > max {
            // Garbage does not count, but the engine lets it grow with the machine's memory.
            // SAFETY: the context is live, and a collection may happen wherever the engine asks.
            unsafe { ffi::JSSynchronousGarbageCollectForDebugging(self.ctx()) };
            bytes = self.heap_bytes();
        }
        if bytes > max {
            self.stop(Stop::HeapLimit(bytes));
            return;
        }
        // Measuring walks the heap: 2 ms for an empty one, about 1 ms more a megabyte of small
        // objects. Spend little of the time on it, but look again before a script that was not
        // measured could have filled a good part of its limit.
        let end = self.clock.monotonic();
        let cost = end - start;
        let fill = Duration::from_secs_f64(max as f64 / FILL_BYTES_PER_SECOND);
        let pause = (cost * PAUSE_FEW).max((cost * PAUSE_MANY).min(fill));
        self.watch.heap_due.set(end + pause);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let property = |object, name: &JsText| {
            // SAFETY: context, object and name are live; the properties are plain numbers.
            unsafe {
                let none = ptr::null_mut();
                let value = ffi::JSObjectGetProperty(self.ctx(), object, name.raw(), none);
                ffi::JSValueToNumber(self.ctx(), value, none)
            }
        };
        // SAFETY: the context is live.
        let statistics = unsafe { ffi::JSGetMemoryUsageStatistics(self.ctx()) };
        let heap = property(statistics, &JsText::from_c(c"heapSize"));
        let extra = property(statistics, &JsText::from_c(c"extraMemorySize"));
        let bytes = (heap.max(0.0) + extra.max(0.0)) as usize;
        self.watch.heap_bytes.set(bytes);
        bytes
    }
}

/// The engine has collected garbage, on whichever thread, maybe with the VM's own stopped.
unsafe extern "C" fn note_collection(_group: ffi::JSContextGroupRef, data: *mut c_void) {
    // SAFETY: `data` is the flag of an `Inner` that outlives the group.
    unsafe { &*data.cast::<AtomicBool>() }.store(true, Ordering::Relaxed);
}

/// The engine asks whether to terminate.
unsafe extern "C" fn watchdog(_ctx: ffi::JSContextRef, data: *mut c_void) -> bool {
    // SAFETY: `data` is the `Inner` that started the watchdog; it outlives the group, and this
    // runs on its thread.
    let inner = unsafe { &*data.cast::<Inner>() };
    inner.look_for_cancel();
    inner.look_at_clock();
    if !inner.is_stopped() {
        inner.look_at_heap();
    }
    if inner.is_stopped() {
        inner.watch.spent.set(true);
        return true;
    }
    // The engine starts its timer again only for a callback that sets the limit anew.
    inner.start_watchdog();
    false
}
