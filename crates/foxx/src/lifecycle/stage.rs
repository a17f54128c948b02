//! The steps before the commit point.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use database::Database;
use error_codes::codes;
use value::json;

use crate::bundle::{Archive, Bundle, Folder};
use crate::manifest::Manifest;
use crate::mount::Mount;
use crate::registry::{Health, Service, StoredOptions};
use crate::shared::Shared;
use crate::workers::{self, JobKind, SourceFile};
use crate::{Error, ErrorKind, Result};

/// A bundle that is unpacked and has a valid manifest.
pub(super) struct Staged {
    pub(super) bundle: Bundle,
    pub(super) folder: Folder,
    pub(super) manifest: Arc<Manifest>,
}

/// A staged bundle whose referenced files are there and parse.
pub(super) struct Checked(Staged);

/// A checked bundle with the options it will have; set up and ready to be committed.
pub(super) struct Prepared {
    pub(super) staged: Staged,
    pub(super) options: StoredOptions,
    pub(super) development: bool,
    pub(super) legacy: bool,
}

/// Unpacks a bundle and reads its manifest.
///
/// # Errors
/// 3015 (hostile or damaged zip), 3012, 3000, 3001.
pub(super) fn stage(shared: &Shared, mount: &Mount, bundle: Bundle) -> Result<Staged> {
    let mut archive = Archive::open(bundle.bytes().clone(), &shared.settings.bundle)?;
    let bytes = archive.read("manifest.json")?;
    let bytes = bytes.ok_or_else(|| Error::refused(codes::SERVICE_MANIFEST_NOT_FOUND))?;
    let (manifest, warnings) = Manifest::parse(&bytes, &shared.settings.server_version)?;
    for warning in warnings {
        tracing::warn!(target: "foxx", mount = mount.as_str(), "manifest: {warning}");
    }
    let folder = shared.staging.make()?;
    archive.extract(folder.path())?;
    write_manifest(folder.path(), &manifest)?;
    Ok(Staged {
        bundle,
        folder,
        manifest: Arc::new(manifest),
    })
}

/// Puts the normalised manifest in the place of the given one.
pub(super) fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let failed = |e: std::io::Error| Error::internal("write manifest", e);
    let text = json::to_string(manifest.normalised());
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| Error::internal("write manifest", e))?;
    let pretty =
        serde_json::to_string_pretty(&value).map_err(|e| Error::internal("write manifest", e))?;
    fs::write(folder.join("manifest.json"), pretty + "\n").map_err(failed)
}

/// Parses the main file and every script without running them.
///
/// # Errors
/// 3100 for a file that is missing, 3101 for a syntax error.
pub(super) fn check(shared: &Arc<Shared>, mount: &Mount, staged: Staged) -> Result<Checked> {
    let files = referenced_files(staged.folder.path(), &staged.manifest)
        .map_err(|error| error.with_detail("Mount", mount))?;
    if !files.is_empty() {
        let service = Arc::new(Service::bare(
            "".into(),
            mount.clone(),
            Arc::clone(&staged.manifest),
        ));
        workers::run(&shared.pool, service, JobKind::CheckSyntax(files))
            .map_err(|error| error.with_detail("Mount", mount))?;
    }
    Ok(Checked(staged))
}

/// The sources that a manifest names, as far as they are JavaScript.
pub(super) fn referenced_files(folder: &Path, manifest: &Manifest) -> Result<Vec<SourceFile>> {
    let lib = folder.join(manifest.lib());
    let names = manifest
        .main()
        .into_iter()
        .chain(manifest.scripts().values().map(String::as_str));
    let mut files = Vec::new();
    for name in names {
        let path = find_module(&lib, name)
            .ok_or_else(|| Error::refused(codes::MODULE_NOT_FOUND).with_detail("File", name))?;
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            continue;
        }
        let bytes = fs::read(&path).map_err(|e| Error::internal("read source", e))?;
        let source = String::from_utf8_lossy(&bytes).into_owned();
        files.push(SourceFile {
            file: name.to_owned(),
            source,
        });
    }
    Ok(files)
}

/// The file that `require` would find for a name relative to `folder`.
fn find_module(folder: &Path, name: &str) -> Option<PathBuf> {
    let base = folder.join(name);
    let with = |extension: &str| {
        let mut path = base.clone().into_os_string();
        path.push(extension);
        PathBuf::from(path)
    };
    let candidates = [
        base.clone(),
        with(".js"),
        with(".json"),
        base.join("index.js"),
        base.join("index.json"),
    ];
    candidates.into_iter().find(|path| path.is_file())
}

/// Runs the set-up script and, for installations, the main file once, as the service will be.
///
/// # Errors
/// Those of the service's code, with status 400.
pub(super) fn prepare(
    shared: &Arc<Shared>,
    database: &Database,
    mount: &Mount,
    checked: Checked,
    plan: Plan,
) -> Result<Prepared> {
    let Checked(staged) = checked;
    let Plan {
        options,
        development,
        legacy,
        setup,
        trial,
    } = plan;
    let legacy = legacy || staged.manifest.is_legacy();
    if legacy {
        tracing::warn!(target: "foxx", mount = mount.as_str(), "legacy mode is not supported");
    }
    let prepared = Prepared {
        staged,
        options,
        development,
        legacy,
    };
    let path = prepared.staged.folder.path().to_path_buf();
    let service = Arc::new(prepared.to_service(database, mount, path));
    if let Some(script) = service.manifest.scripts().get("setup").filter(|_| setup) {
        let (path, argv) = (script.clone(), "[]".to_owned());
        let kind = JobKind::Script {
            path,
            argv,
            user: None,
            fresh: true,
        };
        workers::run(&shared.pool, Arc::clone(&service), kind).map_err(as_refusal)?;
    }
    if trial && service.health == Health::Ready && service.manifest.main().is_some() {
        workers::run(&shared.pool, service, JobKind::Trial).map_err(as_refusal)?;
    }
    Ok(prepared)
}

/// How a bundle is prepared.
pub(super) struct Plan {
    pub(super) options: StoredOptions,
    pub(super) development: bool,
    pub(super) legacy: bool,
    /// Run the set-up script.
    pub(super) setup: bool,
    /// Run the main file, and fail if it does.
    pub(super) trial: bool,
}

/// A failure of the service's code as an answer to whoever installs it.
pub(super) fn as_refusal(error: Error) -> Error {
    match error.kind() {
        ErrorKind::ServiceFailed => error.with_status(400),
        ErrorKind::Unavailable if error.status() == 500 => {
            let reason = error.message().to_owned();
            Error::refused(codes::MODULE_FAILURE).with_detail("Reason", reason)
        }
        _ => error,
    }
}

impl Prepared {
    /// The service as it will be with its files in `folder`.
    pub(super) fn to_service(
        &self,
        database: &Database,
        mount: &Mount,
        folder: PathBuf,
    ) -> Service {
        let manifest = Arc::clone(&self.staged.manifest);
        Service {
            checksum: self.staged.bundle.checksum().to_owned(),
            folder,
            options: self.options.clone(),
            development: self.development,
            legacy: self.legacy,
            health: Health::of_options(&manifest, &self.options),
            ..Service::bare(Arc::clone(database.name()), mount.clone(), manifest)
        }
    }
}
