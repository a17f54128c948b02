//! What is counted of requests and connections, for operators.

use std::time::Duration;

use hyper::Method;
use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Upper bounds of the classes that times of requests are counted in, seconds.
/// Source: public documentation, "/_admin/statistics-description", figure `requestTime`.
pub(crate) const SECONDS: [f64; 6] = [0.01, 0.05, 0.1, 0.2, 0.5, 1.0];

/// The same for bytes of requests.
pub(crate) const RECEIVED: [f64; 6] = [250.0, 1e3, 2e3, 5e3, 1e4, 1e5];

/// The same for bytes of answers.
pub(crate) const SENT: [f64; 6] = [250.0, 1e3, 2e3, 5e3, 1e4, 1e5];

/// Methods that are counted apart, under the names of their figures.
pub(crate) const METHODS: [(&str, &str); 7] = [
    ("GET", "requestsGet"),
    ("HEAD", "requestsHead"),
    ("POST", "requestsPost"),
    ("PUT", "requestsPut"),
    ("PATCH", "requestsPatch"),
    ("DELETE", "requestsDelete"),
    ("OPTIONS", "requestsOptions"),
];

/// Counters and the registry that writes them out.
pub(crate) struct Meters {
    registry: Registry,
    /// One for each of [`METHODS`], then one for all others: no look-up by name at each request.
    by_method: Vec<IntCounter>,
    pub(crate) later: IntCounter,
    pub(crate) unauthorized: IntCounter,
    pub(crate) connections: IntGauge,
    pub(crate) request_seconds: Histogram,
    pub(crate) received_bytes: Histogram,
    pub(crate) sent_bytes: Histogram,
}

/// A connection that is counted for as long as this lives.
pub(crate) struct Connected(IntGauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("the name is a constant and well-formed")
}

fn histogram(name: &str, help: &str, bounds: &[f64]) -> Histogram {
    let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
    Histogram::with_opts(options).expect("the name is a constant and well-formed")
}

impl Meters {
    pub(crate) fn new() -> Self {
        let options = Opts::new("vulpes_http_requests_total", "Requests, by method.");
        let requests = IntCounterVec::new(options, &["method"])
            .expect("the name is a constant and well-formed");
        let names = METHODS.iter().map(|(method, _)| *method);
        let by_method = names
            .chain(["other"])
            .map(|method| requests.with_label_values(&[method]))
            .collect();
        let meters = Self {
            registry: Registry::new(),
            by_method,
            later: counter(
                "vulpes_http_requests_later_total",
                "Requests to be answered later.",
            ),
            unauthorized: counter(
                "vulpes_http_requests_unauthorized_total",
                "Requests that were answered 401.",
            ),
            connections: IntGauge::new("vulpes_http_connections", "Open connections.")
                .expect("the name is a constant and well-formed"),
            request_seconds: histogram(
                "vulpes_http_request_seconds",
                "Time from a request's head to its answer.",
                &SECONDS,
            ),
            received_bytes: histogram(
                "vulpes_http_request_body_bytes",
                "Bytes of bodies of requests.",
                &RECEIVED,
            ),
            sent_bytes: histogram(
                "vulpes_http_answer_body_bytes",
                "Bytes of bodies of answers.",
                &SENT,
            ),
        };
        meters.register(requests);
        meters.register(meters.later.clone());
        meters.register(meters.unauthorized.clone());
        meters.register(meters.connections.clone());
        meters.register(meters.request_seconds.clone());
        meters.register(meters.received_bytes.clone());
        meters.register(meters.sent_bytes.clone());
        meters
    }

    fn register(&self, collector: impl Collector + 'static) {
        let collector = Box::new(collector);
        let registered = self.registry.register(collector);
        registered.expect("every name is registered once");
    }

    /// What is written out for operators.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Counts a request that was answered.
    pub(crate) fn answered(&self, method: &Method, time: Duration, sent_bytes: usize) {
        let method = method.as_str();
        let known = METHODS.iter().position(|(name, _)| *name == method);
        if let Some(counter) = self.by_method.get(known.unwrap_or(METHODS.len())) {
            counter.inc();
        }
        self.request_seconds.observe(time.as_secs_f64());
        self.sent_bytes.observe(sent_bytes as f64);
    }

    /// Requests so far of each of [`METHODS`], then of all others.
    pub(crate) fn by_method(&self) -> impl Iterator<Item = u64> {
        self.by_method.iter().map(IntCounter::get)
    }

    /// Counts a connection.
    pub(crate) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }
}
