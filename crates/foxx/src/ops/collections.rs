//! Databases, collections and indexes.

use std::sync::Arc;

use database::{Collection, CollectionChanges, CollectionOptions, Database, Level, NewUser};
use error_codes::codes;
use value::{Object, Value};

use super::{Call, Context, OpError, OpResult, Registrar};

const SYSTEM: &str = "_system";

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("databaseInfo", database_info);
    ops.op("databaseList", database_list);
    ops.op("databaseCreate", database_create);
    ops.op("databaseDrop", database_drop);
    ops.op("databaseUse", database_use);
    ops.op("collectionFind", find);
    ops.op("collectionList", list);
    ops.op("collectionCreate", create);
    ops.op("collectionDrop", drop_collection);
    ops.op("collectionTruncate", truncate);
    ops.op("collectionRename", rename);
    ops.op("collectionProperties", properties);
    ops.op("collectionCount", count);
    ops.op("collectionFigures", figures);
    ops.op("collectionRevision", revision);
    ops.op("collectionChecksum", checksum);
    ops.op("indexEnsure", index_ensure);
    ops.op("indexList", index_list);
    ops.op("indexDrop", index_drop);
}

fn database_info(call: &Call<'_>) -> OpResult {
    let database = call.context.database()?;
    let mut info = Object::new();
    info.insert("id", database.id().to_string());
    info.insert("name", &**database.name());
    info.insert("isSystem", database.is_system());
    info.insert("path", "none");
    call.value(&info.into())
}

fn database_list(call: &Call<'_>) -> OpResult {
    need_system(call)?;
    let names = call.context.shared.databases.names();
    let seen = names.iter().filter(|name| {
        let allowed = call.context.allow_database(name, Level::ReadOnly);
        allowed.is_ok()
    });
    call.value(
        &seen
            .map(|name| Value::from(&**name))
            .collect::<Vec<_>>()
            .into(),
    )
}

/// A collection whose properties may be seen.
fn shown_collection(context: &Context, name: &str) -> Result<Arc<Collection>, OpError> {
    let database = context.database()?;
    let collection = database.collection(name)?;
    context.allow(database.name(), collection.name(), Level::ReadOnly)?;
    Ok(collection)
}

/// Databases are created, dropped and entered from `_system` only.
fn need_system(call: &Call<'_>) -> Result<(), OpError> {
    if call.context.database()?.is_system() {
        return Ok(());
    }
    Err(codes::ARANGO_USE_SYSTEM_DATABASE.into())
}

fn database_create(call: &Call<'_>) -> OpResult {
    need_system(call)?;
    call.context.administered()?;
    let (name, users) = (call.text(0)?, call.json(2)?);
    let user = |user: &Value| NewUser {
        name: user.get("username").as_str().unwrap_or_default().to_owned(),
        password: user.get("passwd").as_str().unwrap_or_default().to_owned(),
        active: user.get("active").as_bool().unwrap_or(true),
        extra: user.get("extra").as_object().cloned().unwrap_or_default(),
    };
    let users: Vec<NewUser> = users
        .as_array()
        .unwrap_or_default()
        .iter()
        .map(user)
        .collect();
    call.context.shared.databases.create(&name, &users)?;
    call.nothing()
}

fn database_drop(call: &Call<'_>) -> OpResult {
    need_system(call)?;
    call.context.administered()?;
    let shared = &call.context.shared;
    shared.databases.drop(&call.text(0)?)?;
    crate::lifecycle::forget_dropped_databases(shared);
    call.nothing()
}

fn database_use(call: &Call<'_>) -> OpResult {
    let (context, name) = (call.context, call.text(0)?);
    if **context.database()?.name() == *name {
        return call.nothing();
    }
    // Services of other databases stay in theirs; coming back is what ends a stay elsewhere.
    let own = &*context.service().database;
    if own != SYSTEM {
        return Err(codes::FORBIDDEN.into());
    }
    context.outside_transaction()?;
    let database = context.shared.databases.get(&name)?;
    context.allow_database(&name, Level::ReadOnly)?;
    let other = (own != name).then_some(database);
    context.other_database.replace(other);
    call.nothing()
}

fn info(collection: &database::Collection) -> Value {
    let mut info = Object::new();
    info.insert("id", collection.id().to_string());
    info.insert("name", collection.name());
    info.insert("type", collection.kind().number());
    info.insert("isSystem", collection.is_system());
    info.into()
}

fn find(call: &Call<'_>) -> OpResult {
    match call.context.database()?.find_collection(&call.text(0)?) {
        Some(collection) => call.value(&info(&collection)),
        None => call.nothing(),
    }
}

fn list(call: &Call<'_>) -> OpResult {
    let database = call.context.database()?;
    let collections = database.collections();
    let seen = collections.iter().filter(|collection| {
        let allowed = call
            .context
            .allow(database.name(), collection.name(), Level::ReadOnly);
        allowed.is_ok()
    });
    call.value(
        &seen
            .map(|collection| info(collection))
            .collect::<Vec<_>>()
            .into(),
    )
}

fn create(call: &Call<'_>) -> OpResult {
    let (name, kind, properties) = (call.text(0)?, call.number(1)?, call.json(2)?);
    let mut options = properties.as_object().cloned().unwrap_or_default();
    options.insert("name", name.as_str());
    options.insert("type", kind as i64);
    let mut options = CollectionOptions::parse(&options.into())?;
    // Services name their own system collections without saying that they are some.
    options.is_system |= name.starts_with('_');
    let collection = call.context.administered()?.create_collection(&options)?;
    call.value(&info(&collection))
}

fn drop_collection(call: &Call<'_>) -> OpResult {
    call.context
        .administered()?
        .drop_collection(&call.text(0)?, call.flag(1))?;
    call.nothing()
}

fn truncate(call: &Call<'_>) -> OpResult {
    let name = call.text(0)?;
    call.context.truncate(&name)?;
    call.nothing()
}

fn rename(call: &Call<'_>) -> OpResult {
    call.context
        .administered()?
        .rename_collection(&call.text(0)?, &call.text(1)?)?;
    call.nothing()
}

fn properties(call: &Call<'_>) -> OpResult {
    let (context, name, changes) = (call.context, call.text(0)?, call.json(1)?);
    let collection = if changes.is_null() {
        shown_collection(context, &name)?
    } else {
        let changes = CollectionChanges::parse(&changes)?;
        context.administered()?.change_collection(&name, &changes)?
    };
    call.value(&collection.to_properties_object().into())
}

fn count(call: &Call<'_>) -> OpResult {
    let name = call.text(0)?;
    let count = call.context.read(|txn| {
        let collection = call.context.readable(txn, &name)?;
        txn.count(&collection)
    })?;
    Ok(call.scope.number(count as f64))
}

fn figures(call: &Call<'_>) -> OpResult {
    let name = call.text(0)?;
    let figures = call.context.read(|txn| {
        let collection = call.context.readable(txn, &name)?;
        txn.figures(&collection)
    })?;
    let mut indexes = Object::new();
    indexes.insert("count", figures.indexes);
    indexes.insert("size", figures.indexes_bytes);
    let mut shown = Object::new();
    shown.insert("indexes", indexes);
    shown.insert("documentsSize", figures.documents_bytes);
    shown.insert("cacheInUse", false);
    shown.insert("cacheSize", 0);
    shown.insert("cacheUsage", 0);
    call.value(&shown.into())
}

fn revision(call: &Call<'_>) -> OpResult {
    let name = call.text(0)?;
    let revision = call.context.read(|txn| {
        let collection = call.context.readable(txn, &name)?;
        txn.collection_revision(&collection)
    })?;
    call.string(&revision)
}

fn checksum(call: &Call<'_>) -> OpResult {
    let sum = sum(call, call.flag(1), call.flag(2))?;
    let mut shown = Object::new();
    shown.insert("checksum", sum.checksum.to_string());
    shown.insert("revision", sum.revision);
    call.value(&shown.into())
}

fn sum(call: &Call<'_>, revisions: bool, data: bool) -> Result<database::Checksum, OpError> {
    let name = call.text(0)?;
    call.context.read(|txn| {
        let collection = call.context.readable(txn, &name)?;
        txn.checksum(&collection, revisions, data, || Ok(()))
    })
}

fn index_ensure(call: &Call<'_>) -> OpResult {
    let (name, definition) = (call.text(0)?, call.json(1)?);
    let created = call
        .context
        .administered()?
        .create_index(&name, &definition)?;
    let mut shown = created.index.to_object(&created.collection);
    shown.insert("isNewlyCreated", created.is_newly_created);
    call.value(&shown.into())
}

fn index_list(call: &Call<'_>) -> OpResult {
    let collection = shown_collection(call.context, &call.text(0)?)?;
    let indexes = collection
        .indexes()
        .map(|index| Value::from(index.to_object(&collection)));
    call.value(&indexes.collect::<Vec<_>>().into())
}

fn index_drop(call: &Call<'_>) -> OpResult {
    let database: Database = call.context.administered()?;
    match database.drop_index(&call.text(0)?, &call.text(1)?) {
        Ok(_) => call.bool(true),
        Err(error) if error.code() == codes::FORBIDDEN => call.bool(false),
        Err(error) => Err(error.into()),
    }
}
