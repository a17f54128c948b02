//! Transactions that a client sends as JavaScript.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use error_codes::{Code, codes};
use parking_lot::Mutex;
use value::{Value, json};

use crate::manifest::Manifest;
use crate::mount::Mount;
use crate::registry::Service;
use crate::shared::Shared;
use crate::workers::{self, JobKind, Outcome};
use crate::{Error, ErrorKind, Result};

/// Runs the action of a transaction in a VM of its sender, which sees the built-in modules and has
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
    let service = shared.senders.get(shared, database, user)?;
    let outcome = workers::run(&shared.pool, service, kind)?;
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

/// Senders whose VMs are kept.
const SENDERS_MAX: usize = 64;

/// A database and a user.
type Sender = (String, Option<String>);

/// What stands for the services in whose VMs transactions run, by database and user: what one
/// sender does to a VM must not meet another, who may have more rights.
#[derive(Default)]
pub(crate) struct Senders(Mutex<HashMap<Sender, Arc<Service>>>);

impl Senders {
    fn get(&self, shared: &Shared, database: &str, user: Option<&str>) -> Result<Arc<Service>> {
        let key = (database.to_owned(), user.map(str::to_owned));
        let mut known = self.0.lock();
        if let Some(service) = known.get(&key) {
            return Ok(Arc::clone(service));
        }
        if known.len() >= SENDERS_MAX {
            for (_, service) in known.drain() {
                service.retired.store(true, Ordering::Relaxed);
            }
            shared.pool.purge();
        }
        let service = Arc::new(without_files(shared, database)?);
        known.insert(key, Arc::clone(&service));
        Ok(service)
    }
}

fn without_files(shared: &Shared, database: &str) -> Result<Service> {
    let (manifest, _) = Manifest::parse(b"{}", &shared.settings.server_version)?;
    let mount = Mount::of_server("/_api/transaction");
    Ok(Service {
        folder: shared.settings.temp_folder.clone(),
        ..Service::bare(database.into(), mount, Arc::new(manifest))
    })
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
