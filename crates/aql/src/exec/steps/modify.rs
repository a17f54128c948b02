//! `INSERT`, `UPDATE`, `REPLACE`, `REMOVE`

use std::sync::Arc;

use database::{
    Collection, ErrorKind as DatabaseErrorKind, OverwriteMode, Selector, WriteOptions, WriteResult,
};
use error_codes::codes;
use value::Value;

use super::kept::{Buffered, drain};
use crate::error::{Error, Result};
use crate::exec::eval::{eval, eval_slot};
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::exec::stored;
use crate::plan::{Modify, ModifyOptions, Node, Overwrite, VarId};
use crate::syntax::ast::ModifyKind;

/// What the database said about one write.
pub(super) type Outcome = std::result::Result<WriteResult, database::Error>;

/// `INSERT`, `UPDATE`, `REPLACE`, `REMOVE`
pub(super) struct ModifyStep {
    place: Place,
    buffered: Buffered,
}

impl ModifyStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            buffered: Buffered::default(),
        }
    }

    /// Reads and writes everything; the rows are handed out afterwards.
    fn run_all(
        &mut self,
        node: &Modify,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
    ) -> Result<()> {
        let (input, charged) = drain(upstream, exec)?;
        let want = exec.state.limits.batch_rows;
        let mut input = input.into_parts();
        let mut done = Batch::default();
        while let Some(mut part) = input.next(want) {
            write_rows(node, &mut part, exec)?;
            done.append(part);
        }
        self.buffered.fill(done, charged);
        Ok(())
    }
}

impl Step for ModifyStep {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.buffered.reset(freed);
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Modify(node) = self.place.node(&plan) else {
            return Ok(None);
        };
        if !node.buffer {
            let max = exec.state.limits.batch_rows;
            let Some(mut batch) = upstream.next(exec, max)? else {
                return Ok(None);
            };
            write_rows(node, &mut batch, exec)?;
            return Ok(Some(batch));
        }
        if !self.buffered.is_filled() {
            self.run_all(node, upstream, exec)?;
        }
        Ok(self.buffered.hand_out(want, exec))
    }
}

/// Writes what the rows say; rows that fail and may do so are dropped.
fn write_rows(node: &Modify, batch: &mut Batch, exec: &mut Exec<'_>) -> Result<()> {
    exec.check_now()?;
    let collection = exec.collection(node.collection)?;
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(batch.len());
    let options = write_options(&node.options, node.old.is_some(), node.new.is_some());
    match node.kind {
        ModifyKind::Insert => {
            let mut documents = Vec::with_capacity(batch.len());
            for at in 0..batch.len() {
                documents.push(eval(&node.target, batch.row(at), exec)?);
            }
            let results = exec.txn.insert(&collection, documents, &options)?;
            outcomes.extend(results.into_iter().map(Some));
        }
        ModifyKind::Update | ModifyKind::Replace => {
            let mut changes = Vec::with_capacity(batch.len());
            for at in 0..batch.len() {
                let target = eval_slot(&node.target, batch.row(at), exec)?;
                let with = match &node.with {
                    Some(with) => eval(with, batch.row(at), exec)?,
                    None => target.to_value()?,
                };
                let selector = selector_of(&target, node.options.ignore_revs);
                place(selector, &mut outcomes, |selector| {
                    changes.push((selector, with))
                });
            }
            let results = if node.kind == ModifyKind::Update {
                exec.txn.update(&collection, changes, &options)?
            } else {
                exec.txn.replace(&collection, changes, &options)?
            };
            fill(&mut outcomes, results);
        }
        ModifyKind::Remove => {
            let mut selectors = Vec::with_capacity(batch.len());
            for at in 0..batch.len() {
                let target = eval_slot(&node.target, batch.row(at), exec)?;
                let selector = selector_of(&target, node.options.ignore_revs);
                place(selector, &mut outcomes, |selector| selectors.push(selector));
            }
            let results = exec.txn.remove(&collection, selectors, &options)?;
            fill(&mut outcomes, results);
        }
    }
    let mut keep = Vec::with_capacity(outcomes.len());
    for (at, outcome) in outcomes.into_iter().enumerate() {
        let outcome =
            outcome.ok_or_else(|| Error::new(crate::ErrorKind::Failed, codes::INTERNAL))?;
        let row = batch.row_mut(at);
        keep.push(settle(
            outcome,
            &collection,
            &node.options,
            node.old,
            node.new,
            row,
            exec,
        )?);
    }
    batch.retain(&keep);
    Ok(())
}

/// Notes a selector that is wrong as the row's outcome, and leaves a place for the others.
fn place(
    selector: database::Result<Selector>,
    outcomes: &mut Vec<Option<Outcome>>,
    accept: impl FnOnce(Selector),
) {
    match selector {
        Ok(selector) => {
            outcomes.push(None);
            accept(selector);
        }
        Err(error) => outcomes.push(Some(Err(error))),
    }
}

/// Puts results into the places that were left.
fn fill(outcomes: &mut [Option<Outcome>], results: Vec<Outcome>) {
    let places = outcomes.iter_mut().filter(|place| place.is_none());
    for (place, result) in places.zip(results) {
        *place = Some(result);
    }
}

/// Which document a key or object means. Ids are not accepted as texts.
fn selector_of(target: &Slot, ignore_revs: bool) -> database::Result<Selector> {
    match target {
        Slot::Document(document) => Ok(Selector {
            key: document.key(),
            rev: (!ignore_revs).then(|| document.rev().to_owned()),
        }),
        Slot::Value(Value::String(key)) => Selector::key(key),
        Slot::Value(Value::Object(object)) => match object.get("_key") {
            Some(Value::String(key)) => {
                let mut selector = Selector::key(key)?;
                selector.rev = match object.get("_rev") {
                    Some(Value::String(rev)) if !ignore_revs => Some(rev.to_string()),
                    _ => None,
                };
                Ok(selector)
            }
            Some(_) => Err(invalid(codes::ARANGO_DOCUMENT_KEY_BAD)),
            None => Err(invalid(codes::ARANGO_DOCUMENT_KEY_MISSING)),
        },
        Slot::Value(_) => Err(invalid(codes::ARANGO_DOCUMENT_KEY_BAD)),
        Slot::Json(text) => selector_of(&Slot::Value(stored::read(text)), ignore_revs),
    }
}

fn invalid(code: error_codes::Code) -> database::Error {
    database::Error::new(DatabaseErrorKind::Invalid, code)
}

pub(super) fn write_options(options: &ModifyOptions, old: bool, new: bool) -> WriteOptions {
    WriteOptions {
        return_old: old,
        return_new: new,
        overwrite_mode: match options.overwrite {
            Overwrite::Conflict => OverwriteMode::Conflict,
            Overwrite::Ignore => OverwriteMode::Ignore,
            Overwrite::Replace => OverwriteMode::Replace,
            Overwrite::Update => OverwriteMode::Update,
        },
        keep_null: options.keep_null,
        merge_objects: options.merge_objects,
        version_attribute: options.version_attribute.as_deref().map(str::to_owned),
        ..WriteOptions::default()
    }
}

/// Puts `OLD` and `NEW` into the row, or decides what a failure means. Whether the row goes on.
pub(super) fn settle(
    outcome: Outcome,
    collection: &Collection,
    options: &ModifyOptions,
    old: Option<VarId>,
    new: Option<VarId>,
    row: &mut [Slot],
    exec: &mut Exec<'_>,
) -> Result<bool> {
    let result = match outcome {
        Ok(result) => result,
        Err(error) if options.ignore_errors && can_be_ignored(&error) => {
            exec.state.stats.writes_ignored += 1;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    if result.is_unchanged {
        exec.state.stats.writes_ignored += 1;
    } else {
        exec.state.stats.writes_executed += 1;
    }
    let (mut before, mut after) = (result.old, result.new);
    if result.is_unchanged && options.overwrite == Overwrite::Ignore {
        (before, after) = (None, None);
    } else if result.is_unchanged && (old.is_some() || new.is_some()) {
        // A version that was not newer: the document is what it was.
        let kept = exec.txn.get(collection, result.key.as_str())?;
        (before, after) = (kept.clone(), kept);
    }
    for (var, document) in [(old, before), (new, after)] {
        if let Some(place) = var.and_then(|var| row.get_mut(var.index())) {
            *place = document.map_or_else(Slot::default, Slot::Document);
        }
    }
    Ok(true)
}

/// Only errors of the one document.
fn can_be_ignored(error: &database::Error) -> bool {
    use DatabaseErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NotFound | Kind::Exists | Kind::Invalid | Kind::Precondition
    )
}
