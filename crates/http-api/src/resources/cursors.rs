//! `/_api/cursor`: running queries and fetching their results piece by piece.

use std::time::Duration;

use aql::{Options, Query};
use bytes::Bytes;
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::cursors::{Again, Cursor, Owner};
use crate::error::{Error, Result};
use crate::message::Reply;
use crate::query::{self, Batch, Batching};
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::reading(Method::POST, "/_api/cursor", Access::Read, create),
    Route::new(Method::PUT, "/_api/cursor", Access::Read, unnamed),
    Route::new(Method::POST, "/_api/cursor/{}", Access::Read, next),
    Route::new(Method::PUT, "/_api/cursor/{}", Access::Read, next),
    Route::new(
        Method::POST,
        "/_api/cursor/{}/{}",
        Access::Read,
        next_numbered,
    ),
    Route::new(Method::DELETE, "/_api/cursor/{}", Access::Read, close),
];

/// The query's text, bind values and options.
///
/// # Errors
/// 1502 without a text, 1550 for bind values that are no object.
pub(super) fn read_query(body: &Value) -> Result<Query<'_>> {
    let text = body.get("query").as_str().unwrap_or_default();
    if text.is_empty() {
        return Err(Error::plain(codes::QUERY_EMPTY));
    }
    let bind = match body.get("bindVars") {
        Value::Null => Object::new(),
        Value::Object(bind) => (**bind).clone(),
        _ => {
            let code = codes::QUERY_BIND_PARAMETERS_INVALID;
            return Err(Error::new(code, "bindVars must be an object"));
        }
    };
    let mut options = Options::parse(body.get("options"));
    options.cache = body.get("cache").as_bool().or(options.cache);
    let bytes = body.get("memoryLimit").as_i64().filter(|bytes| *bytes > 0);
    if let Some(bytes) = bytes.and_then(|bytes| usize::try_from(bytes).ok()) {
        options.memory_bytes_max = Some(bytes);
    }
    Ok(Query {
        text,
        bind,
        options,
    })
}

fn batching(call: &Call<'_>, body: &Value) -> Result<Batching> {
    let number = match body.get("batchSize") {
        Value::Null => body.get("options").get("batchSize"),
        number => number,
    };
    let rows = match number {
        Value::Null => call.api.settings.cursor_batch_rows,
        number => number
            .as_i64()
            .and_then(|rows| usize::try_from(rows).ok())
            .filter(|rows| *rows > 0)
            .ok_or_else(|| Error::new(codes::BAD_PARAMETER, "batchSize must be at least 1"))?,
    };
    let stream = body.get("options").get("stream").as_bool().unwrap_or(false);
    Ok(Batching { rows, stream })
}

fn lifetime(call: &Call<'_>, body: &Value) -> Duration {
    let seconds = body.get("ttl").as_f64().filter(|seconds| *seconds > 0.0);
    let asked = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    asked
        .unwrap_or(call.api.settings.cursor_lifetime)
        .min(call.api.settings.cursor_lifetime_max)
}

fn create(call: &Call<'_>) -> Result<Reply> {
    open(call, &call.request.json()?)
}

/// Runs the query that a body describes and answers with its first batch.
pub(super) fn open(call: &Call<'_>, body: &Value) -> Result<Reply> {
    let batching = batching(call, body)?;
    let mut query = read_query(body)?;
    if batching.stream {
        // Counting would mean to make all rows before the first is handed out.
        query.options.full_count = false;
    }
    let mut rows = query::start(call, &query, batching)?;
    let first = rows.next(call)?;
    let counted = body.get("count").as_bool().unwrap_or(false);
    let count = rows.count().filter(|_| counted);
    let allow_retry = body
        .get("options")
        .get("allowRetry")
        .as_bool()
        .unwrap_or(false);
    let ended = !first.has_more;
    if ended && !allow_retry {
        let text = answer(StatusCode::CREATED, &first, None, 1, count);
        return Ok(Reply::json_text(StatusCode::CREATED, text));
    }
    let id = call.api.databases.next_tick()?;
    let last = if allow_retry {
        let text = answer(StatusCode::OK, &first, Some(id), 1, count);
        Some(Again::new(text, call.api.queries.share())?)
    } else {
        None
    };
    let cursor = Cursor {
        rows,
        count,
        batch: 1,
        last,
        ended,
    };
    call.api
        .cursors
        .open(id, Owner::of(call), lifetime(call, body), cursor)?;
    let text = answer(StatusCode::CREATED, &first, Some(id), 1, count);
    Ok(Reply::json_text(StatusCode::CREATED, text))
}

fn unnamed(_: &Call<'_>) -> Result<Reply> {
    Err(Error::bad_parameter("the path must name a cursor"))
}

fn next(call: &Call<'_>) -> Result<Reply> {
    fetch(call, None)
}

fn next_numbered(call: &Call<'_>) -> Result<Reply> {
    let number = call
        .argument(1)
        .parse()
        .map_err(|_| Error::plain(codes::CURSOR_NOT_FOUND))?;
    fetch(call, Some(number))
}

/// The next batch, or the one delivered last if that is asked for by its number.
fn fetch(call: &Call<'_>, wanted: Option<u64>) -> Result<Reply> {
    let mut taken = call.api.cursors.take(call.argument(0), &Owner::of(call))?;
    let cursor = taken.cursor();
    if let Some(last) = cursor
        .last
        .as_ref()
        .filter(|_| wanted == Some(cursor.batch))
    {
        let text = last.text();
        taken.keep();
        return Ok(Reply::json_text(StatusCode::OK, text));
    }
    if wanted.is_some_and(|wanted| wanted != cursor.batch + 1) {
        taken.keep();
        return Err(Error::plain(codes::CURSOR_NOT_FOUND));
    }
    if cursor.ended {
        // Whoever asks for more has got everything.
        return Err(Error::plain(codes::CURSOR_NOT_FOUND));
    }
    let batch = cursor.rows.next(call)?;
    cursor.batch += 1;
    cursor.ended = !batch.has_more;
    let stays = batch.has_more || cursor.last.is_some();
    let id = call.argument(0).parse().ok().filter(|_| stays);
    let text = answer(StatusCode::OK, &batch, id, cursor.batch, cursor.count);
    if let Some(last) = &mut cursor.last {
        last.replace(text.clone())?;
    }
    if stays {
        taken.keep();
    }
    Ok(Reply::json_text(StatusCode::OK, text))
}

fn close(call: &Call<'_>) -> Result<Reply> {
    let taken = call.api.cursors.take(call.argument(0), &Owner::of(call))?;
    drop(taken);
    let object = [("id", call.argument(0))].into_iter().collect();
    Ok(Reply::enveloped(StatusCode::ACCEPTED, object))
}

/// The answer's text. `id` is absent when the cursor is closed.
fn answer(
    status: StatusCode,
    batch: &Batch,
    id: Option<u64>,
    number: u64,
    count: Option<u64>,
) -> Bytes {
    let (has_more, is_cached) = (batch.has_more, batch.is_cached);
    let mut tail = format!("],\"hasMore\":{has_more},\"cached\":{is_cached}");
    if let Some(id) = id {
        tail.push_str(&format!(",\"id\":\"{id}\""));
    }
    if batch.has_more {
        tail.push_str(&format!(",\"nextBatchId\":\"{}\"", number + 1));
    }
    if let Some(count) = count {
        tail.push_str(&format!(",\"count\":{count}"));
    }
    if let Some(plan_key) = &batch.plan_key {
        tail.push_str(&format!(",\"planCacheKey\":\"{plan_key}\""));
    }
    let mut text = Vec::with_capacity(batch.rows.len() + batch.extra.len() + tail.len() + 48);
    text.extend_from_slice(b"{\"result\":[");
    text.extend_from_slice(&batch.rows);
    text.extend_from_slice(tail.as_bytes());
    text.extend_from_slice(b",\"extra\":");
    text.extend_from_slice(&batch.extra);
    let end = format!(",\"error\":false,\"code\":{}}}", status.as_u16());
    text.extend_from_slice(end.as_bytes());
    text.into()
}
