//! Wall-clock and monotonic time behind one trait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// Time since 1970-01-01T00:00:00Z, as fine as the clock shows it.
    fn unix(&self) -> Duration;

    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn unix_ms(&self) -> u64 {
        u64::try_from(self.unix().as_millis()).unwrap_or(u64::MAX)
    }

    /// Time since an arbitrary start that never goes back.
    fn monotonic(&self) -> Duration;

    /// Does nothing for some time, to let others get on; not to wait for anything.
    fn pause(&self, time: Duration);
}

/// The machine's clock.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let start = Instant::now();
        Self { start }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn unix(&self) -> Duration {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn pause(&self, time: Duration) {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        std::thread::sleep(time);
    }
}

/// A clock that moves only when told to.
pub struct ManualClock {
    start_unix_ms: u64,
    elapsed_ms: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `unix_ms`.
    pub fn new(unix_ms: u64) -> Self {
        Self {
            start_unix_ms: unix_ms,
            elapsed_ms: AtomicU64::new(0),
        }
    }

    /// Moves the clock forward; sub-millisecond parts are dropped.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix(&self) -> Duration {
        Duration::from_millis(self.start_unix_ms) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms.load(Ordering::SeqCst))
    }

    /// Takes no time: lets other threads run.
    fn pause(&self, _time: Duration) {
        std::thread::yield_now();
    }
}
