//! One revision of an installed service, immutable and shared by everyone who runs it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use error_codes::{Code, codes};
use value::{Object, Value};

use crate::manifest::Manifest;
use crate::mount::Mount;
use crate::{Error, ErrorKind};

/// A service at its mount. A change of anything in it makes another one.
#[derive(Debug)]
pub struct Service {
    /// Tells this revision from all others in the process; names VMs.
    pub(crate) number: u64,
    pub(crate) database: Arc<str>,
    pub(crate) mount: Mount,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) checksum: String,
    /// Of the registered row that it was made from; grows with each change of the mount.
    pub(crate) revision: u64,
    /// When it was made, in milliseconds of Unix time.
    pub(crate) since_ms: u64,
    /// Why it does not load, if that was tried.
    pub(crate) broken: OnceLock<String>,
    /// Absolute, without a slash at the end.
    pub(crate) folder: PathBuf,
    pub(crate) options: StoredOptions,
    pub(crate) development: bool,
    pub(crate) legacy: bool,
    pub(crate) health: Health,
    /// Set once another revision took its place: workers drop its VMs.
    pub(crate) retired: AtomicBool,
}

/// Values as they are stored with a service.
#[derive(Debug, Clone, Default)]
pub struct StoredOptions {
    /// Option → stored value.
    pub configuration: Object,
    /// Alias → mount or array of mounts.
    pub dependencies: Object,
}

/// Whether a service can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Ready,
    /// Required options or dependencies have no value; their names.
    Unconfigured(Vec<String>),
    /// Its files do not fit the registry; the number and the client's text.
    Damaged(Code, String),
}

/// Numbers of revisions, unique in the process.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

impl Service {
    /// A service of a manifest, with no files, nothing configured, and a number of its own.
    pub(crate) fn bare(database: Arc<str>, mount: Mount, manifest: Arc<Manifest>) -> Self {
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            database,
            mount,
            manifest,
            checksum: String::new(),
            revision: 0,
            since_ms: 0,
            broken: OnceLock::new(),
            folder: PathBuf::new(),
            options: StoredOptions::default(),
            development: false,
            legacy: false,
            health: Health::Ready,
            retired: AtomicBool::new(false),
        }
    }

    /// Where the service is mounted.
    pub fn mount(&self) -> &Mount {
        &self.mount
    }

    /// The database it belongs to.
    pub fn database(&self) -> &Arc<str> {
        &self.database
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Tells revisions of services apart, as long as the server runs.
    pub fn revision_number(&self) -> u64 {
        self.number
    }

    /// Whether it is reloaded for every request and shows its errors.
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// Grows with each change of what is registered at the mount, also when a service is taken
    /// away and comes back.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether it can run.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Whether requests need a login whatever the server's settings: mounts below `/_`, except
    /// below `/_open/`.
    pub fn needs_login(&self) -> bool {
        self.mount.is_system() && !self.mount.as_str().starts_with("/_open/")
    }

    /// Whether another revision took its place.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    /// The error that requests get while the service cannot run.
    pub(crate) fn find_obstacle(&self) -> Option<Error> {
        let error = match &self.health {
            Health::Ready => return None,
            Health::Unconfigured(_) => self.needs_configuration()?,
            Health::Damaged(code, message) => {
                Error::new(ErrorKind::Unavailable, *code).with_message(message.as_str())
            }
        };
        Some(error.with_status(503))
    }

    /// 3010 with what is missing, if something is.
    pub(crate) fn needs_configuration(&self) -> Option<Error> {
        let Health::Unconfigured(names) = &self.health else {
            return None;
        };
        let error = Error::refused(codes::SERVICE_NEEDS_CONFIGURATION);
        Some(
            error
                .with_detail("Mount", &self.mount)
                .with_detail("Missing", names.join(", ")),
        )
    }

    /// What the service sees as `configuration`.
    pub(crate) fn effective_configuration(&self) -> Object {
        let mut effective = Object::new();
        for (name, option) in self.manifest.options() {
            if let Some(value) = option.effective(self.options.configuration.get(name)) {
                effective.insert(name.as_str(), value);
            }
        }
        effective
    }

    /// Alias → mount, array of mounts, or null.
    pub(crate) fn effective_dependencies(&self) -> Object {
        let mut effective = Object::new();
        for (alias, definition) in self.manifest.dependencies() {
            let assigned = self.options.dependencies.get(alias).cloned();
            let absent = if definition.multiple {
                Value::array(Vec::new())
            } else {
                Value::Null
            };
            effective.insert(alias.as_str(), assigned.unwrap_or(absent));
        }
        effective
    }

    /// Whether one of its dependencies is served by `mount`.
    pub(crate) fn depends_on(&self, mount: &Mount) -> bool {
        self.options
            .dependencies
            .values()
            .any(|assigned| match assigned {
                Value::String(text) => **text == *mount.as_str(),
                Value::Array(items) => items
                    .iter()
                    .any(|item| item.as_str() == Some(mount.as_str())),
                _ => false,
            })
    }
}

impl Health {
    /// Whether all that the manifest requires has a value.
    pub(crate) fn of_options(manifest: &Manifest, options: &StoredOptions) -> Self {
        let missing = find_missing(manifest, options);
        if missing.is_empty() {
            Self::Ready
        } else {
            Self::Unconfigured(missing)
        }
    }
}

/// Names of required options and dependencies without a value.
fn find_missing(manifest: &Manifest, options: &StoredOptions) -> Vec<String> {
    let unset = manifest.options().iter().filter(|(name, option)| {
        option.required && option.effective(options.configuration.get(name)).is_none()
    });
    let unassigned = manifest
        .dependencies()
        .iter()
        .filter(|(alias, definition)| definition.required && !options.dependencies.contains(alias));
    let unset = unset.map(|(name, _)| name.clone());
    unset
        .chain(unassigned.map(|(alias, _)| alias.clone()))
        .collect()
}
