//! Which services are installed: how coordinators agree on it, and how each of them heals.
//!
//! Charter: the protocol between coordinators about services. [`operations`]: who may change what
//! is installed at a mount, and the transaction that does; [`heal`]: what a coordinator does when
//! what it has and what is registered differ; [`serving`]: what each coordinator says it serves,
//! and when that is enough to answer whoever installed. All of it decides from rows
//! ([`cluster::Rows`]) and from what it is told, so that the server and the simulator run the same.
//!
//! Does not know: files, zips, manifests, JavaScript, HTTP, clocks.
//!
//! Invariants
//! - Revisions of a mount only grow, over uninstallation and hand-made changes too: a revision is
//!   the fencing token of the lease under which it was committed.
//! - What is registered changes only in a transaction that spends the mount's lease, or adopts
//!   what somebody wrote by hand while nobody had the lease.
//! - What is registered wins over what a coordinator has, except for the folder of a service in
//!   development mode.
//!
//! Entry points: [`operations::claim`], [`heal::decide`], [`serving::find_pending`].

#![warn(missing_docs)]

pub mod heal;
pub mod operations;
pub mod serving;

/// The table of installed services, a row for each mount.
pub const APPS: &str = "_apps";
/// The table of the mounts' leases. A row stays when its service goes, with its last revision.
pub const LEASES: &str = "_appleases";
/// The table of what coordinators serve, a row for each coordinator and mount.
pub const SERVING: &str = "_appserving";

/// The key of a mount's rows: its path with `:` for `/`.
pub fn key_of(mount: &str) -> String {
    mount.trim_start_matches('/').replace('/', ":")
}

/// The mount of a key: `:` occurs in no mount.
pub fn mount_of(key: &str) -> String {
    format!("/{}", key.replace(':', "/"))
}
