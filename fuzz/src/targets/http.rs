//! What clients send: every request gets an answer that is well formed, and none of them is an
//! internal error.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use foxx::Foxx;
use http_api::{Api, Log, LogSettings, Parts, Secret, Server, Settings};
use parking_lot::Mutex;
use platform::Platform;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use value::json;

use super::world::World;
use crate::input::Input;

/// Longer than any answer should take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Documents after which the collections are emptied.
const DOCUMENTS_MAX: u64 = 1000;

/// Method, path and content type of requests with a body. `c` and `e` are collections.
pub(crate) const ROUTES: &[(&str, &str)] = &[
    ("POST", "/_api/document/c"),
    ("PUT", "/_api/document/c"),
    ("PATCH", "/_api/document/c"),
    ("DELETE", "/_api/document/c"),
    ("PUT", "/_api/document/c/a"),
    ("PATCH", "/_api/document/c/a"),
    ("POST", "/_api/document/e"),
    ("PUT", "/_api/document/c?onlyget=true"),
    ("POST", "/_api/cursor"),
    ("POST", "/_api/query"),
    ("POST", "/_api/explain"),
    ("POST", "/_api/collection"),
    ("PUT", "/_api/collection/c/properties"),
    ("POST", "/_api/index?collection=c"),
    ("POST", "/_api/import?collection=c"),
    ("POST", "/_api/import?collection=c&type=auto&details=true"),
    ("POST", "/_api/import?collection=e&type=list&complete=true"),
    ("POST", "/_api/transaction/begin"),
    ("POST", "/_api/database"),
    ("POST", "/_api/user"),
    ("PATCH", "/_api/user/u"),
    ("PUT", "/_api/user/u/database/_system/c"),
    ("POST", "/_open/auth"),
    ("POST", "/_api/aqlfunction"),
    ("PUT", "/_api/query/properties"),
    ("PUT", "/_api/simple/by-example"),
    ("POST", "/_api/edges/e?direction=any"),
];

/// Parameters that may follow.
const PARAMETERS: &[&str] = &[
    "",
    "returnNew=true&returnOld=1",
    "overwriteMode=update&keepNull=false",
    "overwriteMode=ignore&silent=true",
    "ignoreRevs=false&mergeObjects=no",
    "waitForSync=yes&versionAttribute=v",
];

struct Host {
    address: SocketAddr,
    world: World,
    _foxx: Foxx,
    _runtime: Runtime,
    _stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

/// One at a time: what an answer says depends on what is stored.
fn host() -> &'static Mutex<Host> {
    static HOST: OnceLock<Mutex<Host>> = OnceLock::new();
    HOST.get_or_init(|| Mutex::new(Host::start()))
}

impl Host {
    fn start() -> Self {
        let world = World::new();
        world.databases.ensure_root("").expect("make root");
        let folder = tempfile::tempdir().expect("make a folder");
        let path = folder.path();
        let platform = Platform::system();
        let services = foxx::Settings::new(path.join("apps"), path.join("tmp"), 1);
        let foxx = Foxx::start(services, world.databases.clone(), platform.clone()).expect("start");
        let mut settings = Settings::documented();
        settings.authentication = false;
        settings.foxx_api = false;
        settings.body_bytes_max = 1 << 20;
        let (log, _, _) =
            Log::new::<Registry>(LogSettings::recommended(), platform.clone(), Targets::new());
        let parts = Parts {
            databases: world.databases.clone(),
            foxx: foxx.clone(),
            platform,
            secret: Secret::new(b"of no use elsewhere"),
            secret_source: None,
            log,
            options: Vec::new(),
            membership: None,
        };
        let api = Api::new(settings, parts);
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        let runtime = runtime.expect("make a runtime");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(Server::bind(any, api)).expect("bind");
        let address = server.address().expect("it is bound");
        let (stop, stopped) = watch::channel(false);
        runtime.spawn(server.run(stopped));
        Self {
            address,
            world,
            _foxx: foxx,
            _runtime: runtime,
            _stop: stop,
            _folder: folder,
        }
    }

    /// Undoes what earlier inputs did to what the routes name.
    fn restore(&self) {
        let database = &self.world.database;
        for (name, is_edge) in [("c", false), ("e", true)] {
            let found = database.find_collection(name);
            if let Some(collection) = found.filter(|found| found.is_edge() == is_edge) {
                let mut txn = self.world.begin();
                let count = txn.count(&collection).expect("count");
                if count > DOCUMENTS_MAX {
                    txn.truncate(&collection).expect("truncate");
                    txn.commit().expect("commit");
                }
                continue;
            }
            let options = match is_edge {
                true => database::CollectionOptions::edge(name),
                false => database::CollectionOptions::new(name),
            };
            database.create_collection(&options).expect("create");
        }
    }

    /// Everything the server sends until it closes the connection.
    fn send(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.set_write_timeout(Some(PATIENCE)).expect("set");
        // The server may have heard enough before it has heard all.
        let _ = stream.write_all(request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            let is_reset = error.kind() == std::io::ErrorKind::ConnectionReset;
            assert!(is_reset, "no answer: {error}");
        }
        answer
    }
}

/// Whether the input asks for something that is meant to take long or to end the server.
fn is_excused(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).to_ascii_lowercase();
    text.contains("sleep") || text.contains("shutdown")
}

/// Takes the input as what a client writes.
pub(crate) fn run_head(data: &[u8]) {
    if is_excused(data) {
        return;
    }
    let host = host().lock();
    host.restore();
    let answer = host.send(data);
    if answer.is_empty() {
        return;
    }
    let (status, _) = split_answer(&answer);
    assert_ne!(status, 500, "{}", String::from_utf8_lossy(&answer));
    let is_internal = answer.windows(13).any(|window| window == b"HTTP/1.1 500 ");
    assert!(!is_internal, "{}", String::from_utf8_lossy(&answer));
}

/// Takes the input as a body for one of the routes.
pub(crate) fn run_body(data: &[u8]) {
    if is_excused(data) {
        return;
    }
    let mut input = Input::new(data);
    let route = usize::from(input.byte()) % ROUTES.len();
    let parameters = usize::from(input.byte()) % PARAMETERS.len();
    let (Some((method, path)), Some(parameters)) = (ROUTES.get(route), PARAMETERS.get(parameters))
    else {
        return;
    };
    let mark = if path.contains('?') { '&' } else { '?' };
    let body = input.rest();
    let mut request = format!(
        "{method} {path}{mark}{parameters} HTTP/1.1\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    let host = host().lock();
    host.restore();
    let answer = host.send(&request);
    check_answer(&answer);
}

fn check_answer(answer: &[u8]) {
    let (status, body) = split_answer(answer);
    let shown = String::from_utf8_lossy(answer);
    assert_ne!(status, 500, "{shown}");
    if body.is_empty() {
        return;
    }
    let value = json::parse(body).unwrap_or_else(|error| panic!("{error}: {shown}"));
    if status >= 400 {
        assert_eq!(value.get("code").as_i64(), Some(status), "{shown}");
        assert!(value.get("errorNum").as_i64().is_some(), "{shown}");
        assert!(value.get("errorMessage").as_str().is_some(), "{shown}");
    }
}

/// Status and body of the first answer.
fn split_answer(answer: &[u8]) -> (i64, &[u8]) {
    let shown = || String::from_utf8_lossy(answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {}", shown()));
    let (head, body) = answer.split_at(end + 4);
    // A header may repeat bytes of the request that are not UTF-8.
    let head = String::from_utf8_lossy(head);
    let status = head
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| head.strip_prefix("HTTP/1.0 "))
        .and_then(|rest| rest.get(..3))
        .and_then(|status| status.parse().ok());
    (
        status.unwrap_or_else(|| panic!("no status: {}", shown())),
        body,
    )
}
