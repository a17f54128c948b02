//! What is said about services: list, description, readme, download.

use std::fs;

use bytes::Bytes;
use error_codes::codes;
use value::{Object, Value};

use super::{live, not_found, refuse_system};
use crate::bundle::pack_folder;
use crate::manifest::Manifest;
use crate::registry::Service;
use crate::shared::Shared;
use crate::{Error, Result};

/// One service of a list.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Where it is.
    pub mount: String,
    /// The manifest's name.
    pub name: Option<String>,
    /// The manifest's version.
    pub version: Option<String>,
    /// What it provides: name → version.
    pub provides: Value,
    /// Development mode.
    pub development: bool,
    /// Legacy mode.
    pub legacy: bool,
}

/// A bundle to be downloaded.
#[derive(Debug, Clone)]
pub struct Download {
    /// Made from the mount.
    pub file_name: String,
    /// The zip.
    pub bytes: Bytes,
}

/// Mounts and names of the parts of the server that clients expect among the services.
const SYSTEM_SERVICES: &[(&str, &str)] =
    &[("/_admin/aardvark", "aardvark"), ("/_api/foxx", "foxx-api")];

impl Summary {
    /// The form that clients see.
    pub fn to_value(&self) -> Value {
        let mut shown = Object::new();
        shown.insert("mount", self.mount.as_str());
        for (field, text) in [("name", &self.name), ("version", &self.version)] {
            if let Some(text) = text {
                shown.insert(field, text.as_str());
            }
        }
        shown.insert("provides", self.provides.clone());
        shown.insert("development", self.development);
        shown.insert("legacy", self.legacy);
        shown.into()
    }
}

/// All services of a database, sorted by mount; `system`: also those that belong to the server.
pub(crate) fn list(shared: &Shared, database: &str, system: bool) -> Vec<Summary> {
    let mut summaries: Vec<Summary> = Vec::new();
    if system {
        summaries.extend(SYSTEM_SERVICES.iter().map(|(mount, name)| Summary {
            mount: (*mount).to_owned(),
            name: Some((*name).to_owned()),
            version: Some(shared.settings.server_version.clone()),
            provides: Object::new().into(),
            development: false,
            legacy: false,
        }));
    }
    let services = shared.table.list(database);
    let services = services
        .iter()
        .filter(|service| system || !service.mount.is_system());
    summaries.extend(services.map(|service| Summary {
        mount: service.mount.to_string(),
        name: service.manifest.name().map(str::to_owned),
        version: service.manifest.version().map(str::to_owned),
        provides: service.manifest.normalised().get("provides").clone(),
        development: service.development,
        legacy: service.legacy,
    }));
    summaries
}

/// The description of a service, the answer of most operations.
pub(crate) fn describe(service: &Service) -> Value {
    let mut options = Object::new();
    options.insert("configuration", service.options.configuration.clone());
    options.insert("dependencies", service.options.dependencies.clone());
    let mut shown = Object::new();
    shown.insert("mount", service.mount.as_str());
    shown.insert("path", service.folder.to_string_lossy().as_ref());
    for (field, text) in [
        ("name", service.manifest.name()),
        ("version", service.manifest.version()),
    ] {
        if let Some(text) = text {
            shown.insert(field, text);
        }
    }
    shown.insert("development", service.development);
    shown.insert("legacy", service.legacy);
    shown.insert("manifest", service.manifest.normalised().clone());
    shown.insert("checksum", service.checksum.as_str());
    shown.insert("revision", service.revision);
    shown.insert("options", options);
    shown.into()
}

/// The description of a part of the server that clients expect to be a service.
pub(crate) fn describe_system(shared: &Shared, mount: &str) -> Option<Value> {
    let (mount, name) = SYSTEM_SERVICES
        .iter()
        .find(|(system, _)| *system == mount)?;
    let version = shared.settings.server_version.as_str();
    let text = format!(r#"{{"name": "{name}", "version": "{version}"}}"#);
    let (manifest, _) = Manifest::parse(text.as_bytes(), version).ok()?;
    let mut shown = Object::new();
    shown.insert("mount", *mount);
    shown.insert(
        "path",
        shared.settings.app_folder.to_string_lossy().as_ref(),
    );
    shown.insert("name", *name);
    shown.insert("version", version);
    shown.insert("development", false);
    shown.insert("legacy", false);
    shown.insert("manifest", manifest.normalised().clone());
    shown.insert("checksum", crate::bundle::checksum(text.as_bytes()));
    shown.insert("options", Object::new());
    Some(shown.into())
}

/// The text of `README.md` or `README`.
pub(crate) fn readme(service: &Service) -> Option<String> {
    let mut names: Vec<String> = fs::read_dir(&service.folder)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let exact = |wanted: &str| names.iter().find(|name| *name == wanted);
    let alike = |wanted: &str| names.iter().find(|name| name.eq_ignore_ascii_case(wanted));
    let name = exact("README.md")
        .or_else(|| exact("README"))
        .or_else(|| alike("readme.md"))
        .or_else(|| alike("readme"))?;
    let bytes = fs::read(service.folder.join(name)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The stored bundle, unchanged; in development mode the folder as it is, freshly packed.
///
/// # Errors
/// 1228, 11 for system services, 3009, 3002 if the bundle is not stored.
pub(crate) fn download(shared: &Shared, database: &str, mount: &str) -> Result<Download> {
    let database = shared.databases.get(database)?;
    refuse_system(mount)?;
    let service = shared
        .table
        .get(database.name(), mount)
        .ok_or_else(|| not_found(mount))?;
    let bytes = if service.development {
        pack_folder(&service.folder, &shared.settings.bundle)?
            .bytes()
            .clone()
    } else {
        live::registry(shared, &database)
            .load_bundle(&service.checksum)?
            .ok_or_else(|| {
                Error::refused(codes::SERVICE_FILES_MISSING).with_detail("Mount", mount)
            })?
    };
    Ok(Download {
        file_name: format!("{}.zip", service.mount.file_stem()),
        bytes,
    })
}
