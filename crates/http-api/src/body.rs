//! Reading a request's body within its limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use error_codes::codes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};

use crate::budget::Share;
use crate::error::{Error, Result};

/// The largest buffer that is made on a client's word about its body's length.
const TRUSTED_BYTES: u64 = 64 << 10;

/// Reads the whole body.
///
/// # Errors
/// 413 above `bytes_max`, 408 when the client sends nothing for `stall`, 400 when it hangs up,
/// 503/32 when all bodies together take too much memory.
pub(crate) async fn read(
    mut body: Incoming,
    bytes_max: usize,
    stall: Duration,
    share: &mut Share,
) -> Result<Bytes> {
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(too_large(bytes_max));
    }
    let mut whole: Option<BytesMut> = None;
    let mut first: Option<Bytes> = None;
    loop {
        let frame = tokio::time::timeout(stall, body.frame())
            .await
            .map_err(|_| stalled(stall))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| Error::bad_parameter(format!("read body: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        share.grow(data.len())?;
        // Most bodies arrive in one piece, which needs no copy.
        let Some(so_far) = first.take().map(BytesMut::from).or_else(|| whole.take()) else {
            check(data.len(), bytes_max)?;
            first = Some(data);
            continue;
        };
        let mut so_far = so_far;
        check(so_far.len() + data.len(), bytes_max)?;
        so_far.reserve(data.len().max(announced.min(TRUSTED_BYTES) as usize));
        so_far.extend_from_slice(&data);
        whole = Some(so_far);
    }
    Ok(first
        .or_else(|| whole.map(BytesMut::freeze))
        .unwrap_or_default())
}

fn check(bytes: usize, bytes_max: usize) -> Result<()> {
    if bytes > bytes_max {
        Err(too_large(bytes_max))
    } else {
        Ok(())
    }
}

fn too_large(bytes_max: usize) -> Error {
    let text = format!("request body is larger than {bytes_max} bytes (http.body-bytes-max)");
    Error::bad_parameter(text).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

fn stalled(stall: Duration) -> Error {
    let text = format!(
        "no data for {} s while reading the body",
        stall.as_secs_f32()
    );
    Error::new(codes::HTTP_REQUEST_TIMEOUT, text)
}
