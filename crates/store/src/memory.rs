//! The in-memory model: the simplest engine that keeps the contract, to compare others with.
//!
//! The committed state is one `BTreeMap`; a snapshot is a shared reference to it, the first write
//! of a transaction copies it, and a commit replays the transaction's operations on the committed
//! state after comparing them, pair by pair, with those committed since. Every step costs as much
//! as the whole map: right for tests, wrong for data of any size.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::batch::{Batch, KeyRange, Op, counter_sum, encode_counter};
use crate::engine::{BeginOptions, Commit, Engine, Savepoint, Statistics, Txn};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::scan::{Direction, Page, PageBuilder, Scan};

type Map = BTreeMap<Bytes, Bytes>;

/// The model. Nothing is durable: dropping it loses everything.
pub struct MemoryEngine {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    map: Arc<Map>,
    sequence: u64,
    /// What was committed, by sequence, as far back as the oldest open snapshot.
    history: BTreeMap<u64, Vec<Op>>,
    /// How many transactions are open on each sequence.
    open: BTreeMap<u64, usize>,
    statistics: Statistics,
    closed: bool,
}

impl MemoryEngine {
    /// An empty keyspace.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An empty keyspace with other limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                limits,
                state: Mutex::default(),
            }),
        }
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
        if state.closed {
            return Err(closed());
        }
        let sequence = state.sequence;
        *state.open.entry(sequence).or_default() += 1;
        Ok(Box::new(MemoryTxn {
            shared: Arc::clone(&self.shared),
            read_only: options.read_only,
            sequence,
            snapshot: Arc::clone(&state.map),
            view: Arc::clone(&state.map),
            ops: Vec::new(),
            savepoints: Vec::new(),
            savepoint_next: 0,
        }))
    }

    fn health(&self) -> Result<()> {
        if self.shared.state.lock().closed {
            Err(closed())
        } else {
            Ok(())
        }
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
        self.shared.state.lock().closed = true;
        Ok(())
    }
}

struct MemoryTxn {
    shared: Arc<Shared>,
    read_only: bool,
    sequence: u64,
    snapshot: Arc<Map>,
    /// The snapshot with `ops` applied, [`Op::Add`] excepted: see [`MemoryTxn::pending`].
    view: Arc<Map>,
    ops: Vec<Op>,
    /// Savepoint and the length of `ops` when it was made.
    savepoints: Vec<(u64, usize)>,
    savepoint_next: u64,
}

impl Txn for MemoryTxn {
    fn get_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        self.shared.limits.check_get(keys)?;
        keys.iter().map(|key| self.value(key)).collect()
    }

    fn scan(&mut self, scan: &Scan) -> Result<Page> {
        self.shared.limits.check_scan(scan)?;
        let mut keys = self.keys(&scan.range);
        if scan.direction == Direction::Reverse {
            keys.reverse();
        }
        let mut page = PageBuilder::new(scan);
        for key in keys {
            let value = self.value(&key)?.unwrap_or_default();
            if !page.has_room_for(key.len(), value.len()) {
                return Ok(page.finish_full());
            }
            page.push(key, if scan.keys_only { Bytes::new() } else { value });
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
        let buffered = self.ops.iter().map(Op::bytes).sum();
        self.shared.limits.check_batch(&batch, buffered)?;
        for op in batch.into_ops() {
            self.apply_to_view(&op);
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
        self.savepoints.push((id, self.ops.len()));
        Ok(Savepoint::new(id))
    }

    fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        let (at, kept) = self.find_savepoint(savepoint)?;
        self.savepoints.truncate(at + 1);
        self.ops.truncate(kept);
        self.view = Arc::clone(&self.snapshot);
        for op in self.ops.clone() {
            self.apply_to_view(&op);
        }
        Ok(())
    }

    fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        let (at, _) = self.find_savepoint(savepoint)?;
        self.savepoints.truncate(at);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<Commit> {
        let ops = std::mem::take(&mut self.ops);
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state.lock();
        if state.closed {
            return Err(closed());
        }
        let since = state.history.range(self.sequence + 1..);
        if since
            .flat_map(|(_, theirs)| theirs)
            .any(|their| ops.iter().any(|op| clash(op, their)))
        {
            state.statistics.transactions_conflicted += 1;
            return Err(Error::new(
                ErrorKind::Conflict,
                "commit after a conflicting commit",
            ));
        }
        if ops.iter().all(|op| matches!(op, Op::Guard { .. })) {
            return Ok(Commit::new(self.sequence));
        }
        let mut map = (*state.map).clone();
        ops.iter().try_for_each(|op| apply(&mut map, op))?;
        state.map = Arc::new(map);
        state.sequence += 1;
        state.statistics.transactions_committed += 1;
        state.statistics.engine_commits += 1;
        let sequence = state.sequence;
        state.history.insert(sequence, ops);
        Ok(Commit::new(sequence))
    }
}

impl MemoryTxn {
    /// What was added to `key` since it was last set, if anything. Sums are only made when asked
    /// for, because a write reads nothing and so cannot find out that a value is no counter.
    fn pending(&self, key: &[u8]) -> impl Iterator<Item = i64> {
        let last_set = self.ops.iter().rposition(|op| match op {
            Op::Put { key: set, .. } | Op::Delete { key: set } => set == key,
            Op::DeleteRange { range } => range.contains(key),
            Op::Add { .. } | Op::Guard { .. } => false,
        });
        let since = last_set.map_or(0, |at| at + 1);
        self.ops.iter().skip(since).filter_map(move |op| match op {
            Op::Add { key: added, delta } if added == key => Some(*delta),
            _ => None,
        })
    }

    fn value(&self, key: &[u8]) -> Result<Option<Bytes>> {
        self.pending(key)
            .try_fold(self.view.get(key).cloned(), |stored, delta| {
                Ok(Some(encode_counter(counter_sum(stored.as_deref(), delta)?)))
            })
    }

    fn keys(&self, range: &KeyRange) -> Vec<Bytes> {
        if range.is_empty() {
            return Vec::new();
        }
        let stored = self.view.range::<[u8], _>(range.bounds());
        let mut keys: Vec<Bytes> = stored.map(|(key, _)| key.clone()).collect();
        keys.extend(self.ops.iter().filter_map(|op| match op {
            Op::Add { key, .. } if range.contains(key) && self.pending(key).next().is_some() => {
                Some(key.clone())
            }
            _ => None,
        }));
        keys.sort();
        keys.dedup();
        keys
    }

    fn apply_to_view(&mut self, op: &Op) {
        if !matches!(op, Op::Add { .. } | Op::Guard { .. }) {
            apply(Arc::make_mut(&mut self.view), op).expect("only an add can fail");
        }
    }

    fn find_savepoint(&self, savepoint: Savepoint) -> Result<(usize, usize)> {
        let at = self
            .savepoints
            .iter()
            .position(|(id, _)| *id == savepoint.id());
        at.and_then(|at| Some((at, self.savepoints.get(at)?.1)))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    "return to a savepoint that is not open",
                )
            })
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

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "use an engine that was closed")
}

fn apply(map: &mut Map, op: &Op) -> Result<()> {
    match op {
        Op::Put { key, value } => {
            map.insert(key.clone(), value.clone());
        }
        Op::Delete { key } => {
            map.remove(key);
        }
        Op::DeleteRange { range } => map.retain(|key, _| !range.contains(key)),
        Op::Add { key, delta } => {
            let sum = counter_sum(map.get(key).map(AsRef::as_ref), *delta)?;
            map.insert(key.clone(), encode_counter(sum));
        }
        Op::Guard { .. } => {}
    }
    Ok(())
}

/// Whether `op` cannot commit because `their` was committed after its snapshot: the table at
/// [`Op`], literally.
fn clash(op: &Op, their: &Op) -> bool {
    match (op, their) {
        (_, Op::Guard { .. }) | (Op::Add { .. }, Op::Add { .. }) => false,
        (Op::DeleteRange { range }, Op::DeleteRange { range: theirs }) => range.overlaps(theirs),
        (Op::DeleteRange { range }, their) => range.contains(point(their)),
        (op, Op::DeleteRange { range }) => range.contains(point(op)),
        (op, their) => point(op) == point(their),
    }
}

fn point(op: &Op) -> &[u8] {
    match op {
        Op::Put { key, .. } | Op::Delete { key } | Op::Add { key, .. } | Op::Guard { key } => key,
        Op::DeleteRange { .. } => &[],
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
    }

    #[test]
    fn conforms() {
        assert_eq!(conformance::run(&Model), 44);
    }
}
