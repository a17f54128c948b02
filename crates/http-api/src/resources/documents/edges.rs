//! `/_api/edges`: the edges of one vertex or of many.

use aql::Query;
use error_codes::codes;
use hyper::StatusCode;
use value::{Object, Value, json};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::query::{self, Batching};
use crate::state::Call;

pub(super) fn of_one(call: &Call<'_>) -> Result<Reply> {
    let vertex = call.request.parameter("vertex").unwrap_or_default();
    if vertex.is_empty() {
        return Err(Error::bad_parameter(
            "illegal document identifier: vertex is missing",
        ));
    }
    list(call, vec![Value::from(vertex.into_owned())])
}

/// The body is an array of identifiers, or one.
pub(super) fn of_many(call: &Call<'_>) -> Result<Reply> {
    let vertices = match call.request.json()? {
        Value::Array(vertices) => vertices.to_vec(),
        one @ Value::String(_) => vec![one],
        _ => {
            let message = "the body must be an array of document identifiers";
            return Err(Error::bad_parameter(message));
        }
    };
    if vertices.iter().any(|vertex| vertex.as_str().is_none()) {
        return Err(Error::plain(codes::ARANGO_DOCUMENT_HANDLE_BAD));
    }
    list(call, vertices)
}

fn list(call: &Call<'_>, vertices: Vec<Value>) -> Result<Reply> {
    let collection = call.readable_collection(call.argument(0))?;
    if !collection.is_edge() {
        return Err(Error::plain(codes::ARANGO_COLLECTION_TYPE_INVALID));
    }
    let condition = match call.request.parameter("direction").as_deref() {
        None | Some("any") => "e._from IN @vertices || e._to IN @vertices",
        Some("in") => "e._to IN @vertices",
        Some("out") => "e._from IN @vertices",
        Some(other) => {
            return Err(Error::bad_parameter(format!(
                "direction must be any, in or out, not '{other}'"
            )));
        }
    };
    let bind: Object = [
        ("@edges", Value::from(collection.name())),
        ("vertices", Value::array(vertices)),
    ]
    .into_iter()
    .collect();
    let text = format!("FOR e IN @@edges FILTER {condition} RETURN e");
    let batching = Batching {
        rows: usize::MAX,
        stream: false,
    };
    let query = Query {
        bind,
        ..Query::new(&text)
    };
    let batch = query::start(call, &query, batching)?.next(call)?;
    let extra = json::parse(&batch.extra).unwrap_or_default();
    let mut object = Object::new();
    // The rows are text already and go in at the end.
    object.insert("error", false);
    object.insert("code", 200);
    object.insert("stats", extra.get("stats").clone());
    let mut reply = json::to_string(&object.into()).into_bytes();
    reply.pop();
    reply.extend_from_slice(b",\"edges\":[");
    reply.extend_from_slice(&batch.rows);
    reply.extend_from_slice(b"]}");
    Ok(Reply::json_text(StatusCode::OK, reply))
}
