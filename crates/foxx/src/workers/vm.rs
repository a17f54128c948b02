//! One VM with one service in it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use database::Unsynced;
use error_codes::{Code, codes};
use js_engine::{CancelHandle, Exception, RunError, RunLimits, Scope, Value, Vm};
use value::json;

use super::SourceFile;
use crate::error::ExceptionText;
use crate::ops::{self, Context};
use crate::registry::Service;
use crate::request::{ServiceRequest, ServiceResponse};
use crate::shared::Shared;
use crate::{Error, ErrorKind, Result};

/// What a job gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// JSON text.
    Text(String),
}

/// Parameters of the function that a service's file is the body of.
const MODULE_PARAMETERS: &[&str] = &["exports", "require", "module", "__filename", "__dirname"];

pub(super) struct ServiceVm {
    // Handles go before the VM that they belong to.
    host: Host,
    context: Rc<Context>,
    shared: Arc<Shared>,
    loaded: bool,
    vm: Vm,
}

/// What the runtime answers to `boot`.
struct Host {
    load: Value,
    dispatch: Value,
    finish: Value,
    run_script: Value,
    run_tests: Value,
    swagger: Value,
    run_transaction: Value,
    describe_error: Value,
}

/// Whether an exception is the service's matter or that of whoever runs a script of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Load,
    Request,
    Script,
}

impl ServiceVm {
    /// Makes a VM and boots the runtime in it; evaluates nothing of the service.
    /// `worker` is the number of the pool's worker; `None` on a caller's thread.
    pub(super) fn new(
        shared: &Arc<Shared>,
        service: Arc<Service>,
        worker: Option<usize>,
    ) -> Result<Self> {
        let clock = Arc::clone(&shared.platform.clock);
        let vm = Vm::new(shared.settings.workers.vm.clone(), clock);
        let limits = limits(shared, shared.settings.workers.load_time_max);
        let context = Rc::new(Context::new(Arc::clone(shared), service, worker));
        let booted = vm.run(&limits, |scope| boot(scope, &context));
        let host = booted.map_err(|e| Error::internal("boot the runtime", e.to_string()))?;
        let shared = Arc::clone(shared);
        Ok(Self {
            host,
            context,
            shared,
            loaded: false,
            vm,
        })
    }

    /// The number of the service's revision.
    pub(super) fn number(&self) -> u64 {
        self.context.service().number
    }

    pub(super) fn is_retired(&self) -> bool {
        self.context.service().is_retired()
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.loaded
    }

    pub(super) fn cancel_handle(&self) -> CancelHandle {
        self.vm.cancel_handle()
    }

    /// Evaluates the main file and builds the routes.
    pub(super) fn load(&mut self) -> Result<()> {
        let time = self.shared.settings.workers.load_time_max;
        self.run(Purpose::Load, time, |host, _| host.load.call(&[]).map(drop))?;
        self.clean_up();
        self.loaded = true;
        Ok(())
    }

    /// Answers one request. The main file is loaded.
    pub(super) fn dispatch(&mut self, request: &Arc<ServiceRequest>) -> Result<ServiceResponse> {
        self.context.begin_request(request);
        let time = self.shared.settings.workers.request_time_max;
        self.run(Purpose::Request, time, |host, scope| {
            let method = scope.text(&request.method);
            let path = scope.text(&request.path);
            let query = scope.text(&request.query);
            let unfinished = host.dispatch.call(&[&method, &path, &query])?;
            if unfinished.to_bool() {
                host.finish.call(&[])?;
            }
            Ok(())
        })?;
        self.context
            .take_response()
            .ok_or_else(|| Error::internal("answer request", "the runtime has not answered"))
    }

    /// Runs a script file with a JSON array of arguments and the rights of `user`; answers its
    /// exports as JSON.
    pub(super) fn run_script(
        &mut self,
        path: &str,
        argv: &str,
        user: Option<&str>,
    ) -> Result<String> {
        self.context.act_as(user);
        let time = self.shared.settings.workers.script_time_max;
        self.run(Purpose::Script, time, |host, scope| {
            host.run_script
                .call(&[&scope.text(path), &scope.text(argv)])?
                .to_text()
        })
    }

    /// Runs test files with the rights of `user`; answers `{contentType, body}` as JSON.
    pub(super) fn run_tests(
        &mut self,
        files: &str,
        options: &str,
        user: Option<&str>,
    ) -> Result<String> {
        self.context.act_as(user);
        let time = self.shared.settings.workers.script_time_max;
        self.run(Purpose::Script, time, |host, scope| {
            host.run_tests
                .call(&[&scope.text(files), &scope.text(options)])?
                .to_text()
        })
    }

    /// The description of the routes as JSON. The main file is loaded.
    pub(super) fn swagger(&mut self) -> Result<String> {
        let time = self.shared.settings.workers.load_time_max;
        self.run(Purpose::Load, time, |host, _| {
            host.swagger.call(&[])?.to_text()
        })
    }

    /// Runs a transaction of a client with the rights of `user`; answers `{result}` or `{error}`
    /// as JSON.
    pub(super) fn run_transaction(
        &mut self,
        definition: &str,
        user: Option<&str>,
    ) -> Result<String> {
        self.context.act_as(user);
        let time = self.shared.settings.workers.script_time_max;
        self.run(Purpose::Script, time, |host, scope| {
            host.run_transaction
                .call(&[&scope.text(definition)])?
                .to_text()
        })
    }

    /// Ends what a request or script left open: its transaction, cursors, database.
    pub(super) fn clean_up(&self) {
        self.context.clean_up();
    }

    /// What its code has seen of commits that may not be durable.
    pub(super) fn unsynced(&self) -> &Unsynced {
        self.context.unsynced()
    }

    /// Returns when all of that is durable.
    pub(super) fn settle(&self) -> Result<()> {
        Ok(self.unsynced().wait()?)
    }

    /// Whether the VM has been stopped, is out of date, keeps too much or remembers what was lost.
    pub(super) fn is_unfit(&self) -> bool {
        if self.vm.is_poisoned() || self.is_retired() || self.unsynced().was_lost() {
            return true;
        }
        let half = self.shared.settings.workers.heap_bytes_max / 2;
        // Measuring takes milliseconds, so what a run saw last must do until it is much.
        if self.vm.heap_bytes_seen() < half {
            return false;
        }
        self.vm.collect_garbage();
        self.vm.heap_bytes() >= half
    }

    fn run<T>(
        &mut self,
        purpose: Purpose,
        time: Duration,
        body: impl FnOnce(&Host, &Scope) -> std::result::Result<T, Exception>,
    ) -> Result<T> {
        let limits = limits(&self.shared, time);
        let ran = self.vm.run(&limits, |scope| body(&self.host, scope));
        if purpose != Purpose::Request {
            self.settle()?;
        }
        match ran {
            Ok(result) => Ok(result),
            Err(RunError::Exception(exception)) => Err(self.describe(purpose, &exception)),
            Err(stop) => Err(self.stopped(purpose, &stop)),
        }
    }

    /// What the runtime says about an exception.
    fn describe(&self, purpose: Purpose, exception: &Exception) -> Error {
        // Getters of the thrown value may run; they get the time of a load.
        let limits = limits(&self.shared, self.shared.settings.workers.load_time_max);
        let described = self.vm.run(&limits, |_| {
            self.host
                .describe_error
                .call(&[exception.value()])?
                .to_text()
        });
        let text = match described {
            Ok(text) => text,
            Err(RunError::Exception(_)) => String::new(),
            Err(stop) => return self.stopped(purpose, &stop),
        };
        let parts = json::parse(text.as_bytes()).unwrap_or_default();
        let number = parts
            .get("errorNum")
            .as_i64()
            .and_then(|n| u32::try_from(n).ok());
        let code = match number.map(Code) {
            Some(code @ (codes::MODULE_NOT_FOUND | codes::MODULE_SYNTAX_ERROR)) => code,
            Some(codes::SERVICE_NOT_FOUND) if purpose == Purpose::Load => codes::SERVICE_NOT_FOUND,
            _ => codes::MODULE_FAILURE,
        };
        let message = match parts.get("errorMessage").as_str() {
            Some(message) if number == Some(code.number()) => message.to_owned(),
            message => {
                let reason = message.filter(|m| !m.is_empty()).map(str::to_owned);
                let reason = reason.unwrap_or_else(|| exception.details().to_string());
                format!("{}\nReason: {reason}", code.text())
            }
        };
        let lines = parts
            .get("stacktrace")
            .as_array()
            .unwrap_or_default()
            .iter();
        let exception = ExceptionText {
            exception: parts
                .get("exception")
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            stacktrace: lines
                .filter_map(value::Value::as_str)
                .map(str::to_owned)
                .collect(),
        };
        let error = Error::new(ErrorKind::ServiceFailed, code)
            .with_message(message)
            .with_detail("Mount", &self.context.service().mount)
            .with_exception(exception);
        match (
            purpose,
            parts
                .get("scriptStatus")
                .as_i64()
                .and_then(|s| u16::try_from(s).ok()),
        ) {
            (Purpose::Script, Some(status)) => error.with_status(status),
            _ => error,
        }
    }

    /// Why a limit ended a run, with the setting's name.
    fn stopped(&self, purpose: Purpose, stop: &RunError) -> Error {
        let settings = &self.shared.settings.workers;
        let reason = match stop {
            RunError::TimeLimit(limit) => {
                let setting = match purpose {
                    Purpose::Load => "load_time_max",
                    Purpose::Request => "request_time_max",
                    Purpose::Script => "script_time_max",
                };
                format!("ran longer than {limit:?} (setting {setting})")
            }
            RunError::HeapLimit(bytes) => format!(
                "held {bytes} bytes of memory, more than {} (setting heap_bytes_max)",
                settings.heap_bytes_max
            ),
            RunError::Cancelled => "was cancelled because the server is stopping".to_owned(),
            other => {
                tracing::error!(reason = %other, "a host function panicked");
                "failed inside the server".to_owned()
            }
        };
        Error::new(ErrorKind::Unavailable, codes::HTTP_SERVER_ERROR).with_message(format!(
            "the service at {} {reason}",
            self.context.service().mount
        ))
    }
}

fn limits(shared: &Shared, time: Duration) -> RunLimits {
    let heap_bytes_max = Some(shared.settings.workers.heap_bytes_max);
    RunLimits {
        time: Some(time),
        heap_bytes_max,
    }
}

/// Evaluates the runtime, gives it the ops and takes its functions.
fn boot(scope: &Scope, context: &Rc<Context>) -> std::result::Result<Host, Exception> {
    let boot = scope.eval(crate::modules::RUNTIME, "runtime.js", 1)?;
    let ops = ops::install(scope, context)?;
    let init = ops::init(&context.shared, context.service());
    let init = scope.from_json(&json::to_string(&init))?;
    let host = boot.call(&[&ops, &init])?;
    context.set_make_error(host.get("makeError")?);
    let service = Arc::clone(context.service());
    scope.on_unhandled_rejection(move |_, _, reason| {
        let details = Exception::new(reason.clone()).details();
        let (database, mount) = (&*service.database, service.mount.as_str());
        let text = format!("unhandled rejection: {details}\n{}", details.stack);
        tracing::error!(target: "service", database, mount, "{text}");
    })?;
    Ok(Host {
        load: host.get("load")?,
        dispatch: host.get("dispatch")?,
        finish: host.get("finish")?,
        run_script: host.get("runScript")?,
        run_tests: host.get("runTests")?,
        swagger: host.get("swagger")?,
        run_transaction: host.get("runTransaction")?,
        describe_error: host.get("describeError")?,
    })
}

/// Parses files as the bodies of modules.
pub(super) fn check_syntax(shared: &Shared, files: &[SourceFile]) -> Result<Outcome> {
    let clock = Arc::clone(&shared.platform.clock);
    let vm = Vm::new(shared.settings.workers.vm.clone(), clock);
    let limits = limits(shared, shared.settings.workers.load_time_max);
    for SourceFile { file, source } in files {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        // Line comments instead of `#!`, so that lines stay what they are.
        let source = match source.strip_prefix("#!") {
            Some(rest) => format!("//{rest}"),
            None => source.to_owned(),
        };
        let checked = vm.run(&limits, |scope| {
            scope.check_function(MODULE_PARAMETERS, &source, file)
        });
        if let Err(error) = checked {
            return Err(syntax_error(file, &error));
        }
    }
    Ok(Outcome::Done)
}

fn syntax_error(file: &str, error: &RunError) -> Error {
    let refused = Error::refused(codes::MODULE_SYNTAX_ERROR).with_detail("File", file);
    let RunError::Exception(exception) = error else {
        return refused.with_detail("Reason", error);
    };
    let details = exception.details();
    let reason = format!("{}: {}", details.name, details.message);
    match details.line {
        Some(line) => refused
            .with_detail("Line", line)
            .with_detail("Reason", reason),
        None => refused.with_detail("Reason", reason),
    }
}
