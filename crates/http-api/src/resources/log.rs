//! `/_admin/log`: the server's last log lines and the levels of its topics.
//! Source: public documentation, "HTTP API / Monitoring / Logs".

use std::str::FromStr;

use error_codes::codes;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::log::{Line, Log};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_admin/log", Access::Login, lists),
    Route::new(Method::DELETE, "/_admin/log", Access::Login, clear),
    Route::new(Method::GET, "/_admin/log/entries", Access::Login, entries),
    Route::new(Method::DELETE, "/_admin/log/entries", Access::Login, clear),
    Route::new(Method::GET, "/_admin/log/level", Access::Login, levels),
    Route::new(Method::PUT, "/_admin/log/level", Access::Login, set_levels),
    Route::new(Method::DELETE, "/_admin/log/level", Access::Login, reset),
    Route::new(
        Method::GET,
        "/_admin/log/structured",
        Access::Login,
        structured,
    ),
    Route::new(
        Method::PUT,
        "/_admin/log/structured",
        Access::Login,
        set_structured,
    ),
];

/// What may be added to every line there, and is never added here.
const PARAMETERS: [&str; 3] = ["database", "url", "username"];

fn log<'c>(call: &'c Call<'_>) -> Result<&'c Log> {
    call.check_audience(call.api.settings.log_api)?;
    Ok(&call.api.log)
}

/// The documented names and numbers; lines here have no level above `error`.
fn number(level: Level) -> i64 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

fn name(level: LevelFilter) -> &'static str {
    match level.into_level() {
        None => "FATAL",
        Some(Level::ERROR) => "ERROR",
        Some(Level::WARN) => "WARNING",
        Some(Level::INFO) => "INFO",
        Some(Level::DEBUG) => "DEBUG",
        Some(Level::TRACE) => "TRACE",
    }
}

/// A level's number from its name or number.
fn parse_number(text: &str) -> Result<i64> {
    let number = match text.to_ascii_lowercase().as_str() {
        "fatal" | "0" => 0,
        "error" | "1" => 1,
        "warning" | "warn" | "2" => 2,
        "info" | "3" => 3,
        "debug" | "4" => 4,
        "trace" | "5" => 5,
        _ => return Err(Error::bad_parameter(format!("unknown log level '{text}'"))),
    };
    Ok(number)
}

fn parameter<T: FromStr>(call: &Call<'_>, name: &str) -> Result<Option<T>> {
    let Some(text) = call.request.parameter(name) else {
        return Ok(None);
    };
    let wrong = |_| Error::bad_parameter(format!("{name} must be a number that is not negative"));
    text.parse().map(Some).map_err(wrong)
}

/// How many lines fit what the query asks for, and those of the page that it asks for.
fn select(call: &Call<'_>) -> Result<(usize, Vec<Line>)> {
    let log = log(call)?;
    let request = call.request;
    let text = |name: &str| request.parameter(name);
    let (upto, exactly) = match (text("upto"), text("level")) {
        (Some(_), Some(_)) => {
            let text = "upto and level exclude each other";
            return Err(Error::bad_parameter(text));
        }
        (_, Some(level)) => (None, Some(parse_number(&level)?)),
        (upto, None) => (Some(parse_number(upto.as_deref().unwrap_or("info"))?), None),
    };
    let start: u64 = parameter(call, "start")?.unwrap_or(0);
    let size: usize = parameter(call, "size")?.unwrap_or(usize::MAX);
    let offset: usize = parameter(call, "offset")?.unwrap_or(0);
    let search = text("search").map(|text| text.to_lowercase());
    let mut lines = log.lines();
    lines.retain(|line| {
        let level = number(line.level);
        let contains = |text: &String| line.text.to_lowercase().contains(text);
        line.id >= start
            && upto.is_none_or(|upto| level <= upto)
            && exactly.is_none_or(|exactly| level == exactly)
            && search.as_ref().is_none_or(contains)
    });
    match text("sort")
        .as_deref()
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("asc") => {}
        Some("desc") => lines.reverse(),
        Some(_) => return Err(Error::bad_parameter("sort must be asc or desc")),
    }
    let total = lines.len();
    Ok((total, lines.into_iter().skip(offset).take(size).collect()))
}

fn entries(call: &Call<'_>) -> Result<Reply> {
    let (total, lines) = select(call)?;
    let messages = lines.into_iter().map(|line| {
        let mut object = Object::new();
        object.insert("id", line.id);
        object.insert("topic", line.topic);
        object.insert("level", name(line.level.into()));
        object.insert("date", date(line.unix_ms));
        object.insert("message", line.text);
        Value::object(object)
    });
    let mut object = Object::new();
    object.insert("total", total as u64);
    object.insert("messages", messages.collect::<Vec<_>>());
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn date(unix_ms: u64) -> String {
    let stamp = i64::try_from(unix_ms).ok();
    let stamp = stamp.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let stamp = stamp.unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The older form: a list for each attribute.
fn lists(call: &Call<'_>) -> Result<Reply> {
    let (total, lines) = select(call)?;
    let list = |of: &dyn Fn(&Line) -> Value| lines.iter().map(of).collect::<Vec<_>>();
    let mut object = Object::new();
    object.insert("totalAmount", total as u64);
    object.insert("lid", list(&|line| line.id.into()));
    object.insert("topic", list(&|line| line.topic.into()));
    object.insert("level", list(&|line| number(line.level).into()));
    object.insert("timestamp", list(&|line| (line.unix_ms / 1000).into()));
    object.insert("text", list(&|line| line.text.as_str().into()));
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn clear(call: &Call<'_>) -> Result<Reply> {
    log(call)?.clear();
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

fn levels(call: &Call<'_>) -> Result<Reply> {
    let levels = log(call)?.levels();
    let object: Object = levels
        .into_iter()
        .map(|(topic, level)| (topic, name(level)))
        .collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn reset(call: &Call<'_>) -> Result<Reply> {
    log(call)?.reset_levels();
    levels(call)
}

/// `None` for the level at the start.
fn parse_level(level: &Value) -> Result<Option<LevelFilter>> {
    let text = level.as_str().unwrap_or_default();
    let level = match text.to_ascii_uppercase().as_str() {
        "DEFAULT" => return Ok(None),
        "FATAL" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARNING" | "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        "TRACE" => LevelFilter::TRACE,
        _ => return Err(Error::bad_parameter(format!("unknown log level '{text}'"))),
    };
    Ok(Some(level))
}

/// All levels are checked before any is set. Topics that only exist there are passed over.
fn set_levels(call: &Call<'_>) -> Result<Reply> {
    let log = log(call)?;
    let body = call.request.json()?;
    let mut wanted = Vec::new();
    match &body {
        Value::String(_) => wanted.push(("general", parse_level(&body)?)),
        Value::Object(topics) => {
            for (topic, level) in topics.iter() {
                wanted.push((topic, parse_level(level)?));
            }
        }
        _ => {
            return Err(Error::bad_parameter(
                "expecting a level or an object of levels",
            ));
        }
    }
    // The one for all comes first, whatever the order, so that it does not undo the others.
    wanted.sort_by_key(|(topic, _)| *topic != "all");
    for (topic, level) in wanted {
        log.set_level(topic, level);
    }
    levels(call)
}

fn structured(call: &Call<'_>) -> Result<Reply> {
    log(call)?;
    let object: Object = PARAMETERS.into_iter().map(|name| (name, false)).collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn set_structured(call: &Call<'_>) -> Result<Reply> {
    log(call)?;
    let body = call.request.json()?;
    if body.as_object().is_none() {
        return Err(Error::bad_parameter("expecting an object of booleans"));
    }
    let asked = PARAMETERS.iter().find(|name| body.get(name).to_bool());
    if let Some(name) = asked {
        let text = format!("log lines cannot be given the parameter '{name}'");
        return Err(Error::new(codes::NOT_IMPLEMENTED, text));
    }
    structured(call)
}
