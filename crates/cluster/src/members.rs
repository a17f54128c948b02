//! The rows of coordinators.
//!
//! ```text
//! _coordinators/<id>   {endpoint, version, started, beat, changes}
//! ```
//! Each coordinator writes its own row only; others remove the rows of the dead.

use value::{Object, Value};

use crate::{Result, Rows};

/// The table of coordinators, in the system database.
pub const MEMBERS: &str = "_coordinators";

/// A coordinator: one process, from its start to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Made anew by each process.
    pub id: String,
    /// Where clients reach it. Shown; nobody connects to it.
    pub endpoint: String,
    /// Version of its program.
    pub version: String,
    /// When it started, by its own wall clock, in milliseconds. Shown; nobody compares it.
    pub started_ms: u64,
    /// The heartbeat: grows while it lives.
    pub beat: u64,
    /// Grows with each change that others should look at.
    pub changes: u64,
}

impl Member {
    fn read(row: &Value) -> Self {
        let text = |name: &str| row.get(name).as_str().unwrap_or_default().to_owned();
        let number = |name: &str| {
            let number = row.get(name).as_i64().unwrap_or(0);
            u64::try_from(number).unwrap_or(0)
        };
        Self {
            id: text("_key"),
            endpoint: text("endpoint"),
            version: text("version"),
            started_ms: number("started"),
            beat: number("beat"),
            changes: number("changes"),
        }
    }

    fn to_row(&self) -> Object {
        let mut row = Object::new();
        row.insert("endpoint", self.endpoint.as_str());
        row.insert("version", self.version.as_str());
        row.insert("started", self.started_ms);
        row.insert("beat", self.beat);
        row.insert("changes", self.changes);
        row
    }
}

/// Reading and writing the rows of coordinators.
pub struct Members;

impl Members {
    /// Writes a coordinator's own row. Errors: the store's.
    pub fn put(rows: &mut dyn Rows, member: &Member) -> Result<()> {
        rows.put(MEMBERS, &member.id, member.to_row())
    }

    /// All rows, those of the dead included. Errors: the store's.
    pub fn list(rows: &mut dyn Rows) -> Result<Vec<Member>> {
        Ok(rows.list(MEMBERS)?.iter().map(Member::read).collect())
    }

    /// Removes a coordinator that leaves or is dead. Errors: the store's.
    pub fn remove(rows: &mut dyn Rows, id: &str) -> Result<()> {
        rows.remove(MEMBERS, id)
    }
}
