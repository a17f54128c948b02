//! A running server and plain connections to it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use database::Databases;
use foxx::Foxx;
use http_api::{Api, Log, LogSettings, Membership, Parts, Secret, Server, Settings, StartupOption};
use parking_lot::{Mutex, MutexGuard};
use platform::Platform;
use store::memory::MemoryEngine;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Whatever a test waits for has long come by then.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Threads on which requests may block.
const BLOCKING_THREADS: usize = 8;

/// The secret that the servers sign tokens with.
pub const SECRET: &[u8] = b"the test's secret";

/// Servers run one after the other: their log lines could not be told apart.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SERVER_LOG: OnceLock<Arc<Log>> = OnceLock::new();

struct LogLine(Vec<u8>);

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        LOG.lock()
            .push(String::from_utf8_lossy(&self.0).trim().to_owned());
    }
}

/// Logs into [`LOG`] and into what it returns.
fn start_log() -> Arc<Log> {
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .without_time();
    let lines = lines.with_writer(|| LogLine(Vec::new()));
    let filter = "info,hyper=off".parse().unwrap();
    let settings = LogSettings::recommended();
    let (log, filter, recorder) = Log::new(settings, Platform::system(), filter);
    tracing_subscriber::registry()
        .with(filter)
        .with(recorder)
        .with(lines.with_filter(LevelFilter::WARN))
        .init();
    log
}

pub struct Host {
    pub address: SocketAddr,
    pub databases: Databases,
    foxx: Foxx,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
    api: Arc<Api>,
    runtime: Runtime,
    _folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Host {
    pub fn start(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(change, |_| {}, None)
    }

    /// A server whose services have other settings.
    pub fn with(
        change: impl FnOnce(&mut Settings),
        change_services: impl FnOnce(&mut foxx::Settings),
    ) -> Self {
        Self::start_with(change, change_services, None)
    }

    /// A server that others work with.
    pub fn start_in_cluster(
        change: impl FnOnce(&mut Settings),
        membership: Option<Arc<dyn Membership>>,
    ) -> Self {
        Self::start_with(change, |_| {}, membership)
    }

    fn start_with(
        change: impl FnOnce(&mut Settings),
        change_services: impl FnOnce(&mut foxx::Settings),
        membership: Option<Arc<dyn Membership>>,
    ) -> Self {
        let log = Arc::clone(SERVER_LOG.get_or_init(start_log));
        let turn = ONE_AT_A_TIME.lock();
        LOG.lock().clear();
        let mut settings = Settings::documented();
        change(&mut settings);
        let folder = tempfile::tempdir().unwrap();
        let platform = Platform::system();
        let mut cheap = database::Settings::recommended();
        cheap.password.memory_kib = 8;
        let engine = store_postgres::testing::open_wanted();
        let engine = engine.unwrap_or_else(|| Arc::new(MemoryEngine::new()));
        let databases = Databases::open(engine, platform.clone(), cheap).unwrap();
        databases.ensure_root("").unwrap();
        let path = folder.path();
        let mut services = foxx::Settings::new(path.join("apps"), path.join("tmp"), 2);
        services.server_version = settings.version.clone();
        services.files.allowed = vec![path.display().to_string()];
        change_services(&mut services);
        let foxx = Foxx::start(services, databases.clone(), platform.clone()).unwrap();
        let parts = Parts {
            databases: databases.clone(),
            foxx: foxx.clone(),
            platform,
            secret: Secret::new(SECRET),
            secret_source: Some(Box::new(|| Ok(Secret::new(SECRET)))),
            log,
            options: vec![StartupOption {
                name: "server.authentication".to_owned(),
                description: "Whether requests need a login.".to_owned(),
                type_name: "boolean",
                value: settings.authentication.into(),
                default: true.into(),
            }],
            membership,
        };
        let api = Api::new(settings, parts);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        // Few threads that may block: whatever waits for another request must not take one.
        builder
            .worker_threads(2)
            .thread_stack_size(foxx::THREAD_STACK_BYTES)
            .on_thread_stop(foxx::leave_thread)
            .max_blocking_threads(BLOCKING_THREADS);
        let runtime = builder.enable_all().build().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime
            .block_on(Server::bind(any, Arc::clone(&api)))
            .unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = watch::channel(false);
        let serving = Some(runtime.spawn(server.run(stopped)));
        Self {
            address,
            databases,
            foxx,
            stop,
            serving,
            api,
            runtime,
            _folder: folder,
            _turn: turn,
        }
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
    }

    /// Asks on a connection of its own.
    pub fn send(&self, request: &[u8]) -> Answer {
        let mut client = self.connect();
        client.write(request);
        client.read_answer(false)
    }

    /// Waits until a client has asked the server to stop.
    pub fn wait_for_stop_asked(&self) {
        let asked = async { tokio::time::timeout(PATIENCE, self.api.stop_asked()).await };
        let asked = self.runtime.block_on(asked);
        asked.expect("a client asks for it");
    }

    /// Tells the server to stop and goes on at once.
    pub fn begin_stop(&self) {
        self.stop.send(true).unwrap();
    }

    /// Waits until the server has stopped.
    pub fn end_stop(&mut self) {
        let serving = self.serving.take().expect("stopped once");
        self.runtime.block_on(serving).unwrap();
    }

    /// Stops everything; what was logged meanwhile.
    pub fn finish(mut self) -> Vec<String> {
        if self.serving.is_some() {
            self.begin_stop();
            self.end_stop();
        }
        self.foxx.stop();
        std::mem::take(&mut *LOG.lock())
    }
}

/// A connection.
pub struct Client {
    pub stream: TcpStream,
    received: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// Writes what the server takes; it may have heard enough.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Whether there was more; false once the server closed the connection.
    fn receive(&mut self) -> bool {
        let mut bytes = [0; 65536];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.received.extend_from_slice(&bytes[..count]);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}"),
        }
    }

    /// The next answer; status 0 if the connection was closed instead.
    pub fn read_answer(&mut self, is_head: bool) -> Answer {
        let end = loop {
            if let Some(at) = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                break at + 4;
            }
            if !self.receive() {
                return Answer::default();
            }
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: Vec::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        if !is_head && status != 304 {
            while self.received.len() < length && self.receive() {}
            answer.body = self
                .received
                .drain(..length.min(self.received.len()))
                .collect();
        }
        answer
    }

    /// Waits until the server closes the connection.
    pub fn wait_for_close(&mut self) {
        while self.receive() {}
    }
}
