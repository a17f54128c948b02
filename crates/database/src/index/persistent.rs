//! The persistent index: documents by the values of attributes, in value order.
//!
//! `hash` and `skiplist` are other names for it.
//! Source: public documentation, "HTTP interface for persistent indexes".

use std::collections::HashSet;

use value::{AttributePath, Object, Value};

use super::{Index, IndexKind, path_names, public_id};
use crate::collection::{Collection, flag};
use crate::error::{Error, Result};
use crate::ids::IndexId;
use crate::names;
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
    if fields.iter().filter(|field| field.expands()).count() > 1 {
        // The documentation leaves open what two of them mean together.
        let message = "an index can expand the array of one attribute only";
        return Err(Error::bad_parameter(message));
    }
    let stored_values = parse_paths(definition, "storedValues", settings)?;
    if stored_values
        .iter()
        .any(|path| fields.contains(path) || path.expands())
    {
        let message = "storedValues must be other attributes than fields, without [*]";
        return Err(Error::bad_parameter(message));
    }
    let name = match definition.get("name") {
        Value::Null => format!("idx_{id}"),
        name => {
            let name = name
                .as_str()
                .ok_or_else(|| Error::bad_parameter("index name must be a string"))?;
            names::check_index(name)?;
            name.to_owned()
        }
    };
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

fn parse_paths(definition: &Value, name: &str, settings: &Settings) -> Result<Vec<AttributePath>> {
    let bad = |what: String| Error::bad_parameter(format!("{name}: {what}"));
    let texts = match definition.get(name) {
        Value::Null => return Ok(Vec::new()),
        Value::Array(texts) => texts,
        _ => return Err(bad("must be an array of attribute paths".to_owned())),
    };
    if texts.len() > settings.index_fields_max {
        return Err(Error::limit(
            "index_fields_max",
            settings.index_fields_max,
            texts.len(),
        ));
    }
    let mut seen = HashSet::new();
    texts
        .iter()
        .map(|text| {
            let text = text
                .as_str()
                .ok_or_else(|| bad("attribute paths are strings".to_owned()))?;
            if text == "_id" || !seen.insert(text) {
                return Err(bad(format!("'{text}' cannot be used here")));
            }
            AttributePath::parse(text).map_err(|error| bad(format!("'{text}': {error}")))
        })
        .collect()
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
