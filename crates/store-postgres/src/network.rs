//! The thread that talks to the database.

use std::future::Future;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use platform::{ThreadSettings, spawn_thread};
use store::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// An event loop on a thread of its own. It only moves bytes: rows are decoded by who asked.
pub struct Network {
    handle: Handle,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Network {
    pub fn start() -> Result<Self> {
        let failed =
            |error| Error::new(ErrorKind::Io, "start the network thread").with_source(error);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = ThreadSettings {
            name: "store-network".to_owned(),
            stack_bytes: None,
        };
        let thread = spawn_thread(thread, move || {
            // Told, or forgotten: it ends either way.
            drop(runtime.block_on(stopped));
        });
        let thread = thread.map_err(failed)?;
        Ok(Self {
            handle,
            running: Mutex::new(Some((stop, thread))),
        })
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Ends the loop, and with it every connection and task.
    pub fn stop(&self) {
        let running = self.running.lock().take();
        if let Some((stop, thread)) = running {
            // It fails only if the loop has ended.
            let _ = stop.send(());
            // A panic there has been reported, and nothing more is to be done about it here.
            drop(thread.join());
        }
    }
}
