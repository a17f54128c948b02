//! Spreads the freeing of pages that a long reader has held back over many commits.
//!
//! redb keeps the pages of former states until nobody reads those any more. The next commit then
//! frees all that have become free. After a reader that stayed for thousands of commits that takes
//! longer than any writer should wait. So while somebody stays, the committer keeps some of the
//! states that pass as if it were a reader itself, and gives them back one with each commit.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use crate::snapshot::Snapshot;

/// A commit frees what about so many commits before it held back, at most.
const COMMITS: usize = 32;

/// The committer's view of who reads.
#[derive(Default)]
pub struct Retained {
    /// States that were published and that somebody may still read, oldest first.
    published: VecDeque<Weak<Snapshot>>,
    /// Those that are kept, oldest first.
    kept: VecDeque<Arc<Snapshot>>,
    /// Commits since one was last looked at to be kept.
    commits: usize,
}

impl Retained {
    /// Gives one state back if nobody reads an older one.
    pub fn before_commit(&mut self) {
        let Some(oldest) = self.kept.front() else {
            return;
        };
        let first_read = self.published.iter().find_map(|it| self.find_reader(it));
        if first_read.is_none_or(|sequence| sequence >= oldest.sequence) {
            self.kept.pop_front();
        }
    }

    /// A commit was published as `snapshot`.
    pub fn after_commit(&mut self, snapshot: &Arc<Snapshot>) {
        self.published.push_back(Arc::downgrade(snapshot));
        self.commits += 1;
        if self.commits < COMMITS {
            return;
        }
        self.commits = 0;
        let is_read = |it: &&Weak<Snapshot>| self.find_reader(it).is_some();
        // Since the last look, or before it.
        let before = self.published.len().saturating_sub(COMMITS);
        let stays = self.published.iter().take(before).any(|it| is_read(&it));
        let published = self.published.iter().filter(is_read).cloned().collect();
        self.published = published;
        // What is given back one by one makes room for what passes meanwhile, so go on.
        if stays || !self.kept.is_empty() {
            self.kept.push_back(Arc::clone(snapshot));
        }
    }

    /// The file was closed.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The sequence of a state that somebody else reads.
    fn find_reader(&self, published: &Weak<Snapshot>) -> Option<u64> {
        let snapshot = published.upgrade()?;
        let is_kept = |kept: &Arc<Snapshot>| Arc::ptr_eq(kept, &snapshot);
        // That of `snapshot` itself, and perhaps the one that is kept.
        let own = 1 + usize::from(self.kept.iter().any(is_kept));
        (Arc::strong_count(&snapshot) > own).then_some(snapshot.sequence)
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::snapshot::ENTRIES;

    struct Fixture {
        database: redb::Database,
        retained: Retained,
        sequence: u64,
        /// As the engine has it published.
        latest: Option<Arc<Snapshot>>,
    }

    impl Fixture {
        fn commit(&mut self) -> Arc<Snapshot> {
            self.retained.before_commit();
            self.sequence += 1;
            let txn = self.database.begin_write().unwrap();
            let mut table = txn.open_table(ENTRIES).unwrap();
            let key = self.sequence.to_be_bytes();
            table.insert(key.as_slice(), key.as_slice()).unwrap();
            drop(table);
            txn.commit().unwrap();
            let snapshot = Snapshot::take(&self.database, self.sequence).unwrap();
            let snapshot = Arc::new(snapshot);
            self.retained.after_commit(&snapshot);
            self.latest = Some(Arc::clone(&snapshot));
            snapshot
        }

        fn commits(&mut self, count: usize) {
            (0..count).for_each(|_| drop(self.commit()));
        }
    }

    fn fixture() -> Fixture {
        let backend = InMemoryBackend::new();
        let database = redb::Builder::new().create_with_backend(backend).unwrap();
        Fixture {
            database,
            retained: Retained::default(),
            sequence: 0,
            latest: None,
        }
    }

    #[test]
    fn nothing_is_kept_without_a_reader_that_stays() {
        let mut fixture = fixture();
        fixture.commits(3 * COMMITS);
        assert!(fixture.retained.kept.is_empty());
        assert!(fixture.retained.published.len() <= COMMITS + 1);
    }

    #[test]
    fn what_a_reader_held_back_is_given_back_step_by_step() {
        let mut fixture = fixture();
        let reader = fixture.commit();
        fixture.commits(10 * COMMITS);
        let kept = fixture.retained.kept.len();
        assert!((8..=10).contains(&kept), "{kept}");
        let later = fixture.commit();
        fixture.commits(5 * COMMITS);
        let before = fixture.retained.kept.len();
        assert!((13..=15).contains(&before), "{before}");
        drop(reader);
        fixture.commits(3);
        assert_eq!(fixture.retained.kept.len(), before - 3, "one with each");
        fixture.commits(2 * COMMITS);
        let oldest = fixture.retained.kept.front().unwrap().sequence;
        assert!(
            oldest > later.sequence,
            "those before the later one are gone"
        );
        drop(later);
        fixture.commits(COMMITS);
        assert!(fixture.retained.kept.is_empty());
    }

    #[test]
    fn the_memory_for_a_reader_that_stays_is_bounded_by_its_commits() {
        let mut fixture = fixture();
        let _reader = fixture.commit();
        fixture.commits(20 * COMMITS);
        let Retained {
            published, kept, ..
        } = &fixture.retained;
        assert!(published.len() <= 2 * COMMITS, "{}", published.len());
        assert!(kept.len() <= 20, "{}", kept.len());
    }
}
