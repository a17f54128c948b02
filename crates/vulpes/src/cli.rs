//! The command line as typed.

mod describe;
mod http;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Parser, Subcommand};

pub(crate) use describe::options;
pub(crate) use http::HttpFlags;

/// Runs Foxx services beside their documents.
#[derive(Parser)]
#[command(name = "vulpes", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start the server; SIGINT or SIGTERM stops it when its requests are done.
    Serve(Box<Serve>),
    /// Check a data folder that no server has open: every page of the file, every index against
    /// its documents, every count. Exits with 0 if all agrees, 3 if something is damaged or does
    /// not agree, 1 if it could not look.
    Verify(Verify),
    /// Copy everything from one store to an empty one, and compare them. Stop the servers that use
    /// them before. The source stays as it is; if something fails, the target stays empty.
    Move(Move),
}

/// Flags of `vulpes move`. A store is a data folder or the address of a database.
#[derive(Args)]
pub(crate) struct Move {
    /// Where everything is.
    #[arg(long, value_name = "STORE")]
    pub(crate) from: String,

    /// Where it goes: nothing may be there.
    #[arg(long, value_name = "STORE")]
    pub(crate) to: String,

    /// Schema of the tables in a database.
    #[arg(long, value_name = "NAME", default_value = "vulpes")]
    pub(crate) store_schema: String,

    /// Memory for pages of an embedded store, MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) store_cache: usize,
}

/// Flags of `vulpes verify`.
#[derive(Args)]
pub(crate) struct Verify {
    /// Folder of documents and services.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "./data",
        env = "VULPES_DATA"
    )]
    pub(crate) data: PathBuf,

    /// Memory for pages and values of the store, MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) store_cache: usize,
}

/// Flags of `vulpes serve`. Names with a dot are those of the compatible product.
#[derive(Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 picks a free one and prints it.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8529",
        env = "VULPES_LISTEN"
    )]
    pub(crate) listen: SocketAddr,

    /// Folder of documents and services; made if missing.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "./data",
        env = "VULPES_DATA"
    )]
    pub(crate) data: PathBuf,

    /// Where documents are kept: `embedded`, in the data folder, or the address of a PostgreSQL
    /// database that servers share, as in postgres://user:password@host/database. The data
    /// folder then holds copies only, and the secret that signs tokens.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "embedded",
        env = "VULPES_STORE",
        hide_env_values = true
    )]
    pub(crate) store: String,

    /// Schema of the tables in that database.
    #[arg(long, value_name = "NAME", default_value = "vulpes")]
    pub(crate) store_schema: String,

    /// Connections to that database, which is the number of transactions that can be open.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) store_connections: usize,

    /// Longest run of a statement in that database, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub(crate) store_statement_time: f64,

    /// How long requests wait for that database when it went away, seconds; later ones get 503 at
    /// once.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub(crate) store_outage_time: f64,

    /// Password of user root, set at the first start only. Empty is allowed on loopback.
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "VULPES_ROOT_PASSWORD",
        hide_env_values = true
    )]
    pub(crate) root_password: Option<String>,

    /// Install a service if its mount is free: /mount=folder-or-zip. Repeatable.
    #[arg(long, value_name = "MOUNT=PATH")]
    pub(crate) install: Vec<String>,

    /// File with the secret that signs tokens; made in the data folder if not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) jwt_secret_file: Option<PathBuf>,

    /// What to log: a level, or target=level pairs.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "info",
        env = "VULPES_LOG"
    )]
    pub(crate) log: String,

    /// Memory for pages and values of the store, MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) store_cache: usize,

    /// Writes are refused while the disk has less room than this, MiB.
    #[arg(long, value_name = "MIB", default_value_t = 32)]
    pub(crate) store_free_min: u64,

    /// Threads that read and write connections; 0 takes one per two cores, or with --quick-time
    /// one more than there are cores.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) network_threads: usize,

    /// What took at most so long of late is answered on the network threads, milliseconds: sooner
    /// for few clients, fewer answers a second for many; 0: nothing is.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) quick_time: u64,

    /// Workers that run services; 0 takes one per core, at least 2.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) workers: usize,

    /// Longest run of one request in a service, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) request_time: f64,

    /// Longest run of a script or a test run, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0)]
    pub(crate) script_time: f64,

    /// Requests that may wait for a worker; further ones get 503.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) queue: usize,

    /// Heap of one service in one worker, MiB.
    #[arg(
        long = "javascript.v8-max-heap",
        alias = "heap",
        value_name = "MIB",
        default_value_t = 512
    )]
    pub(crate) heap: usize,

    /// Whether requests need a login.
    #[arg(long = "server.authentication", value_name = "BOOL", default_value_t = true,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) authentication: bool,

    /// Whether only the built-in API needs a login; services are then reachable without one.
    #[arg(long = "server.authentication-system-only", value_name = "BOOL", default_value_t = true,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) authentication_system_only: bool,

    /// Lifetime of tokens from /_open/auth, seconds.
    #[arg(
        long = "server.session-timeout",
        value_name = "SECONDS",
        default_value_t = 3600
    )]
    pub(crate) session_timeout: u64,

    /// The HTTP interface.
    #[command(flatten)]
    pub(crate) http: HttpFlags,

    /// How long a stop waits for running requests, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub(crate) stop_time: f64,

    /// Whether the management API of services answers.
    #[arg(long = "foxx.api", value_name = "BOOL", default_value_t = true,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) foxx_api: bool,

    /// Whether bundles may be fetched from any URL.
    #[arg(long = "foxx.allow-install-from-remote", value_name = "BOOL", default_value_t = false,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) install_from_remote: bool,

    /// Whether a server that shares its store brings all services to life before it starts, rather
    /// than answering 503 for them meanwhile.
    #[arg(long = "foxx.force-update-on-startup", value_name = "BOOL", default_value_t = false,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) sync_at_start: bool,

    /// After how many idle seconds a transaction that a client began is rolled back, 120 at most.
    #[arg(
        long = "transaction.streaming-idle-timeout",
        value_name = "SECONDS",
        default_value_t = 60
    )]
    pub(crate) transaction_idle_timeout: u64,

    /// How many seconds a request waits for another one that uses the same transaction.
    #[arg(
        long = "transaction.streaming-lock-timeout",
        value_name = "SECONDS",
        default_value_t = 8
    )]
    pub(crate) transaction_lock_timeout: u64,

    /// Bytes that one transaction writes at most.
    #[arg(
        long = "transaction.streaming-max-transaction-size",
        value_name = "BYTES",
        default_value_t = 512 << 20
    )]
    pub(crate) transaction_bytes_max: usize,

    /// How often a query that writes begins again after a conflict with another write, before its
    /// client is told (error 1200).
    #[arg(
        long = "query.conflict-retries-max",
        value_name = "N",
        default_value_t = 0
    )]
    pub(crate) query_conflict_retries_max: usize,

    /// How often documents that expire by ttl indexes are removed, milliseconds.
    #[arg(
        long = "ttl.frequency",
        value_name = "MILLISECONDS",
        default_value_t = 30_000
    )]
    pub(crate) ttl_frequency: u64,

    /// Expired documents that one run removes at most.
    #[arg(
        long = "ttl.max-total-removes",
        value_name = "N",
        default_value_t = 1_000_000
    )]
    pub(crate) ttl_max_total_removes: u64,

    /// Expired documents of one collection that one run removes at most.
    #[arg(
        long = "ttl.max-collection-removes",
        value_name = "N",
        default_value_t = 100_000
    )]
    pub(crate) ttl_max_collection_removes: u64,

    /// Password hashes computed at once, 19 MiB each; further logins wait.
    #[arg(long = "password-hashes-max", value_name = "N", default_value_t = 2)]
    pub(crate) password_hashes_max: usize,

    /// Whether transactions may be JavaScript.
    #[arg(long = "javascript.transactions", value_name = "BOOL", default_value_t = true,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) javascript_transactions: bool,

    /// Whether queries may call functions that users define in JavaScript.
    #[arg(long = "javascript.user-defined-functions", value_name = "BOOL", default_value_t = true,
          action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub(crate) user_functions: bool,

    /// Files that services may use: regular expression. Repeatable.
    #[arg(long = "javascript.files-allowlist", value_name = "REGEX")]
    pub(crate) files_allowlist: Vec<String>,

    /// Files that services may not use. Repeatable.
    #[arg(long = "javascript.files-denylist", value_name = "REGEX")]
    pub(crate) files_denylist: Vec<String>,

    /// URLs that services may request: regular expression. Repeatable.
    #[arg(long = "javascript.endpoints-allowlist", value_name = "REGEX")]
    pub(crate) endpoints_allowlist: Vec<String>,

    /// URLs that services may not request. Repeatable.
    #[arg(long = "javascript.endpoints-denylist", value_name = "REGEX")]
    pub(crate) endpoints_denylist: Vec<String>,

    /// Environment variables that services see: regular expression. Repeatable.
    #[arg(
        long = "javascript.environment-variables-allowlist",
        value_name = "REGEX"
    )]
    pub(crate) environment_allowlist: Vec<String>,
}
