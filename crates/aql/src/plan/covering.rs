//! What can be told of a document from its entry in an index.

use std::sync::Arc;

use database::{Index, IndexKind};

/// Where an attribute is found in an index entry.
pub(crate) enum Covered<'n> {
    /// In the value at a place of the entry, and there under these names.
    Value(usize, &'n [Arc<str>]),
    /// The document key that every entry has.
    Key,
    /// The same, behind the name of the collection.
    Id,
}

/// Where in the entries of an index the attribute is that names lead to; `None` if it is not.
pub(crate) fn covered_by<'n>(index: &Index, names: &'n [Arc<str>]) -> Option<Covered<'n>> {
    match names {
        [name] if &**name == "_key" => return Some(Covered::Key),
        [name] if &**name == "_id" => return Some(Covered::Id),
        _ => {}
    }
    // The entries of a primary index are the documents themselves.
    if !index.is_covering() || index.kind() == IndexKind::Primary {
        return None;
    }
    let paths = index.fields().iter().chain(index.stored_values());
    paths.enumerate().find_map(|(at, path)| {
        let path = path.names()?;
        let begins = path.len() <= names.len()
            && path
                .iter()
                .zip(names)
                .all(|(own, name)| AsRef::<str>::as_ref(own) == &**name);
        begins.then(|| Covered::Value(at, names.get(path.len()..).unwrap_or_default()))
    })
}
