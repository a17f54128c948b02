//! One run of writes: read what is stored, decide, check unique values, write.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use store::Batch;

use super::decide::{Context, Decision};
use super::{Item, Write, WriteOptions, WriteResult, set};
use crate::collection::Collection;
use crate::database::unique_violation;
use crate::document::{Document, DocumentKey};
use crate::error::Result;
use crate::index::{Entry, EntryLimits, Index, Note};
use crate::layout;
use crate::revision::Revision;
use crate::transaction::Transaction;

/// What becomes of a document.
enum Outcome {
    /// It is written with this body.
    Put(Bytes),
    /// It is removed.
    Delete,
    /// It stays, because it is there.
    Ignore,
    /// It stays, because its version is not older.
    Keep,
}

/// A decided item with the index entries it takes away and adds.
struct Planned {
    at: usize,
    key: DocumentKey,
    old: Option<Document>,
    outcome: Outcome,
    removed: Vec<Tagged>,
    added: Vec<Tagged>,
    notes: Vec<(Arc<Index>, Note)>,
}

/// An entry with the index it belongs to.
type Tagged = (Arc<Index>, Entry);

/// What a change of a document does to indexes and their estimates.
#[derive(Default)]
struct EntryChanges {
    removed: Vec<Tagged>,
    added: Vec<Tagged>,
    notes: Vec<(Arc<Index>, Note)>,
}

/// Who holds each value of a unique index that the run touches.
type Owners = HashMap<Bytes, Option<DocumentKey>>;

impl Transaction {
    pub(super) fn write_run(
        &mut self,
        collection: &Collection,
        run: Vec<(usize, Item)>,
        options: &WriteOptions,
        results: &mut [Option<Result<WriteResult>>],
    ) -> Result<()> {
        if run.is_empty() {
            return Ok(());
        }
        let stored = self.load_run(collection, &run)?;
        let mut planned = Vec::with_capacity(run.len());
        for ((at, mut item), mut stored) in run.into_iter().zip(stored) {
            while item.generated && stored.is_some() {
                // Somebody supplied the very key that the generator was to give out.
                item.key = self.generate_key(collection)?;
                stored = self
                    .get_bodies(collection.keyspace, &[item.key.as_bytes()])?
                    .pop()
                    .flatten();
            }
            match self.plan(collection, at, item, stored, options) {
                Ok(plan) => planned.push(plan),
                Err(error) => set(results, at, Err(error)),
            }
        }
        let mut owners = self.load_run_owners(&planned)?;
        self.note_removals(&mut planned, &owners)?;
        let mut batch = Batch::new();
        let (mut count, mut notes) = (0, Vec::new());
        for mut plan in planned {
            let at = plan.at;
            let result = claim(&plan, &mut owners).map(|()| {
                count += write(collection, &plan, &owners, &mut batch);
                notes.append(&mut plan.notes);
                answer(collection, plan, options)
            });
            set(results, at, result);
        }
        if count != 0 {
            batch.add(layout::count(collection.keyspace), count);
        }
        self.write_to(collection, batch)?;
        for (index, note) in notes {
            self.note(&index, note);
        }
        Ok(())
    }

    fn load_run(
        &mut self,
        collection: &Collection,
        run: &[(usize, Item)],
    ) -> Result<Vec<Option<Bytes>>> {
        let keys: Vec<&[u8]> = run.iter().map(|(_, item)| item.key.as_bytes()).collect();
        self.get_bodies_to_write(collection, &keys)
    }

    fn plan(
        &mut self,
        collection: &Collection,
        at: usize,
        item: Item,
        stored: Option<Bytes>,
        options: &WriteOptions,
    ) -> Result<Planned> {
        let name = || Arc::clone(collection.shared_name());
        let old = stored.map(|body| Document::new(name(), body));
        let context = Context {
            collection,
            options,
        };
        let outcome = match context.decide(&item, old.as_ref())? {
            Decision::Put(event, attributes) => {
                let old = old.as_ref();
                let revision = self.revision(&item, old, options)?;
                let body = self.complete(collection, &item, event, attributes, old, revision)?;
                Outcome::Put(body)
            }
            Decision::Delete => Outcome::Delete,
            Decision::Ignore => Outcome::Ignore,
            Decision::Keep => Outcome::Keep,
        };
        let new = match &outcome {
            Outcome::Put(body) => Some(Some(body)),
            Outcome::Delete => Some(None),
            Outcome::Ignore | Outcome::Keep => None,
        };
        let changes = match new {
            Some(new) => self.index_changes(collection, &item.key, old.as_ref(), new)?,
            None => EntryChanges::default(),
        };
        Ok(Planned {
            at,
            key: item.key,
            old,
            outcome,
            removed: changes.removed,
            added: changes.added,
            notes: changes.notes,
        })
    }

    /// The revision that a written document gets.
    fn revision(
        &self,
        item: &Item,
        old: Option<&Document>,
        options: &WriteOptions,
    ) -> Result<Revision> {
        let given = match &item.write {
            Write::Insert(document) if options.is_restore => document.get("_rev").as_str(),
            _ => None,
        };
        match given.and_then(Revision::parse) {
            Some(revision) => Ok(revision),
            None => {
                let last = old.and_then(|old| Revision::parse(old.rev()));
                let last = last.map_or(0, |last| last.0);
                Ok(Revision(self.shared().next_revision(last)?))
            }
        }
    }

    /// The index entries that a change of a document removes and adds.
    fn index_changes(
        &self,
        collection: &Collection,
        key: &DocumentKey,
        old: Option<&Document>,
        new: Option<&Bytes>,
    ) -> Result<EntryChanges> {
        let limits = EntryLimits::new(&self.shared().settings);
        let mut changes = EntryChanges::default();
        for index in collection.maintained() {
            let entries = |body: Option<&Bytes>, limits| match body {
                Some(body) => index.entries(body, key.as_bytes(), limits),
                None => Ok(Vec::new()),
            };
            // What is stored may be longer than a limit that was lowered since.
            let before = entries(old.map(Document::body), EntryLimits::NONE)?;
            let after = entries(new, limits)?;
            for entry in &before {
                if find(&after, entry).is_none() {
                    changes.removed.push((Arc::clone(index), entry.clone()));
                }
            }
            for entry in &after {
                let former = find(&before, entry);
                if former.is_none() {
                    let touch = Note::Touch(entry.touch(true));
                    changes.notes.push((Arc::clone(index), touch));
                }
                // Stored values can change where the indexed ones do not.
                if former != Some(entry) {
                    changes.added.push((Arc::clone(index), entry.clone()));
                }
            }
        }
        Ok(changes)
    }

    /// Notes for the estimates which entries go. An index that is being built may not have them
    /// yet.
    fn note_removals(&mut self, planned: &mut [Planned], owners: &Owners) -> Result<()> {
        let removed = planned.iter().flat_map(|plan| &plan.removed);
        let in_doubt: Vec<&[u8]> = removed
            .filter(|(index, _)| index.building && !index.is_unique())
            .map(|(_, entry)| entry.key.as_ref())
            .collect();
        let stored = self.stored_many(&in_doubt)?;
        let missing = in_doubt.iter().zip(stored);
        let missing = missing.filter(|(_, stored)| stored.is_none());
        let missing: HashSet<Bytes> = missing
            .map(|(key, _)| Bytes::copy_from_slice(key))
            .collect();
        for plan in planned {
            for (index, entry) in &plan.removed {
                let is_stored = match index.is_unique() {
                    true => owners.get(&entry.key) == Some(&Some(plan.key.clone())),
                    false => !missing.contains(&entry.key),
                };
                if is_stored || !index.building {
                    let touch = Note::Touch(entry.touch(false));
                    plan.notes.push((Arc::clone(index), touch));
                }
            }
        }
        Ok(())
    }

    fn load_run_owners(&mut self, planned: &[Planned]) -> Result<Owners> {
        let mut owners = Owners::new();
        let touched = planned
            .iter()
            .flat_map(|plan| plan.added.iter().chain(&plan.removed));
        let mut by_index: HashMap<_, (Arc<Index>, Vec<Bytes>)> = HashMap::new();
        for (index, entry) in touched.filter(|(index, _)| index.is_unique()) {
            let group = by_index
                .entry(index.id)
                .or_insert_with(|| (Arc::clone(index), Vec::new()));
            group.1.push(entry.key.clone());
        }
        for (index, keys) in by_index.into_values() {
            let found = self.load_owners(&index, &keys)?;
            owners.extend(found.into_iter().map(|(key, owner)| (key, Some(owner))));
        }
        Ok(owners)
    }
}

/// The entry with the same key; entries are in order of keys.
fn find<'a>(entries: &'a [Entry], entry: &Entry) -> Option<&'a Entry> {
    let at = entries.binary_search_by(|other| other.key.cmp(&entry.key));
    entries.get(at.ok()?)
}

/// Takes the unique values of an item; errors: 1210 if another document has one, and then
/// nothing is taken.
fn claim(plan: &Planned, owners: &mut Owners) -> Result<()> {
    let mut own = std::collections::HashSet::new();
    for (index, entry) in plan.added.iter().filter(|(index, _)| index.is_unique()) {
        let holder = match owners.get(&entry.key) {
            Some(Some(owner)) if *owner != plan.key => Some(owner),
            _ => None,
        };
        if let Some(owner) = holder {
            return Err(unique_violation(index, owner.as_str()));
        }
        // Without deduplication one array may hold a value twice.
        if !own.insert(&entry.key) {
            return Err(unique_violation(index, plan.key.as_str()));
        }
    }
    for (index, entry) in &plan.removed {
        let is_own = || {
            owners
                .get(&entry.key)
                .is_some_and(|owner| owner.as_ref() == Some(&plan.key))
        };
        if index.is_unique() && is_own() {
            owners.insert(entry.key.clone(), None);
        }
    }
    for (index, entry) in &plan.added {
        if index.is_unique() {
            owners.insert(entry.key.clone(), Some(plan.key.clone()));
        }
    }
    Ok(())
}

/// Appends the writes of an item; by how much the number of documents changes.
fn write(collection: &Collection, plan: &Planned, owners: &Owners, batch: &mut Batch) -> i64 {
    let key = layout::document(collection.keyspace, plan.key.as_bytes());
    for (index, entry) in &plan.removed {
        let taken = || matches!(owners.get(&entry.key), Some(Some(owner)) if *owner != plan.key);
        if index.is_unique() && taken() {
            // Only while the index is being built over documents that violate it. The guard
            // makes this transaction and the build notice one another.
            batch.guard(entry.key.clone());
        } else {
            batch.delete(entry.key.clone());
        }
    }
    for (_, entry) in &plan.added {
        batch.put(entry.key.clone(), entry.value.clone());
    }
    match &plan.outcome {
        Outcome::Put(body) => {
            batch.put(key, body.clone());
            i64::from(plan.old.is_none())
        }
        Outcome::Delete => {
            batch.delete(key);
            -1
        }
        Outcome::Ignore | Outcome::Keep => 0,
    }
}

fn answer(collection: &Collection, plan: Planned, options: &WriteOptions) -> WriteResult {
    let id = format!("{}/{}", collection.name(), plan.key);
    let revision = |document: &Document| Revision::parse(document.rev()).unwrap_or(Revision(0));
    let former = plan.old.as_ref().map(revision);
    let new = match &plan.outcome {
        Outcome::Put(body) => Some(Document::new(
            Arc::clone(collection.shared_name()),
            body.clone(),
        )),
        _ => None,
    };
    let is_unchanged = matches!(plan.outcome, Outcome::Ignore | Outcome::Keep);
    let has_former = matches!(plan.outcome, Outcome::Put(_) | Outcome::Keep);
    WriteResult {
        id,
        rev: new.as_ref().map(revision).or(former).unwrap_or(Revision(0)),
        old_rev: former.filter(|_| has_former),
        old: plan.old.filter(|_| options.return_old && !is_unchanged),
        new: new.filter(|_| options.return_new),
        key: plan.key,
        is_unchanged,
    }
}
