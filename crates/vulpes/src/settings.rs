//! From what was typed to what the parts want, with everything that is wrong said at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::bail;
use database::{ExpiryLimits, ExpiryProperties};
use regex::Regex;

use crate::cli::Serve;

/// Checked settings of a server.
pub(crate) struct Resolved {
    pub(crate) listen: SocketAddr,
    pub(crate) network_threads: usize,
    pub(crate) data: PathBuf,
    pub(crate) root_password: String,
    pub(crate) installs: Vec<Install>,
    pub(crate) jwt_secret_file: PathBuf,
    pub(crate) store: Store,
    pub(crate) database: database::Settings,
    pub(crate) expiry: ExpiryProperties,
    pub(crate) foxx: foxx::Settings,
    pub(crate) http: http_api::Settings,
}

/// Where documents are kept.
pub(crate) enum Store {
    /// In a file in the data folder.
    Embedded(store_redb::Settings),
    /// In a database that servers share.
    Postgres(Box<store_postgres::Settings>),
}

/// A service to install if its mount is free.
pub(crate) struct Install {
    pub(crate) mount: String,
    pub(crate) source: PathBuf,
}

/// Checks what was typed; reads the environment and nothing else.
pub(crate) fn resolve(typed: &Serve) -> anyhow::Result<Resolved> {
    let mut problems = Problems::default();
    let data = std::path::absolute(&typed.data)?;
    let http = http(typed, &mut problems);
    let foxx = foxx(typed, &data, &mut problems);
    let expiry = expiry(typed, &mut problems);
    let database = database(typed, &mut problems);
    let store = store(typed, &mut problems);
    let installs = typed
        .install
        .iter()
        .filter_map(|text| install(text, &mut problems))
        .collect();
    let root_password = typed.root_password.clone().unwrap_or_default();
    problems.end()?;
    let secret_file = typed.jwt_secret_file.clone();
    Ok(Resolved {
        listen: typed.listen,
        network_threads: network_threads(typed),
        root_password,
        installs,
        jwt_secret_file: secret_file.unwrap_or_else(|| data.join("jwt-secret")),
        store,
        database,
        expiry,
        foxx,
        http,
        data,
    })
}

/// Network threads answer what is quick themselves, all but one of them at a time.
fn network_threads(typed: &Serve) -> usize {
    let cores = available_parallelism().map_or(2, usize::from);
    match (typed.network_threads, typed.quick_time) {
        (0, 0) => cores.div_ceil(2),
        (0, _) => cores + 1,
        (threads, _) => threads,
    }
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, text: String) {
        self.0.push(text);
    }

    fn seconds(&mut self, flag: &str, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|time| !time.is_zero())
            .unwrap_or_else(|| {
                self.add(format!(
                    "--{flag} must be more than 0 seconds, not {seconds}"
                ));
                Duration::from_secs(1)
            })
    }

    fn at_least(&mut self, flag: &str, number: usize, least: usize) -> usize {
        if number < least {
            self.add(format!("--{flag} must be at least {least}, not {number}"));
        }
        number
    }

    fn end(self) -> anyhow::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        bail!("{}", self.0.join("\n        "));
    }
}

fn store(typed: &Serve, problems: &mut Problems) -> Store {
    if typed.store == "embedded" {
        return Store::Embedded(store_redb::Settings {
            free_bytes_min: typed.store_free_min << 20,
            ..store_redb::Settings::new(typed.store_cache << 20)
        });
    }
    let schemes = ["postgres://", "postgresql://"];
    if !schemes.iter().any(|scheme| typed.store.starts_with(scheme)) {
        problems.add("--store must be embedded or begin with postgres://".to_owned());
    }
    Store::Postgres(Box::new(store_postgres::Settings {
        schema: typed.store_schema.clone(),
        connections_max: problems.at_least("store-connections", typed.store_connections, 4),
        statement_timeout: problems.seconds("store-statement-time", typed.store_statement_time),
        outage_wait: problems.seconds("store-outage-time", typed.store_outage_time),
        ..store_postgres::Settings::new(&typed.store)
    }))
}

fn database(typed: &Serve, problems: &mut Problems) -> database::Settings {
    let idle = typed.transaction_idle_timeout;
    if !(1..=120).contains(&idle) {
        problems.add("--transaction.streaming-idle-timeout must be from 1 to 120".to_owned());
    }
    database::Settings {
        open_transaction_idle_timeout: Duration::from_secs(idle),
        open_transaction_lease_timeout: Duration::from_secs(typed.transaction_lock_timeout),
        transaction_bytes_max: typed.transaction_bytes_max,
        query_conflict_retries_max: typed.query_conflict_retries_max,
        password_hashes_max: problems.at_least("password-hashes-max", typed.password_hashes_max, 1),
        ..database::Settings::recommended()
    }
}

fn expiry(typed: &Serve, problems: &mut Problems) -> ExpiryProperties {
    if typed.ttl_frequency == 0 {
        problems.add("--ttl.frequency must be at least 1".to_owned());
    }
    ExpiryProperties {
        active: true,
        period: Duration::from_millis(typed.ttl_frequency),
        limits: ExpiryLimits {
            total_removes_max: typed.ttl_max_total_removes,
            collection_removes_max: typed.ttl_max_collection_removes,
        },
    }
}

fn http(typed: &Serve, problems: &mut Problems) -> http_api::Settings {
    let flags = &typed.http;
    if !(flags.queue_fill_grade > 0.0 && flags.queue_fill_grade <= 1.0) {
        let flag = "--server.unavailability-queue-fill-grade";
        problems.add(format!("{flag} must be more than 0 and at most 1"));
    }
    let mut at_least = |flag: &str, number, least| problems.at_least(flag, number, least);
    let settings = http_api::Settings {
        authentication: typed.authentication,
        authentication_system_only: typed.authentication_system_only,
        session_lifetime: Duration::from_secs(typed.session_timeout),
        trusted_origins: flags.trusted_origin.clone(),
        body_bytes_max: at_least("http.body-bytes-max", flags.body_bytes_max, 1024),
        bodies_bytes_max: at_least("http.bodies-bytes-max", flags.bodies_bytes_max, 1024),
        header_bytes_max: at_least("http.header-bytes-max", flags.header_bytes_max, 8192),
        url_bytes_max: at_least("http.url-bytes-max", flags.url_bytes_max, 256),
        connections_max: at_least("http.connections-max", flags.connections_max, 1),
        requests_max: at_least("http.requests-max", flags.requests_max, 1),
        queue_fill_grade: flags.queue_fill_grade,
        lock_waits_max: flags.lock_waits_max,
        scans_max: flags.scans_max,
        cursor_batch_rows: at_least("http.cursor-batch-rows", flags.cursor_batch_rows, 1),
        cursors_max: flags.cursors_max,
        results_bytes_max: flags.results_bytes_max,
        jobs_max: flags.jobs_max,
        job_results_bytes_max: flags.job_results_bytes_max,
        slow_queries_max: flags.slow_queries_max,
        tracked_query_bytes_max: flags.tracked_query_bytes_max,
        import_batch_rows: at_least("http.import-batch-rows", flags.import_batch_rows, 1),
        import_batch_bytes: at_least("http.import-batch-bytes", flags.import_batch_bytes, 1),
        import_details_max: flags.import_details_max,
        echo_bytes_max: flags.echo_bytes_max,
        log_api: flags.log_api.into(),
        options_api: flags.options_api.into(),
        quick_time_max: Duration::from_millis(typed.quick_time),
        foxx_api: typed.foxx_api,
        ..http_api::Settings::documented()
    };
    let mut seconds = |flag: &str, seconds| problems.seconds(flag, seconds);
    http_api::Settings {
        lock_timeout: seconds("http.lock-time", flags.lock_time),
        scan_timeout: seconds("http.scan-time", flags.scan_time),
        head_timeout: seconds("http.head-time", flags.head_time),
        stall_timeout: seconds("http.stall-time", flags.stall_time),
        stop_timeout: seconds("stop-time", typed.stop_time),
        cursor_lifetime: seconds("query.registry-ttl", flags.cursor_time),
        cursor_lifetime_max: seconds("http.cursor-time-max", flags.cursor_time_max),
        job_lifetime: seconds("http.job-time", flags.job_time),
        live_wait: seconds("foxx.live-wait", flags.live_wait),
        live_wait_max: seconds("foxx.live-wait-max", flags.live_wait_max),
        revision_wait: seconds("foxx.revision-wait", flags.revision_wait),
        ..settings
    }
}

fn foxx(typed: &Serve, data: &Path, problems: &mut Problems) -> foxx::Settings {
    let cores = available_parallelism().map_or(2, usize::from);
    let mut settings = foxx::Settings::new(data.join("apps"), data.join("tmp"), cores);
    settings.server_version = http_api::Settings::documented().version;
    settings.authentication_enabled = typed.authentication;
    settings.install_from_remote = typed.install_from_remote;
    settings.sync_at_start = typed.sync_at_start;
    settings.javascript_transactions = typed.javascript_transactions;
    settings.functions.enabled = typed.user_functions;
    settings.environment = environment(&typed.environment_allowlist, problems);
    settings.files.allowed = patterns("files-allowlist", &typed.files_allowlist, problems);
    settings.files.denied = patterns("files-denylist", &typed.files_denylist, problems);
    settings.endpoints.allowed =
        patterns("endpoints-allowlist", &typed.endpoints_allowlist, problems);
    settings.endpoints.denied = patterns("endpoints-denylist", &typed.endpoints_denylist, problems);
    let workers = &mut settings.workers;
    if typed.workers > 0 {
        workers.workers = problems.at_least("workers", typed.workers, 2);
        workers.workers_max = workers.workers_max.max(workers.workers);
    }
    workers.queue_max = problems.at_least("queue", typed.queue, 1);
    workers.request_time_max = problems.seconds("request-time", typed.request_time);
    workers.script_time_max = problems.seconds("script-time", typed.script_time);
    workers.heap_bytes_max = problems.at_least("javascript.v8-max-heap", typed.heap, 16) << 20;
    workers.stop_time_max = problems.seconds("stop-time", typed.stop_time);
    settings
}

fn patterns(flag: &str, texts: &[String], problems: &mut Problems) -> Vec<String> {
    for text in texts {
        if let Err(error) = Regex::new(text) {
            problems.add(format!("--javascript.{flag} {text}: {error}"));
        }
    }
    texts.to_vec()
}

fn environment(allowlist: &[String], problems: &mut Problems) -> Vec<(String, String)> {
    let texts = patterns("environment-variables-allowlist", allowlist, problems);
    let allowed: Vec<Regex> = texts
        .iter()
        .filter_map(|text| Regex::new(text).ok())
        .collect();
    // Variables that are no text cannot be shown to a service.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| allowed.iter().any(|pattern| pattern.is_match(name)))
        .collect()
}

fn install(text: &str, problems: &mut Problems) -> Option<Install> {
    let install = text.split_once('=').and_then(|(mount, source)| {
        let source = std::path::absolute(source).ok()?;
        Some(Install {
            mount: mount.to_owned(),
            source,
        })
    });
    if install.is_none() {
        problems.add(format!("--install {text}: must be /mount=folder-or-zip"));
    }
    install
}
