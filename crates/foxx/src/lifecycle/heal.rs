//! Making folders and mount table agree with the registry, and the registry with folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use database::Database;
use error_codes::codes;
use value::{Object, Value};

use super::development::read_manifest;
use super::{live, paths, stage};
use crate::bundle::{Archive, Bundle, checksum, pack_folder};
use crate::manifest::Manifest;
use crate::mount::Mount;
use crate::registry::{Entry, Health, Registry, Service, StoredOptions, next_number};
use crate::shared::Shared;
use crate::workers::{self, JobKind};
use crate::{Error, Result};

/// Brings the services of all databases to life as the registry has them. Files that do not fit
/// are made anew from the stored bundles, if the settings say so and the bundles are there;
/// otherwise the service is shown as damaged. Mounts with an operation under way are left alone.
///
/// # Errors
/// Only those of the store: one damaged service does not keep the others from running.
pub(crate) fn heal(shared: &Arc<Shared>) -> Result<()> {
    forget_dropped_databases(shared);
    for name in shared.databases.names() {
        let Some(database) = shared.databases.find(&name) else {
            continue;
        };
        for entry in live::registry(shared, &database).load_all()? {
            if shared.locks.is_held(&name, entry.mount.as_str()) {
                continue;
            }
            let running = shared.table.get(&name, entry.mount.as_str());
            if running.is_some_and(|service| is_current(&service, &entry)) {
                continue;
            }
            let service = Arc::new(revive(shared, &database, entry));
            if let Health::Damaged(code, message) = &service.health {
                let mount = service.mount.as_str();
                tracing::warn!(target: "foxx", database = &*name, mount, %code, "{message}");
            }
            shared.table.put(service);
        }
    }
    Ok(())
}

/// Whether a running service is what the registry has, so that healing need not touch it.
fn is_current(service: &Service, entry: &Entry) -> bool {
    let same = |a: &Object, b: &Object| Value::from(a.clone()) == Value::from(b.clone());
    !matches!(service.health, Health::Damaged(..))
        && service.checksum == entry.checksum
        && service.development == entry.development
        && service.legacy == entry.legacy
        && same(&service.options.configuration, &entry.options.configuration)
        && same(&service.options.dependencies, &entry.options.dependencies)
}

/// The service of a registry entry, healed if it can be.
fn revive(shared: &Arc<Shared>, database: &Database, entry: Entry) -> Service {
    let folder = paths::service(&shared.settings, database, &entry.mount);
    let inspected = inspect(shared, database, &entry, &folder);
    let inspected = match inspected {
        Err(_) if shared.settings.heal_at_start && !entry.development => {
            restore(shared, database, &entry, &folder)
                .and_then(|()| inspect(shared, database, &entry, &folder))
        }
        other => other,
    };
    let (manifest, damage) = match inspected {
        Ok(manifest) => (manifest, None),
        Err(error) => {
            let text = value::json::to_string(&entry.manifest);
            let stored = Manifest::parse(text.as_bytes(), &shared.settings.server_version);
            let stored = stored.or_else(|_| Manifest::parse(b"{}", ""));
            let (manifest, _) = stored.expect("an empty manifest is valid");
            let error = error.with_detail("Mount", &entry.mount);
            (
                manifest,
                Some(Health::Damaged(error.code(), error.message().to_owned())),
            )
        }
    };
    let health = damage.unwrap_or_else(|| Health::of_options(&manifest, &entry.options));
    Service {
        number: next_number(),
        database: Arc::clone(database.name()),
        mount: entry.mount,
        manifest: Arc::new(manifest),
        checksum: entry.checksum,
        folder,
        options: entry.options,
        development: entry.development,
        legacy: entry.legacy,
        health,
        retired: AtomicBool::new(false),
    }
}

/// Compares files with the registry.
///
/// # Errors
/// 3002, 3003, 3012, 3000, 3001, 3100, 3101.
fn inspect(
    shared: &Arc<Shared>,
    database: &Database,
    entry: &Entry,
    folder: &Path,
) -> Result<Manifest> {
    if !entry.development {
        let local = paths::bundle(&shared.settings, database, &entry.checksum);
        let bytes = fs::read(&local).map_err(|_| Error::refused(codes::SERVICE_FILES_MISSING))?;
        if checksum(&bytes) != entry.checksum {
            return Err(Error::refused(codes::SERVICE_FILES_OUTDATED));
        }
        if folder.is_dir() && !is_marked(folder, &entry.checksum) {
            return Err(Error::refused(codes::SERVICE_FILES_OUTDATED));
        }
    }
    let manifest = read_manifest(shared, folder)?;
    let files = stage::referenced_files(folder, &manifest)?;
    if !files.is_empty() {
        let service = bare(database, entry, &manifest);
        workers::run(&shared.pool, Arc::new(service), JobKind::CheckSyntax(files))?;
    }
    Ok(manifest)
}

/// Whether a folder was unpacked, whole, from this bundle.
fn is_marked(folder: &Path, checksum: &str) -> bool {
    fs::read(paths::marker(folder)).is_ok_and(|marker| marker == checksum.as_bytes())
}

fn bare(database: &Database, entry: &Entry, manifest: &Manifest) -> Service {
    Service {
        number: next_number(),
        database: Arc::clone(database.name()),
        mount: entry.mount.clone(),
        manifest: Arc::new(manifest.clone()),
        checksum: String::new(),
        folder: PathBuf::new(),
        options: StoredOptions::default(),
        development: false,
        legacy: false,
        health: Health::Ready,
        retired: AtomicBool::new(false),
    }
}

/// Makes local bundle and folder anew from the stored bundle.
///
/// # Errors
/// 3002 if the stored bundle is missing, 3003 if it is another one, those of the bundle.
fn restore(shared: &Shared, database: &Database, entry: &Entry, folder: &Path) -> Result<()> {
    let stored = live::registry(shared, database).load_bundle(&entry.checksum)?;
    let bytes = stored.ok_or_else(|| Error::refused(codes::SERVICE_FILES_MISSING))?;
    let bundle = Bundle::new(bytes);
    if bundle.checksum() != entry.checksum {
        return Err(Error::refused(codes::SERVICE_FILES_OUTDATED));
    }
    let mut archive = Archive::open(bundle.bytes().clone(), &shared.settings.bundle)?;
    let staged = shared.staging.make()?;
    archive.extract(staged.path())?;
    let manifest = read_manifest(shared, staged.path())?;
    stage::write_manifest(staged.path(), &manifest)?;
    let mut service = bare(database, entry, &manifest);
    service.folder = folder.to_path_buf();
    live::place(shared, database, &service, &bundle, staged)?;
    let mount = entry.mount.as_str();
    tracing::info!(target: "foxx", database = &**database.name(), mount, "files made anew");
    Ok(())
}

/// Takes services of databases that are gone out of the mount table.
pub(crate) fn forget_dropped_databases(shared: &Shared) {
    for name in shared.table.databases() {
        if shared.databases.find(&name).is_none() {
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

/// Writes what is on disk to the registry: entries, checksums and bundles that are missing, and
/// with `replace` those that are wrong, too.
///
/// # Errors
/// 1228; those of the store.
pub(crate) fn commit(shared: &Arc<Shared>, database: &str, replace: bool) -> Result<()> {
    let database = shared.databases.get(database)?;
    let root = paths::database(&shared.settings, &database);
    for mount in find_mounts(&root) {
        let wait = shared.settings.workers.script_time_max;
        let _turn = shared.locks.lock(database.name(), mount.as_str(), wait)?;
        commit_one(shared, &database, &mount, replace)?;
    }
    Ok(())
}

fn commit_one(
    shared: &Arc<Shared>,
    database: &Database,
    mount: &Mount,
    replace: bool,
) -> Result<()> {
    let registry = live::registry(shared, database);
    let folder = paths::service(&shared.settings, database, mount);
    let name = mount.as_str();
    let manifest = match read_manifest(shared, &folder) {
        Ok(manifest) => manifest,
        Err(error) => {
            tracing::warn!(target: "foxx", mount = name, "not committed: {error}");
            return Ok(());
        }
    };
    let stored = registry.load(mount)?;
    if !is_commit_needed(shared, &registry, stored.as_ref(), mount, replace)? {
        return Ok(());
    }
    let bundle = local_bundle(shared, database, stored.as_ref(), mount)
        .map_or_else(|| pack_folder(&folder, &shared.settings.bundle), Ok)?;
    let entry = Entry {
        mount: mount.clone(),
        checksum: bundle.checksum().to_owned(),
        manifest: manifest.normalised().clone(),
        options: stored
            .as_ref()
            .map(|entry| entry.options.clone())
            .unwrap_or_default(),
        development: stored.as_ref().is_some_and(|entry| entry.development),
        legacy: stored.as_ref().is_some_and(|entry| entry.legacy),
    };
    registry.store_bundle(&bundle)?;
    registry.store(&entry, Some(&bundle))?;
    let local = paths::bundle(&shared.settings, database, bundle.checksum());
    shared.staging.write_file(&local, bundle.bytes())?;
    let marker = paths::marker(&folder);
    shared
        .staging
        .write_file(&marker, bundle.checksum().as_bytes())?;
    let service = Arc::new(revive(shared, database, entry));
    live::show(shared, &service);
    tracing::info!(target: "foxx", mount = name, "committed");
    Ok(())
}

/// Missing entries, checksums and bundles are always written; wrong ones only with `replace`.
fn is_commit_needed(
    shared: &Shared,
    registry: &Registry<'_>,
    stored: Option<&Entry>,
    mount: &Mount,
    replace: bool,
) -> Result<bool> {
    let Some(entry) = stored.filter(|entry| !entry.checksum.is_empty()) else {
        return Ok(true);
    };
    let database = registry.database;
    let running = shared.table.get(database.name(), mount.as_str());
    if running.is_some_and(|service| service.checksum != entry.checksum) {
        return Ok(replace);
    }
    if registry.load_bundle(&entry.checksum)?.is_none() {
        return Ok(true);
    }
    let agrees = registry.is_bundle_sound(&entry.checksum)?
        && local_agrees(shared, database, &entry.checksum);
    Ok(replace && !agrees)
}

fn local_agrees(shared: &Shared, database: &Database, name: &str) -> bool {
    let local = paths::bundle(&shared.settings, database, name);
    fs::read(local).is_ok_and(|bytes| checksum(&bytes) == name)
}

/// The bundle in the local file that the registry or the running service names, if it is sound.
fn local_bundle(
    shared: &Shared,
    database: &Database,
    stored: Option<&Entry>,
    mount: &Mount,
) -> Option<Bundle> {
    let running = shared.table.get(database.name(), mount.as_str());
    let names = [
        stored.map(|entry| entry.checksum.clone()),
        running.map(|s| s.checksum.clone()),
    ];
    names
        .into_iter()
        .flatten()
        .filter(|name| !name.is_empty())
        .find_map(|name| {
            let bytes = fs::read(paths::bundle(&shared.settings, database, &name)).ok()?;
            let bundle = Bundle::new(bytes.into());
            (bundle.checksum() == name).then_some(bundle)
        })
}

/// Mounts whose folders are below that of a database.
fn find_mounts(root: &Path) -> Vec<Mount> {
    let mut mounts = Vec::new();
    collect(root, "", &mut mounts);
    mounts.sort();
    mounts
}

fn collect(folder: &Path, prefix: &str, mounts: &mut Vec<Mount>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(name) = name
            .to_str()
            .filter(|_| path.is_dir() && !path.is_symlink())
        else {
            continue;
        };
        if name == "APP" {
            mounts.extend(Mount::parse(prefix));
        } else {
            collect(&path, &format!("{prefix}/{name}"), mounts);
        }
    }
}
