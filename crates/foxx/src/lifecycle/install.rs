//! Install, replace, upgrade and uninstall.

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use super::stage::{self, Plan, Staged};
use super::turn::Turn;
use super::{Source, live, not_found, refuse_system, source};
use crate::mount::Mount;
use crate::registry::{Health, Service, StoredOptions};
use crate::shared::Shared;
use crate::workers::{self, JobKind};
use crate::{Error, Result};

/// What a new version does with the one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// There must be none.
    Install,
    /// It goes, with its options.
    Replace,
    /// Its options stay.
    Upgrade,
}

/// What to install and how.
#[derive(Debug, Clone)]
pub struct InstallRequest {
    /// The database's name.
    pub database: String,
    /// Where to.
    pub mount: String,
    /// What.
    pub source: Source,
    /// Replace or keep what is there.
    pub mode: Mode,
    /// Option → value, or null.
    pub configuration: Value,
    /// Alias → mount or array of mounts, or null.
    pub dependencies: Value,
    /// Development mode; `None`: as it was for upgrades, off otherwise.
    pub development: Option<bool>,
    /// Run the new version's set-up script.
    pub setup: bool,
    /// Run the old version's teardown script.
    pub teardown: bool,
    /// Ask for legacy mode whatever the manifest says.
    pub legacy: bool,
    /// For replace and upgrade: install if nothing is there.
    pub force: bool,
}

impl InstallRequest {
    /// An installation with every option at its default.
    pub fn new(database: &str, mount: &str, source: Source) -> Self {
        Self {
            database: database.to_owned(),
            mount: mount.to_owned(),
            source,
            mode: Mode::Install,
            configuration: Value::Null,
            dependencies: Value::Null,
            development: None,
            setup: true,
            teardown: false,
            legacy: false,
            force: false,
        }
    }
}

/// Installs, replaces or upgrades.
///
/// # Errors
/// 1228, 3007, 3011, 3009, 11, those of the source (3014, 3015), of the bundle (3015, 3012, 3000,
/// 3001, 3100, 3101), 3004 for options of the wrong shape, and of the service's code (3103). Before
/// the commit point nothing is left behind.
pub(crate) fn install(shared: &Arc<Shared>, request: &InstallRequest) -> Result<Arc<Service>> {
    let database = shared.databases.get(&request.database)?;
    if request.mode != Mode::Install {
        refuse_system(&request.mount)?;
    }
    let mount = parse_mount(shared, request)?;
    // Asked before the mount is claimed, so that requests in vain leave no trace.
    let stored = live::registry(shared, &database).load(&mount)?;
    check_occupied(request, &mount, stored.is_some())?;
    let turn = Turn::take(shared, &database, &mount)?;
    let old = turn.found();
    check_occupied(request, &mount, old.is_some())?;
    let old = old.map(|entry| live::current(shared, &database, entry));
    let with_mount = |error: Error| error.with_detail("Mount", &mount);
    let bundle = source::resolve(shared, &request.source).map_err(with_mount)?;
    let staged = stage::stage(shared, &mount, bundle).map_err(with_mount)?;
    let plan = plan(request, old.as_deref(), &staged)?;
    let checked = stage::check(shared, &mount, staged)?;
    turn.confirm()?;
    if let Some(old) = old.as_ref().filter(|_| request.teardown) {
        tear_down(shared, old);
    }
    let prepared = stage::prepare(shared, &database, &mount, checked, plan)?;
    live::commit(shared, &database, turn, &mount, prepared)
}

/// 3011 for installations where something is, 3009 for all else where nothing is.
fn check_occupied(request: &InstallRequest, mount: &Mount, is_occupied: bool) -> Result<()> {
    match request.mode {
        Mode::Install if is_occupied => {
            let error = Error::refused(codes::SERVICE_MOUNTPOINT_CONFLICT);
            Err(error.with_status(409).with_detail("Mount", mount))
        }
        Mode::Replace | Mode::Upgrade if !is_occupied && !request.force => {
            Err(not_found(mount.as_str()))
        }
        _ => Ok(()),
    }
}

/// A mount that is not legal is 3007 where a service would be installed and unknown elsewhere.
fn parse_mount(shared: &Shared, request: &InstallRequest) -> Result<Mount> {
    let installs = request.mode == Mode::Install || request.force;
    let known = shared.table.get(&request.database, &request.mount);
    match known {
        Some(service) => Ok(service.mount.clone()),
        None if installs => Mount::parse(&request.mount),
        // Perhaps another coordinator has installed it.
        None => Mount::parse(&request.mount).map_err(|_| not_found(&request.mount)),
    }
}

fn plan(request: &InstallRequest, old: Option<&Service>, staged: &Staged) -> Result<Plan> {
    let kept = old.filter(|_| request.mode == Mode::Upgrade);
    let mut options = kept.map(|old| old.options.clone()).unwrap_or_default();
    take_options(request, staged, &mut options)?;
    let trial = old.is_none();
    let development = request
        .development
        .unwrap_or_else(|| kept.is_some_and(|o| o.development));
    Ok(Plan {
        options,
        development,
        legacy: request.legacy,
        setup: request.setup,
        trial,
    })
}

/// Merges the request's values over what is kept; invalid and unknown ones are logged and dropped.
fn take_options(
    request: &InstallRequest,
    staged: &Staged,
    options: &mut StoredOptions,
) -> Result<()> {
    let manifest = &staged.manifest;
    for (name, value) in given(&request.configuration, "configuration")? {
        let coerced = manifest
            .options()
            .get(name)
            .map(|option| option.coerce(value));
        take(
            &request.mount,
            "option",
            name,
            coerced,
            &mut options.configuration,
        );
    }
    for (alias, value) in given(&request.dependencies, "dependencies")? {
        let coerced = manifest
            .dependencies()
            .get(alias)
            .map(|definition| definition.coerce(value));
        take(
            &request.mount,
            "dependency",
            alias,
            coerced,
            &mut options.dependencies,
        );
    }
    Ok(())
}

fn given<'r>(
    value: &'r Value,
    field: &str,
) -> Result<impl Iterator<Item = (&'r str, &'r Value)> + use<'r>> {
    let object = match value {
        Value::Null => None,
        Value::Object(object) => Some(object),
        _ => {
            let error = Error::refused(codes::INVALID_FOXX_OPTIONS);
            return Err(error.with_detail("Reason", format!("\"{field}\" must be an object")));
        }
    };
    Ok(object
        .into_iter()
        .flat_map(|object| object.iter())
        .map(|(name, value)| (&**name, value)))
}

fn take(
    mount: &str,
    what: &str,
    name: &str,
    coerced: Option<std::result::Result<Option<Value>, &'static str>>,
    stored: &mut Object,
) {
    match coerced {
        Some(Ok(Some(value))) => drop(stored.insert(name, value)),
        Some(Ok(None)) => drop(stored.remove(name)),
        Some(Err(warning)) => {
            tracing::warn!(target: "foxx", mount, "{what} {name:?} {warning} and is ignored");
        }
        None => tracing::warn!(target: "foxx", mount, "{what} {name:?} is unknown and ignored"),
    }
}

/// Runs the teardown script; what it throws is logged, for a broken service must be replaceable.
pub(super) fn tear_down(shared: &Arc<Shared>, service: &Arc<Service>) {
    let Some(script) = service.manifest.scripts().get("teardown") else {
        return;
    };
    let (database, mount) = (&*service.database, service.mount.as_str());
    if service.health != Health::Ready {
        tracing::warn!(target: "foxx", database, mount, "the teardown script cannot run");
        return;
    }
    let (path, argv) = (script.clone(), "[]".to_owned());
    let kind = JobKind::Script {
        path,
        argv,
        user: None,
        fresh: true,
    };
    if let Err(error) = workers::run(&shared.pool, Arc::clone(service), kind) {
        tracing::warn!(target: "foxx", database, mount, "the teardown script failed: {error}");
    }
}

/// Removes a service with its files; its collections stay. Answers the revision that took it away,
/// 0 if there was nothing.
///
/// # Errors
/// 1228, 11 for system services, 3009 unless `force`.
pub(crate) fn uninstall(
    shared: &Arc<Shared>,
    database: &str,
    mount: &str,
    teardown: bool,
    force: bool,
) -> Result<u64> {
    let database = shared.databases.get(database)?;
    refuse_system(mount)?;
    let absent = || if force { Ok(0) } else { Err(not_found(mount)) };
    let Ok(mount) = Mount::parse(mount) else {
        return absent();
    };
    if live::registry(shared, &database).load(&mount)?.is_none() {
        return absent();
    }
    let mut turn = Turn::take(shared, &database, &mount)?;
    let Some(entry) = turn.found() else {
        return absent();
    };
    let service = live::current(shared, &database, entry);
    if teardown {
        turn.confirm()?;
        tear_down(shared, &service);
    }
    turn.remove()?;
    let removed = live::take_away(shared, &database, &mount, true);
    live::tell(shared, &database, mount.as_str());
    removed?;
    live::drop_local_bundle(shared, &database, &service.checksum)?;
    Ok(turn.revision())
}
