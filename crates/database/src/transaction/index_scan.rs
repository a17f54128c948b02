//! Reading index entries: ranges in value order, and many exact values at once.

use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use error_codes::codes;
use store::{Direction, KeyRange};
use value::{Value, key};

use super::{Position, Transaction};
use crate::collection::Collection;
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::Keyspace;
use crate::index::{Index, IndexKind, decode_entry};
use crate::layout;

/// Entries that are counted between two looks at whoever asked.
const COUNT_ENTRIES: usize = 10_000;

/// Entries whose leading values lie between two bounds. A bound may have fewer values than the
/// index has fields; it then stands for every entry that begins with them, so that
/// `Included([a])` to `Included([a])` is the equality of the first field.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexRange {
    /// Where entries begin.
    pub lower: Bound<Vec<Value>>,
    /// Where they end.
    pub upper: Bound<Vec<Value>>,
}

impl IndexRange {
    /// Every entry.
    pub fn all() -> Self {
        Self {
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
        }
    }

    /// The entries that begin with these values.
    pub fn equal(values: Vec<Value>) -> Self {
        Self {
            lower: Bound::Included(values.clone()),
            upper: Bound::Included(values),
        }
    }
}

/// What to read of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexScan {
    /// The ranges, ascending and without overlap if the whole is to be in order without
    /// repetitions.
    pub ranges: Vec<IndexRange>,
    /// From the end of the last range down.
    pub reverse: bool,
    /// Also give the values that entries hold; see [`Index::is_covering`].
    pub covering: bool,
}

impl IndexScan {
    /// These ranges upwards, keys only.
    pub fn forward(ranges: Vec<IndexRange>) -> Self {
        Self {
            ranges,
            reverse: false,
            covering: false,
        }
    }
}

/// One entry of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// The document.
    pub key: DocumentKey,
    /// The values of the fields, then of the stored values, if asked for.
    pub covered: Option<Vec<Value>>,
}

/// Some entries of a scan, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexPage {
    /// The entries. May be empty although `next` is given.
    pub entries: Vec<IndexEntry>,
    /// Where to go on; `None` at the end.
    pub next: Option<Position>,
}

impl Transaction {
    /// A page of entries, from the beginning or from `position`.
    ///
    /// Errors: 1203, 1652, 1212 (the index is not in the snapshot), the engine's, damaged data.
    pub fn index_scan(
        &mut self,
        collection: &Collection,
        index: &Index,
        scan: &IndexScan,
        position: Option<&Position>,
        limit: usize,
    ) -> Result<IndexPage> {
        let (_, index) = self.usable(collection, index)?;
        let direction = if scan.reverse {
            Direction::Reverse
        } else {
            Direction::Forward
        };
        let mut page = IndexPage {
            entries: Vec::new(),
            next: None,
        };
        let (mut at, mut rest) = match position {
            Some(position) => (position.range, Some(position.rest.clone())),
            None => (0, None),
        };
        while let Some(range) = nth_range(scan, at) {
            let range = rest.take().unwrap_or_else(|| key_range(&index, range));
            if !range.is_empty() {
                let room = limit.max(1) - page.entries.len();
                let request = self.page_request(range, direction, room);
                let read = self.txn.scan(&request)?;
                for (key, value) in read.entries {
                    let entry = decode(&index, &key, &value, scan.covering)?;
                    page.entries.push(entry);
                }
                rest = read.next;
            }
            if rest.is_none() {
                at += 1;
            }
            if page.entries.len() >= limit.max(1) || rest.is_some() {
                let next = nth_range(scan, at);
                page.next = next.map(|range| Position {
                    range: at,
                    rest: rest.unwrap_or_else(|| key_range(&index, range)),
                });
                break;
            }
        }
        Ok(page)
    }

    /// How many entries one page of a scan has, and where to go on. Reads neither values nor
    /// documents, so pages are as large as the engine allows.
    ///
    /// Errors: as [`Self::index_scan`].
    pub fn index_count(
        &mut self,
        collection: &Collection,
        index: &Index,
        ranges: &[IndexRange],
        position: Option<&Position>,
    ) -> Result<(u64, Option<Position>)> {
        let (_, index) = self.usable(collection, index)?;
        let (at, rest) = match position {
            Some(position) => (position.range, Some(position.rest.clone())),
            None => (0, None),
        };
        let Some(range) = ranges.get(at) else {
            return Ok((0, None));
        };
        let range = rest.unwrap_or_else(|| key_range(&index, range));
        let mut count = 0;
        let mut rest = None;
        if !range.is_empty() {
            let request = self.page_request(range, Direction::Forward, COUNT_ENTRIES);
            let page = self.txn.scan(&request.with_keys_only())?;
            count = page.entries.len() as u64;
            rest = page.next;
        }
        let next = match rest {
            Some(rest) => Some(Position { range: at, rest }),
            None => ranges.get(at + 1).map(|range| Position {
                range: at + 1,
                rest: key_range(&index, range),
            }),
        };
        Ok((count, next))
    }

    /// For each list of values the keys of the documents that have them: all fields, or the
    /// leading ones. One round trip for a unique or primary index with all fields given, else
    /// one for each different list.
    ///
    /// Errors: as [`Self::index_scan`].
    pub fn index_lookup_many(
        &mut self,
        collection: &Collection,
        index: &Index,
        values: &[Vec<Value>],
    ) -> Result<Vec<Vec<DocumentKey>>> {
        let (_, index) = self.usable(collection, index)?;
        let index = &*index;
        let complete = values
            .iter()
            .all(|values| values.len() == index.fields().len());
        if index.is_unique() && complete {
            return self.lookup_unique(index, values);
        }
        let mut known: HashMap<Vec<u8>, Vec<DocumentKey>> = HashMap::new();
        let mut found = Vec::with_capacity(values.len());
        for values in values {
            let mut encoded = Vec::new();
            values
                .iter()
                .for_each(|value| key::encode_into(value, &mut encoded));
            if let Some(keys) = known.get(&encoded) {
                found.push(keys.clone());
                continue;
            }
            let keys = self.lookup_range(collection, index, values)?;
            known.insert(encoded, keys.clone());
            found.push(keys);
        }
        Ok(found)
    }

    /// The documents of [`Self::index_lookup_many`]. One more round trip.
    pub fn index_documents_many(
        &mut self,
        collection: &Collection,
        index: &Index,
        values: &[Vec<Value>],
    ) -> Result<Vec<Vec<Document>>> {
        let keys = self.index_lookup_many(collection, index, values)?;
        let all: Vec<&[u8]> = keys.iter().flatten().map(DocumentKey::as_bytes).collect();
        let mut documents = self.get_many(collection, &all)?.into_iter();
        let group =
            |keys: &Vec<DocumentKey>| documents.by_ref().take(keys.len()).flatten().collect();
        Ok(keys.iter().map(group).collect())
    }

    /// A collection and its index as they are in the snapshot, which is not what somebody has who
    /// remembers them from transaction to transaction. Errors: 1203, 1652; 1212 if the index is
    /// not, or not yet, in the snapshot's catalog.
    pub(super) fn usable(
        &self,
        collection: &Collection,
        index: &Index,
    ) -> Result<(Arc<Collection>, Arc<Index>)> {
        let current = self.resolve(collection)?;
        self.check_read(&current)?;
        let own = current.indexes().find(|own| own.id == index.id).cloned();
        let missing = || Error::new(ErrorKind::NotFound, codes::ARANGO_INDEX_NOT_FOUND);
        Ok((current, own.ok_or_else(missing)?))
    }

    fn lookup_range(
        &mut self,
        collection: &Collection,
        index: &Index,
        values: &[Value],
    ) -> Result<Vec<DocumentKey>> {
        let scan = IndexScan::forward(vec![IndexRange::equal(values.to_vec())]);
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        let mut position = None;
        loop {
            let limit = store::Scan::ENTRIES_DEFAULT;
            let page = self.index_scan(collection, index, &scan, position.as_ref(), limit)?;
            let entries = page.entries.into_iter().map(|entry| entry.key);
            // An array can give a document several entries that begin alike.
            keys.extend(entries.filter(|key| index.is_covering() || seen.insert(key.clone())));
            position = page.next;
            if position.is_none() {
                return Ok(keys);
            }
        }
    }

    fn lookup_unique(
        &mut self,
        index: &Index,
        values: &[Vec<Value>],
    ) -> Result<Vec<Vec<DocumentKey>>> {
        let stored: Vec<Vec<u8>> = values
            .iter()
            .map(|values| match (index.kind(), values.first()) {
                (IndexKind::Primary, Some(Value::String(key))) => {
                    layout::document(index.keyspace, key.as_bytes())
                }
                // No document has the empty key.
                (IndexKind::Primary, _) => layout::document(index.keyspace, b""),
                _ => encode_prefix(index, values),
            })
            .collect();
        let slices: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
        let found = self.txn.get_many(&slices)?;
        stored
            .into_iter()
            .zip(found)
            .map(|(key, value)| match value {
                Some(value) => {
                    let entry = decode(index, &key.into(), &value, false)?;
                    Ok(vec![entry.key])
                }
                None => Ok(Vec::new()),
            })
            .collect()
    }

    /// The documents that hold those entries that are stored.
    pub(crate) fn load_owners(
        &mut self,
        index: &Index,
        keys: &[Bytes],
    ) -> Result<HashMap<Bytes, DocumentKey>> {
        let slices: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        let found = self.txn.get_many(&slices)?;
        let mut owners = HashMap::new();
        for (key, value) in keys.iter().zip(found) {
            if let Some(value) = value {
                let owner = decode_entry(index, key, &value, false)?.key;
                owners.insert(key.clone(), owner);
            }
        }
        Ok(owners)
    }

    /// Every stored entry of an index, in order.
    #[cfg(test)]
    pub(crate) fn stored_entries(&mut self, index: &Index) -> Result<Vec<store::Entry>> {
        let mut entries = Vec::new();
        let mut next = Some(store::Scan::forward(index.range()));
        while let Some(scan) = next {
            let page = self.txn.scan(&scan)?;
            next = scan.after(&page);
            entries.extend(page.entries);
        }
        Ok(entries)
    }
}

/// The range at a place in the scan's direction.
fn nth_range(scan: &IndexScan, at: usize) -> Option<&IndexRange> {
    if scan.reverse {
        scan.ranges.iter().rev().nth(at)
    } else {
        scan.ranges.get(at)
    }
}

pub(super) fn decode(
    index: &Index,
    stored: &Bytes,
    value: &Bytes,
    covering: bool,
) -> Result<IndexEntry> {
    if index.kind() == IndexKind::Primary {
        let key = DocumentKey::from_stored(layout::document_key(stored));
        let covered = covering.then(|| vec![Value::from(key.as_str())]);
        return Ok(IndexEntry { key, covered });
    }
    let decoded = decode_entry(index, stored, value, covering)?;
    Ok(IndexEntry {
        key: decoded.key,
        covered: decoded.covered,
    })
}

fn encode_prefix(index: &Index, values: &[Value]) -> Vec<u8> {
    let mut prefix = layout::entry_prefix(index.keyspace);
    values
        .iter()
        .for_each(|value| key::encode_into(value, &mut prefix));
    prefix
}

/// The keys of a range.
pub(super) fn key_range(index: &Index, range: &IndexRange) -> KeyRange {
    if index.kind() == IndexKind::Primary {
        return primary_range(index.keyspace, range);
    }
    let all = layout::entries(index.keyspace);
    let start = match &range.lower {
        Bound::Unbounded => Some(all.start),
        Bound::Included(values) => Some(encode_prefix(index, values).into()),
        Bound::Excluded(values) => KeyRange::prefix(encode_prefix(index, values)).end,
    };
    let end = match &range.upper {
        Bound::Unbounded => all.end,
        Bound::Included(values) => KeyRange::prefix(encode_prefix(index, values)).end,
        Bound::Excluded(values) => Some(encode_prefix(index, values).into()),
    };
    bounded(start, end)
}

/// The keys of a range over `_key`. Keys are texts: any other type of value lies before or
/// behind all of them.
fn primary_range(documents: Keyspace, range: &IndexRange) -> KeyRange {
    let all = layout::documents(documents);
    let text = Value::from("");
    let place = |values: &[Value], behind: bool| -> Option<Bytes> {
        match values.first() {
            Some(Value::String(key)) => {
                let mut stored = layout::document(documents, key.as_bytes());
                if behind {
                    stored.push(0);
                }
                Some(stored.into())
            }
            None if behind => all.end.clone(),
            Some(value) if *value > text => all.end.clone(),
            Some(_) | None => Some(all.start.clone()),
        }
    };
    let start = match &range.lower {
        Bound::Unbounded => Some(all.start.clone()),
        Bound::Included(values) => place(values, false),
        Bound::Excluded(values) => place(values, true),
    };
    let end = match &range.upper {
        Bound::Unbounded => all.end.clone(),
        Bound::Included(values) => place(values, true),
        Bound::Excluded(values) => place(values, false),
    };
    bounded(start, end)
}

/// A range that is empty rather than reversed.
fn bounded(start: Option<Bytes>, end: Option<Bytes>) -> KeyRange {
    match (start, end) {
        (Some(start), Some(end)) if end < start => KeyRange::between(start.clone(), start),
        (Some(start), end) => KeyRange { start, end },
        (None, _) => KeyRange::between(Bytes::new(), Bytes::new()),
    }
}
