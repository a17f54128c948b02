//! The right to change what is installed at a mount: on this coordinator and among all.

use std::sync::Arc;
use std::time::Duration;

use ::registry::operations::{self, Claim, Outcome};
use cluster::{DocumentRows, ErrorKind as Kind, transact};
use database::Database;
use error_codes::codes;

use super::locks::Guard;
use super::{live, not_found, serving};
use crate::bundle::Bundle;
use crate::mount::Mount;
use crate::registry::{Entry, Service};
use crate::shared::Shared;
use crate::{Error, ErrorKind, Result};

/// Held for the time of an operation. Dropping it without a commit changes nothing.
pub(super) struct Turn<'s> {
    shared: &'s Shared,
    database: Database,
    mount: Mount,
    claim: Claim,
    is_spent: bool,
    _guard: Guard<'s>,
}

/// How often somebody else's claim is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often the store is asked what became of a commit.
const QUESTIONS_MAX: usize = 50;

impl<'s> Turn<'s> {
    /// Waits for the operation before on this coordinator, then claims the mount among all.
    ///
    /// # Errors
    /// 503 when the time is over; the store's.
    pub(super) fn take(shared: &'s Shared, database: &Database, mount: &Mount) -> Result<Self> {
        let wait = shared.settings.workers.script_time_max;
        let guard = shared.locks.lock(database.name(), mount.as_str(), wait)?;
        serving::ensure_collections(shared, database)?;
        let claim = claim(shared, database, mount, wait)?;
        Ok(Self {
            shared,
            database: database.clone(),
            mount: mount.clone(),
            claim,
            is_spent: false,
            _guard: guard,
        })
    }

    /// What is registered. Nobody else changes it meanwhile.
    pub(super) fn found(&self) -> Option<Entry> {
        let found = self.claim.found.as_ref();
        found.and_then(|app| Entry::read(&app.row))
    }

    /// The revision that the commit will have.
    pub(super) fn revision(&self) -> u64 {
        self.claim.revision()
    }

    /// Makes sure that nobody took the mount over, before something that cannot be undone.
    ///
    /// # Errors
    /// 409 if somebody did; the store's.
    pub(super) fn confirm(&self) -> Result<()> {
        Ok(transact(&self.database, |txn| {
            operations::confirm(&mut DocumentRows(txn), &self.claim)
        })?)
    }

    /// Registers a service: the commit point. With `bundle` in the same transaction.
    ///
    /// # Errors
    /// 409 if somebody took the mount over; the store's. Nothing is registered then.
    pub(super) fn commit(&mut self, entry: &Entry, bundle: Option<&Bundle>) -> Result<()> {
        let registry = live::registry(self.shared, &self.database);
        serving::expect(self.shared, self.database.name(), &self.mount);
        let committed = transact(&self.database, |txn| {
            serving::foretell_in(self.shared, txn, &self.mount)?;
            registry.commit(txn, &self.claim, entry, bundle)
        });
        self.conclude(committed)
    }

    /// Takes the service out of the registry: the commit point.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub(super) fn remove(&mut self) -> Result<()> {
        let registry = live::registry(self.shared, &self.database);
        let removed = transact(&self.database, |txn| registry.remove(txn, &self.claim));
        self.conclude(removed)
    }

    /// Finds out what became of a commit whose answer is not known.
    fn conclude(&mut self, committed: cluster::Result<()>) -> Result<()> {
        let Err(error) = committed else {
            self.is_spent = true;
            return Ok(());
        };
        if error.kind() != Kind::Store {
            return Err(error.into());
        }
        for _ in 0..QUESTIONS_MAX {
            let outcome = transact(&self.database, |txn| {
                operations::find_outcome(&mut DocumentRows(txn), &self.claim)
            });
            match outcome {
                Ok(Outcome::Committed) => {
                    self.is_spent = true;
                    return Ok(());
                }
                Ok(Outcome::Failed) => {
                    self.is_spent = true;
                    return Err(error.into());
                }
                Ok(Outcome::Superseded) => {
                    self.is_spent = true;
                    return Err(superseded(self.mount.as_str()));
                }
                // An engine that is closed or poisoned will not tell any more.
                Err(_) if self.shared.databases.engine().health().is_err() => break,
                Err(_) => self.shared.platform.clock.pause(LOOK_AGAIN),
            }
        }
        Err(error.into())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_spent {
            return;
        }
        let released = transact(&self.database, |txn| {
            operations::release(&mut DocumentRows(txn), &self.claim)
        });
        if let Err(error) = released {
            let mount = self.mount.as_str();
            tracing::warn!(target: "foxx", mount, %error, "the next healing gives the lease back");
        }
    }
}

/// The turn to change what is installed at a mount, and that.
///
/// # Errors
/// 3009; those of [`Turn::take`].
pub(super) fn change<'s>(
    shared: &'s Arc<Shared>,
    database: &Database,
    mount: &str,
) -> Result<(Turn<'s>, Arc<Service>)> {
    let parsed = Mount::parse(mount).map_err(|_| not_found(mount))?;
    // Asked before the mount is claimed, so that requests in vain leave no trace.
    if live::registry(shared, database).load(&parsed)?.is_none() {
        return Err(not_found(mount));
    }
    let turn = Turn::take(shared, database, &parsed)?;
    let entry = turn.found().ok_or_else(|| not_found(mount))?;
    let service = live::current(shared, database, entry);
    Ok((turn, service))
}

/// Claims a mount; waits for an operation of another coordinator.
fn claim(shared: &Shared, database: &Database, mount: &Mount, time: Duration) -> Result<Claim> {
    let clock = &shared.platform.clock;
    let deadline = clock.monotonic() + time;
    let (me, cluster) = (shared.cluster.id(), &shared.cluster);
    loop {
        let seen = cluster.signal().count();
        let claimed = transact(database, |txn| {
            let is_live = |id: &str| cluster.is_live(id);
            operations::claim(&mut DocumentRows(txn), mount.as_str(), me, &is_live)
        });
        match claimed {
            Err(error) if error.kind() == Kind::Held && clock.monotonic() < deadline => {
                cluster.signal().wait(seen, LOOK_AGAIN);
            }
            other => return Ok(other?),
        }
    }
}

fn superseded(mount: &str) -> Error {
    let reason = "another coordinator has changed the mount meanwhile";
    Error::refused(codes::ARANGO_CONFLICT)
        .with_status(409)
        .with_detail("Mount", mount)
        .with_detail("Reason", reason)
}

impl From<cluster::Error> for Error {
    fn from(error: cluster::Error) -> Self {
        if let Some(store) = error.store() {
            return store.clone().into();
        }
        match error.kind() {
            Kind::Held => Self::new(ErrorKind::Unavailable, codes::HTTP_SERVICE_UNAVAILABLE)
                .with_status(503)
                .with_detail("Reason", error),
            _ => Self::refused(codes::ARANGO_CONFLICT)
                .with_status(409)
                .with_detail("Reason", error),
        }
    }
}
