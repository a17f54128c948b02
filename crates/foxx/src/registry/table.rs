//! The mount table: an immutable snapshot that every request reads without a lock.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::Service;
use crate::mount::Mount;

/// Services of one database by mount.
type Mounts = HashMap<Mount, Arc<Service>>;

/// All services of all databases.
#[derive(Default)]
pub(crate) struct Table {
    snapshot: ArcSwap<HashMap<Arc<str>, Arc<Mounts>>>,
    /// Writers take turns; readers never wait.
    writing: Mutex<()>,
}

/// The service below whose mount a path lies.
#[derive(Debug, Clone)]
pub struct Found<'p> {
    /// The service.
    pub service: Arc<Service>,
    /// The path as the service sees it, with its leading slash.
    pub rest: &'p str,
}

impl Table {
    /// The service with the longest mount that `path` lies below. Doubled slashes before the
    /// mount are taken as one.
    pub(crate) fn find<'p>(&self, database: &str, path: &'p str) -> Option<Found<'p>> {
        let snapshot = self.snapshot.load();
        let mounts = snapshot.get(database)?;
        let skipped = path.len() - path.trim_start_matches('/').len();
        let start = skipped.checked_sub(1)?;
        let path = path.get(start..)?;
        let mut end = path.len();
        loop {
            if let Some(service) = mounts.get(path.get(..end)?) {
                let rest = path
                    .get(end..)
                    .filter(|rest| !rest.is_empty())
                    .unwrap_or("/");
                return Some(Found {
                    service: Arc::clone(service),
                    rest,
                });
            }
            end = path.get(..end)?.rfind('/').filter(|end| *end > 0)?;
        }
    }

    /// The service at exactly this mount.
    pub(crate) fn get(&self, database: &str, mount: &str) -> Option<Arc<Service>> {
        self.snapshot.load().get(database)?.get(mount).cloned()
    }

    /// All services of a database, sorted by mount.
    pub(crate) fn list(&self, database: &str) -> Vec<Arc<Service>> {
        let snapshot = self.snapshot.load();
        let mounts = snapshot.get(database);
        let mut services: Vec<_> = mounts
            .into_iter()
            .flat_map(|m| m.values().cloned())
            .collect();
        services.sort_by(|a, b| a.mount.cmp(&b.mount));
        services
    }

    /// Databases that have services.
    pub(crate) fn databases(&self) -> Vec<Arc<str>> {
        self.snapshot.load().keys().cloned().collect()
    }

    /// Puts a service in the place of the one at its mount, which is retired.
    pub(crate) fn put(&self, service: Arc<Service>) {
        let database = Arc::clone(&service.database);
        self.change(&database, |mounts| {
            mounts.insert(service.mount.clone(), service)
        });
    }

    /// Takes a service away and retires it.
    pub(crate) fn remove(&self, database: &str, mount: &Mount) -> bool {
        let mut removed = false;
        self.change(database, |mounts| {
            let service = mounts.remove(mount);
            removed = service.is_some();
            service
        });
        removed
    }

    fn change(&self, database: &str, change: impl FnOnce(&mut Mounts) -> Option<Arc<Service>>) {
        let _turn = self.writing.lock();
        let mut databases = HashMap::clone(&self.snapshot.load());
        let mut mounts = databases
            .get(database)
            .map(|m| Mounts::clone(m))
            .unwrap_or_default();
        let retired = change(&mut mounts);
        if mounts.is_empty() {
            databases.remove(database);
        } else {
            databases.insert(database.into(), Arc::new(mounts));
        }
        self.snapshot.store(Arc::new(databases));
        if let Some(service) = retired {
            service
                .retired
                .store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

impl std::borrow::Borrow<str> for Mount {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn table(mounts: &[(&str, &str)]) -> Table {
        let table = Table::default();
        for (database, mount) in mounts {
            let (manifest, _) = Manifest::parse(b"{}", "3.12.5").unwrap();
            let mount = Mount::parse(mount).unwrap();
            let service = Service::bare((*database).into(), mount, Arc::new(manifest));
            table.put(Arc::new(service));
        }
        table
    }

    #[test]
    fn the_longest_mount_wins_and_the_rest_keeps_its_slash() {
        let table = table(&[("d", "/a"), ("d", "/a/b"), ("e", "/a"), ("d", "/c-d")]);
        let cases = [
            ("/a", Some(("/a", "/"))),
            ("/a/", Some(("/a", "/"))),
            ("//a/x", Some(("/a", "/x"))),
            ("/a/x//y", Some(("/a", "/x//y"))),
            ("/a/b", Some(("/a/b", "/"))),
            ("/a/b/c", Some(("/a/b", "/c"))),
            ("/a/bc", Some(("/a", "/bc"))),
            ("/ab", None),
            ("/", None),
            ("", None),
            ("a", None),
            ("/c-d/%2F", Some(("/c-d", "/%2F"))),
        ];
        for (path, expected) in cases {
            let found = table.find("d", path);
            let said = found
                .as_ref()
                .map(|found| (found.service.mount.as_str(), found.rest));
            assert_eq!(said, expected, "{path}");
        }
        assert!(table.find("x", "/a").is_none());
    }

    #[test]
    fn replacing_and_removing_retires() {
        let table = table(&[("d", "/a")]);
        let old = table.get("d", "/a").unwrap();
        assert!(!old.is_retired());
        assert!(table.remove("d", &old.mount));
        assert!(old.is_retired());
        assert!(!table.remove("d", &old.mount));
        assert!(table.databases().is_empty());
    }
}
