//! `/_api/user`: users and what they may do.

use std::sync::Arc;

use database::{Level, User, UserChanges};
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/user", Access::Login, list),
    Route::new(Method::POST, "/_api/user", Access::Server, create),
    Route::new(Method::GET, "/_api/user/{}", Access::Login, read),
    Route::new(Method::PUT, "/_api/user/{}", Access::Login, replace),
    Route::new(Method::PATCH, "/_api/user/{}", Access::Login, change),
    Route::new(Method::DELETE, "/_api/user/{}", Access::Server, remove),
    Route::new(Method::GET, "/_api/user/{}/database", Access::Login, grants),
    Route::new(
        Method::GET,
        "/_api/user/{}/database/{}",
        Access::Login,
        database_grant,
    ),
    Route::new(
        Method::PUT,
        "/_api/user/{}/database/{}",
        Access::Server,
        grant_database,
    ),
    Route::new(
        Method::DELETE,
        "/_api/user/{}/database/{}",
        Access::Server,
        revoke_database,
    ),
    Route::new(
        Method::GET,
        "/_api/user/{}/database/{}/{}",
        Access::Login,
        collection_grant,
    ),
    Route::new(
        Method::PUT,
        "/_api/user/{}/database/{}/{}",
        Access::Server,
        grant_collection,
    ),
    Route::new(
        Method::DELETE,
        "/_api/user/{}/database/{}/{}",
        Access::Server,
        revoke_collection,
    ),
];

fn to_object(user: &User) -> Object {
    let mut object = Object::new();
    object.insert("user", user.name.as_str());
    object.insert("active", user.active);
    object.insert("extra", user.extra.clone());
    object
}

/// The user that the path names; only for administrators and the user in person.
pub(super) fn target<'c>(call: &'c Call<'_>) -> Result<&'c str> {
    let name = call.argument(0);
    if call.identity.user() == Some(name) || call.is_server_administrator()? {
        return Ok(name);
    }
    Err(Error::forbidden())
}

fn changes(body: &Value) -> Result<UserChanges> {
    let wrong = |name: &str, kind: &str| Error::bad_parameter(format!("{name} must be {kind}"));
    let password = match body.get("passwd") {
        Value::Null => None,
        Value::String(password) => Some(password.to_string()),
        _ => return Err(wrong("passwd", "a text")),
    };
    let active = match body.get("active") {
        Value::Null => None,
        Value::Bool(active) => Some(*active),
        _ => return Err(wrong("active", "a boolean")),
    };
    let extra = match body.get("extra") {
        Value::Null => None,
        Value::Object(extra) => Some((**extra).clone()),
        _ => return Err(wrong("extra", "an object")),
    };
    Ok(UserChanges {
        password,
        active,
        extra,
    })
}

fn reply(status: StatusCode, user: &Arc<User>) -> Result<Reply> {
    Ok(Reply::enveloped(status, to_object(user)))
}

fn list(call: &Call<'_>) -> Result<Reply> {
    let all = call.is_server_administrator()?;
    let users = call.api.databases.users().list()?;
    let shown = users
        .iter()
        .filter(|user| all || call.identity.user() == Some(&user.name));
    let objects: Vec<Value> = shown.map(|user| to_object(user).into()).collect();
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("result", objects)].into_iter().collect(),
    ))
}

fn create(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let name = body.get("user").as_str().unwrap_or_default();
    let user = call.api.databases.users().create(name, &changes(&body)?)?;
    reply(StatusCode::CREATED, &user)
}

fn read(call: &Call<'_>) -> Result<Reply> {
    reply(
        StatusCode::OK,
        &call.api.databases.users().get(target(call)?)?,
    )
}

/// Users may change their own password and notes, not whether they are active.
fn check_own(call: &Call<'_>, changes: &UserChanges) -> Result<()> {
    if changes.active.is_some() && !call.is_server_administrator()? {
        return Err(Error::forbidden());
    }
    Ok(())
}

fn replace(call: &Call<'_>) -> Result<Reply> {
    let changes = changes(&call.request.json()?)?;
    let name = target(call)?;
    check_own(call, &changes)?;
    reply(
        StatusCode::OK,
        &call.api.databases.users().replace(name, &changes)?,
    )
}

fn change(call: &Call<'_>) -> Result<Reply> {
    let changes = changes(&call.request.json()?)?;
    let name = target(call)?;
    check_own(call, &changes)?;
    reply(
        StatusCode::OK,
        &call.api.databases.users().change(name, &changes)?,
    )
}

fn remove(call: &Call<'_>) -> Result<Reply> {
    call.api.databases.users().remove(call.argument(0))?;
    Ok(Reply::enveloped(StatusCode::ACCEPTED, Object::new()))
}

fn result(result: impl Into<Value>) -> Result<Reply> {
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("result", result)].into_iter().collect(),
    ))
}

fn grants(call: &Call<'_>) -> Result<Reply> {
    let user = call.api.databases.users().get(target(call)?)?;
    let full = call.request.flag("full").unwrap_or(false);
    let mut databases = Object::new();
    for name in call.api.databases.names() {
        let level = user.database_level(&name);
        if full {
            databases.insert(&*name, full_grant(call, &user, &name));
        } else if level >= Level::ReadOnly {
            databases.insert(&*name, level.name());
        }
    }
    if full {
        let granted = user.grants.get(ANY).and_then(|grant| grant.level);
        let mut entry = Object::new();
        entry.insert("permission", level_name(granted));
        let mut collections = Object::new();
        collections.insert(ANY, granted_collection(&user, ANY, ANY));
        entry.insert("collections", collections);
        databases.insert(ANY, entry);
    }
    result(databases)
}

/// Stands for every name that has no grant of its own.
const ANY: &str = "*";

fn level_name(level: Option<Level>) -> &'static str {
    level.map_or("undefined", Level::name)
}

fn granted_collection(user: &User, database: &str, collection: &str) -> &'static str {
    let grant = user.grants.get(database);
    level_name(grant.and_then(|grant| grant.collections.get(collection).copied()))
}

/// The level in a database that counts, and what was granted for each of its collections.
fn full_grant(call: &Call<'_>, user: &User, name: &str) -> Object {
    let mut collections = Object::new();
    if let Some(database) = call.api.databases.find(name) {
        for collection in database.collections() {
            let level = granted_collection(user, name, collection.name());
            collections.insert(collection.name(), level);
        }
    }
    collections.insert(ANY, granted_collection(user, name, ANY));
    let mut entry = Object::new();
    entry.insert("permission", user.database_level(name).name());
    entry.insert("collections", collections);
    entry
}

fn database_grant(call: &Call<'_>) -> Result<Reply> {
    let user = call.api.databases.users().get(target(call)?)?;
    result(user.database_level(call.argument(1)).name())
}

fn collection_grant(call: &Call<'_>) -> Result<Reply> {
    let user = call.api.databases.users().get(target(call)?)?;
    result(
        user.collection_level(call.argument(1), call.argument(2))
            .name(),
    )
}

fn wanted_level(call: &Call<'_>) -> Result<Level> {
    let body = call.request.json()?;
    let grant = body
        .get("grant")
        .as_str()
        .and_then(|name| Level::parse(name).ok());
    grant.ok_or_else(|| {
        Error::new(
            codes::BAD_PARAMETER,
            "grant must be \"rw\", \"ro\" or \"none\"",
        )
    })
}

fn granted(name: String, level: Level) -> Result<Reply> {
    Ok(Reply::enveloped(
        StatusCode::OK,
        [(name, level.name())].into_iter().collect(),
    ))
}

/// The database of a grant; `*` stands for all that have none of their own.
fn grant_database_name<'c>(call: &'c Call<'_>) -> Result<&'c str> {
    let name = call.argument(1);
    if name != "*" {
        call.api.databases.get(name)?;
    }
    Ok(name)
}

fn grant_database(call: &Call<'_>) -> Result<Reply> {
    let (database, level) = (grant_database_name(call)?, wanted_level(call)?);
    let users = call.api.databases.users();
    users.set_database_level(call.argument(0), database, Some(level))?;
    granted(database.to_owned(), level)
}

fn revoke_database(call: &Call<'_>) -> Result<Reply> {
    let users = call.api.databases.users();
    users.set_database_level(call.argument(0), call.argument(1), None)?;
    Ok(Reply::enveloped(StatusCode::ACCEPTED, Object::new()))
}

fn grant_collection(call: &Call<'_>) -> Result<Reply> {
    let (database, level) = (grant_database_name(call)?, wanted_level(call)?);
    let collection = call.argument(2);
    if database != "*" && collection != "*" {
        call.api.databases.get(database)?.collection(collection)?;
    }
    let users = call.api.databases.users();
    users.set_collection_level(call.argument(0), database, collection, Some(level))?;
    granted(format!("{database}/{collection}"), level)
}

fn revoke_collection(call: &Call<'_>) -> Result<Reply> {
    let users = call.api.databases.users();
    users.set_collection_level(call.argument(0), call.argument(1), call.argument(2), None)?;
    Ok(Reply::enveloped(StatusCode::ACCEPTED, Object::new()))
}
