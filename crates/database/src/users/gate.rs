//! How many password hashes are computed at once.
//!
//! Every wrong login costs a hash, which takes tens of mebibytes and milliseconds by design. The
//! gate keeps a flood of them from taking all memory and all cores.

use parking_lot::{Condvar, Mutex};

pub(super) struct Gate {
    running: Mutex<usize>,
    freed: Condvar,
    running_max: usize,
}

/// Leave to compute one hash; ends when dropped.
pub(super) struct Pass<'g>(&'g Gate);

impl Gate {
    pub(super) fn new(running_max: usize) -> Self {
        Self {
            running: Mutex::default(),
            freed: Condvar::new(),
            // None at all would wait for ever.
            running_max: running_max.max(1),
        }
    }

    /// Waits for a place.
    pub(super) fn enter(&self) -> Pass<'_> {
        let mut running = self.running.lock();
        while *running >= self.running_max {
            self.freed.wait(&mut running);
        }
        *running += 1;
        Pass(self)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.running.lock() -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_run_at_once_than_allowed_and_all_get_through() {
        let gate = Arc::new(Gate::new(2));
        let (running, most) = (Arc::default(), Arc::<AtomicUsize>::default());
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (gate, running, most): (_, Arc<AtomicUsize>, _) =
                    (Arc::clone(&gate), Arc::clone(&running), Arc::clone(&most));
                let name = "gate".to_owned();
                let settings = platform::ThreadSettings {
                    name,
                    stack_bytes: None,
                };
                platform::spawn_thread(settings, move || {
                    for _ in 0..200 {
                        let _pass = gate.enter();
                        most.fetch_max(
                            running.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        std::thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                    }
                })
                .unwrap()
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(*gate.running.lock(), 0);
    }
}
