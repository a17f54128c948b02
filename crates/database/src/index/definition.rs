//! Members that the definitions of several kinds of indexes share.

use std::collections::HashSet;

use value::{AttributePath, Value};

use crate::error::{Error, Result};
use crate::ids::IndexId;
use crate::names;
use crate::settings::Settings;

/// `name`; `idx_<id>` unless given. Errors: 10, 1208.
pub(super) fn parse_name(id: IndexId, definition: &Value) -> Result<String> {
    match definition.get("name") {
        Value::Null => Ok(format!("idx_{id}")),
        Value::String(name) => {
            names::check_index(name)?;
            Ok(name.to_string())
        }
        _ => Err(Error::bad_parameter("index name must be a string")),
    }
}

/// An array of attribute paths; empty unless given. Errors: 10.
pub(super) fn parse_paths(
    definition: &Value,
    name: &str,
    settings: &Settings,
) -> Result<Vec<AttributePath>> {
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
