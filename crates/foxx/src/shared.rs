//! What every part of the running crate reaches.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use arc_swap::ArcSwapOption;
use cluster::Cluster;
use database::Databases;
use parking_lot::Mutex;
use platform::Platform;

use crate::bundle::Staging;
use crate::functions::Functions;
use crate::lifecycle::{Locks, Said};
use crate::ops::{Agents, Queries};
use crate::policy::Policy;
use crate::registry::Table;
use crate::settings::Settings;
use crate::transactions::Senders;
use crate::workers::Pool;

/// The components, each made once at start.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) platform: Platform,
    pub(crate) databases: Databases,
    pub(crate) queries: Queries,
    pub(crate) functions: Functions,
    pub(crate) senders: Senders,
    pub(crate) table: Table,
    pub(crate) pool: Arc<Pool>,
    pub(crate) staging: Staging,
    pub(crate) locks: Locks,
    /// This coordinator among those that share the store.
    pub(crate) cluster: Cluster,
    /// What it told them.
    pub(crate) said: Said,
    /// Whether all services were brought to life once.
    pub(crate) ready: AtomicBool,
    pub(crate) stopping: AtomicBool,
    /// The thread that heals, if there is one.
    pub(crate) healer: Mutex<Option<JoinHandle<()>>>,
    pub(crate) files: Policy,
    pub(crate) endpoints: Policy,
    pub(crate) agents: Agents,
    /// Where this server listens; set once it does.
    pub(crate) own_address: ArcSwapOption<SocketAddr>,
}

impl Shared {
    /// Whether all services were brought to life once.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether files that do not fit may be made anew. A coordinator among others always does.
    pub(crate) fn may_restore(&self) -> bool {
        self.settings.heal_at_start || self.cluster.is_shared()
    }
}
