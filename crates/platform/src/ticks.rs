//! Server-wide identifiers from a hybrid logical clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Clock;

/// Bits below the millisecond: a counter for ticks within one millisecond.
const COUNTER_BITS: u32 = 20;

/// Strictly increasing 64-bit numbers: `unix_ms << 20 | counter`.
///
/// Document revisions, collection ids, cursor ids and generated keys come from here, so that
/// they are unique in the server and grow with time even when the wall clock goes back.
pub struct Ticks {
    clock: Arc<dyn Clock>,
    last: AtomicU64,
}

impl Ticks {
    /// Ticks that are larger than `floor`, the largest one known to be used before.
    pub fn new(clock: Arc<dyn Clock>, floor: u64) -> Self {
        Self {
            clock,
            last: AtomicU64::new(floor),
        }
    }

    /// The next tick: `max(last + 1, now << 20)`.
    pub fn next(&self) -> u64 {
        let now = self.clock.unix_ms() << COUNTER_BITS;
        let step = |last: u64| Some(now.max(last + 1));
        match self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, step)
        {
            Ok(last) | Err(last) => now.max(last + 1),
        }
    }

    /// Makes all further ticks larger than `floor`.
    pub fn raise(&self, floor: u64) {
        self.last.fetch_max(floor, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use std::time::Duration;

    #[test]
    fn ticks_grow_within_a_millisecond_and_with_time() {
        let clock = Arc::new(ManualClock::new(1));
        let ticks = Ticks::new(clock.clone(), 0);
        assert_eq!(ticks.next(), 1 << 20);
        assert_eq!(ticks.next(), (1 << 20) + 1);
        clock.advance(Duration::from_millis(1));
        assert_eq!(ticks.next(), 2 << 20);
    }

    #[test]
    fn a_floor_above_the_clock_is_respected() {
        let ticks = Ticks::new(Arc::new(ManualClock::new(1)), 1 << 40);
        assert_eq!(ticks.next(), (1 << 40) + 1);
    }
}
