//! Services: from the zip that somebody uploads to the answer that its code gives.
//!
//! Charter: bundles and manifests; the registry of what is installed where, stored as documents;
//! the lifecycle (install, upgrade, replace, uninstall, configure, heal); the mount table; the
//! workers whose VMs run services; scripts and tests; the native functions beneath the JavaScript
//! modules that services see (`modules/`).
//!
//! Does not know: HTTP connections, routing within a service (that is JavaScript), users and their
//! rights, how documents are stored, how queries run. It is blocking code on bounded, named
//! threads; its callers bring their own concurrency.
//!
//! Invariants
//! - The registry in the database is the truth. Folders, VMs and the mount table follow it.
//! - A failed installation leaves nothing behind, except what the service's own set-up script did.
//! - Requests read the mount table without a lock and go once to a worker, which may be the
//!   thread that brings them.
//! - A VM holds one revision of one service. A limit or a panic costs that VM and its request.
//! - Nothing of a bundle is unpacked before its directory has passed every check.
//!
//! Entry point: [`Foxx::start`].

#![warn(missing_docs)]

mod bundle;
mod error;
mod functions;
mod healer;
mod lifecycle;
mod manifest;
mod modules;
mod mount;
mod ops;
mod policy;
mod registry;
mod request;
mod settings;
mod shared;
mod text;
mod titles;
mod transactions;
mod workers;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use cluster::Cluster;
use database::Databases;
use parking_lot::Mutex;
use platform::Platform;
use value::Value;

pub use ::registry::serving::{Target, Wait};
pub use bundle::Limits as BundleLimits;
pub use error::{Error, ErrorKind, ExceptionText, Result};
pub use js_engine::WORKER_STACK_BYTES as THREAD_STACK_BYTES;
pub use lifecycle::{
    Download, InstallRequest, Liveness, Mode, Source, Summary, TestOptions, TestReport,
};
pub use manifest::{DependencyDefinition, Manifest, OptionDefinition, OptionKind};
pub use mount::Mount;
pub use registry::{Found, Health, Service, StoredOptions};
pub use request::{ServiceRequest, ServiceResponse};
pub use settings::{
    FunctionSettings, HttpSettings, NativeLimits, PolicySettings, Settings, WorkerSettings,
};
pub use workers::Reply;
pub use workers::local::leave_thread;

use functions::{Definition, Functions};
use lifecycle::{Depth, Locks, OptionGroup, Said, WriteOptions};
use shared::Shared;
use workers::{Pool, Task, local};

/// All services of a server. Cloning gives another handle.
///
/// Everything but [`Foxx::dispatch`], [`Foxx::find`] and what only reads memory blocks; none of it
/// may be called from a worker's own thread.
#[derive(Clone)]
pub struct Foxx(Arc<Shared>);

impl Foxx {
    /// Starts the workers and brings the registered services to life, on a store that no other
    /// server uses.
    ///
    /// # Errors
    /// Folders that cannot be made, patterns that are no regular expressions, the store's.
    pub fn start(settings: Settings, databases: Databases, platform: Platform) -> Result<Self> {
        let cluster = Cluster::alone(platform.clone());
        Self::start_in(cluster, settings, databases, platform)
    }

    /// The same among other coordinators: follows what they install from then on. Unless the
    /// settings say otherwise, services come to life after this has returned
    /// ([`Foxx::is_ready`]).
    ///
    /// # Errors
    /// As [`Foxx::start`].
    pub fn start_in(
        cluster: Cluster,
        settings: Settings,
        databases: Databases,
        platform: Platform,
    ) -> Result<Self> {
        for folder in [&settings.app_folder, &settings.temp_folder] {
            std::fs::create_dir_all(folder).map_err(|e| Error::internal("make folder", e))?;
        }
        let mut settings = settings;
        // Links in the way would make a service's own path another one than the one checked.
        for folder in [&mut settings.app_folder, &mut settings.temp_folder] {
            *folder = folder
                .canonicalize()
                .map_err(|e| Error::internal("find folder", e))?;
        }
        let staging = settings.app_folder.join("_staging");
        let functions = Functions::new(settings.functions.clone(), &platform);
        let shared = Arc::new(Shared {
            staging: bundle::Staging::open(staging, Arc::clone(&platform.random))?,
            pool: Arc::new(Pool::new(
                settings.workers.clone(),
                Arc::clone(&platform.clock),
            )),
            files: policy::Policy::compile(&settings.files)?,
            endpoints: policy::Policy::compile(&settings.endpoints)?,
            agents: ops::Agents::new(),
            queries: ops::Queries::new(&settings, &functions),
            functions,
            senders: transactions::Senders::default(),
            table: registry::Table::default(),
            locks: Locks::default(),
            cluster,
            said: Said::default(),
            ready: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            healer: Mutex::default(),
            own_address: ArcSwapOption::empty(),
            settings,
            platform,
            databases,
        });
        let limits = Arc::new(aql::Limits::recommended());
        let expressions = aql::ComputedExpressions::new(shared.platform.clone(), limits);
        shared.databases.set_expressions(expressions);
        shared.pool.start(&shared)?;
        let foxx = Self(shared);
        if let Err(error) = foxx.bring_to_life() {
            foxx.stop();
            return Err(error);
        }
        Ok(foxx)
    }

    fn bring_to_life(&self) -> Result<()> {
        let shared = &self.0;
        if !shared.cluster.is_shared() || shared.settings.sync_at_start {
            let is_complete = lifecycle::heal(shared, Depth::Changes)?;
            shared.ready.store(is_complete, Ordering::Release);
            lifecycle::warm_all(shared);
        }
        if shared.cluster.is_shared() {
            healer::start(shared)?;
        }
        Ok(())
    }

    /// Whether all services were brought to life once. Until then a path that no service answers
    /// may belong to one.
    pub fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// What the queries of services share, for all other queries of the server to share too.
    pub fn queries(&self) -> &Arc<aql::Queries> {
        self.0.queries.shared()
    }

    /// Says where the server listens, so that services can request it by path.
    pub fn set_own_address(&self, address: SocketAddr) {
        self.0.own_address.store(Some(Arc::new(address)));
    }

    /// Answers what waits with 503, lets what runs finish in the settings' time, then cancels it.
    /// What callers run on their own threads is cancelled at once after that.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.cluster.signal().raise();
        self.0.pool.stop();
        self.0.functions.stop();
        let healer = self.0.healer.lock().take();
        if healer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the task that heals panicked");
        }
    }

    /// The service below whose mount `path` (raw, without the database's prefix) lies.
    pub fn find<'p>(&self, database: &str, path: &'p str) -> Option<Found<'p>> {
        self.0.table.find(database, path)
    }

    /// The service at exactly this mount.
    pub fn find_exactly(&self, database: &str, mount: &str) -> Option<Arc<Service>> {
        self.0.table.get(database, mount)
    }

    /// Has a worker answer a request. Never blocks; `reply` is called once, with an error answer
    /// if the service cannot run or too much waits already.
    pub fn dispatch(&self, request: Arc<ServiceRequest>, reply: Reply) {
        let service = &request.service;
        if let Some(error) = service.find_obstacle().filter(|_| !service.development) {
            let response = ServiceResponse::from_error(&error, false, &request.headers);
            reply(response, Duration::ZERO);
            return;
        }
        if let Err((error, task)) = self.0.pool.submit(Task::Request(request, reply)) {
            task.refuse(&error);
        }
    }

    /// Makes the calling thread able to answer for a service by [`Foxx::answer_here`], if the
    /// service is well. Takes as
    /// long as its code takes to load. The thread should have [`THREAD_STACK_BYTES`] and must
    /// call [`leave_thread`] before it ends.
    pub fn prepare_here(&self, service: &Arc<Service>) {
        local::prepare(&self.0, service);
    }

    /// Answers on the calling thread, under the same limits as a worker; returns when the service
    /// has answered. True: the answer waits for a sync, which begins by itself after about a
    /// millisecond unless [`database::Unsynced::sync_now`] asks for it.
    ///
    /// # Errors
    /// Gives the request back if the thread is not ready for the service.
    pub fn answer_here(
        &self,
        request: Arc<ServiceRequest>,
        reply: Reply,
    ) -> std::result::Result<bool, (Arc<ServiceRequest>, Reply)> {
        local::answer(&self.0, request, reply)
    }

    /// Installs, replaces or upgrades; answers the service's description.
    ///
    /// # Errors
    /// 1228, 3007, 3011, 3009, 11, those of the source, the bundle, the manifest and the service's
    /// code. Nothing is left behind.
    pub fn install(&self, request: &InstallRequest) -> Result<Value> {
        lifecycle::install(&self.0, request).map(|service| lifecycle::describe(&service))
    }

    /// Installs a folder, zip or JavaScript file that the operator names.
    ///
    /// # Errors
    /// As [`Foxx::install`].
    pub fn install_path(&self, database: &str, mount: &str, path: &Path) -> Result<Value> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        self.install(&InstallRequest::new(database, mount, Source::Trusted(path)))
    }

    /// Removes a service; answers the revision that took it away, 0 if there was nothing.
    /// `force`: that is no error.
    ///
    /// # Errors
    /// 1228, 11 for system services, 3009.
    pub fn uninstall(
        &self,
        database: &str,
        mount: &str,
        teardown: bool,
        force: bool,
    ) -> Result<u64> {
        lifecycle::uninstall(&self.0, database, mount, teardown, force)
    }

    /// The services of a database that are not the server's own.
    pub fn list(&self, database: &str) -> Vec<Summary> {
        lifecycle::list(&self.0, database, false)
    }

    /// All services of a database, those that belong to the server included.
    pub fn list_all(&self, database: &str) -> Vec<Summary> {
        lifecycle::list(&self.0, database, true)
    }

    /// The description of a service.
    ///
    /// # Errors
    /// 3009.
    pub fn describe(&self, database: &str, mount: &str) -> Result<Value> {
        match lifecycle::describe_system(&self.0, mount) {
            Some(description) => Ok(description),
            None => self
                .get(database, mount)
                .map(|service| lifecycle::describe(&service)),
        }
    }

    /// The configuration: values only (`minimal`) or definitions with their state.
    ///
    /// # Errors
    /// 1228, 3009.
    pub fn configuration(&self, database: &str, mount: &str, minimal: bool) -> Result<Value> {
        lifecycle::read_options(
            &self.0,
            database,
            mount,
            OptionGroup::Configuration,
            minimal,
        )
    }

    /// Writes configuration values; `replace`: names that are not given lose theirs.
    ///
    /// # Errors
    /// 1228, 3009, 400 if `given` is no object. Values that do not fit become warnings.
    pub fn set_configuration(
        &self,
        database: &str,
        mount: &str,
        given: &Value,
        replace: bool,
        minimal: bool,
    ) -> Result<Value> {
        let how = WriteOptions { replace, minimal };
        lifecycle::write_options(
            &self.0,
            database,
            mount,
            OptionGroup::Configuration,
            given,
            how,
        )
    }

    /// The dependencies: assigned mounts only (`minimal`) or definitions with their state.
    ///
    /// # Errors
    /// 1228, 3009.
    pub fn dependencies(&self, database: &str, mount: &str, minimal: bool) -> Result<Value> {
        lifecycle::read_options(&self.0, database, mount, OptionGroup::Dependencies, minimal)
    }

    /// Assigns dependencies; `replace`: aliases that are not given lose theirs.
    ///
    /// # Errors
    /// As [`Foxx::set_configuration`].
    pub fn set_dependencies(
        &self,
        database: &str,
        mount: &str,
        given: &Value,
        replace: bool,
        minimal: bool,
    ) -> Result<Value> {
        let how = WriteOptions { replace, minimal };
        lifecycle::write_options(
            &self.0,
            database,
            mount,
            OptionGroup::Dependencies,
            given,
            how,
        )
    }

    /// Script name → title.
    ///
    /// # Errors
    /// 3009.
    pub fn scripts(&self, database: &str, mount: &str) -> Result<Value> {
        self.get(database, mount)
            .map(|service| lifecycle::list_scripts(&service))
    }

    /// Runs a script with `argv`, an array, and the rights of `user`, or all; answers what it
    /// exports as JSON text.
    ///
    /// # Errors
    /// 1228, 3009, 3016, 3010, 3100, 3101, 3103 with the status that the script chose or 500.
    pub fn run_script(
        &self,
        database: &str,
        mount: &str,
        name: &str,
        argv: &Value,
        user: Option<&str>,
    ) -> Result<String> {
        lifecycle::run_script(&self.0, database, mount, name, argv, user)
    }

    /// Runs the service's tests with the rights of `user`, or all.
    ///
    /// # Errors
    /// 1228, 3009, 3010, 400 for an unknown reporter; 3100, 3101, 3103 for files that do not load.
    pub fn run_tests(
        &self,
        database: &str,
        mount: &str,
        options: &TestOptions,
        user: Option<&str>,
    ) -> Result<TestReport> {
        lifecycle::run_tests(&self.0, database, mount, options, user)
    }

    /// Runs a transaction that a client sends as JavaScript, with the rights of `user`, or all.
    /// `definition` is the public object: `collections`, `action` (a text), `params` and so on.
    /// Answers the JSON text of what the action returned.
    ///
    /// # Errors
    /// 1228; 10 and 1203 for a definition that does not hold; what the action threw, as 1650 where
    /// it has no number; 1200 and whatever else a commit meets; 500 beyond a worker's limits.
    /// Nothing was written.
    pub fn run_transaction(
        &self,
        database: &str,
        user: Option<&str>,
        definition: &Value,
    ) -> Result<String> {
        transactions::run(&self.0, database, user, definition)
    }

    /// The OpenAPI 2.0 document as JSON text.
    ///
    /// # Errors
    /// 1228, 3009.
    pub fn swagger(&self, database: &str, mount: &str) -> Result<String> {
        lifecycle::swagger(&self.0, database, mount)
    }

    /// Switches development mode; answers the service's description.
    ///
    /// # Errors
    /// 1228, 11 for system services, 3009, and those of an installation.
    pub fn set_development(&self, database: &str, mount: &str, on: bool) -> Result<Value> {
        lifecycle::set_development(&self.0, database, mount, on).map(|s| lifecycle::describe(&s))
    }

    /// The text of the service's readme.
    ///
    /// # Errors
    /// 3009.
    pub fn readme(&self, database: &str, mount: &str) -> Result<Option<String>> {
        self.get(database, mount)
            .map(|service| lifecycle::readme(&service))
    }

    /// The bundle.
    ///
    /// # Errors
    /// 1228, 11 for system services, 3009, 3002.
    pub fn download(&self, database: &str, mount: &str) -> Result<Download> {
        lifecycle::download(&self.0, database, mount)
    }

    /// Writes the local state of a database's services to the registry.
    ///
    /// # Errors
    /// 1228; the store's.
    pub fn commit(&self, database: &str, replace: bool) -> Result<()> {
        lifecycle::commit(&self.0, database, replace)
    }

    /// Makes folders and mount table agree with the registry; forgets dropped databases.
    ///
    /// # Errors
    /// The store's.
    pub fn heal(&self) -> Result<()> {
        lifecycle::heal(&self.0, Depth::Files).map(drop)
    }

    /// Waits until the coordinators that live serve a revision of a mount, or do not serve it any
    /// more; at most for `time`. Who does not in time is named; that is no error.
    ///
    /// # Errors
    /// 1228; the store's.
    pub fn wait_live(
        &self,
        database: &str,
        mount: &str,
        target: Target,
        wait: Wait,
        time: Duration,
    ) -> Result<Liveness> {
        lifecycle::wait_live(&self.0, database, mount, target, (wait, time))
    }

    /// Every coordinator that lives, with what it serves at a mount and since when.
    ///
    /// # Errors
    /// 1228; the store's.
    pub fn coordinators(&self, database: &str, mount: &str) -> Result<Vec<Value>> {
        lifecycle::coordinators(&self.0, database, mount)
    }

    /// Waits until the service that `path` belongs to is served in at least this revision, at most
    /// for `time`. Whether it is, or whether nothing is registered there, so that waiting longer is
    /// in vain.
    ///
    /// # Errors
    /// 1228; the store's.
    pub fn wait_for_revision(
        &self,
        database: &str,
        path: &str,
        minimum: u64,
        time: Duration,
    ) -> Result<bool> {
        let clock = &self.0.platform.clock;
        let deadline = clock.monotonic() + time;
        let signal = self.0.cluster.signal();
        loop {
            let seen = signal.count();
            // A fresh look at the registry: what was committed before is seen.
            let of = self.0.databases.get(database)?;
            let is_complete = lifecycle::heal_database(&self.0, &of, Depth::Changes)?;
            match self.find(database, path) {
                Some(found) if found.service.revision() >= minimum => return Ok(true),
                None if is_complete => return Ok(true),
                _ => {}
            }
            let left = deadline.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return Ok(false);
            }
            signal.wait(seen, left.min(self.0.cluster.poll()));
        }
    }

    /// This server among those that share its store.
    pub fn cluster(&self) -> &Cluster {
        &self.0.cluster
    }

    /// Takes the services of dropped databases away.
    pub fn forget_dropped_databases(&self) {
        lifecycle::forget_dropped_databases(&self.0);
    }

    /// Registers a function for queries of a database, such as `MY::NAME`; whether it took the
    /// place of another.
    ///
    /// # Errors
    /// 1228, 1580 for a bad name, 1581 for code that is not the text of one function.
    pub fn register_function(
        &self,
        database: &str,
        name: &str,
        code: &str,
        is_deterministic: bool,
    ) -> Result<bool> {
        let definition = Definition {
            name,
            code,
            is_deterministic,
        };
        let database = self.0.databases.get(database)?;
        functions::register(&self.0.functions, &database, &definition)
    }

    /// Takes a function for queries away.
    ///
    /// # Errors
    /// 1228, 1580, 1582.
    pub fn unregister_function(&self, database: &str, name: &str) -> Result<()> {
        functions::unregister(&self.0.databases.get(database)?, name)
    }

    /// Takes all functions of a namespace away; how many there were.
    ///
    /// # Errors
    /// 1228, 1580.
    pub fn unregister_function_group(&self, database: &str, namespace: &str) -> Result<usize> {
        functions::unregister_group(&self.0.databases.get(database)?, namespace)
    }

    /// `{name, code, isDeterministic}` of all functions for queries, or of those of a namespace.
    ///
    /// # Errors
    /// 1228.
    pub fn query_functions(&self, database: &str, namespace: Option<&str>) -> Result<Vec<Value>> {
        functions::list(&self.0.databases.get(database)?, namespace)
    }

    fn get(&self, database: &str, mount: &str) -> Result<Arc<Service>> {
        self.0.databases.get(database)?;
        self.0.table.get(database, mount).ok_or_else(|| {
            Error::refused(error_codes::codes::SERVICE_NOT_FOUND).with_detail("Mount", mount)
        })
    }
}
