//! Users, their passwords and grants. All but the check of a password is for those who administer
//! the server.

use database::{Level, User, UserChanges, Users};
use value::{Object, Value};

use super::{Call, OpError, OpResult, Registrar};

const SYSTEM: &str = "_system";

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("userList", list);
    ops.op("userFind", find);
    ops.op("userCreate", |call| write(call, Users::create));
    ops.op("userUpdate", |call| write(call, Users::change));
    ops.op("userReplace", |call| write(call, Users::replace));
    ops.op("userRemove", remove);
    ops.op("userIsValid", is_valid);
    ops.op("userGrant", grant);
    ops.op("userLevel", level);
}

/// Errors: 11 for code whose rights do not reach that far.
fn users<'c>(call: &'c Call<'_>) -> Result<&'c Users, OpError> {
    call.context.allow_database(SYSTEM, Level::ReadWrite)?;
    Ok(call.context.shared.databases.users())
}

fn list(call: &Call<'_>) -> OpResult {
    let all = users(call)?.list()?;
    let shown = all.iter().map(|user| Value::from(user.to_object()));
    call.value(&shown.collect::<Vec<_>>().into())
}

fn find(call: &Call<'_>) -> OpResult {
    let user = users(call)?.get(&call.text(0)?)?;
    call.value(&user.to_object().into())
}

fn write(
    call: &Call<'_>,
    write: fn(&Users, &str, &UserChanges) -> database::Result<std::sync::Arc<User>>,
) -> OpResult {
    let (name, given) = (call.text(0)?, call.json(1)?);
    let changes = UserChanges {
        password: given.get("passwd").as_str().map(str::to_owned),
        active: given.get("active").as_bool(),
        extra: given.get("extra").as_object().cloned(),
    };
    let users = users(call)?;
    // Hashing a password takes as long as it should.
    let (pool, worker) = (&call.context.shared.pool, call.context.worker);
    let user = pool.while_blocked(worker, || write(users, &name, &changes))?;
    call.value(&user.to_object().into())
}

fn remove(call: &Call<'_>) -> OpResult {
    users(call)?.remove(&call.text(0)?)?;
    call.nothing()
}

fn is_valid(call: &Call<'_>) -> OpResult {
    let (name, password) = (call.text(0)?, call.text(1)?);
    let shared = &call.context.shared;
    let users = shared.databases.users();
    let found = shared
        .pool
        .while_blocked(call.context.worker, || users.authenticate(&name, &password))?;
    call.bool(found.is_some())
}

/// (user, database, collection or nothing, level or nothing)
fn grant(call: &Call<'_>) -> OpResult {
    let (name, database) = (call.text(0)?, call.text(1)?);
    let (collection, level) = (call.optional_text(2)?, call.optional_text(3)?);
    let level = level.map(|level| Level::parse(&level)).transpose()?;
    let users = users(call)?;
    match collection {
        Some(collection) => users.set_collection_level(&name, &database, &collection, level)?,
        None => users.set_database_level(&name, &database, level)?,
    }
    call.nothing()
}

/// (user, database, collection or nothing); without database those of all databases.
fn level(call: &Call<'_>) -> OpResult {
    let user = users(call)?.get(&call.text(0)?)?;
    let (database, collection) = (call.optional_text(1)?, call.optional_text(2)?);
    match (database, collection) {
        (Some(database), Some(collection)) => {
            call.string(user.collection_level(&database, &collection).name())
        }
        (Some(database), None) => call.string(user.database_level(&database).name()),
        (None, _) => {
            let names = call.context.shared.databases.names();
            let levels = names
                .iter()
                .map(|name| (&**name, user.database_level(name).name()));
            call.value(&levels.collect::<Object>().into())
        }
    }
}
