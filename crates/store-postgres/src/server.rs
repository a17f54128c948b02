//! Where the database is and how to connect to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Error, ErrorKind, Result};
use tokio::task::AbortHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Socket, Statement};

use crate::failure;
use crate::settings::Settings;
use crate::sql::{CHECK_TYPES, Sql};
use crate::tls::{self, Connector, Verify};
use crate::wait::start;

/// The database server.
pub struct Server {
    config: Config,
    tls: Connector,
    pub settings: Settings,
    pub sql: Sql,
}

/// A connection with what it was prepared for.
pub struct Connection<P> {
    pub client: Client,
    pub prepared: P,
    task: AbortHandle,
    abandoned: AtomicBool,
}

/// Statements for reading.
pub struct Reading {
    pub position: Statement,
    pub get: Statement,
    pub get_many: Statement,
    pub scan: [Statement; 2],
    pub scan_keys: [Statement; 2],
}

/// Statements for commits.
pub struct Committing {
    pub lock: Statement,
    pub check: Statement,
    pub clear: Statement,
    pub remember_cleared: Statement,
    pub delete: Statement,
    pub remember_deleted: Statement,
    pub put: Statement,
    pub add: Statement,
}

/// What moves the bytes of a connection.
pub type Driven = tokio_postgres::Connection<Socket, <Connector as MakeTlsConnect<Socket>>::Stream>;

type Answer<T> = std::result::Result<T, tokio_postgres::Error>;

impl Server {
    /// Errors: `InvalidArgument`.
    pub fn new(settings: Settings) -> Result<Self> {
        let schema = &settings.schema;
        let first = schema.chars().next();
        let fine = first.is_some_and(|first| first.is_ascii_lowercase() || first == '_')
            && schema.len() <= 63
            && (schema.chars())
                .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_');
        if !fine {
            let context = format!(
                "use schema {schema}: it must be a small letter followed by small letters, digits \
                 and underscores, 63 at most"
            );
            return Err(Error::new(ErrorKind::InvalidArgument, context));
        }
        let (config, tls) = parse_address(&settings)?;
        Ok(Self {
            config,
            tls,
            sql: Sql::new(schema),
            settings,
        })
    }

    /// A connection that its caller must drive. Errors: `Unavailable`, `Io`.
    pub async fn connect_raw(&self) -> Result<(Client, Driven)> {
        let connecting = self.config.connect(self.tls.clone());
        let connected = tokio::time::timeout(self.settings.connect_timeout, connecting).await;
        let Ok(connected) = connected else {
            let context = format!(
                "connect to the database: no answer within connect_timeout, which is {:?}",
                self.settings.connect_timeout
            );
            return Err(Error::new(ErrorKind::Unavailable, context));
        };
        connected.map_err(|error| failure::error("connect to the database", error))
    }

    /// A connection. Errors: `Unavailable`, `Io`.
    pub async fn connect(&self) -> Result<(Client, AbortHandle)> {
        let (client, connection) = self.connect_raw().await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        let task = task.abort_handle();
        if let Err(error) = self.set_up(&client).await {
            task.abort();
            return Err(failure::error("set up a connection", error));
        }
        Ok((client, task))
    }

    /// What every connection is told first.
    async fn set_up(&self, client: &Client) -> Answer<()> {
        /// Other databases may not know these. The planner must not fall back on reading whole
        /// tables while it has not looked at a table that grows.
        const WISHES: &[&str] = &[
            "SET jit = off",
            "SET enable_seqscan = off",
            "SET enable_hashjoin = off",
            "SET enable_mergejoin = off",
            "SET max_parallel_workers_per_gather = 0",
            "SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') = 'off'",
        ];
        let timeout = self.settings.statement_timeout.as_millis();
        let needed = format!("SET statement_timeout = {timeout}");
        let needed = start(client.batch_execute(&needed));
        let wishes: Vec<_> = (WISHES.iter())
            .map(|wish| start(client.batch_execute(wish)))
            .collect();
        needed.await?;
        for wish in wishes {
            drop(wish.await);
        }
        Ok(())
    }

    /// A connection for reading. Errors: as [`Self::connect`].
    pub async fn connect_reading(&self) -> Result<Connection<Reading>> {
        let (client, task) = self.connect().await?;
        let prepared = self.prepare_reading(&client).await;
        Connection::new(client, task, prepared)
    }

    async fn prepare_reading(&self, client: &Client) -> Answer<Reading> {
        let sql = &self.sql;
        let prepare = |text| start(client.prepare(text));
        let position = prepare(&sql.position);
        let get = prepare(&sql.get);
        let get_many = prepare(&sql.get_many);
        let scan = sql.scan.each_ref().map(|text| prepare(text));
        let scan_keys = sql.scan_keys.each_ref().map(|text| prepare(text));
        let [forward, reverse] = scan;
        let [keys_forward, keys_reverse] = scan_keys;
        Ok(Reading {
            position: position.await?,
            get: get.await?,
            get_many: get_many.await?,
            scan: [forward.await?, reverse.await?],
            scan_keys: [keys_forward.await?, keys_reverse.await?],
        })
    }

    /// A connection for commits. Errors: as [`Self::connect`].
    pub async fn connect_committing(&self) -> Result<Connection<Committing>> {
        let (client, task) = self.connect().await?;
        let prepared = self.prepare_committing(&client).await;
        Connection::new(client, task, prepared)
    }

    async fn prepare_committing(&self, client: &Client) -> Answer<Committing> {
        // A process that is stopped in the middle of a commit holds the lock of all others.
        let timeout = self.settings.statement_timeout.as_millis();
        let idle = format!("SET idle_in_transaction_session_timeout = {timeout}");
        let idle = start(client.batch_execute(&idle));
        let sql = &self.sql;
        let prepare = |text| start(client.prepare(text));
        let lock = prepare(&sql.lock);
        let check = start(client.prepare_typed(&sql.check, CHECK_TYPES));
        let clear = prepare(&sql.clear);
        let remember_cleared = prepare(&sql.remember_cleared);
        let delete = prepare(&sql.delete);
        let remember_deleted = prepare(&sql.remember_deleted);
        let put = prepare(&sql.put);
        let add = prepare(&sql.add);
        drop(idle.await);
        Ok(Committing {
            lock: lock.await?,
            check: check.await?,
            clear: clear.await?,
            remember_cleared: remember_cleared.await?,
            delete: delete.await?,
            remember_deleted: remember_deleted.await?,
            put: put.await?,
            add: add.await?,
        })
    }
}

impl<P> Connection<P> {
    fn new(client: Client, task: AbortHandle, prepared: Answer<P>) -> Result<Self> {
        match prepared {
            Ok(prepared) => Ok(Self {
                client,
                prepared,
                task,
                abandoned: AtomicBool::new(false),
            }),
            Err(error) => {
                task.abort();
                Err(failure::error("prepare statements", error))
            }
        }
    }

    /// Whether it was neither closed nor given up.
    pub fn is_open(&self) -> bool {
        !self.client.is_closed() && !self.abandoned.load(Ordering::Acquire)
    }

    /// Ends it at once, whatever is under way on it.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        self.task.abort();
    }
}

/// The driver's settings and TLS. Takes out of the address what the driver does not know.
fn parse_address(settings: &Settings) -> Result<(Config, Connector)> {
    let (rest, mode, roots) = split_tls(&settings.address);
    let invalid = |text: String| Error::new(ErrorKind::InvalidArgument, text);
    // Its own text does not show the address, which may have a password.
    let mut config: Config = rest
        .parse()
        .map_err(|error| invalid(format!("read the address of the database: {error}")))?;
    let roots = roots.map(PathBuf::from);
    let (ssl, verify) = match mode.as_deref() {
        Some("disable") => (SslMode::Disable, Verify::Nothing),
        None | Some("prefer") => (SslMode::Prefer, Verify::Nothing),
        Some("require") if roots.is_none() => (SslMode::Require, Verify::Nothing),
        Some("require" | "verify-ca") => (SslMode::Require, Verify::Authority),
        Some("verify-full") => (SslMode::Require, Verify::AuthorityAndName),
        Some(other) => {
            return Err(invalid(format!(
                "use sslmode {other}: it is disable, prefer, require, verify-ca or verify-full"
            )));
        }
    };
    // Nobody can listen in on a socket of this machine; `libpq` does not encrypt there either.
    let is_local = |host: &Host| matches!(host, Host::Unix(_));
    config.ssl_mode(match config.get_hosts().iter().all(is_local) {
        true => SslMode::Disable,
        false => ssl,
    });
    if config.get_application_name().is_none() {
        config.application_name("vulpes");
    }
    config.tcp_user_timeout(settings.statement_timeout);
    Ok((config, tls::connector(verify, roots.as_deref())?))
}

/// The address without `sslmode` and `sslrootcert`, and these.
fn split_tls(address: &str) -> (String, Option<String>, Option<String>) {
    let (mut mode, mut roots) = (None, None);
    let mut keep = |part: &&str| match part.split_once('=') {
        Some(("sslmode", value)) => {
            mode = Some(value.to_owned());
            false
        }
        Some(("sslrootcert", value)) => {
            roots = Some(value.to_owned());
            false
        }
        _ => true,
    };
    let rest = if address.contains("://") {
        match address.split_once('?') {
            Some((head, query)) => {
                let kept: Vec<&str> = query.split('&').filter(&mut keep).collect();
                format!("{head}?{}", kept.join("&"))
            }
            None => address.to_owned(),
        }
    } else {
        let kept: Vec<&str> = address.split_whitespace().filter(&mut keep).collect();
        kept.join(" ")
    };
    (rest.trim_end_matches('?').to_owned(), mode, roots)
}

/// Shared by whoever reads.
pub type Reader = Arc<Connection<Reading>>;
