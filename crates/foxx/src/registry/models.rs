//! The stored registry: documents of `_apps` and `_appbundles`, read and written only here.
//!
//! ```text
//! _apps/<mount with ':' for '/'>   {mount, checksum, revision, manifest, options:
//!                                   {configuration, dependencies, development, legacy}}
//! _appbundles/<checksum>           {bytes, pieces, data}     data: Base64 of the first piece
//! _appbundles/<checksum>:<n>       {data}                    piece n, from 1
//! ```

use ::registry::operations::{self, Change, Claim};
use ::registry::{APPS, key_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cluster::{DocumentRows, Rows as _, transact};
use database::{Database, OverwriteMode, Selector, Transaction, TransactionOptions, WriteOptions};
use value::{Object, Value};

use super::StoredOptions;
use crate::Result;
use crate::bundle::{Bundle, checksum};
use crate::mount::Mount;

const BUNDLES: &str = "_appbundles";
/// Documents read at once when the registry is listed.
const PAGE: usize = 1000;

/// What is stored of one service.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) mount: Mount,
    /// Names the bundle. Empty in documents that others wrote without one.
    pub(crate) checksum: String,
    /// Grows with each change of the mount; 0 in documents that were not committed by an operation.
    pub(crate) revision: u64,
    /// Normalised, as of the last commit: shown when the files cannot be read.
    pub(crate) manifest: Value,
    pub(crate) options: StoredOptions,
    pub(crate) development: bool,
    pub(crate) legacy: bool,
}

impl Entry {
    pub(crate) fn read(document: &Value) -> Option<Self> {
        let mount = Mount::parse(document.get("mount").as_str()?).ok()?;
        let options = document.get("options");
        let object = |name: &str| options.get(name).as_object().cloned().unwrap_or_default();
        let flag = |name: &str| options.get(name).as_bool().unwrap_or(false);
        Some(Self {
            mount,
            checksum: document
                .get("checksum")
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            revision: u64::try_from(document.get("revision").as_i64().unwrap_or(0)).unwrap_or(0),
            manifest: document.get("manifest").clone(),
            options: StoredOptions {
                configuration: object("configuration"),
                dependencies: object("dependencies"),
            },
            development: flag("development"),
            legacy: flag("legacy"),
        })
    }

    /// The row without its revision, which comes with the commit.
    pub(crate) fn to_row(&self) -> Object {
        let mut options = Object::new();
        options.insert("configuration", self.options.configuration.clone());
        options.insert("dependencies", self.options.dependencies.clone());
        options.insert("development", self.development);
        options.insert("legacy", self.legacy);
        let mut document = Object::new();
        document.insert("mount", self.mount.as_str());
        if !self.checksum.is_empty() {
            document.insert("checksum", self.checksum.as_str());
        }
        document.insert("manifest", self.manifest.clone());
        document.insert("options", options);
        document
    }
}

/// The registry of one database.
pub(crate) struct Registry<'d> {
    pub(crate) database: &'d Database,
    /// Bytes of a bundle in one document.
    pub(crate) piece_bytes: usize,
}

impl Registry<'_> {
    /// All services. Documents that cannot be read are logged and left out; those whose key is not
    /// that of their mount, such as imported ones, are given it.
    pub(crate) fn load_all(&self) -> Result<Vec<Entry>> {
        let mut txn = self.database.begin(TransactionOptions::read_only())?;
        let rows = DocumentRows(&mut txn).list(APPS)?;
        drop(txn);
        let mut entries: Vec<Entry> = Vec::new();
        for row in rows {
            let id = row.get("_key").as_str().unwrap_or_default();
            let Some(entry) = Entry::read(&row) else {
                tracing::warn!(id, "unreadable registry document");
                continue;
            };
            if id != key_of(entry.mount.as_str()) && !self.move_to_key(id, &entry)? {
                tracing::warn!(id, mount = %entry.mount, "a second registry document of a mount");
                continue;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Gives a document the key of its mount; whether no other document had it.
    fn move_to_key(&self, id: &str, entry: &Entry) -> Result<bool> {
        let key = key_of(entry.mount.as_str());
        Ok(transact(self.database, |txn| {
            let mut rows = DocumentRows(txn);
            if rows.get(APPS, &key)?.is_some() {
                return Ok(false);
            }
            let Some(row) = rows.get(APPS, id)? else {
                return Ok(false);
            };
            rows.remove(APPS, id)?;
            rows.put(APPS, &key, row.as_object().cloned().unwrap_or_default())?;
            Ok(true)
        })?)
    }

    /// One service.
    pub(crate) fn load(&self, mount: &Mount) -> Result<Option<Entry>> {
        let mut txn = self.database.begin(TransactionOptions::read_only())?;
        let found = operations::load(&mut DocumentRows(&mut txn), mount.as_str())?;
        Ok(found.and_then(|app| Entry::read(&app.row)))
    }

    /// Registers a service and its bundle in one transaction that spends the claim, and removes the
    /// bundle that it had if nobody else has it. Without `bundle` the stored one stays.
    pub(crate) fn commit(
        &self,
        txn: &mut Transaction,
        claim: &Claim,
        entry: &Entry,
        bundle: Option<&Bundle>,
    ) -> cluster::Result<()> {
        if let Some(bundle) = bundle {
            self.put_bundle(txn, bundle)?;
        }
        let change = Change::Put(entry.to_row());
        match operations::commit(&mut DocumentRows(txn), claim, change)? {
            Some(before) if before.checksum != entry.checksum => {
                Ok(self.drop_unused(txn, &before.checksum)?)
            }
            _ => Ok(()),
        }
    }

    /// Removes a service, and its bundle if nobody else has it, in one transaction that spends the
    /// claim.
    pub(crate) fn remove(&self, txn: &mut Transaction, claim: &Claim) -> cluster::Result<()> {
        match operations::commit(&mut DocumentRows(txn), claim, Change::Remove)? {
            Some(before) => Ok(self.drop_unused(txn, &before.checksum)?),
            None => Ok(()),
        }
    }

    /// The zip of a bundle; `None` if it is not stored or not whole.
    pub(crate) fn load_bundle(&self, checksum: &str) -> Result<Option<Bytes>> {
        let mut txn = self.database.begin(TransactionOptions::read_only())?;
        let collection = txn.collection(BUNDLES)?;
        if checksum.is_empty() {
            return Ok(None);
        }
        let Some(first) = txn.get(&collection, checksum)? else {
            return Ok(None);
        };
        let first = first.to_value()?;
        let pieces = first.get("pieces").as_i64().unwrap_or(1);
        let mut bytes = Vec::new();
        let mut append = |document: &Value| match STANDARD
            .decode(document.get("data").as_str().unwrap_or_default())
        {
            Ok(mut piece) => {
                bytes.append(&mut piece);
                true
            }
            Err(_) => false,
        };
        let mut whole = append(&first);
        for piece in 1..pieces {
            match txn.get(&collection, &format!("{checksum}:{piece}"))? {
                Some(document) => whole &= append(&document.to_value()?),
                None => whole = false,
            }
        }
        Ok(whole.then(|| bytes.into()))
    }

    /// Whether the stored zip of a bundle is there and is the one it is called.
    pub(crate) fn is_bundle_sound(&self, name: &str) -> Result<bool> {
        let bytes = self.load_bundle(name)?;
        Ok(bytes.is_some_and(|bytes| checksum(&bytes) == name))
    }

    fn put_bundle(&self, txn: &mut Transaction, bundle: &Bundle) -> database::Result<()> {
        let pieces: Vec<&[u8]> = bundle.bytes().chunks(self.piece_bytes.max(1)).collect();
        for (at, piece) in pieces.iter().enumerate() {
            let mut document = Object::new();
            if at == 0 {
                document.insert("_key", bundle.checksum());
                document.insert("bytes", bundle.bytes().len());
                document.insert("pieces", pieces.len());
            } else {
                document.insert("_key", format!("{}:{at}", bundle.checksum()));
            }
            document.insert("data", STANDARD.encode(piece));
            self.put(txn, &document.into())?;
        }
        Ok(())
    }

    fn put(&self, txn: &mut Transaction, document: &Value) -> database::Result<()> {
        let collection = txn.collection(BUNDLES)?;
        let options = WriteOptions {
            overwrite_mode: OverwriteMode::Replace,
            ..WriteOptions::default()
        };
        let results = txn.insert(&collection, vec![document.clone()], &options)?;
        results.into_iter().try_for_each(|result| result.map(drop))
    }

    /// Removes a bundle that no service names.
    fn drop_unused(&self, txn: &mut Transaction, checksum: &str) -> database::Result<()> {
        if checksum.is_empty() {
            return Ok(());
        }
        let apps = txn.collection(APPS)?;
        let mut position = None;
        loop {
            let page = txn.scan(&apps, position.as_ref(), PAGE)?;
            let names = page
                .documents
                .iter()
                .filter_map(|document| document.get("checksum"));
            if names
                .into_iter()
                .any(|name| name.as_str() == Some(checksum))
            {
                return Ok(());
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        let bundles = txn.collection(BUNDLES)?;
        let Some(first) = txn.get(&bundles, checksum)? else {
            return Ok(());
        };
        let pieces = first
            .get("pieces")
            .and_then(|pieces| pieces.as_i64())
            .unwrap_or(1);
        let mut selectors = vec![Selector::key(checksum)?];
        for piece in 1..pieces {
            selectors.push(Selector::key(&format!("{checksum}:{piece}"))?);
        }
        // A piece that is missing already is as good as removed.
        txn.remove(&bundles, selectors, &options())?;
        Ok(())
    }
}

fn options() -> WriteOptions {
    WriteOptions::default()
}
