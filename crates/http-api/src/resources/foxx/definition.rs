//! What an installation request carries: a zip, a script, JSON or a form.

use bytes::Bytes;
use error_codes::codes;
use foxx::Source;
use http_body_util::{BodyDataStream, Full};
use hyper::header;
use multer::{Field, Multipart};
use tokio::runtime::Handle;
use value::{Value, json};

use crate::error::{Error, Result};
use crate::message::Request;

/// A service to install, with values for its options; null where there are none.
pub(super) struct Definition {
    pub(super) source: Source,
    pub(super) configuration: Value,
    pub(super) dependencies: Value,
}

/// Reads the body as its type says; what is neither a form nor JSON is the source itself.
///
/// # Errors
/// 400 for a broken form, 600 for broken JSON, 3013 for options that are not JSON, 3014 without
/// a source.
pub(super) fn read(request: &Request) -> Result<Definition> {
    let kind = request
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "multipart/form-data" => read_form(kind, &request.body),
        "application/json" => read_object(&request.json()?),
        _ => Ok(Definition {
            source: Source::Upload(request.body.clone()),
            configuration: Value::Null,
            dependencies: Value::Null,
        }),
    }
}

fn read_object(body: &Value) -> Result<Definition> {
    let place = body.get("source").as_str().ok_or_else(no_source)?;
    Ok(Definition {
        source: Source::Location(place.to_owned()),
        configuration: body.get("configuration").clone(),
        dependencies: body.get("dependencies").clone(),
    })
}

fn no_source() -> Error {
    Error::plain(codes::SERVICE_SOURCE_NOT_FOUND)
}

fn broken(error: multer::Error) -> Error {
    Error::bad_parameter(format!("read form: {error}"))
}

fn read_form(kind: &str, body: &Bytes) -> Result<Definition> {
    let boundary = multer::parse_boundary(kind).map_err(broken)?;
    let stream = BodyDataStream::new(Full::new(body.clone()));
    let form = Multipart::new(stream, boundary);
    // The whole body is there: this never waits for anybody.
    Handle::current().block_on(read_parts(form))
}

async fn read_parts(mut form: Multipart<'_>) -> Result<Definition> {
    let mut source = None;
    let (mut configuration, mut dependencies) = (Value::Null, Value::Null);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name().unwrap_or_default() {
            "source" => source = read_source(field).await?,
            "configuration" => configuration = read_options(field, "configuration").await?,
            "dependencies" => dependencies = read_options(field, "dependencies").await?,
            _ => {}
        }
    }
    let source = source.ok_or_else(no_source)?;
    Ok(Definition {
        source,
        configuration,
        dependencies,
    })
}

/// A part with a file name or a type of its own is the bundle; any other one says where it is.
async fn read_source(field: Field<'_>) -> Result<Option<Source>> {
    let is_file = field.file_name().is_some() || field.headers().contains_key(header::CONTENT_TYPE);
    let bytes = field.bytes().await.map_err(broken)?;
    if is_file {
        return Ok(Some(Source::Upload(bytes)));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    // Some clients send the bare text, others a JSON text in quotes.
    let place = match json::parse(&bytes) {
        Ok(Value::String(text)) => text.to_string(),
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    };
    Ok(Some(Source::Location(place)))
}

async fn read_options(field: Field<'_>, name: &str) -> Result<Value> {
    let bytes = field.bytes().await.map_err(broken)?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    json::parse(&bytes).map_err(|error| {
        let code = codes::SERVICE_OPTIONS_MALFORMED;
        Error::new(
            code,
            format!("{}\nField: {name}\nReason: {error}", code.text()),
        )
        .with_status(hyper::StatusCode::BAD_REQUEST)
    })
}
