//! What operators look at: figures of the server.

use error_codes::codes;
use hyper::{Method, StatusCode, header};
use jiff::Timestamp;
use platform::ProcessUsage;
use prometheus::core::Collector;
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};
use value::Object;

use crate::error::{Error, Result};
use crate::members::{Member, Membership};
use crate::message::Reply;
use crate::resources::admin::role_name;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/engine/stats", Access::Login, engine),
    Route::new(Method::GET, "/_admin/metrics", Access::Login, metrics),
    Route::new(Method::GET, "/_admin/metrics/v2", Access::Login, metrics),
    Route::new(Method::GET, "/_admin/support-info", Access::Server, support),
];

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

fn server_figures(call: &Call<'_>) -> Vec<Figure> {
    let api = call.api;
    let going_on = api.going_on();
    let waiting = api.settings.lock_waits_max - api.lock_waits.available_permits();
    vec![
        gauge(
            "vulpes_http_requests_at_work",
            "Requests of the built-in API that run or wait for a thread.",
            going_on.requests,
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
            going_on.cursors,
        ),
        gauge(
            "vulpes_cursor_bytes",
            "Memory of what is left of them.",
            api.queries.result_bytes(),
        ),
        gauge(
            "vulpes_jobs",
            "Requests to be answered later, and answers that nobody fetched.",
            going_on.pending_jobs + going_on.done_jobs,
        ),
        gauge(
            "vulpes_open_transactions",
            "Transactions that clients hold open.",
            going_on.transactions,
        ),
        gauge(
            "vulpes_queries_running",
            "Queries that run, streams included.",
            api.queries.shared().tracking().current().len(),
        ),
    ]
}

fn engine(call: &Call<'_>) -> Result<Reply> {
    let figures = engine_figures(call);
    let object: Object = figures
        .iter()
        .map(|figure| (figure.name, i64::try_from(figure.value).unwrap_or(i64::MAX)))
        .collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

/// A figure for the registry of metrics.
fn to_metric(figure: &Figure) -> prometheus::Result<Box<dyn Collector>> {
    let Figure {
        name, help, value, ..
    } = *figure;
    if figure.is_counter {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        return Ok(Box::new(counter));
    }
    let gauge = IntGauge::new(name, help)?;
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    Ok(Box::new(gauge))
}

/// What is counted all the time and what is looked up now.
fn write_metrics(call: &Call<'_>) -> prometheus::Result<String> {
    let current = Registry::new();
    let mut figures = engine_figures(call);
    figures.extend(server_figures(call));
    figures.extend(process_figures());
    for figure in &figures {
        current.register(to_metric(figure)?)?;
    }
    let mut families = call.api.meters.registry().gather();
    families.extend(current.gather());
    TextEncoder::new().encode_to_string(&families)
}

/// The text format of Prometheus.
fn metrics(call: &Call<'_>) -> Result<Reply> {
    let text = write_metrics(call).map_err(|error| {
        tracing::error!(%error, "write metrics");
        Error::plain(codes::INTERNAL)
    })?;
    let reply = Reply::bytes(prometheus::TEXT_FORMAT, text);
    Ok(reply.with(header::CACHE_CONTROL, "no-cache"))
}

/// What the process takes of the machine; nothing where the machine does not tell.
fn process_figures() -> Vec<Figure> {
    let Some(usage) = ProcessUsage::read() else {
        return Vec::new();
    };
    let mut figures = vec![
        counter(
            "vulpes_process_cpu_milliseconds_total",
            "Time of processors that the process took.",
            usage.user_ms + usage.system_ms,
        ),
        counter(
            "vulpes_process_page_faults_major_total",
            "Pages that had to be read from a disk.",
            usage.major_page_faults,
        ),
    ];
    for (name, help, value) in [
        (
            "vulpes_process_resident_bytes",
            "Memory in use.",
            usage.resident_bytes,
        ),
        (
            "vulpes_process_virtual_bytes",
            "Address space in use.",
            usage.virtual_bytes,
        ),
        ("vulpes_process_threads", "Threads.", usage.threads),
    ] {
        figures.push(Figure {
            name,
            help,
            is_counter: false,
            value,
        });
    }
    figures
}

fn support(call: &Call<'_>) -> Result<Reply> {
    call.only_in_system()?;
    let api = call.api;
    let mut host = Object::new();
    host.insert("role", role_name(call));
    host.insert("version", api.settings.version.as_str());
    host.insert("engine", api.databases.engine().name());
    host.insert("license", "community");
    host.insert("os", std::env::consts::OS);
    host.insert("platform", std::env::consts::ARCH);
    let mut object = Object::new();
    match &api.membership {
        None => {
            let deployment: Object = [("type", "single")].into_iter().collect();
            object.insert("deployment", deployment);
            object.insert("host", host);
        }
        Some(membership) => {
            object.insert("deployment", deployment(&**membership));
        }
    }
    let now_ms = i64::try_from(api.platform.clock.unix_ms()).unwrap_or_default();
    let date = Timestamp::from_millisecond(now_ms).unwrap_or_default();
    object.insert("date", date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn deployment(membership: &dyn Membership) -> Object {
    let members = membership.members();
    let coordinators = members.len();
    let server = |member: Member| {
        let mut object = Object::new();
        object.insert("role", "COORDINATOR");
        object.insert("endpoint", member.endpoint);
        (member.id, object)
    };
    let servers: Object = members.into_iter().map(server).collect();
    let mut object = Object::new();
    object.insert("type", "cluster");
    object.insert("servers", servers);
    object.insert("agents", 0);
    object.insert("coordinators", coordinators);
    object.insert("dbServers", 0);
    object
}
