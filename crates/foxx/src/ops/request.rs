//! The running request and its answer.

use bytes::Bytes;
use value::Object;

use super::{Call, OpResult, Registrar, bad};
use crate::request::{ServiceRequest, ServiceResponse};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("respond", respond);
    ops.op("requestHeaders", headers);
    ops.op("requestBody", body);
    ops.op("requestText", text);
    ops.op("requestInfo", info);
}

fn respond(call: &Call<'_>) -> OpResult {
    let status = call.number(0)?;
    if !(100.0..=999.0).contains(&status) {
        return Err(bad("the status is no HTTP status"));
    }
    let body = call.args.get(2);
    let body = if body.is_nullish() {
        Bytes::new()
    } else {
        match body.to_bytes() {
            Some(bytes) => bytes,
            None => body.to_text()?.into(),
        }
    };
    let response = ServiceResponse {
        status: status as u16,
        headers: call.text(1)?,
        body,
    };
    call.context.response.replace(Some(response));
    call.nothing()
}

fn with_request(call: &Call<'_>, read: impl FnOnce(&ServiceRequest) -> OpResult) -> OpResult {
    match &*call.context.request.borrow() {
        Some(request) => read(request),
        None => Err(bad("no request is running")),
    }
}

fn headers(call: &Call<'_>) -> OpResult {
    with_request(call, |request| call.string(&request.headers))
}

fn body(call: &Call<'_>) -> OpResult {
    with_request(call, |request| match request.body.is_empty() {
        true => call.nothing(),
        false => Ok(call.scope.bytes(request.body.clone())?),
    })
}

fn text(call: &Call<'_>) -> OpResult {
    with_request(call, |request| {
        let bytes = request
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&request.body);
        match bytes.is_empty() {
            true => call.nothing(),
            false => call.string(&String::from_utf8_lossy(bytes)),
        }
    })
}

fn info(call: &Call<'_>) -> OpResult {
    with_request(call, |request| {
        let mut info = Object::new();
        info.insert("protocol", if request.secure { "https" } else { "http" });
        info.insert("remoteAddress", request.remote.ip().to_string());
        info.insert("remotePort", u32::from(request.remote.port()));
        info.insert("serverAddress", request.local.ip().to_string());
        info.insert("serverPort", u32::from(request.local.port()));
        info.insert(
            "user",
            request
                .user
                .as_deref()
                .map_or(value::Value::Null, Into::into),
        );
        info.insert("authorized", request.authorized);
        info.insert("trustProxy", false);
        call.value(&info.into())
    })
}
