//! Who else serves: the seam to a cluster of servers.

use std::sync::Arc;

/// How a member is, as the others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Its last heartbeat is recent.
    Good,
    /// It has missed a heartbeat.
    Bad,
    /// It counts as gone.
    Failed,
}

/// A server of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Unique, and the same for as long as the process runs.
    pub id: String,
    /// Where clients reach it, such as `http://10.0.0.1:8529`.
    pub endpoint: String,
    /// A name for people.
    pub short_name: String,
    /// The machine that it runs on.
    pub host: String,
    /// How it is.
    pub health: Health,
    /// Milliseconds since 1970 of its last heartbeat.
    pub last_heartbeat_unix_ms: u64,
    /// Grows with each start of the same server.
    pub starts: u64,
}

/// The servers that work on one store. A server without it stands alone.
pub trait Membership: Send + Sync {
    /// What all members know their cluster by.
    fn cluster_id(&self) -> String;

    /// This server's own id; it is among [`Self::members`].
    fn own_id(&self) -> String;

    /// The one that does what only one may do; `None` while nobody is chosen.
    fn leader_id(&self) -> Option<String>;

    /// All members that are known, gone ones too, in the order of their ids. May be as old as
    /// one heartbeat. Must not block.
    fn members(&self) -> Vec<Member>;
}

/// A membership that is shared.
pub(crate) type Shared = Option<Arc<dyn Membership>>;
