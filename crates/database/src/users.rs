//! Users, their passwords and grants: documents of `_users` in `_system`, read through a typed
//! model.

mod gate;
mod model;
mod password;
mod token;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use error_codes::codes;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::{Mutex, RwLock};
use sha2::Sha256;
use value::{Object, Value};

use gate::Gate;
pub(crate) use model::ANY;
pub use model::{DatabaseGrant, Level, User};
pub use token::AccessToken;

use crate::collection::Collection;
use crate::database::Database;
use crate::databases::NewUser;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::shared::Shared;
use crate::transaction::{Selector, Transaction, TransactionOptions, WriteOptions};

const COLLECTION: &str = "_users";

/// What to set of a user; `None` leaves it, or takes the default for a new user.
#[derive(Clone, Debug, Default)]
pub struct UserChanges {
    /// Password, in clear; a new user has the empty one by default.
    pub password: Option<String>,
    /// Whether the user may log in; by default yes.
    pub active: Option<bool>,
    /// Whatever the creator wants to remember; by default an empty object.
    pub extra: Option<Object>,
}

/// Users of a server. Reads come from a snapshot in memory that a commit to `_users` replaces.
pub struct Users {
    shared: Arc<Shared>,
    system: Database,
    cache: RwLock<Option<Cache>>,
    logins: Mutex<HashMap<String, Login>>,
    gate: Gate,
    /// Keys the digests of [`Login`]; new at each start.
    secret: [u8; 32],
}

struct Cache {
    generation: u64,
    by_name: HashMap<String, Arc<User>>,
}

/// A login that was verified: valid as long as the user's password hash is this one.
struct Login {
    hash: String,
    digest: [u8; 32],
}

impl Users {
    pub(crate) fn new(shared: Arc<Shared>, system: Database) -> Self {
        let mut secret = [0; 32];
        shared.platform.random.fill(&mut secret);
        Self {
            gate: Gate::new(shared.settings.password_hashes_max),
            shared,
            system,
            cache: RwLock::default(),
            logins: Mutex::default(),
            secret,
        }
    }

    /// A user by name. Errors: the engine's, damaged data.
    ///
    /// In a shared store what other processes changed is seen `shared_age_max` later at the
    /// latest, a new user at once.
    pub fn find(&self, name: &str) -> Result<Option<Arc<User>>> {
        let find = || self.with_all(|all| all.get(name).cloned());
        let found = find()?;
        if found.is_none() && self.shared.engine.is_shared() {
            self.shared.refresh_now()?;
            return find();
        }
        Ok(found)
    }

    /// A user by name; errors: 1703.
    pub fn get(&self, name: &str) -> Result<Arc<User>> {
        self.find(name)?.ok_or_else(not_found)
    }

    /// All users, in order of names. Errors: as [`Self::find`].
    pub fn list(&self) -> Result<Vec<Arc<User>>> {
        let mut users: Vec<_> = self.with_all(|all| all.values().cloned().collect())?;
        users.sort_by(|a: &Arc<User>, b| a.name.cmp(&b.name));
        Ok(users)
    }

    /// The user, if there is an active one with this name and password. The first time costs a
    /// password hash, further times a digest. At most `password_hashes_max` hashes are computed
    /// at once; further calls wait. An access token does for the password, and then also for
    /// the name, which may be empty.
    ///
    /// Errors: as [`Self::find`].
    pub fn authenticate(&self, name: &str, password: &str) -> Result<Option<Arc<User>>> {
        if let Some(user) = self.find_by_token(name, password)? {
            return Ok(Some(user));
        }
        let Some(user) = self.find(name)?.filter(|user| user.active) else {
            // Takes as long as for a user that exists, so that names cannot be probed.
            self.hash(password)?;
            return Ok(None);
        };
        let digest = self.digest(name, password);
        if self.is_remembered(&user, &digest) {
            return Ok(Some(user));
        }
        if self.shared.engine.is_shared() {
            // Another process may have changed the password, or made the token.
            self.shared.refresh_now()?;
            if let Some(user) = self.find_by_token(name, password)? {
                return Ok(Some(user));
            }
        }
        let Some(user) = self.find(name)?.filter(|user| user.active) else {
            return Ok(None);
        };
        let _pass = self.gate.enter();
        // Of many first requests of one client, the one that was ahead has done the work.
        if self.is_remembered(&user, &digest) {
            return Ok(Some(user));
        }
        if !password::verify(password, &user.password)? {
            return Ok(None);
        }
        let mut logins = self.logins.lock();
        if logins.len() >= self.shared.settings.verified_logins_max {
            logins.clear();
        }
        let hash = user.password.clone();
        logins.insert(name.to_owned(), Login { hash, digest });
        Ok(Some(user))
    }

    fn find_by_token(&self, name: &str, text: &str) -> Result<Option<Arc<User>>> {
        let claimed = token::claimed_user(text).filter(|user| name.is_empty() || name == user);
        let Some(claimed) = claimed else {
            return Ok(None);
        };
        let digest = token::digest(text);
        let now_s = self.now_s();
        let accepts = |user: &Arc<User>| {
            let mut tokens = user.tokens.iter();
            user.active && tokens.any(|token| token.is_valid(now_s) && token.is(&digest))
        };
        Ok(self.find(&claimed)?.filter(accepts))
    }

    /// Seconds since 1970.
    fn now_s(&self) -> u64 {
        self.shared.platform.clock.unix_ms() / 1000
    }

    /// Makes an access token for a user, which ends at a second since 1970 or never. Its text is
    /// shown here only.
    ///
    /// Errors: 1703; 400 (no name, or over already), 409 (the user has one of this name), 32
    /// (`access_tokens_max`).
    pub fn create_token(
        &self,
        user: &str,
        name: &str,
        valid_until_s: Option<u64>,
    ) -> Result<(AccessToken, String)> {
        let invalid = |text: &str| {
            let code = codes::HTTP_BAD_PARAMETER;
            Error::with_message(ErrorKind::Invalid, code, text.to_owned())
        };
        let (created_s, end_s) = (self.now_s(), valid_until_s.unwrap_or(token::NEVER_S));
        if name.is_empty() {
            return Err(invalid("an access token needs a name"));
        }
        if end_s <= created_s || end_s > token::NEVER_S {
            return Err(invalid("valid_until must be in the future"));
        }
        let mut random = [0; 16];
        self.shared.platform.random.fill(&mut random);
        let text = token::issue(user, &random, created_s, end_s);
        let tokens_max = self.shared.settings.access_tokens_max;
        let changed = self.edit(user, |user| {
            if user.tokens.iter().any(|token| token.name == name) {
                let text = format!("there is an access token '{name}' already");
                let code = codes::HTTP_CONFLICT;
                return Err(Error::with_message(ErrorKind::Exists, code, text));
            }
            let tokens = user.tokens.len();
            if tokens >= tokens_max {
                let error = Error::resource_limit("access_tokens_max", tokens_max, tokens + 1);
                return Err(error.with_status(400));
            }
            user.tokens_made += 1;
            user.tokens.push(AccessToken {
                id: user.tokens_made,
                name: name.to_owned(),
                created_s,
                valid_until_s: end_s,
                fingerprint: token::fingerprint(&text),
                digest: token::digest(&text),
            });
            Ok(())
        })?;
        let made = changed.tokens.iter().find(|token| token.name == name);
        // Somebody may have removed it already.
        let made = made.cloned().ok_or_else(not_found)?;
        Ok((made, text))
    }

    /// Removes an access token. Errors: 1703; 404 (no such token).
    pub fn remove_token(&self, user: &str, id: u64) -> Result<()> {
        self.edit(user, |user| {
            let before = user.tokens.len();
            user.tokens.retain(|token| token.id != id);
            if user.tokens.len() == before {
                let text = format!("there is no access token {id}");
                let code = codes::HTTP_NOT_FOUND;
                return Err(Error::with_message(ErrorKind::NotFound, code, text));
            }
            Ok(())
        })?;
        Ok(())
    }

    /// The same as [`Self::authenticate`] for who has logged in with this password before; never
    /// waits for a password hash. `None` says nothing about others.
    ///
    /// Errors: as [`Self::find`].
    pub fn recall(&self, name: &str, password: &str) -> Result<Option<Arc<User>>> {
        let user = self.find(name)?.filter(|user| user.active);
        Ok(user.filter(|user| self.is_remembered(user, &self.digest(name, password))))
    }

    /// Creates a user without any grant. Errors: 1700 (empty name), 1702 (exists).
    pub fn create(&self, name: &str, changes: &UserChanges) -> Result<Arc<User>> {
        self.create_with_grants(name, changes, BTreeMap::new())
    }

    pub(crate) fn create_with_grants(
        &self,
        name: &str,
        changes: &UserChanges,
        grants: BTreeMap<String, DatabaseGrant>,
    ) -> Result<Arc<User>> {
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, codes::USER_INVALID_NAME));
        }
        let mut user = User {
            name: name.to_owned(),
            active: true,
            extra: Value::object(Object::new()),
            grants,
            tokens: Vec::new(),
            tokens_made: 0,
            password: self.hash(changes.password.as_deref().unwrap_or_default())?,
        };
        let others = UserChanges {
            password: None,
            ..changes.clone()
        };
        self.apply(&mut user, &others)?;
        self.system
            .run(&TransactionOptions::default(), |transaction| {
                let collection = transaction.collection(COLLECTION)?;
                let documents = vec![user.to_document()];
                let results =
                    transaction.insert(&collection, documents, &WriteOptions::default())?;
                results.into_iter().try_for_each(|result| {
                    result.map(drop).map_err(|error| match error.kind() {
                        ErrorKind::Exists => Error::new(ErrorKind::Exists, codes::USER_DUPLICATE),
                        _ => error,
                    })
                })
            })?;
        self.get(name)
    }

    /// Changes what is given. Errors: 1703.
    pub fn change(&self, name: &str, changes: &UserChanges) -> Result<Arc<User>> {
        // Hashed once, however often the transaction is tried.
        let hash = changes
            .password
            .as_deref()
            .map(|password| self.hash(password));
        let hash = hash.transpose()?;
        let others = UserChanges {
            password: None,
            ..changes.clone()
        };
        self.edit(name, |user| {
            if let Some(hash) = &hash {
                user.password.clone_from(hash);
            }
            self.apply(user, &others)
        })
    }

    /// Sets everything, what is not given to its default. Errors: 1703.
    pub fn replace(&self, name: &str, changes: &UserChanges) -> Result<Arc<User>> {
        let complete = UserChanges {
            password: Some(changes.password.clone().unwrap_or_default()),
            active: Some(changes.active.unwrap_or(true)),
            extra: Some(changes.extra.clone().unwrap_or_default()),
        };
        self.change(name, &complete)
    }

    /// Removes a user. Errors: 1703.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.system
            .run(&TransactionOptions::default(), |transaction| {
                let (collection, document) = find_document(transaction, name)?;
                let selector = Selector::parse(&collection, &document.id().into(), true)?;
                let results =
                    transaction.remove(&collection, vec![selector], &WriteOptions::default())?;
                results.into_iter().try_for_each(|result| result.map(drop))
            })
    }

    /// Grants a level for a database (`*`: for any), or takes the grant away.
    ///
    /// Errors: 1703.
    pub fn set_database_level(
        &self,
        name: &str,
        database: &str,
        level: Option<Level>,
    ) -> Result<()> {
        self.edit(name, |user| {
            user.grants.entry(database.to_owned()).or_default().level = level;
            tidy(user);
            Ok(())
        })?;
        Ok(())
    }

    /// Grants a level for a collection (`*`: for any), or takes the grant away.
    ///
    /// Errors: 1703.
    pub fn set_collection_level(
        &self,
        name: &str,
        database: &str,
        collection: &str,
        level: Option<Level>,
    ) -> Result<()> {
        self.edit(name, |user| {
            let grant = user.grants.entry(database.to_owned()).or_default();
            match level {
                Some(level) => grant.collections.insert(collection.to_owned(), level),
                None => grant.collections.remove(collection),
            };
            tidy(user);
            Ok(())
        })?;
        Ok(())
    }

    /// The effective level for a database; none for an unknown user. Errors: the engine's.
    pub fn database_level(&self, name: &str, database: &str) -> Result<Level> {
        let user = self.find(name)?;
        Ok(user.map_or(Level::None, |user| user.database_level(database)))
    }

    /// The effective level for a collection; none for an unknown user. Errors: the engine's.
    pub fn collection_level(&self, name: &str, database: &str, collection: &str) -> Result<Level> {
        let user = self.find(name)?;
        Ok(user.map_or(Level::None, |user| {
            user.collection_level(database, collection)
        }))
    }

    pub(crate) fn create_unless_exists(&self, user: &NewUser) -> Result<()> {
        if self.find(&user.name)?.is_some() {
            return Ok(());
        }
        let changes = UserChanges {
            password: Some(user.password.clone()),
            active: Some(user.active),
            extra: Some(user.extra.clone()),
        };
        match self.create(&user.name, &changes) {
            Err(error) if error.code() == codes::USER_DUPLICATE => Ok(()),
            other => other.map(drop),
        }
    }

    /// Takes away the grants for a database that was dropped.
    pub(crate) fn forget_database(&self, database: &str) -> Result<()> {
        for user in self.list()? {
            if user.grants.contains_key(database) {
                self.edit(&user.name, |user| {
                    user.grants.remove(database);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn is_remembered(&self, user: &User, digest: &[u8]) -> bool {
        self.logins.lock().get(&user.name).is_some_and(|login| {
            login.hash == user.password && password::is_equal(&login.digest, digest)
        })
    }

    fn hash(&self, password: &str) -> Result<String> {
        let _pass = self.gate.enter();
        password::hash(
            password,
            self.shared.settings.password,
            &*self.shared.platform.random,
        )
    }

    fn apply(&self, user: &mut User, changes: &UserChanges) -> Result<()> {
        if let Some(password) = &changes.password {
            user.password = self.hash(password)?;
        }
        if let Some(active) = changes.active {
            user.active = active;
        }
        if let Some(extra) = &changes.extra {
            user.extra = Value::object(extra.clone());
        }
        Ok(())
    }

    fn edit(&self, name: &str, edit: impl Fn(&mut User) -> Result<()>) -> Result<Arc<User>> {
        self.system
            .run(&TransactionOptions::default(), |transaction| {
                let (collection, document) = find_document(transaction, name)?;
                let mut user = User::from_document(&document.to_value()?)?;
                edit(&mut user)?;
                let selector = Selector::parse(&collection, &document.id().into(), true)?;
                let changes = vec![(selector, user.to_document())];
                let results =
                    transaction.replace(&collection, changes, &WriteOptions::default())?;
                results.into_iter().try_for_each(|result| result.map(drop))
            })?;
        self.get(name)
    }

    fn digest(&self, name: &str, password: &str) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key of any length is accepted");
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Asks the snapshot, after loading it anew if a commit wrote to `_users`.
    fn with_all<T>(&self, ask: impl FnOnce(&HashMap<String, Arc<User>>) -> T) -> Result<T> {
        let is_shared = self.shared.engine.is_shared();
        // Read before loading: a commit in between makes the next call load again.
        let generation = if is_shared {
            let age_max = self.shared.settings.shared_age_max;
            self.shared.refresh_versions(age_max)?;
            self.shared.versions.users()
        } else {
            self.shared.users_generation.load(Ordering::Acquire)
        };
        if let Some(cache) = &*self.cache.read()
            && cache.generation == generation
        {
            return Ok(ask(&cache.by_name));
        }
        let mut transaction = self.system.begin(TransactionOptions::read_only())?;
        let by_name = load_all(&mut transaction)?;
        let generation = if is_shared {
            transaction.users_version()
        } else {
            generation
        };
        let result = ask(&by_name);
        *self.cache.write() = Some(Cache {
            generation,
            by_name,
        });
        Ok(result)
    }
}

/// Every user of a snapshot.
fn load_all(transaction: &mut Transaction) -> Result<HashMap<String, Arc<User>>> {
    let collection = transaction.collection(COLLECTION)?;
    let mut all = HashMap::new();
    let mut position = None;
    loop {
        let limit = store::Scan::ENTRIES_DEFAULT;
        let page = transaction.scan(&collection, position.as_ref(), limit)?;
        for document in page.documents {
            match User::from_document(&document.to_value()?) {
                Ok(user) => {
                    all.insert(user.name.clone(), Arc::new(user));
                }
                // One odd document, which an administrator may have written, must not lock
                // everybody out.
                Err(error) => {
                    tracing::warn!(id = document.id(), %error, "skip a document of users");
                }
            }
        }
        position = page.next;
        if position.is_none() {
            return Ok(all);
        }
    }
}

/// Removes grants that say nothing.
fn tidy(user: &mut User) {
    user.grants
        .retain(|_, grant| grant.level.is_some() || !grant.collections.is_empty());
}

fn find_document(transaction: &mut Transaction, name: &str) -> Result<(Arc<Collection>, Document)> {
    let collection = transaction.collection(COLLECTION)?;
    let index = collection
        .indexes()
        .find(|index| index.is_unique() && index.fields().iter().any(|f| f.to_string() == "user"))
        .cloned()
        .ok_or_else(|| Error::corrupt("_users has no index by user"))?;
    let values = [vec![Value::from(name)]];
    let found = transaction.index_documents_many(&collection, &index, &values)?;
    let document = found.into_iter().flatten().next().ok_or_else(not_found)?;
    Ok((collection, document))
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, codes::USER_NOT_FOUND)
}
