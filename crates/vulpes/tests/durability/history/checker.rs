//! Decides whether a history of transactions can have happened under snapshot isolation.
//!
//! Every written value is unique and every write is preceded by a read of the same object in its
//! transaction, so the order of the versions of each object is known. What is left is to find an
//! order of all snapshots and commits that explains every read; there is none if and only if what
//! is known of that order runs in a circle. Write skew is possible under snapshot isolation, so
//! it makes no circle here.

use std::collections::{BTreeMap, BTreeSet};

/// A document, by number of its collection and key.
pub type Object = (u8, u8);

/// The value that was written, or `None` for an object that does not exist yet.
pub type Version = Option<u64>;

/// One thing that a transaction did, with what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    Read(Object, Version),
    /// The object was read in the same transaction before.
    Write(Object, u64),
    Savepoint,
    /// Undoes every write since the last savepoint, and forgets that.
    Rollback,
    /// All holders of unique values at once: value and object.
    Holders(Vec<(u64, Object)>),
    /// A value was refused because somebody holds it.
    Refused(u64),
}

/// A transaction as its client saw it. Instants are positions in one order of all calls.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// When it was about to begin, and when it had begun.
    pub begin: (u64, u64),
    /// When it was about to commit, and when it had; `None` if it did not.
    pub commit: Option<(u64, u64)>,
    pub ops: Vec<Op>,
}

/// What cannot happen under snapshot isolation. Numbers are positions in the history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// A read found what was never committed.
    DirtyRead { reader: usize, object: Object },
    /// A read found what its writer itself had replaced or undone.
    IntermediateRead { reader: usize, object: Object },
    /// Two transactions replaced the same version.
    LostUpdate { writers: [usize; 2], object: Object },
    /// A transaction read two versions that it did not write.
    NonRepeatableRead { reader: usize, object: Object },
    /// A transaction did not find its own write.
    OwnWriteNotRead { reader: usize, object: Object },
    /// Two objects hold one unique value.
    BrokenUnique { reader: usize, value: u64 },
    /// A unique value was refused that nobody held.
    RefusedFreeValue { writer: usize, value: u64 },
    /// No order of snapshots and commits explains these transactions.
    NoSnapshot { circle: Vec<usize> },
}

/// What a transaction did to the outside.
#[derive(Default)]
struct Effect {
    /// The first version of each object that it did not write itself.
    reads: BTreeMap<Object, Version>,
    /// Its last write of each object.
    writes: BTreeMap<Object, u64>,
    /// Its other writes.
    replaced: BTreeSet<u64>,
}

/// Every anomaly of a history; none if it is possible.
pub fn check(history: &[Transaction]) -> Vec<Anomaly> {
    let mut anomalies = Vec::new();
    let effects: Vec<Effect> = history
        .iter()
        .enumerate()
        .map(|(at, transaction)| effect_of(at, transaction, &mut anomalies))
        .collect();
    let mut committed = BTreeMap::new();
    let mut intermediate: BTreeSet<u64> = BTreeSet::new();
    let mut successors: BTreeMap<(Object, Version), usize> = BTreeMap::new();
    for (at, effect) in effects.iter().enumerate() {
        if history[at].commit.is_none() {
            continue;
        }
        intermediate.extend(&effect.replaced);
        for (object, value) in &effect.writes {
            committed.insert((*object, *value), at);
            let before = effect.reads.get(object).copied().flatten();
            if let Some(other) = successors.insert((*object, before), at) {
                let writers = [other, at];
                let object = *object;
                anomalies.push(Anomaly::LostUpdate { writers, object });
            }
        }
    }
    for (reader, effect) in effects.iter().enumerate() {
        for (&object, version) in &effect.reads {
            match version {
                Some(value) if intermediate.contains(value) => {
                    anomalies.push(Anomaly::IntermediateRead { reader, object });
                }
                Some(value) if !committed.contains_key(&(object, *value)) => {
                    anomalies.push(Anomaly::DirtyRead { reader, object });
                }
                _ => {}
            }
        }
    }
    let order = Order::of(history, &effects, &committed, &successors);
    if let Some(circle) = order.find_circle() {
        anomalies.push(Anomaly::NoSnapshot { circle });
    }
    anomalies
}

/// Runs through one transaction by itself.
fn effect_of(at: usize, transaction: &Transaction, anomalies: &mut Vec<Anomaly>) -> Effect {
    let mut effect = Effect::default();
    let mut savepoints = Vec::new();
    let mut refused = Vec::new();
    for op in &transaction.ops {
        match op {
            Op::Read(object, version) => {
                let (object, reader) = (*object, at);
                if let Some(own) = effect.writes.get(&object) {
                    if *version != Some(*own) {
                        anomalies.push(Anomaly::OwnWriteNotRead { reader, object });
                    }
                } else if *effect.reads.entry(object).or_insert(*version) != *version {
                    anomalies.push(Anomaly::NonRepeatableRead { reader, object });
                }
            }
            Op::Write(object, value) => {
                effect
                    .replaced
                    .extend(effect.writes.insert(*object, *value));
            }
            Op::Savepoint => savepoints.push(effect.writes.clone()),
            Op::Rollback => {
                let before = savepoints.pop().unwrap_or_default();
                let undone = std::mem::replace(&mut effect.writes, before);
                effect.replaced.extend(undone.into_values());
                for kept in effect.writes.values() {
                    effect.replaced.remove(kept);
                }
            }
            Op::Refused(value) => refused.push(*value),
            Op::Holders(holders) => {
                let mut seen = BTreeSet::new();
                for (value, _) in holders {
                    if !seen.insert(*value) {
                        let (reader, value) = (at, *value);
                        anomalies.push(Anomaly::BrokenUnique { reader, value });
                    }
                }
                for value in refused.drain(..).filter(|value| !seen.contains(value)) {
                    anomalies.push(Anomaly::RefusedFreeValue { writer: at, value });
                }
            }
        }
    }
    effect
}

/// What is known of the order of snapshots, commits and instants: edges from earlier to later.
/// Nodes: the snapshot of transaction n is 2n, its commit 2n + 1; instants follow.
struct Order {
    edges: Vec<Vec<usize>>,
    transactions: usize,
}

impl Order {
    fn of(
        history: &[Transaction],
        effects: &[Effect],
        committed: &BTreeMap<(Object, u64), usize>,
        successors: &BTreeMap<(Object, Version), usize>,
    ) -> Self {
        let mut instants: Vec<u64> = history
            .iter()
            .flat_map(|transaction| [Some(transaction.begin), transaction.commit])
            .flatten()
            .flat_map(|(before, after)| [before, after])
            .collect();
        instants.sort_unstable();
        instants.dedup();
        let first = 2 * history.len();
        let mut order = Self {
            edges: vec![Vec::new(); first + instants.len()],
            transactions: history.len(),
        };
        let node_of = |instant: u64| first + instants.partition_point(|other| *other < instant);
        for at in 1..instants.len() {
            order.before(first + at - 1, first + at);
        }
        for (at, transaction) in history.iter().enumerate() {
            order.between(node_of, transaction.begin, 2 * at);
            if let Some(commit) = transaction.commit {
                order.between(node_of, commit, 2 * at + 1);
                order.before(2 * at, 2 * at + 1);
            }
            for (object, version) in &effects[at].reads {
                let writer = version.and_then(|value| committed.get(&(*object, value)));
                if let Some(writer) = writer {
                    order.before(2 * writer + 1, 2 * at);
                }
                match successors.get(&(*object, *version)) {
                    Some(next) if *next != at => order.before(2 * at, 2 * next + 1),
                    _ => {}
                }
            }
        }
        order
    }

    fn before(&mut self, earlier: usize, later: usize) {
        self.edges[earlier].push(later);
    }

    fn between(&mut self, node_of: impl Fn(u64) -> usize, call: (u64, u64), node: usize) {
        self.before(node_of(call.0), node);
        self.before(node, node_of(call.1));
    }

    /// The transactions of a circle.
    fn find_circle(&self) -> Option<Vec<usize>> {
        const NEW: u8 = 0;
        const ON_PATH: u8 = 1;
        const DONE: u8 = 2;
        let mut state = vec![NEW; self.edges.len()];
        for start in 0..self.edges.len() {
            let mut path: Vec<(usize, usize)> = Vec::new();
            if state[start] == NEW {
                state[start] = ON_PATH;
                path.push((start, 0));
            }
            while let Some((node, next)) = path.last_mut() {
                let Some(&later) = self.edges[*node].get(*next) else {
                    state[*node] = DONE;
                    path.pop();
                    continue;
                };
                *next += 1;
                if state[later] == ON_PATH {
                    let circle = path.iter().map(|(node, _)| *node);
                    let circle = circle.skip_while(|node| *node != later);
                    let mut circle: Vec<usize> = circle
                        .filter(|node| *node < 2 * self.transactions)
                        .map(|node| node / 2)
                        .collect();
                    circle.dedup();
                    return Some(circle);
                }
                if state[later] == NEW {
                    state[later] = ON_PATH;
                    path.push((later, 0));
                }
            }
        }
        None
    }
}

impl Anomaly {
    /// The transactions concerned.
    pub fn transactions(&self) -> Vec<usize> {
        match self {
            Self::DirtyRead { reader: at, .. }
            | Self::IntermediateRead { reader: at, .. }
            | Self::NonRepeatableRead { reader: at, .. }
            | Self::OwnWriteNotRead { reader: at, .. }
            | Self::BrokenUnique { reader: at, .. }
            | Self::RefusedFreeValue { writer: at, .. } => vec![*at],
            Self::LostUpdate { writers, .. } => writers.to_vec(),
            Self::NoSnapshot { circle } => circle.clone(),
        }
    }
}
