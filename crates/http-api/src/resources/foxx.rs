//! `/_api/foxx`: managing services.

mod barrier;
mod definition;
mod tests;

use barrier::{Barrier, with_coordinators};
use foxx::{InstallRequest, Mode};
use hyper::{Method, StatusCode, header};
use value::Value;

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/foxx", Access::Read, list),
    Route::new(Method::POST, "/_api/foxx", Access::Write, install),
    Route::new(Method::GET, "/_api/foxx/service", Access::Read, describe),
    Route::new(Method::PATCH, "/_api/foxx/service", Access::Write, upgrade),
    Route::new(Method::PUT, "/_api/foxx/service", Access::Write, replace),
    Route::new(
        Method::DELETE,
        "/_api/foxx/service",
        Access::Write,
        uninstall,
    ),
    Route::new(
        Method::GET,
        "/_api/foxx/configuration",
        Access::Read,
        configuration,
    ),
    Route::new(
        Method::PATCH,
        "/_api/foxx/configuration",
        Access::Write,
        change_configuration,
    ),
    Route::new(
        Method::PUT,
        "/_api/foxx/configuration",
        Access::Write,
        replace_configuration,
    ),
    Route::new(
        Method::GET,
        "/_api/foxx/dependencies",
        Access::Read,
        dependencies,
    ),
    Route::new(
        Method::PATCH,
        "/_api/foxx/dependencies",
        Access::Write,
        change_dependencies,
    ),
    Route::new(
        Method::PUT,
        "/_api/foxx/dependencies",
        Access::Write,
        replace_dependencies,
    ),
    Route::new(Method::GET, "/_api/foxx/scripts", Access::Read, scripts),
    Route::new(
        Method::POST,
        "/_api/foxx/scripts/{}",
        Access::Write,
        run_script,
    ),
    Route::new(Method::POST, "/_api/foxx/tests", Access::Write, tests::run),
    Route::new(
        Method::POST,
        "/_api/foxx/development",
        Access::Write,
        enter_development,
    ),
    Route::new(
        Method::DELETE,
        "/_api/foxx/development",
        Access::Write,
        leave_development,
    ),
    Route::new(Method::GET, "/_api/foxx/readme", Access::Read, readme),
    Route::new(Method::GET, "/_api/foxx/swagger", Access::Read, swagger),
    Route::new(Method::GET, "/_api/foxx/download", Access::Read, download),
    Route::new(Method::POST, "/_api/foxx/download", Access::Write, download),
    Route::new(Method::POST, "/_api/foxx/commit", Access::Write, commit),
];

/// The `mount` parameter; whether a service is there is for others to say.
fn mount(call: &Call<'_>) -> Result<String> {
    match call.request.parameter("mount") {
        Some(mount) if !mount.is_empty() => Ok(mount.into_owned()),
        _ => Err(Error::bad_parameter("query parameter \"mount\" is missing")),
    }
}

fn flag(call: &Call<'_>, name: &str, default: bool) -> bool {
    call.request.flag(name).unwrap_or(default)
}

fn bare(status: StatusCode, value: &Value) -> Result<Reply> {
    Ok(Reply::json(status, value))
}

fn list(call: &Call<'_>) -> Result<Reply> {
    let foxx = &call.api.foxx;
    let database = &call.request.database;
    let services = match flag(call, "excludeSystem", false) {
        true => foxx.list(database),
        false => foxx.list_all(database),
    };
    let services: Vec<Value> = services.iter().map(|service| service.to_value()).collect();
    bare(StatusCode::OK, &services.into())
}

fn describe(call: &Call<'_>) -> Result<Reply> {
    let mount = mount(call)?;
    let description = call.api.foxx.describe(&call.request.database, &mount)?;
    bare(
        StatusCode::OK,
        &with_coordinators(call, &mount, description)?,
    )
}

fn install(call: &Call<'_>) -> Result<Reply> {
    install_as(call, Mode::Install, false, StatusCode::CREATED)
}

fn upgrade(call: &Call<'_>) -> Result<Reply> {
    install_as(call, Mode::Upgrade, false, StatusCode::OK)
}

fn replace(call: &Call<'_>) -> Result<Reply> {
    install_as(call, Mode::Replace, true, StatusCode::OK)
}

fn install_as(call: &Call<'_>, mode: Mode, teardown: bool, status: StatusCode) -> Result<Reply> {
    let mount = mount(call)?;
    let barrier = Barrier::read(call)?;
    let definition = definition::read(call.request)?;
    let request = InstallRequest {
        mode,
        configuration: definition.configuration,
        dependencies: definition.dependencies,
        development: call.request.flag("development"),
        setup: flag(call, "setup", true),
        teardown: flag(call, "teardown", teardown),
        legacy: flag(call, "legacy", false),
        force: flag(call, "force", false),
        ..InstallRequest::new(&call.request.database, &mount, definition.source)
    };
    let description = call.api.foxx.install(&request)?;
    barrier.serve(call, &mount, || {
        bare(status, &with_coordinators(call, &mount, description)?)
    })
}

fn uninstall(call: &Call<'_>) -> Result<Reply> {
    let (teardown, force) = (flag(call, "teardown", true), flag(call, "force", false));
    let (mount, barrier) = (mount(call)?, Barrier::read(call)?);
    let foxx = &call.api.foxx;
    let revision = foxx.uninstall(&call.request.database, &mount, teardown, force)?;
    barrier.gone(call, &mount, revision, Reply::empty(StatusCode::NO_CONTENT))
}

fn configuration(call: &Call<'_>) -> Result<Reply> {
    let minimal = flag(call, "minimal", false);
    let foxx = &call.api.foxx;
    bare(
        StatusCode::OK,
        &foxx.configuration(&call.request.database, &mount(call)?, minimal)?,
    )
}

fn change_configuration(call: &Call<'_>) -> Result<Reply> {
    write_configuration(call, false)
}

fn replace_configuration(call: &Call<'_>) -> Result<Reply> {
    write_configuration(call, true)
}

fn write_configuration(call: &Call<'_>, replace: bool) -> Result<Reply> {
    let mount = mount(call)?;
    let given = call.request.json()?;
    let minimal = flag(call, "minimal", true);
    let database = &call.request.database;
    let foxx = &call.api.foxx;
    let barrier = Barrier::read(call)?;
    let written = foxx.set_configuration(database, &mount, &given, replace, minimal)?;
    barrier.serve(call, &mount, || bare(StatusCode::OK, &written))
}

fn dependencies(call: &Call<'_>) -> Result<Reply> {
    let minimal = flag(call, "minimal", false);
    let foxx = &call.api.foxx;
    bare(
        StatusCode::OK,
        &foxx.dependencies(&call.request.database, &mount(call)?, minimal)?,
    )
}

fn change_dependencies(call: &Call<'_>) -> Result<Reply> {
    write_dependencies(call, false)
}

fn replace_dependencies(call: &Call<'_>) -> Result<Reply> {
    write_dependencies(call, true)
}

fn write_dependencies(call: &Call<'_>, replace: bool) -> Result<Reply> {
    let mount = mount(call)?;
    let given = unwrap_options(call, &mount, call.request.json()?)?;
    let minimal = flag(call, "minimal", true);
    let database = &call.request.database;
    let foxx = &call.api.foxx;
    let barrier = Barrier::read(call)?;
    let written = foxx.set_dependencies(database, &mount, &given, replace, minimal)?;
    barrier.serve(call, &mount, || bare(StatusCode::OK, &written))
}

/// The map of dependencies itself, which the documentation of one version wraps in `options`.
fn unwrap_options(call: &Call<'_>, mount: &str, given: Value) -> Result<Value> {
    const WRAPPER: &str = "options";
    let wrapped = given.get(WRAPPER);
    let is_alone = given.as_object().is_some_and(|object| object.len() == 1);
    if !is_alone || wrapped.as_object().is_none() {
        return Ok(given);
    }
    let known = call
        .api
        .foxx
        .dependencies(&call.request.database, mount, false)?;
    Ok(if known.get(WRAPPER).is_null() {
        wrapped.clone()
    } else {
        given
    })
}

fn scripts(call: &Call<'_>) -> Result<Reply> {
    bare(
        StatusCode::OK,
        &call
            .api
            .foxx
            .scripts(&call.request.database, &mount(call)?)?,
    )
}

/// The body, whatever it is, becomes the script's only argument.
fn run_script(call: &Call<'_>) -> Result<Reply> {
    let mount = mount(call)?;
    let arguments = match call.request.body.is_empty() {
        true => Vec::new(),
        false => vec![call.request.json()?],
    };
    let (database, name) = (&call.request.database, call.argument(0));
    let foxx = &call.api.foxx;
    let user = call.identity.user();
    let result = foxx.run_script(database, &mount, name, &arguments.into(), user);
    if let Err(error) = &result
        && let Some(thrown) = error.exception()
    {
        let stack = thrown.stacktrace.join("\n");
        tracing::error!(mount, script = name, stack, "{}", thrown.exception);
    }
    Ok(Reply::json_text(StatusCode::OK, result?))
}

fn enter_development(call: &Call<'_>) -> Result<Reply> {
    set_development(call, true)
}

fn leave_development(call: &Call<'_>) -> Result<Reply> {
    set_development(call, false)
}

fn set_development(call: &Call<'_>, on: bool) -> Result<Reply> {
    let (foxx, mount) = (&call.api.foxx, mount(call)?);
    let barrier = Barrier::read(call)?;
    let description = foxx.set_development(&call.request.database, &mount, on)?;
    barrier.serve(call, &mount, || {
        bare(
            StatusCode::OK,
            &with_coordinators(call, &mount, description)?,
        )
    })
}

fn readme(call: &Call<'_>) -> Result<Reply> {
    Ok(
        match call
            .api
            .foxx
            .readme(&call.request.database, &mount(call)?)?
        {
            Some(text) => Reply::bytes("text/plain; charset=utf-8", text),
            None => Reply::empty(StatusCode::NO_CONTENT),
        },
    )
}

fn swagger(call: &Call<'_>) -> Result<Reply> {
    let text = call
        .api
        .foxx
        .swagger(&call.request.database, &mount(call)?)?;
    Ok(Reply::json_text(StatusCode::OK, text))
}

fn download(call: &Call<'_>) -> Result<Reply> {
    let download = call
        .api
        .foxx
        .download(&call.request.database, &mount(call)?)?;
    let disposition = format!("attachment; filename=\"{}\"", download.file_name);
    let reply = Reply::bytes("application/zip", download.bytes);
    Ok(reply.with(header::CONTENT_DISPOSITION, &disposition))
}

fn commit(call: &Call<'_>) -> Result<Reply> {
    call.api
        .foxx
        .commit(&call.request.database, flag(call, "replace", false))?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
