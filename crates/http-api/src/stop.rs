//! Whether clients have asked the server to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A wish to stop, which somebody else grants.
#[derive(Default)]
pub(crate) struct Stop {
    /// Wished for as soon as nothing is going on that clients would miss.
    soft: AtomicBool,
    asked: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Wishes for it now.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        // Remembered if nobody waits yet.
        self.notify.notify_one();
    }

    /// Wishes for it when all is clear.
    pub(crate) fn ask_softly(&self) {
        self.soft.store(true, Ordering::Release);
    }

    /// Whether it is wished for when all is clear.
    pub(crate) fn is_soft(&self) -> bool {
        self.soft.load(Ordering::Acquire)
    }

    /// Whether it was wished for at once.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Waits for the wish.
    pub(crate) async fn asked(&self) {
        while !self.is_asked() {
            self.notify.notified().await;
        }
    }
}
