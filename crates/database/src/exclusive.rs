//! Exclusive access to collections of a shared store.
//!
//! [`crate::locks`] decides between transactions of one process. Who gets a collection exclusively
//! there also writes itself into the collection's *shape*, in a commit of its own before its
//! transaction begins. Every writer guards the shape: those that began earlier lose at commit, and
//! those that begin later read who has the collection and wait. So nobody else writes between the
//! snapshot and the end of an exclusive transaction, which gives the collection back in its own
//! commit, or by another one if it wrote nothing.
//!
//! A holder that shows no life any more (see [`crate::seats`]) holds nothing: the next writer puts
//! the shape as it was, and so a holder that was only held up loses at commit.
//!
//! Crash: the row stays until the sign of life is gone, `seat_lease` later.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use error_codes::codes;
use store::{Batch, BeginOptions, Txn};

use crate::error::{Error, ErrorKind, Result};
use crate::ids::CollectionId;
use crate::layout;
use crate::locks::Mode;
use crate::seats::Holder;
use crate::shared::Shared;

/// Who has a collection, as its shape says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    holder: Holder,
    /// Tells the transactions of a process apart.
    token: u64,
}

/// What a shape says to one who wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody has the collection, or oneself does.
    Free,
    /// Somebody had it who is gone.
    Left,
    /// Another process has it.
    Taken,
}

/// Collections that this process has among all; dropping gives them back.
pub(crate) struct StoredLocks {
    shared: Arc<Shared>,
    token: u64,
    collections: Vec<CollectionId>,
}

impl Row {
    fn decode(shape: &[u8]) -> Result<Option<Self>> {
        if shape.is_empty() {
            return Ok(None);
        }
        let [seat, who, token] =
            layout::decode_numbers(shape).ok_or_else(|| Error::corrupt("shape of a collection"))?;
        let holder = Holder { seat, who };
        Ok(Some(Self { holder, token }))
    }

    fn encode(self) -> Bytes {
        let Holder { seat, who } = self.holder;
        layout::encode_numbers([seat, who, self.token])
    }
}

impl Shared {
    /// What a shape says to somebody who holds `own`.
    pub fn access(
        &self,
        txn: &mut dyn Txn,
        shape: Option<&[u8]>,
        own: Option<&StoredLocks>,
    ) -> Result<Access> {
        let Some(row) = shape.map(Row::decode).transpose()?.flatten() else {
            return Ok(Access::Free);
        };
        if own.is_some_and(|own| own.token == row.token) {
            return Ok(Access::Free);
        }
        // Within this process the locks have decided already: its own row is about to go.
        if Some(row.holder) != self.holder() && row.holder.is_alive(txn)? {
            return Ok(Access::Taken);
        }
        Ok(Access::Left)
    }

    /// Takes the exclusive ones of `wants` among all processes, when none of `wants` is taken.
    /// Waits. Errors: 18 after `timeout`; the engine's.
    pub fn acquire(
        self: &Arc<Self>,
        wants: &[(CollectionId, Mode)],
        patience: &mut Patience,
    ) -> Result<StoredLocks> {
        loop {
            match self.retry(|| self.try_acquire(wants))? {
                Some(locks) => return Ok(locks),
                None => patience.wait(self)?,
            }
        }
    }

    fn try_acquire(
        self: &Arc<Self>,
        wants: &[(CollectionId, Mode)],
    ) -> Result<Option<StoredLocks>> {
        let Some(holder) = self.holder() else {
            return Err(Error::corrupt("a shared store without seats"));
        };
        let row = Row {
            holder,
            token: self.next_tick()?,
        };
        let shapes: Vec<Bytes> = wants.iter().map(|(id, _)| layout::shape(*id)).collect();
        let keys: Vec<&[u8]> = shapes.iter().map(Bytes::as_ref).collect();
        let options = BeginOptions::read_write();
        let (mut txn, values) = self.engine.begin_reading(options, &keys)?;
        let mut batch = Batch::new();
        let mut collections = Vec::new();
        for (((collection, mode), key), shape) in wants.iter().zip(&shapes).zip(values) {
            // Dropped: whoever uses it will be told.
            let Some(shape) = shape else {
                continue;
            };
            if self.access(txn.as_mut(), Some(&shape), None)? == Access::Taken {
                return Ok(None);
            }
            if *mode == Mode::Exclusive {
                batch.put(key.clone(), row.encode());
                collections.push(*collection);
            }
        }
        // Made before the commit: if that fails and happened nevertheless, dropping it undoes it.
        let locks = StoredLocks {
            shared: Arc::clone(self),
            token: row.token,
            collections,
        };
        if batch.is_empty() {
            return Ok(Some(locks));
        }
        txn.write(batch)?;
        if let Err(error) = txn.commit() {
            let error = Error::from(error);
            if error.is_conflict() {
                locks.into_nothing();
            }
            return Err(error);
        }
        Ok(Some(locks))
    }

    /// Gives back what could not be given back when its transaction ended.
    pub fn release_leftovers(&self) -> Result<()> {
        loop {
            let Some((collection, token)) = self.unreleased.lock().last().copied() else {
                return Ok(());
            };
            self.release(collection, token)?;
            let mut unreleased = self.unreleased.lock();
            unreleased.retain(|other| *other != (collection, token));
        }
    }

    fn release(&self, collection: CollectionId, token: u64) -> Result<()> {
        let key = layout::shape(collection);
        self.retry(|| {
            let options = BeginOptions::read_write();
            let (mut txn, mut values) = self.engine.begin_reading(options, &[&key])?;
            let shape = values.pop().flatten();
            let row = shape.as_deref().map(Row::decode).transpose()?.flatten();
            if row.is_some_and(|row| row.token == token) {
                let mut batch = Batch::new();
                batch.put(key.clone(), Bytes::new());
                txn.write(batch)?;
                txn.commit()?;
            }
            Ok(())
        })
    }
}

impl StoredLocks {
    /// Gives them back with the commit of a transaction; [`Self::forget`] when it happened.
    pub fn give_back_in(&self, batch: &mut Batch) {
        for collection in &self.collections {
            batch.put(layout::shape(*collection), Bytes::new());
        }
    }

    /// They are given back.
    pub fn forget(&mut self) {
        self.collections.clear();
    }

    /// They were not taken.
    fn into_nothing(mut self) {
        self.forget();
    }

    /// Whether a shape says that they are still held.
    pub fn has(&self, shape: Option<&[u8]>) -> Result<bool> {
        let row = shape.map(Row::decode).transpose()?.flatten();
        Ok(row.is_some_and(|row| row.token == self.token))
    }
}

impl Drop for StoredLocks {
    fn drop(&mut self) {
        for collection in std::mem::take(&mut self.collections) {
            if let Err(error) = self.shared.release(collection, self.token) {
                tracing::debug!(%error, "an exclusive lock is given back later");
                let mut unreleased = self.shared.unreleased.lock();
                unreleased.push((collection, self.token));
            }
        }
    }
}

/// How long somebody goes on asking for what another process has.
pub(crate) struct Patience {
    began: Duration,
    timeout: Duration,
    pause: Duration,
}

impl Patience {
    pub fn new(shared: &Shared, timeout: Duration) -> Self {
        Self {
            began: shared.platform.clock.monotonic(),
            timeout,
            pause: Duration::from_millis(1),
        }
    }

    /// Pauses, longer each time. Errors: 18.
    pub fn wait(&mut self, shared: &Shared) -> Result<()> {
        let clock = &shared.platform.clock;
        let waited = clock.monotonic().saturating_sub(self.began);
        if waited >= self.timeout {
            let code = codes::LOCK_TIMEOUT;
            let timeout = self.timeout;
            let message = format!(
                "{}: another process has a collection, waited {timeout:?} (lock_timeout)",
                code.text()
            );
            return Err(Error::with_message(ErrorKind::Limit, code, message));
        }
        clock.pause(self.pause.min(self.timeout - waited));
        self.pause = (self.pause * 2).min(shared.settings.shared_lock_pause_max);
        Ok(())
    }
}
