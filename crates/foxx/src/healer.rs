//! The task that heals whenever something changed, and from time to time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use platform::{ThreadSettings, spawn_thread};

use crate::lifecycle::{self, Depth};
use crate::shared::Shared;
use crate::{Error, Result};

/// How soon to look again at what could not be healed.
const AGAIN: Duration = Duration::from_millis(200);
/// How much longer each time, up to this, while the store fails.
const AGAIN_MAX: Duration = Duration::from_secs(5);

/// Starts the task. It ends when `stopping` is set and the cluster's signal is raised.
pub(crate) fn start(shared: &Arc<Shared>) -> Result<()> {
    let settings = ThreadSettings {
        name: "heal".to_owned(),
        stack_bytes: None,
    };
    let healer = Arc::clone(shared);
    let thread = spawn_thread(settings, move || run(&healer))
        .map_err(|error| Error::internal("start the thread that heals", error))?;
    *shared.healer.lock() = Some(thread);
    Ok(())
}

fn run(shared: &Arc<Shared>) {
    let (clock, signal) = (&shared.platform.clock, shared.cluster.signal());
    let period = shared.settings.heal_period;
    let (mut again, mut failing) = (AGAIN, false);
    let mut is_complete = shared.is_ready();
    let mut at_once = !is_complete;
    let mut deep_at = clock.monotonic() + period;
    let mut seen = signal.count();
    loop {
        let left = deep_at.saturating_sub(clock.monotonic());
        let wait = if is_complete { left } else { again.min(left) };
        if !std::mem::take(&mut at_once) {
            seen = signal.wait(seen, wait);
        }
        if shared.stopping.load(Ordering::Acquire) {
            return;
        }
        let is_deep = clock.monotonic() >= deep_at || !shared.is_ready();
        let depth = if is_deep {
            Depth::Files
        } else {
            Depth::Changes
        };
        match lifecycle::heal(shared, depth) {
            Ok(complete) => {
                is_complete = complete;
                (again, failing) = (AGAIN, false);
                if is_deep {
                    deep_at = clock.monotonic() + period;
                }
                if complete && !shared.ready.swap(true, Ordering::AcqRel) {
                    lifecycle::warm_all(shared);
                }
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(target: "foxx", %error, "healing is put off");
                }
                is_complete = false;
                failing = true;
                again = (again * 2).min(AGAIN_MAX);
            }
        }
    }
}
