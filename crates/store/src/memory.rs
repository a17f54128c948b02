//! The in-memory model: the simplest engine that keeps the contract, to compare others with.
//!
//! The committed state is a persistent map: a snapshot and a savepoint are clones of it, which
//! share all but what is changed afterwards. A transaction keeps its operations beside its view;
//! a commit replays them on the committed state after comparing them with those committed since.
//! It shares no code with [`crate::buffer`] but the arithmetic of counters, so that comparing an
//! engine with it means something.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use imbl::OrdMap;
use parking_lot::Mutex;

use crate::batch::{Batch, KeyRange, Op, counter_sum, encode_counter};
use crate::engine::{BeginOptions, Commit, Engine, Savepoint, Seen, Statistics, Txn, WhenDurable};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::scan::{Direction, Page, PageBuilder, Scan};

type Map = OrdMap<Bytes, Bytes>;

/// The model. Nothing is durable: dropping it loses everything.
pub struct MemoryEngine {
    shared: Arc<Shared>,
    closed: Arc<AtomicBool>,
}

struct Shared {
    limits: Limits,
    /// Whether there are, or will be, other engines over the same state.
    is_shared: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    map: Map,
    sequence: u64,
    /// What was committed, by sequence, as far back as the oldest open snapshot.
    history: BTreeMap<u64, Vec<Op>>,
    /// How many transactions are open on each sequence.
    open: BTreeMap<u64, usize>,
    statistics: Statistics,
}

impl MemoryEngine {
    /// An empty keyspace.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An empty keyspace with other limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self::over(limits, false)
    }

    /// `count` engines over one empty keyspace, as processes that share a store have them. Each
    /// is closed by itself.
    pub fn shared(count: usize) -> Vec<Self> {
        let first = Self::over(Limits::default(), true);
        let engine = |_| Self {
            shared: Arc::clone(&first.shared),
            closed: Arc::default(),
        };
        (0..count).map(engine).collect()
    }

    fn over(limits: Limits, is_shared: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                limits,
                is_shared,
                state: Mutex::default(),
            }),
            closed: Arc::default(),
        }
    }

    fn check_open(&self) -> Result<()> {
        check_open(&self.closed)
    }
}

impl Default for MemoryEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for MemoryEngine {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>> {
        let mut state = self.shared.state.lock();
        self.check_open()?;
        let sequence = state.sequence;
        *state.open.entry(sequence).or_default() += 1;
        Ok(Box::new(MemoryTxn {
            shared: Arc::clone(&self.shared),
            closed: Arc::clone(&self.closed),
            read_only: options.read_only,
            sequence,
            view: View {
                map: state.map.clone(),
                ..View::default()
            },
            ops: Vec::new(),
            savepoints: Vec::new(),
            savepoint_next: 0,
        }))
    }

    fn is_shared(&self) -> bool {
        self.shared.is_shared
    }

    /// Nothing is ever more durable than it is when it was committed.
    fn when_durable(&self, _: Seen, then: WhenDurable) {
        then(Ok(()));
    }

    fn health(&self) -> Result<()> {
        self.check_open()
    }

    fn statistics(&self) -> Statistics {
        let state = self.shared.state.lock();
        let recent_keys = state.history.values().map(Vec::len).sum::<usize>();
        Statistics {
            recent_keys: recent_keys as u64,
            ..state.statistics
        }
    }

    fn close(&self) -> Result<()> {
        // Under the lock: a commit is before or after it.
        let _state = self.shared.state.lock();
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}

struct MemoryTxn {
    shared: Arc<Shared>,
    closed: Arc<AtomicBool>,
    read_only: bool,
    sequence: u64,
    view: View,
    ops: Vec<Op>,
    savepoints: Vec<Mark>,
    savepoint_next: u64,
}

/// The snapshot with the transaction's operations applied. Cheap to clone.
#[derive(Clone, Default)]
struct View {
    /// All of it but additions.
    map: Map,
    /// What was added to a key since it was last set. Sums are only made when asked for,
    /// because a write reads nothing and so cannot find out that a value is no counter.
    adds: OrdMap<Bytes, i64>,
    /// Of the operations.
    bytes: usize,
}

/// A savepoint: what to return to.
struct Mark {
    id: u64,
    view: View,
    ops_count: usize,
}

impl Txn for MemoryTxn {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        self.shared.limits.check_get(keys)?;
        keys.iter().map(|key| self.view.value(key)).collect()
    }

    fn scan(&mut self, scan: &Scan) -> Result<Page> {
        self.shared.limits.check_scan(scan)?;
        let mut page = PageBuilder::new(scan);
        let mut rest = scan.range.clone();
        while let Some(key) = self.view.next_key(&rest, scan.direction) {
            let value = self.view.value(&key)?.unwrap_or_default();
            if !page.has_room_for(key.len(), value.len()) {
                return Ok(page.finish_full());
            }
            rest = scan.rest_after(&key);
            page.push(&key, &value);
        }
        Ok(page.finish())
    }

    fn write(&mut self, batch: Batch) -> Result<()> {
        if self.read_only {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "write in a read-only transaction",
            ));
        }
        self.shared.limits.check_batch(&batch, self.view.bytes)?;
        for op in batch.into_ops() {
            self.view.apply(&op);
            self.ops.push(op);
        }
        Ok(())
    }

    fn savepoint(&mut self) -> Result<Savepoint> {
        let savepoints_max = self.shared.limits.savepoints_max;
        if self.savepoints.len() >= savepoints_max {
            let wanted = self.savepoints.len() + 1;
            return Err(Error::limit("savepoints_max", savepoints_max, wanted));
        }
        let id = self.savepoint_next;
        self.savepoint_next += 1;
        self.savepoints.push(Mark {
            id,
            view: self.view.clone(),
            ops_count: self.ops.len(),
        });
        Ok(Savepoint::new(id))
    }

    fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        let at = self.find_savepoint(savepoint)?;
        self.savepoints.truncate(at + 1);
        if let Some(mark) = self.savepoints.last() {
            self.ops.truncate(mark.ops_count);
            self.view = mark.view.clone();
        }
        Ok(())
    }

    fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        let at = self.find_savepoint(savepoint)?;
        self.savepoints.truncate(at);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<Commit> {
        let ops = std::mem::take(&mut self.ops);
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state.lock();
        check_open(&self.closed)?;
        let mine = Touched::by(&ops);
        let mut since = state.history.range(self.sequence + 1..);
        if since.any(|(_, theirs)| theirs.iter().any(|their| mine.clashes_with(their))) {
            state.statistics.transactions_conflicted += 1;
            return Err(Error::new(
                ErrorKind::Conflict,
                "commit after a conflicting commit",
            ));
        }
        if ops.iter().all(|op| matches!(op, Op::Guard { .. })) {
            return Ok(Commit::new(self.sequence));
        }
        let mut map = state.map.clone();
        ops.iter().try_for_each(|op| apply(&mut map, op))?;
        state.map = map;
        state.sequence += 1;
        state.statistics.transactions_committed += 1;
        state.statistics.engine_commits += 1;
        let sequence = state.sequence;
        state.history.insert(sequence, ops);
        Ok(Commit::new(sequence))
    }
}

impl MemoryTxn {
    fn find_savepoint(&self, savepoint: Savepoint) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|mark| mark.id == savepoint.id())
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    "return to a savepoint that is not open",
                )
            })
    }
}

impl View {
    fn value(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let stored = self.map.get(key);
        let Some(delta) = self.adds.get(key) else {
            return Ok(stored.cloned());
        };
        let sum = counter_sum(stored.map(AsRef::as_ref), *delta)?;
        Ok(Some(encode_counter(sum)))
    }

    /// The first key of a range in a direction.
    fn next_key(&self, range: &KeyRange, direction: Direction) -> Option<Bytes> {
        if range.is_empty() {
            return None;
        }
        let mut stored = self.map.range::<_, [u8]>(range.bounds());
        let mut added = self.adds.range::<_, [u8]>(range.bounds());
        let (stored, added, reverse) = match direction {
            Direction::Forward => (stored.next(), added.next(), false),
            Direction::Reverse => (stored.next_back(), added.next_back(), true),
        };
        let key = match (stored.map(|(key, _)| key), added.map(|(key, _)| key)) {
            (Some(stored), Some(added)) if reverse => stored.max(added),
            (Some(stored), Some(added)) => stored.min(added),
            (stored, added) => stored.or(added)?,
        };
        Some(key.clone())
    }

    fn apply(&mut self, op: &Op) {
        self.bytes += op.bytes();
        match op {
            Op::Add { key, delta } => {
                let sum = self.adds.get(key).map_or(0, |sum| *sum);
                self.adds.insert(key.clone(), sum.wrapping_add(*delta));
            }
            Op::Guard { .. } => {}
            Op::Put { key, .. } | Op::Delete { key } => {
                self.adds.remove(key);
                apply(&mut self.map, op).expect("only an add can fail");
            }
            Op::DeleteRange { range } => {
                remove_range(&mut self.adds, range);
                remove_range(&mut self.map, range);
            }
        }
    }
}

impl Drop for MemoryTxn {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        if let Some(count) = state.open.get_mut(&self.sequence) {
            *count -= 1;
            if *count == 0 {
                state.open.remove(&self.sequence);
            }
        }
        let oldest = state.open.keys().next().copied().unwrap_or(state.sequence);
        state.history = state.history.split_off(&(oldest + 1));
    }
}

fn check_open(closed: &AtomicBool) -> Result<()> {
    if closed.load(Ordering::Acquire) {
        return Err(Error::new(
            ErrorKind::Closed,
            "use an engine that was closed",
        ));
    }
    Ok(())
}

fn apply(map: &mut Map, op: &Op) -> Result<()> {
    match op {
        Op::Put { key, value } => {
            map.insert(key.clone(), value.clone());
        }
        Op::Delete { key } => {
            map.remove(key);
        }
        Op::DeleteRange { range } => remove_range(map, range),
        Op::Add { key, delta } => {
            let sum = counter_sum(map.get(key).map(AsRef::as_ref), *delta)?;
            map.insert(key.clone(), encode_counter(sum));
        }
        Op::Guard { .. } => {}
    }
    Ok(())
}

fn remove_range<V: Clone>(map: &mut OrdMap<Bytes, V>, range: &KeyRange) {
    if range.is_empty() {
        return;
    }
    let within = map.range::<_, [u8]>(range.bounds());
    let keys: Vec<Bytes> = within.map(|(key, _)| key.clone()).collect();
    for key in keys {
        map.remove(&key);
    }
}

/// What a transaction did, to be compared with what others did.
struct Touched<'a> {
    /// Keys, and whether something else than additions was done to them.
    keys: BTreeMap<&'a [u8], bool>,
    ranges: Vec<&'a KeyRange>,
}

impl<'a> Touched<'a> {
    fn by(ops: &'a [Op]) -> Self {
        let (mut keys, mut ranges) = (BTreeMap::new(), Vec::new());
        for op in ops {
            match op {
                Op::DeleteRange { range } => ranges.push(range),
                Op::Put { key, .. } | Op::Delete { key } | Op::Guard { key } => {
                    keys.insert(key.as_ref(), true);
                }
                Op::Add { key, .. } => {
                    keys.entry(key.as_ref()).or_insert(false);
                }
            }
        }
        Self { keys, ranges }
    }

    /// Whether it cannot commit because `their` was committed after its snapshot: the table at
    /// [`Op`].
    fn clashes_with(&self, their: &Op) -> bool {
        let (key, only_adds) = match their {
            Op::Guard { .. } => return false,
            Op::DeleteRange { range } => {
                return self.ranges.iter().any(|mine| mine.overlaps(range))
                    || (!range.is_empty()
                        && self.keys.range::<[u8], _>(range.bounds()).next().is_some());
            }
            Op::Put { key, .. } | Op::Delete { key } => (key, false),
            Op::Add { key, .. } => (key, true),
        };
        let mine = self.keys.get(key.as_ref());
        mine.is_some_and(|more_than_adds| *more_than_adds || !only_adds)
            || self.ranges.iter().any(|range| range.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{self, Fixture};

    struct Model;

    impl Fixture for Model {
        fn fresh(&self) -> Arc<dyn Engine> {
            Arc::new(MemoryEngine::new())
        }

        fn reopen(&self, _: Arc<dyn Engine>) -> Option<Arc<dyn Engine>> {
            None
        }

        fn fresh_shared(&self, count: usize) -> Vec<Arc<dyn Engine>> {
            let engines = MemoryEngine::shared(count).into_iter();
            engines
                .map(|engine| -> Arc<dyn Engine> { Arc::new(engine) })
                .collect()
        }
    }

    #[test]
    fn conforms() {
        assert_eq!(conformance::run(&Model), 59);
    }
}
