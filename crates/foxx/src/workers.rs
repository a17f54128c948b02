//! Workers: named threads that own the VMs in which services run.
//!
//! One VM holds one revision of one service on one worker. A request goes once to a worker,
//! preferably to one that has the VM warm. What a service breaks (a limit, a panic) costs its
//! request and its VM; nobody else notices.
//!
//! Threads of callers can be workers too, for requests that are known to be quick: [`local`].

pub(crate) mod local;
mod pool;
mod vm;
mod worker;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

pub(crate) use pool::Pool;
pub(crate) use vm::Outcome;

use crate::registry::Service;
use crate::request::{ServiceRequest, ServiceResponse};
use crate::{Error, Result};

/// Called once with the answer and how long a worker was busy with it, on the worker's thread,
/// the caller's or one that syncs.
pub type Reply = Box<dyn FnOnce(ServiceResponse, Duration) + Send>;

/// Something for a worker to do.
pub(crate) enum Task {
    /// Answer a request.
    Request(Arc<ServiceRequest>, Reply),
    /// Anything else.
    Job(Job),
}

/// Work other than a request; the result goes to whoever waits for it.
pub(crate) struct Job {
    pub(crate) service: Arc<Service>,
    pub(crate) kind: JobKind,
    pub(crate) result: mpsc::Sender<Result<Outcome>>,
}

/// What a job does.
#[derive(Debug, Clone)]
pub(crate) enum JobKind {
    /// Parse files without running them.
    CheckSyntax(Vec<SourceFile>),
    /// Load the service's main file in a VM that is dropped afterwards.
    Trial,
    /// Load the service's main file in a VM that is kept.
    Warm,
    /// Run a script; `fresh`: in a VM of its own.
    Script {
        /// Relative to `lib`.
        path: String,
        /// A JSON array.
        argv: String,
        /// Whose rights it has; `None` for all.
        user: Option<String>,
        fresh: bool,
    },
    /// Run test files, given as a JSON array, with options as JSON, with the rights of a user or
    /// with all.
    Tests {
        files: String,
        options: String,
        user: Option<String>,
    },
    /// Describe the routes.
    Swagger,
    /// Run a transaction of a client in a VM that only this client's use.
    Transaction {
        /// The public object as JSON.
        definition: String,
        /// Whose rights it has; `None` for all.
        user: Option<String>,
    },
}

/// A file to be parsed.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// As errors show it.
    pub(crate) file: String,
    pub(crate) source: String,
}

/// Submits a job and waits for its result.
pub(crate) fn run(pool: &Arc<Pool>, service: Arc<Service>, kind: JobKind) -> Result<Outcome> {
    let (result, done) = mpsc::channel();
    pool.submit(Task::Job(Job {
        service,
        kind,
        result,
    }))
    .map_err(|(error, _)| error)?;
    // A worker that dies drops the sender.
    done.recv()
        .unwrap_or_else(|_| Err(Error::internal("run job", "the worker ended")))
}
