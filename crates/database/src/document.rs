//! Documents as stored text, keys, and what is told apart without parsing.
//!
//! The stored body is compact JSON:
//!
//! ```text
//! {"_key":"<key>",["_from":"<id>","_to":"<id>",]"_rev":"<revision>"[,<user attributes>]}
//! ```
//!
//! `_id` is not stored, so that renaming a collection renames its documents. A key has no
//! character that JSON escapes, therefore its text ends at the first quote.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use error_codes::codes;
use memchr::memchr;
use value::{Object, Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::revision::Revision;

/// What every body begins with.
const HEAD: &[u8] = b"{\"_key\":\"";

/// Bytes of a document key at most. Source: public documentation, "Data modeling / Limits".
pub const KEY_BYTES_MAX: usize = 254;

/// The name of a collection with what documents need of it.
#[derive(Debug, PartialEq, Eq)]
pub struct CollectionName {
    text: Arc<str>,
    /// `"_id":"<name>/`, escaped, to be spliced into bodies.
    id_start: Box<[u8]>,
}

impl CollectionName {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        let mut id_start = b"\"_id\":".to_vec();
        json::write_text(name, &mut id_start);
        // The closing quote comes after the key.
        id_start.pop();
        id_start.push(b'/');
        Arc::new(Self {
            text: name.into(),
            id_start: id_start.into(),
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name, shared.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

/// The key of a stored document. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey(Bytes);

impl DocumentKey {
    /// Checks a key that a user supplies; errors: 1221.
    pub fn parse(text: &str) -> Result<Self> {
        if is_key(text.as_bytes()) {
            Ok(Self(Bytes::copy_from_slice(text.as_bytes())))
        } else {
            Err(Error::new(
                ErrorKind::Invalid,
                codes::ARANGO_DOCUMENT_KEY_BAD,
            ))
        }
    }

    /// A key that was checked before it was stored.
    pub(crate) fn from_stored(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The same key in memory of its own; see [`Document::detached`].
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        // Keys are ASCII; damaged bytes read as an empty key, which no document has.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The key as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for DocumentKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Whether these bytes are a legal document key.
/// Source: public documentation, "Document identifiers and keys".
fn is_key(bytes: &[u8]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.@()+,=;$!*'%:".contains(byte);
    (1..=KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(legal)
}

/// Splits `collection/key`; errors: 1205 when it is not of that form, 1221.
pub fn parse_document_id(id: &str) -> Result<(&str, DocumentKey)> {
    let bad = || Error::new(ErrorKind::Invalid, codes::ARANGO_DOCUMENT_HANDLE_BAD);
    let (collection, key) = id.split_once('/').ok_or_else(bad)?;
    if collection.is_empty() || key.is_empty() || key.contains('/') {
        return Err(bad());
    }
    Ok((collection, DocumentKey::parse(key)?))
}

/// A stored document: its text and the name of its collection. Cloning is cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    collection: Arc<CollectionName>,
    body: Bytes,
}

impl Document {
    pub(crate) fn new(collection: Arc<CollectionName>, body: Bytes) -> Self {
        Self { collection, body }
    }

    /// The name of the collection.
    pub fn collection_name(&self) -> &str {
        self.collection.as_str()
    }

    /// The stored text: begins with `_key` and has no `_id`.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The same document in memory of its own. A document that was read as one of a page keeps
    /// all of the page in memory.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            collection: Arc::clone(&self.collection),
            body: Bytes::copy_from_slice(&self.body),
        }
    }

    /// The key.
    pub fn key(&self) -> DocumentKey {
        DocumentKey(self.body.slice(HEAD.len()..key_end(&self.body)))
    }

    /// `collection/key`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.collection.as_str(), self.key())
    }

    /// The text of the revision; empty if the body is damaged.
    pub fn rev(&self) -> &str {
        body_rev(&self.body)
    }

    /// The revision; errors: damaged data.
    pub fn revision(&self) -> Result<Revision> {
        Revision::parse(self.rev()).ok_or_else(|| Error::corrupt("revision of a document"))
    }

    /// The JSON text of a top-level attribute, system attributes included except `_id`.
    pub fn get_json(&self, attribute: &str) -> Option<&[u8]> {
        json::find_attribute(&self.body, attribute)
    }

    /// A top-level attribute, `_id` included. Reads no other attribute's value.
    pub fn get(&self, attribute: &str) -> Option<Value> {
        if attribute == "_id" {
            return Some(self.id().into());
        }
        self.get_json(attribute)
            .and_then(|text| json::parse(text).ok())
    }

    /// The attribute that names lead to, one inside the other; `null` where they lead nowhere.
    pub fn get_path<S: AsRef<str>>(&self, names: &[S]) -> Value {
        let Some((first, rest)) = names.split_first() else {
            return Value::Null;
        };
        if first.as_ref() == "_id" {
            return if rest.is_empty() {
                self.id().into()
            } else {
                Value::Null
            };
        }
        find_path(&self.body, first.as_ref(), rest)
    }

    /// Appends the document as clients see it: `_key`, `_id`, then the rest as stored.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let body = self.body.as_ref();
        let (head, tail) = body.split_at(key_end(body));
        let key = head.get(HEAD.len()..).unwrap_or_default();
        let id_start = &self.collection.id_start;
        out.reserve(body.len() + id_start.len() + key.len() + 2);
        out.extend_from_slice(head);
        out.extend_from_slice(b"\",");
        out.extend_from_slice(id_start);
        out.extend_from_slice(key);
        out.extend_from_slice(tail);
    }

    /// The document as clients see it, parsed. Errors: damaged data.
    pub fn to_value(&self) -> Result<Value> {
        let mut text = Vec::new();
        self.write_json(&mut text);
        json::parse(&text).map_err(|error| Error::corrupt(format_args!("document: {error}")))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {body}", self.collection.as_str())
    }
}

/// Where the key's text ends in a body: the position of its closing quote.
fn key_end(body: &[u8]) -> usize {
    let rest = body.get(HEAD.len()..).unwrap_or_default();
    memchr(b'"', rest).map_or(body.len(), |at| HEAD.len() + at)
}

/// The text of the revision in a body.
pub(crate) fn body_rev(body: &[u8]) -> &str {
    let quoted = json::find_attribute(body, "_rev").unwrap_or_default();
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    std::str::from_utf8(inner.unwrap_or_default()).unwrap_or_default()
}

/// The attribute that names lead to in a body; `null` where they lead nowhere.
pub(crate) fn find_path<S: AsRef<str>>(body: &[u8], first: &str, rest: &[S]) -> Value {
    let mut text = match json::find_attribute(body, first) {
        Some(text) => text,
        None => return Value::Null,
    };
    for name in rest {
        text = match json::find_attribute(text, name.as_ref()) {
            Some(text) => text,
            None => return Value::Null,
        };
    }
    json::parse(text).unwrap_or_default()
}

/// Makes a body; `attributes` may hold system attributes, which are left out.
pub(crate) fn write_body(
    key: &DocumentKey,
    edge: Option<&(Arc<str>, Arc<str>)>,
    revision: Revision,
    attributes: &Object,
) -> Bytes {
    let mut out = Vec::with_capacity(64 + 32 * attributes.len());
    out.extend_from_slice(HEAD);
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
    if let Some((from, to)) = edge {
        out.extend_from_slice(b",\"_from\":");
        json::write_text(from, &mut out);
        out.extend_from_slice(b",\"_to\":");
        json::write_text(to, &mut out);
    }
    out.extend_from_slice(b",\"_rev\":\"");
    revision.write(&mut out);
    out.push(b'"');
    for (name, value) in attributes.iter() {
        let system = match &**name {
            "_key" | "_id" | "_rev" => true,
            "_from" | "_to" => edge.is_some(),
            _ => false,
        };
        if system {
            continue;
        }
        out.push(b',');
        json::write_text(name, &mut out);
        out.push(b':');
        json::write(value, &mut out);
    }
    out.push(b'}');
    out.into()
}

/// Parses a body; errors: damaged data.
pub(crate) fn parse_body(body: &[u8]) -> Result<Arc<Object>> {
    match json::parse(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::corrupt("document is not an object")),
        Err(error) => Err(Error::corrupt(format_args!("document: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(collection: &str, attributes: &str, edge: Option<(&str, &str)>) -> Document {
        let attributes = json::parse(attributes.as_bytes()).unwrap();
        let key = DocumentKey::parse("k1").unwrap();
        let object = attributes.as_object().unwrap();
        let edge = edge.map(|(from, to)| (from.into(), to.into()));
        let body = write_body(&key, edge.as_ref(), Revision(1 << 20), object);
        Document::new(CollectionName::new(collection), body)
    }

    fn shown(document: &Document) -> String {
        let mut out = Vec::new();
        document.write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn documents_show_system_attributes_first() {
        let plain = document("c", r#"{"a":1,"_rev":"x","_from":"kept","_id":"no"}"#, None);
        assert_eq!(
            shown(&plain),
            r#"{"_key":"k1","_id":"c/k1","_rev":"C---","a":1,"_from":"kept"}"#
        );
        let edge = document("e", "{}", Some(("v/1", "v/2")));
        assert_eq!(
            shown(&edge),
            r#"{"_key":"k1","_id":"e/k1","_from":"v/1","_to":"v/2","_rev":"C---"}"#
        );
        let quoted = document("a\"b", "{}", None);
        assert_eq!(
            quoted.to_value().unwrap().get("_id"),
            &Value::from("a\"b/k1")
        );
    }

    #[test]
    fn attributes_are_read_without_the_others() {
        let document = document("c", r#"{"a":{"b":[1,{"c":2}]},"n":null}"#, None);
        assert_eq!(document.key().as_str(), "k1");
        assert_eq!(document.rev(), "C---");
        assert_eq!(document.get("_id"), Some("c/k1".into()));
        assert_eq!(document.get("n"), Some(Value::Null));
        assert_eq!(document.get("x"), None);
        assert_eq!(
            json::to_string(&document.get_path(&["a", "b"])),
            r#"[1,{"c":2}]"#
        );
        assert_eq!(document.get_path(&["a", "b", "c"]), Value::Null);
    }

    #[test]
    fn keys_have_documented_characters_and_length() {
        let long = "k".repeat(KEY_BYTES_MAX);
        for key in ["a", "_-.@()+,=;$!*'%:", &long] {
            assert!(DocumentKey::parse(key).is_ok(), "{key}");
        }
        let longer = "k".repeat(KEY_BYTES_MAX + 1);
        for key in ["", "a/b", "ä", "a b", "\"", "#", &longer] {
            let error = DocumentKey::parse(key).unwrap_err();
            assert_eq!(error.code().number(), 1221, "{key}");
        }
        for (id, number) in [("abc", 1205), ("/k", 1205), ("c/", 1205), ("c/ä", 1221)] {
            assert_eq!(
                parse_document_id(id).unwrap_err().code().number(),
                number,
                "{id}"
            );
        }
    }
}
