//! What operators look at: figures of the server, and the answers of a server that stands alone.

use error_codes::codes;
use hyper::{Method, StatusCode, header};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/engine/stats", Access::Login, engine),
    Route::new(Method::GET, "/_admin/metrics", Access::Login, metrics),
    Route::new(Method::GET, "/_admin/metrics/v2", Access::Login, metrics),
    Route::new(Method::GET, "/_admin/support-info", Access::Server, support),
    Route::new(Method::GET, "/_admin/license", Access::Login, license),
    Route::new(Method::GET, "/_admin/server/id", Access::Login, alone),
    Route::new(Method::GET, "/_api/cluster/endpoints", Access::Login, alone),
];

/// What answers only where several servers work together.
fn alone(_: &Call<'_>) -> Result<Reply> {
    Err(Error::plain(codes::CLUSTER_UNSUPPORTED))
}

/// A number with its name, and whether it only grows.
struct Figure {
    name: &'static str,
    help: &'static str,
    is_counter: bool,
    value: u64,
}

fn gauge(name: &'static str, help: &'static str, value: usize) -> Figure {
    Figure {
        name,
        help,
        is_counter: false,
        value: value as u64,
    }
}

fn counter(name: &'static str, help: &'static str, value: u64) -> Figure {
    Figure {
        name,
        help,
        is_counter: true,
        value,
    }
}

fn engine_figures(call: &Call<'_>) -> Vec<Figure> {
    let statistics = call.api.databases.engine().statistics();
    vec![
        counter(
            "vulpes_engine_transactions_committed_total",
            "Transactions with writes that were acknowledged.",
            statistics.transactions_committed,
        ),
        counter(
            "vulpes_engine_transactions_conflicted_total",
            "Transactions that were refused because another one got there first.",
            statistics.transactions_conflicted,
        ),
        counter(
            "vulpes_engine_commits_total",
            "Durable commits beneath, each of one or more transactions.",
            statistics.engine_commits,
        ),
        Figure {
            name: "vulpes_engine_recent_keys",
            help: "Keys of recent commits that are remembered to find conflicts.",
            is_counter: false,
            value: statistics.recent_keys,
        },
    ]
}

fn server_figures(call: &Call<'_>) -> Result<Vec<Figure>> {
    let api = call.api;
    let open = api.databases.open_transactions();
    let mut transactions = 0;
    for name in api.databases.names() {
        if let Some(database) = api.databases.find(&name) {
            transactions += open.list(&database, None).len();
        }
    }
    let busy = api.settings.requests_max - api.admission.available_permits();
    let waiting = api.settings.lock_waits_max - api.lock_waits.available_permits();
    Ok(vec![
        gauge(
            "vulpes_http_requests_at_work",
            "Requests of the built-in API that run or wait for a thread.",
            busy,
        ),
        gauge(
            "vulpes_http_requests_waiting_for_locks",
            "Requests that wait for locks of collections.",
            waiting,
        ),
        gauge(
            "vulpes_http_body_bytes",
            "Memory of the bodies of requests at work.",
            api.bodies.used(),
        ),
        gauge(
            "vulpes_cursors",
            "Results that clients have not fetched wholly.",
            api.cursors.open_count(),
        ),
        gauge(
            "vulpes_cursor_bytes",
            "Memory of what is left of them.",
            api.queries.result_bytes(),
        ),
        gauge(
            "vulpes_jobs",
            "Requests to be answered later, and answers that nobody fetched.",
            api.jobs.count(),
        ),
        gauge(
            "vulpes_open_transactions",
            "Transactions that clients hold open.",
            transactions,
        ),
        gauge(
            "vulpes_queries_running",
            "Queries that run, streams included.",
            api.queries.shared().tracking().current().len(),
        ),
    ])
}

fn engine(call: &Call<'_>) -> Result<Reply> {
    let figures = engine_figures(call);
    let object: Object = figures
        .iter()
        .map(|figure| (figure.name, i64::try_from(figure.value).unwrap_or(i64::MAX)))
        .collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

/// The text format of Prometheus.
fn metrics(call: &Call<'_>) -> Result<Reply> {
    let mut figures = engine_figures(call);
    figures.extend(server_figures(call)?);
    let mut text = String::new();
    for figure in figures {
        let Figure {
            name, help, value, ..
        } = figure;
        let kind = if figure.is_counter {
            "counter"
        } else {
            "gauge"
        };
        text.push_str(&format!(
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        ));
    }
    Ok(Reply::bytes("text/plain; version=0.0.4", text).with(header::CACHE_CONTROL, "no-cache"))
}

fn support(call: &Call<'_>) -> Result<Reply> {
    let api = call.api;
    let mut host = Object::new();
    host.insert("role", "SINGLE");
    host.insert("version", api.settings.version.as_str());
    host.insert("engine", api.databases.engine().name());
    host.insert("license", "community");
    host.insert("os", std::env::consts::OS);
    host.insert("platform", std::env::consts::ARCH);
    let mut object = Object::new();
    object.insert(
        "deployment",
        [("type", "single")].into_iter().collect::<Object>(),
    );
    object.insert("host", host);
    object.insert("date", unix_seconds(call));
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn unix_seconds(call: &Call<'_>) -> Value {
    let seconds = call.api.platform.clock.unix_ms() / 1000;
    i64::try_from(seconds).unwrap_or(i64::MAX).into()
}

fn license(_: &Call<'_>) -> Result<Reply> {
    let mut object = Object::new();
    object.insert("upgrading", false);
    object.insert("license", "none");
    Ok(Reply::json(StatusCode::OK, &object.into()))
}
