//! Starting and stopping the parts, in order.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use database::Databases;
use foxx::Foxx;
use platform::Platform;
use store_redb::RedbEngine;
use tokio::sync::watch;

use crate::cli::Serve;
use crate::report;
use crate::settings::{self, Install, Resolved};
use crate::{expiry, sharing};

/// Runs a server until it is told to stop.
pub(crate) fn run(typed: &Serve) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&typed.log)
        .with_context(|| format!("read --log {}", typed.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let resolved = settings::resolve(typed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(resolved.network_threads)
        .thread_name("http")
        .max_blocking_threads(resolved.http.requests_max.min(64))
        .build()
        .context("start the network threads")?;
    serve(&runtime, resolved)
}

fn serve(runtime: &tokio::runtime::Runtime, resolved: Resolved) -> anyhow::Result<()> {
    let platform = Platform::system();
    make_private_folder(&resolved.data)?;
    let file = resolved.data.join("store.redb");
    let engine = RedbEngine::open(&file, resolved.store)
        .with_context(|| format!("open the store in {}", file.display()))?;
    let databases = Databases::open(Arc::new(engine), platform.clone(), resolved.database)
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
    let foxx = Foxx::start(resolved.foxx, databases.clone(), platform.clone())
        .context("start the services")?;
    let api = http_api::Api::new(
        resolved.http,
        databases.clone(),
        foxx.clone(),
        platform,
        secret,
    );
    let server = runtime
        .block_on(http_api::Server::bind(resolved.listen, api))
        .with_context(|| format!("listen on {}", resolved.listen))?;
    let url = format!("http://{}", server.address()?);
    let (stop, stopped) = watch::channel(false);
    let serving = runtime.spawn(server.run(stopped));
    report::line(&format!(
        "Vulpes {} listens on {url}",
        env!("CARGO_PKG_VERSION")
    ));
    let installed = install_missing(&foxx, &resolved.installs, &url);
    let outcome = match installed {
        Ok(()) => runtime.block_on(wait_for_signal()),
        Err(error) => Err(error),
    };
    tracing::info!("stopping");
    // Only fails when the server has ended by itself.
    let _ = stop.send(true);
    runtime.block_on(serving).context("stop the listener")?;
    foxx.stop();
    drop((sharing, discarded, estimates, expiry));
    databases.close().context("close the store")?;
    outcome
}

/// Only the owner may look into the folder: it has password hashes and the signing secret.
fn make_private_folder(folder: &Path) -> anyhow::Result<()> {
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
            foxx.install_path(DATABASE, &install.mount, &install.source)
                .with_context(|| format!("install {}", install.source.display()))?;
            tracing::info!(mount = %install.mount, "installed");
        }
    }
    for summary in foxx.list(DATABASE) {
        report::line(&format!("  {url}{}", summary.mount));
    }
    Ok(())
}

async fn wait_for_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
