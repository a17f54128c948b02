//! Connections for reading: made when needed, kept, counted, and waited for within limits.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use platform::Clock;
use store::{Error, ErrorKind, Result};

use crate::failure::closed;
use crate::network::Network;
use crate::server::{Reader, Server};

pub struct Pool {
    server: Arc<Server>,
    network: Arc<Network>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Reader>,
    /// Idle, lent and being made.
    total: usize,
    connecting: usize,
    waiting: usize,
    outage: Option<Outage>,
    closed: bool,
}

/// No connection can be made.
struct Outage {
    since: Duration,
    error: Error,
}

/// A connection on loan. Dropping it gives it back.
pub struct Lease {
    pool: Arc<Pool>,
    reader: Reader,
}

impl Pool {
    pub fn new(server: Arc<Server>, network: Arc<Network>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            server,
            network,
            clock,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// A connection. Blocks. Errors: `Unavailable` if the database is away, `Busy` if all
    /// connections stay in use, `Closed`.
    pub fn lend(self: &Arc<Self>) -> Result<Lease> {
        let settings = &self.server.settings;
        let start = self.clock.monotonic();
        let mut state = self.state.lock();
        loop {
            if let Some(reader) = state.take()? {
                let pool = Arc::clone(self);
                return Ok(Lease { pool, reader });
            }
            let now = self.clock.monotonic();
            let in_use = start + settings.connection_wait;
            let (end, outage) = match &state.outage {
                Some(outage) => {
                    let end = outage.since + settings.outage_wait;
                    (end.min(in_use), Some(outage.error.clone()))
                }
                None => (in_use, None),
            };
            if now >= end {
                return Err(outage.unwrap_or_else(|| self.busy()));
            }
            if state.connecting <= state.waiting && state.total < settings.connections_max {
                state.total += 1;
                state.connecting += 1;
                self.network.spawn(Arc::clone(self).connect());
            }
            state.waiting += 1;
            self.changed.wait_for(&mut state, end - now);
            state.waiting -= 1;
        }
    }

    fn busy(&self) -> Error {
        let settings = &self.server.settings;
        let context = format!(
            "begin a transaction: connections_max is {}, and all were in use for {:?}",
            settings.connections_max, settings.connection_wait
        );
        Error::new(ErrorKind::Busy, context)
    }

    /// Makes one more connection, however long it takes; of many that try in vain, one goes on.
    async fn connect(self: Arc<Self>) {
        let (mut pause, pause_max) = self.server.settings.backoff;
        loop {
            let connected = self.server.connect_reading().await;
            {
                let mut state = self.state.lock();
                if state.closed {
                    return;
                }
                match connected {
                    Ok(reader) => {
                        if state.outage.take().is_some() {
                            tracing::info!("the database is back");
                        }
                        state.connecting -= 1;
                        state.idle.push(Arc::new(reader));
                        self.changed.notify_all();
                        return;
                    }
                    Err(error) => {
                        if state.outage.is_none() {
                            tracing::warn!(?error, "the database cannot be reached");
                        }
                        let now = self.clock.monotonic();
                        let since = state.outage.as_ref().map_or(now, |outage| outage.since);
                        state.outage = Some(Outage { since, error });
                        self.changed.notify_all();
                        if state.connecting > 1 {
                            state.connecting -= 1;
                            state.total -= 1;
                            return;
                        }
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(pause_max);
        }
    }

    fn give_back(&self, reader: &Reader) {
        let mut state = self.state.lock();
        if reader.is_open() && !state.closed {
            state.idle.push(Arc::clone(reader));
        } else {
            state.total -= 1;
        }
        self.changed.notify_one();
    }

    /// Lends no more. What is on loan stays usable.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.idle.clear();
        self.changed.notify_all();
    }
}

impl State {
    fn take(&mut self) -> Result<Option<Reader>> {
        if self.closed {
            return Err(closed());
        }
        while let Some(reader) = self.idle.pop() {
            if reader.is_open() {
                return Ok(Some(reader));
            }
            self.total -= 1;
        }
        Ok(None)
    }
}

impl Lease {
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.give_back(&self.reader);
    }
}
