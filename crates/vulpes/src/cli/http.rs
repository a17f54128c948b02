//! Flags of the HTTP interface: one for each of its settings.

use clap::{Args, ValueEnum};
use http_api::Audience;

/// Who may use the server's log.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogApi {
    /// Nobody.
    False,
    /// Administrators.
    True,
    /// Who knows the secret that signs tokens.
    Jwt,
}

impl From<LogApi> for Audience {
    fn from(typed: LogApi) -> Self {
        match typed {
            LogApi::False => Self::Nobody,
            LogApi::True => Self::Administrators,
            LogApi::Jwt => Self::Superusers,
        }
    }
}

/// Who may ask how the server was started.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum OptionsApi {
    /// Nobody.
    Disabled,
    /// Who knows the secret that signs tokens.
    Jwt,
    /// Administrators.
    Admin,
    /// Everybody who has logged in.
    Public,
}

impl From<OptionsApi> for Audience {
    fn from(typed: OptionsApi) -> Self {
        match typed {
            OptionsApi::Disabled => Self::Nobody,
            OptionsApi::Jwt => Self::Superusers,
            OptionsApi::Admin => Self::Administrators,
            OptionsApi::Public => Self::Everybody,
        }
    }
}

/// Limits and times of the HTTP interface. A request that meets a limit is told its flag.
#[derive(Args)]
pub(crate) struct HttpFlags {
    /// Origin that may send credentials. Repeatable.
    #[arg(long = "http.trusted-origin", value_name = "ORIGIN")]
    pub(crate) trusted_origin: Vec<String>,

    /// Largest request body, bytes; larger ones get 413.
    #[arg(long = "http.body-bytes-max", value_name = "BYTES", default_value_t = 1 << 30)]
    pub(crate) body_bytes_max: usize,

    /// Memory of the bodies of all requests at work, bytes; who needs more gets 503.
    #[arg(long = "http.bodies-bytes-max", value_name = "BYTES", default_value_t = 4 << 30)]
    pub(crate) bodies_bytes_max: usize,

    /// Largest header block, bytes; larger ones get 431.
    #[arg(long = "http.header-bytes-max", value_name = "BYTES", default_value_t = 1 << 20)]
    pub(crate) header_bytes_max: usize,

    /// Longest URL, bytes; longer ones get 414.
    #[arg(long = "http.url-bytes-max", value_name = "BYTES", default_value_t = 16 << 10)]
    pub(crate) url_bytes_max: usize,

    /// Connections at once; further ones are closed.
    #[arg(
        long = "http.connections-max",
        value_name = "N",
        default_value_t = 10_000
    )]
    pub(crate) connections_max: usize,

    /// Requests of the built-in API that run or wait at once; further ones get 503.
    #[arg(long = "http.requests-max", value_name = "N", default_value_t = 1024)]
    pub(crate) requests_max: usize,

    /// Part of these requests from which on the server says that it is not available.
    #[arg(
        long = "server.unavailability-queue-fill-grade",
        value_name = "FRACTION",
        default_value_t = 0.75
    )]
    pub(crate) queue_fill_grade: f64,

    /// Requests that wait for locks of collections at once; further ones get 503.
    #[arg(long = "http.lock-waits-max", value_name = "N", default_value_t = 4096)]
    pub(crate) lock_waits_max: usize,

    /// How long a request waits for such locks if it names no time, seconds.
    #[arg(
        long = "http.lock-time",
        value_name = "SECONDS",
        default_value_t = 900.0
    )]
    pub(crate) lock_time: f64,

    /// Collections that are read for checksums at once; further requests get 503.
    #[arg(long = "http.scans-max", value_name = "N", default_value_t = 2)]
    pub(crate) scans_max: usize,

    /// How long reading one of them may take, seconds.
    #[arg(
        long = "http.scan-time",
        value_name = "SECONDS",
        default_value_t = 600.0
    )]
    pub(crate) scan_time: f64,

    /// How long a client may take for a request's head, seconds.
    #[arg(
        long = "http.head-time",
        value_name = "SECONDS",
        default_value_t = 30.0
    )]
    pub(crate) head_time: f64,

    /// How long a client may stall in a body or an answer, seconds.
    #[arg(
        long = "http.stall-time",
        value_name = "SECONDS",
        default_value_t = 30.0
    )]
    pub(crate) stall_time: f64,

    /// Rows in one batch of a cursor if the request names no number.
    #[arg(
        long = "http.cursor-batch-rows",
        value_name = "N",
        default_value_t = 1000
    )]
    pub(crate) cursor_batch_rows: usize,

    /// How long an unused cursor lives if its request names no time, seconds.
    #[arg(
        long = "query.registry-ttl",
        value_name = "SECONDS",
        default_value_t = 30.0
    )]
    pub(crate) cursor_time: f64,

    /// Longest time that a request may ask an unused cursor to live, seconds.
    #[arg(
        long = "http.cursor-time-max",
        value_name = "SECONDS",
        default_value_t = 86_400.0
    )]
    pub(crate) cursor_time_max: f64,

    /// Cursors that are open at once; a query that would open a further one fails.
    #[arg(long = "http.cursors-max", value_name = "N", default_value_t = 10_000)]
    pub(crate) cursors_max: usize,

    /// Memory of results that wait to be fetched, bytes; a query that needs more fails.
    #[arg(long = "http.results-bytes-max", value_name = "BYTES", default_value_t = 2 << 30)]
    pub(crate) results_bytes_max: usize,

    /// Requests to be answered later that run or wait to be fetched; further ones get 503.
    #[arg(long = "http.jobs-max", value_name = "N", default_value_t = 1000)]
    pub(crate) jobs_max: usize,

    /// How long such an answer waits to be fetched, seconds.
    #[arg(
        long = "http.job-time",
        value_name = "SECONDS",
        default_value_t = 3600.0
    )]
    pub(crate) job_time: f64,

    /// Memory of such answers, bytes; one that does not fit becomes 503.
    #[arg(long = "http.job-results-bytes-max", value_name = "BYTES", default_value_t = 512 << 20)]
    pub(crate) job_results_bytes_max: usize,

    /// Slow queries that clients may ask the server to remember at most.
    #[arg(
        long = "http.slow-queries-max",
        value_name = "N",
        default_value_t = 16_384
    )]
    pub(crate) slow_queries_max: usize,

    /// Bytes of a query's text that clients may ask the server to remember at most.
    #[arg(long = "http.tracked-query-bytes-max", value_name = "BYTES", default_value_t = 64 << 10)]
    pub(crate) tracked_query_bytes_max: usize,

    /// Documents of an import that are written in one transaction at most.
    #[arg(
        long = "http.import-batch-rows",
        value_name = "N",
        default_value_t = 5000
    )]
    pub(crate) import_batch_rows: usize,

    /// Bytes of an import's body that are written in one transaction, but for the last document's.
    #[arg(long = "http.import-batch-bytes", value_name = "BYTES", default_value_t = 4 << 20)]
    pub(crate) import_batch_bytes: usize,

    /// How long an operation on a service waits until all coordinators serve what it did, seconds.
    #[arg(
        long = "foxx.live-wait",
        value_name = "SECONDS",
        default_value_t = 30.0
    )]
    pub(crate) live_wait: f64,

    /// The longest time that a request may name for that, seconds.
    #[arg(
        long = "foxx.live-wait-max",
        value_name = "SECONDS",
        default_value_t = 600.0
    )]
    pub(crate) live_wait_max: f64,

    /// How long a request waits for the revision of a service that it asks for, seconds; then 503.
    #[arg(
        long = "foxx.revision-wait",
        value_name = "SECONDS",
        default_value_t = 5.0
    )]
    pub(crate) revision_wait: f64,

    /// Largest body that /_admin/echo answers with, bytes.
    #[arg(long = "http.echo-bytes-max", value_name = "BYTES", default_value_t = 64 << 10)]
    pub(crate) echo_bytes_max: usize,

    /// Lines of the log that are kept for clients.
    #[arg(long = "log.max-entries", value_name = "N", default_value_t = 2048)]
    pub(crate) log_lines_max: usize,

    /// Bytes of one such line; the rest is cut off.
    #[arg(
        long = "log.max-entry-bytes",
        value_name = "BYTES",
        default_value_t = 4096
    )]
    pub(crate) log_line_bytes_max: usize,

    /// Who may read the log and set its levels: administrators (true), who knows the secret
    /// that signs tokens (jwt), nobody (false).
    #[arg(long = "log.api-enabled", value_name = "WHO", default_value = "true")]
    pub(crate) log_api: LogApi,

    /// Who may ask for these flags.
    #[arg(long = "server.options-api", value_name = "WHO", default_value = "jwt")]
    pub(crate) options_api: OptionsApi,

    /// Failures of an import that its answer describes at most; further ones are counted.
    #[arg(
        long = "http.import-details-max",
        value_name = "N",
        default_value_t = 10_000
    )]
    pub(crate) import_details_max: usize,
}
