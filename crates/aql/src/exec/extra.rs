//! What a query says about itself besides its rows: the `extra` of answers.
//!
//! Source of the shapes: public documentation, "HTTP interface / Queries / AQL queries".

use std::time::Duration;

use value::{Object, Value};

use super::pipeline::Place;
use super::work::NodeWork;
use super::{Cursor, Stats};
use crate::functions::Warning;
use crate::plan::explain;

/// How much a query tells about its own work: the option `profile`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Counters only.
    #[default]
    Off,
    /// The time of each phase too.
    Phases,
    /// The time and rows of each step, and the plan.
    Nodes,
}

impl Warning {
    /// `{code, message}`
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("code", self.code.number());
        object.insert("message", self.message.as_str());
        object
    }
}

impl Stats {
    /// The public form.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("writesExecuted", self.writes_executed);
        object.insert("writesIgnored", self.writes_ignored);
        object.insert("documentLookups", self.document_lookups);
        object.insert("seeks", self.seeks);
        object.insert("scannedFull", self.scanned_full);
        object.insert("scannedIndex", self.scanned_index);
        object.insert("searchParallelism", 1);
        object.insert("cursorsCreated", self.cursors_created);
        object.insert("cursorsRearmed", self.cursors_rearmed);
        object.insert("cacheHits", 0);
        object.insert("cacheMisses", 0);
        object.insert("filtered", self.filtered);
        object.insert("httpRequests", 0);
        if let Some(full_count) = self.full_count {
            object.insert("fullCount", full_count);
        }
        object.insert("executionTime", seconds(self.execution_time));
        object.insert("peakMemoryUsage", self.peak_memory_bytes);
        object.insert("intermediateCommits", 0);
        object
    }
}

impl Cursor {
    /// `{warnings, stats, profile?, plan?}`, as far as the query has come.
    pub fn extra(&self) -> Object {
        let mut extra = Object::new();
        let warnings = self.warnings().iter().map(Warning::to_object);
        let warnings: Vec<Value> = warnings.map(Value::object).collect();
        extra.insert("warnings", warnings);
        let mut stats = self.stats().to_object();
        let plan = self.work().map(|work| {
            let written = explain::write(self.plan());
            let nodes = written.places.iter();
            let nodes: Vec<Value> = nodes
                .map(|(id, subquery, at)| {
                    let place = Place {
                        subquery: *subquery,
                        at: *at,
                    };
                    Value::object(node_object(*id, work.at(place)))
                })
                .collect();
            stats.insert("nodes", nodes);
            written.plan
        });
        extra.insert("stats", stats);
        if self.profile() >= Profile::Phases {
            extra.insert("profile", self.phase_times());
        }
        if let Some(plan) = plan {
            extra.insert("plan", plan);
        }
        extra
    }
}

/// `{id, calls, parallel, items, filtered, runtime, fetching}`
fn node_object(id: usize, work: NodeWork) -> Object {
    let mut object = Object::new();
    object.insert("id", id);
    object.insert("calls", work.calls);
    object.insert("parallel", 0);
    object.insert("items", work.items);
    object.insert("filtered", work.filtered);
    object.insert("runtime", seconds(work.runtime));
    object.insert("fetching", 0);
    object
}

fn seconds(time: Duration) -> Value {
    Value::from_f64(time.as_secs_f64()).unwrap_or_default()
}
