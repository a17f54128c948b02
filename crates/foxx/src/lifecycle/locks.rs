//! One operation at a time for each mount.

use std::collections::HashSet;
use std::time::Duration;

use error_codes::codes;
use parking_lot::{Condvar, Mutex};

use crate::{Error, ErrorKind, Result};

/// Mounts that an operation is under way on, as `(database, mount)`.
#[derive(Default)]
pub(crate) struct Locks {
    held: Mutex<HashSet<(String, String)>>,
    freed: Condvar,
}

/// Held for the time of one operation.
pub(crate) struct Guard<'l> {
    locks: &'l Locks,
    key: (String, String),
}

impl Locks {
    /// Waits for its turn.
    ///
    /// # Errors
    /// 503 when the time is over: the operation before takes too long, or waits for this one.
    pub(crate) fn lock(&self, database: &str, mount: &str, time: Duration) -> Result<Guard<'_>> {
        let key = (database.to_owned(), mount.to_owned());
        let mut held = self.held.lock();
        while !held.insert(key.clone()) {
            if self.freed.wait_for(&mut held, time).timed_out() {
                let error = Error::new(ErrorKind::Unavailable, codes::HTTP_SERVICE_UNAVAILABLE);
                let reason = "another operation on this mount is under way";
                return Err(error
                    .with_detail("Mount", mount)
                    .with_detail("Reason", reason));
            }
        }
        Ok(Guard { locks: self, key })
    }

    /// Takes the turn unless an operation is under way; healing leaves such mounts alone.
    pub(crate) fn try_lock(&self, database: &str, mount: &str) -> Option<Guard<'_>> {
        let key = (database.to_owned(), mount.to_owned());
        if !self.held.lock().insert(key.clone()) {
            // A guard that is made and dropped would free what somebody else holds.
            return None;
        }
        Some(Guard { locks: self, key })
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.locks.held.lock().remove(&self.key);
        self.locks.freed.notify_all();
    }
}
