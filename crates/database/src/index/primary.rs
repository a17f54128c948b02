//! The primary index: documents by key. The documents themselves are its entries.

use value::{AttributePath, Object};

use super::{Index, IndexKind, path_names, public_id};
use crate::collection::Collection;
use crate::ids::IndexId;

pub(super) fn index() -> Index {
    let fields = vec![AttributePath::from_names(["_key"])];
    Index {
        unique: true,
        ..Index::bare(IndexId(0), IndexKind::Primary, "primary", fields)
    }
}

pub(super) fn to_object(index: &Index, collection: &Collection) -> Object {
    let mut object = Object::new();
    object.insert("fields", path_names(&index.fields));
    object.insert("id", public_id(index, collection));
    object.insert("name", index.name());
    object.insert("selectivityEstimate", 1);
    object.insert("sparse", false);
    object.insert("type", index.type_name());
    object.insert("unique", true);
    object
}
