//! How many entries a range of an index has, about.

use std::ops::Bound;

use store::{Direction, Scan};
use value::Value;

use super::Transaction;
use super::index_scan::{IndexRange, decode, key_range};
use crate::collection::Collection;
use crate::error::Result;
use crate::index::Index;

impl Transaction {
    /// About how many entries are in a range; exact up to `estimate_sample_entries`. Beyond it,
    /// an equality counts as what an average value has, and a range of numbers as its share of
    /// what lies between the least and the greatest value. Costs up to three round trips.
    ///
    /// Errors: as [`Self::index_scan`].
    pub fn estimate_entries(
        &mut self,
        collection: &Collection,
        index: &Index,
        range: &IndexRange,
    ) -> Result<u64> {
        let (_, index) = self.usable(collection, index)?;
        let index = &*index;
        let sample = self.shared().settings.estimate_sample_entries;
        let keys = key_range(index, range);
        if keys.is_empty() {
            return Ok(0);
        }
        let request = self.page_request(keys, Direction::Forward, sample);
        let page = self.txn.scan(&request.with_keys_only())?;
        let seen = page.entries.len() as u64;
        if page.next.is_none() {
            return Ok(seen);
        }
        let total = match index.has_entries() {
            true => index.entries_estimate(),
            false => None,
        };
        let total = match total {
            Some(total) => total,
            None => self.stored_count(collection)?,
        };
        let estimate = match (&range.lower, &range.upper) {
            (Bound::Included(lower), Bound::Included(upper)) if lower == upper => {
                index.entries_per_value(lower.len())
            }
            _ => self
                .share_of_numbers(index, range)?
                .map(|share| share * total as f64),
        };
        // As good a guess as any.
        let estimate = estimate.unwrap_or(total as f64 / 3.0);
        Ok((estimate as u64).clamp(seen + 1, total.max(seen + 1)))
    }

    /// The part of the numbers between the least and the greatest first value that a range
    /// covers; `None` if something there is not a number.
    fn share_of_numbers(&mut self, index: &Index, range: &IndexRange) -> Result<Option<f64>> {
        let mut ends = Vec::new();
        for direction in [Direction::Forward, Direction::Reverse] {
            ends.push(self.end_of(index, direction)?);
        }
        let [Some(least), Some(greatest)] = ends.as_slice() else {
            return Ok(None);
        };
        let bound = |bound: &Bound<Vec<Value>>, open: f64| match bound {
            Bound::Unbounded => Some(open),
            Bound::Included(values) | Bound::Excluded(values) => match values.first() {
                Some(value) => value.as_f64(),
                None => Some(open),
            },
        };
        let lower = bound(&range.lower, *least);
        let upper = bound(&range.upper, *greatest);
        let (Some(lower), Some(upper)) = (lower, upper) else {
            return Ok(None);
        };
        let width = greatest - least;
        let covered = upper.min(*greatest) - lower.max(*least);
        Ok((width > 0.0).then(|| (covered / width).clamp(0.0, 1.0)))
    }

    /// The first value of the first or the last entry, if it is a number.
    fn end_of(&mut self, index: &Index, direction: Direction) -> Result<Option<f64>> {
        let keys = key_range(index, &IndexRange::all());
        let scan = Scan {
            direction,
            ..Scan::forward(keys)
        };
        let page = self.txn.scan(&scan.with_entries_max(1))?;
        let Some((key, value)) = page.entries.first() else {
            return Ok(None);
        };
        let covered = decode(index, key, value, true)?.covered;
        let first = covered.as_ref().and_then(|values| values.first());
        Ok(first.and_then(Value::as_f64))
    }
}
