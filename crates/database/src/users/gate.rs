//! How many password hashes are computed at once.
//!
//! Every wrong login costs a hash, which takes tens of mebibytes and milliseconds by design. The
//! gate keeps a flood of them from taking all memory, all cores, or all threads that wait.

use error_codes::codes;
use parking_lot::{Condvar, Mutex};

use crate::error::{Error, ErrorKind, Result};

pub(super) struct Gate {
    state: Mutex<State>,
    freed: Condvar,
    running_max: usize,
    waiting_max: usize,
}

#[derive(Default)]
struct State {
    running: usize,
    waiting: usize,
}

/// Leave to compute one hash; ends when dropped.
pub(super) struct Pass<'g>(&'g Gate);

impl Gate {
    pub(super) fn new(running_max: usize, waiting_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            freed: Condvar::new(),
            // None at all would wait for ever.
            running_max: running_max.max(1),
            waiting_max,
        }
    }

    /// Waits for a place. Errors: 503 when `password_waiting_max` others wait.
    pub(super) fn enter(&self) -> Result<Pass<'_>> {
        let mut state = self.state.lock();
        if state.running >= self.running_max {
            if state.waiting >= self.waiting_max {
                let waiting_max = self.waiting_max;
                let message = format!(
                    "too many logins at once: password_waiting_max is {waiting_max}, try again"
                );
                let code = codes::HTTP_SERVICE_UNAVAILABLE;
                return Err(Error::with_message(ErrorKind::Unavailable, code, message));
            }
            state.waiting += 1;
            while state.running >= self.running_max {
                self.freed.wait(&mut state);
            }
            state.waiting -= 1;
        }
        state.running += 1;
        Ok(Pass(self))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state.lock().running -= 1;
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
        let gate = Arc::new(Gate::new(2, 100));
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
                        let _pass = gate.enter().unwrap();
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
        assert_eq!(gate.state.lock().running, 0);
    }

    #[test]
    fn more_waiting_than_allowed_are_refused() {
        let gate = Gate::new(1, 0);
        let pass = gate.enter().unwrap();
        let error = gate.enter().err().unwrap();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::Unavailable, 503)
        );
        assert!(error.message().contains("password_waiting_max is 0"));
        drop(pass);
        gate.enter().unwrap();
    }
}
