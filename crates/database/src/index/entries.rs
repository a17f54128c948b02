//! From a document to the entries of an index, and back from an entry.

use bytes::Bytes;
use value::{AttributePath, PathStep, Value, json, key};

use super::Index;
use super::estimate::{PREFIXES_MAX, Touch, hash};
use crate::document::{DocumentKey, find_path};
use crate::error::{Error, Result};
use crate::layout;
use crate::settings::Settings;

/// How much one document may put into an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryLimits {
    /// The longest entry.
    pub bytes_max: usize,
    /// Entries of one document.
    pub entries_max: usize,
}

impl EntryLimits {
    pub fn new(settings: &Settings) -> Self {
        Self {
            bytes_max: settings.index_entry_bytes_max,
            entries_max: settings.index_document_entries_max,
        }
    }

    /// For what is stored already: limits may have been lowered since.
    pub const NONE: Self = Self {
        bytes_max: usize::MAX,
        entries_max: usize::MAX,
    };
}

/// An entry as it is stored; see [`crate::layout`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub key: Bytes,
    pub value: Bytes,
    /// Where in the key the values of each measured prefix end.
    ends: [u32; PREFIXES_MAX],
}

impl Entry {
    /// The note for the estimates that it came or went.
    pub fn touch(&self, is_added: bool) -> Touch {
        let hashed = |end: u32| {
            let values = self.key.get(layout::PREFIX_BYTES..end as usize);
            values.map_or(0, hash)
        };
        Touch {
            hashes: self.ends.map(hashed),
            is_added,
        }
    }
}

/// As [`Entry::touch`], of an entry that is stored. Errors: damaged data.
pub(crate) fn stored_touch(index: &Index, entry_key: &Bytes) -> Result<Touch> {
    let damaged = || Error::corrupt(format_args!("entry of index {}", index.id));
    let mut rest = entry_key.get(layout::PREFIX_BYTES..).ok_or_else(damaged)?;
    let mut entry = Entry {
        key: entry_key.clone(),
        value: Bytes::new(),
        ends: [0; PREFIXES_MAX],
    };
    for at in 1..=index.fields.len() {
        rest = key::decode(rest).map_err(|_| damaged())?.1;
        entry.set_end(index, at, entry_key.len() - rest.len());
    }
    Ok(entry.touch(true))
}

impl Entry {
    /// Notes where the values of the first `fields` fields end, if they are measured.
    fn set_end(&mut self, index: &Index, fields: usize, end: usize) {
        let measured = index.measured().position(|measured| measured == fields);
        if let Some(slot) = measured.and_then(|at| self.ends.get_mut(at)) {
            *slot = u32::try_from(end).unwrap_or(u32::MAX);
        }
    }
}

/// What a stored entry says.
pub(crate) struct DecodedEntry {
    pub key: DocumentKey,
    /// Fields, then stored values; only if asked for.
    pub covered: Option<Vec<Value>>,
}

/// The entries of a document, in order of keys, and without repetitions unless the index wants
/// them refused. Several expanded fields make every combination of their members.
pub(super) fn of_document(
    index: &Index,
    body: &[u8],
    key: &[u8],
    limits: EntryLimits,
) -> Result<Vec<Entry>> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::with_capacity(index.fields.len())];
    for field in &index.fields {
        let Some(expanded) = expand(field, body) else {
            let value = find(field, body);
            if index.sparse && value.is_null() {
                return Ok(Vec::new());
            }
            rows.iter_mut().for_each(|row| row.push(value.clone()));
            continue;
        };
        let wanted = rows.len().saturating_mul(expanded.len());
        if wanted > limits.entries_max {
            return Err(Error::limit(
                "index_document_entries_max",
                limits.entries_max,
                wanted,
            ));
        }
        let grow = |row: Vec<Value>| {
            expanded.iter().map(move |member| {
                let mut row = row.clone();
                row.push(member.clone());
                row
            })
        };
        rows = rows.into_iter().flat_map(grow).collect();
    }
    let stored: Vec<Value> = index
        .stored_values
        .iter()
        .map(|path| find(path, body))
        .collect();
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let entry = encode(index, &row, &stored, key);
        if entry.key.len() > limits.bytes_max {
            return Err(Error::limit(
                "index_entry_bytes_max",
                limits.bytes_max,
                entry.key.len(),
            ));
        }
        entries.push(entry);
    }
    if entries.len() > 1 {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        if index.deduplicate || !index.unique {
            entries.dedup_by(|a, b| a.key == b.key);
        }
    }
    Ok(entries)
}

/// The entry of one list of values, one for each field.
pub(super) fn encode(index: &Index, row: &[Value], stored: &[Value], document_key: &[u8]) -> Entry {
    let mut entry_key = layout::entry_prefix(index.keyspace);
    let mut entry = Entry {
        key: Bytes::new(),
        value: Bytes::new(),
        ends: [0; PREFIXES_MAX],
    };
    for (at, value) in row.iter().enumerate() {
        key::encode_into(value, &mut entry_key);
        entry.set_end(index, at + 1, entry_key.len());
    }
    let mut entry_value = Vec::new();
    if index.unique {
        // Keys have at most 254 bytes.
        entry_value.push(document_key.len() as u8);
        entry_value.extend_from_slice(document_key);
    } else {
        entry_key.extend_from_slice(document_key);
    }
    if !stored.is_empty() || !row.iter().all(is_exact_in_key) {
        let all = row.iter().chain(stored).cloned().collect();
        json::write(&Value::array(all), &mut entry_value);
    }
    entry.key = entry_key.into();
    entry.value = entry_value.into();
    entry
}

/// Whether the order-preserving form of a value tells all about it: arrays lose trailing nulls,
/// objects their order, and large whole doubles come back as integers.
fn is_exact_in_key(value: &Value) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => true,
        Value::Double(number) => number.abs() < EXACT,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Reads a stored entry; errors: damaged data.
pub(crate) fn decode_entry(
    index: &Index,
    entry_key: &Bytes,
    entry_value: &Bytes,
    covered: bool,
) -> Result<DecodedEntry> {
    let damaged = || Error::corrupt(format_args!("entry of index {}", index.id));
    let mut rest = entry_key.get(layout::PREFIX_BYTES..).ok_or_else(damaged)?;
    let mut values = Vec::new();
    if covered || !index.unique {
        for _ in &index.fields {
            let (value, after) = key::decode(rest).map_err(|_| damaged())?;
            rest = after;
            if covered {
                values.push(value);
            }
        }
    }
    let (document_key, payload) = if index.unique {
        let length = usize::from(*entry_value.first().ok_or_else(damaged)?);
        if entry_value.len() <= length {
            return Err(damaged());
        }
        (
            entry_value.slice(1..=length),
            entry_value.slice(length + 1..),
        )
    } else {
        (
            entry_key.slice(entry_key.len() - rest.len()..),
            entry_value.clone(),
        )
    };
    let covered = match (covered, payload.is_empty()) {
        (false, _) => None,
        (true, true) => Some(values),
        (true, false) => match json::parse(&payload).map_err(|_| damaged())? {
            Value::Array(items) => Some(items.to_vec()),
            _ => return Err(damaged()),
        },
    };
    Ok(DecodedEntry {
        key: DocumentKey::from_stored(document_key),
        covered,
    })
}

/// The value at a path without `[*]`.
pub(super) fn find(path: &AttributePath, body: &[u8]) -> Value {
    match path.names().as_deref() {
        Some([first, rest @ ..]) => find_path(body, first, rest),
        _ => Value::Null,
    }
}

/// The members at a path with `[*]`; `None` for a path without. Nothing if there is no array.
fn expand(path: &AttributePath, body: &[u8]) -> Option<Vec<Value>> {
    let at = path
        .steps()
        .iter()
        .position(|step| *step == PathStep::Expand)?;
    let (before, after) = path.steps().split_at(at);
    let before = names(before);
    let after = names(after);
    let (first, rest) = before.split_first()?;
    let array = find_path(body, first, rest);
    let members = array.as_array().unwrap_or_default();
    let value = |member: &Value| {
        after
            .iter()
            .fold(member.clone(), |value, name| value.get(name).clone())
    };
    Some(members.iter().map(value).collect())
}

fn names(steps: &[PathStep]) -> Vec<&str> {
    steps
        .iter()
        .filter_map(|step| match step {
            PathStep::Attribute(name) => Some(&**name),
            PathStep::Expand => None,
        })
        .collect()
}
