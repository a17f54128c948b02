//! Where things are below the folder of the services.
//!
//! ```text
//! <app folder>/_staging/…                            unfinished folders
//! <app folder>/_db/<database>/<mount>/APP/…          the service
//! <app folder>/_db/<database>/<mount>/APP.sum        checksum of the bundle it was unpacked from
//! <app folder>/_db/<database>/_appbundles/<sum>.zip  its bundle
//! ```

use std::path::{Path, PathBuf};

use database::Database;

use crate::mount::Mount;
use crate::settings::Settings;

/// The folder of a database: its name, or its id if the name is no plain file name.
pub(super) fn database(settings: &Settings, database: &Database) -> PathBuf {
    let name = database.name();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    // An id is a number, so no name that begins with a letter can be taken for one.
    let is_plain = name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit());
    let folder = if is_plain {
        name.to_string()
    } else {
        database.id().to_string()
    };
    settings.app_folder.join("_db").join(folder)
}

pub(super) fn service(settings: &Settings, db: &Database, mount: &Mount) -> PathBuf {
    database(settings, db).join(mount.folder())
}

/// Written last and removed first: without it, or with another checksum, a crash has left the
/// folder at some other version.
pub(super) fn marker(service_folder: &Path) -> PathBuf {
    service_folder.with_extension("sum")
}

pub(super) fn bundle(settings: &Settings, db: &Database, checksum: &str) -> PathBuf {
    database(settings, db)
        .join("_appbundles")
        .join(format!("{checksum}.zip"))
}
