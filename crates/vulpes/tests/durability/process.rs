//! A server process and requests to it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

/// Whatever a test waits for has long come by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub fn vulpes() -> Command {
    Command::new(env!("CARGO_BIN_EXE_vulpes"))
}

/// What `vulpes verify` says about a folder.
pub fn verify(data: &Path) -> Output {
    let mut command = vulpes();
    command.arg("verify").arg("--data").arg(data);
    command.output().expect("the program runs")
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Server {
    /// Starts a server that asks for no login on the folder `data` inside of `folder`.
    pub fn start(folder: &Path) -> Result<Self, String> {
        Self::start_with(folder, &[])
    }

    /// The same with further flags.
    pub fn start_with(folder: &Path, flags: &[&str]) -> Result<Self, String> {
        let log = folder.join("log.txt");
        let errors = File::create(&log).expect("the folder is there");
        // A limit of the size of files is to be an error, not the end.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_vulpes"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--server.authentication", "false", "--workers", "2"])
            .args(["--log", "warn", "--store-cache", "8"])
            .args(flags)
            .arg("--data")
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the program runs");
        let output = child.stdout.take().expect("it is piped");
        // Ends when the server does, so this cannot wait for ever.
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let url = lines.find_map(|line| Some(line.split_once("listens on ")?.1.to_owned()));
        let mut server = Self {
            child,
            url: String::new(),
            log,
        };
        match url {
            Some(url) => server.url = url,
            None => return Err(format!("the server did not start: {}", server.log())),
        }
        Ok(server)
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Lets no file of it grow beyond so many bytes; `None` for no limit.
    pub fn limit_files(&self, bytes_max: Option<u64>) {
        let limit = Rlimit {
            current: bytes_max,
            maximum: None,
        };
        let pid = Pid::from_child(&self.child);
        prlimit(Some(pid), Resource::Fsize, limit).expect("the limit of an own process");
    }

    /// Ends it as a power switch would, as far as processes go (`SIGKILL`).
    pub fn kill(&mut self) {
        // Fails only if it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// A client with a connection of its own.
    pub fn client(&self) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE));
        Client {
            agent: config.build().into(),
            url: self.url.clone(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends requests one after the other.
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

impl Client {
    /// Status and body of the answer; an error if there was none.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value), String> {
        let json = ("content-type", "application/json");
        self.send_with(method, path, &[json], body.to_string())
    }

    /// The same with other headers and any body.
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<(u16, Value), String> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|error| error.to_string())?;
        let answer = self.agent.run(request).map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// The body of an answer that must be a success.
    pub fn must(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let (status, answer) = self.send(method, path, body)?;
        if status < 300 {
            return Ok(answer);
        }
        Err(format!("{method} {path} {body}: {status} {answer}"))
    }

    /// All rows of a query.
    pub fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let body = json!({"query": query, "batchSize": 1_000_000});
        let answer = self.must("POST", "/_api/cursor", &body)?;
        let rows = answer.get("result").and_then(Value::as_array);
        rows.cloned().ok_or_else(|| format!("{query}: {answer}"))
    }
}
