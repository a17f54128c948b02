//! Folders that appear whole or not at all.
//!
//! A bundle is unpacked below the staging folder, on the same file system as the services, and
//! moved to its place by one rename. Dropping a [`Folder`] that was not moved removes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::Random;

use crate::{Error, Result};

/// Where unfinished folders are made.
#[derive(Clone)]
pub(crate) struct Staging {
    root: PathBuf,
    random: Arc<dyn Random>,
}

/// An unfinished folder.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Staging {
    /// Uses `root`, emptied of what a crash left there.
    pub(crate) fn open(root: PathBuf, random: Arc<dyn Random>) -> Result<Self> {
        let failed = |e| Error::internal("prepare staging folder", e);
        match fs::remove_dir_all(&root) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        fs::create_dir_all(&root).map_err(failed)?;
        Ok(Self { root, random })
    }

    /// A new, empty folder.
    pub(crate) fn make(&self) -> Result<Folder> {
        let path = self.root.join(format!("{:016x}", self.random.next_u64()));
        fs::create_dir(&path).map_err(|e| Error::internal("make staging folder", e))?;
        Ok(Folder { path })
    }

    /// Removes a folder at once from its place, then from the disk.
    pub(crate) fn discard(&self, path: &Path) -> Result<()> {
        let away = self
            .root
            .join(format!("{:016x}.old", self.random.next_u64()));
        match fs::rename(path, &away) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            moved => moved.map_err(|e| Error::internal("remove folder", e))?,
        }
        if let Err(error) = fs::remove_dir_all(&away) {
            tracing::warn!(folder = %away.display(), %error, "a discarded folder stays on disk");
        }
        Ok(())
    }

    /// Removes a file, if it is there.
    pub(crate) fn discard_file(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::internal("remove file", e)),
            _ => Ok(()),
        }
    }

    /// Removes the folders above `path` that are empty, up to but without `root`.
    pub(crate) fn prune(&self, path: &Path, root: &Path) {
        let above = path
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != root);
        for folder in above {
            // Not empty: another service lives below.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }

    /// Moves a finished folder to `path`, in the place of what is there.
    pub(crate) fn publish(&self, mut folder: Folder, path: &Path) -> Result<()> {
        let failed = |e| Error::internal("publish folder", e);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        self.discard(path)?;
        fs::rename(&folder.path, path).map_err(failed)?;
        folder.path = PathBuf::new();
        Ok(())
    }

    /// Writes a file whole or not at all.
    pub(crate) fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let failed = |e| Error::internal("write file", e);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let unfinished = self
            .root
            .join(format!("{:016x}.part", self.random.next_u64()));
        fs::write(&unfinished, bytes).map_err(failed)?;
        fs::rename(&unfinished, path).map_err(failed)
    }
}

impl Folder {
    /// Where it is for now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "a staging folder stays on disk");
        }
    }
}
