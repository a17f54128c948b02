//! How a coordinator takes part.

use std::time::Duration;

/// Settings of [`crate::Cluster`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients reach this coordinator, such as `http://10.0.0.7:8529`. Shown; nobody
    /// connects to it.
    pub endpoint: String,
    /// Version of the program.
    pub version: String,
    /// Time between two heartbeats. Each is a durable write of one row.
    pub heartbeat: Duration,
    /// Time between two looks at the other coordinators' rows. Bounds how late a change is seen
    /// whose hint was lost.
    pub poll: Duration,
    /// A coordinator whose heartbeat does not change for so long is taken for dead: nobody waits
    /// for it, and its leases are given to others. Several times `heartbeat`.
    pub member_time_max: Duration,
}

impl Settings {
    /// The documented values.
    pub fn documented(endpoint: String, version: String) -> Self {
        Self {
            endpoint,
            version,
            heartbeat: Duration::from_secs(1),
            poll: Duration::from_millis(250),
            member_time_max: Duration::from_secs(10),
        }
    }
}
