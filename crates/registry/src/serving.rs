//! What each coordinator says it serves, and when that is enough.
//!
//! ```text
//! _appserving/<coordinator>:<hash of mount>   {coordinator, mount, revision, checksum, state,
//!                                              cause, since}
//! ```
//! A coordinator that has no row of a mount serves nothing there. So it writes one, with revision
//! 0, and only then reads what is registered ([`foretell`]), or commits what it registers itself:
//! whoever takes a service away afterwards finds the row and waits for it.

use cluster::{Member, Result, Rows};
use sha2::{Digest as _, Sha256};
use value::{Object, Value};

use crate::SERVING;

/// What one coordinator serves at one mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serving {
    /// Its id.
    pub coordinator: String,
    /// Where.
    pub mount: String,
    /// Of the registered row.
    pub revision: u64,
    /// Names the bundle.
    pub checksum: String,
    /// `ready`, or what keeps it from running.
    pub state: String,
    /// Why it cannot run; empty if it can.
    pub cause: String,
    /// Since when, by the coordinator's wall clock, in milliseconds. Shown; nobody compares it.
    pub since_ms: u64,
}

/// For whom an operation waits before it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Every coordinator that lives.
    #[default]
    All,
    /// The one that was asked.
    One,
    /// Nobody.
    None,
}

/// What must be served everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This revision or a later one.
    Revision(u64),
    /// Nothing, or something later than this revision, which took the service away.
    Gone(u64),
}

impl Serving {
    fn read(row: &Value) -> Self {
        let text = |name: &str| row.get(name).as_str().unwrap_or_default().to_owned();
        let number = |name: &str| u64::try_from(row.get(name).as_i64().unwrap_or(0)).unwrap_or(0);
        Self {
            coordinator: text("coordinator"),
            mount: text("mount"),
            revision: number("revision"),
            checksum: text("checksum"),
            state: text("state"),
            cause: text("cause"),
            since_ms: number("since"),
        }
    }

    fn to_row(&self) -> Object {
        let mut row = Object::new();
        row.insert("coordinator", self.coordinator.as_str());
        row.insert("mount", self.mount.as_str());
        row.insert("revision", self.revision);
        row.insert("checksum", self.checksum.as_str());
        row.insert("state", self.state.as_str());
        row.insert("cause", self.cause.as_str());
        row.insert("since", self.since_ms);
        row
    }
}

/// Mounts may be longer than what is left of a key beside the id.
fn key(coordinator: &str, mount: &str) -> String {
    use std::fmt::Write as _;
    let mut key = format!("{coordinator}:");
    for byte in Sha256::digest(mount.as_bytes()).iter().take(12) {
        write!(key, "{byte:02x}").expect("writing to a text cannot fail");
    }
    key
}

/// Says what a coordinator serves at a mount. Errors: the store's.
pub fn publish(rows: &mut dyn Rows, serving: &Serving) -> Result<()> {
    let key = key(&serving.coordinator, &serving.mount);
    rows.put(SERVING, &key, serving.to_row())
}

/// Says that a coordinator may be about to serve something at a mount, unless it said more already.
/// Committed before it reads what is registered there. Errors: the store's.
pub fn foretell(rows: &mut dyn Rows, coordinator: &str, mount: &str) -> Result<()> {
    let key = key(coordinator, mount);
    if rows.get(SERVING, &key)?.is_some() {
        return Ok(());
    }
    let serving = Serving {
        coordinator: coordinator.to_owned(),
        mount: mount.to_owned(),
        state: "loading".to_owned(),
        ..Serving::default()
    };
    rows.put(SERVING, &key, serving.to_row())
}

/// Says that a coordinator serves nothing at a mount. Errors: the store's.
pub fn withdraw(rows: &mut dyn Rows, coordinator: &str, mount: &str) -> Result<()> {
    rows.remove(SERVING, &key(coordinator, mount))
}

/// What these coordinators serve at a mount, in one round trip. Errors: the store's.
pub fn load(rows: &mut dyn Rows, mount: &str, coordinators: &[Member]) -> Result<Vec<Serving>> {
    let keys: Vec<String> = coordinators.iter().map(|m| key(&m.id, mount)).collect();
    let found = rows.get_many(SERVING, &keys)?;
    Ok(found.iter().flatten().map(Serving::read).collect())
}

/// Ids of the coordinators that do not serve the target yet, of those that `wait` asks for.
pub fn find_pending(
    target: Target,
    wait: Wait,
    me: &str,
    live: &[Member],
    serving: &[Serving],
) -> Vec<String> {
    let asked = live.iter().filter(|member| match wait {
        Wait::All => true,
        Wait::One => member.id == me,
        Wait::None => false,
    });
    let pending = asked.filter(|member| {
        let found = serving.iter().find(|s| s.coordinator == member.id);
        match (target, found) {
            (Target::Revision(wanted), Some(found)) => found.revision < wanted,
            (Target::Revision(_), None) => true,
            (Target::Gone(last), Some(found)) => found.revision <= last,
            (Target::Gone(_), None) => false,
        }
    });
    pending.map(|member| member.id.clone()).collect()
}

/// Whether a service in this revision may answer a request that asks for at least `minimum`.
pub fn is_recent_enough(revision: u64, minimum: Option<u64>) -> bool {
    minimum.is_none_or(|minimum| revision >= minimum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str) -> Member {
        Member {
            id: id.to_owned(),
            ..Member::default()
        }
    }

    fn serving(coordinator: &str, revision: u64) -> Serving {
        Serving {
            coordinator: coordinator.to_owned(),
            revision,
            ..Serving::default()
        }
    }

    #[test]
    fn whoever_lives_and_serves_something_older_is_waited_for() {
        let live = [member("a"), member("b"), member("c")];
        let said = [serving("a", 7), serving("b", 6), serving("dead", 1)];
        let pending = |target, wait| find_pending(target, wait, "a", &live, &said);
        assert_eq!(pending(Target::Revision(7), Wait::All), ["b", "c"]);
        assert!(pending(Target::Revision(7), Wait::One).is_empty());
        assert!(pending(Target::Revision(9), Wait::None).is_empty());
        assert_eq!(pending(Target::Gone(6), Wait::All), ["b"]);
        assert_eq!(pending(Target::Gone(8), Wait::One), ["a"]);
    }

    #[test]
    fn a_minimum_is_met_by_it_and_by_more() {
        assert!(is_recent_enough(0, None));
        assert!(is_recent_enough(3, Some(3)) && is_recent_enough(4, Some(3)));
        assert!(!is_recent_enough(2, Some(3)));
    }
}
