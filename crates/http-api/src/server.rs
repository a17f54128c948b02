//! The listener: connections, their limits, and a stop that lets requests finish.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::edge::{self, Ends};
use crate::state::Api;
use crate::stream::{Busy, PatientStream};

/// How long a connection may idle between requests.
/// Source: public documentation, "HTTP interface / keep-alive".
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(300);

/// How often expired cursors are closed.
const HOUSEKEEPING_PERIOD: std::time::Duration = std::time::Duration::from_secs(1);

/// How long accepting rests after a failure, so that an exhausted server does not spin.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// A bound listener that does not answer yet.
pub struct Server {
    listener: TcpListener,
    api: Arc<Api>,
}

impl Server {
    /// Binds the address; port 0 picks a free one.
    ///
    /// # Errors
    /// The operating system's, such as an address that is in use.
    pub async fn bind(address: SocketAddr, api: Arc<Api>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        api.set_address(listener.local_addr()?);
        Ok(Self { listener, api })
    }

    /// The address that clients reach.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until `stop` turns true; then no connection is accepted any more,
    /// requests in flight finish, and what is left after the time limit is cut off.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        self.api.lanes.open(&tokio::runtime::Handle::current());
        let connections = Arc::new(Semaphore::new(self.api.settings.connections_max));
        let graceful = GracefulShutdown::new();
        let mut running = JoinSet::new();
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING_PERIOD);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = housekeeping.tick() => {
                    let api = Arc::clone(&self.api);
                    // What is given up may be large. Nobody waits for it.
                    tokio::task::spawn_blocking(move || api.sweep());
                    continue;
                }
                Some(_) = running.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, or a client that hung up: the next one may do.
                    tracing::warn!(%error, "accept connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(permit) = connections.clone().try_acquire_owned() else {
                tracing::warn!(
                    limit = self.api.settings.connections_max,
                    "too many connections"
                );
                continue;
            };
            let Some(connection) = serve(stream, peer, self.api.clone()) else {
                continue;
            };
            let connection = graceful.watch(connection);
            let connected = self.api.meters.connected();
            running.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%peer, %error, "connection ended");
                }
                drop((permit, connected));
            });
        }
        drop(self.listener);
        if tokio::time::timeout(self.api.settings.stop_timeout, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were still running at the end of the stop time");
        }
        // Cuts off what is left.
        drop(running);
        self.api.lanes.close();
    }
}

/// What requests of a connection have in common.
struct Client {
    api: Arc<Api>,
    ends: Ends,
}

fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    api: Arc<Api>,
) -> Option<impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error>> {
    let local = stream.local_addr().ok()?;
    // Answers are small and whole; waiting for more would only delay them.
    stream.set_nodelay(true).ok()?;
    let settings = &api.settings;
    let busy = Busy::default();
    let stream = PatientStream::new(
        stream,
        busy.clone(),
        settings.head_timeout,
        settings.stall_timeout,
    );
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE.max(settings.head_timeout))
        .max_buf_size(settings.header_bytes_max.max(8192))
        .half_close(true);
    let ends = Ends {
        peer,
        local,
        line: stream.line(),
    };
    // What all connections share is not counted for each request: threads would wait for it.
    let client = Arc::new(Client { api, ends });
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (client, busy) = (Arc::clone(&client), busy.begin());
        async move {
            let Client { api, ends } = &*client;
            let response = edge::answer(api, request, ends.clone()).await;
            drop(busy);
            Ok::<_, Infallible>(response)
        }
    });
    Some(builder.serve_connection(TokioIo::new(stream), service))
}
