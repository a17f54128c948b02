//! What somebody has seen of commits that may not be durable yet.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use parking_lot::Mutex;
use store::{Engine, Seen};

use crate::error::{Error, Result};

/// A record of what the transactions that carry it have read and written.
///
/// Such a transaction sees what others committed who carry one too, before it is durable, and its
/// own commit returns before it is durable. So whoever hands it to a transaction lets nothing out
/// of the process that depends on that transaction until [`Unsynced::when_durable`] or
/// [`Unsynced::wait`] says that all of it is durable: acknowledged means synced. Clones are the
/// same record.
///
/// It remembers what it saw until a call found all of it durable, so it can stand for a memory
/// that outlives single requests. When something of it was lost it stays lost.
#[derive(Clone)]
pub struct Unsynced {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<dyn Engine>,
    seen: Mutex<Seen>,
    lost: AtomicBool,
}

impl Unsynced {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            inner: Arc::new(Inner {
                engine,
                seen: Mutex::default(),
                lost: AtomicBool::new(false),
            }),
        }
    }

    pub(crate) fn add(&self, sequence: u64) {
        self.inner.seen.lock().add(sequence);
    }

    /// Calls `then` once, when everything seen until now is durable, or with the engine's error
    /// when some of it was lost: perhaps at once on this thread, perhaps on the engine's, so it
    /// must neither block nor panic.
    pub fn when_durable(&self, then: impl FnOnce(Result<()>) + Send + 'static) {
        let inner = Arc::clone(&self.inner);
        let seen = *inner.seen.lock();
        let engine = Arc::clone(&inner.engine);
        engine.when_durable(
            seen,
            Box::new(move |durable| {
                match &durable {
                    // What was seen since is not durable for that.
                    Ok(()) => {
                        let mut now = inner.seen.lock();
                        if *now == seen {
                            *now = Seen::default();
                        }
                    }
                    Err(_) => inner.lost.store(true, Ordering::Release),
                }
                then(durable.map_err(Error::from));
            }),
        );
    }

    /// Returns when everything seen until now is durable. Errors: the engine's, if some of it was
    /// lost.
    pub fn wait(&self) -> Result<()> {
        let (send, outcome) = sync_channel(1);
        self.when_durable(move |durable| {
            // It is received below.
            drop(send.send(durable));
        });
        self.sync_now();
        // Dropped uncalled only by an engine whose thread died.
        let closed = || store::Error::new(store::ErrorKind::Closed, "wait for a commit").into();
        outcome.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Whether everything seen is known to be durable.
    pub fn is_settled(&self) -> bool {
        *self.inner.seen.lock() == Seen::default()
    }

    /// Whether something seen was lost.
    pub fn was_lost(&self) -> bool {
        self.inner.lost.load(Ordering::Acquire)
    }

    /// Tells the engine that waiting for more commits is in vain: those who could make some wait
    /// themselves.
    pub fn sync_now(&self) {
        self.inner.engine.sync_now();
    }
}

/// Whether they are the same record.
impl PartialEq for Unsynced {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Unsynced {}

impl fmt::Debug for Unsynced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsynced")
            .field("seen", &*self.inner.seen.lock())
            .finish_non_exhaustive()
    }
}
