//! Loops over collections and arrays.

use std::sync::Arc;

use database::Position;
use error_codes::codes;
use value::{Value, type_name};

use super::produce::Producer;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::eval::{eval, range_bounds};
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::plan::{Expr, Node};

/// The outer rows of a loop, one after the other.
#[derive(Default)]
pub(super) struct Outer {
    batch: Batch,
    at: usize,
}

impl Outer {
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Moves to the next outer row; `false` when there is none.
    pub(super) fn advance(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<bool> {
        self.at += 1;
        while self.at >= self.batch.len() {
            match upstream.next(exec, want)? {
                Some(batch) => {
                    self.batch = batch;
                    self.at = 0;
                }
                None => {
                    self.reset();
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    pub(super) fn row(&self) -> &[Slot] {
        self.batch.row(self.at)
    }

    /// Moves to the next outer row if it is at hand.
    pub(super) fn advance_within(&mut self) -> bool {
        let more = self.has_more();
        self.at += usize::from(more);
        more
    }

    /// Whether another row is at hand.
    pub(super) fn has_more(&self) -> bool {
        self.at + 1 < self.batch.len()
    }
}

/// `FOR document IN collection`
pub(super) struct CollectionScan {
    place: Place,
    outer: Outer,
    /// Whether an outer row is being worked on, and where its scan goes on.
    scan: Option<Option<Position>>,
    /// How many documents to ask for: more and more while few give a row.
    ask: usize,
}

impl CollectionScan {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Outer::default(),
            scan: None,
            ask: 0,
        }
    }
}

impl Step for CollectionScan {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        self.outer.reset();
        self.scan = None;
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
            collection,
            out,
            filters,
            projections,
            ..
        } = self.place.node(&plan)
        else {
            return Ok(None);
        };
        let written = plan
            .collections
            .get(collection.0)
            .is_some_and(|used| used.is_written);
        let collection = exec.collection(*collection)?;
        let mut producer = Producer::new(*out, filters, projections.as_deref(), false);
        if self.scan.is_some() {
            producer.set_outer(self.outer.row());
        }
        let mut batch = Batch::new(plan.variables.len());
        // A statement further on may write here: it must not feed this loop.
        while batch.len() < want || (written && self.scan.is_some()) {
            let position = match self.scan.take() {
                Some(position) => position,
                None if self.outer.advance(upstream, exec, want)? => {
                    producer.set_outer(self.outer.row());
                    None
                }
                None => break,
            };
            exec.check_now()?;
            let room = want.saturating_sub(batch.len()).max(1);
            self.ask = if producer.drops_documents() {
                self.ask.max(room)
            } else {
                room
            };
            let page = exec.txn.scan(&collection, position.as_ref(), self.ask)?;
            exec.state.stats.scanned_full += page.documents.len() as u64;
            self.scan = page.next.map(Some);
            let before = batch.len();
            producer.push_page(page.documents, &mut batch, exec)?;
            if batch.len() - before < room {
                self.ask = (self.ask * 2).min(exec.state.limits.batch_rows);
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn count_rest(&mut self, upstream: &mut Upstream<'_>, exec: &mut Exec<'_>) -> Result<u64> {
        let plan = Arc::clone(&exec.state.plan);
        let mut count = 0;
        if let Node::EnumerateCollection {
            collection,
            filters,
            ..
        } = self.place.node(&plan)
            && filters.is_empty()
            && self.scan.is_none()
        {
            // Every outer row meets every document.
            let collection = exec.collection(*collection)?;
            while self
                .outer
                .advance(upstream, exec, exec.state.limits.batch_rows)?
            {
                exec.check()?;
                count += exec.txn.count(&collection)?;
            }
            return Ok(count);
        }
        let want = exec.state.limits.batch_rows;
        while let Some(batch) = self.next(upstream, exec, want)? {
            count += batch.len() as u64;
        }
        Ok(count)
    }
}

/// What is left of the array of an outer row.
enum Items {
    Array { items: Arc<Vec<Value>>, at: usize },
    Range { next: i64, last: i64, done: bool },
}

impl Items {
    fn next(&mut self) -> Option<Value> {
        match self {
            Items::Array { items, at } => {
                *at += 1;
                items.get(*at - 1).cloned()
            }
            Items::Range { next, last, done } => {
                if *done {
                    return None;
                }
                let current = *next;
                *done = current == *last;
                if !*done {
                    *next += if current < *last { 1 } else { -1 };
                }
                Some(Value::Int(current))
            }
        }
    }
}

/// `FOR element IN array`
pub(super) struct ListScan {
    place: Place,
    outer: Outer,
    items: Option<Items>,
}

impl ListScan {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Outer::default(),
            items: None,
        }
    }
}

impl Step for ListScan {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        self.outer.reset();
        self.items = None;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::EnumerateList { list, out } = self.place.node(&plan) else {
            return Ok(None);
        };
        let mut batch = Batch::new(plan.variables.len());
        while batch.len() < want {
            let items = match &mut self.items {
                Some(items) => items,
                None => {
                    if !self.outer.advance(upstream, exec, want)? {
                        break;
                    }
                    self.items.insert(items_of(list, self.outer.row(), exec)?)
                }
            };
            exec.check()?;
            match items.next() {
                Some(item) => batch.push_with(self.outer.row(), out.index(), Slot::Value(item)),
                None => self.items = None,
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}

fn items_of(list: &Expr, row: &[Slot], exec: &mut Exec<'_>) -> Result<Items> {
    if let Expr::Range(pair) = list {
        let low = eval(&pair.0, row, exec)?;
        let high = eval(&pair.1, row, exec)?;
        let (next, last) = range_bounds(&low, &high);
        return Ok(Items::Range {
            next,
            last,
            done: false,
        });
    }
    match eval(list, row, exec)? {
        Value::Array(items) => Ok(Items::Array { items, at: 0 }),
        other => Err(Error::with_message(
            ErrorKind::Failed,
            codes::QUERY_ARRAY_EXPECTED,
            format!(
                "collection or array expected as operand to FOR loop; you provided a value of \
                 type '{}'",
                type_name(&other)
            ),
        )),
    }
}
