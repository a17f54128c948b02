//! What the running code may touch: the rights of the user whose request it answers.
//!
//! Requests without a login, scripts and a service's own loading have all rights, as has every
//! request where the server asks for no logins.
//! Source: public documentation, "Foxx Microservices / Guides / Authentication and Sessions" and
//! "Managing users / Access levels".

use std::sync::Arc;

use database::{
    Collection, CollectionAccess, Database, DatabaseId, Error, ErrorKind, Level, Transaction, User,
};
use error_codes::codes;

use super::{Context, OpError};

impl Context {
    /// A collection that may be read.
    pub(super) fn readable(
        &self,
        txn: &Transaction,
        name: &str,
    ) -> database::Result<Arc<Collection>> {
        let collection = txn.collection(name)?;
        self.allow(txn.database().name(), collection.name(), Level::ReadOnly)?;
        Ok(collection)
    }

    /// A collection that may be written.
    pub(super) fn writable(
        &self,
        txn: &Transaction,
        name: &str,
    ) -> database::Result<Arc<Collection>> {
        let collection = txn.collection(name)?;
        self.allow(txn.database().name(), collection.name(), Level::ReadWrite)?;
        Ok(collection)
    }

    /// Errors: 11 unless the collection may be used so.
    pub(super) fn allow(
        &self,
        database: &str,
        collection: &str,
        wanted: Level,
    ) -> database::Result<()> {
        let Some(user) = self.limited_user() else {
            return Ok(());
        };
        let users = self.shared.databases.users();
        check(users.collection_level(&user, database, collection)?, wanted)
    }

    /// Errors: 11 unless the database may be used so.
    pub(super) fn allow_database(&self, database: &str, wanted: Level) -> database::Result<()> {
        let Some(user) = self.limited_user() else {
            return Ok(());
        };
        let users = self.shared.databases.users();
        check(users.database_level(&user, database)?, wanted)
    }

    /// The current database, for a change of its collections or indexes; inside a transaction
    /// that is not possible.
    ///
    /// Errors: 1653, 11.
    pub(super) fn administered(&self) -> Result<Database, OpError> {
        self.outside_transaction()?;
        let database = self.database()?;
        self.allow_database(database.name(), Level::ReadWrite)?;
        Ok(database)
    }

    /// For operations that see only what is durable: returns when that is all that the code has
    /// done. Errors: 1653 inside a transaction.
    pub(super) fn outside_transaction(&self) -> Result<(), OpError> {
        if self.transaction.borrow().is_none() {
            return self.settle();
        }
        Err(codes::TRANSACTION_DISALLOWED_OPERATION.into())
    }

    /// The collections that code with limited rights may touch; `None` for all. Functions of a
    /// query reach documents whose collections its text does not name.
    pub(super) fn access(
        &self,
        database: &Database,
    ) -> database::Result<Option<Arc<CollectionAccess>>> {
        let Some(name) = self.limited_user() else {
            return Ok(None);
        };
        let user = self.shared.databases.users().find(&name)?;
        let of = AccessOf {
            user,
            database: database.id(),
            catalog: database.catalog_revision(),
        };
        let mut known = self.known_access.borrow_mut();
        if let Some((known_of, access)) = &*known
            && known_of.is_same(&of)
        {
            return Ok(access.clone());
        }
        let access = access_of(of.user.as_deref(), database);
        *known = Some((of, access.clone()));
        Ok(access)
    }
}

/// What decides about the collections that a user may touch.
pub(super) struct AccessOf {
    user: Option<Arc<User>>,
    database: DatabaseId,
    catalog: u64,
}

impl AccessOf {
    fn is_same(&self, other: &Self) -> bool {
        let same_user = match (&self.user, &other.user) {
            // A user who is changed is another value, and this one is kept.
            (Some(user), Some(other)) => Arc::ptr_eq(user, other),
            (None, None) => true,
            _ => false,
        };
        same_user && self.database == other.database && self.catalog == other.catalog
    }
}

fn access_of(user: Option<&User>, database: &Database) -> Option<Arc<CollectionAccess>> {
    let mut access = CollectionAccess {
        is_by_rights: true,
        ..CollectionAccess::default()
    };
    let mut is_limited = false;
    for collection in database.collections() {
        let name = collection.name();
        let level = user.map_or(Level::None, |user| {
            user.collection_level(database.name(), name)
        });
        match level {
            Level::ReadWrite => access.write.push(name.to_owned()),
            Level::ReadOnly => {
                is_limited = true;
                access.read.push(name.to_owned());
            }
            Level::None => is_limited = true,
        }
    }
    is_limited.then(|| Arc::new(access))
}

fn check(level: Level, wanted: Level) -> database::Result<()> {
    if level >= wanted {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, codes::FORBIDDEN))
}
