//! What functions get besides their arguments: the query's surroundings and its warnings.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use database::Schema;
use error_codes::{Code, codes};
use platform::Platform;
use value::{Object, Value};

use super::Outcome;

/// The surroundings of a call. Cheap to build: it borrows everything from the query.
pub struct Context<'q> {
    /// Clock and randomness; both are asked anew by each call.
    pub platform: &'q Platform,
    /// Collects the query's warnings.
    pub warnings: &'q mut Warnings,
    /// Compiled regular expressions, kept for the whole query.
    pub caches: &'q mut Caches,
    /// Bounds on what a call may produce.
    pub limits: &'q Limits,
    /// The database the query runs in.
    pub documents: &'q mut dyn DocumentSource,
    /// Its name.
    pub database: &'q str,
    /// The user's name; `None` without authentication.
    pub user: Option<&'q str>,
    /// The public version of the server.
    pub version: &'q str,
    /// The function being called, for warnings. [`super::Function::call`] sets it; start empty.
    pub function: &'static str,
}

impl Context<'_> {
    /// `null` with a warning that an argument has the wrong type or range.
    pub(crate) fn wrong_type(&mut self) -> Outcome {
        let message = format!(
            "invalid argument type in call to function '{}()'",
            self.function
        );
        self.warn(codes::QUERY_FUNCTION_ARGUMENT_TYPE_MISMATCH, message)
    }

    /// `null` with a warning of this number and its default text.
    pub(crate) fn warn_default(&mut self, code: Code) -> Outcome {
        self.warn(code, code.text().to_owned())
    }

    /// `null` with a warning.
    pub(crate) fn warn(&mut self, code: Code, message: String) -> Outcome {
        self.warnings.add(code, message)?;
        Ok(Value::Null)
    }

    /// Refuses arguments that would be too long as texts. Containers share what they hold, so
    /// their text can be far longer than the memory they take.
    pub(super) fn check_texts(&self, args: &[Value]) -> Result<(), Error> {
        let limit = self.limits.text_bytes_max;
        let bytes = args
            .iter()
            .try_fold(0, |bytes, value| text_bytes(value, bytes, limit));
        match bytes {
            Some(_) => Ok(()),
            None => Err(self.over_limit("text_bytes_max", "more", limit)),
        }
    }

    /// Refuses a result with too many elements.
    pub(super) fn check_items(&self, count: usize) -> Result<(), Error> {
        let limit = self.limits.array_items_max;
        if count <= limit {
            return Ok(());
        }
        Err(self.over_limit("array_items_max", count, limit))
    }

    /// The error of a call that would exceed a limit.
    pub(crate) fn over_limit(
        &self,
        setting: &str,
        wanted: impl fmt::Display,
        limit: impl fmt::Display,
    ) -> Error {
        Error::new(
            codes::RESOURCE_LIMIT,
            format!(
                "{}() needs {wanted}, the limit {setting} is {limit}",
                self.function
            ),
        )
    }
}

/// `bytes` and about the length of a value's text; `None` as soon as that is over the limit.
fn text_bytes(value: &Value, bytes: usize, limit: usize) -> Option<usize> {
    let bytes = match value {
        Value::String(text) => bytes + text.len(),
        Value::Array(items) => items
            .iter()
            .try_fold(bytes + 2, |bytes, item| text_bytes(item, bytes + 1, limit))?,
        Value::Object(object) => object.iter().try_fold(bytes + 2, |bytes, (name, value)| {
            text_bytes(value, bytes + name.len() + 4, limit)
        })?,
        _ => bytes + 4,
    };
    (bytes <= limit).then_some(bytes)
}

/// Documents and collections as functions see them, within the query's transaction.
pub trait DocumentSource {
    /// The document of an id `collection/key`; `None` when there is none.
    ///
    /// # Errors
    /// 1203 for an unknown collection, which becomes a warning; others end the query.
    fn fetch(&mut self, id: &str) -> Result<Option<Value>, Error>;

    /// The number of documents in a collection.
    ///
    /// # Errors
    /// 1203 for an unknown collection.
    fn count(&mut self, collection: &str) -> Result<u64, Error>;

    /// The public form of a collection's schema; `null` when it has none.
    ///
    /// # Errors
    /// 1203 for an unknown collection.
    fn schema(&mut self, collection: &str) -> Result<Value, Error>;

    /// Identifier and name of each collection.
    ///
    /// # Errors
    /// Those of the engine.
    fn collections(&mut self) -> Result<Vec<(String, String)>, Error>;

    /// Calls a user-defined function by its upper-case name.
    ///
    /// # Errors
    /// 1582 when there is none, and those of the function.
    fn call_user(
        &mut self,
        name: &str,
        args: &[Value],
        warnings: &mut Warnings,
    ) -> Result<Value, Error>;

    /// Waits for `duration`, but ends early with an error (1500) when the query is killed.
    ///
    /// # Errors
    /// 1500.
    fn wait(&mut self, duration: Duration) -> Result<(), Error>;
}

/// Ends the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The public number.
    pub code: Code,
    /// The text for the client.
    pub message: String,
}

impl Error {
    /// An error of this number and text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A note that something in the query was not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The public number.
    pub code: Code,
    /// The text for the client.
    pub message: String,
}

/// A query's warnings up to a maximum.
#[derive(Debug, Clone)]
pub struct Warnings {
    entries: Vec<Warning>,
    count_max: usize,
    fail: bool,
}

impl Warnings {
    /// Keeps the first `count_max` warnings; `fail` makes the first one an error.
    pub fn new(count_max: usize, fail: bool) -> Self {
        Self {
            entries: Vec::new(),
            count_max,
            fail,
        }
    }

    /// Adds a warning, or drops it when there are enough.
    ///
    /// # Errors
    /// The warning itself when warnings are to fail the query.
    pub fn add(&mut self, code: Code, message: String) -> Result<(), Error> {
        if self.fail {
            return Err(Error::new(code, message));
        }
        if self.entries.len() < self.count_max {
            self.entries.push(Warning { code, message });
        }
        Ok(())
    }

    /// The warnings so far, in order.
    pub fn entries(&self) -> &[Warning] {
        &self.entries
    }
}

/// What is worth keeping from call to call.
#[derive(Debug, Default)]
pub struct Caches {
    /// By pattern and whether case is ignored; `None` for invalid patterns.
    pub(super) regexes: HashMap<(Arc<str>, bool), Option<Arc<fancy_regex::Regex>>>,
    /// The schema that was used last: what it was made of, and it.
    pub(super) schema: Option<(Arc<Object>, Option<Arc<Schema>>)>,
}

/// Bounds on the work of a single call.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest text that `REPEAT` builds, in bytes.
    pub repeat_bytes_max: usize,
    /// The longest text that any other function takes or builds, in bytes.
    pub text_bytes_max: usize,
    /// The longest array a function builds, in elements.
    pub array_items_max: usize,
    /// The longest text of `RANDOM_TOKEN`, in characters.
    pub random_token_chars_max: usize,
    /// The largest table of an edit distance or n-gram comparison, in cells.
    pub comparison_cells_max: usize,
    /// How often a regular expression may step back in one search.
    pub regex_backtracks_max: usize,
    /// How many compiled regular expressions a query keeps.
    pub regexes_kept_max: usize,
    /// The longest single `SLEEP`, in milliseconds.
    pub sleep_ms_max: u64,
}

impl Limits {
    /// The documented bounds, and sensible ones where none are documented.
    pub const STANDARD: Self = Self {
        repeat_bytes_max: 16 << 20,
        text_bytes_max: 256 << 20,
        array_items_max: 10_000_000,
        random_token_chars_max: 65_536,
        comparison_cells_max: 16_000_000,
        regex_backtracks_max: 1_000_000,
        regexes_kept_max: 1_000,
        sleep_ms_max: 3_600_000,
    };
}
