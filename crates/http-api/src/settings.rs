//! What can be set, with units and limits.

use std::time::Duration;

/// Whom a part of the interface is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Nobody: it is switched off.
    Nobody,
    /// Who knows the secret that signs tokens.
    Superusers,
    /// Who administers the server.
    Administrators,
    /// Everybody who has logged in.
    Everybody,
}

/// Limits and switches of the HTTP interface. Values only; `vulpes` fills them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether `/_api` and `/_admin` ask for a login.
    pub authentication: bool,
    /// Whether services at ordinary mounts are reachable without a login.
    pub authentication_system_only: bool,
    /// How long a token from `/_open/auth` is valid.
    pub session_lifetime: Duration,
    /// Origins that may send credentials across origins.
    pub trusted_origins: Vec<String>,
    /// Largest request body in bytes; larger ones get 413.
    pub body_bytes_max: usize,
    /// Bytes of the bodies of all requests at work; a request that needs more gets 503.
    pub bodies_bytes_max: usize,
    /// Largest header block in bytes; larger ones get 431.
    pub header_bytes_max: usize,
    /// Longest request target in bytes; longer ones get 414.
    pub url_bytes_max: usize,
    /// Connections at once; more are closed at once.
    pub connections_max: usize,
    /// Requests of the built-in API that wait or run at once; more get 503.
    pub requests_max: usize,
    /// Part of `requests_max` from which on the server says that it is not available.
    pub queue_fill_grade: f64,
    /// Requests that wait for locks of collections at once; more get 503.
    pub lock_waits_max: usize,
    /// How long a request waits for such locks when it names no time.
    pub lock_timeout: Duration,
    /// Collections that may be read for checksums at once; more get 503.
    pub scans_max: usize,
    /// How long reading one of them may take.
    pub scan_timeout: Duration,
    /// Requests whose like took at most so long are answered on the network thread that read
    /// them; zero: none is. Services run there too, so its threads should have
    /// [`foxx::THREAD_STACK_BYTES`].
    pub quick_time_max: Duration,
    /// How long a client may take to send a request's head, and to start the next request.
    pub head_timeout: Duration,
    /// How long a client may stall while it sends a body or reads an answer.
    pub stall_timeout: Duration,
    /// How long requests in flight may take after a stop was asked for.
    pub stop_timeout: Duration,
    /// Rows in one batch of a cursor when the request names no number.
    pub cursor_batch_rows: usize,
    /// How long an unused cursor lives when the request names no time.
    pub cursor_lifetime: Duration,
    /// The longest time that a request may ask an unused cursor to live.
    pub cursor_lifetime_max: Duration,
    /// Cursors that may be open at once; more are refused.
    pub cursors_max: usize,
    /// Bytes of results that wait to be fetched, of all cursors together; a query that would
    /// make more fails.
    pub results_bytes_max: usize,
    /// Requests to be answered later whose answers are made or wait to be fetched; more get 503.
    pub jobs_max: usize,
    /// How long such an answer waits to be fetched.
    pub job_lifetime: Duration,
    /// Bytes of such answers, of all together; an answer that does not fit becomes 503.
    pub job_results_bytes_max: usize,
    /// Slow queries that clients may ask the server to remember at most.
    pub slow_queries_max: usize,
    /// Bytes of a query's text that clients may ask the server to remember at most.
    pub tracked_query_bytes_max: usize,
    /// How many kept results of queries of one database clients may ask for.
    pub kept_results_max: usize,
    /// How many bytes of kept results of one database clients may ask for.
    pub kept_results_bytes_max: usize,
    /// Documents of an import that are written in one transaction at most.
    pub import_batch_rows: usize,
    /// Bytes of an import's body that are written in one transaction, except for the last
    /// document's.
    pub import_batch_bytes: usize,
    /// Failures of an import that its answer describes at most; further ones are only counted.
    pub import_details_max: usize,
    /// Largest body that is echoed, in bytes: the answer is many times as large.
    pub echo_bytes_max: usize,
    /// Who may read the server's log and set its levels.
    pub log_api: Audience,
    /// Who may ask how the server was started.
    pub options_api: Audience,
    /// How long an operation on a service waits until all coordinators serve what it did, when
    /// the request names no time.
    pub live_wait: Duration,
    /// The longest time that a request may name for that.
    pub live_wait_max: Duration,
    /// How long a request that asks for a minimum revision of a service waits for it; then 503.
    pub revision_wait: Duration,
    /// Whether the management API of services answers.
    pub foxx_api: bool,
    /// The version of the compatible product that clients are told.
    pub version: String,
}

impl Settings {
    /// The documented defaults.
    pub fn documented() -> Self {
        Self {
            authentication: true,
            authentication_system_only: true,
            session_lifetime: Duration::from_secs(3600),
            trusted_origins: Vec::new(),
            body_bytes_max: 1 << 30,
            bodies_bytes_max: 4 << 30,
            header_bytes_max: 1 << 20,
            url_bytes_max: 16 << 10,
            connections_max: 10_000,
            requests_max: 1024,
            queue_fill_grade: 0.75,
            lock_waits_max: 4_096,
            lock_timeout: Duration::from_secs(900),
            scans_max: 2,
            scan_timeout: Duration::from_secs(600),
            quick_time_max: Duration::from_millis(1),
            head_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(10),
            cursor_batch_rows: 1000,
            cursor_lifetime: Duration::from_secs(30),
            cursor_lifetime_max: Duration::from_secs(24 * 3600),
            cursors_max: 10_000,
            results_bytes_max: 2 << 30,
            jobs_max: 1_000,
            job_lifetime: Duration::from_secs(3600),
            job_results_bytes_max: 512 << 20,
            slow_queries_max: 16_384,
            tracked_query_bytes_max: 64 << 10,
            kept_results_max: 65_536,
            kept_results_bytes_max: 4 << 30,
            import_batch_rows: 5_000,
            import_batch_bytes: 4 << 20,
            import_details_max: 10_000,
            echo_bytes_max: 64 << 10,
            log_api: Audience::Administrators,
            options_api: Audience::Superusers,
            live_wait: Duration::from_secs(30),
            live_wait_max: Duration::from_secs(600),
            revision_wait: Duration::from_secs(5),
            foxx_api: true,
            version: "3.12.10".to_owned(),
        }
    }
}
