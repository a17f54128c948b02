//! A loop over a collection inside of other loops.

mod table;

use std::sync::Arc;

use database::{Collection, Position};
use value::Value;

use self::table::{Table, is_joined, key_of_row};
use super::produce::Producer;
use super::scan::Outer;
use crate::error::Result;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::plan::{JoinKey, Node};

/// `FOR document IN collection` in a loop or a subquery.
///
/// For the first outer row the collection is read page by page, since there may be no second one
/// and a `LIMIT` may end it early. For the second one it is read into a table.
pub(super) struct JoinStep {
    place: Place,
    outer: Outer,
    /// What the outer row is joined on.
    key: Vec<Value>,
    work: Work,
    table: Option<Table>,
    /// The collection did not fit into the memory there is for it.
    too_large: bool,
    /// Whether an outer row was worked on, here or in an earlier run of a subquery.
    repeats: bool,
    /// How many documents to ask for: more and more while few give a row.
    ask: usize,
}

/// What is being done for the outer row.
enum Work {
    Nothing,
    /// The collection is being read.
    Reading(Option<Position>),
    /// So many of the documents in the table that fit were handed out.
    Matching(usize),
}

impl JoinStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Outer::default(),
            key: Vec::new(),
            work: Work::Nothing,
            table: None,
            too_large: false,
            repeats: false,
            ask: 0,
        }
    }

    /// Decides how the documents for an outer row are found.
    fn begin(
        &mut self,
        join: &Join<'_>,
        producer: &mut Producer<'_>,
        exec: &mut Exec<'_>,
    ) -> Result<()> {
        self.key = key_of_row(join.keys, self.outer.row(), exec)?;
        // What the query writes must not be seen: the table has the state before it.
        let worthwhile = self.repeats || join.written;
        if worthwhile && self.table.is_none() && !self.too_large {
            let collection = join.collection;
            self.table = Table::build(collection, join.keys, join.vars.clone(), producer, exec)?;
            self.too_large = self.table.is_none();
        }
        self.repeats = true;
        producer.set_outer(self.outer.row());
        self.work = match self.table {
            Some(_) => Work::Matching(0),
            None => Work::Reading(None),
        };
        Ok(())
    }

    fn read(
        &mut self,
        join: &Join<'_>,
        position: Option<Position>,
        producer: &mut Producer<'_>,
        batch: &mut Batch,
        (room, exec): (usize, &mut Exec<'_>),
    ) -> Result<()> {
        exec.check_now()?;
        self.ask = self.ask.max(room);
        let page = exec
            .txn
            .scan(join.collection, position.as_ref(), self.ask)?;
        exec.state.stats.scanned_full += page.documents.len() as u64;
        let before = batch.len();
        let read = page.documents.len();
        let documents: Vec<_> = page
            .documents
            .into_iter()
            .filter(|document| is_joined(document, join.keys, &self.key))
            .collect();
        exec.state.stats.filtered += (read - documents.len()) as u64;
        producer.push_page(documents, batch, exec)?;
        if batch.len() - before < room {
            self.ask = (self.ask * 2).min(exec.state.limits.batch_rows);
        }
        if let Some(next) = page.next {
            self.work = Work::Reading(Some(next));
        }
        Ok(())
    }
}

/// The loop, as the plan describes it.
struct Join<'p> {
    collection: &'p Collection,
    keys: &'p [JoinKey],
    vars: Vec<crate::plan::VarId>,
    /// Whether the query writes to the collection.
    written: bool,
}

impl Step for JoinStep {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        // The table serves every run: nothing in it depends on the outer row.
        self.outer.reset();
        self.work = Work::Nothing;
        self.ask = 0;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::EnumerateCollection {
            collection: id,
            out,
            filters,
            join: Some(keys),
            projections,
            ..
        } = self.place.node(&plan)
        else {
            return Ok(None);
        };
        let collection = exec.collection(*id)?;
        let projected = projections.iter().flatten();
        let join = Join {
            collection: &collection,
            keys,
            vars: match projections {
                Some(_) => projected.map(|projection| projection.out).collect(),
                None => vec![*out],
            },
            written: plan
                .collections
                .get(id.0)
                .is_some_and(|used| used.is_written),
        };
        let mut producer = Producer::new(*out, filters, projections.as_deref(), false);
        producer.set_outer(self.outer.row());
        let mut batch = Batch::new(plan.variables.len());
        while batch.len() < want {
            let room = want - batch.len();
            match std::mem::replace(&mut self.work, Work::Nothing) {
                Work::Nothing if self.outer.advance(upstream, exec, want)? => {
                    exec.check()?;
                    self.begin(&join, &mut producer, exec)?;
                }
                Work::Nothing => break,
                Work::Reading(position) => {
                    self.read(&join, position, &mut producer, &mut batch, (room, exec))?;
                }
                Work::Matching(done) => {
                    let table = self.table.as_ref();
                    let places = table.map_or(&[][..], |table| table.find(&self.key));
                    for place in places.iter().skip(done).take(room) {
                        exec.check()?;
                        if let Some(table) = table {
                            table.push(self.outer.row(), *place, &mut batch);
                        }
                    }
                    if places.len() > done + room {
                        self.work = Work::Matching(done + room);
                    }
                }
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}
