//! Named threads.

use std::io;
use std::thread::{Builder, JoinHandle};

/// How a thread is made.
#[derive(Debug, Clone)]
pub struct ThreadSettings {
    /// Shown by debuggers and in panics; the system cuts it after 15 bytes.
    pub name: String,
    /// Stack size; `None` takes the system's default.
    pub stack_bytes: Option<usize>,
}

/// Starts a thread.
///
/// # Errors
/// The operating system's, when it has no more threads to give.
pub fn spawn_thread<T: Send + 'static>(
    settings: ThreadSettings,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let mut builder = Builder::new().name(settings.name);
    if let Some(bytes) = settings.stack_bytes {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(body)
}
