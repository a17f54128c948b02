//! Hints between processes that something changed: `LISTEN` and `NOTIFY`.
//!
//! A hint carries nothing and may be lost, so it only ever saves waiting: whoever gets one looks
//! at the store, and looks now and then without one too. A database that does not know these
//! words costs an attempt now and then.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

use crate::engine::Shared;
use crate::server::Server;

/// Called when another process may have told that something changed, on any thread; it must not
/// block. Also called when hints may have been lost.
pub type Listener = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub struct Hints {
    listeners: Mutex<Vec<Arc<Listener>>>,
    /// Somebody listens for the first time.
    wanted: Notify,
    told: Notify,
}

impl Hints {
    pub fn tell(&self) {
        self.wanted.notify_one();
        self.told.notify_one();
    }

    pub fn listen(&self, then: Listener) {
        self.listeners.lock().push(Arc::new(then));
        self.wanted.notify_one();
    }

    fn hand_on(&self) {
        let listeners = self.listeners.lock().clone();
        listeners.iter().for_each(|listener| listener());
    }
}

/// Runs until the engine is gone. Connects when somebody wants to listen or tell.
pub async fn run(shared: Weak<Shared>, hints: Arc<Hints>, server: Arc<Server>) {
    hints.wanted.notified().await;
    let (pause_min, pause_max) = server.settings.backoff;
    let mut pause = pause_min;
    while shared.strong_count() > 0 {
        match talk(&hints, &server).await {
            Ok(()) => pause = pause_min,
            Err(error) => tracing::debug!(?error, "hints do not come or go"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(pause_max);
    }
}

/// Listens and tells until the connection ends.
async fn talk(hints: &Arc<Hints>, server: &Server) -> store::Result<()> {
    let (client, mut connection) = server.connect_raw().await?;
    let incoming = Arc::clone(hints);
    let mut task = tokio::spawn(async move {
        loop {
            let message = std::future::poll_fn(|ctx| connection.poll_message(ctx)).await;
            match message {
                Some(Ok(AsyncMessage::Notification(_))) => incoming.hand_on(),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    });
    let channel = format!("{}_hints", server.settings.schema);
    let listening = client.batch_execute(&format!("LISTEN {channel}")).await;
    listening.map_err(|error| crate::failure::error("listen for hints", error))?;
    // What was told before is lost.
    hints.hand_on();
    loop {
        tokio::select! {
            _ = &mut task => return Ok(()),
            () = hints.told.notified() => {
                let told = client.batch_execute(&format!("NOTIFY {channel}")).await;
                told.map_err(|error| crate::failure::error("tell a hint", error))?;
            }
        }
    }
}
