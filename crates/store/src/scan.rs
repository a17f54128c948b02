//! Reads in key order, a page at a time.

use bytes::Bytes;

use crate::batch::KeyRange;

/// A key and its value.
pub type Entry = (Bytes, Bytes);

/// The order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the start of the range up.
    Forward,
    /// From the end of the range down.
    Reverse,
}

/// A request for one page of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The keys asked for.
    pub range: KeyRange,
    /// The order in which they are wanted.
    pub direction: Direction,
    /// Entries in the page at most; at least 1.
    pub entries_max: usize,
    /// Bytes of keys and values in the page at most; at least 1. The first entry is returned
    /// however long it is.
    pub bytes_max: usize,
    /// Leave the values out (they come back empty).
    pub keys_only: bool,
}

impl Scan {
    /// A page size that amortises the cost of a call without holding much memory.
    pub const ENTRIES_DEFAULT: usize = 1_000;
    /// Bytes to go with it.
    pub const BYTES_DEFAULT: usize = 1 << 20;

    /// The range from its start up, in pages of the default size.
    pub fn forward(range: KeyRange) -> Self {
        Self {
            range,
            direction: Direction::Forward,
            entries_max: Self::ENTRIES_DEFAULT,
            bytes_max: Self::BYTES_DEFAULT,
            keys_only: false,
        }
    }

    /// The range from its end down, in pages of the default size.
    pub fn reverse(range: KeyRange) -> Self {
        Self {
            direction: Direction::Reverse,
            ..Self::forward(range)
        }
    }

    /// Sets the most entries in a page.
    #[must_use]
    pub fn with_entries_max(mut self, entries_max: usize) -> Self {
        self.entries_max = entries_max;
        self
    }

    /// Sets the most bytes in a page.
    #[must_use]
    pub fn with_bytes_max(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// Leaves the values out.
    #[must_use]
    pub fn with_keys_only(mut self) -> Self {
        self.keys_only = true;
        self
    }

    /// What is left of the range behind `key`, the last one that was returned.
    pub fn rest_after(&self, key: &Bytes) -> KeyRange {
        match self.direction {
            Direction::Forward => {
                let mut start = Vec::with_capacity(key.len() + 1);
                start.extend_from_slice(key);
                start.push(0);
                KeyRange {
                    start: start.into(),
                    end: self.range.end.clone(),
                }
            }
            Direction::Reverse => KeyRange {
                start: self.range.start.clone(),
                end: Some(key.clone()),
            },
        }
    }

    /// The request for the page after `page`; `None` if that was the last.
    pub fn after(&self, page: &Page) -> Option<Self> {
        let range = page.next.clone()?;
        Some(Self {
            range,
            ..self.clone()
        })
    }
}

/// Some entries of a scan, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries. Empty only if `next` is `None`.
    pub entries: Vec<Entry>,
    /// The part of the range that was not read, to put into the next [`Scan`]; `None` if the
    /// range is exhausted. The part may turn out to hold no entries.
    pub next: Option<KeyRange>,
}

/// Entries of a page for which room is made as they come.
const FEW_ENTRIES: usize = 32;

/// Entries of a page for which room is made at once.
const MANY_ENTRIES: usize = 1_024;

/// Fills a page up to the limits of a scan.
///
/// Feed it the entries in order until it is full; the same for every engine, so that limits mean
/// the same everywhere. All entries of a page share one buffer: a page of short entries costs
/// three allocations, not two for each entry. Who keeps a few entries of a page for long copies
/// them, or keeps all of the page.
#[derive(Debug)]
pub struct PageBuilder<'a> {
    scan: &'a Scan,
    buffer: Vec<u8>,
    /// Where the key and where the value of each entry end.
    ends: Vec<(usize, usize)>,
}

impl<'a> PageBuilder<'a> {
    /// An empty page for `scan`.
    pub fn new(scan: &'a Scan) -> Self {
        Self {
            scan,
            buffer: Vec::new(),
            ends: Vec::with_capacity(scan.entries_max.min(FEW_ENTRIES)),
        }
    }

    /// Whether an entry of these lengths still fits. Ask before [`Self::push`]: it saves the
    /// copy of an entry that does not.
    pub fn has_room_for(&self, key_bytes: usize, value_bytes: usize) -> bool {
        let value_bytes = if self.scan.keys_only { 0 } else { value_bytes };
        self.ends.is_empty()
            || (self.ends.len() < self.scan.entries_max
                && self.buffer.len() + key_bytes + value_bytes <= self.scan.bytes_max)
    }

    /// Appends a copy of an entry; with `keys_only` without its value.
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        let value = if self.scan.keys_only { &[] } else { value };
        if self.ends.len() == FEW_ENTRIES {
            // Not one of the many pages with a few entries: then it is mostly a full one, and
            // entries are mostly of one size.
            let expected = self.scan.entries_max.min(MANY_ENTRIES);
            let expected = expected.saturating_sub(FEW_ENTRIES);
            let bytes = self.buffer.len() / FEW_ENTRIES * expected;
            self.ends.reserve(expected);
            self.buffer.reserve(bytes.min(self.scan.bytes_max));
        }
        self.buffer.extend_from_slice(key);
        let key_end = self.buffer.len();
        self.buffer.extend_from_slice(value);
        self.ends.push((key_end, self.buffer.len()));
    }

    fn into_entries(self) -> Vec<Entry> {
        let buffer = Bytes::from(self.buffer);
        let mut entries = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for (key_end, end) in self.ends {
            entries.push((buffer.slice(start..key_end), buffer.slice(key_end..end)));
            start = end;
        }
        entries
    }

    /// The page when the range is exhausted.
    pub fn finish(self) -> Page {
        Page {
            entries: self.into_entries(),
            next: None,
        }
    }

    /// The page when an entry did not fit.
    pub fn finish_full(self) -> Page {
        let scan = self.scan;
        let entries = self.into_entries();
        let next = entries.last().map(|(key, _)| scan.rest_after(key));
        Page { entries, next }
    }
}
