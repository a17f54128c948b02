//! Says once that the disk is full and once that it is not any more, however many writes are
//! refused meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};

use store::Error;

/// Whether writes are refused for want of room.
#[derive(Default)]
pub struct Fullness {
    /// Writes refused since the disk is full; 0 while it is not.
    refused: AtomicU64,
    /// The most room that one of them needed.
    needed_bytes: AtomicU64,
}

impl Fullness {
    /// A write was refused that needed so much room. Logs the first one, and then the number of
    /// them whenever it has another digit.
    pub fn refuse(&self, needed_bytes: u64, reason: &Error) {
        self.needed_bytes.fetch_max(needed_bytes, Ordering::Relaxed);
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused == 1 {
            tracing::error!(
                ?reason,
                "the disk is full, writes are refused until it has room"
            );
        } else if refused >= 10 && refused == 10_u64.pow(refused.ilog10()) {
            tracing::warn!(refused, "the disk is still full");
        }
    }

    /// A write was committed. If there is also room for every one that was refused, the disk is
    /// not full any more.
    pub fn committed(&self, free_bytes: impl FnOnce() -> u64) {
        if self.refused.load(Ordering::Relaxed) == 0
            || free_bytes() < self.needed_bytes.load(Ordering::Relaxed)
        {
            return;
        }
        self.needed_bytes.store(0, Ordering::Relaxed);
        let refused = self.refused.swap(0, Ordering::Relaxed);
        tracing::info!(refused, "the disk has room again");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use store::ErrorKind;
    use tracing::field::{Field, Visit};
    use tracing::span;

    use super::*;

    /// Keeps levels and messages.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }

    impl tracing::Subscriber for Lines {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            let mut message = Message(String::new());
            event.record(&mut message);
            let level = event.metadata().level();
            self.0.lock().push(format!("{level} {}", message.0));
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_full_disk_is_logged_once_and_then_in_growing_steps() {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            let fullness = Fullness::default();
            let reason = Error::new(ErrorKind::Full, "commit");
            fullness.committed(|| 0);
            for needed_bytes in 0..120 {
                fullness.refuse(needed_bytes, &reason);
            }
            fullness.committed(|| 118);
            fullness.committed(|| 119);
            fullness.committed(|| 119);
            fullness.refuse(1, &reason);
        });
        let full = "ERROR the disk is full, writes are refused until it has room";
        let still = "WARN the disk is still full";
        let expected = [full, still, still, "INFO the disk has room again", full];
        assert_eq!(*lines.0.lock(), expected);
    }
}
