//! Between blocking callers and the event loop.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use platform::Clock;

/// A request whose message is on its way, in the order in which requests were started.
///
/// The driver puts a message into its queue when a request is polled for the first time. Starting
/// several requests and then waiting for all of them costs one round trip.
pub struct Started<'a, T> {
    request: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    answer: Option<T>,
}

/// Sends a request.
pub fn start<'a, T>(request: impl Future<Output = T> + Send + 'a) -> Started<'a, T> {
    let mut request: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(request);
    let mut ctx = Context::from_waker(Waker::noop());
    let answer = match request.as_mut().poll(&mut ctx) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    };
    Started { request, answer }
}

impl<T: Unpin> Future for Started<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<T> {
        match self.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => self.request.as_mut().poll(ctx),
        }
    }
}

/// Wakes a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks this thread until there is an answer; `None` if there is none in time.
///
/// The event loop's own way to block panics in async code and while the loop ends; this one does
/// neither, and has no timer there.
pub fn wait<T>(
    clock: &dyn Clock,
    time_max: Duration,
    request: impl Future<Output = T>,
) -> Option<T> {
    let mut request = std::pin::pin!(request);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut ctx = Context::from_waker(&waker);
    let end = clock.monotonic() + time_max;
    loop {
        if let Poll::Ready(answer) = request.as_mut().poll(&mut ctx) {
            return Some(answer);
        }
        let left = end.checked_sub(clock.monotonic())?;
        thread::park_timeout(left);
    }
}
