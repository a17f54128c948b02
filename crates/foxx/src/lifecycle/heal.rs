//! Making folders and mount table agree with the registry.
//!
//! Every coordinator does this for itself: at start, after each operation here or elsewhere, and
//! from time to time. What to do is decided by `registry::heal`; here it is found out and done.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use ::registry::LEASES;
use ::registry::heal::{Action, Files, Registered, Served, Wanted, decide};
use ::registry::operations::{self, Settled};
use cluster::{DocumentRows, transact};
use database::Database;
use value::{Object, Value};

use super::revive::{self, revive};
use super::{live, paths, serving};
use crate::Result;
use crate::bundle::Archive;
use crate::mount::Mount;
use crate::registry::{Entry, Health, Service};
use crate::shared::Shared;

/// How thoroughly to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// At what changed in the registry.
    Changes,
    /// At the files of all services, too.
    Files,
}

/// Brings the services of all databases to life as the registry has them. Files that do not fit
/// are made anew from the stored bundles, if the settings say so and the bundles are there;
/// otherwise the service is shown as damaged. Mounts with an operation under way are left alone.
/// Answers whether all was looked at: if not, it is worth trying again soon.
///
/// # Errors
/// Only those of the store: one damaged service does not keep the others from running.
pub(crate) fn heal(shared: &Arc<Shared>, depth: Depth) -> Result<bool> {
    forget_dropped_databases(shared);
    let mut is_complete = true;
    for name in shared.databases.names() {
        if let Some(database) = shared.databases.find(&name) {
            is_complete &= heal_database(shared, &database, depth)?;
        }
    }
    Ok(is_complete)
}

/// The same for one database.
///
/// # Errors
/// As [`heal`].
pub(crate) fn heal_database(
    shared: &Arc<Shared>,
    database: &Database,
    depth: Depth,
) -> Result<bool> {
    let entries = live::registry(shared, database).load_all()?;
    let running = shared.table.list(database.name());
    let is_new = database.find_collection(LEASES).is_none();
    if is_new && entries.is_empty() && running.is_empty() && !shared.cluster.is_shared() {
        return Ok(true);
    }
    serving::ensure_collections(shared, database)?;
    let me = shared.cluster.id();
    let mut mounts: BTreeSet<Mount> = BTreeSet::new();
    let unsettled = transact(database, |txn| {
        operations::find_unsettled(&mut DocumentRows(txn), me)
    })?;
    mounts.extend(
        unsettled
            .iter()
            .filter_map(|mount| Mount::parse(mount).ok()),
    );
    let unsaid = serving::find_unsaid(shared, database.name());
    mounts.extend(unsaid.iter().filter_map(|mount| Mount::parse(mount).ok()));
    for service in &running {
        if entries.iter().all(|entry| entry.mount != service.mount) {
            mounts.insert(service.mount.clone());
        }
    }
    for entry in &entries {
        let service = running.iter().find(|s| s.mount == entry.mount);
        if depth == Depth::Files || service.is_none_or(|s| !is_current(s, entry)) {
            mounts.insert(entry.mount.clone());
        }
    }
    if depth == Depth::Files {
        mounts.extend(revive::find_mounts(&paths::database(
            &shared.settings,
            database,
        )));
    }
    let mounts: Vec<Mount> = mounts.into_iter().collect();
    serving::foretell(shared, database, &mounts)?;
    let mut is_complete = true;
    for mount in &mounts {
        is_complete &= heal_mount(shared, database, mount)?;
    }
    Ok(is_complete)
}

/// Whether a running service is what the registry has.
fn is_current(service: &Service, entry: &Entry) -> bool {
    !matches!(service.health, Health::Damaged(..))
        && service.checksum == entry.checksum
        && service.revision == entry.revision
        && has_same_options(service, entry)
}

fn has_same_options(service: &Service, entry: &Entry) -> bool {
    let same = |a: &Object, b: &Object| Value::from(a.clone()) == Value::from(b.clone());
    service.development == entry.development
        && service.legacy == entry.legacy
        && same(&service.options.configuration, &entry.options.configuration)
        && same(&service.options.dependencies, &entry.options.dependencies)
}

/// Heals one mount; `false` if it has to be looked at again.
fn heal_mount(shared: &Arc<Shared>, database: &Database, mount: &Mount) -> Result<bool> {
    let Some(_turn) = shared.locks.try_lock(database.name(), mount.as_str()) else {
        return Ok(false);
    };
    let (me, cluster) = (shared.cluster.id(), &shared.cluster);
    // Read after the turn was taken: what an operation here committed before is seen.
    let settled = transact(database, |txn| {
        let is_live = |id: &str| cluster.is_live(id);
        operations::settle(&mut DocumentRows(txn), mount.as_str(), me, &is_live)
    })?;
    let entry = match &settled {
        Settled::Installed(app) => match Entry::read(&app.row) {
            Some(entry) => Some(entry),
            None => return Ok(true),
        },
        Settled::NotYet => return Ok(false),
        _ => None,
    };
    let registered = match (&entry, &settled) {
        (Some(entry), _) => Registered::Service(Wanted {
            checksum: &entry.checksum,
            revision: entry.revision,
            development: entry.development,
        }),
        (None, Settled::Uninstalled) => Registered::Uninstalled,
        (None, _) => Registered::Unknown,
    };
    let running = shared.table.get(database.name(), mount.as_str());
    let served = running.as_ref().map(|service| Served {
        checksum: &service.checksum,
        revision: service.revision,
        same_options: entry.as_ref().is_some_and(|e| has_same_options(service, e)),
        damaged: matches!(service.health, Health::Damaged(..)),
    });
    let files = |checksum: Option<&str>| look(shared, database, mount, checksum);
    let is_done = match (decide(registered, served, false, files), entry) {
        (Action::Load { restore }, Some(entry)) => {
            let is_new = running.is_none_or(|service| !is_current(&service, &entry));
            load(shared, database, entry, restore, is_new);
            true
        }
        (Action::Remove { files }, _) => {
            live::take_away(shared, database, mount, files)?;
            true
        }
        (Action::Leave, _) => false,
        _ => true,
    };
    serving::publish(shared, database, mount.as_str())?;
    Ok(is_done)
}

/// Makes a service from its registry entry and shows it.
fn load(shared: &Arc<Shared>, database: &Database, entry: Entry, restore: bool, is_new: bool) {
    let old = shared.table.get(database.name(), entry.mount.as_str());
    let service = Arc::new(revive(shared, database, entry, restore));
    if let Health::Damaged(code, message) = &service.health {
        let mount = service.mount.as_str();
        tracing::warn!(target: "foxx", database = &**database.name(), mount, %code, "{message}");
    } else if !is_new {
        // Only files were missing, and VMs that run have what they need.
        return;
    }
    if shared.is_ready() {
        live::show(shared, &service);
    } else {
        shared.table.put(service);
    }
    if let Some(old) = old
        && let Err(error) = live::drop_local_bundle(shared, database, &old.checksum)
    {
        tracing::warn!(target: "foxx", %error, "an old bundle stays on disk");
    }
}

/// What the files of a mount are, as far as it can be told without running them.
fn look(shared: &Shared, database: &Database, mount: &Mount, checksum: Option<&str>) -> Files {
    let folder = paths::service(&shared.settings, database, mount);
    let Some(checksum) = checksum else {
        return if folder.exists() || paths::marker(&folder).exists() {
            Files::Other
        } else {
            Files::Missing
        };
    };
    // Who may not make them anew looks when the service is made.
    if !shared.may_restore() {
        return Files::Sound;
    }
    if !folder.is_dir() {
        return Files::Missing;
    }
    let bytes = fs::read(paths::bundle(&shared.settings, database, checksum));
    let Ok(bytes) = bytes else {
        return Files::Other;
    };
    if crate::bundle::checksum(&bytes) != checksum || !revive::is_marked(&folder, checksum) {
        return Files::Other;
    }
    match Archive::open(bytes.into(), &shared.settings.bundle) {
        Ok(archive) if archive.is_unpacked_in(&folder) => Files::Sound,
        _ => Files::Other,
    }
}

/// Takes services of databases that are gone out of the mount table.
pub(crate) fn forget_dropped_databases(shared: &Shared) {
    for name in shared.table.databases() {
        if shared.databases.find(&name).is_none() {
            serving::forget(shared, &name);
            for service in shared.table.list(&name) {
                shared.table.remove(&name, &service.mount);
                let folder = &service.folder;
                let discarded = shared
                    .staging
                    .discard_file(&paths::marker(folder))
                    .and_then(|()| shared.staging.discard(folder));
                if let Err(error) = discarded {
                    tracing::warn!(folder = %folder.display(), %error, "files stay on disk");
                }
            }
            shared.pool.purge();
        }
    }
}
