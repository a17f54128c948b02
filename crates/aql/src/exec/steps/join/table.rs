//! The documents of an inner loop, kept so that the collection is not read again for each outer
//! row, and found by what they are joined on.

use std::collections::HashMap;

use database::{Collection, Document};
use foldhash::fast::RandomState;
use value::Value;

use crate::error::Result;
use crate::exec::eval::eval;
use crate::exec::row::{Batch, Slot, value_size};
use crate::exec::state::Exec;
use crate::exec::steps::produce::Producer;
use crate::exec::stored;
use crate::plan::{JoinKey, VarId};

/// What the inner loop sets for each document that meets its own conditions.
pub(super) struct Table {
    /// The variables of the inner loop; each document has a slot for each of them.
    vars: Vec<VarId>,
    slots: Vec<Slot>,
    /// The documents by the values that they are joined on.
    places: HashMap<Vec<Value>, Vec<usize>, RandomState>,
}

impl Table {
    /// Reads the collection; `None` if it does not fit into the memory there is for it.
    pub(super) fn build(
        collection: &Collection,
        keys: &[JoinKey],
        vars: Vec<VarId>,
        producer: &mut Producer<'_>,
        exec: &mut Exec<'_>,
    ) -> Result<Option<Self>> {
        let width = exec.state.plan.variables.len();
        producer.set_outer(&vec![Slot::default(); width]);
        let mut table = Self {
            vars,
            slots: Vec::new(),
            places: HashMap::default(),
        };
        let (mut charged, mut count) = (0, 0);
        let mut position = None;
        loop {
            exec.check_now()?;
            let want = exec.state.limits.batch_rows;
            let page = exec.txn.scan(collection, position.as_ref(), want)?;
            exec.state.stats.scanned_full += page.documents.len() as u64;
            let mut bytes = 0;
            for document in page.documents {
                // Kept for long: not with all of the page.
                let document = document.detached();
                let mut row = Batch::new(width);
                let key = key_of(&document, keys);
                producer.push(document, &[], &mut row, exec)?;
                if row.is_empty() {
                    continue;
                }
                for var in &table.vars {
                    let slot = row.row(0).get(var.index()).cloned().unwrap_or_default();
                    bytes += slot.size();
                    table.slots.push(slot);
                }
                bytes += size_of::<usize>() + key.iter().map(value_size).sum::<usize>();
                table.places.entry(key).or_default().push(count);
                count += 1;
            }
            charged += bytes;
            if charged > exec.state.limits.join_table_bytes_max || !exec.has_room(bytes) {
                exec.release(charged - bytes);
                return Ok(None);
            }
            exec.charge(bytes)?;
            position = page.next;
            if position.is_none() {
                return Ok(Some(table));
            }
        }
    }

    /// The places of the documents that are joined on these values, in the collection's order.
    pub(super) fn find(&self, key: &[Value]) -> &[usize] {
        self.places.get(key).map_or(&[], Vec::as_slice)
    }

    /// Appends an outer row with what the inner loop sets for the document at a place.
    pub(super) fn push(&self, row: &[Slot], place: usize, batch: &mut Batch) {
        batch.push(row);
        let at = batch.len() - 1;
        let start = place * self.vars.len();
        let slots = self.slots.get(start..start + self.vars.len());
        for (var, slot) in self.vars.iter().zip(slots.unwrap_or_default()) {
            batch.set(at, var.index(), slot.clone());
        }
    }
}

/// What a document is joined on.
fn key_of(document: &Document, keys: &[JoinKey]) -> Vec<Value> {
    let slot = Slot::Document(document.clone());
    keys.iter().map(|key| slot.path(&key.names)).collect()
}

/// What an outer row is joined on.
pub(super) fn key_of_row(
    keys: &[JoinKey],
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Vec<Value>> {
    keys.iter().map(|key| eval(&key.value, row, exec)).collect()
}

/// Whether a document has the values that it is joined on.
pub(super) fn is_joined(document: &Document, keys: &[JoinKey], wanted: &[Value]) -> bool {
    let slot = Slot::Document(document.clone());
    keys.iter().zip(wanted).all(|(key, wanted)| {
        let text = slot.stored_json(&key.names);
        match text.and_then(|text| stored::compare(text, wanted)) {
            Some(order) => order.is_eq(),
            None => slot.path(&key.names) == *wanted,
        }
    })
}
