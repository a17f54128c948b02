//! Bundles that must not get in, and packing that always gives the same bytes.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use platform::SeededRandom;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::{Archive, Bundle, Limits, Staging, is_zip, pack_folder};

/// One entry of a hand-made zip, free to lie.
struct Entry {
    name: &'static str,
    data: &'static [u8],
    mode: u32,
    flags: u16,
    declared_bytes: Option<u32>,
}

const FILE: u32 = 0o100_644;

fn entry(name: &'static str, data: &'static [u8]) -> Entry {
    Entry {
        name,
        data,
        mode: FILE,
        flags: 0,
        declared_bytes: None,
    }
}

/// A stored zip without compression, written field by field.
fn raw_zip(entries: &[Entry], declared_entries: Option<u16>) -> Bytes {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = out.len() as u32;
        let mut crc = flate2::Crc::new();
        crc.update(entry.data);
        let bytes = entry.declared_bytes.unwrap_or(entry.data.len() as u32);
        let mut common = Vec::new();
        common.extend(20u16.to_le_bytes());
        common.extend(entry.flags.to_le_bytes());
        common.extend([0; 6]);
        common.extend(crc.sum().to_le_bytes());
        common.extend((entry.data.len() as u32).to_le_bytes());
        common.extend(bytes.to_le_bytes());
        common.extend((entry.name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(entry.name.as_bytes());
        out.extend(entry.data);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let count = declared_entries.unwrap_or(entries.len() as u16);
    let start = out.len() as u32;
    let directory_bytes = directory.len() as u32;
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(directory_bytes.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out.into()
}

fn with_manifest(entries: Vec<Entry>) -> Bytes {
    let mut all = vec![entry("manifest.json", b"{}")];
    all.extend(entries);
    raw_zip(&all, None)
}

fn staging(folder: &TempDir) -> Staging {
    let random = Arc::new(SeededRandom::new(1));
    Staging::open(folder.path().join("staging"), random).unwrap()
}

fn unpack(bytes: Bytes, limits: &Limits, root: &TempDir) -> crate::Result<Vec<String>> {
    let staging = staging(root);
    let mut archive = Archive::open(bytes, limits)?;
    let folder = staging.make()?;
    archive.extract(folder.path())?;
    let mut names = Vec::new();
    list(folder.path(), "", &mut names);
    names.sort();
    Ok(names)
}

fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}

/// Everything below `root`, the staging folder itself excepted.
fn left_behind(root: &TempDir) -> Vec<String> {
    let mut names = Vec::new();
    list(root.path(), "", &mut names);
    names
}

#[track_caller]
fn refused(bytes: Bytes, limits: &Limits, reason: &str) {
    let root = tempfile::tempdir().unwrap();
    let error = unpack(bytes, limits, &root).expect_err(reason);
    assert!(
        error.message().contains(reason),
        "{:?} lacks {reason:?}",
        error.message()
    );
    assert_eq!(error.status(), 400);
    assert_eq!(left_behind(&root), Vec::<String>::new(), "{reason}");
}

#[test]
fn hostile_entries_are_refused_with_their_reason() {
    let limits = Limits::default();
    let case = |name, reason| refused(with_manifest(vec![entry(name, b"x")]), &limits, reason);
    case("../x", "leads out of the bundle");
    case("a/../../x", "leads out of the bundle");
    case("a\\..\\..\\x", "leads out of the bundle");
    case("/etc/x", "absolute path");
    case("\\x", "absolute path");
    case("C:\\x", "absolute path");
    case("a\0b", "control characters");
    case("a\nb", "control characters");
    case("manifest.json/x", "both a file and a folder");
    case("./manifest.json", "two entries have the name");
    let kind = |mode, flags, reason| {
        let odd = Entry {
            mode,
            flags,
            ..entry("odd", b"/etc/passwd")
        };
        refused(with_manifest(vec![odd]), &limits, reason);
    };
    kind(0o120_777, 0, "is a link");
    kind(0o010_644, 0, "neither a file nor a folder");
    kind(0o020_644, 0, "neither a file nor a folder");
    kind(FILE, 1, "is encrypted");
    let twice = vec![entry("a", b"1"), entry("a", b"2")];
    refused(
        with_manifest(twice),
        &limits,
        "two entries have the same name",
    );
}

#[test]
fn what_breaks_a_limit_is_refused_and_names_the_setting() {
    let small = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let three = || with_manifest(vec![entry("a", b"12345"), entry("b/c/d", b"12345")]);
    refused(three(), &small(|l| l.entries_max = 2), "entries_max");
    refused(
        three(),
        &small(|l| l.unpacked_bytes_max = 9),
        "unpacked_bytes_max",
    );
    refused(three(), &small(|l| l.file_bytes_max = 4), "file_bytes_max");
    refused(three(), &small(|l| l.path_depth_max = 2), "path_depth_max");
    refused(three(), &small(|l| l.path_bytes_max = 12), "path_bytes_max");
    refused(
        three(),
        &small(|l| l.bundle_bytes_max = 100),
        "bundle_bytes_max",
    );
}

#[test]
fn a_million_declared_entries_are_refused_before_they_are_read() {
    let zip = raw_zip(&[entry("manifest.json", b"{}")], Some(0xfffe));
    refused(zip, &Limits::default(), "entries_max");
    let many: Vec<Entry> = (0..100).map(|_| entry("same", b"")).collect();
    let limits = Limits {
        entries_max: 20,
        ..Limits::default()
    };
    refused(raw_zip(&many, Some(0xffff)), &limits, "entries_max");
    refused(raw_zip(&many, Some(1)), &limits, "entries_max");
}

#[test]
fn a_bomb_is_refused_by_its_ratio() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, bytes) in [
        ("manifest.json", vec![b' '; 2]),
        ("bomb", vec![0; 64 << 20]),
    ] {
        writer.start_file(name, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    assert!(bytes.len() < 1 << 20);
    refused(bytes.into(), &Limits::default(), "ratio_max");
}

#[test]
fn a_file_longer_than_declared_is_refused_and_nothing_is_left() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file("manifest.json", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(b"{}").unwrap();
    writer
        .start_file("liar", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(&[7; 1000]).unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    // The uncompressed size in the second directory entry.
    let at = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap() + 24;
    bytes[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
    refused(bytes.into(), &Limits::default(), "Reason");
}

#[test]
fn what_is_no_zip_is_refused() {
    for bytes in [
        &b"PK\x03\x04"[..],
        b"PK\x05\x06",
        b"PK\x03\x04 and nothing that follows",
    ] {
        assert!(is_zip(bytes));
        refused(Bytes::from_static(bytes), &Limits::default(), "no zip");
    }
    let empty = Bundle::from_upload(Bytes::new()).unwrap_err();
    assert_eq!(empty.code().number(), 3014);
    let garbage = Bundle::from_upload(Bytes::from_static(b"P\xff")).unwrap_err();
    assert_eq!((garbage.code().number(), garbage.status()), (3101, 400));
}

#[test]
fn without_manifest_the_number_says_so() {
    let error = Archive::open(raw_zip(&[entry("a.js", b"")], None), &Limits::default());
    assert_eq!(error.err().unwrap().code().number(), 3012);
}

#[test]
fn the_manifest_nearest_the_root_is_the_service() {
    let root = tempfile::tempdir().unwrap();
    let zip = raw_zip(
        &[
            entry("pkg-1/deep/er/manifest.json", b"{}"),
            entry("pkg-1/manifest.json", b"{}"),
            entry("pkg-1/lib/a.js", b""),
            entry("__MACOSX/manifest.json", b"{}"),
            entry("pkg-1/APP/kept.txt", b"k"),
            entry("beside.txt", b""),
        ],
        None,
    );
    let names = unpack(zip, &Limits::default(), &root).unwrap();
    let expected = [
        "APP/kept.txt",
        "deep/er/manifest.json",
        "lib/a.js",
        "manifest.json",
    ];
    assert_eq!(names, expected);
}

#[test]
fn packing_is_deterministic_and_leaves_links_out() {
    let pack = |order: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("lib")).unwrap();
        for name in order {
            fs::write(folder.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        pack_folder(folder.path(), &Limits::default()).unwrap()
    };
    let one = pack(&["manifest.json", "lib/b.js", "a.js"]);
    let other = pack(&["a.js", "lib/b.js", "manifest.json"]);
    assert_eq!(one.checksum(), other.checksum());
    assert_eq!(one.checksum().len(), 64);
    let root = tempfile::tempdir().unwrap();
    let names = unpack(one.bytes().clone(), &Limits::default(), &root).unwrap();
    assert_eq!(names, ["a.js", "lib/b.js", "manifest.json"]);
}

#[test]
fn a_script_becomes_a_bundle() {
    let bundle = Bundle::from_upload(Bytes::from_static(b"module.exports = 1")).unwrap();
    let mut archive = Archive::open(bundle.bytes().clone(), &Limits::default()).unwrap();
    assert_eq!(
        archive.read("index.js").unwrap().unwrap(),
        b"module.exports = 1"
    );
    assert!(archive.read("manifest.json").unwrap().is_some());
    assert!(archive.read("other").unwrap().is_none());
}
