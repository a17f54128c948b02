//! Files, within the policy: the service's own folder, those of its providers, the temporary
//! folder, and what the settings allow.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use error_codes::codes;
use js_engine::Value;

use super::{Call, OpError, OpResult, Registrar, bad};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("fileKind", kind);
    ops.op("fileStat", stat);
    ops.op("filePath", real_path);
    ops.op("fileText", text);
    ops.op("fileBytes", bytes);
    ops.op("fileWrite", write);
    ops.op("fileList", list);
    ops.op("fileListTree", list_tree);
    ops.op("fileMakeFolder", make_folder);
    ops.op("fileRemove", remove);
    ops.op("fileRemoveFolder", remove_folder);
    ops.op("fileMove", move_file);
    ops.op("fileCopy", copy);
    ops.op("fileLink", link);
    ops.op("fileMode", mode);
}

/// What is done with a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Argument `index` as a path that the service may use. Links in it are resolved, the last
/// segment only if `follow`.
pub(super) fn path(
    call: &Call<'_>,
    index: usize,
    access: Access,
    follow: bool,
) -> Result<PathBuf, OpError> {
    check(call, &call.text(index)?, access, follow)
}

/// The same for a path that is no argument.
pub(super) fn check(
    call: &Call<'_>,
    given: &str,
    access: Access,
    follow: bool,
) -> Result<PathBuf, OpError> {
    let path = resolve(Path::new(given), follow).ok_or_else(|| forbidden(given))?;
    if is_allowed(call, &path, access) {
        Ok(path)
    } else {
        Err(forbidden(given))
    }
}

fn forbidden(path: &str) -> OpError {
    OpError::Public(
        codes::FORBIDDEN,
        format!("not allowed to use this path: {path}"),
    )
}

fn is_allowed(call: &Call<'_>, path: &Path, access: Access) -> bool {
    let context = call.context;
    let own = |folder: &Path| fs::canonicalize(folder).is_ok_and(|folder| path.starts_with(folder));
    own(&context.service().folder)
        || own(&context.shared.settings.temp_folder)
        || (access == Access::Read && context.providers.borrow().iter().any(|folder| own(folder)))
        || context.shared.files.allows(&path.to_string_lossy())
}

/// The real path, with segments that do not exist yet appended as they are.
fn resolve(path: &Path, follow: bool) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let clean = clean(path);
    let (mut existing, mut rest) = (clean.as_path(), Vec::new());
    if !follow {
        rest.push(existing.file_name()?);
        existing = existing.parent()?;
    }
    loop {
        match fs::canonicalize(existing) {
            Ok(real) => return Some(rest.iter().rev().fold(real, |path, name| path.join(name))),
            // A dangling link is not a place where something may be made.
            Err(_) if existing.is_symlink() => return None,
            Err(_) => {
                rest.push(existing.file_name()?);
                existing = existing.parent()?;
            }
        }
    }
}

/// Without `.` and `..`.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

pub(super) fn system(error: &io::Error, path: &Path) -> OpError {
    let (code, path) = (codes::SYS_ERROR, path.display());
    match error.kind() {
        io::ErrorKind::NotFound => {
            let code = codes::FILE_NOT_FOUND;
            OpError::Public(code, format!("{}: {path}", code.text()))
        }
        _ => OpError::Public(code, format!("{}: {error}: {path}", code.text())),
    }
}

fn kind(call: &Call<'_>) -> OpResult {
    let metadata = path(call, 0, Access::Read, true)
        .ok()
        .and_then(|path| fs::metadata(path).ok());
    Ok(call
        .scope
        .number(metadata.map_or(0, |metadata| kind_of(&metadata))))
}

fn kind_of(metadata: &Metadata) -> u8 {
    if metadata.is_dir() {
        2
    } else {
        u8::from(metadata.is_file())
    }
}

fn stat(call: &Call<'_>) -> OpResult {
    let place = path(call, 0, Access::Read, false)?;
    let followed = path(call, 0, Access::Read, true)?;
    let (Ok(link), Ok(metadata)) = (fs::symlink_metadata(place), fs::metadata(followed)) else {
        return call.nothing();
    };
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified_ms = modified.map_or(0.0, |since| since.as_secs_f64() * 1000.0);
    let scope = call.scope;
    Ok(scope.array(&[
        scope.number(kind_of(&metadata)),
        scope.number(metadata.len() as f64),
        scope.number(modified_ms),
        scope.bool(link.is_symlink()),
    ])?)
}

fn real_path(call: &Call<'_>) -> OpResult {
    match path(call, 0, Access::Read, true) {
        Ok(path) if path.exists() => call.string(&path.to_string_lossy()),
        _ => call.nothing(),
    }
}

/// The content of a file; `None` if there is none.
fn content(call: &Call<'_>) -> Result<Option<Vec<u8>>, OpError> {
    let path = path(call, 0, Access::Read, true)?;
    if !path.is_file() {
        return Ok(None);
    }
    fs::read(&path)
        .map(Some)
        .map_err(|error| system(&error, &path))
}

fn text(call: &Call<'_>) -> OpResult {
    match content(call)? {
        Some(bytes) => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            call.string(&String::from_utf8_lossy(bytes))
        }
        None => call.nothing(),
    }
}

fn bytes(call: &Call<'_>) -> OpResult {
    match content(call)? {
        Some(bytes) => Ok(call.scope.bytes_from_vec(bytes)?),
        None => call.nothing(),
    }
}

fn write(call: &Call<'_>) -> OpResult {
    call.context.settle()?;
    let (path, data) = (path(call, 0, Access::Write, true)?, call.data(1)?);
    let append = call.flag(2);
    let mut options = OpenOptions::new();
    options
        .create(true)
        .write(true)
        .append(append)
        .truncate(!append);
    let written = options
        .open(&path)
        .and_then(|mut file| file.write_all(&data));
    done(call, written, &path)
}

fn done(call: &Call<'_>, result: io::Result<()>, path: &Path) -> OpResult {
    result.map_err(|error| system(&error, path))?;
    call.nothing()
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn texts(call: &Call<'_>, texts: &[String]) -> OpResult {
    let texts: Vec<Value> = texts.iter().map(|text| call.scope.text(text)).collect();
    Ok(call.scope.array(&texts)?)
}

fn list(call: &Call<'_>) -> OpResult {
    let path = path(call, 0, Access::Read, true)?;
    texts(call, &names(&path).map_err(|error| system(&error, &path))?)
}

fn list_tree(call: &Call<'_>) -> OpResult {
    let path = path(call, 0, Access::Read, true)?;
    let mut found = vec![String::new()];
    walk(&path, "", &mut found).map_err(|error| system(&error, &path))?;
    texts(call, &found)
}

/// Depth first, without following links to folders.
fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for name in names(folder)? {
        let path = folder.join(&name);
        let relative = format!("{prefix}{name}");
        found.push(relative.clone());
        if fs::symlink_metadata(&path)?.is_dir() {
            walk(&path, &format!("{relative}/"), found)?;
        }
    }
    Ok(())
}

fn make_folder(call: &Call<'_>) -> OpResult {
    let path = path(call, 0, Access::Write, true)?;
    let made = if call.flag(1) {
        fs::create_dir_all(&path)
    } else {
        fs::create_dir(&path)
    };
    done(call, made, &path)
}

fn remove(call: &Call<'_>) -> OpResult {
    let path = path(call, 0, Access::Write, false)?;
    done(call, fs::remove_file(&path), &path)
}

fn remove_folder(call: &Call<'_>) -> OpResult {
    let path = path(call, 0, Access::Write, false)?;
    if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(bad(format!("not a folder: {}", path.display())));
    }
    let removed = if call.flag(1) {
        fs::remove_dir_all(&path)
    } else {
        fs::remove_dir(&path)
    };
    done(call, removed, &path)
}

fn move_file(call: &Call<'_>) -> OpResult {
    let (from, to) = (
        path(call, 0, Access::Write, false)?,
        path(call, 1, Access::Write, false)?,
    );
    done(call, fs::rename(&from, &to), &from)
}

fn copy(call: &Call<'_>) -> OpResult {
    let (from, to) = (
        path(call, 0, Access::Read, true)?,
        path(call, 1, Access::Write, true)?,
    );
    let copied = if call.flag(2) && from.is_dir() {
        copy_folder(&from, &to)
    } else {
        fs::copy(&from, &to).map(drop)
    };
    done(call, copied, &from)
}

/// Copies files and folders; links are left out, for they may lead anywhere.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in names(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        let kind = fs::symlink_metadata(&source)?;
        if kind.is_dir() {
            copy_folder(&source, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

fn link(call: &Call<'_>) -> OpResult {
    let (target, place) = (
        path(call, 0, Access::Read, true)?,
        path(call, 1, Access::Write, false)?,
    );
    done(call, symlink(&target, &place), &place)
}

fn mode(call: &Call<'_>) -> OpResult {
    let (path, mode) = (path(call, 0, Access::Write, true)?, call.number(1)?);
    let permissions = fs::Permissions::from_mode(mode as u32 & 0o777);
    done(call, fs::set_permissions(&path, permissions), &path)
}
