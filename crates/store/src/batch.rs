//! Writes: key ranges, the operations of a batch, and the byte format of counters.

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};

/// The keys from `start` (inclusive) to `end` (exclusive; `None` is the end of the keyspace).
///
/// Half-open bounds suffice: the key right after `k` is `k` followed by a zero byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    /// First key of the range, if it exists.
    pub start: Bytes,
    /// First key behind the range.
    pub end: Option<Bytes>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self {
            start: Bytes::new(),
            end: None,
        }
    }

    /// `start` inclusive to `end` exclusive.
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        Self {
            start: start.into(),
            end: Some(end.into()),
        }
    }

    /// `start` inclusive to the end of the keyspace.
    pub fn from(start: impl Into<Bytes>) -> Self {
        Self {
            start: start.into(),
            end: None,
        }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let end = prefix_end(&start);
        Self { start, end }
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start.as_ref() && self.end.as_ref().is_none_or(|end| key < end.as_ref())
    }

    /// Whether no key can lie in the range.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// Whether some key can lie in both ranges.
    pub fn overlaps(&self, other: &Self) -> bool {
        let before = |a: &Self, b: &Self| a.end.as_ref().is_some_and(|end| *end <= b.start);
        !self.is_empty() && !other.is_empty() && !before(self, other) && !before(other, self)
    }

    /// The bounds, for `BTreeMap::range` and its like. Ask [`Self::is_empty`] first: those panic
    /// on reversed bounds.
    pub fn bounds(&self) -> (std::ops::Bound<&[u8]>, std::ops::Bound<&[u8]>) {
        use std::ops::Bound;
        let end = match &self.end {
            Some(end) => Bound::Excluded(end.as_ref()),
            None => Bound::Unbounded,
        };
        (Bound::Included(self.start.as_ref()), end)
    }
}

/// The first key behind all keys that begin with `prefix`; `None` if there is none.
fn prefix_end(prefix: &[u8]) -> Option<Bytes> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix.get(..=kept)?.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Some(end.into())
}

/// One operation of a [`Batch`].
///
/// What two transactions that overlap in time may both do to one key:
///
/// | | put, delete, delete range | add | guard |
/// |---|---|---|---|
/// | **put, delete, delete range** | conflict | conflict | conflict |
/// | **add** | conflict | both commit | conflict |
/// | **guard** | conflict | conflict | both commit |
///
/// The one that commits first wins; a guard never makes the *other* transaction fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Sets the value of a key.
    Put {
        /// The key.
        key: Bytes,
        /// Its new value.
        value: Bytes,
    },
    /// Removes a key; no error if it does not exist.
    Delete {
        /// The key.
        key: Bytes,
    },
    /// Removes every key in a range. Conflicts with a concurrent transaction that wrote any key
    /// in the range, also one that this transaction never saw.
    DeleteRange {
        /// The keys to remove.
        range: KeyRange,
    },
    /// Adds to the counter at a key (see [`encode_counter`]; a missing key counts as 0) when the
    /// transaction commits. Does not conflict with other transactions that only add to the key.
    /// Fails the commit (or an own read of the key) with `InvalidArgument` if the value is not a
    /// counter.
    Add {
        /// The key.
        key: Bytes,
        /// What to add.
        delta: i64,
    },
    /// Writes nothing, but the transaction only commits if nobody wrote the key since the
    /// transaction began, whether or not the key exists.
    Guard {
        /// The key.
        key: Bytes,
    },
}

impl Op {
    /// What the operation counts toward [`crate::Limits::transaction_bytes_max`].
    pub fn bytes(&self) -> usize {
        /// Rough cost of an entry of the buffer beside its key and value.
        const OVERHEAD: usize = 64;
        OVERHEAD
            + match self {
                Self::Put { key, value } => key.len() + value.len(),
                Self::Delete { key } | Self::Guard { key } => key.len(),
                Self::Add { key, .. } => key.len() + 8,
                Self::DeleteRange { range } => {
                    range.start.len() + range.end.as_ref().map_or(0, Bytes::len)
                }
            }
    }
}

/// Operations that are applied in order, all or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    ops: Vec<Op>,
}

impl Batch {
    /// A batch of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends [`Op::Put`].
    pub fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> &mut Self {
        self.push(Op::Put {
            key: key.into(),
            value: value.into(),
        })
    }

    /// Appends [`Op::Delete`].
    pub fn delete(&mut self, key: impl Into<Bytes>) -> &mut Self {
        self.push(Op::Delete { key: key.into() })
    }

    /// Appends [`Op::DeleteRange`].
    pub fn delete_range(&mut self, range: KeyRange) -> &mut Self {
        self.push(Op::DeleteRange { range })
    }

    /// Appends [`Op::Add`].
    pub fn add(&mut self, key: impl Into<Bytes>, delta: i64) -> &mut Self {
        self.push(Op::Add {
            key: key.into(),
            delta,
        })
    }

    /// Appends [`Op::Guard`].
    pub fn guard(&mut self, key: impl Into<Bytes>) -> &mut Self {
        self.push(Op::Guard { key: key.into() })
    }

    /// Appends an operation.
    pub fn push(&mut self, op: Op) -> &mut Self {
        self.ops.push(op);
        self
    }

    /// The operations in order.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The operations in order, by value.
    pub fn into_ops(self) -> Vec<Op> {
        self.ops
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

/// The stored form of a counter: 8 bytes, two's complement, most significant byte first.
///
/// ```text
/// byte  0        1 .. 6   7
///       bits 63‥56   …    bits 7‥0
/// ```
pub fn encode_counter(value: i64) -> Bytes {
    Bytes::copy_from_slice(&value.to_be_bytes())
}

/// Reads what [`encode_counter`] wrote; errors: `InvalidArgument` for any other length.
pub fn decode_counter(bytes: &[u8]) -> Result<i64> {
    let bytes: [u8; 8] = bytes.try_into().map_err(|_| {
        let context = format!(
            "add to a value of {} bytes, which is not a counter",
            bytes.len()
        );
        Error::new(ErrorKind::InvalidArgument, context)
    })?;
    Ok(i64::from_be_bytes(bytes))
}

/// The value of a counter after adding `delta` to what is stored; errors: `InvalidArgument` if
/// the stored value is not a counter.
///
/// The sum wraps around at the ends of the range, so that the order of additions never matters
/// and a commit cannot fail over it.
pub fn counter_sum(stored: Option<&[u8]>, delta: i64) -> Result<i64> {
    let base = stored.map_or(Ok(0), decode_counter)?;
    Ok(base.wrapping_add(delta))
}
