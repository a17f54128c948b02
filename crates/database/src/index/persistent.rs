//! The persistent index: documents by the values of attributes, in value order.
//!
//! `hash` and `skiplist` are other names for it.
//! Source: public documentation, "HTTP interface for persistent indexes".

use value::{Object, Value};

use super::definition::{parse_name, parse_paths};
use super::{Index, IndexKind, path_names, public_id};
use crate::collection::{Collection, flag};
use crate::error::{Error, Result};
use crate::ids::IndexId;
use crate::settings::Settings;

pub(super) fn parse(
    id: IndexId,
    type_name: &str,
    definition: &Value,
    settings: &Settings,
) -> Result<Index> {
    let fields = parse_paths(definition, "fields", settings)?;
    if fields.is_empty() {
        return Err(Error::bad_parameter("index without fields"));
    }
    let stored_values = parse_paths(definition, "storedValues", settings)?;
    if stored_values
        .iter()
        .any(|path| fields.contains(path) || path.expands())
    {
        let message = "storedValues must be other attributes than fields, without [*]";
        return Err(Error::bad_parameter(message));
    }
    let name = parse_name(id, definition)?;
    Ok(Index {
        type_name: type_name.into(),
        stored_values,
        unique: flag(definition, "unique")?.unwrap_or(false),
        sparse: flag(definition, "sparse")?.unwrap_or(false),
        deduplicate: flag(definition, "deduplicate")?.unwrap_or(true),
        estimates: flag(definition, "estimates")?.unwrap_or(true),
        cache_enabled: flag(definition, "cacheEnabled")?.unwrap_or(false),
        ..Index::bare(id, IndexKind::Persistent, &name, fields)
    })
}

pub(super) fn to_object(index: &Index, collection: &Collection) -> Object {
    let mut object = Object::new();
    object.insert("cacheEnabled", index.cache_enabled);
    object.insert("deduplicate", index.deduplicate);
    object.insert("estimates", index.estimates);
    object.insert("fields", path_names(&index.fields));
    object.insert("id", public_id(index, collection));
    object.insert("name", index.name());
    if index.estimates {
        let estimate = Value::from_f64(index.selectivity()).unwrap_or_default();
        object.insert("selectivityEstimate", estimate);
    }
    object.insert("sparse", index.sparse);
    if !index.stored_values.is_empty() {
        object.insert("storedValues", path_names(&index.stored_values));
    }
    object.insert("type", index.type_name());
    object.insert("unique", index.unique);
    object
}
