//! Declared collections that were looked up in a catalog, remembered: who asks many small queries
//! declares the same collections for each of them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::ids::CollectionId;
use crate::transaction::CollectionAccess;

/// Whether each declared collection may be written.
pub(crate) type Declared = HashMap<CollectionId, bool>;

/// How many declarations a catalog remembers. A server has few users at a time; a declaration
/// that is made anew for each transaction pushes out others, which are then looked up again.
const REMEMBERED_MAX: usize = 16;

/// What declarations mean in one catalog.
#[derive(Debug, Default)]
pub(crate) struct Accesses(Mutex<VecDeque<(Arc<CollectionAccess>, Arc<Declared>)>>);

impl Accesses {
    /// What `access` means, as `resolve` says at the first time.
    pub fn resolve(
        &self,
        access: &Arc<CollectionAccess>,
        resolve: impl FnOnce() -> Declared,
    ) -> Arc<Declared> {
        let mut known = self.0.lock();
        // The same piece of memory, which is kept here, and never changes.
        if let Some((_, declared)) = known.iter().find(|(known, _)| Arc::ptr_eq(known, access)) {
            return Arc::clone(declared);
        }
        let declared = Arc::new(resolve());
        if known.len() >= REMEMBERED_MAX {
            known.pop_front();
        }
        known.push_back((Arc::clone(access), Arc::clone(&declared)));
        declared
    }
}

impl Clone for Accesses {
    /// Of a catalog that is about to change nothing is remembered.
    fn clone(&self) -> Self {
        Self::default()
    }
}
