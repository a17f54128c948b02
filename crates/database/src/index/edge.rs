//! The edge index: edges by `_from` and by `_to`.
//!
//! Two indexes here, each with its entries, that clients see as one.

use value::{AttributePath, Object, Value};

use super::{Index, IndexKind, public_id};
use crate::collection::Collection;
use crate::ids::IndexId;

pub(super) fn index(id: IndexId, field: &str) -> Index {
    let fields = vec![AttributePath::from_names([field])];
    Index::bare(id, IndexKind::Edge, "edge", fields)
}

pub(super) fn to_object(index: &Index, collection: &Collection) -> Object {
    let mut object = Object::new();
    object.insert("fields", Value::array(vec!["_from".into(), "_to".into()]));
    object.insert("id", public_id(index, collection));
    object.insert("name", index.name());
    let estimate = Value::from_f64(index.selectivity()).unwrap_or_default();
    object.insert("selectivityEstimate", estimate);
    object.insert("sparse", false);
    object.insert("type", index.type_name());
    object.insert("unique", false);
    object
}
