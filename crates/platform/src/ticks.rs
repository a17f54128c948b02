//! Server-wide identifiers from a hybrid logical clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Clock;

/// Bits below the millisecond: a counter for ticks within one millisecond.
const COUNTER_BITS: u32 = 20;

/// Strictly increasing 64-bit numbers: `unix_ms << 20 | counter`.
///
/// Document revisions, collection ids, cursor ids and generated keys come from here, so that
/// they are unique in the server and grow with time even when the wall clock goes back. Where
/// several servers draw from one set of numbers, each has its own remainder in the lowest bits.
pub struct Ticks {
    clock: Arc<dyn Clock>,
    last: AtomicU64,
    /// The lowest bits that every tick has, and where they are.
    remainder: u64,
    mask: u64,
}

impl Ticks {
    /// Ticks that are larger than `floor`, the largest one known to be used before.
    pub fn new(clock: Arc<dyn Clock>, floor: u64) -> Self {
        Self::with_remainder(clock, floor, 0, 0)
    }

    /// The same with `remainder` in the lowest `bits` of every tick.
    pub fn with_remainder(clock: Arc<dyn Clock>, floor: u64, bits: u32, remainder: u64) -> Self {
        let mask = (1 << bits) - 1;
        Self {
            clock,
            last: AtomicU64::new(floor),
            remainder: remainder & mask,
            mask,
        }
    }

    /// The next tick: `max(last + 1, now << 20)`, or the first one from there on with the right
    /// remainder.
    pub fn next(&self) -> u64 {
        let now = self.clock.unix_ms() << COUNTER_BITS;
        let step = |last: u64| self.align(now.max(last + 1));
        match self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(step(last)))
        {
            Ok(last) | Err(last) => step(last),
        }
    }

    /// The first number above another one that could be a tick, whatever the time; the number
    /// itself at the end of all numbers.
    pub fn following(&self, number: u64) -> u64 {
        match number.checked_add(self.mask + 1) {
            Some(_) => self.align(number + 1),
            None => number,
        }
    }

    /// The first number from here on with the right remainder.
    fn align(&self, from: u64) -> u64 {
        let aligned = (from & !self.mask) | self.remainder;
        if aligned < from {
            aligned + self.mask + 1
        } else {
            aligned
        }
    }

    /// The latest tick, or the floor before the first one.
    pub fn latest(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
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
    fn ticks_with_different_remainders_never_meet() {
        let clock = Arc::new(ManualClock::new(1));
        let ticks = |remainder| Ticks::with_remainder(clock.clone(), 0, 10, remainder);
        let (one, two) = (ticks(1), ticks(1023));
        assert_eq!([one.next(), one.next()], [(1 << 20) + 1, (1 << 20) + 1025]);
        assert_eq!(two.next(), (1 << 20) + 1023);
        assert_eq!(one.following(1), 1025);
        assert_eq!(one.following(0), 1);
        assert_eq!(two.following(u64::MAX), u64::MAX);
        two.raise(5 << 20);
        assert_eq!(two.next(), (5 << 20) + 1023);
        clock.advance(Duration::from_millis(9));
        assert_eq!(one.next(), (10 << 20) + 1);
    }

    #[test]
    fn a_floor_above_the_clock_is_respected() {
        let ticks = Ticks::new(Arc::new(ManualClock::new(1)), 1 << 40);
        assert_eq!(ticks.next(), (1 << 40) + 1);
    }
}
