//! Rows between steps: slots that hold values or documents not yet read.

use std::sync::Arc;

use bytes::Bytes;
use database::Document;
use value::{Value, json};

use super::stored;
use crate::error::Result;

/// One variable of one row.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// A value.
    Value(Value),
    /// A stored document; its attributes are read when asked for.
    Document(Document),
    /// The text of an array or object in a stored document.
    Json(Bytes),
}

impl Default for Slot {
    fn default() -> Self {
        Slot::Value(Value::Null)
    }
}

impl Slot {
    /// What stored text says; arrays and objects stay text.
    pub(crate) fn of_json(text: &[u8]) -> Self {
        match text.first() {
            Some(b'[' | b'{') => Slot::Json(Bytes::copy_from_slice(text)),
            _ => Slot::Value(stored::read(text)),
        }
    }

    /// The value; reads all of a document.
    pub(crate) fn to_value(&self) -> Result<Value> {
        match self {
            Slot::Value(value) => Ok(value.clone()),
            Slot::Document(document) => Ok(document.to_value()?),
            Slot::Json(text) => Ok(stored::read(text)),
        }
    }

    /// The attribute that names lead to; `null` where they lead nowhere.
    pub(crate) fn path(&self, names: &[Arc<str>]) -> Value {
        match self {
            Slot::Value(value) => names
                .iter()
                .fold(value, |value, name| value.get(name))
                .clone(),
            Slot::Document(document) if is_id(names) => document.get_path(names),
            _ => self.stored_json(names).map_or(Value::Null, stored::read),
        }
    }

    /// The text of an attribute of stored text; `None` where there is no such text.
    pub(crate) fn stored_json(&self, names: &[Arc<str>]) -> Option<&[u8]> {
        let text = match self {
            Slot::Value(_) => return None,
            Slot::Document(_) if names.is_empty() || is_id(names) => return None,
            Slot::Document(document) => document.body(),
            Slot::Json(text) => text,
        };
        names
            .iter()
            .try_fold(text.as_ref(), |text, name| json::find_attribute(text, name))
    }

    /// Appends the value as JSON; a document's text is copied.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Slot::Value(value) => json::write(value, out),
            Slot::Document(document) => document.write_json(out),
            Slot::Json(text) => out.extend_from_slice(text),
        }
    }

    /// About how many bytes it keeps in memory.
    pub(crate) fn size(&self) -> usize {
        match self {
            Slot::Value(value) => value_size(value),
            Slot::Document(document) => size_of::<Slot>() + document.body().len(),
            Slot::Json(text) => size_of::<Slot>() + text.len(),
        }
    }
}

/// Whether names lead to the `_id` of a document, which is not stored, or into it.
fn is_id(names: &[Arc<str>]) -> bool {
    names.first().is_some_and(|name| &**name == "_id")
}

impl From<Value> for Slot {
    fn from(value: Value) -> Self {
        Slot::Value(value)
    }
}

/// About how many bytes a value keeps in memory.
pub(crate) fn value_size(value: &Value) -> usize {
    size_of::<Slot>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_size).sum(),
            Value::Object(object) => object
                .iter()
                .map(|(name, value)| name.len() + value_size(value))
                .sum(),
            _ => 0,
        }
}

/// Some rows, all of the same width.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    width: usize,
    rows: usize,
    slots: Vec<Slot>,
}

impl Batch {
    /// No rows yet.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            rows: 0,
            slots: Vec::new(),
        }
    }

    /// One row of nulls.
    pub(crate) fn unit(width: usize) -> Self {
        Self {
            width,
            rows: 1,
            slots: vec![Slot::default(); width],
        }
    }

    /// One row.
    pub(crate) fn single(row: &[Slot]) -> Self {
        Self {
            width: row.len(),
            rows: 1,
            slots: row.to_vec(),
        }
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The slots of a row; empty beyond the end.
    pub(crate) fn row(&self, at: usize) -> &[Slot] {
        let start = at * self.width;
        self.slots
            .get(start..start + self.width)
            .unwrap_or_default()
    }

    /// A row, to be changed.
    pub(crate) fn row_mut(&mut self, at: usize) -> &mut [Slot] {
        let start = at * self.width;
        self.slots
            .get_mut(start..start + self.width)
            .unwrap_or_default()
    }

    /// Sets one slot of a row.
    pub(crate) fn set(&mut self, at: usize, slot: usize, value: Slot) {
        if let Some(place) = self.row_mut(at).get_mut(slot) {
            *place = value;
        }
    }

    /// Appends a copy of a row.
    pub(crate) fn push(&mut self, row: &[Slot]) {
        self.slots.extend_from_slice(row);
        self.rows += 1;
    }

    /// Appends a copy of a row with one slot changed.
    pub(crate) fn push_with(&mut self, row: &[Slot], slot: usize, value: Slot) {
        self.push(row);
        self.set(self.rows - 1, slot, value);
    }

    /// Appends the rows of another batch.
    pub(crate) fn append(&mut self, mut other: Batch) {
        if self.rows == 0 {
            *self = other;
            return;
        }
        self.slots.append(&mut other.slots);
        self.rows += other.rows;
    }

    /// Calls `change` with one slot of each row from `start` on.
    pub(crate) fn for_each_slot_mut(
        &mut self,
        start: usize,
        slot: usize,
        change: impl FnMut(&mut Slot),
    ) {
        let slots = self.slots.iter_mut().skip(start * self.width + slot);
        slots.step_by(self.width.max(1)).for_each(change);
    }

    /// Gives documents memory of their own if they are few of the `found` that were read with
    /// them: each would keep the whole page that it was read in.
    pub(crate) fn detach(&mut self, found: usize) {
        const SPARSE: usize = 4;
        if self.rows * SPARSE < found {
            for slot in &mut self.slots {
                if let Slot::Document(document) = slot {
                    *document = document.detached();
                }
            }
        }
    }

    /// Keeps the rows whose flag is set.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut kept = 0;
        for (at, keep) in keep.iter().enumerate().take(self.rows) {
            if !keep {
                continue;
            }
            if at != kept {
                for slot in 0..self.width {
                    self.slots
                        .swap(kept * self.width + slot, at * self.width + slot);
                }
            }
            kept += 1;
        }
        self.slots.truncate(kept * self.width);
        self.rows = kept;
    }

    /// Drops the first rows and all beyond a number.
    pub(crate) fn slice(&mut self, skip: usize, count: usize) {
        let skip = skip.min(self.rows);
        self.slots.drain(..skip * self.width);
        self.rows = (self.rows - skip).min(count);
        self.slots.truncate(self.rows * self.width);
    }

    /// The rows, to be taken from the front without copying them.
    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            width: self.width,
            rows: self.rows,
            slots: self.slots.into_iter(),
        }
    }

    /// Rows in another order; each number is a row of this batch.
    pub(crate) fn pick(&self, order: &[usize]) -> Batch {
        let mut picked = Batch::new(self.width);
        picked.slots.reserve(order.len() * self.width);
        order.iter().for_each(|at| picked.push(self.row(*at)));
        picked
    }

    /// About how many bytes it keeps in memory.
    pub(crate) fn size(&self) -> usize {
        self.slots.iter().map(Slot::size).sum()
    }
}

/// The rows of a batch that are not taken yet.
#[derive(Default)]
pub(crate) struct Parts {
    width: usize,
    rows: usize,
    slots: std::vec::IntoIter<Slot>,
}

impl Parts {
    /// At most `want` of the rows; `None` if there are none left.
    pub(crate) fn next(&mut self, want: usize) -> Option<Batch> {
        let rows = want.min(self.rows);
        self.rows -= rows;
        (rows > 0).then(|| Batch {
            width: self.width,
            rows,
            slots: self.slots.by_ref().take(rows * self.width).collect(),
        })
    }
}
