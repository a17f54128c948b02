//! The databases of a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use error_codes::codes;
use parking_lot::RwLock;
use platform::Platform;
use store::{Batch, BeginOptions, Engine, Txn};
use value::{Object, Value};

use crate::catalog::{self, Catalog, Change, to_bytes};
use crate::collection::CollectionOptions;
use crate::computed::Expressions;
use crate::database::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Expiry;
use crate::ids::DatabaseId;
use crate::open_transactions::OpenTransactions;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::unsynced::Unsynced;
use crate::users::{ANY, DatabaseGrant, Level, UserChanges, Users};
use crate::{layout, names};

/// The name of the database that is always there.
const SYSTEM: &str = "_system";

/// Collections of every database.
const SYSTEM_COLLECTIONS: &[&str] = &[
    "_analyzers",
    "_appbundles",
    "_apps",
    "_aqlfunctions",
    "_frontend",
    "_graphs",
    "_jobs",
    "_queues",
];

/// Further collections of `_system`.
const SERVER_COLLECTIONS: &[&str] = &["_statistics", "_statistics15", "_statisticsRaw", "_users"];

/// Indexes of system collections: collection, type, fields, unique.
/// `_jobs` as existing services see it; `_users` to find a user by name.
const SYSTEM_INDEXES: &[(&str, &str, &[&str], bool)] = &[
    (
        "_jobs",
        "skiplist",
        &["queue", "status", "delayUntil"],
        false,
    ),
    (
        "_jobs",
        "skiplist",
        &["status", "queue", "delayUntil"],
        false,
    ),
    ("_users", "hash", &["user"], true),
];

/// A user to be given a new database.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Name; an existing user keeps password and other data and only gets the grant.
    pub name: String,
    /// Password, in clear.
    pub password: String,
    /// Whether the user may log in.
    pub active: bool,
    /// Whatever the creator wants to remember.
    pub extra: Object,
}

/// The databases of one engine. Cloning is cheap; all clones are the same.
#[derive(Clone)]
pub struct Databases {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    list: RwLock<List>,
    users: Users,
    open_transactions: OpenTransactions,
}

struct List {
    revision: u64,
    by_name: BTreeMap<Arc<str>, Database>,
}

impl Databases {
    /// Opens the databases of an engine; at first opening creates `_system`. Removes what an
    /// interrupted index build left, unless others share the store.
    ///
    /// Errors: the engine's; damaged data.
    pub fn open(engine: Arc<dyn Engine>, platform: Platform, settings: Settings) -> Result<Self> {
        let shared = Arc::new(Shared::open(engine, platform, settings)?);
        let list = shared.retry(|| open_list(&shared))?;
        if !shared.engine.is_shared() {
            // Where others may be building them, see `adopt_index_builds`.
            for database in list.by_name.values() {
                database.drop_unfinished_indexes()?;
            }
        }
        let system = list
            .by_name
            .get(SYSTEM)
            .cloned()
            .expect("it was found or created above");
        Ok(Self {
            inner: Arc::new(Inner {
                users: Users::new(Arc::clone(&shared), system),
                open_transactions: OpenTransactions::new(Arc::clone(&shared)),
                shared,
                list: RwLock::new(list),
            }),
        })
    }

    /// Says what computed values are written in, at most once. Until then collections cannot
    /// get any, and those that have some refuse writes.
    pub fn set_expressions(&self, expressions: Arc<dyn Expressions>) {
        // A second language is ignored: what is compiled already would not change.
        let _ = self.inner.shared.expressions.set(expressions);
    }

    /// The database `_system`.
    pub fn system(&self) -> Database {
        self.find(SYSTEM)
            .expect("it is created at the first opening and never dropped")
    }

    /// A database by name. In a shared store one that was dropped elsewhere may be found until
    /// `shared_age_max` later; it refuses to begin transactions.
    pub fn find(&self, name: &str) -> Option<Database> {
        // Whoever begins a transaction is told what is wrong with the store.
        drop(self.refresh(self.inner.shared.settings.shared_age_max));
        let find = || self.inner.list.read().by_name.get(name).cloned();
        find().or_else(|| {
            drop(self.refresh(Duration::ZERO));
            find()
        })
    }

    /// Looks whether another process created or dropped a database, unless somebody looked at
    /// most `age_max` ago. Does nothing where nobody shares the store.
    fn refresh(&self, age_max: Duration) -> Result<()> {
        let shared = &self.inner.shared;
        if !shared.engine.is_shared() {
            return Ok(());
        }
        shared.refresh_versions(age_max)?;
        if self.inner.list.read().revision >= shared.versions.list() {
            return Ok(());
        }
        let mut list = self.inner.list.write();
        if list.revision < shared.versions.list() {
            self.reload(&mut list)?;
        }
        Ok(())
    }

    /// Reads the list again. Databases that are still there stay what they are; of those that
    /// are not, open transactions are rolled back.
    fn reload(&self, list: &mut List) -> Result<()> {
        let former = std::mem::replace(list, load_list(&self.inner.shared, list)?);
        for (name, database) in former.by_name {
            let is_there = list.by_name.get(&name).map(Database::id) == Some(database.id());
            if !is_there {
                database.set_dropped();
                self.inner.open_transactions.abort_all(&database, None);
            }
        }
        Ok(())
    }

    /// A database by name; errors: 1228.
    pub fn get(&self, name: &str) -> Result<Database> {
        self.find(name)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, codes::ARANGO_DATABASE_NOT_FOUND))
    }

    /// Whether writing is refused.
    pub fn is_read_only(&self) -> bool {
        self.inner.shared.is_read_only()
    }

    /// Refuses or allows writing, until the process ends: documents (1004), definitions of
    /// indexes and properties (1004), databases and collections (11). What was written in open
    /// transactions before can still be committed. What the server keeps for itself, such as
    /// estimates, is still written.
    pub fn set_read_only(&self, read_only: bool) {
        self.inner.shared.set_read_only(read_only);
    }

    /// How expired documents are removed, and how many were.
    pub fn expiry(&self) -> &Expiry {
        &self.inner.shared.expiry
    }

    /// A record for transactions that do not wait until they are durable.
    pub fn unsynced(&self) -> Unsynced {
        Unsynced::new(Arc::clone(&self.inner.shared.engine))
    }

    /// The names of all databases, sorted.
    pub fn names(&self) -> Vec<Arc<str>> {
        drop(self.refresh(self.inner.shared.settings.shared_age_max));
        self.inner.list.read().by_name.keys().cloned().collect()
    }

    /// Users and what they may do.
    pub fn users(&self) -> &Users {
        &self.inner.users
    }

    /// The transactions that clients hold open.
    pub fn open_transactions(&self) -> &OpenTransactions {
        &self.inner.open_transactions
    }

    /// Creates a database with its system collections and gives `users` the right to administer
    /// it; those that do not exist are created. Asks no permission.
    ///
    /// Errors: 1229, 1207, 32 (`databases_max`), 1700 (a user without name).
    pub fn create(&self, name: &str, users: &[NewUser]) -> Result<Database> {
        self.inner.shared.check_definable()?;
        names::check_database(name)?;
        if users.iter().any(|user| user.name.is_empty()) {
            return Err(Error::new(ErrorKind::Invalid, codes::USER_INVALID_NAME));
        }
        let database = self.inner.shared.retry(|| self.try_create(name))?;
        for user in users {
            self.inner.users.create_unless_exists(user)?;
            let level = Some(Level::ReadWrite);
            self.inner
                .users
                .set_database_level(&user.name, name, level)?;
        }
        Ok(database)
    }

    fn try_create(&self, name: &str) -> Result<Database> {
        let shared = &self.inner.shared;
        let mut list = self.inner.list.write();
        if list.by_name.contains_key(name) {
            let code = codes::ARANGO_DUPLICATE_NAME;
            let message = format!("{}: {name}", code.text());
            return Err(Error::with_message(ErrorKind::Exists, code, message));
        }
        let databases_max = shared.settings.databases_max;
        if list.by_name.len() >= databases_max {
            let message = format!("databases_max is {databases_max}");
            let code = codes::RESOURCE_LIMIT;
            let error = Error::with_message(ErrorKind::Limit, code, message);
            return Err(error.with_status(400));
        }
        let id = DatabaseId(shared.next_tick()?);
        let prepared = prepare_database(shared, id, name, list.revision);
        if prepared.as_ref().is_err_and(Error::is_conflict) {
            self.reload(&mut list)?;
        }
        let (txn, database, revision) = prepared?;
        let outcome = txn.commit();
        if let Err(error) = &outcome {
            let number = layout::encode_number(revision);
            if !shared.has_happened(error, &layout::server_revision(), Some(&number)) {
                let error = Error::from(error.clone());
                if error.is_conflict() {
                    self.reload(&mut list)?;
                }
                return Err(error);
            }
        }
        list.revision = revision;
        list.by_name.insert(name.into(), database.clone());
        outcome?;
        Ok(database)
    }

    /// Removes a database with all that is in it. Handles to it go on to exist and fail; its open
    /// transactions are rolled back.
    ///
    /// Errors: 1228; 11 for `_system`.
    pub fn drop(&self, name: &str) -> Result<()> {
        if name == SYSTEM {
            return Err(Error::new(ErrorKind::Forbidden, codes::FORBIDDEN));
        }
        self.inner.shared.check_definable()?;
        let database = self.find(name);
        self.inner.shared.retry(|| self.try_drop(name))?;
        if let Some(database) = database {
            self.inner.open_transactions.abort_all(&database, None);
        }
        self.inner.users.forget_database(name)
    }

    fn try_drop(&self, name: &str) -> Result<()> {
        let mut list = self.inner.list.write();
        let database = list
            .by_name
            .get(name)
            .cloned()
            .ok_or_else(|| Error::new(ErrorKind::NotFound, codes::ARANGO_DATABASE_NOT_FOUND))?;
        let next = self.inner.shared.revision_after(list.revision)?;
        let outcome = database.drop_everything(list.revision, next);
        if let Err(error) = &outcome {
            if error.is_conflict() {
                self.reload(&mut list)?;
                return outcome;
            }
            if !database.is_dropped() || error.kind() == ErrorKind::NotFound {
                return outcome;
            }
        }
        list.revision = next;
        list.by_name.remove(name);
        outcome
    }

    /// A new identifier of the server: for cursors, tasks and whatever needs one.
    ///
    /// Errors: the engine's.
    pub fn next_tick(&self) -> Result<u64> {
        self.inner.shared.next_tick()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// The engine beneath.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.inner.shared.engine
    }

    /// An orderly end: rolls open transactions back and ends waiting for locks, gives
    /// reservations back, then closes the engine.
    ///
    /// Errors: the engine's.
    pub fn close(&self) -> Result<()> {
        self.inner.shared.locks.close();
        self.inner.open_transactions.abort_everything();
        let databases: Vec<Database> = self.inner.list.read().by_name.values().cloned().collect();
        self.save_all_estimates()?;
        for database in databases {
            database.release_keys()?;
        }
        self.inner.shared.release_ticks()?;
        Ok(self.inner.shared.engine.close()?)
    }

    /// Creates `root` with all rights unless there is one. Returns whether it did.
    ///
    /// Errors: the engine's.
    pub fn ensure_root(&self, password: &str) -> Result<bool> {
        const ROOT: &str = "root";
        let users = &self.inner.users;
        if users.find(ROOT)?.is_some() {
            return Ok(false);
        }
        let changes = UserChanges {
            password: Some(password.to_owned()),
            ..UserChanges::default()
        };
        // With the user, in one transaction: a root without rights could not be mended.
        let everything = DatabaseGrant {
            level: Some(Level::ReadWrite),
            collections: BTreeMap::from([(ANY.to_owned(), Level::ReadWrite)]),
        };
        let grants = BTreeMap::from([(ANY.to_owned(), everything)]);
        match users.create_with_grants(ROOT, &changes, grants) {
            // Another process was first.
            Err(error) if error.code() == codes::USER_DUPLICATE => Ok(false),
            created => created.map(|_| true),
        }
    }
}

/// The list, after creating `_system` unless it is there.
fn open_list(shared: &Arc<Shared>) -> Result<List> {
    let nothing = List {
        revision: 0,
        by_name: BTreeMap::new(),
    };
    let mut list = load_list(shared, &nothing)?;
    if !list.by_name.contains_key(SYSTEM) {
        let (txn, database, revision) =
            prepare_database(shared, DatabaseId::SYSTEM, SYSTEM, list.revision)?;
        txn.commit()?;
        list.revision = revision;
        list.by_name.insert(SYSTEM.into(), database);
    }
    Ok(list)
}

/// The list as it is stored, with those databases that `former` has.
fn load_list(shared: &Arc<Shared>, former: &List) -> Result<List> {
    let mut txn = shared.engine.begin(BeginOptions::read_only())?;
    let revision = catalog::read_revision(txn.as_mut(), DatabaseId(0))?;
    let mut by_name = BTreeMap::new();
    for (key, definition) in catalog::scan_definitions(txn.as_mut(), layout::databases())? {
        let id = DatabaseId(catalog::id_at(&key, 1)?);
        let name: Arc<str> = definition.get("name").as_str().unwrap_or_default().into();
        if let Some(known) = former.by_name.get(&name).filter(|known| known.id() == id) {
            by_name.insert(name, known.clone());
            continue;
        }
        let former = Catalog::default();
        let catalog = Catalog::load(txn.as_mut(), id, &former, &shared.settings)?;
        let database = Database::new(Arc::clone(shared), id, Arc::clone(&name), catalog);
        by_name.insert(name, database);
    }
    Ok(List { revision, by_name })
}

/// A transaction that creates a database, not committed; the database; the list's next revision.
fn prepare_database(
    shared: &Arc<Shared>,
    id: DatabaseId,
    name: &str,
    revision: u64,
) -> Result<(Box<dyn Txn>, Database, u64)> {
    let mut txn = shared.engine.begin(BeginOptions::read_write())?;
    catalog::check_list(txn.as_mut(), revision)?;
    let mut change = Change {
        txn: txn.as_mut(),
        shared,
        database: id,
        catalog: Catalog::default(),
        batch: Batch::new(),
    };
    create_system_collections(&mut change)?;
    let Change {
        mut catalog,
        mut batch,
        ..
    } = change;
    catalog.revision = shared.revision_after(0)?;
    let first = layout::encode_number(catalog.revision);
    batch.put(layout::catalog_revision(id), first);
    let definition = Value::object([("name", name)].into_iter().collect());
    batch.put(layout::database(id), to_bytes(&definition));
    let revision = shared.revision_after(revision)?;
    batch.put(layout::server_revision(), layout::encode_number(revision));
    txn.write(batch)?;
    let database = Database::new(Arc::clone(shared), id, name.into(), catalog);
    Ok((txn, database, revision))
}

fn create_system_collections(change: &mut Change<'_>) -> Result<()> {
    let server: &[&str] = match change.database {
        DatabaseId::SYSTEM => SERVER_COLLECTIONS,
        _ => &[],
    };
    for name in SYSTEM_COLLECTIONS.iter().chain(server) {
        let mut collection = change.create_collection(&CollectionOptions {
            is_system: true,
            ..CollectionOptions::new(*name)
        })?;
        for (_, type_name, fields, unique) in SYSTEM_INDEXES
            .iter()
            .filter(|(collection, ..)| collection == name)
        {
            let mut definition = Object::new();
            definition.insert("type", *type_name);
            let fields = fields.iter().map(|field| Value::from(*field)).collect();
            definition.insert("fields", Value::array(fields));
            definition.insert("unique", *unique);
            collection = change
                .add_index(&collection, &Value::object(definition), false)?
                .0;
        }
    }
    Ok(())
}
