//! Random histories, run on the engine and on the model side by side.
//!
//! Several transactions are open at once and take turns, on few keys, so that conflicts, deleted
//! ranges, counters and savepoints meet. Every answer must be the same, errors included.

use std::sync::Arc;

use bytes::Bytes;

use super::{Case, Fixture, open, scan_pages};
use crate::batch::{Batch, KeyRange};
use crate::engine::{BeginOptions, Engine, Savepoint, Txn};
use crate::error::{ErrorKind, Result};
use crate::memory::MemoryEngine;
use crate::scan::{Direction, Scan};

pub(super) const CASES: &[(&str, Case)] = &[("like_the_model", like_the_model)];

const HISTORIES: u64 = 40;
const STEPS: usize = 250;
const OPEN_MAX: u64 = 5;

fn like_the_model(fixture: &dyn Fixture) {
    for seed in 0..HISTORIES {
        let mut history = History::new(seed, open(fixture));
        for step in 0..STEPS {
            history.step(step);
        }
        history.compare_states();
    }
}

/// splitmix64: small, and the same on every platform and in every version.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn key(&mut self) -> Bytes {
        let length = self.below(3);
        (0..length)
            .map(|_| [0, b'a', b'b', 0xff][self.below(4) as usize])
            .collect()
    }

    fn counter_key(&mut self) -> Bytes {
        Bytes::from(format!("#{}", self.below(3)))
    }

    fn range(&mut self) -> KeyRange {
        let (a, b) = (self.key(), self.key());
        match self.below(4) {
            0 => KeyRange {
                start: a,
                end: None,
            },
            1 => KeyRange::prefix(a),
            _ if a <= b => KeyRange::between(a, b),
            _ => KeyRange::between(b, a),
        }
    }

    fn batch(&mut self) -> Batch {
        let mut batch = Batch::new();
        for _ in 0..=self.below(3) {
            let value = vec![b'v'; self.below(12) as usize];
            match self.below(12) {
                0..=3 => batch.put(self.key(), value),
                4 | 5 => batch.delete(self.key()),
                6 => batch.delete_range(self.range()),
                7 | 8 => batch.add(self.counter_key(), self.below(9) as i64 - 4),
                9 => batch.delete(self.counter_key()),
                10 => batch.guard(self.key()),
                // Now and then on what is no counter.
                _ if self.below(8) == 0 => batch.add(self.key(), 1),
                _ => batch.add(self.counter_key(), 1),
            };
        }
        batch
    }

    fn scan(&mut self) -> Scan {
        let direction = if self.below(2) == 0 {
            Direction::Forward
        } else {
            Direction::Reverse
        };
        Scan {
            range: self.range(),
            direction,
            entries_max: 1 + self.below(6) as usize,
            bytes_max: 1 + self.below(40) as usize,
            keys_only: self.below(3) == 0,
        }
    }
}

/// The same transaction on both engines.
struct Pair {
    tested: Box<dyn Txn>,
    model: Box<dyn Txn>,
    savepoints: Vec<(Savepoint, Savepoint)>,
}

struct History {
    seed: u64,
    dice: Dice,
    tested: Arc<dyn Engine>,
    model: Arc<dyn Engine>,
    open: Vec<Pair>,
}

impl History {
    fn new(seed: u64, tested: Arc<dyn Engine>) -> Self {
        let limits = tested.limits().clone();
        let model = Arc::new(MemoryEngine::with_limits(limits));
        Self {
            seed,
            dice: Dice(seed),
            tested,
            model,
            open: Vec::new(),
        }
    }

    fn step(&mut self, step: usize) {
        let place = format!("seed {}, step {step}", self.seed);
        let open = self.open.len() as u64;
        if open == 0 || (open < OPEN_MAX && self.dice.below(6) == 0) {
            self.open.push(self.begin());
            return;
        }
        let chosen = self.dice.below(open) as usize;
        match self.dice.below(20) {
            0..=2 => {
                let pair = self.open.swap_remove(chosen);
                // Sequences may differ; whether a transaction committed may not.
                let model = kind_of(&pair.model.commit());
                same(&place, "commit", kind_of(&pair.tested.commit()), &model);
            }
            3 => drop(self.open.swap_remove(chosen)),
            choice => {
                let Some(pair) = self.open.get_mut(chosen) else {
                    return;
                };
                pair.operate(choice, &mut self.dice, &place);
            }
        }
    }

    /// All transactions of every second history do not wait until they are durable.
    fn begin(&self) -> Pair {
        let options = match self.seed % 2 {
            0 => BeginOptions::read_write(),
            _ => BeginOptions::read_write().unsynced(),
        };
        let begin = |engine: &Arc<dyn Engine>| engine.begin(options);
        Pair {
            tested: begin(&self.tested).expect("begin"),
            model: begin(&self.model).expect("begin"),
            savepoints: Vec::new(),
        }
    }

    fn compare_states(&mut self) {
        let mut pair = self.begin();
        let all = Scan::forward(KeyRange::all());
        let tested = scan_pages(&mut pair.tested, all.clone()).expect("scan");
        let model = scan_pages(&mut pair.model, all).expect("scan");
        assert_eq!(tested, model, "state after seed {}", self.seed);
    }
}

impl Pair {
    fn operate(&mut self, choice: u64, dice: &mut Dice, place: &str) {
        match choice {
            4..=8 => {
                let batch = dice.batch();
                let model = self.model.write(batch.clone());
                same(
                    place,
                    "write",
                    kind_of(&self.tested.write(batch)),
                    &kind_of(&model),
                );
            }
            9..=11 => {
                let keys = [dice.key(), dice.counter_key(), dice.key()];
                let keys = keys.each_ref().map(AsRef::as_ref);
                let model = self.model.get_many(&keys).map_err(|error| error.kind());
                let tested = self.tested.get_many(&keys).map_err(|error| error.kind());
                same(place, "get_many", tested, &model);
            }
            12..=15 => {
                let scan = dice.scan();
                let model = scan_pages(&mut self.model, scan.clone());
                let tested = scan_pages(&mut self.tested, scan);
                let kinds = |error: crate::Error| error.kind();
                same(place, "scan", tested.map_err(kinds), &model.map_err(kinds));
            }
            16 | 17 => {
                let tested = self.tested.savepoint().expect("savepoint");
                let model = self.model.savepoint().expect("savepoint");
                self.savepoints.push((tested, model));
            }
            _ => self.leave_savepoint(dice, place),
        }
    }

    fn leave_savepoint(&mut self, dice: &mut Dice, place: &str) {
        let count = self.savepoints.len() as u64;
        if count == 0 {
            return;
        }
        let Some(&(tested, model)) = self.savepoints.get(dice.below(count) as usize) else {
            return;
        };
        if dice.below(3) == 0 {
            let model = kind_of(&self.model.release(model));
            same(
                place,
                "release",
                kind_of(&self.tested.release(tested)),
                &model,
            );
        } else {
            let model = kind_of(&self.model.rollback_to(model));
            same(
                place,
                "rollback_to",
                kind_of(&self.tested.rollback_to(tested)),
                &model,
            );
        }
    }
}

fn kind_of<T>(result: &Result<T>) -> Option<ErrorKind> {
    result.as_ref().err().map(crate::Error::kind)
}

#[track_caller]
fn same<T: PartialEq + std::fmt::Debug>(place: &str, operation: &str, tested: T, model: &T) {
    assert_eq!(
        &tested, model,
        "{operation} differs from the model (right) at {place}"
    );
}
