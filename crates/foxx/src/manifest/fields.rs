//! The fields of a manifest, one reader a kind.

use indexmap::IndexMap;
use nodejs_semver::Version;
use value::{Object, Value};

use super::{Manifest, Notes, SCHEMA_URL, dependencies, engines, options};

/// Fields that only mean something; all others are kept with a warning.
const KNOWN: &[&str] = &[
    "$schema",
    "name",
    "version",
    "description",
    "author",
    "contributors",
    "keywords",
    "license",
    "thumbnail",
    "engines",
    "defaultDocument",
    "lib",
    "main",
    "configuration",
    "dependencies",
    "provides",
    "files",
    "scripts",
    "tests",
];

/// Fields of the time before 3.0, without a warning in legacy mode.
const LEGACY: &[&str] = &[
    "controllers",
    "exports",
    "assets",
    "isSystem",
    "rootElement",
    "setup",
    "teardown",
];

pub(super) fn read(given: &Object, server_version: &str, notes: &mut Notes) -> Manifest {
    let mut out = Object::new();
    read_schema(given, &mut out, notes);
    read_names(given, &mut out, notes);
    let legacy = engines::read(given, server_version, &mut out, notes);
    let lib = read_lib(given, notes);
    out.insert("lib", lib.as_str());
    let main = read_main(given, &mut out, notes);
    let options = options::read(given, &mut out, notes);
    let dependencies = dependencies::read(given, &mut out, notes);
    read_provides(given, &mut out, notes);
    read_files(given, &mut out, notes);
    let scripts = read_scripts(given, &mut out, notes);
    let tests = read_tests(given, &mut out, notes);
    for (name, value) in given.iter().filter(|(name, _)| !KNOWN.contains(&&***name)) {
        if !(legacy && LEGACY.contains(&&**name)) {
            notes.warning(format!("unknown field {name:?}"));
        }
        out.insert(name.clone(), value.clone());
    }
    let normalised = Value::object(out);
    Manifest {
        normalised,
        lib,
        main,
        options,
        dependencies,
        scripts,
        tests,
        legacy,
    }
}

fn read_schema(given: &Object, out: &mut Object, notes: &mut Notes) {
    match given.get("$schema") {
        None => {}
        Some(schema) if schema.as_str() == Some(SCHEMA_URL) => {}
        Some(_) => notes.warning(format!("$schema is not {SCHEMA_URL:?} and is ignored")),
    }
    out.insert("$schema", SCHEMA_URL);
}

/// The fields that describe the service to people.
fn read_names(given: &Object, out: &mut Object, notes: &mut Notes) {
    for field in [
        "name",
        "version",
        "description",
        "author",
        "license",
        "thumbnail",
    ] {
        let Some(text) = text_field(given, field, notes) else {
            continue;
        };
        match field {
            "name" if !is_service_name(&text) => {
                notes.problem(format!(
                    "\"name\" is {text:?} but must consist of letters, digits, - and _ \
                     and not begin with a digit"
                ));
            }
            "version" if Version::parse(&text).is_err() => {
                notes.problem(format!(
                    "\"version\" is {text:?}, which is no semantic version"
                ));
            }
            "thumbnail" if !stays_inside(&text) => {
                notes.problem(format!(
                    "\"thumbnail\" leaves the service's folder: {text:?}"
                ));
            }
            _ => {}
        }
        out.insert(field, text);
    }
    if let Some(document) = text_field(given, "defaultDocument", notes) {
        out.insert("defaultDocument", document);
    }
    for field in ["contributors", "keywords"] {
        match given.get(field) {
            None => {}
            Some(list @ Value::Array(items)) => {
                let texts_only = field == "keywords";
                if texts_only && items.iter().any(|item| item.as_str().is_none()) {
                    notes.problem(format!("\"{field}\" must be an array of strings"));
                }
                out.insert(field, list.clone());
            }
            Some(_) => notes.problem(format!("\"{field}\" must be an array")),
        }
    }
}

fn read_lib(given: &Object, notes: &mut Notes) -> String {
    let lib = text_field(given, "lib", notes).filter(|lib| !lib.is_empty());
    let lib = lib.unwrap_or_else(|| ".".to_owned());
    if !stays_inside(&lib) {
        notes.problem(format!("\"lib\" leaves the service's folder: {lib:?}"));
    }
    lib
}

fn read_main(given: &Object, out: &mut Object, notes: &mut Notes) -> Option<String> {
    let main = text_field(given, "main", notes).filter(|main| !main.is_empty())?;
    if !stays_inside(&main) {
        notes.problem(format!("\"main\" leaves the service's folder: {main:?}"));
    }
    out.insert("main", main.as_str());
    Some(main)
}

fn read_provides(given: &Object, out: &mut Object, notes: &mut Notes) {
    let provides = match given.get("provides") {
        None => Value::object(Object::new()),
        Some(provides @ Value::Object(_)) => provides.clone(),
        Some(_) => {
            notes.warning("\"provides\" is no object and is ignored");
            Value::object(Object::new())
        }
    };
    out.insert("provides", provides);
}

fn read_files(given: &Object, out: &mut Object, notes: &mut Notes) {
    let mut files = Object::new();
    for (url, file) in object_field(given, "files", notes) {
        let path = match file {
            Value::String(path) => Some(&**path),
            Value::Object(file) => {
                check_file_options(url, file, notes);
                file.get("path").and_then(Value::as_str)
            }
            _ => None,
        };
        match path {
            None => notes.problem(format!(
                "\"files.{url}\" must be a path or have one in \"path\""
            )),
            Some(path) if !stays_inside(path) => {
                notes.problem(format!(
                    "\"files.{url}\" leaves the service's folder: {path:?}"
                ));
            }
            Some(_) => {}
        }
        files.insert(url, file.clone());
    }
    out.insert("files", files);
}

fn check_file_options(url: &str, file: &Object, notes: &mut Notes) {
    if file.get("type").is_some_and(|kind| kind.as_str().is_none()) {
        notes.problem(format!("\"files.{url}.type\" must be a string"));
    }
    if file
        .get("gzip")
        .is_some_and(|gzip| gzip.as_bool().is_none())
    {
        notes.problem(format!("\"files.{url}.gzip\" must be a boolean"));
    }
}

fn read_scripts(given: &Object, out: &mut Object, notes: &mut Notes) -> IndexMap<String, String> {
    let mut scripts = IndexMap::new();
    let mut shown = Object::new();
    for (name, path) in object_field(given, "scripts", notes) {
        match path.as_str() {
            None => notes.problem(format!("\"scripts.{name}\" must be a string")),
            Some(path) if !stays_inside(path) => {
                notes.problem(format!(
                    "\"scripts.{name}\" leaves the service's folder: {path:?}"
                ));
            }
            Some(path) => {
                scripts.insert(name.to_owned(), path.to_owned());
                shown.insert(name, path);
            }
        }
    }
    out.insert("scripts", shown);
    scripts
}

fn read_tests(given: &Object, out: &mut Object, notes: &mut Notes) -> Vec<String> {
    let tests: Vec<String> = match given.get("tests") {
        None => Vec::new(),
        Some(Value::String(pattern)) => vec![pattern.to_string()],
        Some(Value::Array(items)) if items.iter().all(|item| item.as_str().is_some()) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(_) => {
            notes.problem("\"tests\" must be a string or an array of strings");
            Vec::new()
        }
    };
    for pattern in tests.iter().filter(|pattern| !stays_inside(pattern)) {
        notes.problem(format!(
            "\"tests\" leaves the service's folder: {pattern:?}"
        ));
    }
    let shown: Vec<Value> = tests
        .iter()
        .map(|pattern| pattern.as_str().into())
        .collect();
    out.insert("tests", shown);
    tests
}

/// The string in `field`; a problem if it is something else.
pub(super) fn text_field(given: &Object, field: &str, notes: &mut Notes) -> Option<String> {
    match given.get(field)? {
        Value::String(text) => Some(text.to_string()),
        _ => {
            notes.problem(format!("\"{field}\" must be a string"));
            None
        }
    }
}

/// The members of the object in `field`; a problem if it is something else.
pub(super) fn object_field<'g>(
    given: &'g Object,
    field: &str,
    notes: &mut Notes,
) -> Vec<(&'g str, &'g Value)> {
    match given.get(field) {
        None => Vec::new(),
        Some(Value::Object(object)) => object
            .iter()
            .map(|(name, value)| (&**name, value))
            .collect(),
        Some(_) => {
            notes.problem(format!("\"{field}\" must be an object"));
            Vec::new()
        }
    }
}

fn is_service_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().all(legal) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a path below the service's folder stays there.
pub(super) fn stays_inside(path: &str) -> bool {
    if path.starts_with(['/', '\\']) || path.contains('\0') {
        return false;
    }
    let mut depth = 0i64;
    for segment in path.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}
