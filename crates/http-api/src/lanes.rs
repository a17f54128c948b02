//! Lanes: places for requests that a network thread answers itself, because their like was quick
//! of late. Being handed to another thread and back costs more than most of them take.
//!
//! There is one lane fewer than there are network threads. So whatever holds the lanes for how
//! long, a thread is left that reads, writes, and hands everything else to threads that may
//! block. A watch wakes that thread if it sleeps while the others are held up: nobody else would
//! look after the connections meanwhile.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use platform::{Clock, ThreadSettings, spawn_thread};
use tokio::runtime::Handle;

/// Kinds of requests are told apart by as many numbers; kinds that share one share its score.
const KINDS: usize = 4096;

/// A kind is taken to be quick from this score on. It begins with none.
const QUICK_FROM: i32 = 16;
/// The best score.
const SCORE_MAX: i32 = 64;
/// The worst score.
const SCORE_MIN: i32 = -4096;
/// What one run that was too long costs, for each time that it took the time of a quick one.
/// A quick run earns 1.
const PENALTY: i32 = 8;

/// How often the watch looks while lanes are in use, and how long one may be taken until it acts.
const WATCH_INTERVAL: Duration = Duration::from_millis(2);
/// After how many looks at empty lanes it sleeps until somebody enters one.
const IDLE_LOOKS: u32 = 64;

/// A kind of requests, such as those of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(usize);

impl Kind {
    /// The kind that some properties make.
    pub(crate) fn of(properties: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        properties.hash(&mut hasher);
        Self(hasher.finish() as usize % KINDS)
    }
}

/// Who runs on network threads, and what may.
pub(crate) struct Lanes {
    clock: Arc<dyn Clock>,
    quick_time_max: Duration,
    scores: Box<[AtomicI32]>,
    shared: OnceLock<Arc<Shared>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Whether a network thread is being made ready for a service.
    preparing: AtomicBool,
    /// Whether somebody will begin a sync soon.
    sync_planned: AtomicBool,
}

struct Shared {
    lanes: Box<[Entered]>,
    /// Whether the watch sleeps until it is woken.
    asleep: AtomicBool,
    stopping: AtomicBool,
}

/// When a lane was entered, in nanoseconds and at least 1; 0 while it is free. Neighbours lie so
/// far apart that threads do not wait for each other's memory.
#[repr(align(128))]
struct Entered(AtomicU64);

/// A place on this network thread, free again when dropped.
pub(crate) struct Lane<'l> {
    lanes: &'l Lanes,
    entered: &'l AtomicU64,
}

impl Lanes {
    /// No lanes yet. Runs up to `quick_time_max` count as quick; zero: none does.
    pub(crate) fn new(clock: Arc<dyn Clock>, quick_time_max: Duration) -> Self {
        Self {
            clock,
            quick_time_max,
            scores: (0..KINDS).map(|_| AtomicI32::new(0)).collect(),
            shared: OnceLock::new(),
            thread: Mutex::default(),
            preparing: AtomicBool::new(false),
            sync_planned: AtomicBool::new(false),
        }
    }

    /// Opens the lanes that the runtime's threads allow. Must not be called twice.
    pub(crate) fn open(&self, runtime: &Handle) {
        let lanes = runtime.metrics().num_workers().saturating_sub(1);
        if lanes == 0 || self.quick_time_max.is_zero() {
            return;
        }
        let shared = Arc::new(Shared {
            lanes: (0..lanes).map(|_| Entered(AtomicU64::new(0))).collect(),
            asleep: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        });
        let watch = Watch {
            shared: Arc::clone(&shared),
            clock: Arc::clone(&self.clock),
            runtime: runtime.clone(),
        };
        let settings = ThreadSettings {
            name: "http-watch".to_owned(),
            stack_bytes: None,
        };
        match spawn_thread(settings, move || watch.run()) {
            Ok(thread) => {
                *self.thread.lock() = Some(thread);
                // Only the first has an effect.
                drop(self.shared.set(shared));
            }
            Err(error) => tracing::warn!(%error, "no request is answered on network threads"),
        }
    }

    /// Whether there are any. If not, no request needs to be told apart or timed for them.
    pub(crate) fn are_open(&self) -> bool {
        self.shared.get().is_some()
    }

    /// Ends the watch. Nobody may enter a lane any more.
    pub(crate) fn close(&self) {
        let (Some(shared), Some(thread)) = (self.shared.get(), self.thread.lock().take()) else {
            return;
        };
        shared.stopping.store(true, Ordering::SeqCst);
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("the watch of the network threads panicked");
        }
    }

    /// Whether requests of a kind were quick of late.
    pub(crate) fn is_quick(&self, kind: Kind) -> bool {
        self.score(kind).load(Ordering::Relaxed) >= QUICK_FROM
    }

    /// Takes note of how long a request of a kind kept its thread.
    pub(crate) fn record(&self, kind: Kind, ran: Duration) {
        let score = self.score(kind);
        let before = score.load(Ordering::Relaxed);
        let over = ran.as_nanos() / self.quick_time_max.as_nanos().max(1);
        let after = match i32::try_from(over) {
            Ok(0) => (before + 1).min(SCORE_MAX),
            over => before
                .saturating_sub(over.unwrap_or(i32::MAX).saturating_mul(PENALTY))
                .max(SCORE_MIN),
        };
        // What two threads record at once may be lost, which matters to none.
        if after != before {
            score.store(after, Ordering::Relaxed);
        }
    }

    /// Keeps requests of a kind off the network threads for long.
    pub(crate) fn bar(&self, kind: Kind) {
        self.score(kind).store(SCORE_MIN, Ordering::Relaxed);
    }

    /// Whether the caller may make a thread ready for a service, one at a time. If so it calls
    /// [`Self::end_preparing`] afterwards.
    pub(crate) fn begin_preparing(&self) -> bool {
        !self.preparing.swap(true, Ordering::Acquire)
    }

    /// Lets others make threads ready.
    pub(crate) fn end_preparing(&self) {
        self.preparing.store(false, Ordering::Release);
    }

    /// Whether it is for the caller to begin a sync soon, and to say so by [`Self::begin_sync`].
    pub(crate) fn plan_sync(&self) -> bool {
        !self.sync_planned.swap(true, Ordering::AcqRel)
    }

    /// What is to be synced from now on needs another sync.
    pub(crate) fn begin_sync(&self) {
        self.sync_planned.store(false, Ordering::Release);
    }

    fn score(&self, kind: Kind) -> &AtomicI32 {
        self.scores
            .get(kind.0)
            .expect("kinds are made modulo the number of scores")
    }

    /// A place on this thread, which is one of the runtime's; `None` if it must stay free.
    pub(crate) fn enter(&self) -> Option<Lane<'_>> {
        let shared = self.shared.get()?;
        let now = (self.clock.monotonic().as_nanos() as u64).max(1);
        // Each thread first tries one that others leave to it.
        let own = tokio::runtime::worker_index().unwrap_or(0) % shared.lanes.len();
        let (others, first) = shared.lanes.split_at(own);
        let mut lanes = first.iter().chain(others).map(|entered| &entered.0);
        let entered = lanes.find(|entered| {
            entered.load(Ordering::Relaxed) == 0
                && entered
                    .compare_exchange(0, now, Ordering::SeqCst, Ordering::Relaxed)
                    .is_ok()
        })?;
        let lane = Lane {
            lanes: self,
            entered,
        };
        if shared.asleep.load(Ordering::SeqCst)
            && shared.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = &*self.thread.lock()
        {
            thread.thread().unpark();
        }
        Some(lane)
    }
}

impl Lane<'_> {
    /// How long it has been taken.
    pub(crate) fn taken_for(&self) -> Duration {
        let entered = Duration::from_nanos(self.entered.load(Ordering::Relaxed));
        self.lanes.clock.monotonic().saturating_sub(entered)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.entered.store(0, Ordering::Release);
    }
}

/// The thread that sees to it that a network thread is awake while others are held up.
struct Watch {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    runtime: Handle,
}

impl Watch {
    fn run(&self) {
        let mut idle_looks = 0;
        while !self.shared.stopping.load(Ordering::SeqCst) {
            match self.longest() {
                None => idle_looks += 1,
                Some(longest) => {
                    idle_looks = 0;
                    if longest >= WATCH_INTERVAL.as_nanos() as u64 {
                        // Whoever runs this looks after the connections next.
                        drop(self.runtime.spawn(async {}));
                    }
                }
            }
            if idle_looks < IDLE_LOOKS {
                std::thread::park_timeout(WATCH_INTERVAL);
                continue;
            }
            self.shared.asleep.store(true, Ordering::SeqCst);
            while self.shared.asleep.load(Ordering::SeqCst)
                && self.longest().is_none()
                && !self.shared.stopping.load(Ordering::SeqCst)
            {
                std::thread::park();
            }
            self.shared.asleep.store(false, Ordering::SeqCst);
            idle_looks = 0;
        }
    }

    /// For how long the lane that was entered first has been taken.
    fn longest(&self) -> Option<u64> {
        let lanes = self.shared.lanes.iter();
        let first = lanes
            .map(|entered| entered.0.load(Ordering::SeqCst))
            .filter(|entered| *entered > 0)
            .min()?;
        Some((self.clock.monotonic().as_nanos() as u64).saturating_sub(first))
    }
}

#[cfg(test)]
mod tests {
    use platform::Platform;
    use tokio::runtime::Builder;

    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    fn lanes() -> Lanes {
        Lanes::new(Platform::simulated(0, 1).0.clock, QUICK)
    }

    fn record(lanes: &Lanes, kind: Kind, ran: Duration, times: u32) {
        (0..times).for_each(|_| lanes.record(kind, ran));
    }

    #[test]
    fn a_kind_is_quick_while_few_of_its_runs_are_slow() {
        let lanes = lanes();
        let (kind, other) = (Kind::of("a"), Kind::of("b"));
        record(&lanes, kind, QUICK / 2, 15);
        assert!(!lanes.is_quick(kind));
        record(&lanes, kind, QUICK / 2, 1000);
        assert!(lanes.is_quick(kind) && !lanes.is_quick(other));
        record(&lanes, kind, QUICK * 3, 2);
        assert!(lanes.is_quick(kind), "two short delays in a thousand");
        record(&lanes, kind, QUICK * 100, 1);
        assert!(!lanes.is_quick(kind));
        record(&lanes, kind, QUICK / 2, 700);
        assert!(
            !lanes.is_quick(kind),
            "so long a run takes long to make good"
        );
        record(&lanes, kind, QUICK / 2, 150);
        assert!(lanes.is_quick(kind));
        lanes.bar(kind);
        record(&lanes, kind, QUICK / 2, 4000);
        assert!(!lanes.is_quick(kind));
        record(&lanes, kind, Duration::MAX, 3);
        record(&lanes, kind, QUICK / 2, 5000);
        assert!(lanes.is_quick(kind), "nothing is for ever");
    }

    #[test]
    fn one_thread_stays_free() {
        let lanes = lanes();
        assert!(lanes.enter().is_none(), "not open");
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(3).enable_all().build().unwrap();
        lanes.open(runtime.handle());
        let (first, second) = (lanes.enter(), lanes.enter());
        assert!(first.is_some() && second.is_some());
        assert!(lanes.enter().is_none());
        drop(first);
        assert!(lanes.enter().is_some());
        lanes.close();
    }

    #[test]
    fn a_single_thread_has_no_lanes() {
        let lanes = lanes();
        let runtime = Builder::new_current_thread().build().unwrap();
        lanes.open(runtime.handle());
        assert!(lanes.enter().is_none());
        lanes.close();
    }
}
