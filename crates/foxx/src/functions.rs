//! Functions that users define for queries: JavaScript text in `_aqlfunctions`, run in VMs of its
//! own.
//!
//! A function sees the language and `AQL_WARNING`, nothing of services, documents or files. Its
//! VM belongs to one database and stays on one thread: a worker's, for the queries of the service
//! that runs there, or a thread of [`Pool`], for all others. What a function breaks (a limit) costs
//! its query and that VM.

mod pool;
mod registry;
mod vm;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aql::functions::Error;
use aql::{UserCall, UserFunction, UserFunctions};
use database::{Database, TransactionOptions};
use error_codes::{Code, codes};
use parking_lot::Mutex;
use platform::Platform;
use value::{Value, json};

use pool::Pool;
pub(crate) use pool::{OnThisThread, on_this_thread};
pub(crate) use registry::{Definition, list, register, unregister, unregister_group};
use vm::{Failure, Task};

use crate::settings::FunctionSettings;

/// The user-defined functions of a server. Cloning gives another handle; when the last one is
/// dropped the threads end.
#[derive(Clone)]
pub struct Functions(Arc<Owner>);

struct Owner {
    pool: Arc<Pool>,
    /// What was found last, by database and name.
    found: Mutex<HashMap<(u64, String), Found>>,
}

struct Found {
    /// The revision of the document that it was read from.
    rev: String,
    function: Arc<Function>,
}

/// One function as it was registered at one time.
struct Function {
    /// Tells this text from all others in the process; names what is compiled.
    number: u64,
    database: u64,
    code: Arc<str>,
    pool: Arc<Pool>,
}

/// Numbers of functions, unique in the process.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

impl Functions {
    /// Makes what runs functions; starts nothing.
    pub fn new(settings: FunctionSettings, platform: &Platform) -> Self {
        Self(Arc::new(Owner {
            pool: Pool::new(settings, Arc::clone(&platform.clock)),
            found: Mutex::default(),
        }))
    }

    /// Ends the threads; functions that run are stopped.
    pub fn stop(&self) {
        self.0.pool.stop();
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.0.pool
    }

    /// Refuses what is not the text of one function: 1581 with the reason.
    pub(crate) fn check(&self, code: &str) -> Result<(), Error> {
        let task = Task {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            database: 0,
            name: "function".to_owned(),
            code: code.into(),
            arguments: None,
            time: self.0.pool.settings().function_time_max,
        };
        let outcome = self.0.pool.run(task, &|| false)?;
        outcome
            .result
            .map(drop)
            .map_err(|failure| invalid_code(&failure.to_string()))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.pool.stop();
    }
}

impl UserFunctions for Functions {
    fn find(
        &self,
        database: &Database,
        name: &str,
    ) -> Result<Option<Arc<dyn UserFunction>>, Error> {
        if !self.0.pool.settings().enabled {
            let message = "user-defined functions are switched off";
            return Err(Error::new(codes::FORBIDDEN, message));
        }
        let transaction = database.begin(TransactionOptions::read_only());
        let read = transaction.and_then(|mut transaction| {
            let collection = transaction.collection(registry::COLLECTION)?;
            transaction.get(&collection, name)
        });
        let document = match read {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(None),
            Err(error) if error.code() == codes::ARANGO_DATA_SOURCE_NOT_FOUND => return Ok(None),
            Err(error) => return Err(Error::new(error.code(), error.message())),
        };
        let owner = &self.0;
        let key = (database.id().0, name.to_owned());
        let mut found = owner.found.lock();
        if let Some(known) = found.get(&key)
            && known.rev == document.rev()
        {
            return Ok(Some(Arc::clone(&known.function) as _));
        }
        let code = document.get("code").unwrap_or_default();
        let function = Arc::new(Function {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            database: key.0,
            code: code.as_str().unwrap_or_default().into(),
            pool: Arc::clone(&owner.pool),
        });
        if found.len() >= owner.pool.settings().functions_max {
            found.clear();
        }
        let rev = document.rev().to_owned();
        let kept = Arc::clone(&function);
        found.insert(
            key,
            Found {
                rev,
                function: kept,
            },
        );
        Ok(Some(function as _))
    }
}

impl UserFunction for Function {
    fn call(&self, ctx: &mut UserCall<'_>, args: &[Value]) -> Result<Value, Error> {
        let settings = self.pool.settings();
        let mut time = settings.function_time_max;
        if let Some(deadline) = ctx.deadline {
            time = time.min(deadline.saturating_sub(self.pool.now()));
        }
        let task = Task {
            number: self.number,
            database: self.database,
            name: ctx.name.to_owned(),
            code: Arc::clone(&self.code),
            arguments: Some(arguments(args)),
            time,
        };
        let cancel = ctx.cancel;
        let outcome = self.pool.run(task, &|| cancel.is_killed())?;
        for (code, message) in outcome.warnings {
            ctx.warnings.add(Code(code), message)?;
        }
        match outcome.result {
            Ok(text) => json::parse(text.as_bytes())
                .map_err(|error| runtime_error(&format!("its result cannot be used: {error}"))),
            Err(Failure::NotFunction(reason)) => Err(invalid_code(&reason)),
            Err(Failure::Cancelled) => Err(killed()),
            Err(Failure::TimeLimit(limit)) if limit < settings.function_time_max => Err(killed()),
            Err(failure) => Err(runtime_error(&failure.to_string())),
        }
    }
}

fn arguments(args: &[Value]) -> String {
    let mut text = vec![b'['];
    for (at, argument) in args.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        json::write(argument, &mut text);
    }
    text.push(b']');
    String::from_utf8(text).expect("JSON text is UTF-8")
}

fn runtime_error(reason: &str) -> Error {
    let message = format!("user function runtime error: {reason}");
    Error::new(codes::QUERY_FUNCTION_RUNTIME_ERROR, message)
}

fn invalid_code(reason: &str) -> Error {
    let code = codes::QUERY_FUNCTION_INVALID_CODE;
    Error::new(code, format!("{}: {reason}", code.text()))
}

fn killed() -> Error {
    Error::new(codes::QUERY_KILLED, codes::QUERY_KILLED.text())
}
