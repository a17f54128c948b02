//! Something between the engine and the server, that counts and cuts.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use platform::{ThreadSettings, spawn_thread};

use crate::settings::Settings;
use crate::testing::Instance;

/// When to cut the connection that sends a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never sees it.
    Before,
    /// The server has answered, and the answer is lost.
    After,
}

pub struct Proxy {
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
}

struct Shared {
    server: PathBuf,
    /// How often a client sent something and then waited.
    flights: AtomicU64,
    cut: Mutex<Option<Cut>>,
}

/// A client that is silent for so long waits for an answer.
const SILENCE: Duration = Duration::from_millis(40);

fn spawn(body: impl FnOnce() + Send + 'static) {
    let settings = ThreadSettings {
        name: "proxy".to_owned(),
        stack_bytes: None,
    };
    spawn_thread(settings, body).expect("a thread starts");
}

impl Proxy {
    pub fn start(instance: &Instance) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket");
        let shared = Arc::new(Shared {
            server: instance.socket(),
            flights: AtomicU64::new(0),
            cut: Mutex::new(None),
        });
        let serving = Arc::clone(&shared);
        spawn(move || {
            for client in listener.incoming() {
                let (client, serving) = (client.expect("a client"), Arc::clone(&serving));
                spawn(move || serving.pass_on(client));
            }
        });
        Self { folder, shared }
    }

    /// `settings` by way of the proxy.
    pub fn between(&self, settings: Settings) -> Settings {
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        Settings {
            address: format!("postgres://postgres@{host}/postgres"),
            ..settings
        }
    }

    /// Round trips while `body` runs.
    pub fn flights<T>(&self, body: impl FnOnce() -> T) -> (T, u64) {
        let before = self.shared.flights.load(Ordering::SeqCst);
        let result = body();
        (result, self.shared.flights.load(Ordering::SeqCst) - before)
    }

    /// Cuts the connection of the next commit.
    pub fn cut(&self, cut: Cut) {
        *self.shared.cut.lock() = Some(cut);
    }

    /// Whether it happened.
    pub fn has_cut(&self) -> bool {
        self.shared.cut.lock().is_none()
    }
}

impl Shared {
    fn pass_on(&self, mut client: UnixStream) {
        let Ok(mut server) = UnixStream::connect(&self.server) else {
            return;
        };
        let (answers, answered) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        spawn(move || copy(answers, answered));
        while let Some(burst) = read_burst(&mut client) {
            self.flights.fetch_add(1, Ordering::SeqCst);
            let is_commit = burst.windows(7).any(|window| window == b"COMMIT\0");
            let cut = if is_commit {
                self.cut.lock().take()
            } else {
                None
            };
            if cut == Some(Cut::Before) {
                break;
            }
            if cut == Some(Cut::After) {
                // Nobody listens any more, but the server does what it was told.
                drop(client.shutdown(Shutdown::Both));
                drop(server.write_all(&burst));
                drop(server.shutdown(Shutdown::Write));
                drop(server.read_to_end(&mut Vec::new()));
                break;
            }
            if server.write_all(&burst).is_err() {
                break;
            }
        }
        drop(client.shutdown(Shutdown::Both));
        drop(server.shutdown(Shutdown::Both));
    }
}

/// Everything that comes before a silence.
fn read_burst(client: &mut UnixStream) -> Option<Vec<u8>> {
    let mut burst = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    client.set_read_timeout(None).ok()?;
    loop {
        match client.read(&mut buffer) {
            Ok(0) if burst.is_empty() => return None,
            Ok(0) => return Some(burst),
            Ok(count) => burst.extend_from_slice(buffer.get(..count)?),
            // Silence.
            Err(_) if !burst.is_empty() => return Some(burst),
            Err(_) => return None,
        }
        client.set_read_timeout(Some(SILENCE)).ok()?;
    }
}

fn copy(mut from: UnixStream, mut to: UnixStream) {
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Both));
}
