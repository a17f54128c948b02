//! Answering an operation when all coordinators serve what it did.
//!
//! `wait=all|one|none` (default `all`) says for whom, `waitTimeout` for how many seconds. The time
//! being over is no error: the operation took place. The answer says what is so:
//!
//! ```text
//! x-vulpes-revision: 7            what to ask for with x-vulpes-min-revision
//! x-vulpes-live: 2/3              coordinators that serve it, of those that live
//! x-vulpes-pending: CRDN-…,…      those that do not yet
//! ```

use std::time::Duration;

use foxx::{Target, Wait};
use hyper::header::HeaderName;
use value::Value;

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::state::Call;

const REVISION: HeaderName = HeaderName::from_static("x-vulpes-revision");
const LIVE: HeaderName = HeaderName::from_static("x-vulpes-live");
const PENDING: HeaderName = HeaderName::from_static("x-vulpes-pending");

/// For whom a request wants to wait, and how long.
pub(super) struct Barrier {
    wait: Wait,
    time: Duration,
}

impl Barrier {
    /// Reads the parameters, before anything is done.
    pub(super) fn read(call: &Call<'_>) -> Result<Self> {
        let wait = match call.request.parameter("wait").as_deref() {
            None | Some("" | "all") => Wait::All,
            Some("one") => Wait::One,
            Some("none") => Wait::None,
            Some(_) => return Err(Error::bad_parameter("wait is all, one or none")),
        };
        let max = call.api.settings.live_wait_max;
        let time = match call.request.parameter("waitTimeout") {
            None => call.api.settings.live_wait,
            Some(text) => {
                let seconds = text.parse::<f64>().ok();
                let time = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
                time.filter(|time| *time <= max).ok_or_else(|| {
                    let max = max.as_secs();
                    Error::bad_parameter(format!(
                        "waitTimeout is a number of seconds up to {max} (--foxx.live-wait-max)"
                    ))
                })?
            }
        };
        Ok(Self { wait, time })
    }

    /// Waits for what is served now at a mount, and says so in the answer that `reply` makes.
    pub(super) fn serve(
        &self,
        call: &Call<'_>,
        mount: &str,
        reply: impl FnOnce() -> Result<Reply>,
    ) -> Result<Reply> {
        let service = call.api.foxx.find_exactly(&call.request.database, mount);
        match service.map_or(0, |service| service.revision()) {
            0 => reply(),
            revision => self.wait(call, mount, Target::Revision(revision), reply),
        }
    }

    /// Waits until nothing before `revision` is served at a mount any more.
    pub(super) fn gone(
        &self,
        call: &Call<'_>,
        mount: &str,
        revision: u64,
        reply: Reply,
    ) -> Result<Reply> {
        match revision {
            0 => Ok(reply),
            revision => self.wait(call, mount, Target::Gone(revision), || Ok(reply)),
        }
    }

    fn wait(
        &self,
        call: &Call<'_>,
        mount: &str,
        target: Target,
        reply: impl FnOnce() -> Result<Reply>,
    ) -> Result<Reply> {
        let (foxx, database) = (&call.api.foxx, &call.request.database);
        let live = foxx.wait_live(database, mount, target, self.wait, self.time)?;
        let mut reply = reply()?;
        reply.set(REVISION, &live.revision.to_string());
        if self.wait == Wait::All {
            let serving = live.live.saturating_sub(live.pending.len());
            reply.set(LIVE, &format!("{serving}/{}", live.live));
        }
        if !live.pending.is_empty() {
            reply.set(PENDING, &live.pending.join(","));
        }
        Ok(reply)
    }
}

/// A description with each coordinator that lives and what it serves, if there may be several.
pub(super) fn with_coordinators(call: &Call<'_>, mount: &str, description: Value) -> Result<Value> {
    let foxx = &call.api.foxx;
    let mut shown = match description {
        Value::Object(object) if foxx.cluster().is_shared() => (*object).clone(),
        other => return Ok(other),
    };
    let coordinators = foxx.coordinators(&call.request.database, mount)?;
    shown.insert("coordinators", coordinators);
    Ok(shown.into())
}
