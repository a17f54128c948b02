//! What must always hold, and what must hold in the end.

use std::collections::{BTreeMap, BTreeSet};

use registry::serving::Target;
use registry::{APPS, LEASES, key_of, mount_of};
use value::{Object, Value};

use crate::coordinator::Coordinator;
use crate::store::{Store, Txn};

/// What was committed, set up and promised.
#[derive(Default)]
pub(crate) struct Checks {
    commits: BTreeMap<String, Vec<Commit>>,
    tokens: BTreeMap<String, i64>,
    setups: BTreeMap<(String, u64), u32>,
    wanted_setups: BTreeSet<(String, u64)>,
    /// The last revision that each process served.
    served: BTreeMap<(u64, String), u64>,
    ids: BTreeSet<String>,
}

struct Commit {
    revision: u64,
    checksum: String,
    row: Option<Object>,
}

impl Checks {
    pub(crate) fn count(&self) -> usize {
        self.commits.values().map(Vec::len).sum()
    }

    /// Ids that ever held a lease.
    pub(crate) fn ids(&mut self, store: &Store) -> Vec<String> {
        for mount in self.tokens.keys() {
            let holder = store
                .get(LEASES, &key_of(mount))
                .and_then(|row| row.get("holder"));
            self.ids
                .extend(holder.and_then(Value::as_str).map(str::to_owned));
        }
        self.ids.iter().cloned().collect()
    }

    /// A transaction was committed.
    pub(crate) fn landed(&mut self, store: &Store, txn: &Txn) -> Result<(), String> {
        let mut mounts: BTreeSet<&str> = BTreeSet::new();
        for (table, key) in txn.written() {
            if table == LEASES || table == APPS {
                mounts.insert(key);
            }
        }
        for key in mounts {
            self.landed_at(
                store,
                &mount_of(key),
                txn.written().any(|(t, k)| t == APPS && k == key),
            )?;
        }
        Ok(())
    }

    fn landed_at(&mut self, store: &Store, mount: &str, app_written: bool) -> Result<(), String> {
        let key = key_of(mount);
        let field = |row: Option<&Object>, name: &str| {
            row.and_then(|row| row.get(name))
                .cloned()
                .unwrap_or_default()
        };
        let (lease, app) = (store.get(LEASES, &key), store.get(APPS, &key));
        let token = field(lease, "token").as_i64().unwrap_or(0);
        let former = self.tokens.insert(mount.to_owned(), token).unwrap_or(0);
        if token < former {
            return Err(format!(
                "the token of {mount} went back from {former} to {token}"
            ));
        }
        let revision = number(&field(lease, "revision"));
        let checksum = field(lease, "checksum")
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let commits = self.commits.entry(mount.to_owned()).or_default();
        let last = commits.last().map_or(0, |commit| commit.revision);
        if revision < last {
            return Err(format!(
                "{mount} went back from revision {last} to {revision}"
            ));
        }
        if revision == last {
            if app_written {
                return Err(format!("{mount} changed and its revision is still {last}"));
            }
            return Ok(());
        }
        let registered = number(&field(app, "revision"));
        let named = field(app, "checksum")
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if app.is_some() && registered != revision || named != checksum {
            return Err(format!(
                "{mount}: row and lease of revision {revision} differ"
            ));
        }
        commits.push(Commit {
            revision,
            checksum,
            row: app.cloned(),
        });
        let setup = (mount.to_owned(), revision);
        let ran = self.setups.get(&setup).copied().unwrap_or(0);
        if self.wanted_setups.contains(&setup) && ran != 1 {
            return Err(format!(
                "{mount} was set up {ran} times for revision {revision}"
            ));
        }
        Ok(())
    }

    pub(crate) fn set_up(&mut self, mount: &str, revision: u64) -> Result<(), String> {
        let ran = self.setups.entry((mount.to_owned(), revision)).or_default();
        *ran += 1;
        if *ran > 1 {
            return Err(format!(
                "{mount} was set up {ran} times for revision {revision}"
            ));
        }
        Ok(())
    }

    pub(crate) fn wants_setup(&mut self, mount: &str, revision: u64) {
        self.wanted_setups.insert((mount.to_owned(), revision));
    }

    /// Something that was registered at a mount before.
    pub(crate) fn any_former(&self, mount: &str, which: usize) -> Option<Object> {
        let rows: Vec<&Object> = self
            .commits
            .get(mount)?
            .iter()
            .filter_map(|commit| commit.row.as_ref())
            .collect();
        rows.get(which % rows.len().max(1))
            .map(|row| (*row).clone())
    }

    /// Whatever any coordinator serves was committed, whole, and is never older than before.
    pub(crate) fn served(&mut self, coordinators: &[Coordinator]) -> Result<(), String> {
        for coordinator in coordinators {
            for (mount, service) in &coordinator.table {
                let id = &coordinator.id;
                let revision = service.revision;
                let key = (coordinator.incarnation, mount.clone());
                let former = self.served.get(&key).copied().unwrap_or(0);
                if former == revision {
                    continue;
                }
                self.served.insert(key, revision);
                if revision < former {
                    return Err(format!(
                        "{id} went back from {former} to {revision} of {mount}"
                    ));
                }
                let commits = self.commits.get(mount).map_or(&[][..], Vec::as_slice);
                let commit = commits.iter().find(|commit| commit.revision == revision);
                let is_whole = service.code.as_deref() == Some(service.checksum.as_str());
                if commit.is_none_or(|commit| commit.checksum != service.checksum) {
                    return Err(format!(
                        "{id} serves {mount} as nobody installed it: {service:?}"
                    ));
                }
                if !is_whole {
                    return Err(format!("{id} serves {mount} half-installed: {service:?}"));
                }
            }
        }
        Ok(())
    }

    /// An operation was answered as live on all that live.
    pub(crate) fn acknowledged(
        &self,
        mount: &str,
        target: Target,
        revision: u64,
        live: &[String],
        coordinators: &[Coordinator],
    ) -> Result<(), String> {
        let commits = self.commits.get(mount).map_or(&[][..], Vec::as_slice);
        if commits.iter().all(|commit| commit.revision != revision) {
            return Err(format!(
                "revision {revision} of {mount} was promised and is lost"
            ));
        }
        let asked = |c: &&Coordinator| c.up && c.ready && (live.contains(&c.id) || is_fresh(c));
        for coordinator in coordinators.iter().filter(asked) {
            let served = coordinator.table.get(mount).map(|service| service.revision);
            let is_served = match target {
                Target::Revision(wanted) => {
                    let removed = commits
                        .iter()
                        .any(|commit| commit.revision > wanted && commit.row.is_none());
                    served.map_or(removed, |served| served >= wanted)
                }
                Target::Gone(last) => served.is_none_or(|served| served > last),
            };
            if !is_served {
                let id = &coordinator.id;
                return Err(format!(
                    "{id} serves {served:?} of {mount} after {target:?} was told"
                ));
            }
        }
        Ok(())
    }

    /// In the end everybody serves what is registered, and nothing else.
    pub(crate) fn agree(&self, store: &Store, coordinators: &[Coordinator]) -> Result<(), String> {
        for (mount, commits) in &self.commits {
            let app = store.get(APPS, &key_of(mount));
            let revision = app.and_then(|row| row.get("revision")).map(number);
            let last = commits.last();
            if last.and_then(|commit| commit.row.as_ref().map(|_| commit.revision)) != revision {
                return Err(format!(
                    "{mount} is registered in {revision:?}, not as committed"
                ));
            }
            for coordinator in coordinators {
                let id = &coordinator.id;
                if !coordinator.ready {
                    return Err(format!("{id} never became ready"));
                }
                let served = coordinator.table.get(mount).map(|service| service.revision);
                if served != revision {
                    return Err(format!(
                        "{id} serves {served:?} of {mount}, not {revision:?}"
                    ));
                }
                let disk = coordinator.disk.get(mount);
                let content = disk.and_then(|disk| disk.content.as_deref());
                let checksum = app
                    .and_then(|row| row.get("checksum"))
                    .and_then(Value::as_str);
                let lease = store.get(LEASES, &key_of(mount));
                let uninstalled = lease.and_then(|row| row.get("uninstalled"));
                let is_free = uninstalled.and_then(Value::as_bool) == Some(false);
                if content != checksum && !(app.is_none() && is_free) {
                    return Err(format!("{id} has {content:?} on disk for {mount}"));
                }
            }
        }
        Ok(())
    }
}

/// Whether a coordinator cannot have been taken for dead by anybody who is right: its heartbeats
/// were never held up, neither by itself nor by the store.
fn is_fresh(coordinator: &Coordinator) -> bool {
    let held_up = [
        coordinator.paused_until,
        coordinator.cut_until,
        coordinator.slow_until,
    ];
    coordinator.ready && held_up.iter().all(|until| until.is_zero())
}

fn number(value: &Value) -> u64 {
    u64::try_from(value.as_i64().unwrap_or(0)).unwrap_or(0)
}
