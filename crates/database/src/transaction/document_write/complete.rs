//! What a collection adds to a written document and demands of it, and its stored form.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use error_codes::codes;
use value::{Object, Value};

use super::Item;
use crate::collection::Collection;
use crate::computed::WriteEvent;
use crate::document::{self, Document, parse_document_id};
use crate::error::{Error, ErrorKind, Result};
use crate::revision::Revision;
use crate::settings::Settings;
use crate::transaction::Transaction;

impl Transaction {
    /// The body of a document that is written: computed values, then the schema, then limits.
    ///
    /// Errors: 1233, 1620, 10 (limits), those of computed values.
    pub(super) fn complete(
        &mut self,
        collection: &Collection,
        item: &Item,
        event: WriteEvent,
        mut attributes: Cow<'_, Object>,
        old: Option<&Document>,
        revision: Revision,
    ) -> Result<Bytes> {
        let edge = edge(collection, &attributes)?;
        if let Some(computed) = &collection.computed_values
            && computed.apply_to(event)
        {
            let body = document::write_body(&item.key, edge.as_ref(), revision, &attributes);
            let name = Arc::clone(collection.shared_name());
            let stored = Document::new(name, body).to_value()?;
            computed.apply(self, event, &stored, attributes.to_mut())?;
        }
        if let Some(schema) = &collection.schema {
            schema.check(&attributes, old)?;
        }
        let settings = &self.shared().settings;
        check_depth(&attributes, settings)?;
        let body = document::write_body(&item.key, edge.as_ref(), revision, &attributes);
        let bytes_max = settings.document_bytes_max;
        if body.len() > bytes_max {
            return Err(Error::limit("document_bytes_max", bytes_max, body.len()));
        }
        Ok(body)
    }
}

/// The ends of an edge; `None` for other documents. Errors: 1233.
fn edge(collection: &Collection, attributes: &Object) -> Result<Option<(Arc<str>, Arc<str>)>> {
    if !collection.is_edge() {
        return Ok(None);
    }
    let vertex = |name| vertex(attributes, name);
    Ok(Some((vertex("_from")?, vertex("_to")?)))
}

/// The id of a vertex; errors: 1233.
fn vertex(attributes: &Object, name: &str) -> Result<Arc<str>> {
    match attributes.get(name) {
        Some(Value::String(id)) if parse_document_id(id).is_ok() => Ok(Arc::clone(id)),
        _ => {
            let code = codes::ARANGO_INVALID_EDGE_ATTRIBUTE;
            Err(Error::new(ErrorKind::Invalid, code))
        }
    }
}

/// Errors: 10.
fn check_depth(attributes: &Object, settings: &Settings) -> Result<()> {
    let depth_max = settings.document_depth_max;
    let inner = depth_max.saturating_sub(1);
    if attributes.values().all(|value| is_within(value, inner)) {
        return Ok(());
    }
    let message = format!("document_depth_max is {depth_max}, the document is deeper");
    Err(Error::bad_parameter(message))
}

/// Whether a value nests at most `depth` levels.
fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_within(item, depth - 1)),
        Value::Object(object) => {
            depth > 0 && object.values().all(|item| is_within(item, depth - 1))
        }
        _ => true,
    }
}
