//! The two traits that an engine implements.

use bytes::Bytes;

use crate::batch::Batch;
use crate::error::Result;
use crate::limits::Limits;
use crate::scan::{Page, Scan};

/// How to begin a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BeginOptions {
    /// The transaction will not write: [`Txn::write`] fails with `InvalidArgument`.
    pub read_only: bool,
    /// The snapshot may hold commits that are not durable yet, and [`Txn::commit`] may return
    /// when the commit is decided and before it is durable. Whoever asks for this lets nothing
    /// out that depends on the transaction until [`Engine::when_durable`] says so. Only such
    /// transactions see such commits.
    pub unsynced: bool,
}

impl BeginOptions {
    /// A transaction that only reads.
    pub fn read_only() -> Self {
        Self {
            read_only: true,
            unsynced: false,
        }
    }

    /// A transaction that reads and writes.
    pub fn read_write() -> Self {
        Self {
            read_only: false,
            unsynced: false,
        }
    }

    /// The same, but not durable at once (see the field).
    #[must_use]
    pub fn unsynced(mut self) -> Self {
        self.unsynced = true;
        self
    }
}

/// A transaction, and the values that were asked for with it.
pub type Begun = (Box<dyn Txn>, Vec<Option<Bytes>>);

/// An ordered keyspace of bytes with transactions. Shared between threads; every call may block.
pub trait Engine: Send + Sync + 'static {
    /// A short name for logs and tests, such as `memory`.
    fn name(&self) -> &'static str;

    /// The limits that this engine enforces. They do not change.
    fn limits(&self) -> &Limits;

    /// Begins a transaction on a snapshot that holds every commit acknowledged before the call;
    /// with `unsynced` also every commit that has returned.
    ///
    /// Any number may be open, reading and writing; none waits for another. Costs about a
    /// microsecond on an embedded engine. Errors: `Closed`, `Busy`, `Unavailable`, `Full`, `Io`,
    /// `Corrupt`.
    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>>;

    /// Begins a transaction and reads the values of keys in its snapshot, in the order of the
    /// keys: for what must be known before anything else is asked. An engine for which beginning
    /// and reading are a round trip each makes one of them.
    ///
    /// Errors: as [`Self::begin`] and [`Txn::get_many`].
    fn begin_reading(&self, options: BeginOptions, keys: &[&[u8]]) -> Result<Begun> {
        let mut txn = self.begin(options)?;
        let values = txn.get_many(keys)?;
        Ok((txn, values))
    }

    /// Whether other processes may read and write the same store at the same time. What a process
    /// keeps in memory of a store that is not shared stays true until it changes it itself. Does
    /// not change.
    fn is_shared(&self) -> bool {
        false
    }

    /// Calls `then` once, when everything that was seen is durable, or with an error when some of
    /// it was lost: with what the commit failed with, or `Closed`. Perhaps on this thread before
    /// this returns, perhaps on the one that commits, so `then` must neither block nor panic.
    ///
    /// The engine may wait for more commits to share a sync with; see [`Self::sync_now`].
    fn when_durable(&self, seen: Seen, then: WhenDurable);

    /// Says that whoever waits waits in vain for more commits. Does not block.
    fn sync_now(&self) {}

    /// Whether a commit can succeed as far as the engine knows. Does no input or output.
    /// Errors: what a commit would fail with (`Poisoned`, `Full`, `Closed`).
    fn health(&self) -> Result<()> {
        Ok(())
    }

    /// Counters since the engine was opened; zeros if the engine counts nothing.
    fn statistics(&self) -> Statistics {
        Statistics::default()
    }

    /// Finishes the commits that have been asked for, then stops. Later calls of `begin` and
    /// `commit` fail with `Closed`; transactions that are open go on reading or fail with
    /// `Closed`. Closing twice, or from several threads, is fine: each call returns when the
    /// engine has stopped. Dropping the engine closes it. Errors: `Io`, `Full`.
    fn close(&self) -> Result<()>;
}

/// A transaction: a snapshot and the writes made on top of it. Dropping it rolls it back.
///
/// An operation that fails changes nothing, and the transaction can go on, unless the kind is
/// `Io`, `Corrupt`, `Unavailable` or `Closed`.
pub trait Txn: Send {
    /// Sequence of the snapshot: of the last commit in it.
    fn sequence(&self) -> u64;

    /// The value of a key, or `None`. Errors: as [`Self::get_many`].
    fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.get_many(&[key])?.pop().flatten())
    }

    /// The values of keys, in the order of the keys; keys may repeat. One round trip.
    ///
    /// Errors: `Limit`, `InvalidArgument` (own [`crate::Op::Add`] on something that is not a
    /// counter), `Unavailable`, `Io`, `Corrupt`, `Closed`.
    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>>;

    /// One page of entries of a range, in order. One round trip.
    ///
    /// Errors: as [`Self::get_many`].
    fn scan(&mut self, scan: &Scan) -> Result<Page>;

    /// Buffers the operations of a batch, all or none; they take effect at commit. Reads nothing.
    ///
    /// Errors: `Limit`, `InvalidArgument` (a read-only transaction), `Closed`, and `Io` for an
    /// engine that sends them on.
    fn write(&mut self, batch: Batch) -> Result<()>;

    /// Marks the current state, to return to it with [`Self::rollback_to`]. Cheap enough for
    /// each document of a statement. Errors: `Limit`, `Closed`, `Io`.
    fn savepoint(&mut self) -> Result<Savepoint>;

    /// Undoes every write since the savepoint and forgets the savepoints made after it; the
    /// savepoint itself stays. Errors: `InvalidArgument` if it is not open, `Closed`, `Io`.
    fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()>;

    /// Forgets the savepoint and those made after it, keeping the writes. Errors: as
    /// [`Self::rollback_to`].
    fn release(&mut self, savepoint: Savepoint) -> Result<()>;

    /// Makes the writes visible and durable, all or none. A transaction without writes commits
    /// without input or output. One that began with [`BeginOptions::unsynced`] may return before
    /// the commit is durable; if it then fails, [`Engine::when_durable`] tells.
    ///
    /// Errors: `Conflict`, `InvalidArgument` (an [`crate::Op::Add`] on something that is not a
    /// counter), `Limit`, `Full`, `Busy`, `Unavailable`, `Poisoned`, `Closed`: nothing was
    /// written. `Io`, `Corrupt`: not known.
    fn commit(self: Box<Self>) -> Result<Commit>;
}

/// What a commit returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Position of the commit in the history of this engine since it was opened: a later commit
    /// has a higher number. Of the snapshot, if nothing was written.
    pub sequence: u64,
}

impl Commit {
    /// For engines.
    pub fn new(sequence: u64) -> Self {
        Self { sequence }
    }
}

/// Called by [`Engine::when_durable`].
pub type WhenDurable = Box<dyn FnOnce(Result<()>) + Send>;

/// The commits that something depends on: those between the first and the last that it saw, in
/// snapshots or as its own. Nothing at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen(Option<(u64, u64)>);

impl Seen {
    /// Takes in the sequence of a snapshot or commit.
    pub fn add(&mut self, sequence: u64) {
        let (first, last) = self.0.unwrap_or((sequence, sequence));
        self.0 = Some((first.min(sequence), last.max(sequence)));
    }

    /// The first and the last sequence.
    pub fn range(self) -> Option<(u64, u64)> {
        self.0
    }
}

/// A mark in a transaction. Only the transaction that made it understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint(u64);

impl Savepoint {
    /// For engines: `id` was not used before in the transaction.
    pub fn new(id: u64) -> Self {
        Self(id)
    }

    /// For engines.
    pub fn id(self) -> u64 {
        self.0
    }
}

/// Counters of an engine since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Transactions with writes that were acknowledged.
    pub transactions_committed: u64,
    /// Transactions refused with `Conflict`.
    pub transactions_conflicted: u64,
    /// Durable commits beneath; lower than `transactions_committed` when commits share one.
    pub engine_commits: u64,
    /// Keys of recent commits that are remembered to find conflicts.
    pub recent_keys: u64,
}
