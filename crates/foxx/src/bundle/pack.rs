//! Making bundles, byte for byte the same for the same content.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use error_codes::codes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Bundle, Limits};
use crate::{Error, Result};

/// Packs a folder: names sorted, times fixed, links left out.
///
/// # Errors
/// 3014 if it is no folder, 3015 if it breaks a limit.
pub(crate) fn pack_folder(folder: &Path, limits: &Limits) -> Result<Bundle> {
    if !folder.is_dir() {
        let error = Error::refused(codes::SERVICE_SOURCE_NOT_FOUND);
        return Err(error.with_detail("File", folder.display()));
    }
    let mut paths = Vec::new();
    collect(folder, folder, limits, &mut paths)?;
    paths.sort();
    let mut packer = Packer::new();
    let mut total = 0u64;
    for path in paths {
        let bytes = fs::read(folder.join(&path)).map_err(|e| Error::internal("pack folder", e))?;
        total = total.saturating_add(bytes.len() as u64);
        let too_large =
            total > limits.unpacked_bytes_max || bytes.len() as u64 > limits.file_bytes_max;
        if too_large {
            let reason = format!(
                "{path}: larger than settings unpacked_bytes_max ({}) or file_bytes_max ({}) allow",
                limits.unpacked_bytes_max, limits.file_bytes_max
            );
            return Err(Error::refused(codes::SERVICE_SOURCE_ERROR).with_detail("Reason", reason));
        }
        packer.add(&path, &bytes)?;
    }
    packer.finish()
}

/// Packs one JavaScript file as `index.js` with a manifest that names it.
pub(crate) fn pack_script(script: &str) -> Result<Bundle> {
    let mut packer = Packer::new();
    packer.add("index.js", script.as_bytes())?;
    packer.add("manifest.json", b"{\"main\": \"index.js\"}\n")?;
    packer.finish()
}

fn collect(root: &Path, folder: &Path, limits: &Limits, paths: &mut Vec<String>) -> Result<()> {
    let failed = |e| Error::internal("read folder", e);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if kind.is_dir() {
            collect(root, &path, limits, paths)?;
        } else if kind.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let Some(name) = relative.to_str() else {
                let reason = format!("{} is no UTF-8 name", relative.display());
                let error = Error::refused(codes::SERVICE_SOURCE_ERROR);
                return Err(error.with_detail("Reason", reason));
            };
            paths.push(name.to_owned());
            if paths.len() as u64 > limits.entries_max {
                let reason = format!(
                    "more than {} files (setting entries_max)",
                    limits.entries_max
                );
                let error = Error::refused(codes::SERVICE_SOURCE_ERROR);
                return Err(error.with_detail("Reason", reason));
            }
        }
    }
    Ok(())
}

struct Packer(ZipWriter<Cursor<Vec<u8>>>);

impl Packer {
    fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        self.0
            .start_file(path, options)
            .map_err(|e| Error::internal("pack file", e))?;
        self.0
            .write_all(bytes)
            .map_err(|e| Error::internal("pack file", e))
    }

    fn finish(self) -> Result<Bundle> {
        let bytes = self
            .0
            .finish()
            .map_err(|e| Error::internal("pack bundle", e))?;
        Ok(Bundle::new(bytes.into_inner().into()))
    }
}
