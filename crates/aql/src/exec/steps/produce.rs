//! From documents that a loop finds to rows: conditions that stand behind the loop are checked
//! before a row is made, and attributes are taken out so that rows need not carry the document.

use std::sync::Arc;

use database::Document;
use value::{Value, json};

use crate::error::Result;
use crate::exec::eval::eval_bool;
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::plan::{Expr, Projection, VarId};

/// Of a page whose documents mostly go, those that stay are copied: each would keep the page.
const SPARSE_PAGE: usize = 4;

/// What a loop does with its documents.
pub(super) struct Producer<'p> {
    out: VarId,
    filters: &'p [Expr],
    /// Whether the filters read projections instead of the document.
    filters_projected: bool,
    projections: Option<&'p [Projection]>,
    /// The first names of the projections, each once.
    tops: Vec<&'p str>,
    /// The row in the making: the outer row and what the document gives.
    candidate: Vec<Slot>,
}

impl<'p> Producer<'p> {
    pub(super) fn new(
        out: VarId,
        filters: &'p [Expr],
        projections: Option<&'p [Projection]>,
        filters_projected: bool,
    ) -> Self {
        let mut tops: Vec<&str> = Vec::new();
        for projection in projections.unwrap_or_default() {
            if let Some(first) = projection.names.first()
                && &**first != "_id"
                && !tops.contains(&&**first)
            {
                tops.push(first);
            }
        }
        Self {
            out,
            filters,
            filters_projected,
            projections,
            tops,
            candidate: Vec::new(),
        }
    }

    /// Whether documents may be found that give no row.
    pub(super) fn drops_documents(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Begins with another outer row.
    pub(super) fn set_outer(&mut self, row: &[Slot]) {
        self.candidate.clear();
        self.candidate.extend_from_slice(row);
    }

    /// Makes rows of the documents of a page.
    pub(super) fn push_page(
        &mut self,
        documents: impl IntoIterator<Item = Document>,
        batch: &mut Batch,
        exec: &mut Exec<'_>,
    ) -> Result<()> {
        let before = batch.len();
        let mut found = 0;
        for document in documents {
            found += 1;
            self.push(document, &[], batch, exec)?;
        }
        if self.projections.is_none() && (batch.len() - before) * SPARSE_PAGE < found {
            batch.for_each_slot_mut(before, self.out.index(), |slot| {
                if let Slot::Document(document) = slot {
                    *document = document.detached();
                }
            });
        }
        Ok(())
    }

    /// Makes a row of a document that meets `residual` and the filters.
    pub(super) fn push(
        &mut self,
        document: Document,
        residual: &[Expr],
        batch: &mut Batch,
        exec: &mut Exec<'_>,
    ) -> Result<()> {
        exec.check()?;
        self.set(self.out, Slot::Document(document));
        for condition in residual {
            if !eval_bool(condition, &self.candidate, exec)? {
                return Ok(());
            }
        }
        if self.filters_projected {
            self.project();
        }
        if !self.passes(exec)? {
            return Ok(());
        }
        if !self.filters_projected {
            self.project();
        }
        if self.projections.is_some() {
            self.set(self.out, Slot::default());
        }
        batch.push(&self.candidate);
        Ok(())
    }

    /// Makes a row of what an index entry says, without the document.
    pub(super) fn push_covered(
        &mut self,
        values: impl Iterator<Item = (VarId, Value)>,
        batch: &mut Batch,
        exec: &mut Exec<'_>,
    ) -> Result<()> {
        exec.check()?;
        for (out, value) in values {
            self.set(out, Slot::Value(value));
        }
        if self.passes(exec)? {
            batch.push(&self.candidate);
        }
        Ok(())
    }

    fn passes(&self, exec: &mut Exec<'_>) -> Result<bool> {
        for condition in self.filters {
            if !eval_bool(condition, &self.candidate, exec)? {
                exec.state.stats.filtered += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the projections out of the document, all in one pass over it.
    fn project(&mut self) {
        const AT_ONCE: usize = 8;
        let projections = self.projections.unwrap_or_default();
        let document = self.candidate.get(self.out.index());
        let (Some(Slot::Document(document)), false) = (document, projections.is_empty()) else {
            return;
        };
        let document = document.clone();
        let mut found = [None; AT_ONCE];
        let count = self.tops.len().min(AT_ONCE);
        if let Some(found) = found.get_mut(..count) {
            let names = self.tops.get(..count).unwrap_or_default();
            json::find_attributes(document.body(), names, found);
        }
        for projection in projections {
            let slot = match projection.names.split_first() {
                Some((first, rest)) => {
                    let at = self.tops.iter().position(|top| **top == **first);
                    match at {
                        Some(at) if at < AT_ONCE => nested(found.get(at).copied().flatten(), rest),
                        _ => Slot::Value(document.get_path(&projection.names)),
                    }
                }
                None => Slot::default(),
            };
            self.set(projection.out, slot);
        }
    }

    fn set(&mut self, var: VarId, slot: Slot) {
        if let Some(place) = self.candidate.get_mut(var.index()) {
            *place = slot;
        }
    }
}

fn nested(text: Option<&[u8]>, names: &[Arc<str>]) -> Slot {
    let text = names.iter().fold(text, |text, name| {
        text.and_then(|text| json::find_attribute(text, name))
    });
    text.map_or_else(Slot::default, Slot::of_json)
}
