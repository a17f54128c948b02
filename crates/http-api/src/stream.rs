//! A connection on which the client may not stall for ever, and which tells when it hung up.
//!
//! Three waits depend on the client: for the rest of a request's head once it has begun, for
//! room to write an answer, and for the body. The first two are limited here, the body where it
//! is read. Between requests a connection may idle for the keep-alive time of the HTTP library.
//!
//! While a request is answered the HTTP library does not read, so that clients may end their
//! sending side early. Who waits for others on behalf of a client asks [`Line`] instead.

use std::future::{Future, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Whether a request is being answered on a connection; shared with the request handler.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<AtomicBool>);

impl Busy {
    /// Marks the head as read; the returned guard marks the answer as made.
    pub(crate) fn begin(&self) -> BusyGuard {
        self.0.store(true, Ordering::Relaxed);
        BusyGuard(self.clone())
    }
}

/// Marks the connection as free when dropped.
pub(crate) struct BusyGuard(Busy);

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

/// A connection as its requests see it. All of them run in the connection's own task, so the
/// lock is never waited for.
#[derive(Clone)]
pub(crate) struct Line(Arc<Mutex<TcpStream>>);

impl Line {
    /// Waits until the client has ended its sending side or is gone. TCP does not tell the two
    /// apart before something is sent. A client that has sent its next request already is not
    /// looked at any further: it never ends the wait.
    pub(crate) async fn hung_up(&self) {
        poll_fn(|cx| {
            let mut byte = [MaybeUninit::uninit()];
            let mut seen = ReadBuf::uninit(&mut byte);
            match self.0.lock().poll_peek(cx, &mut seen) {
                Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(()),
                Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
            }
        })
        .await;
    }
}

/// A TCP stream with limits on how long the client may make us wait.
pub(crate) struct PatientStream {
    stream: Line,
    busy: Busy,
    head: Patience,
    write: Patience,
    linger: Patience,
}

/// How long a closed connection waits for its client to have read the answer.
const LINGER: Duration = Duration::from_secs(1);

impl PatientStream {
    /// Wraps a stream: `head` limits an unfinished head, `stall` a write without progress.
    pub(crate) fn new(stream: TcpStream, busy: Busy, head: Duration, stall: Duration) -> Self {
        Self {
            stream: Line(Arc::new(Mutex::new(stream))),
            busy,
            head: Patience::new(head),
            write: Patience::new(stall),
            linger: Patience::new(LINGER),
        }
    }

    /// The connection, for its requests.
    pub(crate) fn line(&self) -> Line {
        self.stream.clone()
    }
}

/// One kind of wait and its timer, which exists only once there was something to wait for.
struct Patience {
    limit: Duration,
    waiting: bool,
    /// Whether the timer runs for this wait.
    timed: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            waiting: false,
            timed: false,
            timer: None,
        }
    }

    fn end(&mut self) {
        self.waiting = false;
    }

    fn begin(&mut self) {
        if !std::mem::replace(&mut self.waiting, true) {
            self.timed = false;
        }
    }

    /// Starts the timer. That waits for the first look at it: most waits are over before.
    fn time(&mut self) {
        if std::mem::replace(&mut self.timed, true) {
            return;
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(Instant::now() + self.limit),
            None => self.timer = Some(Box::pin(sleep(self.limit))),
        }
    }

    /// Fails when the wait that [`Self::begin`] began has lasted too long since the first check.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.waiting {
            return Ok(());
        }
        self.time();
        match self.timer.as_mut().map(|timer| timer.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }

    fn watch<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.end();
            return poll;
        }
        self.begin();
        match self.check(cx) {
            Err(error) => Poll::Ready(Err(error)),
            Ok(()) => Poll::Pending,
        }
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut *self.stream.0.lock()).poll_read(cx, buf);
        if self.busy.0.load(Ordering::Relaxed) {
            self.head.end();
        } else if poll.is_ready() && buf.filled().len() > before {
            self.head.begin();
        } else if poll.is_pending() {
            self.head.check(cx)?;
        }
        poll
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Whatever is written answers a head that was complete.
        self.head.end();
        let poll = Pin::new(&mut *self.stream.0.lock()).poll_write(cx, bytes);
        self.write.watch(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.head.end();
        let poll = Pin::new(&mut *self.stream.0.lock()).poll_write_vectored(cx, parts);
        self.write.watch(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.0.lock().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut *self.stream.0.lock()).poll_flush(cx);
        self.write.watch(poll, cx)
    }

    /// Ends our side, then waits a while for the client to end its own: closing a connection
    /// on which something was not read takes the answer away that the client did not read yet.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.linger.waiting {
            ready!(Pin::new(&mut *this.stream.0.lock()).poll_shutdown(cx))?;
            this.linger.begin();
        }
        let mut space = [MaybeUninit::uninit(); 4096];
        loop {
            let mut buf = ReadBuf::uninit(&mut space);
            let poll = Pin::new(&mut *this.stream.0.lock()).poll_read(cx, &mut buf);
            match poll {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    // Data must not keep it open any longer than silence does.
                    this.linger.check(cx)?;
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    this.linger.check(cx)?;
                    return Poll::Pending;
                }
            }
        }
    }
}
