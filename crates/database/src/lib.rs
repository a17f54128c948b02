//! Databases, collections, indexes, documents, users and permissions over any storage engine.
//!
//! Charter: what documents, keys, revisions, collections and indexes mean, once, above the byte
//! seam of `store`; the key layout (`layout`); system data as documents read through typed models
//! ([`Users`]). A [`Database`] begins [`Transaction`]s, through which everything is read and
//! written; its catalog is an immutable snapshot that a committed change replaces.
//!
//! Does not know: queries, HTTP, JavaScript, files. It enforces no permission: it stores grants
//! and answers which level somebody has.
//!
//! Invariants
//! - A transaction sees one snapshot of the documents and the catalog that belongs to it.
//! - An index never disagrees with its documents, and a collection's count never with either
//!   (checked by [`verify`]).
//! - Identifiers and revisions are never used twice, also not after a crash or when the clock
//!   goes back.
//! - What `commit` acknowledged is durable. A conflict is an error of kind
//!   [`ErrorKind::Conflict`] and means that nothing was written.
//! - Changes of the catalog are transactions of their own, not part of a user's.
//! - A document is removed by a ttl index only in a transaction that saw it expired.
//!
//! Entry points: [`Databases::open`], [`Database::begin`], [`Database::run`],
//! [`Databases::remove_expired`], [`Databases::remove_discarded`].

#![warn(missing_docs)]

mod accesses;
mod catalog;
mod changes;
mod claims;
mod collection;
mod computed;
mod database;
mod databases;
mod discarded;
mod document;
mod error;
mod estimates;
mod exclusive;
mod expiry;
mod ids;
mod index;
mod key_generator;
mod layout;
mod locks;
mod merge;
mod names;
mod open_transactions;
mod revision;
mod schema;
mod seats;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod transaction;
mod unsynced;
mod users;
mod verify;
mod versions;

pub use collection::{Collection, CollectionChanges, CollectionKind, CollectionOptions};
pub use computed::{ComputedValues, Expression, Expressions};
pub use database::{CreatedIndex, Database};
pub use databases::{Databases, NewUser};
pub use document::{CollectionName, Document, DocumentKey, KEY_BYTES_MAX, parse_document_id};
pub use error::{Error, ErrorDocument, ErrorKind, Result};
pub use expiry::{Expiry, ExpiryLimits, ExpiryProperties, ExpiryReport, ExpiryStatistics};
pub use ids::{CollectionId, DatabaseId, IndexId};
pub use index::{Index, IndexKind};
pub use key_generator::{KeyGeneratorKind, KeyOptions};
pub use locks::LockRequest;
pub use open_transactions::{
    LeasedTransaction, OpenTransaction, OpenTransactions, TransactionId, TransactionStatus,
};
pub use revision::Revision;
pub use schema::{Schema, SchemaLevel};
pub use settings::{PasswordSettings, Settings};
pub use transaction::{
    Checksum, CollectionAccess, CollectionLocks, DocumentPage, ExpectedDocument, Figures,
    IndexEntries, IndexEntry, IndexPage, IndexRange, IndexScan, OverwriteMode, Position, Savepoint,
    Selector, Transaction, TransactionOptions, WriteOptions, WriteResult,
};
pub use unsynced::Unsynced;
pub use users::{AccessToken, DatabaseGrant, Level, User, UserChanges, Users};
pub use verify::{Difference, Verification, verify, verify_nothing_is_left};
