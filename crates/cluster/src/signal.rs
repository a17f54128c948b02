//! Something that threads wait for, again and again.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// A count that only grows and that threads wait for.
#[derive(Default)]
pub struct Signal {
    count: Mutex<u64>,
    raised: Condvar,
}

impl Signal {
    /// The count.
    pub fn count(&self) -> u64 {
        *self.count.lock()
    }

    /// Raises the count and wakes whoever waits.
    pub fn raise(&self) {
        *self.count.lock() += 1;
        self.raised.notify_all();
    }

    /// Waits until the count is another one than `seen`, at most for `time`; answers the count.
    pub fn wait(&self, seen: u64, time: Duration) -> u64 {
        let mut count = self.count.lock();
        if *count == seen {
            self.raised
                .wait_while_for(&mut count, |count| *count == seen, time);
        }
        *count
    }
}
