//! The limits of an engine, and the checks of arguments that every engine makes with them.

use crate::batch::{Batch, KeyRange, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::scan::Scan;

/// Limits of an engine. Field names appear in errors of kind [`ErrorKind::Limit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest key, in bytes. An engine on an SQL database may allow less than the default.
    pub key_bytes_max: usize,
    /// Longest value, in bytes.
    pub value_bytes_max: usize,
    /// Buffered writes of one transaction, in bytes as [`Op::bytes`] counts them.
    pub transaction_bytes_max: usize,
    /// Keys in one [`crate::Txn::get_many`].
    pub get_keys_max: usize,
    /// Entries in one page of a scan.
    pub page_entries_max: usize,
    /// Bytes of keys and values in one page of a scan; a page of one entry may exceed it.
    pub page_bytes_max: usize,
    /// Savepoints open at once in one transaction.
    pub savepoints_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            key_bytes_max: 32 << 10,
            value_bytes_max: 256 << 20,
            transaction_bytes_max: 1 << 30,
            get_keys_max: 100_000,
            page_entries_max: 100_000,
            page_bytes_max: 64 << 20,
            savepoints_max: 1_000,
        }
    }
}

impl Limits {
    /// Checks a key; errors: `Limit`.
    pub fn check_key(&self, key: &[u8]) -> Result<()> {
        at_most("key_bytes_max", self.key_bytes_max, key.len())
    }

    /// Checks the arguments of a `get_many`; errors: `Limit`.
    pub fn check_get(&self, keys: &[&[u8]]) -> Result<()> {
        at_most("get_keys_max", self.get_keys_max, keys.len())?;
        keys.iter().try_for_each(|key| self.check_key(key))
    }

    /// Checks the arguments of a `scan`; errors: `Limit`, `InvalidArgument`.
    pub fn check_scan(&self, scan: &Scan) -> Result<()> {
        self.check_range(&scan.range)?;
        if scan.entries_max == 0 || scan.bytes_max == 0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "scan a page of no size",
            ));
        }
        at_most("page_entries_max", self.page_entries_max, scan.entries_max)?;
        at_most("page_bytes_max", self.page_bytes_max, scan.bytes_max)
    }

    /// Checks a batch that is written after `buffered` bytes; errors: `Limit`,
    /// `InvalidArgument`.
    pub fn check_batch(&self, batch: &Batch, buffered: usize) -> Result<()> {
        let mut bytes = buffered;
        for op in batch.ops() {
            match op {
                Op::Put { key, value } => {
                    self.check_key(key)?;
                    at_most("value_bytes_max", self.value_bytes_max, value.len())?;
                }
                Op::Delete { key } | Op::Add { key, .. } | Op::Guard { key } => {
                    self.check_key(key)?;
                }
                Op::DeleteRange { range } => self.check_range(range)?,
            }
            bytes = bytes.saturating_add(op.bytes());
        }
        at_most("transaction_bytes_max", self.transaction_bytes_max, bytes)
    }

    fn check_range(&self, range: &KeyRange) -> Result<()> {
        // One byte more than a key: "after the longest key" is a fair bound.
        let bound_bytes_max = self.key_bytes_max.saturating_add(1);
        at_most("key_bytes_max", bound_bytes_max, range.start.len())?;
        if let Some(end) = &range.end {
            at_most("key_bytes_max", bound_bytes_max, end.len())?;
            if *end < range.start {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "range ends before its start",
                ));
            }
        }
        Ok(())
    }
}

fn at_most(setting: &'static str, max: usize, actual: usize) -> Result<()> {
    if actual > max {
        Err(Error::limit(setting, max, actual))
    } else {
        Ok(())
    }
}
