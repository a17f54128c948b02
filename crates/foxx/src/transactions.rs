//! Transactions that a client sends as JavaScript.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use error_codes::{Code, codes};
use value::{Value, json};

use crate::manifest::Manifest;
use crate::mount::Mount;
use crate::registry::{Health, Service, StoredOptions, next_number};
use crate::shared::Shared;
use crate::workers::{self, JobKind, Outcome};
use crate::{Error, ErrorKind, Result};

/// Runs the action of a transaction in a VM of its own, which sees the built-in modules and has
/// the rights of `user`, or all. Answers the JSON text of what the action returned.
///
/// # Errors
/// 1228; 10 and 1203 for a definition that does not hold; what the action threw, as 1650 where it
/// has no number; 1200 and whatever else a commit meets; 500 beyond a worker's limits. Nothing was
/// written.
pub(crate) fn run(
    shared: &Arc<Shared>,
    database: &str,
    user: Option<&str>,
    definition: &Value,
) -> Result<String> {
    shared.databases.get(database)?;
    let kind = JobKind::Transaction {
        definition: json::to_string(definition),
        user: user.map(str::to_owned),
    };
    let outcome = workers::run(&shared.pool, nobody(shared, database)?, kind)?;
    let Outcome::Text(text) = outcome else {
        return Err(Error::internal("run transaction", "it has no result"));
    };
    let outcome = json::parse(text.as_bytes())
        .map_err(|error| Error::internal("read the result of a transaction", error.to_string()))?;
    match outcome.get("error") {
        Value::Null => Ok(json::to_string(outcome.get("result"))),
        thrown => Err(to_error(thrown)),
    }
}

/// Stands for the service in whose VM it runs: one without files.
fn nobody(shared: &Shared, database: &str) -> Result<Arc<Service>> {
    let (manifest, _) = Manifest::parse(b"{}", &shared.settings.server_version)?;
    Ok(Arc::new(Service {
        number: next_number(),
        database: database.into(),
        mount: Mount::of_server("/_api/transaction"),
        manifest: Arc::new(manifest),
        checksum: String::new(),
        folder: shared.settings.temp_folder.clone(),
        options: StoredOptions::default(),
        development: false,
        legacy: false,
        health: Health::Ready,
        retired: AtomicBool::new(false),
    }))
}

fn to_error(thrown: &Value) -> Error {
    let number = thrown.get("errorNum").as_i64();
    let code = number.and_then(|number| u32::try_from(number).ok());
    let code = code.map_or(codes::TRANSACTION_INTERNAL, Code);
    let message = thrown.get("errorMessage").as_str().unwrap_or_default();
    let error = Error::new(ErrorKind::Refused, code).with_message(message);
    let status = thrown.get("status").as_i64();
    match status.and_then(|status| u16::try_from(status).ok()) {
        Some(status) => error.with_status(status),
        None => error,
    }
}
