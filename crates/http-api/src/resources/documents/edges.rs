//! `/_api/edges`: the edges of one vertex.

use aql::Query;
use hyper::StatusCode;
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::query;
use crate::state::Call;

pub(super) fn list(call: &Call<'_>) -> Result<Reply> {
    let collection = call.readable_collection(call.argument(0))?;
    let vertex = call
        .request
        .parameter("vertex")
        .unwrap_or_default()
        .into_owned();
    if vertex.is_empty() {
        return Err(Error::bad_parameter(
            "illegal document identifier: vertex is missing",
        ));
    }
    let condition = match call.request.parameter("direction").as_deref() {
        None | Some("any") => "e._from == @vertex || e._to == @vertex",
        Some("in") => "e._to == @vertex",
        Some("out") => "e._from == @vertex",
        Some(other) => {
            return Err(Error::bad_parameter(format!(
                "direction must be any, in or out, not '{other}'"
            )));
        }
    };
    let bind: Object = [
        ("@edges", Value::from(collection.name())),
        ("vertex", Value::from(vertex)),
    ]
    .into_iter()
    .collect();
    let text = format!("FOR e IN @@edges FILTER {condition} RETURN e");
    let rows = query::all(
        call,
        &Query {
            bind,
            ..Query::new(&text)
        },
    )?;
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("edges", rows)].into_iter().collect(),
    ))
}
