//! The engine against the suite of the seam, and what is its own.

mod faults;
mod proxy;
mod round_trips;

use std::sync::Arc;

use platform::Platform;
use store::conformance::{self, Fixture};
use store::{Batch, Engine, Txn};

use crate::engine::PostgresEngine;
use crate::settings::Settings;
use crate::testing::Instance;

struct Schemas;

fn open(settings: &Settings) -> PostgresEngine {
    PostgresEngine::open(settings.clone(), Platform::system()).expect("open")
}

fn write(txn: &mut Box<dyn Txn>, fill: impl FnOnce(&mut Batch)) {
    let mut batch = Batch::new();
    fill(&mut batch);
    txn.write(batch).expect("the batch is within the limits");
}

thread_local! {
    /// What was opened last, to open it again.
    static LAST: std::cell::RefCell<Option<Settings>> = const { std::cell::RefCell::new(None) };
}

impl Fixture for Schemas {
    fn fresh(&self) -> Arc<dyn Engine> {
        let settings = Instance::of_this_process().fresh();
        LAST.set(Some(settings.clone()));
        Arc::new(open(&settings))
    }

    fn reopen(&self, engine: Arc<dyn Engine>) -> Option<Arc<dyn Engine>> {
        engine.close().expect("close");
        let settings = LAST
            .with_borrow(Clone::clone)
            .expect("it was opened before");
        Some(Arc::new(open(&settings)))
    }

    fn fresh_shared(&self, count: usize) -> Vec<Arc<dyn Engine>> {
        let settings = Instance::of_this_process().fresh();
        let engine = |_| -> Arc<dyn Engine> { Arc::new(open(&settings)) };
        (0..count).map(engine).collect()
    }
}

#[test]
fn conforms() {
    assert_eq!(conformance::run(&Schemas), 59);
}
