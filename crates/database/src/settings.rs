//! Limits and costs of this crate.

use std::time::Duration;

/// Settings of [`crate::Databases`]. Field names appear in errors of kind
/// [`crate::ErrorKind::Limit`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Longest stored document, in bytes of JSON.
    pub document_bytes_max: usize,
    /// How deep arrays and objects in a document may nest.
    pub document_depth_max: usize,
    /// Databases at most, `_system` included.
    pub databases_max: usize,
    /// Indexes of one collection at most, primary and edge index included.
    pub indexes_max: usize,
    /// Attributes of one index at most.
    pub index_fields_max: usize,
    /// Longest entry of an index (the encoded values and the document key), in bytes.
    pub index_entry_bytes_max: usize,
    /// Entries that one document makes in one index at most, by its arrays.
    pub index_document_entries_max: usize,
    /// How often [`crate::Database::run`] begins again after a conflict.
    pub conflict_retries_max: usize,
    /// The same for [`crate::Database::run_query`]. With 0 whoever asks is told of the conflict,
    /// as clients of queries expect, which have retries of their own.
    pub query_conflict_retries_max: usize,
    /// The longest pause before beginning again. Pauses are random and double from conflict to
    /// conflict.
    pub conflict_pause_max: Duration,
    /// How long a transaction waits for locks of collections unless it says so itself.
    pub lock_timeout: Duration,
    /// Threads that wait for locks at once; a further one is told 18 (or 1200, if it did not ask
    /// for a lock itself).
    pub lock_waiters_max: usize,
    /// Bytes that one transaction writes at most, index entries included, unless it says so
    /// itself.
    pub transaction_bytes_max: usize,
    /// Open transactions that clients hold, of all databases together; see
    /// [`crate::OpenTransactions`].
    pub open_transactions_max: usize,
    /// Bytes written by all of them together.
    pub open_transactions_bytes_max: usize,
    /// Such a transaction is rolled back when nobody used it for that long.
    pub open_transaction_idle_timeout: Duration,
    /// How long a call waits for another one that uses the same such transaction.
    pub open_transaction_lease_timeout: Duration,
    /// Finished ones whose end is remembered.
    pub finished_transactions_max: usize,
    /// Documents that an index build reads at once.
    pub index_build_documents: usize,
    /// Entries that one transaction of an index build adds.
    pub index_build_piece_entries: usize,
    /// Memory for entries that an index build sorts at once, in bytes.
    pub index_build_bytes: usize,
    /// Expired documents that one transaction removes at most.
    pub expiry_batch_documents: usize,
    /// Keys of what was dropped or truncated that one transaction removes at most. Few, so that
    /// writers do not wait for it.
    pub discard_batch_keys: usize,
    /// Entries looked at to estimate sizes and how many entries a range has.
    pub estimate_sample_entries: usize,
    /// Entries that come or go before the estimates of an index are written to the store again;
    /// of a large index one in sixteen.
    pub estimate_unsaved_entries: u64,
    /// Differences that [`crate::verify`] names; more are only counted.
    pub verify_differences_max: usize,
    /// How far ahead of the clock identifiers are reserved, in milliseconds. After a crash new
    /// identifiers may be this much ahead of the clock; shorter means more reservations.
    pub tick_reserve_ms: u64,
    /// Values an `autoincrement` key generator reserves at once; a crash skips the rest of them.
    pub autoincrement_reserve: u64,
    /// Of a shared store: how long a process may give no sign of life before others take what it
    /// held.
    pub seat_lease: Duration,
    /// Of a shared store: how old what is known of databases, collections and users outside of
    /// transactions may be.
    pub shared_age_max: Duration,
    /// Of a shared store: the longest pause between two questions whether another process gave a
    /// collection back.
    pub shared_lock_pause_max: Duration,
    /// How far ahead of the own clock that of another process may be: revisions that are further
    /// ahead do not move the clock of identifiers.
    pub clock_skew_max: Duration,
    /// Cost of a password hash.
    pub password: PasswordSettings,
    /// Password hashes that are computed at once. Each takes `memory_kib` of memory and a core;
    /// further ones wait.
    pub password_hashes_max: usize,
    /// Access tokens of one user at most.
    pub access_tokens_max: usize,
    /// Verified logins that are remembered, so that not every request pays for a hash.
    pub verified_logins_max: usize,
}

/// Parameters of Argon2id for new password hashes; old hashes keep the ones they were made with.
#[derive(Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Settings {
    /// Values for a server. Password cost as recommended by RFC 9106 for little memory, lowered
    /// to one lane.
    pub fn recommended() -> Self {
        Self {
            document_bytes_max: 64 << 20,
            document_depth_max: value::json::DEPTH_MAX,
            databases_max: 1_000,
            indexes_max: 64,
            index_fields_max: 32,
            index_entry_bytes_max: 16 << 10,
            index_document_entries_max: 100_000,
            conflict_retries_max: 100,
            query_conflict_retries_max: 0,
            conflict_pause_max: Duration::from_millis(10),
            lock_timeout: Duration::from_secs(900),
            lock_waiters_max: 32,
            transaction_bytes_max: 512 << 20,
            open_transactions_max: 1_000,
            open_transactions_bytes_max: 2 << 30,
            open_transaction_idle_timeout: Duration::from_secs(60),
            open_transaction_lease_timeout: Duration::from_secs(8),
            finished_transactions_max: 10_000,
            index_build_documents: 1_000,
            index_build_piece_entries: 1_000,
            index_build_bytes: 64 << 20,
            expiry_batch_documents: 1_000,
            discard_batch_keys: 500,
            estimate_sample_entries: 256,
            estimate_unsaved_entries: 1_000,
            verify_differences_max: 1_000,
            tick_reserve_ms: 60_000,
            autoincrement_reserve: 100,
            seat_lease: Duration::from_secs(10),
            shared_age_max: Duration::from_millis(100),
            shared_lock_pause_max: Duration::from_millis(50),
            clock_skew_max: Duration::from_secs(300),
            password: PasswordSettings {
                memory_kib: 19_456,
                passes: 2,
                lanes: 1,
            },
            password_hashes_max: 2,
            access_tokens_max: 100,
            verified_logins_max: 10_000,
        }
    }
}
