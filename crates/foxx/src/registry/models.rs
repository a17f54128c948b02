//! The stored registry: documents of `_apps` and `_appbundles`, read and written only here.
//!
//! ```text
//! _apps/<mount with ':' for '/'>   {mount, checksum, manifest, options: {configuration,
//!                                   dependencies, development, legacy}}
//! _appbundles/<checksum>           {bytes, pieces, data}     data: Base64 of the first piece
//! _appbundles/<checksum>:<n>       {data}                    piece n, from 1
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use database::{Database, OverwriteMode, Selector, Transaction, TransactionOptions, WriteOptions};
use value::{Object, Value};

use super::StoredOptions;
use crate::Result;
use crate::bundle::{Bundle, checksum};
use crate::mount::Mount;

const APPS: &str = "_apps";
const BUNDLES: &str = "_appbundles";
/// Documents read at once when the registry is listed.
const PAGE: usize = 1000;

/// What is stored of one service.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) mount: Mount,
    /// Names the bundle. Empty in documents that others wrote without one.
    pub(crate) checksum: String,
    /// Normalised, as of the last commit: shown when the files cannot be read.
    pub(crate) manifest: Value,
    pub(crate) options: StoredOptions,
    pub(crate) development: bool,
    pub(crate) legacy: bool,
}

impl Entry {
    fn read(document: &Value) -> Option<Self> {
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
            manifest: document.get("manifest").clone(),
            options: StoredOptions {
                configuration: object("configuration"),
                dependencies: object("dependencies"),
            },
            development: flag("development"),
            legacy: flag("legacy"),
        })
    }

    fn to_document(&self) -> Value {
        let mut options = Object::new();
        options.insert("configuration", self.options.configuration.clone());
        options.insert("dependencies", self.options.dependencies.clone());
        options.insert("development", self.development);
        options.insert("legacy", self.legacy);
        let mut document = Object::new();
        document.insert("_key", key(&self.mount));
        document.insert("mount", self.mount.as_str());
        if !self.checksum.is_empty() {
            document.insert("checksum", self.checksum.as_str());
        }
        document.insert("manifest", self.manifest.clone());
        document.insert("options", options);
        document.into()
    }
}

fn key(mount: &Mount) -> String {
    mount.as_str().trim_start_matches('/').replace('/', ":")
}

/// The registry of one database.
pub(crate) struct Registry<'d> {
    pub(crate) database: &'d Database,
    /// Bytes of a bundle in one document.
    pub(crate) piece_bytes: usize,
}

impl Registry<'_> {
    /// All services, sorted by mount. Documents that cannot be read are logged and left out.
    pub(crate) fn load_all(&self) -> Result<Vec<Entry>> {
        let mut txn = self.database.begin(TransactionOptions::read_only())?;
        let collection = txn.collection(APPS)?;
        let (mut entries, mut position) = (Vec::new(), None);
        loop {
            let page = txn.scan(&collection, position.as_ref(), PAGE)?;
            for document in page.documents {
                match Entry::read(&document.to_value()?) {
                    Some(entry) => entries.push(entry),
                    None => tracing::warn!(id = document.id(), "unreadable registry document"),
                }
            }
            position = page.next;
            if position.is_none() {
                return Ok(entries);
            }
        }
    }

    /// One service.
    pub(crate) fn load(&self, mount: &Mount) -> Result<Option<Entry>> {
        let mut txn = self.database.begin(TransactionOptions::read_only())?;
        let collection = txn.collection(APPS)?;
        let document = txn.get(&collection, &key(mount))?;
        match document {
            Some(document) => Ok(Entry::read(&document.to_value()?)),
            None => Ok(None),
        }
    }

    /// Writes a service and its bundle in one transaction, and removes the bundle that it had if
    /// nobody else has it. Without `bundle` the stored one stays.
    pub(crate) fn store(&self, entry: &Entry, bundle: Option<&Bundle>) -> Result<()> {
        Ok(self.database.run(&TransactionOptions::default(), |txn| {
            if let Some(bundle) = bundle {
                self.put_bundle(txn, bundle)?;
            }
            let before = self.put(txn, APPS, &entry.to_document())?;
            let before = before.as_ref().map(|document| document.get("checksum"));
            match before.and_then(Value::as_str) {
                Some(old) if old != entry.checksum => self.drop_unused(txn, old),
                _ => Ok(()),
            }
        })?)
    }

    /// Removes a service, and its bundle if nobody else has it; whether there was one.
    pub(crate) fn remove(&self, mount: &Mount) -> Result<bool> {
        Ok(self.database.run(&TransactionOptions::default(), |txn| {
            let collection = txn.collection(APPS)?;
            let Some(document) = txn.get(&collection, &key(mount))? else {
                return Ok(false);
            };
            one(txn.remove(&collection, vec![Selector::key(&key(mount))?], &options())?)?;
            if let Some(Value::String(checksum)) = document.get("checksum") {
                self.drop_unused(txn, &checksum)?;
            }
            Ok(true)
        })?)
    }

    /// Writes a bundle alone.
    pub(crate) fn store_bundle(&self, bundle: &Bundle) -> Result<()> {
        Ok(self.database.run(&TransactionOptions::default(), |txn| {
            self.put_bundle(txn, bundle)
        })?)
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
            self.put(txn, BUNDLES, &document.into())?;
        }
        Ok(())
    }

    /// Inserts or replaces; answers the document that was there.
    fn put(
        &self,
        txn: &mut Transaction,
        collection: &str,
        document: &Value,
    ) -> database::Result<Option<Value>> {
        let collection = txn.collection(collection)?;
        let options = WriteOptions {
            return_old: true,
            overwrite_mode: OverwriteMode::Replace,
            ..WriteOptions::default()
        };
        let result = one(txn.insert(&collection, vec![document.clone()], &options)?)?;
        result.old.map(|old| old.to_value()).transpose()
    }

    /// Removes a bundle that no service names.
    fn drop_unused(&self, txn: &mut Transaction, checksum: &str) -> database::Result<()> {
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

/// The only answer of a write to one document.
fn one(
    results: Vec<database::Result<database::WriteResult>>,
) -> database::Result<database::WriteResult> {
    results.into_iter().next().unwrap_or_else(|| {
        let code = error_codes::codes::INTERNAL;
        Err(database::Error::new(database::ErrorKind::Corrupt, code))
    })
}
