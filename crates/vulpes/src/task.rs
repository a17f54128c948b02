//! Work that is repeated for as long as the server runs, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use platform::{ThreadSettings, spawn_thread};

/// Repeats something until it is dropped, which waits for the thread to end.
pub(crate) struct Task {
    stopping: Arc<AtomicBool>,
    /// Dropped to wake the thread.
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Task {
    /// Runs `body` each time `period` has passed since the last run ended. `body` is given a
    /// flag that is set when the task is to stop, for runs that take long.
    pub(crate) fn start(
        name: &str,
        period: Duration,
        body: impl FnMut(&AtomicBool) + Send + 'static,
    ) -> anyhow::Result<Self> {
        Self::start_with(name, move || period, body)
    }

    /// The same with a time that is asked for anew after each run.
    pub(crate) fn start_with(
        name: &str,
        period: impl Fn() -> Duration + Send + 'static,
        mut body: impl FnMut(&AtomicBool) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (wake, woken) = channel::<()>();
        let flag = Arc::clone(&stopping);
        let settings = ThreadSettings {
            name: name.to_owned(),
            stack_bytes: None,
        };
        let thread = spawn_thread(settings, move || {
            while woken.recv_timeout(period()) == Err(RecvTimeoutError::Timeout) {
                body(&flag);
            }
        });
        let thread = thread.with_context(|| format!("start the thread {name}"))?;
        Ok(Self {
            stopping,
            wake: Some(wake),
            thread: Some(thread),
        })
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a background task panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_again_and_again_until_dropped() {
        let (ran, runs) = channel();
        let body = move |_: &AtomicBool| ran.send(()).unwrap();
        let task = Task::start("test", Duration::from_millis(1), body).unwrap();
        for _ in 0..3 {
            runs.recv().unwrap();
        }
        drop(task);
        // Ends only if the sender is gone, and with it the thread.
        runs.iter().for_each(drop);
    }

    #[test]
    fn a_stop_wakes_a_task_that_waits() {
        let never = |_: &AtomicBool| panic!("the period is over a thousand years");
        drop(Task::start("test", Duration::from_secs(1 << 35), never).unwrap());
    }

    #[test]
    fn a_stop_is_seen_by_a_run_that_goes_on() {
        let (begun, begin) = channel();
        let body = move |stop: &AtomicBool| {
            begun.send(()).unwrap();
            while !stop.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        };
        let task = Task::start("test", Duration::from_millis(1), body).unwrap();
        begin.recv().unwrap();
        drop(task);
    }
}
