//! The key layout: every byte this crate puts into the store.
//!
//! All numbers are unsigned, 64 bits, most significant byte first. `docs/design/key-layout.md`
//! has the same table with examples.
//!
//! ```text
//! 01 <name>                                   one value for the whole server
//! 02 <database>                               revision of a database's catalog (0: the server's)
//! 03 <database>                               definition of a database, JSON
//! 04 <database> <collection>                  definition of a collection, JSON
//! 05 <database> <collection> <index>          definition of an index, JSON
//! 06 <keyspace>                               number of documents, a counter of the engine
//! 07 <collection>                             end of the reserved generated keys, a number
//! 08 <collection>                             shape: written by a change of the collection's
//!                                             indexes, name or existence, guarded by writers;
//!                                             in a shared store who has it exclusively, if any
//! 09 <index>                                  estimates, see `index::estimate`
//! 0a <tag> <keyspace>                         discarded: all keys under the tag (10 or 20) and the
//!                                             number are to be removed, see `discarded`
//! 0b <seat>                                   who has a seat, and the end of its identifiers
//! 0c <seat>                                   sign of life of who has it
//! 0d <name>                                   who does a task for all
//! 0e <index>                                  who builds the index
//! 0f <keyspace>                               commits that wrote documents there, a counter of
//!                                             the engine
//! 10 <keyspace> <key>                         a document, JSON
//! 20 <keyspace> <value>... <key>              an entry of an index that is not unique
//! 20 <keyspace> <value>...                    an entry of a unique index
//! ```
//!
//! A keyspace is the number of the collection or index, until truncating gives another one.
//!
//! A `<value>` is in the order-preserving form of [`value::key`], which tells its own end, so
//! the document key is what follows the last value. The value of an entry:
//!
//! ```text
//! not unique:                         <payload>
//! unique:       <key length: 1 byte> <key> <payload>
//! payload:      nothing, or the indexed and the stored values as a JSON array, if the index
//!               stores values or the entry's key does not tell them exactly
//! ```
//!
//! Two transactions that give one unique value to two documents write the same key, so that the
//! engine's first-writer-wins decides between them.

use bytes::Bytes;
use store::KeyRange;

use crate::ids::{CollectionId, DatabaseId, IndexId, Keyspace};

const SERVER: u8 = 0x01;
const CATALOG_REVISION: u8 = 0x02;
const DATABASE: u8 = 0x03;
const COLLECTION: u8 = 0x04;
const INDEX: u8 = 0x05;
const COUNT: u8 = 0x06;
const GENERATED: u8 = 0x07;
const SHAPE: u8 = 0x08;
const ESTIMATE: u8 = 0x09;
const DISCARDED: u8 = 0x0a;
const SEAT: u8 = 0x0b;
const LIFE: u8 = 0x0c;
const TASK: u8 = 0x0d;
const BUILDER: u8 = 0x0e;
const REVISION: u8 = 0x0f;
const DOCUMENT: u8 = 0x10;
const ENTRY: u8 = 0x20;

/// What a collection owns by its number, and what it is called.
pub(crate) const OF_COLLECTIONS: &[(u8, &str)] =
    &[(GENERATED, "reservation of keys"), (SHAPE, "shape")];

/// The same by the keyspace of its documents.
pub(crate) const OF_DOCUMENTS: &[(u8, &str)] = &[
    (COUNT, "count"),
    (REVISION, "revision"),
    (DOCUMENT, "document"),
];

/// What an index owns by its number, and what it is called.
pub(crate) const OF_INDEXES: &[(u8, &str)] = &[(ESTIMATE, "estimate"), (BUILDER, "builder")];

/// The same by the keyspace of its entries.
pub(crate) const OF_ENTRIES: &[(u8, &str)] = &[(ENTRY, "index entry")];

/// Bytes before the key of a document and before the values of an entry.
pub(crate) const PREFIX_BYTES: usize = 9;

/// Where the largest identifier that may have been given out is kept.
pub(crate) const TICK_CEILING: &str = "tick-ceiling";

/// A counter of the commits that wrote to the collection of users of a shared store.
pub(crate) const USERS_VERSION: &str = "users-version";

pub(crate) fn server_value(name: &str) -> Bytes {
    let mut key = Vec::with_capacity(1 + name.len());
    key.push(SERVER);
    key.extend_from_slice(name.as_bytes());
    key.into()
}

/// The revision of the list of databases.
pub(crate) fn server_revision() -> Bytes {
    numbers(CATALOG_REVISION, &[0])
}

pub(crate) fn catalog_revision(database: DatabaseId) -> Bytes {
    numbers(CATALOG_REVISION, &[database.0])
}

pub(crate) fn database(database: DatabaseId) -> Bytes {
    numbers(DATABASE, &[database.0])
}

pub(crate) fn databases() -> KeyRange {
    KeyRange::prefix(vec![DATABASE])
}

pub(crate) fn collection(database: DatabaseId, collection: CollectionId) -> Bytes {
    numbers(COLLECTION, &[database.0, collection.0])
}

pub(crate) fn collections(database: DatabaseId) -> KeyRange {
    KeyRange::prefix(numbers(COLLECTION, &[database.0]))
}

pub(crate) fn index(database: DatabaseId, collection: CollectionId, index: IndexId) -> Bytes {
    numbers(INDEX, &[database.0, collection.0, index.0])
}

pub(crate) fn indexes(database: DatabaseId) -> KeyRange {
    KeyRange::prefix(numbers(INDEX, &[database.0]))
}

pub(crate) fn count(keyspace: Keyspace) -> Bytes {
    numbers(COUNT, &[keyspace.0])
}

pub(crate) fn generated(collection: CollectionId) -> Bytes {
    numbers(GENERATED, &[collection.0])
}

pub(crate) fn shape(collection: CollectionId) -> Bytes {
    numbers(SHAPE, &[collection.0])
}

pub(crate) fn revision(keyspace: Keyspace) -> Bytes {
    numbers(REVISION, &[keyspace.0])
}

pub(crate) fn estimate(index: IndexId) -> Bytes {
    numbers(ESTIMATE, &[index.0])
}

pub(crate) fn seat(seat: u64) -> Bytes {
    numbers(SEAT, &[seat])
}

pub(crate) fn seats() -> KeyRange {
    KeyRange::prefix(vec![SEAT])
}

pub(crate) fn life(seat: u64) -> Bytes {
    numbers(LIFE, &[seat])
}

pub(crate) fn lives() -> KeyRange {
    KeyRange::prefix(vec![LIFE])
}

pub(crate) fn task(name: &str) -> Bytes {
    let mut key = Vec::with_capacity(1 + name.len());
    key.push(TASK);
    key.extend_from_slice(name.as_bytes());
    key.into()
}

pub(crate) fn builder(index: IndexId) -> Bytes {
    numbers(BUILDER, &[index.0])
}

/// What was left behind and is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Discarded {
    /// Documents and their count.
    Documents(Keyspace),
    /// Entries of an index.
    Entries(Keyspace),
}

impl Discarded {
    /// The key that says so; its value is empty.
    pub fn mark(self) -> Bytes {
        let (tag, keyspace) = match self {
            Self::Documents(keyspace) => (DOCUMENT, keyspace),
            Self::Entries(keyspace) => (ENTRY, keyspace),
        };
        let mut key = vec![DISCARDED, tag];
        key.extend_from_slice(&keyspace.0.to_be_bytes());
        key.into()
    }

    /// Reads what [`Self::mark`] wrote; `None` for anything else.
    pub fn parse(mark: &[u8]) -> Option<Self> {
        let keyspace = Keyspace(decode_number(mark.get(2..)?)?);
        match mark {
            [DISCARDED, DOCUMENT, ..] => Some(Self::Documents(keyspace)),
            [DISCARDED, ENTRY, ..] => Some(Self::Entries(keyspace)),
            _ => None,
        }
    }

    /// The keys that are to be removed, but for the count.
    pub fn range(self) -> KeyRange {
        match self {
            Self::Documents(keyspace) => documents(keyspace),
            Self::Entries(keyspace) => entries(keyspace),
        }
    }
}

/// All marks of what is discarded.
pub(crate) fn discarded() -> KeyRange {
    KeyRange::prefix(vec![DISCARDED])
}

pub(crate) fn document(keyspace: Keyspace, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + key.len());
    bytes.push(DOCUMENT);
    bytes.extend_from_slice(&keyspace.0.to_be_bytes());
    bytes.extend_from_slice(key);
    bytes
}

/// Whether a stored key is that of a document.
pub(crate) fn is_document(stored: &[u8]) -> bool {
    stored.first() == Some(&DOCUMENT)
}

pub(crate) fn documents(keyspace: Keyspace) -> KeyRange {
    KeyRange::prefix(numbers(DOCUMENT, &[keyspace.0]))
}

/// The start of every entry of an index.
pub(crate) fn entry_prefix(keyspace: Keyspace) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + 32);
    bytes.push(ENTRY);
    bytes.extend_from_slice(&keyspace.0.to_be_bytes());
    bytes
}

pub(crate) fn entries(keyspace: Keyspace) -> KeyRange {
    KeyRange::prefix(entry_prefix(keyspace))
}

/// The key of a document from the key of its entry in the store.
pub(crate) fn document_key(stored: &Bytes) -> Bytes {
    stored.slice(PREFIX_BYTES.min(stored.len())..)
}

pub(crate) fn encode_number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

/// Reads what [`encode_number`] wrote; `None` for any other length.
pub(crate) fn decode_number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// Numbers one after the other.
pub(crate) fn encode_numbers<const N: usize>(all: [u64; N]) -> Bytes {
    all.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Reads what [`encode_numbers`] wrote; `None` for any other length.
pub(crate) fn decode_numbers<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let chunks: &[[u8; 8]; N] = chunks.try_into().ok().filter(|_| rest.is_empty())?;
    Some(chunks.map(u64::from_be_bytes))
}

fn numbers(tag: u8, parts: &[u64]) -> Bytes {
    let mut key = Vec::with_capacity(1 + 8 * parts.len());
    key.push(tag);
    for part in parts {
        key.extend_from_slice(&part.to_be_bytes());
    }
    key.into()
}
