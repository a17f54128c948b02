//! What every part of the running crate reaches.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use database::Databases;
use platform::Platform;

use crate::bundle::Staging;
use crate::functions::Functions;
use crate::lifecycle::Locks;
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
    pub(crate) files: Policy,
    pub(crate) endpoints: Policy,
    pub(crate) agents: Agents,
    /// Where this server listens; set once it does.
    pub(crate) own_address: ArcSwapOption<SocketAddr>,
}
