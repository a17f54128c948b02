//! Making the registry agree with the folders of this coordinator.

use std::fs;
use std::sync::Arc;

use database::Database;

use super::development::read_manifest;
use super::revive::{find_mounts, revive};
use super::turn::Turn;
use super::{live, paths};
use crate::Result;
use crate::bundle::{Bundle, checksum, pack_folder};
use crate::mount::Mount;
use crate::registry::{Entry, Registry};
use crate::shared::Shared;

/// Writes what is on disk to the registry: entries, checksums and bundles that are missing, and
/// with `replace` those that are wrong, too.
///
/// # Errors
/// 1228; those of the store.
pub(crate) fn commit(shared: &Arc<Shared>, database: &str, replace: bool) -> Result<()> {
    let database = shared.databases.get(database)?;
    let root = paths::database(&shared.settings, &database);
    for mount in find_mounts(&root) {
        let turn = Turn::take(shared, &database, &mount)?;
        commit_one(shared, &database, turn, &mount, replace)?;
    }
    Ok(())
}

fn commit_one(
    shared: &Arc<Shared>,
    database: &Database,
    mut turn: Turn<'_>,
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
    let stored = turn.found();
    if !is_commit_needed(shared, &registry, stored.as_ref(), mount, replace)? {
        return Ok(());
    }
    let bundle = local_bundle(shared, database, stored.as_ref(), mount)
        .map_or_else(|| pack_folder(&folder, &shared.settings.bundle), Ok)?;
    let entry = Entry {
        mount: mount.clone(),
        checksum: bundle.checksum().to_owned(),
        revision: turn.revision(),
        manifest: manifest.normalised().clone(),
        options: stored
            .as_ref()
            .map(|entry| entry.options.clone())
            .unwrap_or_default(),
        development: stored.as_ref().is_some_and(|entry| entry.development),
        legacy: stored.as_ref().is_some_and(|entry| entry.legacy),
    };
    turn.commit(&entry, Some(&bundle))?;
    let local = paths::bundle(&shared.settings, database, bundle.checksum());
    shared.staging.write_file(&local, bundle.bytes())?;
    let marker = paths::marker(&folder);
    shared
        .staging
        .write_file(&marker, bundle.checksum().as_bytes())?;
    let service = Arc::new(revive(shared, database, entry, false));
    live::show(shared, &service);
    live::tell(shared, database, name);
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
