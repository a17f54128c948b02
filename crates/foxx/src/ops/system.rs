//! The engine and the process: evaluating, built-in modules, errors, log, time.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use value::{Object, Value};

use super::{Call, OpResult, Registrar, bad};
use crate::registry::Service;
use crate::shared::Shared;
use crate::{Error, modules};
use error_codes::codes;

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("evaluate", evaluate);
    ops.op("builtinSource", builtin_source);
    ops.op("errorTable", error_table);
    ops.op("serviceInit", service_init);
    ops.op("log", log);
    ops.op("now", now);
    ops.op("sleep", sleep);
}

/// What a VM is told about its service.
pub(crate) fn init(shared: &Shared, service: &Service) -> Value {
    let mut init = Object::new();
    init.insert("database", &*service.database);
    init.insert("mount", service.mount.as_str());
    init.insert("basePath", service.folder.to_string_lossy().as_ref());
    init.insert("manifest", service.manifest.normalised().clone());
    init.insert("configuration", service.effective_configuration());
    init.insert("dependencies", service.effective_dependencies());
    init.insert("development", service.development);
    init.insert("version", shared.settings.server_version.as_str());
    let mut env = Object::new();
    for (name, value) in &shared.settings.environment {
        env.insert(name.as_str(), value.as_str());
    }
    init.insert("env", env);
    let temp = shared.settings.temp_folder.to_string_lossy().into_owned();
    let cwd = shared.settings.app_folder.to_string_lossy().into_owned();
    init.insert("cwd", cwd);
    init.insert("tempPath", temp);
    init.insert(
        "authenticationEnabled",
        shared.settings.authentication_enabled,
    );
    init.insert("platform", std::env::consts::OS);
    init.into()
}

fn evaluate(call: &Call<'_>) -> OpResult {
    Ok(call.scope.eval(&call.text(0)?, &call.text(1)?, 1)?)
}

fn builtin_source(call: &Call<'_>) -> OpResult {
    match modules::find_builtin(&call.text(0)?) {
        Some(source) => call.string(source),
        None => call.nothing(),
    }
}

fn error_table(call: &Call<'_>) -> OpResult {
    let row = |entry: &error_codes::Entry| {
        let mut row = Object::new();
        row.insert("code", entry.number);
        row.insert("name", entry.name);
        row.insert("message", entry.text);
        row.insert("status", u32::from(entry.status));
        Value::object(row)
    };
    call.value(&error_codes::ALL.iter().map(row).collect::<Vec<_>>().into())
}

fn service_init(call: &Call<'_>) -> OpResult {
    let (context, mount) = (call.context, call.text(0)?);
    let service = context
        .shared
        .table
        .get(&context.service().database, &mount);
    let Some(service) = service else {
        return Err(Error::refused(codes::SERVICE_NOT_FOUND)
            .with_detail("Mount", mount)
            .into());
    };
    if let Some(error) = service.find_obstacle() {
        return Err(error.into());
    }
    context.providers.borrow_mut().push(service.folder.clone());
    call.value(&init(&context.shared, &service))
}

fn log(call: &Call<'_>) -> OpResult {
    let (level, mut text) = (call.text(0)?, call.text(1)?);
    let max = call.context.shared.settings.native.log_bytes_max;
    if text.len() > max {
        let end = (0..=max)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push_str("… (cut, setting log_bytes_max)");
    }
    let service = call.context.service();
    let (database, mount) = (&*service.database, service.mount.as_str());
    match level.as_str() {
        "trace" => tracing::trace!(target: "service", database, mount, "{text}"),
        "debug" => tracing::debug!(target: "service", database, mount, "{text}"),
        "warn" => tracing::warn!(target: "service", database, mount, "{text}"),
        "error" => tracing::error!(target: "service", database, mount, "{text}"),
        _ => tracing::info!(target: "service", database, mount, "{text}"),
    }
    call.nothing()
}

fn now(call: &Call<'_>) -> OpResult {
    let now = call.context.shared.platform.clock.unix();
    Ok(call.scope.number(now.as_secs_f64() * 1e3))
}

fn sleep(call: &Call<'_>) -> OpResult {
    let ms = call.number(0)?;
    let longest = call.context.shared.settings.workers.request_time_max;
    let time = Duration::try_from_secs_f64(ms / 1000.0).map_err(|e| bad(e.to_string()))?;
    let (never, wait) = (Mutex::new(()), Condvar::new());
    let (pool, worker) = (&call.context.shared.pool, call.context.worker);
    pool.while_blocked(worker, || {
        // Nobody signals: this is a wait for time, cut at the limit that ends the request anyway.
        wait.wait_for(&mut never.lock(), time.min(longest));
    });
    call.nothing()
}
