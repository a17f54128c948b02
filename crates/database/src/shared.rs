//! What all databases of a server share: engine, platform, settings, identifiers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use error_codes::codes;
use parking_lot::Mutex;
use platform::Platform;
use store::{Batch, BeginOptions, Commit, Engine, Seen};

use crate::claims::Claims;
use crate::computed::Expressions;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Expiry;
use crate::ids::CollectionId;
use crate::key_generator::KeySource;
use crate::layout;
use crate::locks::Locks;
use crate::seats::{self, ObservedOthers, Seat};
use crate::settings::Settings;
use crate::versions::Versions;

/// Bits of a tick below the millisecond.
pub(crate) const COUNTER_BITS: u32 = 20;

pub(crate) struct Shared {
    pub engine: Arc<dyn Engine>,
    pub platform: Platform,
    pub settings: Settings,
    pub locks: Arc<Locks>,
    pub claims: Arc<Claims>,
    /// What identifiers are given out by.
    pub seat: ArcSwap<Seat>,
    /// Held while the end of identifiers is moved, or another seat taken.
    pub raising: Mutex<()>,
    pub observed: ObservedOthers,
    /// Exclusive locks that could not be given back yet: of which collection, and which.
    pub unreleased: Mutex<Vec<(CollectionId, u64)>>,
    /// What is known of what other processes change.
    pub versions: Versions,
    /// Changes whenever a commit wrote to the collection of users.
    pub users_generation: AtomicU64,
    /// Set while nothing may be written but what the server keeps for itself.
    read_only: AtomicBool,
    /// How expired documents are removed.
    pub expiry: Expiry,
    /// What computed values are written in; set at most once.
    pub expressions: OnceLock<Arc<dyn Expressions>>,
}

impl Shared {
    /// Reads where identifiers begin; takes a seat of a shared store. Errors: the engine's.
    pub fn open(engine: Arc<dyn Engine>, platform: Platform, settings: Settings) -> Result<Self> {
        let floor = if engine.is_shared() {
            // The seat says where its identifiers begin: others may be ahead.
            0
        } else {
            seats::floor_alone(engine.begin(BeginOptions::read_only())?.as_mut())?
        };
        let alone = Seat::alone(Arc::clone(&platform.clock), floor);
        let shared = Self {
            seat: ArcSwap::from_pointee(alone),
            locks: Arc::new(Locks::new(settings.lock_waiters_max)),
            claims: Arc::default(),
            engine,
            platform,
            settings,
            raising: Mutex::new(()),
            observed: ObservedOthers::default(),
            unreleased: Mutex::default(),
            versions: Versions::default(),
            users_generation: AtomicU64::new(0),
            read_only: AtomicBool::new(false),
            expiry: Expiry::default(),
            expressions: OnceLock::new(),
        };
        if shared.engine.is_shared() {
            shared.take_seat()?;
        }
        Ok(shared)
    }

    pub fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }

    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::Relaxed);
    }

    /// Errors: 11 while the server is read-only.
    /// Source: public documentation, "HTTP interface for administration / Server mode".
    pub fn check_definable(&self) -> Result<()> {
        if self.is_read_only() {
            let message = "forbidden: the server is in read-only mode";
            let kind = ErrorKind::Forbidden;
            return Err(Error::with_message(kind, codes::FORBIDDEN, message));
        }
        Ok(())
    }

    /// Whether a commit that failed with `error` happened nevertheless, which shows in a value
    /// that only it can have written. If nothing can be read, it counts as not happened.
    pub fn has_happened(&self, error: &store::Error, key: &[u8], value: Option<&[u8]>) -> bool {
        let unknown = matches!(
            error.kind(),
            store::ErrorKind::Io | store::ErrorKind::Corrupt
        );
        let stored = || {
            let mut txn = self.engine.begin(BeginOptions::read_only()).ok()?;
            txn.get(key).ok()
        };
        unknown && stored().is_some_and(|stored| stored.as_deref() == value)
    }

    /// Returns when a commit is durable. Errors: the engine's, if it was lost.
    pub fn wait_until_durable(&self, sequence: u64) -> store::Result<()> {
        let (send, outcome) = sync_channel(1);
        let mut seen = Seen::default();
        seen.add(sequence);
        self.engine.when_durable(
            seen,
            // It is received below.
            Box::new(move |durable| drop(send.send(durable))),
        );
        self.engine.sync_now();
        let forgotten = || store::Error::new(store::ErrorKind::Closed, "wait for a commit");
        outcome.recv().unwrap_or_else(|_| Err(forgotten()))
    }

    /// The sequence of a commit; of the last one there is if it failed and may have happened
    /// nevertheless; `None` if it has not.
    pub fn last_of(&self, commit: &store::Result<Commit>) -> Option<u64> {
        match commit {
            Ok(commit) => Some(commit.sequence),
            Err(error) if error.kind() == store::ErrorKind::Conflict => None,
            Err(_) => {
                let latest = self.engine.begin(BeginOptions::read_only().unsynced());
                Some(latest.map_or(u64::MAX, |latest| latest.sequence()))
            }
        }
    }

    /// Returns when every commit that has returned is durable, or lost.
    pub fn wait_until_all_is_durable(&self) -> Result<()> {
        let latest = self.engine.begin(BeginOptions::read_only().unsynced())?;
        // What was lost is not there any more: no matter to whoever begins now.
        drop(self.wait_until_durable(latest.sequence()));
        Ok(())
    }

    /// Runs `attempt` until it does something else than conflict, within
    /// `conflict_retries_max`.
    pub fn retry<T>(&self, attempt: impl FnMut() -> Result<T>) -> Result<T> {
        self.retry_up_to(self.settings.conflict_retries_max, attempt)
    }

    /// The same within another limit.
    pub fn retry_up_to<T>(
        &self,
        retries_max: usize,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let mut retries = 0;
        loop {
            match attempt() {
                Err(error) if error.is_conflict() => {
                    retries += 1;
                    if retries > retries_max {
                        return Err(error);
                    }
                    self.pause(retries);
                }
                other => return other,
            }
        }
    }

    /// Lets others get on: not at all after the first conflict, then for a random time that
    /// grows, so that those who met once do not meet again.
    fn pause(&self, conflicts: usize) {
        const FIRST: Duration = Duration::from_micros(100);
        let Some(doublings) = conflicts.checked_sub(2) else {
            return;
        };
        let longest = FIRST * (1 << doublings.min(20));
        let longest = longest.min(self.settings.conflict_pause_max);
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX).max(1);
        let nanos = self.platform.random.next_u64() % nanos;
        self.platform.clock.pause(Duration::from_nanos(nanos));
    }

    /// Persists an end of reserved generated keys that is behind `above`: the one before and the
    /// new one.
    pub fn reserve_keys(&self, collection: CollectionId, above: u64) -> Result<(u64, u64)> {
        let (key, shape) = (layout::generated(collection), layout::shape(collection));
        self.retry(|| {
            let options = BeginOptions::read_write();
            let (mut txn, values) = self.engine.begin_reading(options, &[&key, &shape])?;
            let [before, Some(_)] = values.as_slice() else {
                // Dropped: nothing is to be left of it.
                return Err(Error::collection_not_found(&collection.to_string()));
            };
            let before = match before {
                Some(bytes) => {
                    layout::decode_number(bytes).ok_or_else(|| Error::corrupt("reserved keys"))?
                }
                None => 0,
            };
            let from = before.max(above);
            let after = from.saturating_add(self.settings.autoincrement_reserve);
            let mut batch = Batch::new();
            // Dropping the collection meanwhile deletes the same key, so one of the two loses.
            batch.put(key.clone(), layout::encode_number(after));
            txn.write(batch)?;
            txn.commit()?;
            Ok((before, after))
        })
    }
}

/// What the key generator of one collection asks.
pub(crate) struct CollectionKeys<'a> {
    pub shared: &'a Shared,
    pub collection: CollectionId,
}

impl KeySource for CollectionKeys<'_> {
    fn next_tick(&self) -> Result<u64> {
        self.shared.next_tick()
    }

    fn following(&self, number: u64) -> u64 {
        self.shared.following(number)
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.shared.platform.random.fill(&mut bytes);
        bytes
    }

    fn reserve(&self, above: u64) -> Result<(u64, u64)> {
        self.shared.reserve_keys(self.collection, above)
    }
}
