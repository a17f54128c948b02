//! A service made from its registry entry and what is on disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use database::Database;
use error_codes::codes;

use super::development::read_manifest;
use super::{live, paths, stage};
use crate::bundle::{Archive, Bundle, checksum};
use crate::manifest::Manifest;
use crate::mount::Mount;
use crate::registry::{Entry, Health, Service};
use crate::shared::Shared;
use crate::workers::{self, JobKind};
use crate::{Error, Result};

/// The service of a registry entry, healed if it can be; with `restore` its files are made anew
/// whatever they look like.
pub(super) fn revive(
    shared: &Arc<Shared>,
    database: &Database,
    entry: Entry,
    restore: bool,
) -> Service {
    let folder = paths::service(&shared.settings, database, &entry.mount);
    let may_restore = shared.may_restore();
    let restored = || {
        remake(shared, database, &entry, &folder)
            .and_then(|()| inspect(shared, database, &entry, &folder))
    };
    let inspected = if restore && may_restore {
        restored()
    } else {
        let inspected = inspect(shared, database, &entry, &folder);
        match inspected {
            Err(_) if may_restore && !entry.development => restored(),
            other => other,
        }
    };
    let (manifest, damage) = match inspected {
        Ok(manifest) => (manifest, None),
        Err(error) => (
            stored_manifest(shared, &entry),
            Some(to_damage(&error, &entry)),
        ),
    };
    let health = damage.unwrap_or_else(|| Health::of_options(&manifest, &entry.options));
    Service {
        checksum: entry.checksum,
        revision: entry.revision,
        since_ms: shared.platform.clock.unix_ms(),
        folder,
        options: entry.options,
        development: entry.development,
        legacy: entry.legacy,
        health,
        ..Service::bare(Arc::clone(database.name()), entry.mount, Arc::new(manifest))
    }
}

/// The manifest as the registry has it, for services whose files cannot be read.
fn stored_manifest(shared: &Shared, entry: &Entry) -> Manifest {
    let text = value::json::to_string(&entry.manifest);
    let stored = Manifest::parse(text.as_bytes(), &shared.settings.server_version);
    let stored = stored.or_else(|_| Manifest::parse(b"{}", ""));
    stored.expect("an empty manifest is valid").0
}

fn to_damage(error: &Error, entry: &Entry) -> Health {
    let message = format!("{}\nMount: {}", error.message(), entry.mount);
    Health::Damaged(error.code(), message)
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
pub(super) fn is_marked(folder: &Path, checksum: &str) -> bool {
    fs::read(paths::marker(folder)).is_ok_and(|marker| marker == checksum.as_bytes())
}

/// What a job about the files of an entry is told.
fn bare(database: &Database, entry: &Entry, manifest: &Manifest) -> Service {
    let manifest = Arc::new(manifest.clone());
    Service::bare(Arc::clone(database.name()), entry.mount.clone(), manifest)
}

/// Makes local bundle and folder anew from the stored bundle.
///
/// # Errors
/// 3002 if the stored bundle is missing, 3003 if it is another one, those of the bundle.
fn remake(shared: &Shared, database: &Database, entry: &Entry, folder: &Path) -> Result<()> {
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

/// Mounts whose folders are below that of a database.
pub(super) fn find_mounts(root: &Path) -> Vec<Mount> {
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
