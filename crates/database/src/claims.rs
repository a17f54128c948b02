//! Documents that open transactions have written, so that others learn of the conflict when they
//! write and not only when somebody commits.
//!
//! Without claims the first to commit wins. That is right for transactions that take
//! milliseconds. One that a client holds open call by call would lose to every quick writer, and
//! learn of it at the end. So it claims what it writes: whoever comes second is told at once
//! (error 1200), and automatic operations come again until it has ended or their patience has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use error_codes::codes;
use parking_lot::Mutex;
use store::{Batch, Op};

use crate::error::{Error, ErrorKind, Result};
use crate::layout;

/// The claims of a server, by stored key.
#[derive(Default)]
pub(crate) struct Claims {
    holders: Mutex<BTreeMap<Bytes, u64>>,
    /// How many there are, to pass by quickly when there are none.
    count: AtomicUsize,
    next: AtomicU64,
}

/// What one transaction has claimed; dropping gives it back.
pub(crate) struct HeldClaims {
    claims: Arc<Claims>,
    holder: u64,
    keys: Vec<Bytes>,
}

impl Claims {
    pub fn hold(self: &Arc<Self>) -> HeldClaims {
        HeldClaims {
            claims: Arc::clone(self),
            holder: self.next.fetch_add(1, Ordering::Relaxed) + 1,
            keys: Vec::new(),
        }
    }

    /// Errors: 1200 if a batch writes to a document that somebody has claimed.
    pub fn check(&self, batch: &Batch) -> Result<()> {
        if self.count.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        check(&self.holders.lock(), batch, None)
    }
}

impl HeldClaims {
    /// Claims the documents that a batch writes. Errors: 1200, and then none is claimed.
    pub fn claim(&mut self, batch: &Batch) -> Result<()> {
        let mut holders = self.claims.holders.lock();
        check(&holders, batch, Some(self.holder))?;
        for op in batch.ops() {
            if let Op::Put { key, .. } | Op::Delete { key } = op
                && layout::is_document(key)
                && holders.insert(key.clone(), self.holder).is_none()
            {
                self.keys.push(key.clone());
            }
        }
        self.claims.count.store(holders.len(), Ordering::Release);
        Ok(())
    }
}

impl Drop for HeldClaims {
    fn drop(&mut self) {
        if self.keys.is_empty() {
            return;
        }
        let mut holders = self.claims.holders.lock();
        for key in &self.keys {
            holders.remove(key);
        }
        self.claims.count.store(holders.len(), Ordering::Release);
    }
}

fn check(holders: &BTreeMap<Bytes, u64>, batch: &Batch, own: Option<u64>) -> Result<()> {
    let is_foreign = |holder: &u64| Some(*holder) != own;
    let clashes = |op: &Op| match op {
        Op::Put { key, .. } | Op::Delete { key } => holders.get(key).is_some_and(is_foreign),
        Op::DeleteRange { range } => {
            let claimed = holders.range::<[u8], _>(range.bounds());
            claimed.map(|(_, holder)| holder).any(is_foreign)
        }
        _ => false,
    };
    if !batch.ops().iter().any(clashes) {
        return Ok(());
    }
    let code = codes::ARANGO_CONFLICT;
    let message = "conflict, an open transaction has written to the document";
    Err(Error::with_message(ErrorKind::Conflict, code, message))
}
