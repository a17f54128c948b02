//! Manifests: what a service says about itself.
//!
//! A manifest is read whole: every problem is reported at once, oddities become warnings, and what
//! comes out is normalised, with defaults filled in and unknown fields kept.

mod dependencies;
mod engines;
mod fields;
mod options;
#[cfg(test)]
mod tests;

use error_codes::codes;
use indexmap::IndexMap;
use value::{Object, Value};

pub use dependencies::DependencyDefinition;
pub use options::{OptionDefinition, OptionKind};

use crate::{Error, Result};

/// The schema that manifests may name.
pub(crate) const SCHEMA_URL: &str = "http://json.schemastore.org/foxx-manifest";

/// A valid, normalised manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    normalised: Value,
    lib: String,
    main: Option<String>,
    options: IndexMap<String, OptionDefinition>,
    dependencies: IndexMap<String, DependencyDefinition>,
    scripts: IndexMap<String, String>,
    tests: Vec<String>,
    legacy: bool,
}

impl Manifest {
    /// Reads `manifest.json`. `server_version` is the version that `engines` is compared with.
    /// The second half of the result are warnings for the log.
    ///
    /// # Errors
    /// 3000 if it is no JSON, 3001 with a line per problem if it is no valid manifest.
    pub fn parse(bytes: &[u8], server_version: &str) -> Result<(Self, Vec<String>)> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let given = value::json::parse(bytes).map_err(|error| {
            Error::refused(codes::MALFORMED_MANIFEST_FILE)
                .with_detail("File", "manifest.json")
                .with_detail("Reason", error)
        })?;
        let mut notes = Notes::default();
        let manifest = match given.as_object() {
            Some(object) => fields::read(object, server_version, &mut notes),
            None => {
                notes.problem("the manifest must be an object");
                fields::read(&Object::new(), server_version, &mut notes)
            }
        };
        if notes.problems.is_empty() {
            return Ok((manifest, notes.warnings));
        }
        let mut error = Error::refused(codes::INVALID_SERVICE_MANIFEST);
        for problem in &notes.problems {
            error = error.with_detail("Reason", problem);
        }
        Err(error)
    }

    /// The manifest with its defaults filled in, as the API shows it.
    pub fn normalised(&self) -> &Value {
        &self.normalised
    }

    /// `name`, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.normalised.get("name").as_str()
    }

    /// `version`, if there is one.
    pub fn version(&self) -> Option<&str> {
        self.normalised.get("version").as_str()
    }

    /// The folder that main file and scripts are relative to; `.` or a path without `..`.
    pub fn lib(&self) -> &str {
        &self.lib
    }

    /// The main file, relative to `lib`.
    pub fn main(&self) -> Option<&str> {
        self.main.as_deref()
    }

    /// Configuration options by name.
    pub fn options(&self) -> &IndexMap<String, OptionDefinition> {
        &self.options
    }

    /// Dependencies by alias.
    pub fn dependencies(&self) -> &IndexMap<String, DependencyDefinition> {
        &self.dependencies
    }

    /// Script files by name, relative to `lib`.
    pub fn scripts(&self) -> &IndexMap<String, String> {
        &self.scripts
    }

    /// Patterns of test files, relative to the service root.
    pub fn tests(&self) -> &[String] {
        &self.tests
    }

    /// Whether `engines` says that the service was made for versions before 3.0 only.
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }
}

/// What reading found besides the manifest.
#[derive(Debug, Default)]
struct Notes {
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Notes {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}
