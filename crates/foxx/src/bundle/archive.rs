//! Reading a zip by its central directory, distrusting all of it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use bytes::Bytes;
use error_codes::codes;
use zip::ZipArchive;

use super::Limits;
use crate::{Error, Result};

/// A zip that passed every check that can be made without unpacking it.
pub(crate) struct Archive {
    zip: ZipArchive<Cursor<Bytes>>,
    files: Vec<Entry>,
    folders: Vec<String>,
    limits: Limits,
}

/// One file of the service.
#[derive(Debug, Clone)]
struct Entry {
    /// Relative to the service root, segments joined by `/`.
    path: String,
    index: usize,
    bytes: u64,
}

impl Archive {
    /// Checks the zip and finds the service root in it.
    ///
    /// # Errors
    /// 3015 with the reason for what is no zip, breaks a limit or leads out of its folder; 3012
    /// if there is no `manifest.json`.
    pub(crate) fn open(bytes: Bytes, limits: &Limits) -> Result<Self> {
        let mut archive = Self::open_any(bytes, limits)?;
        archive.enter_root()?;
        Ok(archive)
    }

    /// Checks a zip of whatever files.
    ///
    /// # Errors
    /// 3015 with the reason for what is no zip, breaks a limit or leads out of its folder.
    pub(crate) fn open_any(bytes: Bytes, limits: &Limits) -> Result<Self> {
        check(
            "bundle_bytes_max",
            "the bundle's bytes",
            bytes.len() as u64,
            limits.bundle_bytes_max,
        )?;
        check_declared_entries(&bytes, limits)?;
        let zip =
            ZipArchive::new(Cursor::new(bytes)).map_err(|e| refuse(format!("no zip: {e}")))?;
        if zip.has_duplicate_names() {
            return Err(refuse("two entries have the same name"));
        }
        let mut archive = Self {
            zip,
            files: Vec::new(),
            folders: Vec::new(),
            limits: limits.clone(),
        };
        archive.read_directory()?;
        Ok(archive)
    }

    /// The paths of the files.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.files.iter().map(|entry| entry.path.clone()).collect()
    }

    /// The paths of the folders that it names.
    pub(crate) fn folders(&self) -> &[String] {
        &self.folders
    }

    /// One file of the service, by its path below the service root.
    pub(crate) fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(entry) = self.files.iter().find(|entry| entry.path == path).cloned() else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.unpack_entry(&entry, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// Unpacks the service below `folder`, which exists and is empty.
    pub(crate) fn extract(&mut self, folder: &Path) -> Result<()> {
        let failed = |e: io::Error| Error::internal("unpack bundle", e);
        for path in &self.folders {
            fs::create_dir_all(folder.join(path)).map_err(failed)?;
        }
        for entry in self.files.clone() {
            let path = folder.join(&entry.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            let mut file = fs::File::create_new(&path).map_err(failed)?;
            self.unpack_entry(&entry, &mut file)?;
        }
        Ok(())
    }

    /// Whether every file is there and as long as it should be. The manifest is written anew when
    /// a bundle is unpacked, and only has to be there.
    pub(crate) fn is_unpacked_in(&self, folder: &Path) -> bool {
        self.files.iter().all(|entry| {
            let found = fs::metadata(folder.join(&entry.path));
            found.is_ok_and(|found| {
                let is_whole = found.len() == entry.bytes || entry.path == "manifest.json";
                found.is_file() && is_whole
            })
        })
    }

    fn unpack_entry(&mut self, entry: &Entry, out: &mut impl Write) -> Result<()> {
        let broken = |e: &dyn std::fmt::Display| refuse(format!("{}: {e}", entry.path));
        let file = self.zip.by_index(entry.index).map_err(|e| broken(&e))?;
        // The declared size was counted against the limits, so not a byte more comes out.
        let mut file = file.take(entry.bytes + 1);
        let mut buffer = [0; 16 << 10];
        let mut written = 0u64;
        loop {
            let count = file.read(&mut buffer).map_err(|e| broken(&e))?;
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
                break;
            };
            written += count as u64;
            if written > entry.bytes {
                return Err(broken(&"the file is longer than the directory says"));
            }
            out.write_all(part)
                .map_err(|e| Error::internal("unpack bundle", e))?;
        }
        if written < entry.bytes {
            return Err(broken(&"the file is shorter than the directory says"));
        }
        Ok(())
    }

    /// Looks at every entry once: names, kinds, sizes.
    fn read_directory(&mut self) -> Result<()> {
        let mut sums = Sums::default();
        let mut seen: HashMap<String, bool> = HashMap::new();
        check(
            "entries_max",
            "the entries",
            self.zip.len() as u64,
            self.limits.entries_max,
        )?;
        for index in 0..self.zip.len() {
            let file = self
                .zip
                .by_index_raw(index)
                .map_err(|e| refuse(e.to_string()))?;
            let raw_name = String::from_utf8_lossy(file.name_raw()).into_owned();
            let name = file
                .name()
                .map_err(|_| refuse(format!("unreadable name {raw_name:?}")))?;
            let folder = name.ends_with(['/', '\\']) || file.is_dir();
            let path = clean_path(&name, &self.limits)?;
            check_kind(&name, file.unix_mode(), folder, file.encrypted())?;
            let bytes = if folder { 0 } else { file.size() };
            check(
                &format!("file_bytes_max ({name})"),
                "a file's bytes",
                bytes,
                self.limits.file_bytes_max,
            )?;
            sums.add(bytes, file.compressed_size(), &self.limits)?;
            if path.is_empty() || path.split('/').any(|segment| segment == "__MACOSX") {
                continue;
            }
            match seen.insert(path.clone(), folder) {
                Some(before) if !(before && folder) => {
                    return Err(refuse(format!("two entries have the name {path:?}")));
                }
                _ => {}
            }
            if folder {
                self.folders.push(path);
            } else {
                self.files.push(Entry { path, index, bytes });
            }
        }
        self.check_files_hold_nothing()
    }

    /// A path cannot be a file and a folder.
    fn check_files_hold_nothing(&self) -> Result<()> {
        let files: HashSet<&str> = self.files.iter().map(|entry| entry.path.as_str()).collect();
        let paths = self.files.iter().map(|entry| entry.path.as_str());
        for path in paths.chain(self.folders.iter().map(String::as_str)) {
            let clash = path
                .match_indices('/')
                .find(|(at, _)| files.contains(&path[..*at]));
            if let Some((at, _)) = clash {
                return Err(refuse(format!(
                    "{:?} is both a file and a folder",
                    &path[..at]
                )));
            }
        }
        Ok(())
    }

    /// Makes all paths relative to the folder of the `manifest.json` nearest the root.
    fn enter_root(&mut self) -> Result<()> {
        let manifests = self.files.iter().map(|entry| entry.path.as_str());
        let nearest = manifests
            .filter(|path| *path == "manifest.json" || path.ends_with("/manifest.json"))
            .min_by_key(|path| (path.matches('/').count(), path.to_string()));
        let Some(nearest) = nearest else {
            return Err(Error::refused(codes::SERVICE_MANIFEST_NOT_FOUND));
        };
        let root = nearest
            .strip_suffix("manifest.json")
            .unwrap_or_default()
            .to_owned();
        self.files.retain_mut(|entry| enter(&mut entry.path, &root));
        self.folders.retain_mut(|path| enter(path, &root));
        Ok(())
    }
}

/// Cuts `root` off `path`; whether `path` lies below it.
fn enter(path: &mut String, root: &str) -> bool {
    match path.strip_prefix(root) {
        Some(rest) if !rest.is_empty() => {
            *path = rest.to_owned();
            true
        }
        _ => false,
    }
}

/// Sizes over the whole archive.
#[derive(Default)]
struct Sums {
    unpacked: u64,
    packed: u64,
}

impl Sums {
    fn add(&mut self, unpacked: u64, packed: u64, limits: &Limits) -> Result<()> {
        self.unpacked = self.unpacked.saturating_add(unpacked);
        self.packed = self.packed.saturating_add(packed);
        let max = limits.unpacked_bytes_max;
        check(
            "unpacked_bytes_max",
            "the unpacked bytes",
            self.unpacked,
            max,
        )?;
        let allowed = self
            .packed
            .saturating_mul(limits.ratio_max)
            .max(limits.ratio_free_bytes);
        if self.unpacked > allowed {
            return Err(refuse(format!(
                "it unpacks to more than {} times its size (setting ratio_max)",
                limits.ratio_max
            )));
        }
        Ok(())
    }
}

/// The path with `/` between its segments and without empty or `.` ones.
fn clean_path(name: &str, limits: &Limits) -> Result<String> {
    if name.len() > limits.path_bytes_max {
        let start: String = name.chars().take(40).collect();
        check(
            &format!("path_bytes_max ({start}…)"),
            "a path's bytes",
            name.len() as u64,
            limits.path_bytes_max as u64,
        )?;
    }
    if name.chars().any(char::is_control) {
        return Err(refuse(format!("control characters in the name {name:?}")));
    }
    let drive = name.as_bytes().get(1) == Some(&b':')
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if name.starts_with(['/', '\\']) || drive {
        return Err(refuse(format!("absolute path {name:?}")));
    }
    let mut segments = Vec::new();
    for segment in name.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => return Err(refuse(format!("path {name:?} leads out of the bundle"))),
            _ if segment.len() > 255 => {
                return Err(refuse(format!(
                    "a name in {name:?} is longer than 255 bytes"
                )));
            }
            _ => segments.push(segment),
        }
    }
    check(
        &format!("path_depth_max ({name})"),
        "a path's depth",
        segments.len() as u64,
        limits.path_depth_max as u64,
    )?;
    Ok(segments.join("/"))
}

/// Refuses links, devices and what needs a password.
fn check_kind(name: &str, mode: Option<u32>, folder: bool, encrypted: bool) -> Result<()> {
    const KIND: u32 = 0o170_000;
    match mode.unwrap_or(0) & KIND {
        0o120_000 => return Err(refuse(format!("{name:?} is a link"))),
        0 => {}
        0o100_000 if !folder => {}
        0o040_000 if folder => {}
        _ => return Err(refuse(format!("{name:?} is neither a file nor a folder"))),
    }
    if encrypted {
        return Err(refuse(format!("{name:?} is encrypted")));
    }
    Ok(())
}

/// How many directory entries, real ones or look-alikes in stored files, for each one allowed.
const SIGNATURES_PER_ENTRY: u64 = 4;

/// Refuses a directory of millions before it is read: by what its end record says, and by counting
/// signatures, since the record may lie.
fn check_declared_entries(bytes: &[u8], limits: &Limits) -> Result<()> {
    const END: &[u8] = b"PK\x05\x06";
    const ENTRY: &[u8] = b"PK\x01\x02";
    const END_BYTES: usize = 22;
    const COMMENT_BYTES_MAX: usize = 0xffff;
    let tail = bytes.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let tail = bytes.get(tail..).unwrap_or_default();
    let Some(at) = memchr::memmem::rfind(tail, END) else {
        return Err(refuse("no zip: its directory is missing"));
    };
    let entries = tail
        .get(at + 10..at + 12)
        .and_then(|pair| pair.try_into().ok());
    let entries = entries.map_or(0, u16::from_le_bytes);
    // 0xffff says that the number is elsewhere.
    if entries != 0xffff {
        check(
            "entries_max",
            "the entries",
            u64::from(entries),
            limits.entries_max,
        )?;
    }
    let max = limits.entries_max.saturating_mul(SIGNATURES_PER_ENTRY);
    let most = usize::try_from(max).unwrap_or(usize::MAX).saturating_add(1);
    let found = memchr::memmem::find_iter(bytes, ENTRY).take(most).count() as u64;
    if found > max {
        check("entries_max", "the entries", found, limits.entries_max)?;
    }
    Ok(())
}

fn check(setting: &str, what: &str, value: u64, max: u64) -> Result<()> {
    if value <= max {
        return Ok(());
    }
    Err(refuse(format!(
        "{what} are {value}, more than {max} (setting {setting})"
    )))
}

fn refuse(reason: impl Into<String>) -> Error {
    Error::refused(codes::SERVICE_SOURCE_ERROR).with_detail("Reason", reason.into())
}
