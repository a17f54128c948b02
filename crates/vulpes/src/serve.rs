//! Starting and stopping the parts, in order.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use cluster::{Cluster, Hints};
use database::Databases;
use foxx::Foxx;
use http_api::{Log, LogSettings, StartupOption};
use platform::Platform;
use store_postgres::PostgresEngine;
use store_redb::RedbEngine;
use tokio::sync::watch;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::Serve;
use crate::membership;
use crate::report;
use crate::settings::{self, Install, Resolved, Store};
use crate::{expiry, sharing};

/// Runs a server until it is told to stop.
pub(crate) fn run(typed: &Serve, options: Vec<StartupOption>) -> anyhow::Result<()> {
    let platform = Platform::system();
    let log = start_log(typed, &platform)?;
    let resolved = settings::resolve(typed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(resolved.network_threads)
        .thread_name("http")
        .thread_stack_size(foxx::THREAD_STACK_BYTES)
        .on_thread_stop(foxx::leave_thread)
        .max_blocking_threads(resolved.http.requests_max.min(64))
        .build()
        .context("start the network threads")?;
    let surroundings = Surroundings {
        platform,
        log,
        options,
    };
    serve(&runtime, resolved, surroundings)
}

/// What there is before anything is opened.
struct Surroundings {
    platform: Platform,
    log: Arc<Log>,
    options: Vec<StartupOption>,
}

/// Writes the log to the terminal and keeps its end for clients.
fn start_log(typed: &Serve, platform: &Platform) -> anyhow::Result<Arc<Log>> {
    let filter: Targets = typed
        .log
        .parse()
        .with_context(|| format!("read --log {}", typed.log))?;
    let settings = LogSettings {
        lines_max: typed.http.log_lines_max,
        line_bytes_max: typed.http.log_line_bytes_max,
    };
    let (log, filter, recorder) = Log::new(settings, platform.clone(), filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry()
        .with(filter)
        .with(recorder)
        .with(lines)
        .init();
    Ok(log)
}

fn serve(
    runtime: &tokio::runtime::Runtime,
    resolved: Resolved,
    surroundings: Surroundings,
) -> anyhow::Result<()> {
    let platform = surroundings.platform;
    make_private_folder(&resolved.data)?;
    let (engine, hints) = open_store(&resolved.data, resolved.store, &platform)?;
    let databases = Databases::open(engine, platform.clone(), resolved.database)
        .context("open the databases")?;
    check_root(
        &databases,
        &resolved.root_password,
        &resolved.listen,
        resolved.http.authentication,
    )?;
    let secret = read_or_make_secret(&resolved.jwt_secret_file, &platform)?;
    let expiry = expiry::start(&databases, &platform, resolved.expiry)?;
    let estimates = expiry::start_estimates(&databases)?;
    let discarded = expiry::start_discarded(&databases)?;
    let sharing = sharing::start(&databases)?;
    let cluster = join(&databases, &platform, hints)?;
    let started = Foxx::start_in(
        cluster.clone(),
        resolved.foxx,
        databases.clone(),
        platform.clone(),
    );
    let foxx = started.context("start the services")?;
    let clock = Arc::clone(&platform.clock);
    let parts = http_api::Parts {
        databases: databases.clone(),
        foxx: foxx.clone(),
        platform,
        secret,
        secret_source: Some(secret_source(resolved.jwt_secret_file)),
        log: surroundings.log,
        options: surroundings.options,
        membership: membership::of(&cluster, &clock),
    };
    let api = http_api::Api::new(resolved.http, parts);
    let server = runtime
        .block_on(http_api::Server::bind(resolved.listen, Arc::clone(&api)))
        .with_context(|| format!("listen on {}", resolved.listen))?;
    let url = format!("http://{}", server.address()?);
    cluster.set_endpoint(&url);
    let (stop, stopped) = watch::channel(false);
    let serving = runtime.spawn(server.run(stopped));
    report::line(&format!(
        "Vulpes {} listens on {url}",
        env!("CARGO_PKG_VERSION")
    ));
    let installed = install_missing(&foxx, &resolved.installs, &url);
    let outcome = match installed {
        Ok(()) => runtime.block_on(wait_for_end(&api)),
        Err(error) => Err(error),
    };
    tracing::info!("stopping");
    // Only fails when the server has ended by itself.
    let _ = stop.send(true);
    runtime.block_on(serving).context("stop the listener")?;
    foxx.stop();
    cluster.leave();
    drop((sharing, discarded, estimates, expiry));
    databases.close().context("close the store")?;
    outcome
}

/// Shows this server to the others that share its store, if there may be any.
fn join(
    databases: &Databases,
    platform: &Platform,
    hints: Arc<dyn Hints>,
) -> anyhow::Result<Cluster> {
    if !databases.engine().is_shared() {
        return Ok(Cluster::alone(platform.clone()));
    }
    // The endpoint is known once the server listens.
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let settings = cluster::Settings::documented(String::new(), version);
    Cluster::join(databases.clone(), platform.clone(), settings, hints)
        .context("join the other coordinators")
}

/// Opens the store, with a way to tell the others that share it, if there are any.
fn open_store(
    data: &Path,
    store: Store,
    platform: &Platform,
) -> anyhow::Result<(Arc<dyn store::Engine>, Arc<dyn Hints>)> {
    match store {
        Store::Embedded(settings) => {
            let file = data.join("store.redb");
            let engine = RedbEngine::open(&file, settings)
                .with_context(|| format!("open the store in {}", file.display()))?;
            Ok((Arc::new(engine), Arc::new(cluster::NoHints)))
        }
        Store::Postgres(settings) => {
            let engine = PostgresEngine::open(*settings, platform.clone())
                .context("open the store in the database of --store")?;
            let engine = Arc::new(engine);
            let hints = StoreHints(Arc::clone(&engine));
            Ok((engine, Arc::new(hints)))
        }
    }
}

/// The store passes hints on.
struct StoreHints(Arc<PostgresEngine>);

impl Hints for StoreHints {
    fn tell(&self) {
        self.0.tell();
    }

    fn listen(&self, then: Box<dyn Fn() + Send + Sync>) {
        self.0.listen(then);
    }
}

/// Only the owner may look into the folder: it has password hashes and the signing secret.
pub(crate) fn make_private_folder(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("make folder {}", folder.display()))
}

/// Creates root at the first start, and refuses an empty password where others could use it.
fn check_root(
    databases: &Databases,
    password: &str,
    listen: &std::net::SocketAddr,
    authentication: bool,
) -> anyhow::Result<()> {
    let is_loopback = listen.ip().is_loopback();
    if databases.users().find("root")?.is_none() {
        if password.is_empty() && !is_loopback && authentication {
            bail!(
                "user root needs a password when listening on {listen}: \
                 set --root-password or VULPES_ROOT_PASSWORD"
            );
        }
        databases
            .ensure_root(password)
            .context("create user root")?;
    }
    if databases.users().authenticate("root", "")?.is_none() {
        return Ok(());
    }
    if !is_loopback && authentication {
        bail!("user root has an empty password; set one before listening on {listen}");
    }
    tracing::warn!("user root has an empty password; this server listens on loopback only");
    Ok(())
}

/// The secret that signs tokens; made at the first start, readable by the owner only.
fn read_or_make_secret(file: &Path, platform: &Platform) -> anyhow::Result<http_api::Secret> {
    let name = || format!("secret file {}", file.display());
    if !file.exists() {
        let mut bytes = [0; 32];
        platform.random.fill(&mut bytes);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let made = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file);
        let mut made = made.with_context(|| format!("make {}", name()))?;
        made.write_all(text.as_bytes())
            .with_context(|| format!("write {}", name()))?;
    }
    read_secret(file)
}

/// Reads the secret again when a client asks for it.
fn secret_source(file: PathBuf) -> Box<http_api::SecretSource> {
    Box::new(move || read_secret(&file).map_err(|error| format!("{error:#}")))
}

fn read_secret(file: &Path) -> anyhow::Result<http_api::Secret> {
    let name = || format!("secret file {}", file.display());
    let text = fs::read_to_string(file).with_context(|| format!("read {}", name()))?;
    let text = text.trim();
    if text.is_empty() {
        bail!("{} is empty", name());
    }
    Ok(http_api::Secret::new(text))
}

/// Installs what was asked for where the mount is free; says where everything is.
fn install_missing(foxx: &Foxx, installs: &[Install], url: &str) -> anyhow::Result<()> {
    const DATABASE: &str = "_system";
    for install in installs {
        if foxx.find_exactly(DATABASE, &install.mount).is_none() {
            let installed = foxx.install_path(DATABASE, &install.mount, &install.source);
            if is_occupied(&installed) {
                // By another coordinator, or it did not come to life here yet.
                continue;
            }
            installed.with_context(|| format!("install {}", install.source.display()))?;
            tracing::info!(mount = %install.mount, "installed");
        }
    }
    for summary in foxx.list(DATABASE) {
        report::line(&format!("  {url}{}", summary.mount));
    }
    Ok(())
}

fn is_occupied<T>(installed: &foxx::Result<T>) -> bool {
    let code = installed.as_ref().err().map(foxx::Error::code);
    code == Some(error_codes::codes::SERVICE_MOUNTPOINT_CONFLICT)
}

/// Waits for a signal or for a client that asks the server to stop.
async fn wait_for_end(api: &http_api::Api) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = api.stop_asked() => {}
    }
    Ok(())
}
