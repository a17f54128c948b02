//! From the commit point to a running service.

use std::sync::Arc;

use database::Database;
use error_codes::codes;

use super::revive::revive;
use super::stage::{Prepared, Staged};
use super::turn::Turn;
use super::{paths, serving};
use crate::Result;
use crate::bundle::{Bundle, Folder};
use crate::mount::Mount;
use crate::registry::{Entry, Health, Registry, Service};
use crate::shared::Shared;

/// Writes a prepared service to the registry, in one transaction: the commit point. Then moves its
/// files to their place and lets the workers load it before requests see it.
pub(super) fn commit(
    shared: &Arc<Shared>,
    database: &Database,
    mut turn: Turn<'_>,
    mount: &Mount,
    prepared: Prepared,
) -> Result<Arc<Service>> {
    let path = paths::service(&shared.settings, database, mount);
    let mut service = prepared.to_service(database, mount, path);
    service.revision = turn.revision();
    service.since_ms = shared.platform.clock.unix_ms();
    let service = Arc::new(service);
    let old = shared.table.get(database.name(), mount.as_str());
    turn.commit(&to_entry(&service), Some(&prepared.staged.bundle))?;
    let Staged { bundle, folder, .. } = prepared.staged;
    if let Err(error) = place(shared, database, &service, &bundle, folder) {
        // The registry has the new version, whose files the next start makes anew.
        let mut damaged = renewed(&service);
        let code = codes::SERVICE_FILES_MISSING;
        damaged.health = Health::Damaged(code, code.text().to_owned());
        show(shared, &Arc::new(damaged));
        tell(shared, database, mount.as_str());
        return Err(error);
    }
    show(shared, &service);
    tell(shared, database, mount.as_str());
    if let Some(old) = old {
        drop_local_bundle(shared, database, &old.checksum)?;
    }
    Ok(service)
}

/// Brings a bundle and its unpacked folder to their places.
pub(super) fn place(
    shared: &Shared,
    database: &Database,
    service: &Service,
    bundle: &Bundle,
    folder: Folder,
) -> Result<()> {
    let marker = paths::marker(&service.folder);
    shared.staging.discard_file(&marker)?;
    let local = paths::bundle(&shared.settings, database, bundle.checksum());
    shared.staging.write_file(&local, bundle.bytes())?;
    shared.staging.publish(folder, &service.folder)?;
    shared
        .staging
        .write_file(&marker, bundle.checksum().as_bytes())
}

pub(super) fn registry<'d>(shared: &Shared, database: &'d Database) -> Registry<'d> {
    Registry {
        database,
        piece_bytes: shared.settings.bundle_piece_bytes,
    }
}

/// What is stored of a service.
pub(super) fn to_entry(service: &Service) -> Entry {
    Entry {
        mount: service.mount.clone(),
        checksum: service.checksum.clone(),
        revision: service.revision,
        manifest: service.manifest.normalised().clone(),
        options: service.options.clone(),
        development: service.development,
        legacy: service.legacy,
    }
}

/// Has the workers load a service, then puts it into the mount table, and lets the services that
/// use its exports load it anew.
pub(super) fn show(shared: &Arc<Shared>, service: &Arc<Service>) {
    warm(shared, service);
    shared.table.put(Arc::clone(service));
    reload_consumers(shared, service);
    shared.pool.purge();
}

/// Says what is served at a mount now, and has the other coordinators look.
pub(super) fn tell(shared: &Shared, database: &Database, mount: &str) {
    if let Err(error) = serving::publish(shared, database, mount) {
        tracing::warn!(target: "foxx", mount, %error, "healing tells the others what is served");
    }
    shared.cluster.announce();
}

/// What is registered, as a service: the running one, or made anew if another coordinator has
/// changed it since.
pub(super) fn current(shared: &Arc<Shared>, database: &Database, entry: Entry) -> Arc<Service> {
    let running = shared.table.get(database.name(), entry.mount.as_str());
    match running {
        Some(service) if service.revision == entry.revision => service,
        _ => Arc::new(revive(shared, database, entry, false)),
    }
}

/// Takes a service out of the mount table, with its files if they are of no use any more.
pub(super) fn take_away(
    shared: &Shared,
    database: &Database,
    mount: &Mount,
    files: bool,
) -> Result<()> {
    let service = shared.table.get(database.name(), mount.as_str());
    if let Some(service) = &service {
        shared.table.remove(database.name(), mount);
        shared.pool.purge();
        reload_consumers(shared, service);
    }
    if !files {
        return Ok(());
    }
    let folder = paths::service(&shared.settings, database, mount);
    shared.staging.discard_file(&paths::marker(&folder))?;
    shared.staging.discard(&folder)?;
    shared
        .staging
        .prune(&folder, &paths::database(&shared.settings, database));
    match service {
        Some(service) => drop_local_bundle(shared, database, &service.checksum),
        None => Ok(()),
    }
}

/// Has the workers load the services that are there, as many as they keep, without waiting.
pub(crate) fn warm_all(shared: &Shared) {
    let databases = shared.table.databases().into_iter();
    let services = databases.flat_map(|database| shared.table.list(&database));
    let running = services.filter(|s| s.health == Health::Ready && !s.development);
    for service in running.take(shared.settings.workers.vms_max) {
        // Who fails to load is logged by the worker, and loads again at its first request.
        drop(shared.pool.warm(&service));
    }
}

fn warm(shared: &Arc<Shared>, service: &Arc<Service>) {
    if service.health != Health::Ready || service.development {
        return;
    }
    let deadline = shared.platform.clock.monotonic() + shared.settings.workers.warm_time_max;
    let (mut failed, mut late) = (None, false);
    for loaded in shared.pool.warm(service) {
        let left = deadline.saturating_sub(shared.platform.clock.monotonic());
        match loaded.recv_timeout(left) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => failed = Some(error),
            Err(_) => late = true,
        }
    }
    let (database, mount) = (&*service.database, service.mount.as_str());
    if let Some(error) = failed {
        tracing::warn!(target: "foxx", database, mount, "the service does not load: {error}");
        // Said to the others; set once, for this revision is warmed once.
        let _ = service.broken.set(error.message().to_owned());
    } else if late {
        tracing::warn!(target: "foxx", database, mount, "not every worker has loaded it in time");
    }
}

/// Gives every service that depends on `provider` a new revision, so that it sees new exports.
pub(super) fn reload_consumers(shared: &Shared, provider: &Service) {
    for consumer in shared.table.list(&provider.database) {
        if consumer.mount != provider.mount && consumer.depends_on(&provider.mount) {
            shared.table.put(Arc::new(renewed(&consumer)));
        }
    }
}

/// The same service as another revision.
pub(super) fn renewed(service: &Service) -> Service {
    let manifest = Arc::clone(&service.manifest);
    Service {
        checksum: service.checksum.clone(),
        folder: service.folder.clone(),
        options: service.options.clone(),
        development: service.development,
        legacy: service.legacy,
        health: service.health.clone(),
        revision: service.revision,
        since_ms: service.since_ms,
        ..Service::bare(
            Arc::clone(&service.database),
            service.mount.clone(),
            manifest,
        )
    }
}

/// Removes the local file of a bundle that no service of the database has any more.
pub(super) fn drop_local_bundle(
    shared: &Shared,
    database: &Database,
    checksum: &str,
) -> Result<()> {
    let used = shared
        .table
        .list(database.name())
        .iter()
        .any(|s| s.checksum == checksum);
    if used || checksum.is_empty() {
        return Ok(());
    }
    shared
        .staging
        .discard_file(&paths::bundle(&shared.settings, database, checksum))
}
