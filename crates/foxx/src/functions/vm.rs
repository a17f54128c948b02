//! VMs that run functions, a few on one thread, each of one database.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use js_engine::{Args, CancelHandle, Exception, RunError, RunLimits, Scope, Value, Vm, VmSettings};
use platform::Clock;

use crate::settings::FunctionSettings;

const PRELUDE: &str = include_str!("prelude.js");

/// A call, or without arguments a look at whether the text is a function's.
pub(super) struct Task {
    pub(super) number: u64,
    pub(super) database: u64,
    /// As the function sees it in `this.name`.
    pub(super) name: String,
    pub(super) code: Arc<str>,
    /// A JSON array.
    pub(super) arguments: Option<String>,
    pub(super) time: Duration,
}

/// What came of a task.
pub(super) struct Outcome {
    /// JSON text.
    pub(super) result: Result<String, Failure>,
    /// Number and text of each warning that the function gave.
    pub(super) warnings: Vec<(u32, String)>,
}

/// Why a function gave no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// It threw this.
    Thrown(String),
    /// Its text is not that of one function, because of this.
    NotFunction(String),
    /// It ran longer than this.
    TimeLimit(Duration),
    /// It held this many bytes, more than the second.
    HeapLimit(usize, usize),
    /// Its query was killed or the server stops.
    Cancelled,
    /// A bug in the host.
    Panic,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thrown(text) | Self::NotFunction(text) => f.write_str(text),
            Self::TimeLimit(limit) => {
                write!(
                    f,
                    "it ran longer than {limit:?} (setting function_time_max)"
                )
            }
            Self::HeapLimit(bytes, max) => write!(
                f,
                "it held {bytes} bytes of memory, more than {max} (setting function_heap_bytes_max)"
            ),
            Self::Cancelled => f.write_str("it was cancelled"),
            Self::Panic => f.write_str("it failed inside the server"),
        }
    }
}

/// The VMs of one thread, the latest used last.
pub(super) struct Vms {
    settings: Arc<FunctionSettings>,
    clock: Arc<dyn Clock>,
    vms: Vec<FunctionVm>,
}

impl Vms {
    pub(super) fn new(settings: Arc<FunctionSettings>, clock: Arc<dyn Clock>) -> Self {
        let vms = Vec::new();
        Self {
            settings,
            clock,
            vms,
        }
    }

    /// Runs a task; `begun` gets what stops it.
    pub(super) fn run(&mut self, task: &Task, begun: impl FnOnce(CancelHandle)) -> Outcome {
        let mut vm = match self.vms.iter().position(|vm| vm.database == task.database) {
            Some(at) => self.vms.remove(at),
            None => match FunctionVm::new(task.database, &self.clock) {
                Ok(vm) => vm,
                Err(error) => {
                    tracing::error!(%error, "a VM for functions of queries did not boot");
                    return Outcome {
                        result: Err(Failure::Panic),
                        warnings: Vec::new(),
                    };
                }
            },
        };
        begun(vm.vm.cancel_handle());
        let outcome = vm.run(task, &self.settings);
        let is_full = vm.compiled.len() >= self.settings.functions_max;
        if !vm.vm.is_poisoned() && !is_full {
            if self.vms.len() >= self.settings.function_vms_max.max(1) {
                self.vms.remove(0);
            }
            self.vms.push(vm);
        }
        outcome
    }
}

struct FunctionVm {
    database: u64,
    // Handles go before the VM that they belong to.
    compiled: HashMap<u64, Value>,
    call: Value,
    warnings: Rc<RefCell<Vec<(u32, String)>>>,
    vm: Vm,
}

impl FunctionVm {
    fn new(database: u64, clock: &Arc<dyn Clock>) -> Result<Self, RunError> {
        let vm = Vm::new(VmSettings::default(), Arc::clone(clock));
        let warnings: Rc<RefCell<Vec<(u32, String)>>> = Rc::default();
        let taken = Rc::clone(&warnings);
        let call = vm.run(&RunLimits::default(), |scope| {
            let warn = scope.function("warn", move |scope: &Scope, args: Args<'_>| {
                let code = args.get(0).to_f64()?;
                taken.borrow_mut().push((code as u32, args.text(1)?));
                Ok(scope.undefined())
            });
            scope.eval(PRELUDE, "functions", 1)?.call(&[&warn])
        })?;
        Ok(Self {
            database,
            compiled: HashMap::new(),
            call,
            warnings,
            vm,
        })
    }

    fn run(&mut self, task: &Task, settings: &FunctionSettings) -> Outcome {
        let limits = RunLimits {
            time: Some(task.time),
            heap_bytes_max: Some(settings.function_heap_bytes_max),
        };
        let known = self.compiled.get(&task.number).cloned();
        let call = &self.call;
        let mut fresh = None;
        let ran = self.vm.run(&limits, |scope| {
            let function = match known {
                Some(function) => function,
                None => match compile(scope, task)? {
                    Ok(function) => fresh.insert(function).clone(),
                    Err(reason) => return Ok(Err(reason)),
                },
            };
            let Some(arguments) = &task.arguments else {
                return Ok(Ok("null".to_owned()));
            };
            let (name, arguments) = (scope.text(&task.name), scope.text(arguments));
            let result = call.call(&[&function, &name, &arguments])?;
            match result.is_undefined() {
                true => Ok(Ok("null".to_owned())),
                false => Ok(Ok(result.to_text()?)),
            }
        });
        if let Some(function) = fresh
            && task.arguments.is_some()
        {
            self.compiled.insert(task.number, function);
        }
        let result = match ran {
            Ok(result) => result.map_err(Failure::NotFunction),
            Err(error) => Err(self.failure(&error, settings)),
        };
        Outcome {
            result,
            warnings: self.warnings.take(),
        }
    }

    fn failure(&self, error: &RunError, settings: &FunctionSettings) -> Failure {
        match error {
            RunError::Exception(exception) => {
                // Getters of what was thrown may run.
                let limits = RunLimits {
                    time: Some(settings.function_time_max),
                    heap_bytes_max: Some(settings.function_heap_bytes_max),
                };
                let told = self
                    .vm
                    .run(&limits, |_| Ok(exception.details().to_string()));
                Failure::Thrown(told.unwrap_or_else(|error| error.to_string()))
            }
            RunError::TimeLimit(limit) => Failure::TimeLimit(*limit),
            RunError::HeapLimit(bytes) => {
                Failure::HeapLimit(*bytes, settings.function_heap_bytes_max)
            }
            RunError::Cancelled => Failure::Cancelled,
            _ => Failure::Panic,
        }
    }
}

/// The function of a text, or why it is none.
fn compile(scope: &Scope, task: &Task) -> Result<Result<Value, String>, Exception> {
    // Alone in parentheses a text is one expression; that it is one also without them keeps texts
    // out that close the parentheses themselves.
    let alone = format!("_ = {}\n", task.code);
    let source = format!("({}\n)", task.code);
    for text in [&alone, &source] {
        if let Err(exception) = scope.check_syntax(text, &task.name, 1) {
            return Ok(Err(exception.details().to_string()));
        }
    }
    let function = scope.eval(&source, &task.name, 1)?;
    if function.is_function() {
        return Ok(Ok(function));
    }
    Ok(Err("the code is no function".to_owned()))
}
