//! Loops over the documents that an index finds.

use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use database::{Collection, Document, DocumentKey, IndexEntry, IndexKind, IndexRange, Position};
use value::Value;

use super::kept::Charged;
use super::produce::Producer;
use super::scan::Outer;
use crate::error::Result;
use crate::exec::eval::eval;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::functions::prefix_bounds;
use crate::plan::{Covered, Expr, IndexScan, Node, covered_by};

/// How many outer rows are looked up at once.
const LOOKUP_ROWS_MAX: usize = 1_000;

/// `FOR document IN collection`, by an index.
pub(super) struct IndexStep {
    place: Place,
    outer: Outer,
    scan: Option<Running>,
    /// What was found for the outer row, if the index may find a document several times.
    seen: Option<Seen>,
    /// How many entries to ask for: more and more while few give a row.
    ask: usize,
}

/// The scan for an outer row.
enum Running {
    /// By the index.
    Index(database::IndexScan, Option<Position>),
    /// Over everything, because the index leaves out what is asked for.
    Full(Option<Position>),
}

/// What is to be read for an outer row.
pub(super) enum Wanted {
    /// The documents with these values.
    Exact(Vec<Vec<Value>>),
    /// The documents in these ranges.
    Ranges(Vec<IndexRange>),
    /// All documents, to be filtered.
    All,
}

impl IndexStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Outer::default(),
            scan: None,
            seen: None,
            ask: 0,
        }
    }

    /// Reads on in what was begun for the outer row.
    fn read_on(
        &mut self,
        node: &IndexScan,
        collection: &Collection,
        producer: &mut Producer<'_>,
        batch: &mut Batch,
        (room, exec): (usize, &mut Exec<'_>),
    ) -> Result<()> {
        match self.scan.take() {
            Some(Running::Index(scan, position)) if scan.covering => self.read_entries(
                node,
                collection,
                (scan, position),
                producer,
                batch,
                (room, exec),
            ),
            Some(Running::Full(position)) => {
                let page = exec.txn.scan(collection, position.as_ref(), room)?;
                exec.state.stats.scanned_full += page.documents.len() as u64;
                self.scan = page.next.map(|next| Running::Full(Some(next)));
                for document in page.documents {
                    producer.push(document, &node.residual, batch, exec)?;
                }
                Ok(())
            }
            running => {
                self.scan = running;
                self.read_documents(node, collection, producer, batch, (room, exec))
            }
        }
    }

    /// Makes rows of a page of entries that hold all that is read of documents.
    fn read_entries(
        &mut self,
        node: &IndexScan,
        collection: &Collection,
        (scan, position): (database::IndexScan, Option<Position>),
        producer: &mut Producer<'_>,
        batch: &mut Batch,
        (room, exec): (usize, &mut Exec<'_>),
    ) -> Result<()> {
        let at = position.as_ref();
        let page = exec
            .txn
            .index_scan(collection, &node.index, &scan, at, room)?;
        let entries = page.entries.len();
        exec.state.stats.scanned_index += entries as u64;
        let different = different_entries(page.entries, node.distinct);
        for entry in &different {
            push_covered(node, collection, entry, producer, batch, exec)?;
        }
        let last = different.last().and_then(|entry| entry.covered.as_deref());
        let long = different.len() * LONG_RUN <= entries;
        if let (Some(last), true, true) = (last, long, page.next.is_some())
            && let Some(rest) = behind(&scan, last, node.distinct)
        {
            exec.state.stats.seeks += 1;
            self.ask = 0;
            self.scan = Some(Running::Index(rest, None));
            return Ok(());
        }
        self.scan = page.next.map(|next| Running::Index(scan, Some(next)));
        Ok(())
    }

    /// Reads entries for the outer row, and for those behind it as long as there is room; then
    /// all their documents in one round trip.
    fn read_documents(
        &mut self,
        node: &IndexScan,
        collection: &Collection,
        producer: &mut Producer<'_>,
        batch: &mut Batch,
        (room, exec): (usize, &mut Exec<'_>),
    ) -> Result<()> {
        let mut rows: Vec<(Vec<Slot>, usize)> = Vec::new();
        let mut keys: Vec<DocumentKey> = Vec::new();
        let mut exact = Vec::new();
        while let Some(Running::Index(scan, position)) = &self.scan {
            let left = room.saturating_sub(keys.len()).max(1);
            let at = position.as_ref();
            let page = exec
                .txn
                .index_scan(collection, &node.index, scan, at, left)?;
            exec.state.stats.scanned_index += page.entries.len() as u64;
            let before = keys.len();
            let entries = page.entries.into_iter().map(|entry| entry.key);
            match &mut self.seen {
                // An array in a document can have several of the values.
                Some(seen) => keys.extend(seen.retain_unseen(entries, exec)?),
                None => keys.extend(entries),
            }
            rows.push((self.outer.row().to_vec(), keys.len() - before));
            if let (Some(next), Some(Running::Index(_, position))) = (page.next, &mut self.scan) {
                *position = Some(next);
                break;
            }
            self.scan = None;
            if keys.len() >= room || !self.outer.advance_within() {
                break;
            }
            exec.check()?;
            let next = wanted(node, collection, self.outer.row(), exec)?;
            exact.extend(self.begin(node, next, exec));
        }
        let mut found = exec.txn.get_many(collection, &keys)?.into_iter();
        for (row, count) in rows {
            producer.set_outer(&row);
            let documents = found.by_ref().take(count).flatten();
            producer.push_page(documents, batch, exec)?;
        }
        look_up(node, collection, exact, producer, batch, exec)?;
        producer.set_outer(self.outer.row());
        Ok(())
    }

    /// Begins to read what an outer row wants, unless that is exact lookups.
    fn begin(&mut self, node: &IndexScan, wanted: Wanted, exec: &mut Exec<'_>) -> Option<Exact> {
        match wanted {
            Wanted::Exact(values) => return Some((self.outer.row().to_vec(), values)),
            Wanted::All => self.scan = Some(Running::Full(None)),
            Wanted::Ranges(ranges) => {
                exec.state.stats.seeks += ranges.len() as u64;
                let constrained = node.equal.len() + usize::from(node.any.is_some());
                let exact = ranges.len() == 1 && constrained == node.index.fields().len();
                let several = !node.index.is_covering() && !exact;
                if let Some(mut old) = self.seen.take() {
                    old.charged.release(exec);
                }
                self.seen = several.then(Seen::default);
                let scan = database::IndexScan {
                    ranges,
                    reverse: node.descending,
                    covering: node.covering,
                };
                self.scan = Some(Running::Index(scan, None));
            }
        }
        None
    }
}

/// An outer row and the values that its documents have.
type Exact = (Vec<Slot>, Vec<Vec<Value>>);

/// The documents that an outer row had already.
#[derive(Default)]
struct Seen {
    keys: HashSet<DocumentKey>,
    charged: Charged,
}

impl Seen {
    /// The keys that were not there before.
    fn retain_unseen(
        &mut self,
        keys: impl Iterator<Item = DocumentKey>,
        exec: &mut Exec<'_>,
    ) -> Result<Vec<DocumentKey>> {
        let mut unseen = Vec::new();
        for key in keys {
            if self.keys.contains(&key) {
                continue;
            }
            let bytes = size_of::<DocumentKey>() + key.as_bytes().len();
            self.charged.add(bytes, exec)?;
            self.keys.insert(key.detached());
            unseen.push(key);
        }
        Ok(unseen)
    }
}

/// Entries for each different list of values from which on it is better to search for the next
/// list than to read all entries of this one.
const LONG_RUN: usize = 4;

/// The first of the entries that follow each other with the same values in the first fields; all
/// of them if `fields` is 0.
fn different_entries(mut entries: Vec<IndexEntry>, fields: usize) -> Vec<IndexEntry> {
    if fields > 0 {
        let first = |entry: &IndexEntry| {
            let covered = entry.covered.as_deref().unwrap_or_default();
            covered.get(..fields).map(<[Value]>::to_vec)
        };
        entries.dedup_by(|b, a| first(a).is_some() && first(a) == first(b));
    }
    entries
}

/// What is left of a scan behind all entries that begin like this one.
fn behind(
    scan: &database::IndexScan,
    entry: &[Value],
    fields: usize,
) -> Option<database::IndexScan> {
    let values = entry.get(..fields).filter(|values| !values.is_empty())?;
    let [range] = scan.ranges.as_slice() else {
        return None;
    };
    let end = Bound::Excluded(values.to_vec());
    let range = if scan.reverse {
        IndexRange {
            lower: range.lower.clone(),
            upper: end,
        }
    } else {
        IndexRange {
            lower: end,
            upper: range.upper.clone(),
        }
    };
    Some(database::IndexScan {
        ranges: vec![range],
        ..scan.clone()
    })
}

/// Makes a row of an entry that holds all that is read of the document.
fn push_covered(
    node: &IndexScan,
    collection: &Collection,
    entry: &IndexEntry,
    producer: &mut Producer<'_>,
    batch: &mut Batch,
    exec: &mut Exec<'_>,
) -> Result<()> {
    let covered = entry.covered.as_deref().unwrap_or_default();
    let projections = node.projections.iter().flatten();
    let values = projections.map(|projection| {
        let value = match covered_by(&node.index, &projection.names) {
            Some(Covered::Value(at, rest)) => {
                let value = covered.get(at).cloned().unwrap_or_default();
                rest.iter()
                    .fold(value, |value, name| value.get(name).clone())
            }
            Some(Covered::Key) => Value::from(entry.key.as_str()),
            Some(Covered::Id) => format!("{}/{}", collection.name(), entry.key).into(),
            None => Value::Null,
        };
        (projection.out, value)
    });
    producer.push_covered(values, batch, exec)
}

impl Step for IndexStep {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.outer.reset();
        self.scan = None;
        self.ask = 0;
        if let Some(mut seen) = self.seen.take() {
            seen.charged.free(freed);
        }
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Index(node) = self.place.node(&plan) else {
            return Ok(None);
        };
        let collection = exec.collection(node.collection)?;
        let written = plan
            .collections
            .get(node.collection.0)
            .is_some_and(|used| used.is_written);
        let projections = node.projections.as_deref();
        let mut producer = Producer::new(node.out, &node.filters, projections, node.covering);
        let mut batch = Batch::new(plan.variables.len());
        producer.set_outer(self.outer.row());
        while batch.len() < want || (written && self.scan.is_some()) {
            exec.check_now()?;
            if self.scan.is_some() {
                let room = want.saturating_sub(batch.len()).max(1);
                self.ask = if node.distinct > 0 {
                    self.ask.max(LONG_RUN)
                } else if producer.drops_documents() || self.seen.is_some() {
                    self.ask.max(room)
                } else {
                    room
                };
                let before = batch.len();
                let room_and_exec = (self.ask, &mut *exec);
                self.read_on(node, &collection, &mut producer, &mut batch, room_and_exec)?;
                if batch.len() - before < room {
                    self.ask = (self.ask * 2).min(exec.state.limits.batch_rows);
                }
                continue;
            }
            if !self.outer.advance(upstream, exec, want)? {
                break;
            }
            let mut exact = Vec::new();
            let first = wanted(node, &collection, self.outer.row(), exec)?;
            exact.extend(self.begin(node, first, exec));
            // Exact lookups of several outer rows share their round trips.
            while self.scan.is_none()
                && exact.len() < LOOKUP_ROWS_MAX.min(want)
                && self.outer.has_more()
            {
                self.outer.advance(upstream, exec, want)?;
                let next = wanted(node, &collection, self.outer.row(), exec)?;
                exact.extend(self.begin(node, next, exec));
            }
            look_up(node, &collection, exact, &mut producer, &mut batch, exec)?;
            producer.set_outer(self.outer.row());
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn count_rest(&mut self, upstream: &mut Upstream<'_>, exec: &mut Exec<'_>) -> Result<u64> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Index(node) = self.place.node(&plan) else {
            return Ok(0);
        };
        let want = exec.state.limits.batch_rows;
        let mut count = 0;
        // An entry is a row only where each document has one entry.
        let by_entries = node.filters.is_empty() && node.index.is_covering() && node.distinct == 0;
        while by_entries && self.scan.is_none() {
            if !self.outer.advance(upstream, exec, want)? {
                return Ok(count);
            }
            let collection = exec.collection(node.collection)?;
            match wanted(node, &collection, self.outer.row(), exec)? {
                Wanted::Ranges(ranges) => {
                    count += count_entries(node, &collection, &ranges, exec)?;
                }
                Wanted::All => self.scan = Some(Running::Full(None)),
                Wanted::Exact(values) => {
                    let rows = vec![(self.outer.row().to_vec(), values)];
                    let found = find_exact(node, &collection, &rows, exec)?;
                    let found: usize = found.iter().map(Vec::len).sum();
                    exec.state.stats.scanned_index += found as u64;
                    count += found as u64;
                }
            }
        }
        while let Some(batch) = self.next(upstream, exec, want)? {
            count += batch.len() as u64;
        }
        Ok(count)
    }
}

fn count_entries(
    node: &IndexScan,
    collection: &Collection,
    ranges: &[IndexRange],
    exec: &mut Exec<'_>,
) -> Result<u64> {
    exec.state.stats.seeks += ranges.len() as u64;
    let (mut count, mut position) = (0, None);
    loop {
        exec.check_now()?;
        let at = position.as_ref();
        let (found, next) = exec.txn.index_count(collection, &node.index, ranges, at)?;
        count += found;
        position = next;
        if position.is_none() {
            exec.state.stats.scanned_index += count;
            return Ok(count);
        }
    }
}

fn look_up(
    node: &IndexScan,
    collection: &Collection,
    rows: Vec<Exact>,
    producer: &mut Producer<'_>,
    batch: &mut Batch,
    exec: &mut Exec<'_>,
) -> Result<()> {
    let count: usize = rows.iter().map(|(_, values)| values.len()).sum();
    if count == 0 {
        return Ok(());
    }
    exec.state.stats.seeks += count as u64;
    let mut found = find_exact(node, collection, &rows, exec)?.into_iter();
    for (row, values) in rows {
        let documents = found.by_ref().take(values.len()).flatten();
        producer.set_outer(&row);
        for document in documents {
            exec.state.stats.scanned_index += 1;
            producer.push(document, &[], batch, exec)?;
        }
    }
    Ok(())
}

/// The documents for each list of values, in one round trip or two.
fn find_exact(
    node: &IndexScan,
    collection: &Collection,
    rows: &[Exact],
    exec: &mut Exec<'_>,
) -> Result<Vec<Vec<Document>>> {
    let all = rows.iter().flat_map(|(_, values)| values);
    if node.index.kind() != IndexKind::Primary {
        let values: Vec<Vec<Value>> = all.cloned().collect();
        return Ok(exec
            .txn
            .index_documents_many(collection, &node.index, &values)?);
    }
    // No document has the empty key.
    let key = |values: &'_ Vec<Value>| match values.first() {
        Some(Value::String(key)) => key.clone(),
        _ => Arc::from(""),
    };
    let keys: Vec<Arc<str>> = all.map(key).collect();
    if let [key] = keys.as_slice() {
        let found = exec.txn.get(collection, key)?;
        return Ok(vec![found.into_iter().collect()]);
    }
    // Rows of a join often mean the same document.
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(keys.len());
    let mut different: Vec<&str> = Vec::with_capacity(keys.len());
    for key in &keys {
        places.entry(key).or_insert_with(|| {
            different.push(key);
            different.len() - 1
        });
    }
    let found = exec.txn.get_many(collection, &different)?;
    let document = |key: &Arc<str>| places.get(&**key).and_then(|at| found.get(*at)?.clone());
    Ok(keys
        .iter()
        .map(|key| document(key).into_iter().collect())
        .collect())
}

/// What to read for an outer row.
pub(super) fn wanted(
    node: &IndexScan,
    collection: &Collection,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Wanted> {
    let mut prefix = Vec::with_capacity(node.equal.len() + 1);
    for value in &node.equal {
        prefix.push(eval(value, row, exec)?);
    }
    let mut prefixes = match &node.any {
        Some(list) => {
            let Value::Array(items) = eval(list, row, exec)? else {
                return Ok(Wanted::Exact(Vec::new()));
            };
            let mut items = items.to_vec();
            items.sort();
            items.dedup();
            if node.descending {
                items.reverse();
            }
            let with = |item| prefix.iter().cloned().chain([item]).collect();
            items.into_iter().map(with).collect()
        }
        None => vec![prefix],
    };
    if node.by_id {
        prefixes = prefixes
            .into_iter()
            .filter_map(|values: Vec<Value>| key_of_id(collection, values.first()?))
            .collect();
    }
    let null_wanted = prefixes.iter().flatten().any(Value::is_null);
    if node.index.is_sparse() && null_wanted {
        return Ok(Wanted::All);
    }
    let has_range = node.lower.is_some() || node.upper.is_some() || node.prefix.is_some();
    let unique = node.index.is_unique()
        && prefixes
            .iter()
            .all(|values| values.len() == node.index.fields().len());
    if !has_range && unique && node.index.is_covering() {
        return Ok(Wanted::Exact(prefixes));
    }
    let mut side = |bound: &Option<(Expr, bool)>| -> Result<Option<(Value, bool)>> {
        match bound {
            Some((bound, included)) => Ok(Some((eval(bound, row, exec)?, *included))),
            None => Ok(None),
        }
    };
    let (mut lower, mut upper) = (side(&node.lower)?, side(&node.upper)?);
    if let Some(prefix) = &node.prefix {
        (lower, upper) = prefix_bounds(&eval(&prefix.text, row, exec)?, prefix.is_pattern);
    }
    let from_null = matches!(&lower, Some((Value::Null, true)));
    if node.index.is_sparse() && has_range && (lower.is_none() || from_null) {
        return Ok(Wanted::All);
    }
    if node.descending {
        prefixes.reverse();
    }
    let range = |values: Vec<Value>| IndexRange {
        lower: bound(&values, lower.as_ref()),
        upper: bound(&values, upper.as_ref()),
    };
    Ok(Wanted::Ranges(prefixes.into_iter().map(range).collect()))
}

/// A bound of the entries that begin with `values`.
fn bound(values: &[Value], next: Option<&(Value, bool)>) -> Bound<Vec<Value>> {
    match next {
        Some((value, included)) => {
            let values = values.iter().cloned().chain([value.clone()]).collect();
            if *included {
                Bound::Included(values)
            } else {
                Bound::Excluded(values)
            }
        }
        None if values.is_empty() => Bound::Unbounded,
        None => Bound::Included(values.to_vec()),
    }
}

/// The key in an id of this collection.
fn key_of_id(collection: &Collection, id: &Value) -> Option<Vec<Value>> {
    let (name, key) = id.as_str()?.split_once('/')?;
    (name == collection.name()).then(|| vec![Value::from(key)])
}
