//! The only door to the ambient world: clock, randomness, identifiers, named threads.
//!
//! Charter: everything whose answer differs from run to run is asked for here, so that tests
//! and the simulator can supply it. It knows nothing of documents, services or HTTP.
//!
//! Invariants: a [`Clock`] never goes back as seen through [`Ticks`]; every thread has a name.
//!
//! Entry point: [`Platform`], which is cloned into whoever needs it.

mod clock;
mod random;
mod threads;
mod ticks;
mod usage;

use std::sync::Arc;

pub use clock::{Clock, ManualClock, SystemClock};
pub use random::{Random, SeededRandom, SystemRandom};
pub use threads::{ThreadSettings, spawn_thread};
pub use ticks::Ticks;
pub use usage::ProcessUsage;

/// The ambient world as one cheap handle.
#[derive(Clone)]
pub struct Platform {
    /// Wall and monotonic time.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets in production, seeded in tests.
    pub random: Arc<dyn Random>,
}

impl Platform {
    /// The real machine.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
        }
    }

    /// A manual clock that starts at `unix_ms` and randomness that follows from `seed`.
    pub fn simulated(unix_ms: u64, seed: u64) -> (Self, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(unix_ms));
        let random = Arc::new(SeededRandom::new(seed));
        (
            Self {
                clock: clock.clone(),
                random,
            },
            clock,
        )
    }
}
