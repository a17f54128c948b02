//! `/_api/document` and `/_api/edges`: one document or many.

mod edges;
mod write;

use std::sync::Arc;

use database::{Collection, Selector};
use error_codes::codes;
use hyper::{Method, StatusCode, header};
use value::{Value, json};

use crate::error::{Error, Result};
use crate::message::{Reply, encode_segment};
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/document/{}/{}", Access::Read, read),
    Route::new(
        Method::POST,
        "/_api/document/{}",
        Access::Read,
        write::insert,
    ),
    Route::new(
        Method::POST,
        "/_api/document",
        Access::Read,
        write::insert_by_parameter,
    ),
    Route::new(
        Method::PUT,
        "/_api/document/{}/{}",
        Access::Read,
        write::replace_one,
    ),
    Route::new(
        Method::PATCH,
        "/_api/document/{}/{}",
        Access::Read,
        write::update_one,
    ),
    Route::new(
        Method::DELETE,
        "/_api/document/{}/{}",
        Access::Read,
        write::remove_one,
    ),
    Route::new(
        Method::PUT,
        "/_api/document/{}",
        Access::Read,
        replace_or_read_many,
    ),
    Route::new(
        Method::PATCH,
        "/_api/document/{}",
        Access::Read,
        write::update_many,
    ),
    Route::new(
        Method::DELETE,
        "/_api/document/{}",
        Access::Read,
        write::remove_many,
    ),
    Route::new(Method::GET, "/_api/edges/{}", Access::Read, edges::of_one),
    Route::new(Method::POST, "/_api/edges/{}", Access::Read, edges::of_many),
];

/// A revision in a condition: quoted as HTTP wants it, or bare.
fn condition(call: &Call<'_>, name: &str) -> Option<String> {
    call.request
        .header(name)
        .map(|text| text.trim().trim_matches('"').to_owned())
}

fn precondition_failed(rev: &str, id: String, key: String) -> Error {
    let mut error = Error::new(codes::ARANGO_CONFLICT, "conflict, _rev values do not match")
        .with_status(StatusCode::PRECONDITION_FAILED);
    error.extra.insert("_id", id);
    error.extra.insert("_key", key);
    error.extra.insert("_rev", rev);
    error
}

fn etag(rev: &str) -> String {
    format!("\"{rev}\"")
}

fn read(call: &Call<'_>) -> Result<Reply> {
    let collection = call.readable_collection(call.argument(0))?;
    let selector = Selector::key(call.argument(1))?;
    let database = call.database()?;
    let expected = database.expect(collection.name(), [selector.key.as_str()]);
    let document = call.read_expecting(expected, |txn| txn.load(&collection, &selector))?;
    let rev = document.rev();
    if condition(call, "if-none-match").is_some_and(|wanted| wanted == rev) {
        return Ok(Reply::empty(StatusCode::NOT_MODIFIED).with(header::ETAG, &etag(rev)));
    }
    if condition(call, "if-match").is_some_and(|wanted| wanted != rev) {
        let key = document.key().as_str().to_owned();
        return Err(precondition_failed(rev, document.id(), key));
    }
    let mut text = Vec::with_capacity(document.body().len() + 64);
    document.write_json(&mut text);
    Ok(Reply::json_text(StatusCode::OK, text).with(header::ETAG, &etag(rev)))
}

fn replace_or_read_many(call: &Call<'_>) -> Result<Reply> {
    if call.request.flag("onlyget").unwrap_or(false) {
        return read_many(call);
    }
    write::replace_many(call)
}

fn read_many(call: &Call<'_>) -> Result<Reply> {
    let collection = call.readable_collection(call.argument(0))?;
    let body = call.request.json()?;
    let wanted = items(&body)?;
    let ignore_revs = call.request.flag("ignoreRevs").unwrap_or(true);
    let mut many = Many::new();
    let selectors: Vec<_> = wanted
        .iter()
        .map(|selector| Selector::parse(&collection, selector, ignore_revs))
        .collect();
    let keys = selectors.iter().flatten();
    let keys = keys.map(|selector| selector.key.as_str());
    let expected = call.database()?.expect(collection.name(), keys);
    call.read_expecting(expected, |txn| {
        for selector in selectors {
            let found = selector.and_then(|selector| txn.load(&collection, &selector));
            many.push(found.map(|document| move |out: &mut Vec<u8>| document.write_json(out)));
        }
        Ok(())
    })?;
    Ok(many.into_reply(StatusCode::OK, false))
}

fn items(body: &Value) -> Result<&[Value]> {
    body.as_array().ok_or_else(|| {
        Error::new(
            codes::ARANGO_DOCUMENT_TYPE_INVALID,
            "the body must be an array",
        )
    })
}

/// The answer to an operation on many documents: one entry each, and a count of the failures.
struct Many {
    entries: Vec<u8>,
    failures: Vec<u8>,
    codes: std::collections::BTreeMap<u32, usize>,
}

impl Many {
    fn new() -> Self {
        Self {
            entries: vec![b'['],
            failures: vec![b'['],
            codes: Default::default(),
        }
    }

    fn push<W: FnOnce(&mut Vec<u8>)>(&mut self, result: database::Result<W>) {
        match result {
            Ok(write) => {
                separate(&mut self.entries);
                write(&mut self.entries);
            }
            Err(error) => {
                *self.codes.entry(error.code().number()).or_default() += 1;
                let entry = item_error(&error);
                for out in [&mut self.entries, &mut self.failures] {
                    separate(out);
                    json::write(&entry, out);
                }
            }
        }
    }

    /// `silent` answers show failures only.
    fn into_reply(self, status: StatusCode, silent: bool) -> Reply {
        let mut text = match (silent, self.codes.is_empty()) {
            (false, _) => self.entries,
            (true, false) => self.failures,
            (true, true) => return Reply::json_text(status, "{}"),
        };
        text.push(b']');
        let reply = Reply::json_text(status, text);
        if self.codes.is_empty() {
            return reply;
        }
        let counts: Vec<String> = self
            .codes
            .iter()
            .map(|(code, count)| format!("\"{code}\":{count}"))
            .collect();
        let name = header::HeaderName::from_static("x-arango-error-codes");
        reply.with(name, &format!("{{{}}}", counts.join(",")))
    }
}

fn separate(out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
}

fn item_error(error: &database::Error) -> Value {
    let mut object = value::Object::new();
    object.insert("error", true);
    object.insert("errorNum", error.code().number());
    object.insert("errorMessage", error.message());
    if let Some(document) = error.document() {
        object.insert("_id", document.id.as_str());
        object.insert("_key", document.key.as_str());
        object.insert("_rev", document.rev.as_str());
    }
    object.into()
}

fn location(call: &Call<'_>, collection: &Arc<Collection>, key: &str) -> String {
    format!(
        "/_db/{}/_api/document/{}/{}",
        encode_segment(&call.request.database),
        encode_segment(collection.name()),
        encode_segment(key)
    )
}
