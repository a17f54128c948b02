//! Development mode: the folder is the truth, read anew for every request.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use error_codes::codes;

use super::turn::change;
use super::{live, paths, refuse_system, stage};
use crate::bundle::pack_folder;
use crate::manifest::Manifest;
use crate::registry::{Health, Service};
use crate::shared::Shared;
use crate::workers::{self, JobKind};
use crate::{Error, Result};

/// The service as its folder is now.
///
/// # Errors
/// Those of a damaged manifest, with status 503.
pub(crate) fn reload_development(shared: &Shared, service: &Service) -> Result<Arc<Service>> {
    let manifest = read_manifest(shared, &service.folder).map_err(|e| e.with_status(503))?;
    let mut fresh = live::renewed(service);
    fresh.manifest = Arc::new(manifest);
    fresh.health = Health::of_options(&fresh.manifest, &fresh.options);
    Ok(Arc::new(fresh))
}

/// The manifest in a service's folder.
///
/// # Errors
/// 3002, 3012, 3000, 3001.
pub(super) fn read_manifest(shared: &Shared, folder: &Path) -> Result<Manifest> {
    if !folder.is_dir() {
        return Err(Error::refused(codes::SERVICE_FILES_MISSING));
    }
    let bytes = fs::read(folder.join("manifest.json"))
        .map_err(|_| Error::refused(codes::SERVICE_MANIFEST_NOT_FOUND))?;
    Ok(Manifest::parse(&bytes, &shared.settings.server_version)?.0)
}

/// Switches development mode on or off. Off: the folder becomes the bundle, and the set-up script
/// runs again.
///
/// # Errors
/// 1228, 11 for system services, 3009; switching off, those of an installation, after which the
/// mode is still on.
pub(crate) fn set_development(
    shared: &Arc<Shared>,
    database: &str,
    mount: &str,
    on: bool,
) -> Result<Arc<Service>> {
    let database = shared.databases.get(database)?;
    refuse_system(mount)?;
    let (mut turn, old) = change(shared, &database, mount)?;
    if old.development == on {
        return Ok(old);
    }
    if on {
        let mut service = live::renewed(&old);
        service.development = true;
        service.revision = turn.revision();
        service.since_ms = shared.platform.clock.unix_ms();
        let service = Arc::new(service);
        turn.commit(&live::to_entry(&service), None)?;
        live::show(shared, &service);
        live::tell(shared, &database, mount);
        return Ok(service);
    }
    let bundle = pack_folder(&old.folder, &shared.settings.bundle)?;
    let service = reload_development(shared, &old).map_err(|e| e.with_status(400))?;
    let files = stage::referenced_files(&service.folder, &service.manifest)?;
    if !files.is_empty() {
        workers::run(
            &shared.pool,
            Arc::clone(&service),
            JobKind::CheckSyntax(files),
        )?;
    }
    let mut service = live::renewed(&service);
    service.development = false;
    service.checksum = bundle.checksum().to_owned();
    service.revision = turn.revision();
    service.since_ms = shared.platform.clock.unix_ms();
    turn.confirm()?;
    let service = Arc::new(service);
    if let Some(script) = service.manifest.scripts().get("setup") {
        let (path, argv) = (script.clone(), "[]".to_owned());
        let kind = JobKind::Script {
            path,
            argv,
            user: None,
            fresh: true,
        };
        workers::run(&shared.pool, Arc::clone(&service), kind).map_err(stage::as_refusal)?;
    }
    turn.commit(&live::to_entry(&service), Some(&bundle))?;
    let local = paths::bundle(&shared.settings, &database, bundle.checksum());
    shared.staging.write_file(&local, bundle.bytes())?;
    let marker = paths::marker(&service.folder);
    shared
        .staging
        .write_file(&marker, bundle.checksum().as_bytes())?;
    live::show(shared, &service);
    live::tell(shared, &database, mount);
    live::drop_local_bundle(shared, &database, &old.checksum)?;
    Ok(service)
}
