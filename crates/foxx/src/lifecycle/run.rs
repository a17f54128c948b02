//! Scripts, tests and the description of routes.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use error_codes::codes;
use globset::{Glob, GlobBuilder, GlobSetBuilder};
use value::{Object, Value, json};

use super::{not_found, reload_development};
use crate::registry::{Health, Service};
use crate::shared::Shared;
use crate::titles::title;
use crate::workers::{self, JobKind, Outcome};
use crate::{Error, Result};

/// How tests are run.
#[derive(Debug, Clone)]
pub struct TestOptions {
    /// `default`, `suite`, `stream`, `xunit` or `tap`.
    pub reporter: String,
    /// Text instead of JSON, for the reporters that have one.
    pub idiomatic: bool,
    /// Only tests whose full name contains this.
    pub filter: Option<String>,
}

/// What tests reported.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// For the header.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// The reporters there are.
const REPORTERS: &[&str] = &["default", "suite", "stream", "xunit", "tap"];

/// Script name → title.
pub(crate) fn list_scripts(service: &Service) -> Value {
    let mut scripts = Object::new();
    for name in service.manifest.scripts().keys() {
        scripts.insert(name.as_str(), title(name));
    }
    scripts.into()
}

/// Runs a script with `argv`, a JSON array, and the rights of `user`, or all; answers what it
/// exports as JSON.
///
/// # Errors
/// 1228, 3009, 3016, 3010, 3100, 3101, and 3103 with the status the script chose or 500.
pub(crate) fn run_script(
    shared: &Arc<Shared>,
    database: &str,
    mount: &str,
    name: &str,
    argv: &Value,
    user: Option<&str>,
) -> Result<String> {
    let service = runnable(shared, database, mount)?;
    let Some(path) = service.manifest.scripts().get(name) else {
        let error = Error::refused(codes::SERVICE_UNKNOWN_SCRIPT);
        return Err(error
            .with_detail("Mount", mount)
            .with_detail("Script", name));
    };
    let (path, argv) = (path.clone(), json::to_string(argv));
    let kind = JobKind::Script {
        path,
        argv,
        user: user.map(str::to_owned),
        fresh: service.development,
    };
    text(workers::run(&shared.pool, service, kind)?)
}

/// Runs the service's tests with the rights of `user`, or all.
///
/// # Errors
/// 1228, 3009, 3010, 400 for an unknown reporter; 3100, 3101, 3103 for files that do not load.
pub(crate) fn run_tests(
    shared: &Arc<Shared>,
    database: &str,
    mount: &str,
    options: &TestOptions,
    user: Option<&str>,
) -> Result<TestReport> {
    if !REPORTERS.contains(&options.reporter.as_str()) {
        let error = Error::refused(codes::HTTP_BAD_PARAMETER);
        return Err(error.with_detail("Reporter", &options.reporter));
    }
    let service = runnable(shared, database, mount)?;
    let files = find_tests(&service)?;
    let files = json::to_string(
        &files
            .iter()
            .map(|f| f.as_str().into())
            .collect::<Vec<Value>>()
            .into(),
    );
    let mut given = Object::new();
    given.insert("reporter", options.reporter.as_str());
    given.insert("idiomatic", options.idiomatic);
    if let Some(filter) = &options.filter {
        given.insert("filter", filter.as_str());
    }
    let kind = JobKind::Tests {
        files,
        options: json::to_string(&given.into()),
        user: user.map(str::to_owned),
    };
    let report = text(workers::run(&shared.pool, service, kind)?)?;
    let report = json::parse(report.as_bytes())
        .map_err(|error| Error::internal("read test report", error.to_string()))?;
    let part = |name: &str| report.get(name).as_str().unwrap_or_default().to_owned();
    Ok(TestReport {
        content_type: part("contentType"),
        body: part("body"),
    })
}

/// The description of the routes as JSON text; without paths if the service does not run.
///
/// # Errors
/// 1228, 3009.
pub(crate) fn swagger(shared: &Arc<Shared>, database: &str, mount: &str) -> Result<String> {
    let service = find(shared, database, mount)?;
    if service.health == Health::Ready {
        let service = current(shared, &service).unwrap_or_else(|_| Arc::clone(&service));
        match workers::run(&shared.pool, service, JobKind::Swagger) {
            Ok(outcome) => return text(outcome),
            Err(error) => tracing::warn!(target: "foxx", mount, "routes not described: {error}"),
        }
    }
    Ok(json::to_string(&skeleton(&service)))
}

/// What can be said without running the service.
fn skeleton(service: &Service) -> Value {
    let text = |field: &str| service.manifest.normalised().get(field).as_str();
    let mut license = Object::new();
    if let Some(name) = text("license") {
        license.insert("name", name);
    }
    let mut info = Object::new();
    info.insert("title", text("name").unwrap_or(service.mount.as_str()));
    info.insert("description", text("description").unwrap_or_default());
    info.insert("version", text("version").unwrap_or("0.0.0"));
    info.insert("license", license);
    let mut shown = Object::new();
    shown.insert("swagger", "2.0");
    let database = percent_encoding::utf8_percent_encode(
        &service.database,
        percent_encoding::NON_ALPHANUMERIC,
    );
    let base = match service.database.starts_with('_') {
        // The one name that everybody knows stays readable.
        true => format!("/_db/{}{}", service.database, service.mount),
        false => format!("/_db/{database}{}", service.mount),
    };
    shown.insert("basePath", base);
    shown.insert("paths", Object::new());
    shown.insert("info", info);
    shown.into()
}

fn text(outcome: Outcome) -> Result<String> {
    match outcome {
        Outcome::Text(text) => Ok(text),
        Outcome::Done => Err(Error::internal("run job", "no result")),
    }
}

fn find(shared: &Shared, database: &str, mount: &str) -> Result<Arc<Service>> {
    let database = shared.databases.get(database)?;
    shared
        .table
        .get(database.name(), mount)
        .ok_or_else(|| not_found(mount))
}

/// In development mode the service as its files are now.
fn current(shared: &Shared, service: &Arc<Service>) -> Result<Arc<Service>> {
    match service.development {
        true => reload_development(shared, service),
        false => Ok(Arc::clone(service)),
    }
}

/// A service that can run scripts and tests.
fn runnable(shared: &Shared, database: &str, mount: &str) -> Result<Arc<Service>> {
    let service = current(shared, &find(shared, database, mount)?)?;
    match service.find_obstacle() {
        Some(error) => Err(error.with_status(400)),
        None => Ok(service),
    }
}

/// Test files by the manifest's patterns, relative to the service root, sorted.
fn find_tests(service: &Service) -> Result<Vec<String>> {
    let mut patterns = GlobSetBuilder::new();
    for pattern in service.manifest.tests() {
        let clean = pattern.trim_start_matches("./");
        patterns.add(glob(clean).map_err(|error| {
            let refused = Error::refused(codes::INVALID_SERVICE_MANIFEST);
            refused.with_detail("Reason", format!("\"tests\": {error}"))
        })?);
    }
    let patterns = patterns
        .build()
        .map_err(|e| Error::internal("read test patterns", e))?;
    let mut files = Vec::new();
    collect(&service.folder, "", &mut files);
    files.retain(|file| patterns.is_match(file));
    files.sort();
    Ok(files)
}

/// `*` stays within a segment; `**` inside a segment is a `*`.
fn glob(pattern: &str) -> std::result::Result<Glob, globset::Error> {
    let segments = pattern.split('/').map(|segment| match segment {
        "**" => segment.to_owned(),
        _ => segment.replace("**", "*"),
    });
    let pattern = segments.collect::<Vec<_>>().join("/");
    GlobBuilder::new(&pattern).literal_separator(true).build()
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                collect(&entry.path(), &format!("{prefix}{name}/"), files);
            }
            Ok(kind) if kind.is_file() => files.push(format!("{prefix}{name}")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let matches =
            |pattern: &str, path: &str| glob(pattern).unwrap().compile_matcher().is_match(path);
        assert!(matches("test/**/*.js", "test/a.js"));
        assert!(matches("test/**/*.js", "test/b/c/a.js"));
        assert!(matches("dist/**.spec.js", "dist/a.spec.js"));
        assert!(!matches("dist/**.spec.js", "dist/b/a.spec.js"));
        assert!(!matches("*.js", "test/a.js"));
        assert!(matches("**/test.js", "test.js"));
    }
}
