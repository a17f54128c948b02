//! `/_api/database`.

use database::{Level, NewUser};
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/database/current", Access::Read, current),
    Route::new(Method::GET, "/_api/database/user", Access::Login, visible),
    Route::new(Method::GET, "/_api/database", Access::Server, list),
    Route::new(Method::POST, "/_api/database", Access::Server, create),
    Route::new(Method::DELETE, "/_api/database/{}", Access::Server, remove),
];

fn result(status: StatusCode, result: Value) -> Reply {
    Reply::enveloped(status, [("result", result)].into_iter().collect())
}

fn current(call: &Call<'_>) -> Result<Reply> {
    let database = call.database()?;
    let mut object = Object::new();
    object.insert("id", database.id().to_string());
    object.insert("name", &**database.name());
    object.insert("isSystem", database.is_system());
    object.insert("path", "none");
    Ok(result(StatusCode::OK, object.into()))
}

fn visible(call: &Call<'_>) -> Result<Reply> {
    let mut names = Vec::new();
    for name in call.api.databases.names() {
        if call.database_level(&name)? >= Level::ReadOnly {
            names.push(Value::from(&*name));
        }
    }
    Ok(result(StatusCode::OK, names.into()))
}

fn list(call: &Call<'_>) -> Result<Reply> {
    call.only_in_system()?;
    let names = call
        .api
        .databases
        .names()
        .iter()
        .map(|name| Value::from(&**name))
        .collect();
    Ok(result(StatusCode::OK, Value::array(names)))
}

fn create(call: &Call<'_>) -> Result<Reply> {
    call.only_in_system()?;
    let body = call.request.json()?;
    let Some(name) = body.get("name").as_str() else {
        return Err(Error::plain(codes::ARANGO_DATABASE_NAME_INVALID));
    };
    let listed = match body.get("users") {
        Value::Null => &[],
        Value::Array(users) => users.as_slice(),
        _ => return Err(Error::bad_parameter("users must be an array")),
    };
    let mut users = listed.iter().map(new_user).collect::<Result<Vec<_>>>()?;
    if users.is_empty() {
        // Whoever creates a database may use it; the entry changes nothing else of the user.
        users.extend(call.identity.user().map(|user| NewUser {
            name: user.to_owned(),
            password: String::new(),
            active: true,
            extra: Object::new(),
        }));
    }
    call.api.databases.create(name, &users)?;
    Ok(result(StatusCode::CREATED, true.into()))
}

fn new_user(value: &Value) -> Result<NewUser> {
    let name = match value.get("username") {
        Value::Null => value.get("user"),
        name => name,
    };
    let name = name
        .as_str()
        .ok_or_else(|| Error::bad_parameter("users need a username"))?;
    let password = match value.get("passwd") {
        Value::Null => value.get("password"),
        password => password,
    };
    Ok(NewUser {
        name: name.to_owned(),
        password: password.as_str().unwrap_or_default().to_owned(),
        active: value.get("active").as_bool().unwrap_or(true),
        extra: value.get("extra").as_object().cloned().unwrap_or_default(),
    })
}

fn remove(call: &Call<'_>) -> Result<Reply> {
    call.only_in_system()?;
    let name = call.argument(0);
    call.api.databases.drop(name)?;
    call.api.foxx.forget_dropped_databases();
    call.api.cursors.forget_database(name);
    Ok(result(StatusCode::OK, true.into()))
}
