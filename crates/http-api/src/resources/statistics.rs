//! `/_admin/statistics`: the older form of the server's figures. Both it and its description
//! are made from one table.
//! Source: public documentation, "HTTP API / Monitoring / Statistics".

use hyper::{Method, StatusCode};
use platform::ProcessUsage;
use prometheus::Histogram;
use prometheus::core::Metric;
use value::{Object, Value};

use crate::error::Result;
use crate::message::Reply;
use crate::meters::{METHODS, RECEIVED, SECONDS, SENT};
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_admin/statistics", Access::Read, statistics),
    Route::new(
        Method::GET,
        "/_admin/statistics-description",
        Access::Read,
        description,
    ),
];

const GROUPS: &[(&str, &str, &str)] = &[
    (
        "system",
        "Process Statistics",
        "What the process takes of the machine.",
    ),
    (
        "client",
        "Client Connection Statistics",
        "Connections and their requests.",
    ),
    ("http", "HTTP Request Statistics", "Requests by method."),
    ("server", "Server Statistics", "The server as a whole."),
];

/// How a figure is measured.
enum Kind {
    Current,
    Accumulated,
    Distribution(&'static [f64]),
}

/// Group, identifier, name, kind, unit.
const FIGURES: &[(&str, &str, &str, Kind, &str)] = &[
    (
        "system",
        "minorPageFaults",
        "Minor Page Faults",
        Kind::Accumulated,
        "number",
    ),
    (
        "system",
        "majorPageFaults",
        "Major Page Faults",
        Kind::Accumulated,
        "number",
    ),
    (
        "system",
        "userTime",
        "User Time",
        Kind::Accumulated,
        "seconds",
    ),
    (
        "system",
        "systemTime",
        "System Time",
        Kind::Accumulated,
        "seconds",
    ),
    (
        "system",
        "numberOfThreads",
        "Number of Threads",
        Kind::Current,
        "number",
    ),
    (
        "system",
        "residentSize",
        "Resident Set Size",
        Kind::Current,
        "bytes",
    ),
    (
        "system",
        "residentSizePercent",
        "Resident Set Size",
        Kind::Current,
        "percent",
    ),
    (
        "system",
        "virtualSize",
        "Virtual Memory Size",
        Kind::Current,
        "bytes",
    ),
    (
        "client",
        "httpConnections",
        "Client Connections",
        Kind::Current,
        "number",
    ),
    (
        "client",
        "requestTime",
        "Request Time",
        Kind::Distribution(&SECONDS),
        "seconds",
    ),
    (
        "client",
        "bytesSent",
        "Bytes Sent",
        Kind::Distribution(&SENT),
        "bytes",
    ),
    (
        "client",
        "bytesReceived",
        "Bytes Received",
        Kind::Distribution(&RECEIVED),
        "bytes",
    ),
    (
        "http",
        "requestsTotal",
        "Total requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsAsync",
        "Async requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsGet",
        "HTTP GET requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsHead",
        "HTTP HEAD requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsPost",
        "HTTP POST requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsPut",
        "HTTP PUT requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsPatch",
        "HTTP PATCH requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsDelete",
        "HTTP DELETE requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsOptions",
        "HTTP OPTIONS requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "http",
        "requestsOther",
        "Other HTTP requests",
        Kind::Accumulated,
        "number",
    ),
    (
        "server",
        "uptime",
        "Server Uptime",
        Kind::Current,
        "seconds",
    ),
    (
        "server",
        "physicalMemory",
        "Physical Memory",
        Kind::Current,
        "bytes",
    ),
];

fn double(number: f64) -> Value {
    Value::from_f64(number).unwrap_or_default()
}

/// Sum, number, and how many values lie in each class, the last being above every bound.
fn distribution(histogram: &Histogram) -> Object {
    let metric = histogram.metric();
    let histogram = metric.get_histogram();
    let count = histogram.get_sample_count();
    let mut below = 0;
    let mut counts = Vec::new();
    for bucket in histogram.get_bucket() {
        let upto = bucket.cumulative_count();
        counts.push(Value::from(upto.saturating_sub(below)));
        below = upto;
    }
    counts.push(count.saturating_sub(below).into());
    let mut object = Object::new();
    object.insert("sum", double(histogram.get_sample_sum()));
    object.insert("count", count);
    object.insert("counts", counts);
    object
}

fn system(usage: Option<&ProcessUsage>) -> Object {
    let mut object = Object::new();
    let Some(usage) = usage else {
        return object;
    };
    let part = usage.resident_bytes as f64 / usage.machine_bytes.max(1) as f64;
    object.insert("minorPageFaults", usage.minor_page_faults);
    object.insert("majorPageFaults", usage.major_page_faults);
    object.insert("userTime", double(usage.user_ms as f64 / 1000.0));
    object.insert("systemTime", double(usage.system_ms as f64 / 1000.0));
    object.insert("numberOfThreads", usage.threads);
    object.insert("residentSize", usage.resident_bytes);
    object.insert("residentSizePercent", double(part));
    object.insert("virtualSize", usage.virtual_bytes);
    object
}

fn client(call: &Call<'_>) -> Object {
    let meters = &call.api.meters;
    let mut object = Object::new();
    object.insert("httpConnections", meters.connections.get());
    object.insert("requestTime", distribution(&meters.request_seconds));
    object.insert("bytesSent", distribution(&meters.sent_bytes));
    object.insert("bytesReceived", distribution(&meters.received_bytes));
    object
}

fn http(call: &Call<'_>) -> Object {
    let meters = &call.api.meters;
    let mut object = Object::new();
    object.insert("requestsTotal", meters.by_method().sum::<u64>());
    object.insert("requestsAsync", meters.later.get());
    let names = METHODS.iter().map(|(_, name)| *name);
    for (name, count) in names.chain(["requestsOther"]).zip(meters.by_method()) {
        object.insert(name, count);
    }
    object
}

fn server(call: &Call<'_>, usage: Option<&ProcessUsage>) -> Object {
    let engine = call.api.databases.engine().statistics();
    let up = call.api.platform.clock.monotonic();
    let up = up.saturating_sub(call.api.began);
    let mut transactions = Object::new();
    transactions.insert("committed", engine.transactions_committed);
    transactions.insert("aborted", engine.transactions_conflicted);
    transactions.insert("intermediateCommits", 0);
    let mut object = Object::new();
    object.insert("uptime", double(up.as_secs_f64()));
    if let Some(usage) = usage {
        object.insert("physicalMemory", usage.machine_bytes);
    }
    object.insert("transactions", transactions);
    object
}

fn statistics(call: &Call<'_>) -> Result<Reply> {
    let usage = ProcessUsage::read();
    let mut object = Object::new();
    object.insert("time", double(call.api.platform.clock.unix().as_secs_f64()));
    object.insert("enabled", true);
    object.insert("system", system(usage.as_ref()));
    object.insert("client", client(call));
    object.insert("http", http(call));
    object.insert("server", server(call, usage.as_ref()));
    object.insert("errorMessage", "");
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn description(_: &Call<'_>) -> Result<Reply> {
    let group = |(group, name, description): &(&str, &str, &str)| {
        let texts = [
            ("group", *group),
            ("name", *name),
            ("description", *description),
        ];
        Value::object(texts.into_iter().collect())
    };
    let figure = |(group, identifier, name, kind, units): &(&str, &str, &str, Kind, &str)| {
        let kind_name = match kind {
            Kind::Current => "current",
            Kind::Accumulated => "accumulated",
            Kind::Distribution(_) => "distribution",
        };
        let mut object = Object::new();
        object.insert("group", *group);
        object.insert("identifier", *identifier);
        object.insert("name", *name);
        object.insert("description", *name);
        object.insert("type", kind_name);
        if let Kind::Distribution(cuts) = kind {
            let cuts = cuts.iter().map(|cut| double(*cut));
            object.insert("cuts", cuts.collect::<Vec<_>>());
        }
        object.insert("units", *units);
        Value::object(object)
    };
    let mut object = Object::new();
    object.insert("groups", GROUPS.iter().map(group).collect::<Vec<_>>());
    object.insert("figures", FIGURES.iter().map(figure).collect::<Vec<_>>());
    Ok(Reply::enveloped(StatusCode::OK, object))
}
