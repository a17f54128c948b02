//! Open cursors: results that clients fetch piece by piece.
//!
//! A cursor is open from its first batch until its last, until it is deleted, or until nobody
//! asked for it during its lifetime; each request for it begins that time anew. A request takes
//! its cursor out of the store and puts it back, so that nobody waits for a batch that is being
//! made: a second request meanwhile is told that the cursor is busy. Expired cursors leave with
//! [`Cursors::sweep`], which the server calls once a second. A crash loses all cursors.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use database::TransactionId;
use error_codes::codes;
use parking_lot::Mutex;
use platform::Platform;

use crate::budget::Share;
use crate::error::{Error, Result};
use crate::query::Rows;
use crate::state::Call;

/// Whose cursor it is. Others are told that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    database: String,
    user: Option<String>,
}

impl Owner {
    /// The caller, in the request's database.
    pub(crate) fn of(call: &Call<'_>) -> Self {
        Self {
            database: call.request.database.to_string(),
            user: call.identity.user().map(str::to_owned),
        }
    }
}

/// A result that is not handed out wholly.
pub(crate) struct Cursor {
    /// What is left.
    pub(crate) rows: Rows,
    /// The number of all rows, if the client asked for it.
    pub(crate) count: Option<u64>,
    /// The number of the batch delivered last, from 1.
    pub(crate) batch: u64,
    /// The answer with that batch, if it may be asked for again.
    pub(crate) last: Option<Again>,
    /// Whether that batch was the final one.
    pub(crate) ended: bool,
}

/// An answer that may be asked for again, and the memory it takes.
pub(crate) struct Again {
    text: Bytes,
    share: Share,
}

impl Again {
    /// # Errors
    /// 503/32 when results take too much memory.
    pub(crate) fn new(text: Bytes, mut share: Share) -> Result<Self> {
        share.grow(text.len())?;
        Ok(Self { text, share })
    }

    /// The answer.
    pub(crate) fn text(&self) -> Bytes {
        self.text.clone()
    }

    /// Another answer takes its place.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn replace(&mut self, text: Bytes) -> Result<()> {
        self.share.shrink(self.text.len());
        self.share.grow(text.len())?;
        self.text = text;
        Ok(())
    }
}

struct Slot {
    owner: Owner,
    /// The open transaction that its rows are read in, if they are read bit by bit.
    transaction: Option<TransactionId>,
    lifetime: Duration,
    /// By the monotonic clock.
    deadline: Duration,
    /// Absent while a request works with it.
    cursor: Option<Box<Cursor>>,
}

/// All open cursors.
pub(crate) struct Cursors {
    platform: Platform,
    cursors_max: usize,
    slots: Mutex<HashMap<u64, Slot>>,
}

/// A cursor that one request works with. Dropping it closes the cursor.
pub(crate) struct Taken<'a> {
    cursors: &'a Cursors,
    id: u64,
    cursor: Option<Box<Cursor>>,
}

impl Cursors {
    /// A store for at most `cursors_max` cursors.
    pub(crate) fn new(platform: Platform, cursors_max: usize) -> Self {
        Self {
            platform,
            cursors_max,
            slots: Mutex::default(),
        }
    }

    fn now(&self) -> Duration {
        self.platform.clock.monotonic()
    }

    /// Opens a cursor under a new id.
    ///
    /// # Errors
    /// 503/32 when there are too many; as [`Self::check_streams`].
    pub(crate) fn open(
        &self,
        id: u64,
        owner: Owner,
        lifetime: Duration,
        cursor: Cursor,
    ) -> Result<()> {
        let mut slots = self.slots.lock();
        if slots.len() >= self.cursors_max {
            let text = format!(
                "{} cursors are open, more than that are not allowed (http.cursors-max)",
                self.cursors_max
            );
            return Err(Error::new(codes::RESOURCE_LIMIT, text)
                .with_status(hyper::StatusCode::SERVICE_UNAVAILABLE));
        }
        let transaction = cursor.rows.transaction();
        if let Some(transaction) = transaction {
            check_free(&slots, transaction)?;
        }
        let deadline = self.now() + lifetime;
        slots.insert(
            id,
            Slot {
                owner,
                transaction,
                lifetime,
                deadline,
                cursor: Some(Box::new(cursor)),
            },
        );
        Ok(())
    }

    /// # Errors
    /// 28 when a cursor is open whose rows are read bit by bit in the same transaction: there may
    /// be one at a time.
    pub(crate) fn check_streams(&self, transaction: TransactionId) -> Result<()> {
        self.sweep();
        check_free(&self.slots.lock(), transaction)
    }

    /// Takes a cursor out to work with it.
    ///
    /// # Errors
    /// 1600 if there is none for this caller, 1601 while another request works with it.
    pub(crate) fn take(&self, id: &str, owner: &Owner) -> Result<Taken<'_>> {
        let not_found = || Error::plain(codes::CURSOR_NOT_FOUND);
        let id: u64 = id.parse().map_err(|_| not_found())?;
        let now = self.now();
        let mut slots = self.slots.lock();
        let slot = slots.get_mut(&id).filter(|slot| slot.owner == *owner);
        let slot = slot.filter(|slot| slot.cursor.is_none() || now < slot.deadline);
        let cursor = slot.ok_or_else(not_found)?.cursor.take();
        let cursor = cursor.ok_or_else(|| Error::plain(codes::CURSOR_BUSY))?;
        Ok(Taken {
            cursors: self,
            id,
            cursor: Some(cursor),
        })
    }

    /// Closes what nobody asked for in time, and what was killed.
    pub(crate) fn sweep(&self) {
        let now = self.now();
        // A result may be large: freed when nobody waits for the lock any more.
        let expired = self.remove(|slot| match &slot.cursor {
            None => false,
            Some(cursor) => now >= slot.deadline || cursor.rows.is_killed(),
        });
        drop(expired);
    }

    /// Closes the cursors of a database, also those that requests work with: they do not come
    /// back.
    pub(crate) fn forget_database(&self, database: &str) {
        let closed = self.remove(|slot| slot.owner.database == database);
        drop(closed);
    }

    /// How many are open.
    pub(crate) fn open_count(&self) -> usize {
        self.slots.lock().len()
    }

    fn remove(&self, is_gone: impl Fn(&Slot) -> bool) -> Vec<Slot> {
        let mut slots = self.slots.lock();
        slots
            .extract_if(|_, slot| is_gone(slot))
            .map(|(_, s)| s)
            .collect()
    }
}

fn check_free(slots: &HashMap<u64, Slot>, transaction: TransactionId) -> Result<()> {
    let is_it = |slot: &Slot| slot.transaction == Some(transaction);
    let is_done = |slot: &Slot| slot.cursor.as_ref().is_some_and(|cursor| cursor.ended);
    if slots.values().any(|slot| is_it(slot) && !is_done(slot)) {
        let text = "another streaming cursor is open in this transaction";
        return Err(Error::new(codes::LOCKED, text));
    }
    Ok(())
}

impl Taken<'_> {
    /// The cursor.
    pub(crate) fn cursor(&mut self) -> &mut Cursor {
        self.cursor
            .as_mut()
            .expect("it is there until keep() consumes this")
    }

    /// Puts the cursor back for another lifetime.
    pub(crate) fn keep(mut self) {
        let cursor = self.cursor.take();
        let now = self.cursors.now();
        if let Some(slot) = self.cursors.slots.lock().get_mut(&self.id) {
            slot.deadline = now + slot.lifetime;
            slot.cursor = cursor;
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // Kept cursors have been put back; any other one is closed, also after a panic.
        if self.cursor.is_some() {
            self.cursors.slots.lock().remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor {
            rows: Rows::made(&["1", "2"]),
            count: None,
            batch: 1,
            last: None,
            ended: false,
        }
    }

    fn owner(user: &str) -> Owner {
        Owner {
            database: "d".to_owned(),
            user: Some(user.to_owned()),
        }
    }

    fn code<T>(result: Result<T>) -> Option<u32> {
        result.err().map(|error| error.code.number())
    }

    const LIFETIME: Duration = Duration::from_secs(30);

    #[test]
    fn a_cursor_lives_as_long_as_it_is_asked_for() {
        let (platform, clock) = Platform::simulated(0, 1);
        let cursors = Cursors::new(platform, 10);
        cursors.open(7, owner("a"), LIFETIME, cursor()).unwrap();
        for _ in 0..3 {
            clock.advance(LIFETIME - Duration::from_millis(1));
            cursors.sweep();
            cursors.take("7", &owner("a")).unwrap().keep();
        }
        clock.advance(LIFETIME);
        assert_eq!(
            code(cursors.take("7", &owner("a"))),
            Some(1600),
            "also before a sweep"
        );
        cursors.sweep();
        assert!(cursors.slots.lock().is_empty());
    }

    #[test]
    fn only_its_owner_finds_it_and_only_one_request_at_a_time_has_it() {
        let (platform, clock) = Platform::simulated(0, 1);
        let cursors = Cursors::new(platform, 10);
        cursors.open(7, owner("a"), LIFETIME, cursor()).unwrap();
        for (id, user) in [("7", "b"), ("8", "a"), ("x", "a"), ("", "a")] {
            assert_eq!(
                code(cursors.take(id, &owner(user))),
                Some(1600),
                "{id} {user}"
            );
        }
        let taken = cursors.take("7", &owner("a")).unwrap();
        assert_eq!(code(cursors.take("7", &owner("a"))), Some(1601));
        clock.advance(LIFETIME);
        cursors.sweep();
        taken.keep();
        drop(cursors.take("7", &owner("a")).unwrap());
        assert_eq!(
            code(cursors.take("7", &owner("a"))),
            Some(1600),
            "dropping closes it"
        );
    }

    #[test]
    fn their_number_is_limited_and_a_dropped_database_frees_them() {
        let (platform, _) = Platform::simulated(0, 1);
        let cursors = Cursors::new(platform, 1);
        cursors.open(7, owner("a"), LIFETIME, cursor()).unwrap();
        let error = cursors.open(8, owner("a"), LIFETIME, cursor()).unwrap_err();
        assert!(
            error.message.contains("http.cursors-max"),
            "{}",
            error.message
        );
        cursors.forget_database("d");
        cursors.open(8, owner("a"), LIFETIME, cursor()).unwrap();
        let busy = cursors.take("8", &owner("a")).unwrap();
        cursors.forget_database("d");
        busy.keep();
        assert_eq!(cursors.open_count(), 0, "also one that a request has");
    }
}
