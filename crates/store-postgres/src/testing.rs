//! A database server of their own for tests: in a temporary folder, reached by a Unix socket.
//!
//! It syncs as one in production does. It ends with the process that started it, however that
//! ends: a shell waits for the end of a pipe.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use platform::Platform;
use store::{Engine, Error, ErrorKind, Result};

use crate::engine::PostgresEngine;
use crate::settings::Settings;

/// A running server.
pub struct Instance {
    /// Removed by who ends the server.
    folder: PathBuf,
    programs: PathBuf,
    /// Who runs it, where this process may not.
    user: Option<(u32, u32)>,
    /// `None` only while it is dropped.
    guard: Option<Child>,
}

impl Instance {
    /// The one of this process, started when it is first asked for.
    ///
    /// # Panics
    /// If it cannot be started: tests cannot go on.
    pub fn of_this_process() -> &'static Self {
        static INSTANCE: OnceLock<Instance> = OnceLock::new();
        INSTANCE.get_or_init(|| Self::start().expect("PostgreSQL is installed and starts"))
    }

    /// Starts one. Errors: `Io`.
    pub fn start() -> Result<Self> {
        let programs = find_programs().ok_or_else(|| {
            let text = "start a database server: PostgreSQL is not installed (package postgresql)";
            Error::new(ErrorKind::Io, text)
        })?;
        let folder = tempfile::tempdir().map_err(failed)?.keep();
        let user = find_user()?;
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).map_err(failed)?;
        }
        let mut instance = Self {
            folder,
            programs,
            user,
            guard: None,
        };
        instance.run(
            "initdb",
            &["-D", "data", "-U", "postgres", "-A", "trust", "-N"],
        )?;
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             shared_buffers = 64MB\nmax_wal_size = 256MB\n",
            instance.folder.display()
        );
        fs::write(instance.data().join("postgresql.auto.conf"), settings).map_err(failed)?;
        instance.launch()?;
        instance.guard = Some(instance.watch().map_err(failed)?);
        Ok(instance)
    }

    /// Starts the server after [`Self::stop`]. Errors: `Io`.
    pub fn launch(&self) -> Result<()> {
        self.run("pg_ctl", &["start", "-w", "-D", "data", "-l", "log"])
    }

    /// Stops the server at once, as a crash would. Errors: `Io`.
    pub fn stop(&self) -> Result<()> {
        self.run("pg_ctl", &["stop", "-w", "-D", "data", "-m", "immediate"])
    }

    /// What `psql` prints for some SQL. Errors: `Io`.
    pub fn query(&self, sql: &str) -> Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-h",
            ])
            .arg(&self.folder)
            .args(["-c", sql, "postgres"])
            .output()
            .map_err(failed)?;
        if !output.status.success() {
            let text = format!("run psql: {}", String::from_utf8_lossy(&output.stderr));
            return Err(Error::new(ErrorKind::Io, text));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        // What it starts must not hold a pipe open for which somebody waits.
        let messages = fs::File::create(self.folder.join(format!("{program}.err")));
        command.stderr(messages.map_err(failed)?);
        let status = command.status().map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let read = |name: &str| fs::read_to_string(self.folder.join(name));
        let messages = read(&format!("{program}.err")).unwrap_or_default();
        let text = format!(
            "run {program}: {messages}{}",
            read("log").unwrap_or_default()
        );
        Err(Error::new(ErrorKind::Io, text))
    }

    /// Ends the server when the pipe to it ends.
    fn watch(&self) -> io::Result<Child> {
        const END: &str = "cat > /dev/null
            server=$(head -n 1 data/postmaster.pid) && kill -QUIT $server
            while kill -0 $server; do sleep 0.1; done
            rm -rf \"$1\"";
        Command::new("sh")
            .args(["-c", END, "sh"])
            .arg(&self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
    }

    /// Where it is, for programs.
    pub fn address(&self) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/postgres")
    }

    /// Its socket, for who stands between it and its clients.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Settings for an empty store that nobody else has.
    pub fn fresh(&self) -> Settings {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Settings {
            schema: format!("fresh_{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            connections_max: 12,
            ..Settings::new(self.address())
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            drop(guard.wait());
        }
    }
}

/// An engine on an empty store in this process's own server.
///
/// # Panics
/// As [`Instance::of_this_process`], and if the store cannot be opened.
pub fn open_fresh() -> PostgresEngine {
    let settings = Instance::of_this_process().fresh();
    PostgresEngine::open(settings, Platform::system()).expect("a fresh store opens")
}

/// Several engines on one empty store, as processes that share it have them.
///
/// # Panics
/// As [`open_fresh`].
pub fn open_fresh_shared(count: usize) -> Vec<PostgresEngine> {
    let settings = Instance::of_this_process().fresh();
    let open = |_| PostgresEngine::open(settings.clone(), Platform::system());
    (0..count)
        .map(|nth| open(nth).expect("a fresh store opens"))
        .collect()
}

/// Whether `VULPES_TEST_STORE` names a store for the tests, one that processes share.
pub fn is_wanted() -> bool {
    std::env::var_os("VULPES_TEST_STORE").is_some_and(|store| !store.is_empty())
}

/// An engine on an empty store of the kind that `VULPES_TEST_STORE` names, so that the same tests
/// run on another store; `None` if it names none.
///
/// # Panics
/// As [`open_fresh`], and if it names something unknown.
pub fn open_wanted() -> Option<Arc<dyn Engine>> {
    let wanted = std::env::var("VULPES_TEST_STORE").unwrap_or_default();
    match wanted.as_str() {
        "" => None,
        "postgres" => Some(Arc::new(open_fresh())),
        other => panic!("VULPES_TEST_STORE is {other}, not postgres"),
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, "start a database server").with_source(error)
}

/// The newest that is installed where Debian has it, or the one that `PATH` has.
fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let is_complete = |folder: &Path| folder.join("initdb").exists();
    let mut installed: Vec<PathBuf> = folders.filter(|folder| is_complete(folder)).collect();
    installed.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = || std::env::split_paths(&path).find(|folder| is_complete(folder));
    installed.pop().or_else(in_path)
}

/// The user `postgres`, if this process is the superuser: the server refuses to run as that.
fn find_user() -> Result<Option<(u32, u32)>> {
    let own = fs::metadata("/proc/self").map_err(failed)?;
    if std::os::unix::fs::MetadataExt::uid(&own) != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(failed)?;
    let user = users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            ["postgres", _, user, group, ..] => Some((user.parse().ok()?, group.parse().ok()?)),
            _ => None,
        }
    });
    user.map(Some).ok_or_else(|| {
        let text = "start a database server: there is no user postgres to run it";
        Error::new(ErrorKind::Io, text)
    })
}
