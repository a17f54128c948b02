//! What this coordinator says it serves, and waiting for what the others say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ::registry::serving::{self, Serving, Target, Wait};
use ::registry::{LEASES, SERVING};
use cluster::{DocumentRows, Member, ensure_collection, transact};
use database::{Database, Transaction, TransactionOptions};
use parking_lot::Mutex;
use value::{Object, Value};

use crate::Result;
use crate::mount::Mount;
use crate::registry::{Health, Service};
use crate::shared::Shared;

/// What this coordinator's rows say, by database and mount.
#[derive(Default)]
pub(crate) struct Said(Mutex<HashMap<(Arc<str>, String), Row>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    /// 0 if it was only foretold.
    revision: u64,
    state: &'static str,
    /// Whether the row is there for sure.
    is_certain: bool,
}

/// What became of waiting for coordinators.
#[derive(Debug, Clone)]
pub struct Liveness {
    /// The revision that was waited for.
    pub revision: u64,
    /// Ids of the coordinators that do not serve it yet.
    pub pending: Vec<String>,
    /// How many live, this one included.
    pub live: usize,
}

/// Makes the collections of a database by which coordinators agree, where they are missing.
///
/// # Errors
/// The store's.
pub(super) fn ensure_collections(shared: &Shared, database: &Database) -> Result<()> {
    ensure_collection(database, LEASES)?;
    if shared.cluster.is_shared() {
        ensure_collection(database, SERVING)?;
    }
    Ok(())
}

/// Notes that the next transaction may write a row of a mount.
pub(super) fn expect(shared: &Shared, database: &Arc<str>, mount: &Mount) {
    if !shared.cluster.is_shared() {
        return;
    }
    let key = (Arc::clone(database), mount.as_str().to_owned());
    shared.said.0.lock().entry(key).or_insert(Row {
        revision: 0,
        state: "loading",
        is_certain: false,
    });
}

/// Says, in a transaction that registers something at a mount, that this coordinator may serve it.
pub(super) fn foretell_in(
    shared: &Shared,
    txn: &mut Transaction,
    mount: &Mount,
) -> cluster::Result<()> {
    if !shared.cluster.is_shared() {
        return Ok(());
    }
    serving::foretell(&mut DocumentRows(txn), shared.cluster.id(), mount.as_str())
}

/// Says that this coordinator may be about to serve something at these mounts, before it reads
/// what.
///
/// # Errors
/// The store's.
pub(super) fn foretell(shared: &Shared, database: &Database, mounts: &[Mount]) -> Result<()> {
    if !shared.cluster.is_shared() {
        return Ok(());
    }
    let key = |mount: &Mount| (Arc::clone(database.name()), mount.as_str().to_owned());
    let untold: Vec<&Mount> = {
        let said = shared.said.0.lock();
        let is_untold = |mount: &&Mount| said.get(&key(mount)).is_none_or(|row| !row.is_certain);
        mounts.iter().filter(is_untold).collect()
    };
    if untold.is_empty() {
        return Ok(());
    }
    for mount in &untold {
        expect(shared, database.name(), mount);
    }
    transact(database, |txn| {
        for mount in &untold {
            foretell_in(shared, txn, mount)?;
        }
        Ok(())
    })?;
    let mut said = shared.said.0.lock();
    for mount in untold {
        if let Some(row) = said.get_mut(&key(mount)) {
            row.is_certain = true;
        }
    }
    Ok(())
}

/// Says what this coordinator serves at a mount, if it said something else before.
///
/// # Errors
/// The store's: healing says it again.
pub(super) fn publish(shared: &Shared, database: &Database, mount: &str) -> Result<()> {
    if !shared.cluster.is_shared() {
        return Ok(());
    }
    let key = (Arc::clone(database.name()), mount.to_owned());
    let service = shared.table.get(database.name(), mount);
    let before = shared.said.0.lock().get(&key).cloned();
    let now = service.as_ref().map(|service| Row {
        revision: service.revision,
        state: state(service).0,
        is_certain: true,
    });
    if before == now {
        return Ok(());
    }
    let me = shared.cluster.id();
    transact(database, |txn| {
        let rows = &mut DocumentRows(txn);
        match &service {
            Some(service) => serving::publish(rows, &to_serving(me, service)),
            None => serving::withdraw(rows, me, mount),
        }
    })?;
    let mut said = shared.said.0.lock();
    match now {
        Some(row) => drop(said.insert(key, row)),
        None => drop(said.remove(&key)),
    }
    Ok(())
}

/// Mounts of a database where this coordinator serves something else than it says.
pub(super) fn find_unsaid(shared: &Shared, database: &Arc<str>) -> Vec<String> {
    if !shared.cluster.is_shared() {
        return Vec::new();
    }
    let said = shared.said.0.lock();
    let of_database = said.iter().filter(|((name, _), _)| name == database);
    let unsaid = of_database.filter(|((_, mount), row)| {
        let service = shared.table.get(database, mount);
        service.is_none_or(|s| s.revision != row.revision || state(&s).0 != row.state)
    });
    unsaid.map(|((_, mount), _)| mount.clone()).collect()
}

/// Forgets what was said in a database that is gone, rows and all.
pub(super) fn forget(shared: &Shared, database: &str) {
    shared
        .said
        .0
        .lock()
        .retain(|(name, _), _| **name != *database);
}

/// A word for whether a service runs, and why it does not.
fn state(service: &Service) -> (&'static str, String) {
    match (&service.health, service.broken.get()) {
        (Health::Damaged(_, cause), _) => ("damaged", cause.clone()),
        (Health::Unconfigured(missing), _) => ("unconfigured", missing.join(", ")),
        (Health::Ready, Some(cause)) => ("broken", cause.clone()),
        (Health::Ready, None) => ("ready", String::new()),
    }
}

fn to_serving(me: &str, service: &Service) -> Serving {
    let (state, cause) = state(service);
    Serving {
        coordinator: me.to_owned(),
        mount: service.mount.as_str().to_owned(),
        revision: service.revision,
        checksum: service.checksum.clone(),
        state: state.to_owned(),
        cause,
        since_ms: service.since_ms,
    }
}

/// Waits until the coordinators that `wait` asks for serve the target; at most for `time`.
///
/// # Errors
/// 1228; the store's.
pub(crate) fn wait_live(
    shared: &Shared,
    database: &str,
    mount: &str,
    target: Target,
    (wait, time): (Wait, Duration),
) -> Result<Liveness> {
    let (Target::Revision(revision) | Target::Gone(revision)) = target;
    let done = |pending, live| Liveness {
        revision,
        pending,
        live,
    };
    if wait == Wait::None || !shared.cluster.is_shared() {
        return Ok(done(Vec::new(), shared.cluster.live().len()));
    }
    let database = shared.databases.get(database)?;
    let (clock, cluster) = (&shared.platform.clock, &shared.cluster);
    let deadline = clock.monotonic() + time;
    // Whoever came since the commit is known after this; whoever comes later sees the commit.
    cluster.refresh()?;
    loop {
        let seen = cluster.signal().count();
        let live = cluster.live();
        let said = load(&database, mount, &live)?;
        let pending = serving::find_pending(target, wait, cluster.id(), &live, &said);
        let left = deadline.saturating_sub(clock.monotonic());
        if pending.is_empty() || left.is_zero() {
            return Ok(done(pending, live.len()));
        }
        cluster.signal().wait(seen, left.min(cluster.poll() / 4));
    }
}

fn load(database: &Database, mount: &str, live: &[Member]) -> Result<Vec<Serving>> {
    ensure_collection(database, SERVING)?;
    let mut txn = database.begin(TransactionOptions::read_only())?;
    Ok(serving::load(&mut DocumentRows(&mut txn), mount, live)?)
}

/// Every coordinator that lives, with what it serves at a mount and since when.
///
/// # Errors
/// The store's.
pub(crate) fn coordinators(shared: &Shared, database: &str, mount: &str) -> Result<Vec<Value>> {
    let database = shared.databases.get(database)?;
    let live = shared.cluster.live();
    let said = if shared.cluster.is_shared() {
        load(&database, mount, &live)?
    } else {
        let service = shared.table.get(database.name(), mount);
        let me = shared.cluster.id();
        service
            .map(|service| to_serving(me, &service))
            .into_iter()
            .collect()
    };
    let shown = live.iter().map(|member| {
        let mut shown = Object::new();
        shown.insert("id", member.id.as_str());
        if !member.endpoint.is_empty() {
            shown.insert("endpoint", member.endpoint.as_str());
        }
        let serving = said.iter().find(|said| said.coordinator == member.id);
        let Some(serving) = serving.filter(|serving| serving.revision > 0) else {
            shown.insert("state", serving.map_or("absent", |_| "loading"));
            return shown.into();
        };
        shown.insert("revision", serving.revision);
        shown.insert("checksum", serving.checksum.as_str());
        shown.insert("since", serving.since_ms);
        shown.insert("state", serving.state.as_str());
        if !serving.cause.is_empty() {
            shown.insert("cause", serving.cause.as_str());
        }
        shown.into()
    });
    Ok(shown.collect())
}
