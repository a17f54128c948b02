//! One worker: a thread, its VMs, and what it does with a task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use database::Unsynced;
use error_codes::codes;

use super::local::Guest;
use super::pool::{Next, Pool, unavailable};
use super::vm::{self, Outcome, ServiceVm};
use super::{Job, JobKind, Reply, Task};
use crate::registry::Service;
use crate::request::{ServiceRequest, ServiceResponse};
use crate::shared::Shared;
use crate::{Error, Result, functions, lifecycle};

/// Which thread a worker has.
pub(super) enum Place {
    /// One of the pool's, by number.
    Pool(usize),
    /// A caller's.
    Guest(Arc<Guest>),
}

pub(super) struct Worker {
    place: Place,
    pool: Arc<Pool>,
    shared: Arc<Shared>,
    /// The latest used last.
    vms: Vec<ServiceVm>,
    /// Services that failed to load, and when.
    broken: Vec<Broken>,
    /// What the answer that is being made depends on.
    unsynced: Option<Unsynced>,
    /// What the last answer that waits for a sync depends on.
    held: Option<Unsynced>,
}

struct Broken {
    number: u64,
    since: Duration,
    error: Error,
}

impl Worker {
    pub(super) fn new(place: Place, pool: Arc<Pool>, shared: Arc<Shared>) -> Self {
        Self {
            place,
            pool,
            shared,
            vms: Vec::new(),
            broken: Vec::new(),
            unsynced: None,
            held: None,
        }
    }

    /// Works for the pool as its worker `id`.
    pub(super) fn run(mut self, id: usize) {
        let _functions = functions::on_this_thread(self.shared.functions.pool());
        loop {
            match self.next(id) {
                Next::Task(task, waited) => self.run_task(task, waited),
                Next::Purge => self.purge(),
                Next::End => return,
            }
        }
    }

    /// What to do next. Before it waits for that, answers that wait for a sync get one: nobody
    /// here adds to it.
    fn next(&mut self, id: usize) -> Next {
        let Some(held) = self.held.take() else {
            return self.pool.next(id);
        };
        if let Some(next) = self.pool.try_next(id) {
            self.held = Some(held);
            return next;
        }
        held.sync_now();
        self.pool.next(id)
    }

    /// Whether an answer since the last call waits for a sync, which its caller is to begin.
    pub(super) fn take_held(&mut self) -> bool {
        self.held.take().is_some()
    }

    /// Whether the service's VM is here and can answer.
    pub(super) fn is_warm(&self, service: &Service) -> bool {
        let mut vms = self.vms.iter();
        vms.any(|vm| vm.number() == service.number && vm.is_loaded())
    }

    /// Makes the service's VM ready to answer.
    pub(super) fn warm(&mut self, service: &Arc<Service>) -> Result<Outcome> {
        self.guard(|worker| worker.run_job(service, JobKind::Warm))
    }

    fn run_task(&mut self, task: Task, waited: Duration) {
        match task {
            Task::Request(request, reply) => self.answer(&request, reply, waited),
            Task::Job(job) => {
                let Job {
                    service,
                    kind,
                    result,
                } = job;
                let outcome = self.guard(|worker| worker.run_job(&service, kind));
                // Whoever gave up waiting does not mind.
                drop(result.send(outcome));
            }
        }
    }

    /// Turns a panic into an error and drops all VMs, for one of them is in an unknown state.
    fn guard<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(result) => result,
            Err(_) => {
                self.vms.clear();
                self.publish();
                tracing::error!("a worker's task panicked; its VMs are dropped");
                Err(Error::internal("run service", "panic"))
            }
        }
    }

    /// Answers a request that waited so long for its turn.
    pub(super) fn answer(&mut self, request: &Arc<ServiceRequest>, reply: Reply, waited: Duration) {
        let begun = self.shared.platform.clock.monotonic();
        self.unsynced = None;
        let limit = self.shared.settings.workers.queue_time_max;
        let result = if waited > limit {
            Err(unavailable(format!(
                "no worker was free for {limit:?} (setting queue_time_max)"
            )))
        } else {
            self.guard(|worker| worker.serve(request))
        };
        let response = result.unwrap_or_else(|error| failure(request, &error));
        let ran = self.shared.platform.clock.monotonic().saturating_sub(begun);
        self.reply_when_durable(request, response, move |response| reply(response, ran));
        self.tidy_up();
    }

    /// Ends what the VM used last has left open, and drops it if it should not go on.
    fn tidy_up(&mut self) {
        if let Some(vm) = self.vms.last_mut() {
            vm.clean_up();
        }
        self.drop_unfit();
    }

    /// Sends an answer, of whatever kind, when all that it may depend on is durable.
    fn reply_when_durable(
        &mut self,
        request: &Arc<ServiceRequest>,
        response: ServiceResponse,
        reply: impl FnOnce(ServiceResponse) + Send + 'static,
    ) {
        let Some(unsynced) = self.unsynced.take() else {
            return reply(response);
        };
        let request = Arc::clone(request);
        unsynced.when_durable(move |durable| {
            reply(match durable {
                Ok(()) => response,
                Err(error) => failure(&request, &error.into()),
            });
        });
        if !unsynced.is_settled() {
            self.held = Some(unsynced);
        }
    }

    fn serve(&mut self, request: &Arc<ServiceRequest>) -> Result<ServiceResponse> {
        let replacement = self.find_replacement(&request.service, &request.path)?;
        // Most often nothing has happened; then nothing is counted that all threads share.
        let service = replacement.as_ref().unwrap_or(&request.service);
        if let Some(error) = service.find_obstacle().filter(|_| !service.development) {
            return Err(error);
        }
        if service.development {
            return self.serve_development(request, service);
        }
        let vm = self.loaded_vm(service)?;
        vm.dispatch(request)
    }

    /// The revision to answer with if another one took the place of the one that the request
    /// found while it waited.
    fn find_replacement(&self, service: &Service, path: &str) -> Result<Option<Arc<Service>>> {
        if !service.is_retired() {
            return Ok(None);
        }
        let current = self
            .shared
            .table
            .get(&service.database, service.mount.as_str());
        current.map(Some).ok_or_else(|| {
            let message = format!("unknown path '{}{path}'", service.mount);
            Error::refused(codes::HTTP_NOT_FOUND).with_message(message)
        })
    }

    /// Reloads everything from the folder, runs the set-up script and answers from a VM that is
    /// dropped afterwards.
    fn serve_development(
        &mut self,
        request: &Arc<ServiceRequest>,
        service: &Service,
    ) -> Result<ServiceResponse> {
        let service = lifecycle::reload_development(&self.shared, service)?;
        if let Some(error) = service.find_obstacle() {
            return Err(error);
        }
        if let Some(script) = service.manifest.scripts().get("setup") {
            self.new_vm(&service)?
                .run_script(script, "[]", None)
                .map_err(|e| e.with_status(503))?;
        }
        let mut vm = self.new_vm(&service)?;
        vm.load().map_err(|error| error.with_status(503))?;
        let answer = vm.dispatch(&Arc::new(ServiceRequest {
            service,
            ..(**request).clone()
        }));
        // The VM and its record are gone before the answer is sent.
        vm.settle()?;
        answer
    }

    fn run_job(&mut self, service: &Arc<Service>, kind: JobKind) -> Result<Outcome> {
        match kind {
            JobKind::CheckSyntax(files) => vm::check_syntax(&self.shared, &files),
            JobKind::Trial => self.new_vm(service)?.load().map(|()| Outcome::Done),
            JobKind::Warm => {
                self.broken.retain(|broken| broken.number != service.number);
                self.loaded_vm(service).map(|_| Outcome::Done)
            }
            JobKind::Script {
                path,
                argv,
                user,
                fresh,
            } => {
                let user = user.as_deref();
                if fresh {
                    let mut vm = self.new_vm(service)?;
                    return vm.run_script(&path, &argv, user).map(Outcome::Text);
                }
                let result = self.vm(service)?.run_script(&path, &argv, user);
                self.tidy_up();
                result.map(Outcome::Text)
            }
            JobKind::Tests {
                files,
                options,
                user,
            } => self
                .new_vm(service)?
                .run_tests(&files, &options, user.as_deref())
                .map(Outcome::Text),
            JobKind::Transaction { definition, user } => {
                let result = self
                    .vm(service)?
                    .run_transaction(&definition, user.as_deref())
                    .map(Outcome::Text);
                self.tidy_up();
                result
            }
            JobKind::Swagger => {
                let vm = self.loaded_vm(service)?;
                let result = vm.swagger().map(Outcome::Text);
                self.drop_unfit();
                result
            }
        }
    }

    fn new_vm(&self, service: &Arc<Service>) -> Result<ServiceVm> {
        let number = match self.place {
            Place::Pool(id) => Some(id),
            Place::Guest(_) => None,
        };
        ServiceVm::new(&self.shared, Arc::clone(service), number)
    }

    /// The VM of a service, made if there is none; afterwards the last of `vms`.
    fn vm(&mut self, service: &Arc<Service>) -> Result<&mut ServiceVm> {
        let at = self.vms.iter().position(|vm| vm.number() == service.number);
        match at {
            Some(at) if at + 1 == self.vms.len() => {}
            Some(at) => {
                let vm = self.vms.remove(at);
                self.vms.push(vm);
            }
            None => {
                if self.vms.len() >= self.shared.settings.workers.vms_max.max(1) {
                    self.vms.remove(0);
                }
                let vm = self.new_vm(service)?;
                self.vms.push(vm);
                self.publish();
            }
        }
        Ok(self.vms.last_mut().expect("one was just pushed or found"))
    }

    /// The VM of a service with its main file loaded.
    fn loaded_vm(&mut self, service: &Arc<Service>) -> Result<&mut ServiceVm> {
        let now = self.shared.platform.clock.monotonic();
        let retry = self.shared.settings.workers.broken_retry;
        self.broken
            .retain(|broken| now.saturating_sub(broken.since) < retry);
        if let Some(broken) = self
            .broken
            .iter()
            .find(|broken| broken.number == service.number)
        {
            return Err(broken.error.to_unavailable());
        }
        self.drop_lost();
        let vm = self.vm(service)?;
        let unsynced = vm.unsynced().clone();
        let loaded = if vm.is_loaded() { Ok(()) } else { vm.load() };
        self.unsynced = Some(unsynced);
        if let Err(error) = loaded {
            // What a half-run main file left behind must not meet the next attempt.
            self.vms.pop();
            self.publish();
            log_failure(service, &error);
            let (number, since, answer) = (service.number, now, error.to_unavailable());
            self.broken.push(Broken {
                number,
                since,
                error,
            });
            return Err(answer);
        }
        Ok(self.vms.last_mut().expect("it was just loaded"))
    }

    pub(super) fn purge(&mut self) {
        let before = self.vms.len();
        self.vms.retain(|vm| !vm.is_retired());
        if self.vms.len() != before {
            self.publish();
        }
    }

    /// Drops VMs that may remember what was lost.
    fn drop_lost(&mut self) {
        let before = self.vms.len();
        self.vms.retain(|vm| !vm.unsynced().was_lost());
        if self.vms.len() != before {
            self.publish();
        }
    }

    /// Drops the VM used last if it cannot or should not go on.
    fn drop_unfit(&mut self) {
        if self.vms.last().is_some_and(|vm| vm.is_unfit()) {
            self.vms.pop();
            self.publish();
        }
    }

    fn publish(&self) {
        let cancel = self.vms.iter().map(ServiceVm::cancel_handle).collect();
        match &self.place {
            Place::Pool(id) => {
                let warm = self.vms.iter().map(ServiceVm::number).collect();
                self.pool.set_warm(*id, warm, cancel);
            }
            Place::Guest(guest) => guest.set_cancel(cancel),
        }
    }
}

/// The answer to a request that failed.
fn failure(request: &ServiceRequest, error: &Error) -> ServiceResponse {
    let service = &request.service;
    log_failure(service, error);
    ServiceResponse::from_error(error, service.development, &request.headers)
}

/// Writes a failure to the log once, where it is turned into an answer.
fn log_failure(service: &Service, error: &Error) {
    let (mount, database) = (service.mount.as_str(), &*service.database);
    let trace = error
        .exception()
        .map(|e| e.stacktrace.join("\n"))
        .unwrap_or_default();
    let text = error.message();
    if error.code() == codes::HTTP_SERVICE_UNAVAILABLE || error.status() < 500 {
        tracing::warn!(target: "foxx", database, mount, "{text}");
    } else {
        tracing::warn!(target: "foxx", database, mount, "service failed: {text}\n{trace}");
    }
}
