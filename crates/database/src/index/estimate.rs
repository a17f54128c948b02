//! How many different values an index holds, kept up to date by every commit.
//!
//! For the values of all fields, and of some leading fields, an index has a *sketch*: up to
//! [`EXACT_MAX`] different values it knows the hash of each and how many entries have it; beyond
//! that it is a HyperLogLog whose registers are counters, so that entries can be taken away
//! again. A sketch has at most [`CELLS`] counters, however large the index is; its error is
//! about 9 % (1.04 / √128).
//!
//! Transactions note which values they add and remove, and a commit applies the notes in memory.
//! What is in memory is written to the store now and then and at an orderly end. A crash loses
//! the notes since then; when the number of entries shows that too much is missing the sketches
//! are made anew from the entries. An estimate decides what a query costs, never its result.
//!
//! Stored form, numbers with the most significant byte first:
//!
//! ```text
//! format: 1 byte, 1   entries: 8   sketches: 1   then for each sketch
//! kind: 1 byte   number of counters: 4   then for each counter
//!   kind 0, exact:      hash: 4   count: 4
//!   kind 1, registers:  cell: 2   count: 4
//! ```

use std::collections::HashMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use foldhash::fast::RandomState;
use parking_lot::Mutex;

/// Leading fields that have a sketch of their own, besides all fields together.
pub(crate) const PREFIXES_MAX: usize = 4;

/// Different values that are counted exactly.
const EXACT_MAX: usize = 256;
const REGISTER_BITS: u32 = 7;
const REGISTERS: usize = 1 << REGISTER_BITS;
const LEVELS: usize = 24;
const CELLS: usize = REGISTERS * LEVELS;

const FORMAT: u8 = 1;
const KIND_EXACT: u8 = 0;
const KIND_REGISTERS: u8 = 1;

/// What becomes of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// One entry came or went.
    Touch(Touch),
    /// All entries are gone.
    Clear,
}

/// One entry that came or went: the hashes of its measured prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    pub hashes: [u32; PREFIXES_MAX],
    pub is_added: bool,
}

/// The estimates of one index.
#[derive(Debug)]
pub(crate) struct Estimator {
    state: Mutex<State>,
}

#[derive(Clone, Debug)]
struct State {
    entries: u64,
    sketches: Vec<Sketch>,
    /// Entries that came or went since the state was written to the store.
    unsaved: u64,
    /// Whether the state is known to be about what the entries are.
    trusted: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Sketch {
    Exact(HashMap<u32, u32, RandomState>),
    Registers(Registers),
}

#[derive(Clone, Debug, PartialEq)]
struct Registers {
    counts: Box<[u32]>,
    /// The highest level of each register that has a count, plus one.
    ranks: [u8; REGISTERS],
}

impl Estimator {
    /// Of an index without entries. `prefixes` sketches, of as many leading fields each as
    /// [`super::Index::measured`] says.
    pub fn new(prefixes: usize) -> Self {
        Self {
            state: Mutex::new(State::empty(prefixes)),
        }
    }

    pub fn apply(&self, notes: impl Iterator<Item = Note>) {
        let mut state = self.state.lock();
        for note in notes {
            match note {
                Note::Touch(touch) => state.apply(touch),
                Note::Clear => state.clear(),
            }
        }
    }

    pub fn entries(&self) -> u64 {
        self.state.lock().entries
    }

    /// How many different values the `at`-th measured prefix has; `None` if it is not measured
    /// or nothing is known.
    pub fn distinct(&self, at: usize) -> Option<f64> {
        let state = self.state.lock();
        let known = state.trusted && state.entries > 0;
        let sketch = state.sketches.get(at).filter(|_| known)?;
        Some(sketch.distinct().clamp(1.0, state.entries as f64))
    }

    /// What to write to the store, if at least `unsaved_min` entries, and one in sixteen, came or
    /// went since it was last asked for; how many.
    pub fn to_save(&self, unsaved_min: u64) -> Option<(Bytes, u64)> {
        let mut state = self.state.lock();
        let unsaved_min = match unsaved_min {
            0 => 1,
            more => more.max(state.entries / 16),
        };
        if !state.trusted || state.unsaved < unsaved_min {
            return None;
        }
        let unsaved = std::mem::take(&mut state.unsaved);
        Some((state.encode(), unsaved))
    }

    /// Takes in what was stored. Damage makes it unknown, so that it is made anew.
    pub fn load(&self, stored: &[u8]) {
        let mut state = self.state.lock();
        let prefixes = state.sketches.len();
        *state = State::decode(stored, prefixes).unwrap_or_else(|| State {
            trusted: false,
            ..State::empty(prefixes)
        });
    }

    /// Whether the estimates are too far from an index of `documents` documents. Arrays make more
    /// entries than documents, sparse indexes fewer: only what cannot be is found out here.
    pub fn is_stale(&self, documents: u64, entries_per_document_is_one: bool) -> bool {
        let state = self.state.lock();
        if !state.trusted || !entries_per_document_is_one {
            return !state.trusted;
        }
        state.entries.abs_diff(documents) > documents / 8 + 16
    }

    /// What is stored is not known.
    pub fn distrust(&self) {
        self.state.lock().trusted = false;
    }

    /// What was asked to be saved was not.
    pub fn note_unsaved(&self, entries: u64) {
        self.state.lock().unsaved += entries;
    }

    /// Puts in place what was counted from the entries.
    pub fn replace(&self, counted: &Self) {
        let mut counted = counted.state.lock().clone();
        counted.unsaved = counted.unsaved.max(1);
        *self.state.lock() = counted;
    }
}

impl State {
    fn empty(prefixes: usize) -> Self {
        Self {
            entries: 0,
            sketches: vec![Sketch::Exact(HashMap::default()); prefixes.min(PREFIXES_MAX)],
            unsaved: 0,
            trusted: true,
        }
    }

    fn clear(&mut self) {
        *self = Self {
            unsaved: self.unsaved + self.entries.max(1),
            ..Self::empty(self.sketches.len())
        };
    }

    fn apply(&mut self, touch: Touch) {
        self.unsaved += 1;
        self.entries = match touch.is_added {
            true => self.entries + 1,
            false => self.entries.saturating_sub(1),
        };
        for (sketch, hash) in self.sketches.iter_mut().zip(touch.hashes) {
            sketch.count(hash, touch.is_added);
        }
    }

    fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(FORMAT);
        out.put_u64(self.entries);
        out.put_u8(self.sketches.len() as u8);
        for sketch in &self.sketches {
            match sketch {
                Sketch::Exact(counts) => {
                    out.put_u8(KIND_EXACT);
                    out.put_u32(counts.len() as u32);
                    for (hash, count) in counts {
                        out.put_u32(*hash);
                        out.put_u32(*count);
                    }
                }
                Sketch::Registers(registers) => {
                    let cells = registers.counts.iter().enumerate();
                    let used: Vec<_> = cells.filter(|(_, count)| **count > 0).collect();
                    out.put_u8(KIND_REGISTERS);
                    out.put_u32(used.len() as u32);
                    for (cell, count) in used {
                        out.put_u16(cell as u16);
                        out.put_u32(*count);
                    }
                }
            }
        }
        out.freeze()
    }

    fn decode(mut stored: &[u8], prefixes: usize) -> Option<Self> {
        let from = &mut stored;
        if from.try_get_u8().ok()? != FORMAT {
            return None;
        }
        let mut state = Self::empty(0);
        state.entries = from.try_get_u64().ok()?;
        for _ in 0..from.try_get_u8().ok()? {
            let kind = from.try_get_u8().ok()?;
            let counters = from.try_get_u32().ok()?;
            let sketch = match kind {
                KIND_EXACT => {
                    let mut counts = HashMap::default();
                    for _ in 0..counters {
                        counts.insert(from.try_get_u32().ok()?, from.try_get_u32().ok()?);
                    }
                    Sketch::Exact(counts)
                }
                KIND_REGISTERS => {
                    let mut registers = Registers::empty();
                    for _ in 0..counters {
                        let cell = usize::from(from.try_get_u16().ok()?);
                        registers.put(cell, from.try_get_u32().ok()?)?;
                    }
                    Sketch::Registers(registers)
                }
                _ => return None,
            };
            state.sketches.push(sketch);
        }
        (from.is_empty() && state.sketches.len() == prefixes).then_some(state)
    }
}

impl Sketch {
    fn count(&mut self, hash: u32, is_added: bool) {
        match self {
            Self::Registers(registers) => registers.count(hash, 1, is_added),
            Self::Exact(counts) if is_added => {
                *counts.entry(hash).or_default() += 1;
                if counts.len() > EXACT_MAX {
                    let mut registers = Registers::empty();
                    for (hash, count) in counts {
                        registers.count(*hash, *count, true);
                    }
                    *self = Self::Registers(registers);
                }
            }
            Self::Exact(counts) => {
                if let Some(count) = counts.get_mut(&hash) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(&hash);
                    }
                }
            }
        }
    }

    fn distinct(&self) -> f64 {
        match self {
            Self::Exact(counts) => counts.len() as f64,
            Self::Registers(registers) => registers.distinct(),
        }
    }
}

impl Registers {
    fn empty() -> Self {
        Self {
            counts: vec![0; CELLS].into(),
            ranks: [0; REGISTERS],
        }
    }

    fn put(&mut self, cell: usize, count: u32) -> Option<()> {
        *self.counts.get_mut(cell)? = count;
        let rank = self.ranks.get_mut(cell / LEVELS)?;
        *rank = (*rank).max((cell % LEVELS + 1) as u8);
        Some(())
    }

    fn count(&mut self, hash: u32, count: u32, is_added: bool) {
        let register = (hash >> (u32::BITS - REGISTER_BITS)) as usize;
        let level = ((hash << REGISTER_BITS).leading_zeros() as usize).min(LEVELS - 1);
        let first = register * LEVELS;
        let Some(levels) = self.counts.get_mut(first..first + LEVELS) else {
            return;
        };
        let (Some(cell), Some(rank)) = (levels.get_mut(level), self.ranks.get_mut(register)) else {
            return;
        };
        if is_added {
            *cell = cell.saturating_add(count);
            *rank = (*rank).max(level as u8 + 1);
        } else {
            *cell = cell.saturating_sub(count);
            if *cell == 0 {
                let highest = levels.iter().rposition(|count| *count > 0);
                *rank = highest.map_or(0, |level| level as u8 + 1);
            }
        }
    }

    /// Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog", 2007, with its correction for few
    /// values.
    fn distinct(&self) -> f64 {
        const M: f64 = REGISTERS as f64;
        const ALPHA: f64 = 0.7213 / (1.0 + 1.079 / M);
        let sum: f64 = self
            .ranks
            .iter()
            .map(|rank| f64::from(*rank))
            .map(|rank| (-rank).exp2())
            .sum();
        let estimate = ALPHA * M * M / sum;
        let empty = self.ranks.iter().filter(|rank| **rank == 0).count();
        if estimate <= 2.5 * M && empty > 0 {
            M * (M / empty as f64).ln()
        } else {
            estimate
        }
    }
}

/// A hash that stays the same from version to version: FNV-1a, and the last step of MurmurHash3
/// so that all its bits depend on all bytes.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = bytes.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    });
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(value: u64, is_added: bool) -> Note {
        let mut hashes = [0; PREFIXES_MAX];
        hashes[0] = hash(&value.to_be_bytes());
        Note::Touch(Touch { hashes, is_added })
    }

    fn estimator(entries: u64, distinct: u64) -> Estimator {
        let estimator = Estimator::new(1);
        estimator.apply((0..entries).map(|at| touch(at % distinct, true)));
        estimator
    }

    #[test]
    fn few_values_are_exact_and_many_are_within_a_quarter() {
        for (entries, distinct) in [(1, 1), (10, 10), (1_000, 256), (5, 2)] {
            let estimate = estimator(entries, distinct).distinct(0).unwrap();
            assert_eq!(estimate, distinct as f64);
        }
        for distinct in [257, 1_000, 10_000, 300_000] {
            let estimate = estimator(distinct * 2, distinct).distinct(0).unwrap();
            let error = estimate / distinct as f64 - 1.0;
            assert!(error.abs() < 0.25, "{distinct}: {estimate}");
        }
    }

    #[test]
    fn what_is_removed_does_not_count_any_more() {
        let estimator = estimator(50_000, 10_000);
        for at in 0..50_000_u64 {
            if at % 10_000 >= 20 {
                estimator.apply(std::iter::once(touch(at % 10_000, false)));
            }
        }
        assert_eq!(estimator.entries(), 100);
        let estimate = estimator.distinct(0).unwrap();
        assert!((estimate - 20.0).abs() < 5.0, "{estimate}");
        estimator.apply(std::iter::once(Note::Clear));
        assert_eq!((estimator.entries(), estimator.distinct(0)), (0, None));
    }

    #[test]
    fn stored_estimates_are_read_back_and_damaged_ones_are_not_believed() {
        for distinct in [3, 1_000] {
            let before = estimator(2_000, distinct);
            let (stored, unsaved) = before.to_save(100).unwrap();
            assert_eq!(unsaved, 2_000);
            assert!(before.to_save(0).is_none(), "nothing changed since");
            let after = Estimator::new(1);
            after.load(&stored);
            assert_eq!(after.entries(), 2_000);
            assert_eq!(after.distinct(0), before.distinct(0));
            for cut in [0, 1, stored.len() / 2, stored.len() - 1] {
                let damaged = Estimator::new(1);
                damaged.load(&stored[..cut]);
                assert!(damaged.is_stale(0, false), "cut at {cut}");
                assert_eq!(damaged.distinct(0), None);
            }
        }
    }
}
