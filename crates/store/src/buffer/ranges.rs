//! A set of disjoint key ranges.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use crate::batch::KeyRange;

/// Disjoint, non-empty ranges by their start; ranges that touch are merged.
#[derive(Debug, Default)]
pub struct RangeSet {
    ends: BTreeMap<Bytes, Option<Bytes>>,
}

impl RangeSet {
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = KeyRange> + '_ {
        self.ends.iter().map(|(start, end)| KeyRange {
            start: start.clone(),
            end: end.clone(),
        })
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        if self.ends.is_empty() {
            return false;
        }
        let before = self
            .ends
            .range::<[u8], _>((Bound::Unbounded, Bound::Included(key)))
            .next_back();
        before.is_some_and(|(_, end)| end.as_ref().is_none_or(|end| key < end.as_ref()))
    }

    /// Adds a range that is not empty. Returns the range that now covers it and those that it
    /// took the place of, for [`Self::restore`].
    pub fn insert(&mut self, range: KeyRange) -> (KeyRange, Vec<KeyRange>) {
        let mut merged = range;
        let mut replaced = Vec::new();
        while let Some(touching) = self.find_touching(&merged) {
            self.ends.remove(&touching.start);
            if touching.start < merged.start {
                merged.start = touching.start.clone();
            }
            merged.end = match (merged.end, &touching.end) {
                (Some(a), Some(b)) => Some(a.max(b.clone())),
                _ => None,
            };
            replaced.push(touching);
        }
        self.ends.insert(merged.start.clone(), merged.end.clone());
        (merged, replaced)
    }

    /// Takes back the last [`Self::insert`].
    pub fn restore(&mut self, merged: &KeyRange, replaced: Vec<KeyRange>) {
        self.ends.remove(&merged.start);
        self.ends
            .extend(replaced.into_iter().map(|range| (range.start, range.end)));
    }

    fn find_touching(&self, range: &KeyRange) -> Option<KeyRange> {
        let upper = match &range.end {
            Some(end) => self
                .ends
                .range::<[u8], _>((Bound::Unbounded, Bound::Included(end.as_ref())))
                .next_back(),
            None => self.ends.iter().next_back(),
        };
        let (start, end) = upper?;
        let reaches = end.as_ref().is_none_or(|end| *end >= range.start);
        reaches.then(|| KeyRange {
            start: start.clone(),
            end: end.clone(),
        })
    }
}
