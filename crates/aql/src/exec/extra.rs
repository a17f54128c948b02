//! What a query says about itself besides its rows: the `extra` of answers.
//!
//! Source of the shapes: public documentation, "HTTP interface / Queries / AQL queries".

use std::time::Duration;

use value::{Object, Value, json};

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
        let fields = self.fields();
        let mut object = Object::with_capacity(fields.len());
        for (name, value) in fields {
            if let Some(value) = value {
                object.insert(name, value);
            }
        }
        object
    }

    /// Name and value of each public counter; no value where it was not asked for.
    fn fields(&self) -> [(&'static str, Option<Value>); 17] {
        let count = |count: u64| Some(Value::from(count));
        [
            ("writesExecuted", count(self.writes_executed)),
            ("writesIgnored", count(self.writes_ignored)),
            ("documentLookups", count(self.document_lookups)),
            ("seeks", count(self.seeks)),
            ("scannedFull", count(self.scanned_full)),
            ("scannedIndex", count(self.scanned_index)),
            ("searchParallelism", count(1)),
            ("cursorsCreated", count(self.cursors_created)),
            ("cursorsRearmed", count(self.cursors_rearmed)),
            ("cacheHits", count(0)),
            ("cacheMisses", count(0)),
            ("filtered", count(self.filtered)),
            ("httpRequests", count(0)),
            ("fullCount", self.full_count.map(Value::from)),
            ("executionTime", Some(seconds(self.execution_time))),
            ("peakMemoryUsage", Some(self.peak_memory_bytes.into())),
            ("intermediateCommits", count(0)),
        ]
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let fields = self.fields();
        let known = fields
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        for (at, (name, value)) in known.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            json::write_text(name, out);
            out.push(b':');
            json::write(value, out);
        }
        out.push(b'}');
    }
}

impl Cursor {
    /// [`Cursor::extra`] as JSON. Of a query that raised no warning and is not profiled that costs
    /// less than the object would: services ask for it after each of many small queries.
    pub fn write_extra(&self, out: &mut Vec<u8>) {
        if !self.warnings().is_empty() || self.profile() > Profile::Off {
            return json::write(&self.extra().into(), out);
        }
        out.extend_from_slice(b"{\"warnings\":[],\"stats\":");
        self.stats().write_json(out);
        out.push(b'}');
    }

    /// `{warnings, stats, profile?, plan?}`, as far as the query has come.
    pub fn extra(&self) -> Object {
        let mut extra = Object::new();
        let warnings = self.warnings().iter().map(Warning::to_object);
        let warnings: Vec<Value> = warnings.map(Value::object).collect();
        extra.insert("warnings", warnings);
        let mut stats = self.stats().to_object();
        let plan = self.work().map(|work| {
            let written = explain::write(self.plan(), &[]);
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
