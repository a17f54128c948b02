//! A running [`Foxx`] on an empty in-memory store, and short ways to use it.

use std::io::{Cursor, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use cluster::Cluster;
use database::Databases;
use foxx::{Error, Foxx, InstallRequest, ServiceRequest, ServiceResponse, Settings, Source};
use platform::Platform;
use store::memory::MemoryEngine;
use tempfile::TempDir;
use value::Value;

/// Whatever a test waits for has long come by then.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Host {
    pub foxx: Foxx,
    pub databases: Databases,
    pub settings: Settings,
    folder: Option<TempDir>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.foxx.stop();
        self.foxx.cluster().leave();
    }
}

pub const DB: &str = "_system";

impl Host {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let engine = store_postgres::testing::open_wanted();
        Self::on(
            engine.unwrap_or_else(|| Arc::new(MemoryEngine::new())),
            change,
        )
    }

    pub fn on(engine: Arc<dyn store::Engine>, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut database = database::Settings::recommended();
        database.password.memory_kib = 8;
        let databases = Databases::open(engine, Platform::system(), database).unwrap();
        let path = folder.path();
        let mut settings = Settings::new(path.join("apps"), path.join("tmp"), 2);
        change(&mut settings);
        let platform = Platform::system();
        let foxx = Foxx::start(settings.clone(), databases.clone(), platform).unwrap();
        Self {
            foxx,
            databases,
            settings,
            folder: Some(folder),
        }
    }

    /// Coordinators on one store, each with folders of its own.
    pub fn several<const N: usize>() -> [Self; N] {
        let mut engines = MemoryEngine::shared(N).into_iter();
        std::array::from_fn(|_| {
            let engine = engines.next().unwrap();
            Self::among(Arc::new(engine), |_| {})
        })
    }

    /// A coordinator on a store that others may use.
    pub fn among(engine: Arc<dyn store::Engine>, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut database = database::Settings::recommended();
        database.password.memory_kib = 8;
        let platform = Platform::system();
        let databases = Databases::open(engine, platform.clone(), database).unwrap();
        let path = folder.path();
        let mut settings = Settings::new(path.join("apps"), path.join("tmp"), 2);
        settings.sync_at_start = true;
        change(&mut settings);
        let mut cluster = cluster::Settings::documented(String::new(), String::new());
        cluster.heartbeat = Duration::from_millis(100);
        cluster.poll = Duration::from_millis(20);
        let hints = Arc::new(cluster::NoHints);
        let cluster = Cluster::join(databases.clone(), platform.clone(), cluster, hints).unwrap();
        let (own, all) = (settings.clone(), databases.clone());
        let foxx = Foxx::start_in(cluster, own, all, platform).unwrap();
        Self {
            foxx,
            databases,
            settings,
            folder: Some(folder),
        }
    }

    /// Stops, lets `between` change what is on disk, and starts again on the same store.
    pub fn restart(mut self, between: impl FnOnce(&Self)) -> Self {
        self.foxx.stop();
        between(&self);
        let (settings, databases) = (self.settings.clone(), self.databases.clone());
        let folder = self.folder.take();
        let foxx = Foxx::start(settings.clone(), databases.clone(), Platform::system()).unwrap();
        Self {
            foxx,
            databases,
            settings,
            folder,
        }
    }

    pub fn install(&self, mount: &str, files: &[(&str, &str)]) -> Result<Value, Error> {
        self.foxx.install(&request(mount, files))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, "content-type: application/json\n", body)
    }

    pub fn send(&self, method: &str, url: &str, headers: &str, body: &str) -> Answer {
        self.begin(method, url, headers, body).wait()
    }

    pub fn begin(&self, method: &str, url: &str, headers: &str, body: &str) -> Pending {
        let headers = format!("host: localhost:8529\n{headers}");
        self.begin_with(DB, method, url, &headers, body, |_| {})
    }

    pub fn begin_with(
        &self,
        database: &str,
        method: &str,
        url: &str,
        headers: &str,
        body: &str,
        change: impl FnOnce(&mut ServiceRequest),
    ) -> Pending {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (send, receive) = mpsc::channel();
        let Some(found) = self.foxx.find(database, path) else {
            let headers = String::new();
            let answer = ServiceResponse {
                status: 404,
                headers,
                body: Default::default(),
            };
            send.send(answer).unwrap();
            return Pending(receive);
        };
        let local: SocketAddr = "127.0.0.1:8529".parse().unwrap();
        let mut request = ServiceRequest {
            service: found.service,
            method: method.to_owned(),
            path: found.rest.to_owned(),
            query: query.to_owned(),
            headers: headers.to_owned(),
            body: body.to_owned().into(),
            user: None,
            authorized: false,
            secure: false,
            remote: "127.0.0.1:50000".parse().unwrap(),
            local,
        };
        change(&mut request);
        self.foxx.dispatch(
            request.into(),
            Box::new(move |answer, _| drop(send.send(answer))),
        );
        Pending(receive)
    }
}

pub struct Pending(mpsc::Receiver<ServiceResponse>);

impl Pending {
    pub fn wait(self) -> Answer {
        let response = self.0.recv_timeout(PATIENCE).expect("an answer");
        Answer(response)
    }
}

pub struct Answer(pub ServiceResponse);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.body).into_owned()
    }

    pub fn json(&self) -> Value {
        value::json::parse(&self.0.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.header_pairs();
        pairs
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value.to_owned())
    }

    /// `200 body`
    pub fn line(&self) -> String {
        format!("{} {}", self.status(), self.text())
    }
}

pub fn request(mount: &str, files: &[(&str, &str)]) -> InstallRequest {
    InstallRequest::new(DB, mount, Source::Upload(zip(files).into()))
}

pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A service whose only file is the main file.
pub fn main_only(source: &str) -> Vec<(&'static str, String)> {
    vec![
        ("manifest.json", r#"{"main": "index.js"}"#.to_owned()),
        ("index.js", source.to_owned()),
    ]
}

pub fn json(text: &str) -> Value {
    value::json::parse(text.as_bytes()).unwrap()
}
