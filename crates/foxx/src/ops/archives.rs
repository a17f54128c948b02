//! Packing files of a service and unpacking archives, within the policy for files and the limits
//! of bundles.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use error_codes::codes;
use value::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::files::{self, Access};
use super::{Call, OpError, OpResult, Registrar, bad};
use crate::bundle::Archive;

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("fileZip", pack);
    ops.op("fileUnzip", unpack);
}

/// (archive, folder, array of paths below it)
fn pack(call: &Call<'_>) -> OpResult {
    let archive = files::path(call, 0, Access::Write, true)?;
    let (folder, names) = (call.text(1)?, call.json(2)?);
    let limits = &call.context.shared.settings.bundle;
    let names: Vec<&str> = names
        .as_array()
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if names.len() as u64 > limits.entries_max {
        let max = limits.entries_max;
        return Err(bad(format!("more than {max} files (setting entries_max)")));
    }
    let file = File::create_new(&archive).map_err(|error| files::system(&error, &archive))?;
    let packed = add_all(call, ZipWriter::new(file), Path::new(&folder), &names);
    if packed.is_err() {
        // What is half written is no archive.
        drop(fs::remove_file(&archive));
    }
    packed?;
    call.bool(true)
}

fn add_all(
    call: &Call<'_>,
    mut zip: ZipWriter<File>,
    folder: &Path,
    names: &[&str],
) -> Result<(), OpError> {
    let limits = &call.context.shared.settings.bundle;
    let mut total = 0u64;
    for name in names {
        let path = folder.join(name);
        let path = files::check(call, &path.to_string_lossy(), Access::Read, true)?;
        let bytes = fs::read(&path).map_err(|error| files::system(&error, &path))?;
        total = total.saturating_add(bytes.len() as u64);
        if total > limits.unpacked_bytes_max {
            let max = limits.unpacked_bytes_max;
            let message = format!("more than {max} bytes (setting unpacked_bytes_max)");
            return Err(bad(message));
        }
        zip.start_file(*name, SimpleFileOptions::default())
            .map_err(|error| damaged(&error))?;
        zip.write_all(&bytes)
            .map_err(|error| files::system(&error, &path))?;
    }
    zip.finish().map(drop).map_err(|error| damaged(&error))
}

/// (archive, folder, whether only the last name of each path counts, whether files are replaced)
fn unpack(call: &Call<'_>) -> OpResult {
    let archive = files::path(call, 0, Access::Read, true)?;
    let folder = files::path(call, 1, Access::Write, true)?;
    let (flat, replace) = (call.flag(2), call.flag(3));
    let limits = &call.context.shared.settings.bundle;
    let bytes = fs::read(&archive).map_err(|error| files::system(&error, &archive))?;
    let mut archive = Archive::open_any(bytes.into(), limits)?;
    let make = |folder: &Path| -> Result<(), OpError> {
        // A link in the way may lead elsewhere.
        files::check(call, &folder.to_string_lossy(), Access::Write, true)?;
        fs::create_dir_all(folder).map_err(|error| files::system(&error, folder))
    };
    make(&folder)?;
    if !flat {
        for path in archive.folders().to_vec() {
            make(&folder.join(path))?;
        }
    }
    for path in archive.paths() {
        let name = match flat {
            true => path.rsplit('/').next().unwrap_or_default(),
            false => &path,
        };
        let target = folder.join(name);
        if let Some(parent) = target.parent() {
            make(parent)?;
        }
        let target = files::check(call, &target.to_string_lossy(), Access::Write, true)?;
        let bytes = archive.read(&path)?.unwrap_or_default();
        let mut options = OpenOptions::new();
        options.write(true).truncate(replace);
        match replace {
            true => options.create(true),
            false => options.create_new(true),
        };
        let written = options
            .open(&target)
            .and_then(|mut file| file.write_all(&bytes));
        written.map_err(|error| files::system(&error, &target))?;
    }
    call.bool(true)
}

fn damaged(error: &zip::result::ZipError) -> OpError {
    OpError::Public(codes::SYS_ERROR, format!("pack archive: {error}"))
}
