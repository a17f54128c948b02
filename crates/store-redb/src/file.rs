//! The file: opening it, checking what it is, and how much room is left for it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition, TableError};
use store::{Error, ErrorKind, Result};

use crate::failure::{Failure, kind_of_io};
use crate::settings::Settings;
use crate::snapshot::ENTRIES;
use crate::watched::{Watch, Watched};

/// What this program writes and reads; goes up when the meaning of the tables changes.
const FORMAT: u64 = 1;
const ABOUT: TableDefinition<'static, &str, u64> = TableDefinition::new("vulpes");
const FORMAT_KEY: &str = "format";

/// Asks for the bytes left on a file system.
pub type FreeBytes = Arc<dyn Fn() -> io::Result<u64> + Send + Sync>;

/// Where the bytes are: a file, or in tests something that fails on purpose.
pub struct Source {
    /// Opens the database, also again after it was closed.
    pub open: Box<dyn Fn() -> Result<Database> + Send>,
    /// Bytes left on the file system.
    pub free_bytes: FreeBytes,
    /// What [`Watched`] noticed.
    pub watch: Arc<Watch>,
}

/// The file at `path`.
pub fn at_path(path: &Path, settings: &Settings) -> Source {
    let (path, settings) = (path.to_owned(), settings.clone());
    let folder = folder_of(&path);
    let watch = Watch::new(path.clone());
    Source {
        watch: Arc::clone(&watch),
        open: Box::new(move || open_path(&path, &settings, &watch)),
        free_bytes: Arc::new(move || {
            let room = rustix::fs::statvfs(&folder)?;
            Ok(room.f_bavail.saturating_mul(room.f_frsize))
        }),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn open_path(path: &Path, settings: &Settings, watch: &Arc<Watch>) -> Result<Database> {
    let is_new = !path.exists();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let file = file.map_err(|error| io_error(error, "open the file", path))?;
    let backend = FileBackend::new(file).map_err(|error| open_error(error, path))?;
    let database = open_backend(Watched::new(backend, watch), settings, path)?;
    if is_new {
        // The name of a new file is durable only when its folder is synced.
        let synced = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
        synced.map_err(|error| io_error(error, "sync the folder of", path))?;
    }
    Ok(database)
}

/// Opens what is in `backend`; `path` is for messages.
pub fn open_backend(
    backend: impl redb::StorageBackend,
    settings: &Settings,
    path: &Path,
) -> Result<Database> {
    let open = || {
        redb::Builder::new()
            .set_cache_size(settings.cache_bytes)
            .set_check_integrity_on_open(settings.verify_on_open)
            .create_with_backend(backend)
    };
    // redb panics on some damage that it does not expect.
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(open));
    let database = opened
        .map_err(|_| Error::new(ErrorKind::Corrupt, damaged(path)))?
        .map_err(|error| open_error(error, path))?;
    check_format(&database, path)?;
    Ok(database)
}

/// Checks the format, or writes it into a file without any tables.
fn check_format(database: &Database, path: &Path) -> Result<()> {
    let failed = |failure: Failure| {
        let kind = failure.into_error("read the format of the file");
        Error::new(kind.kind(), named("read the format of", path)).with_source(kind)
    };
    match find_format(database).map_err(failed)? {
        Found::Format(FORMAT) => Ok(()),
        Found::Format(other) => {
            let context = format!("format {other}, but this program knows {FORMAT}: open");
            Err(Error::new(ErrorKind::Incompatible, named(&context, path)))
        }
        Found::Foreign => {
            let context = "not a file of this program: open";
            Err(Error::new(ErrorKind::Incompatible, named(context, path)))
        }
        Found::Empty => write_format(database).map_err(failed),
    }
}

enum Found {
    Format(u64),
    /// Tables of somebody else.
    Foreign,
    Empty,
}

fn find_format(database: &Database) -> std::result::Result<Found, Failure> {
    let txn = database.begin_read()?;
    let about = match txn.open_table(ABOUT) {
        Err(TableError::TableDoesNotExist(_)) => {
            let mut tables = txn.list_tables()?;
            let is_empty = tables.next().is_none();
            return Ok(if is_empty {
                Found::Empty
            } else {
                Found::Foreign
            });
        }
        about => about?,
    };
    let format = about.get(FORMAT_KEY)?;
    Ok(format.map_or(Found::Foreign, |format| Found::Format(format.value())))
}

fn write_format(database: &Database) -> std::result::Result<(), Failure> {
    let txn = database.begin_write()?;
    txn.open_table(ABOUT)?.insert(FORMAT_KEY, FORMAT)?;
    // Made here, so that a snapshot can always open it.
    txn.open_table(ENTRIES)?;
    txn.commit()?;
    Ok(())
}

fn open_error(error: DatabaseError, path: &Path) -> Error {
    let (kind, context) = match &error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            let context = "another process has it open: open";
            (ErrorKind::Busy, named(context, path))
        }
        DatabaseError::UpgradeRequired(_) => {
            (ErrorKind::Incompatible, named("open the older file", path))
        }
        DatabaseError::Storage(StorageError::Corrupted(_)) | DatabaseError::RepairAborted => {
            (ErrorKind::Corrupt, damaged(path))
        }
        DatabaseError::Storage(StorageError::Io(error)) => match kind_of_io(error) {
            ErrorKind::Corrupt => (ErrorKind::Corrupt, damaged(path)),
            kind => (kind, named("open the file", path)),
        },
        _ => (ErrorKind::Io, named("open the file", path)),
    };
    Error::new(kind, context).with_source(error)
}

/// What to say of a file that is not as it was written.
fn damaged(path: &Path) -> String {
    let path = path.display();
    format!("open the damaged file {path}; restore a backup, or move it away to begin anew")
}

fn io_error(error: io::Error, context: &str, path: &Path) -> Error {
    Error::new(kind_of_io(&error), named(context, path)).with_source(error)
}

fn named(context: &str, path: &Path) -> String {
    format!("{context} {}", path.display())
}

/// For tests: a file in another format.
#[cfg(test)]
pub fn set_format(database: &Database, format: u64) {
    let txn = database.begin_write().unwrap();
    txn.open_table(ABOUT)
        .unwrap()
        .insert(FORMAT_KEY, format)
        .unwrap();
    txn.commit().unwrap();
}
