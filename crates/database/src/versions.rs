//! How old what is kept in memory of a shared store may be.
//!
//! Whatever other processes change has a version in the store: each database's catalog, the list
//! of databases, the users. Every transaction reads these versions together with its snapshot
//! ([`crate::Database::begin`]), so that no transaction acts on a catalog that is not its
//! snapshot's. What is looked up outside of transactions (a database by name, a collection, a
//! user) may be `shared_age_max` old, and is read again before anything is said not to exist.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use store::BeginOptions;

use crate::error::{Error, Result};
use crate::layout;
use crate::shared::Shared;

/// The versions that the store had when it was last looked at.
#[derive(Default)]
pub(crate) struct Versions {
    list: AtomicU64,
    users: AtomicU64,
    looked_at: LookedAt,
}

/// When something was last read, by the monotonic clock; at first never.
#[derive(Default)]
pub(crate) struct LookedAt(AtomicU64);

impl LookedAt {
    pub fn set(&self, at: Duration) {
        // One more, since 0 is never.
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX - 1) + 1;
        self.0.fetch_max(nanos, Ordering::AcqRel);
    }

    pub fn forget(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// Whether that was at most `age_max` ago.
    pub fn is_recent(&self, now: Duration, age_max: Duration) -> bool {
        match self.0.load(Ordering::Acquire) {
            0 => false,
            nanos => now.saturating_sub(Duration::from_nanos(nanos - 1)) < age_max,
        }
    }
}

impl Versions {
    /// The revision of the list of databases.
    pub fn list(&self) -> u64 {
        self.list.load(Ordering::Acquire)
    }

    /// The version of the users.
    pub fn users(&self) -> u64 {
        self.users.load(Ordering::Acquire)
    }

    /// Has the next question look at the store.
    pub fn forget(&self) {
        self.looked_at.forget();
    }
}

impl Shared {
    /// The keys of what [`Self::note_versions`] takes.
    pub fn version_keys() -> [Bytes; 2] {
        let users = layout::server_value(layout::USERS_VERSION);
        [layout::server_revision(), users]
    }

    /// Takes note of versions as of a snapshot that was taken after `asked`; answers that of the
    /// users.
    pub fn note_versions(&self, asked: Duration, values: &[Option<Bytes>]) -> Result<u64> {
        let [list, users] = values else {
            return Err(Error::corrupt("versions"));
        };
        let list = list.as_deref().map(layout::decode_number);
        let list = list.unwrap_or(Some(0));
        let list = list.ok_or_else(|| Error::corrupt("revision of the databases"))?;
        let users = users.as_deref().map_or(Ok(0), store::decode_counter)?;
        let users = users.cast_unsigned();
        self.versions.list.fetch_max(list, Ordering::AcqRel);
        self.versions.users.fetch_max(users, Ordering::AcqRel);
        self.versions.looked_at.set(asked);
        Ok(users)
    }

    /// Looks at the versions now where other processes may have changed them. Errors: the
    /// engine's.
    pub fn refresh_now(&self) -> Result<()> {
        if self.engine.is_shared() {
            self.refresh_versions(Duration::ZERO)?;
        }
        Ok(())
    }

    /// Looks at the versions unless somebody did at most `age_max` ago. Errors: the engine's.
    pub fn refresh_versions(&self, age_max: Duration) -> Result<()> {
        let now = self.platform.clock.monotonic();
        if self.versions.looked_at.is_recent(now, age_max) {
            return Ok(());
        }
        let keys = Self::version_keys();
        let keys: Vec<&[u8]> = keys.iter().map(Bytes::as_ref).collect();
        let options = BeginOptions::read_only();
        let (_, values) = self.engine.begin_reading(options, &keys)?;
        self.note_versions(now, &values).map(drop)
    }
}
