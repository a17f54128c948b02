//! What requests share, and what one call of a handler sees.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use database::{Collection, Database, Databases, Level};
use error_codes::codes;
use foxx::Foxx;
use parking_lot::RwLock;
use platform::Platform;
use tokio::sync::Semaphore;

use crate::budget::Budget;
use crate::credentials::{self, Credentials};
use crate::cursors::Cursors;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::jobs::Jobs;
use crate::lanes::Lanes;
use crate::log::Log;
use crate::members::{self, Membership};
use crate::message::Request;
use crate::meters::Meters;
use crate::options::StartupOption;
use crate::query::Queries;
use crate::route::Access;
use crate::settings::{Audience, Settings};
use crate::stop::Stop;
use crate::token::{self, Bearer, Secret};

const SYSTEM: &str = "_system";

/// Reads the signing secret anew; the text of the error is for the log.
pub type SecretSource = dyn Fn() -> std::result::Result<Secret, String> + Send + Sync;

/// What an [`Api`] is made of.
pub struct Parts {
    /// The documents.
    pub databases: Databases,
    /// The services.
    pub foxx: Foxx,
    /// Clock and randomness.
    pub platform: Platform,
    /// Signs and checks tokens.
    pub secret: Secret,
    /// Where the secret comes from, for clients that ask to have it read again.
    pub secret_source: Option<Box<SecretSource>>,
    /// The server's log.
    pub log: Arc<Log>,
    /// How the server was started, for clients that ask.
    pub options: Vec<StartupOption>,
    /// The servers that this one works with.
    pub membership: Option<Arc<dyn Membership>>,
}

/// Everything that handlers work on. One per server.
pub struct Api {
    pub(crate) settings: Settings,
    pub(crate) databases: Databases,
    pub(crate) foxx: Foxx,
    pub(crate) platform: Platform,
    pub(crate) cursors: Cursors,
    pub(crate) queries: Queries,
    pub(crate) jobs: Jobs,
    pub(crate) lanes: Lanes,
    /// Memory for bodies of requests.
    pub(crate) bodies: Arc<Budget>,
    pub(crate) admission: Arc<Semaphore>,
    /// Places of requests that wait for locks.
    pub(crate) lock_waits: Arc<Semaphore>,
    /// Places of requests that read whole collections.
    pub(crate) scans: Semaphore,
    pub(crate) log: Arc<Log>,
    pub(crate) options: Vec<StartupOption>,
    pub(crate) membership: members::Shared,
    pub(crate) meters: Meters,
    pub(crate) stop: Stop,
    /// When the server began, by the monotonic clock.
    pub(crate) began: Duration,
    secret: RwLock<Secret>,
    secret_source: Option<Box<SecretSource>>,
    address: OnceLock<SocketAddr>,
}

impl Api {
    /// Puts the parts together.
    pub fn new(settings: Settings, parts: Parts) -> Arc<Self> {
        let Parts {
            databases,
            foxx,
            platform,
            ..
        } = parts;
        let cursors = Cursors::new(platform.clone(), settings.cursors_max);
        let queries = Queries::new(Arc::clone(foxx.queries()), &settings);
        let jobs = Jobs::new(platform.clone(), &settings);
        let lanes = Lanes::new(Arc::clone(&platform.clock), settings.quick_time_max);
        let bodies = Budget::new(
            "bodies of requests (http.bodies-bytes-max)",
            settings.bodies_bytes_max,
        );
        let admission = Arc::new(Semaphore::new(settings.requests_max));
        let scans = Semaphore::new(settings.scans_max);
        let lock_waits = Arc::new(Semaphore::new(settings.lock_waits_max));
        Arc::new(Self {
            settings,
            databases,
            foxx,
            platform: platform.clone(),
            cursors,
            queries,
            jobs,
            lanes,
            bodies,
            admission,
            lock_waits,
            scans,
            log: parts.log,
            options: parts.options,
            membership: parts.membership,
            meters: Meters::new(),
            stop: Stop::default(),
            began: platform.clock.monotonic(),
            secret: RwLock::new(parts.secret),
            secret_source: parts.secret_source,
            address: OnceLock::new(),
        })
    }

    /// Gives up what clients left behind.
    pub(crate) fn sweep(&self) {
        self.cursors.sweep();
        self.jobs.sweep();
        self.databases.open_transactions().sweep();
        if self.stop.is_soft() && self.going_on().is_clear(0) {
            self.stop.ask();
        }
    }

    /// Returns when a client has asked the server to stop.
    pub async fn stop_asked(&self) {
        self.stop.asked().await;
    }

    /// What clients would miss if the server stopped now.
    pub(crate) fn going_on(&self) -> GoingOn {
        let open = self.databases.open_transactions();
        let of = |name: &Arc<str>| {
            self.databases
                .find(name)
                .map(|found| open.list(&found, None))
        };
        let names = self.databases.names();
        let (pending_jobs, done_jobs) = self.jobs.counts();
        GoingOn {
            cursors: self.cursors.open_count(),
            transactions: names.iter().filter_map(of).map(|open| open.len()).sum(),
            pending_jobs,
            done_jobs,
            requests: self.settings.requests_max - self.admission.available_permits(),
        }
    }

    /// The secret in use.
    pub(crate) fn secret(&self) -> Secret {
        self.secret.read().clone()
    }

    /// Reads the secret again from where it came from.
    ///
    /// # Errors
    /// 501/9 if it came from nowhere, 500/4 if it cannot be read; the old one stays then.
    pub(crate) fn reload_secret(&self) -> Result<()> {
        let Some(source) = &self.secret_source else {
            return Err(Error::plain(codes::NOT_IMPLEMENTED));
        };
        match source() {
            Ok(secret) => {
                *self.secret.write() = secret;
                tracing::info!("the secret that signs tokens was read again");
                Ok(())
            }
            Err(error) => {
                tracing::error!(error, "the secret that signs tokens could not be read");
                let text = "the secret could not be read; the server's log says why";
                Err(Error::new(codes::INTERNAL, text))
            }
        }
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
            &self.secret(),
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
                    // An access token may come without a name.
                    Some(user) => Ok(Identity::User(user.name.as_str().into())),
                    None => Ok(Identity::Refused),
                }
            }
            Credentials::Bearer(token) => self.identify_bearer(&token, path),
        }
    }

    /// Checks a request's credentials if that takes no time worth speaking of.
    pub(crate) fn identify_at_once(
        &self,
        authorization: Option<&str>,
        path: &str,
    ) -> Result<Option<Identity>> {
        if self.settings.authentication
            && let Credentials::Basic { user, password } = credentials::parse(authorization)
        {
            let known = self.databases.users().recall(&user, &password)?;
            return Ok(known.map(|_| Identity::User(user.into())));
        }
        self.identify(authorization, path).map(Some)
    }

    fn identify_bearer(&self, token: &str, path: &str) -> Result<Identity> {
        let now_s = self.platform.clock.unix_ms() / 1000;
        match token::verify(&self.secret(), token, now_s) {
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

/// How much of each kind is going on.
pub(crate) struct GoingOn {
    /// Results that were not fetched wholly.
    pub(crate) cursors: usize,
    /// Transactions that clients hold open.
    pub(crate) transactions: usize,
    /// Requests to be answered later.
    pub(crate) pending_jobs: usize,
    /// Answers to such requests that nobody fetched.
    pub(crate) done_jobs: usize,
    /// Requests of the built-in API at work.
    pub(crate) requests: usize,
}

impl GoingOn {
    /// Whether there is nothing, but for some requests that ask for just that.
    pub(crate) fn is_clear(&self, own_requests: usize) -> bool {
        let kept = self.cursors + self.transactions + self.pending_jobs + self.done_jobs;
        kept == 0 && self.requests <= own_requests
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
    /// Whether the handler has waited for a sync.
    pub(crate) has_synced: Cell<bool>,
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

    /// Refuses callers that a setting does not name.
    pub(crate) fn check_audience(&self, audience: Audience) -> Result<()> {
        let allowed = match audience {
            Audience::Nobody => false,
            Audience::Superusers => self.identity.is_almighty(),
            Audience::Administrators => self.is_server_administrator()?,
            Audience::Everybody => true,
        };
        if allowed {
            return Ok(());
        }
        Err(Error::forbidden())
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
            Access::Superuser => return self.check_audience(Audience::Superusers),
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
