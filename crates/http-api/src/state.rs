//! What requests share, and what one call of a handler sees.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use database::{Collection, Database, Databases, Level};
use error_codes::codes;
use foxx::Foxx;
use platform::Platform;
use tokio::sync::Semaphore;

use crate::budget::Budget;
use crate::credentials::{self, Credentials};
use crate::cursors::Cursors;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::jobs::Jobs;
use crate::message::Request;
use crate::query::Queries;
use crate::route::Access;
use crate::settings::Settings;
use crate::token::{self, Bearer, Secret};

const SYSTEM: &str = "_system";

/// Everything that handlers work on. One per server.
pub struct Api {
    pub(crate) settings: Settings,
    pub(crate) databases: Databases,
    pub(crate) foxx: Foxx,
    pub(crate) platform: Platform,
    pub(crate) cursors: Cursors,
    pub(crate) queries: Queries,
    pub(crate) jobs: Jobs,
    /// Memory for bodies of requests.
    pub(crate) bodies: Arc<Budget>,
    pub(crate) admission: Arc<Semaphore>,
    /// Places of requests that wait for locks.
    pub(crate) lock_waits: Arc<Semaphore>,
    secret: Secret,
    address: OnceLock<SocketAddr>,
}

impl Api {
    /// Puts the parts together.
    pub fn new(
        settings: Settings,
        databases: Databases,
        foxx: Foxx,
        platform: Platform,
        secret: Secret,
    ) -> Arc<Self> {
        let cursors = Cursors::new(platform.clone(), settings.cursors_max);
        let queries = Queries::new(Arc::clone(foxx.queries()), &settings);
        let jobs = Jobs::new(platform.clone(), &settings);
        let bodies = Budget::new(
            "bodies of requests (bodies_bytes_max)",
            settings.bodies_bytes_max,
        );
        let admission = Arc::new(Semaphore::new(settings.requests_max));
        let lock_waits = Arc::new(Semaphore::new(settings.lock_waits_max));
        Arc::new(Self {
            settings,
            databases,
            foxx,
            platform,
            cursors,
            queries,
            jobs,
            bodies,
            admission,
            lock_waits,
            secret,
            address: OnceLock::new(),
        })
    }

    /// Gives up what clients left behind.
    pub(crate) fn sweep(&self) {
        self.cursors.sweep();
        self.jobs.sweep();
        self.databases.open_transactions().sweep();
    }

    /// Remembers the bound address, which services ask for when they call their own server.
    pub(crate) fn set_address(&self, address: SocketAddr) {
        if self.address.set(address).is_ok() {
            self.foxx.set_own_address(address);
        }
    }

    pub(crate) fn issue_token(&self, user: &str) -> String {
        let now_s = self.platform.clock.unix_ms() / 1000;
        token::issue(
            &self.secret,
            user,
            now_s,
            self.settings.session_lifetime.as_secs(),
        )
    }

    /// Checks a request's credentials. May take long: a password that was not seen before is
    /// hashed.
    pub(crate) fn identify(&self, authorization: Option<&str>, path: &str) -> Result<Identity> {
        if !self.settings.authentication {
            return Ok(Identity::Off);
        }
        match credentials::parse(authorization) {
            Credentials::None => Ok(Identity::Nobody),
            Credentials::Unreadable => Ok(Identity::Refused),
            Credentials::Basic { user, password } => {
                match self.databases.users().authenticate(&user, &password)? {
                    Some(_) => Ok(Identity::User(user.into())),
                    None => Ok(Identity::Refused),
                }
            }
            Credentials::Bearer(token) => self.identify_bearer(&token, path),
        }
    }

    fn identify_bearer(&self, token: &str, path: &str) -> Result<Identity> {
        let now_s = self.platform.clock.unix_ms() / 1000;
        match token::verify(&self.secret, token, now_s) {
            None => Ok(Identity::Refused),
            Some(Bearer::Superuser { paths: Some(paths) }) if !paths.iter().any(|p| p == path) => {
                Ok(Identity::Refused)
            }
            Some(Bearer::Superuser { .. }) => Ok(Identity::Superuser),
            Some(Bearer::User(name)) => match self.databases.users().find(&name)? {
                Some(user) if user.active => Ok(Identity::User(name.into())),
                _ => Ok(Identity::Refused),
            },
        }
    }
}

/// One request on its way through a handler.
pub(crate) struct Call<'a> {
    /// What requests share.
    pub(crate) api: &'a Arc<Api>,
    /// The request.
    pub(crate) request: &'a Request,
    /// Who asks.
    pub(crate) identity: Identity,
    /// What stood in place of `{}` in the route's pattern.
    pub(crate) arguments: Vec<String>,
}

impl Call<'_> {
    /// What stood in place of the pattern's `at`-th `{}`.
    pub(crate) fn argument(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", String::as_str)
    }

    /// The request's database.
    pub(crate) fn database(&self) -> Result<Database> {
        Ok(self.api.databases.get(&self.request.database)?)
    }

    /// Refuses what is only answered in `_system`.
    pub(crate) fn only_in_system(&self) -> Result<()> {
        if self.request.database == SYSTEM {
            return Ok(());
        }
        Err(Error::plain(codes::ARANGO_USE_SYSTEM_DATABASE))
    }

    /// What the caller may do in a database.
    pub(crate) fn database_level(&self, database: &str) -> Result<Level> {
        match &self.identity {
            identity if identity.is_almighty() => Ok(Level::ReadWrite),
            Identity::User(user) => {
                Ok(self.api.databases.users().database_level(user, database)?)
            }
            _ => Ok(Level::None),
        }
    }

    /// What the caller may do with a collection of the request's database.
    pub(crate) fn collection_level(&self, collection: &str) -> Result<Level> {
        let database = &self.request.database;
        match &self.identity {
            identity if identity.is_almighty() => Ok(Level::ReadWrite),
            Identity::User(user) => Ok(self
                .api
                .databases
                .users()
                .collection_level(user, database, collection)?),
            _ => Ok(Level::None),
        }
    }

    /// A collection that the caller may read.
    pub(crate) fn readable_collection(&self, name_or_id: &str) -> Result<Arc<Collection>> {
        let collection = self.database()?.collection(name_or_id)?;
        if self.collection_level(collection.name())? >= Level::ReadOnly {
            return Ok(collection);
        }
        Err(Error::forbidden())
    }

    /// A collection that the caller may change.
    pub(crate) fn writable_collection(&self, name_or_id: &str) -> Result<Arc<Collection>> {
        let collection = self.database()?.collection(name_or_id)?;
        if self.collection_level(collection.name())? == Level::ReadWrite {
            return Ok(collection);
        }
        Err(Error::forbidden())
    }

    /// Whether the caller administers the server, which is writing in `_system`.
    pub(crate) fn is_server_administrator(&self) -> Result<bool> {
        Ok(self.database_level(SYSTEM)? == Level::ReadWrite)
    }

    /// Refuses callers that a route is not for.
    pub(crate) fn check(&self, access: Access) -> Result<()> {
        if access == Access::Open {
            return Ok(());
        }
        if !self.identity.is_known() {
            return Err(Error::unauthorized());
        }
        let (level, wanted) = match access {
            Access::Open | Access::Login => return Ok(()),
            Access::Read => (
                self.database_level(&self.request.database)?,
                Level::ReadOnly,
            ),
            Access::Write => (
                self.database_level(&self.request.database)?,
                Level::ReadWrite,
            ),
            Access::Server => (self.database_level(SYSTEM)?, Level::ReadWrite),
        };
        if level >= wanted {
            return Ok(());
        }
        let here = &self.request.database;
        if self.database_level(here)? == Level::None {
            return Err(Error::unauthorized());
        }
        Err(Error::forbidden())
    }
}
