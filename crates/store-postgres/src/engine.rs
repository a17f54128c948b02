//! The engine: its parts and their lifecycle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use parking_lot::Mutex;
use platform::Platform;
use store::{
    BeginOptions, Engine, Error, ErrorKind, Limits, Result, Seen, Statistics, Txn, WhenDurable,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::committer::{Committer, Waiting};
use crate::failure::closed;
use crate::group::Request;
use crate::hints::{self, Hints, Listener};
use crate::network::Network;
use crate::pool::Pool;
use crate::schema;
use crate::server::Server;
use crate::settings::Settings;
use crate::sweep;
use crate::txn::PostgresTxn;
use crate::wait::wait;

/// An ordered keyspace in a database, shared with every other engine on the same schema.
///
/// When the database goes away, whoever needs it waits for a while and then fails with
/// `Unavailable`; a transaction that was open then is over. A commit that was under way is looked
/// up when the database is back. [`Engine::close`] (or dropping the engine) finishes the commits
/// that wait and ends all connections: transactions that are still open can read no further.
pub struct PostgresEngine {
    shared: Arc<Shared>,
    committed: Mutex<Option<oneshot::Receiver<()>>>,
    hints: Arc<Hints>,
}

/// What the engine, its transactions and its tasks share.
pub struct Shared {
    pub server: Arc<Server>,
    pub network: Arc<Network>,
    pub pool: Arc<Pool>,
    pub platform: Platform,
    pub counters: Counters,
    requests: Mutex<Option<UnboundedSender<Waiting>>>,
    closed: AtomicBool,
}

#[derive(Default)]
pub struct Counters {
    transactions_committed: AtomicU64,
    transactions_conflicted: AtomicU64,
    engine_commits: AtomicU64,
}

impl Counters {
    /// So many were committed at once.
    pub fn committed(&self, writing: usize) {
        if writing > 0 {
            let counter = &self.transactions_committed;
            counter.fetch_add(writing as u64, Ordering::Relaxed);
            self.engine_commits.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn refused(&self, error: &Error) {
        if error.kind() == ErrorKind::Conflict {
            self.transactions_conflicted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl PostgresEngine {
    /// Connects, and makes the tables if they are not there.
    ///
    /// Errors: `InvalidArgument` for settings that make no sense, `Unavailable` if the database
    /// cannot be reached, `Incompatible` if its tables are of a format that this program does not
    /// know, `Io`.
    pub fn open(settings: Settings, platform: Platform) -> Result<Self> {
        let server = Arc::new(Server::new(settings)?);
        let network = Arc::new(Network::start()?);
        let opened = Self::open_on(Arc::clone(&server), Arc::clone(&network), platform);
        if opened.is_err() {
            network.stop();
        }
        opened
    }

    fn open_on(server: Arc<Server>, network: Arc<Network>, platform: Platform) -> Result<Self> {
        prepare(&server, &network, &platform)?;
        let (requests, asked) = unbounded_channel();
        let clock = Arc::clone(&platform.clock);
        let shared = Arc::new(Shared {
            pool: Pool::new(Arc::clone(&server), Arc::clone(&network), clock),
            server,
            network,
            platform,
            counters: Counters::default(),
            requests: Mutex::new(Some(requests)),
            closed: AtomicBool::new(false),
        });
        let (done, committed) = oneshot::channel();
        let committer = Committer::new(Arc::clone(&shared), asked);
        shared.network.spawn(async move {
            committer.run().await;
            drop(done);
        });
        let period = shared.server.settings.sweep_period;
        let sweeper = sweep::run(Arc::downgrade(&shared), period);
        shared.network.spawn(sweeper);
        let hints = Arc::new(Hints::default());
        let server = Arc::clone(&shared.server);
        let talker = hints::run(Arc::downgrade(&shared), Arc::clone(&hints), server);
        shared.network.spawn(talker);
        Ok(Self {
            shared,
            hints,
            committed: Mutex::new(Some(committed)),
        })
    }

    /// Tells every process on the store that something changed, this one too. Does not block, and
    /// promises nothing.
    pub fn tell(&self) {
        self.hints.tell();
    }

    /// Has `then` called when some process told, and when that may have been missed. For as long
    /// as the engine is open.
    pub fn listen(&self, then: Listener) {
        self.hints.listen(then);
    }

    /// Forgets what no transaction can need any more, as happens now and then by itself. Errors:
    /// `Unavailable`, `Io`.
    pub fn sweep(&self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let (send, swept) = sync_channel(1);
        self.shared.network.spawn(async move {
            drop(send.send(sweep::sweep(&shared).await));
        });
        swept.recv().unwrap_or_else(|_| Err(closed()))
    }
}

/// Makes the tables.
fn prepare(server: &Arc<Server>, network: &Network, platform: &Platform) -> Result<()> {
    let (send, mut prepared) = oneshot::channel();
    let preparing = Arc::clone(server);
    network.spawn(async move {
        let prepare = async {
            let (client, task) = preparing.connect().await?;
            let prepared = schema::prepare(&client, &preparing.settings.schema).await;
            task.abort();
            prepared
        };
        drop(send.send(prepare.await));
    });
    let settings = &server.settings;
    let time_max = settings.connect_timeout + settings.statement_timeout.mul_f64(4.0);
    match wait(platform.clock.as_ref(), time_max, &mut prepared) {
        Some(Ok(prepared)) => prepared,
        Some(Err(_)) => Err(closed()),
        None => {
            let text = format!("open the store: no answer from the database within {time_max:?}");
            Err(Error::new(ErrorKind::Unavailable, text))
        }
    }
}

impl Shared {
    /// Commits, and returns the number of the commit. Errors: as `Txn::commit`.
    pub fn commit(&self, request: Request) -> Result<u64> {
        let (answer, answered) = sync_channel(1);
        let waiting = Waiting {
            request,
            answer,
            asked: self.platform.clock.monotonic(),
        };
        match &*self.requests.lock() {
            Some(requests) if requests.send(waiting).is_ok() => {}
            _ => return Err(closed()),
        }
        // The committer gives up by itself when it has waited for too long.
        answered.recv().unwrap_or_else(|_| Err(closed()))
    }

    pub fn random_bytes(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        self.platform.random.fill(&mut bytes);
        bytes
    }

    fn check_open(&self) -> Result<()> {
        match self.closed.load(Ordering::Acquire) {
            true => Err(closed()),
            false => Ok(()),
        }
    }
}

impl Engine for PostgresEngine {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn limits(&self) -> &Limits {
        &self.shared.server.settings.limits
    }

    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>> {
        let (txn, _) = self.begin_reading(options, &[])?;
        Ok(txn)
    }

    fn begin_reading(&self, options: BeginOptions, keys: &[&[u8]]) -> Result<store::Begun> {
        self.shared.check_open()?;
        self.limits().check_get(keys)?;
        let (txn, values) = PostgresTxn::begin(&self.shared, options.read_only, keys)?;
        Ok((Box::new(txn), values))
    }

    fn is_shared(&self) -> bool {
        true
    }

    /// A commit is durable when it returns.
    fn when_durable(&self, _: Seen, then: WhenDurable) {
        then(Ok(()));
    }

    fn health(&self) -> Result<()> {
        self.shared.check_open()
    }

    fn statistics(&self) -> Statistics {
        let counters = &self.shared.counters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut statistics = Statistics::default();
        statistics.transactions_committed = load(&counters.transactions_committed);
        statistics.transactions_conflicted = load(&counters.transactions_conflicted);
        statistics.engine_commits = load(&counters.engine_commits);
        statistics
    }

    fn close(&self) -> Result<()> {
        self.shared.closed.store(true, Ordering::Release);
        drop(self.shared.requests.lock().take());
        // Held while waiting, so that a second call waits until the engine has stopped.
        let mut committed = self.committed.lock();
        let Some(mut committed) = committed.take() else {
            return Ok(());
        };
        let settings = &self.shared.server.settings;
        let time_max = settings.outcome_wait + settings.statement_timeout.mul_f64(2.0);
        let clock = self.shared.platform.clock.as_ref();
        let waited = wait(clock, time_max, &mut committed);
        self.shared.pool.close();
        self.shared.network.stop();
        match waited {
            Some(_) => Ok(()),
            None => Err(Error::new(
                ErrorKind::Io,
                "close the store while the outcome of commits is not known",
            )),
        }
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(error = ?error, "the store was not closed in order");
        }
    }
}
