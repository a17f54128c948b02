//! What was committed lately, to find conflicts with transactions that began earlier.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use store::KeyRange;
use store::buffer::WriteBuffer;

use crate::snapshot::WriterMark;

/// The keys and ranges of recent commits with the sequence of the last commit to each.
pub struct Recent {
    keys: BTreeMap<Bytes, Touched>,
    ranges: VecDeque<(u64, KeyRange)>,
    /// The keys of each commit, oldest first, to forget them by.
    log: VecDeque<(u64, Vec<Bytes>)>,
    /// Commits up to this one are forgotten.
    forgotten: u64,
    keys_max: usize,
    /// Every sequence on which a transaction that may write could be open.
    marks: VecDeque<(u64, Weak<u64>)>,
}

/// Sequences of the last commits to a key; 0 for never.
#[derive(Default)]
struct Touched {
    written: u64,
    added: u64,
}

impl Touched {
    fn last(&self) -> u64 {
        self.written.max(self.added)
    }
}

impl Recent {
    pub fn new(keys_max: usize) -> Self {
        Self {
            keys: BTreeMap::new(),
            ranges: VecDeque::new(),
            log: VecDeque::new(),
            forgotten: 0,
            keys_max,
            marks: VecDeque::new(),
        }
    }

    pub fn keys_count(&self) -> usize {
        self.keys.len() + self.ranges.len()
    }

    /// Makes the mark for transactions that begin on `sequence`.
    pub fn mark(&mut self, sequence: u64) -> WriterMark {
        let mark = Arc::new(sequence);
        self.marks.push_back((sequence, Arc::downgrade(&mark)));
        mark
    }

    /// Whether the writes of a transaction that began on `snapshot` clash with a later commit.
    pub fn conflicts(&self, buffer: &WriteBuffer, snapshot: u64) -> bool {
        if snapshot < self.forgotten {
            return true;
        }
        let nothing_since = self.log.back().is_none_or(|(last, _)| *last <= snapshot);
        if nothing_since {
            return false;
        }
        let key_clashes = |key: &Bytes, only_adds: bool| {
            let touched = self.keys.get(key).is_some_and(|touched| {
                let last = if only_adds {
                    touched.written
                } else {
                    touched.last()
                };
                last > snapshot
            });
            let deleted = |(at, range): &(u64, KeyRange)| *at > snapshot && range.contains(key);
            touched || self.ranges.iter().any(deleted)
        };
        buffer
            .changes()
            .any(|(key, change)| key_clashes(key, change.only_adds()))
            || buffer.guards().any(|key| key_clashes(key, false))
            || buffer
                .cleared()
                .any(|range| self.range_clashes(&range, snapshot))
    }

    fn range_clashes(&self, range: &KeyRange, snapshot: u64) -> bool {
        let mut touched = self.keys.range::<[u8], _>(range.bounds());
        touched.any(|(_, touched)| touched.last() > snapshot)
            || self
                .ranges
                .iter()
                .any(|(at, other)| *at > snapshot && other.overlaps(range))
    }

    /// Remembers a commit.
    pub fn record(&mut self, buffer: &WriteBuffer, sequence: u64) {
        let mut keys = Vec::new();
        for (key, change) in buffer.changes() {
            let touched = self.keys.entry(key.clone()).or_default();
            if change.only_adds() {
                touched.added = sequence;
            } else {
                touched.written = sequence;
            }
            keys.push(key.clone());
        }
        self.ranges
            .extend(buffer.cleared().map(|range| (sequence, range)));
        self.log.push_back((sequence, keys));
    }

    /// Forgets what no open transaction can clash with, and more if it is too much.
    pub fn forget(&mut self) {
        self.marks.retain(|(_, mark)| mark.strong_count() > 0);
        // Not always the first: a snapshot of the file is older than what was laid over the last.
        let oldest = self.marks.iter().map(|(sequence, _)| *sequence).min();
        let oldest = oldest.unwrap_or(u64::MAX);
        while let Some((sequence, _)) = self.log.front() {
            let sequence = *sequence;
            if sequence > oldest && self.keys_count() <= self.keys_max {
                break;
            }
            for key in self.log.pop_front().into_iter().flat_map(|(_, keys)| keys) {
                if self
                    .keys
                    .get(&key)
                    .is_some_and(|touched| touched.last() <= sequence)
                {
                    self.keys.remove(&key);
                }
            }
            while self.ranges.front().is_some_and(|(at, _)| *at <= sequence) {
                self.ranges.pop_front();
            }
            self.forgotten = sequence;
        }
    }

    /// Lets no transaction commit that began before `sequence`.
    pub fn forget_before(&mut self, sequence: u64) {
        self.keys.clear();
        self.ranges.clear();
        self.log.clear();
        self.forgotten = sequence;
    }
}
