//! What services are run with: plain values, filled by the binary.

use std::path::PathBuf;
use std::time::Duration;

use js_engine::VmSettings;

use crate::bundle;

/// Settings of [`crate::Foxx`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// Root of the services' folders and local bundles; made if missing. Absolute.
    pub app_folder: PathBuf,
    /// Where services put temporary files; made if missing. Absolute.
    pub temp_folder: PathBuf,
    /// The version the server acts as, such as `3.12.5`.
    pub server_version: String,
    /// Whether the server asks for logins.
    pub authentication_enabled: bool,
    /// Whether bundles may be fetched from any URL; otherwise only from this very server.
    pub install_from_remote: bool,
    /// Environment variables that services see.
    pub environment: Vec<(String, String)>,
    /// Limits of bundles.
    pub bundle: bundle::Limits,
    /// Workers and the limits of what they run.
    pub workers: WorkerSettings,
    /// Files that services may use besides their own folder and the temporary one.
    pub files: PolicySettings,
    /// URLs that services may request besides paths of this server.
    pub endpoints: PolicySettings,
    /// Limits of outgoing requests.
    pub http: HttpSettings,
    /// Whether transactions may be JavaScript.
    pub javascript_transactions: bool,
    /// Functions that users define for queries.
    pub functions: FunctionSettings,
    /// Limits of single native functions.
    pub native: NativeLimits,
    /// Whether files that do not fit the registry are made anew when the server starts; otherwise
    /// their services answer 503 with the reason until they are replaced or healed.
    pub heal_at_start: bool,
    /// Whether a coordinator among others brings all services to life before it starts; otherwise
    /// it does so while requests are answered 503.
    pub sync_at_start: bool,
    /// Time between two looks at the files of all services, for a coordinator among others.
    pub heal_period: Duration,
    /// Document that one piece of a stored bundle fills, in bytes before encoding.
    pub bundle_piece_bytes: usize,
}

/// Regular expressions that match anywhere in a value, without regard to case.
#[derive(Debug, Clone, Default)]
pub struct PolicySettings {
    /// What is allowed; `None`: what `denied` and `otherwise` leave.
    pub allowed: Vec<String>,
    /// What is refused even if it is allowed.
    pub denied: Vec<String>,
    /// Whether everything is allowed when both lists are empty.
    pub open: bool,
}

/// Limits of native functions that services call. Every field is named in the error it causes.
#[derive(Debug, Clone)]
pub struct NativeLimits {
    /// Random or derived bytes that one call gives.
    pub random_bytes_max: u32,
    /// Rounds of one key derivation.
    pub key_rounds_max: u32,
    /// Cursors that one request may have open.
    pub cursors_max: usize,
    /// Transactions that one request may have open.
    pub stream_transactions_max: usize,
    /// Query texts whose plans are kept, over all services.
    pub query_plans_max: usize,
    /// Bytes of one log entry; what is longer is cut.
    pub log_bytes_max: usize,
}

impl Default for NativeLimits {
    fn default() -> Self {
        Self {
            random_bytes_max: 65_536,
            key_rounds_max: 10_000_000,
            cursors_max: 1000,
            stream_transactions_max: 16,
            query_plans_max: 4096,
            log_bytes_max: 64 << 10,
        }
    }
}

/// Functions that users define for queries. Every limit is named in the error it causes.
#[derive(Debug, Clone)]
pub struct FunctionSettings {
    /// Whether queries may call them.
    pub enabled: bool,
    /// How long one call may run.
    pub function_time_max: Duration,
    /// Heap of the functions of one database on one thread, in bytes.
    pub function_heap_bytes_max: usize,
    /// Threads for the queries that no service runs.
    pub function_threads: usize,
    /// Calls that wait for such a thread.
    pub function_queue_max: usize,
    /// How long such a thread waits for work before it ends.
    pub function_idle_time_max: Duration,
    /// VMs that a thread keeps, one a database; the one unused for longest goes first.
    pub function_vms_max: usize,
    /// Functions that are kept compiled; beyond, all are compiled anew when they are called.
    pub functions_max: usize,
}

impl FunctionSettings {
    /// Values for a server with `cores` cores.
    pub fn for_cores(cores: usize) -> Self {
        Self {
            enabled: true,
            function_time_max: Duration::from_secs(30),
            function_heap_bytes_max: 128 << 20,
            function_threads: cores.max(2),
            function_queue_max: 4096,
            function_idle_time_max: Duration::from_secs(30),
            function_vms_max: 8,
            functions_max: 1000,
        }
    }
}

/// Limits of requests that services make.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Time for a whole exchange if the service names none.
    pub timeout: Duration,
    /// Bytes of an answer's body.
    pub body_bytes_max: u64,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            body_bytes_max: 64 << 20,
        }
    }
}

/// Workers and the limits of what they run. Every field is named in the error it causes.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Workers that run services; at least 2, so that a service can request its own server.
    pub workers: usize,
    /// Workers at most while others wait for answers to their own requests.
    pub workers_max: usize,
    /// How long a worker beyond the usual number waits for work before it ends.
    pub extra_idle: Duration,
    /// Requests that wait for a worker; further ones are answered 503.
    pub queue_max: usize,
    /// How long a request waits for a worker before it is answered 503.
    pub queue_time_max: Duration,
    /// How long one request may run.
    pub request_time_max: Duration,
    /// How long a script or a test run may take.
    pub script_time_max: Duration,
    /// How long the main file may take to load.
    pub load_time_max: Duration,
    /// Heap of one service in one worker, in bytes.
    pub heap_bytes_max: usize,
    /// VMs that a worker keeps; the one unused for longest goes first.
    pub vms_max: usize,
    /// How long an installation waits for workers to load the new version.
    pub warm_time_max: Duration,
    /// How long a worker answers for a service that failed to load before it tries again.
    pub broken_retry: Duration,
    /// How long a stop waits for what is running before it is cancelled.
    pub stop_time_max: Duration,
    /// What VMs are made with.
    pub vm: VmSettings,
}

impl WorkerSettings {
    /// Values for a server with `cores` cores.
    pub fn for_cores(cores: usize) -> Self {
        let workers = cores.max(2);
        Self {
            workers,
            workers_max: workers * 4 + 16,
            extra_idle: Duration::from_secs(30),
            queue_max: 4096,
            queue_time_max: Duration::from_secs(30),
            request_time_max: Duration::from_secs(60),
            script_time_max: Duration::from_secs(300),
            load_time_max: Duration::from_secs(30),
            heap_bytes_max: 512 << 20,
            vms_max: 64,
            warm_time_max: Duration::from_secs(10),
            broken_retry: Duration::from_secs(2),
            stop_time_max: Duration::from_secs(10),
            // The engine aborts the process should a late timer of its watchdog meet the next
            // one; the longer the interval, the later a timer may be on a busy machine.
            vm: VmSettings {
                watchdog_interval: Duration::from_millis(50),
                ..VmSettings::default()
            },
        }
    }
}

impl Settings {
    /// Settings for a server with `cores` cores that keeps services below `app_folder`.
    pub fn new(app_folder: PathBuf, temp_folder: PathBuf, cores: usize) -> Self {
        Self {
            app_folder,
            temp_folder,
            server_version: "3.12.5".to_owned(),
            authentication_enabled: true,
            install_from_remote: false,
            environment: Vec::new(),
            bundle: bundle::Limits::default(),
            workers: WorkerSettings::for_cores(cores),
            files: PolicySettings::default(),
            endpoints: PolicySettings {
                open: true,
                ..PolicySettings::default()
            },
            http: HttpSettings::default(),
            javascript_transactions: true,
            functions: FunctionSettings::for_cores(cores),
            native: NativeLimits::default(),
            heal_at_start: true,
            sync_at_start: false,
            heal_period: Duration::from_secs(60),
            bundle_piece_bytes: 8 << 20,
        }
    }
}
