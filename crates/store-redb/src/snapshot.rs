//! Snapshots: made once for each commit, shared by every transaction that begins before the next.

use std::sync::Arc;

use redb::{Database, ReadOnlyTable, ReadableDatabase, TableDefinition};

use crate::failure::Failure;

/// The keyspace.
pub const ENTRIES: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("entries");

/// The keyspace as it was after a commit. Opening a redb table costs more than reading from it,
/// so the open table is what is shared; it keeps its redb transaction alive.
pub struct Snapshot {
    pub sequence: u64,
    pub table: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

/// Held by every transaction that may write, for its sequence to be remembered.
pub type WriterMark = Arc<u64>;

impl Snapshot {
    /// What is committed in `database`, under the number `sequence`.
    pub fn take(database: &Database, sequence: u64) -> Result<Self, Failure> {
        let table = database.begin_read()?.open_table(ENTRIES)?;
        Ok(Self { sequence, table })
    }
}
