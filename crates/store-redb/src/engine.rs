//! The engine: the published snapshot, the door to the committer, and its lifecycle.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use platform::{ThreadSettings, spawn_thread};
use store::{
    BeginOptions, Engine, Error, ErrorKind, Limits, Result, Seen, Statistics, Txn, WhenDurable,
};

use crate::committer::Committer;
use crate::disk::Disk;
use crate::file::{self, FreeBytes, Source};
use crate::fullness::Fullness;
use crate::overlay::View;
use crate::sequencer::Sequencer;
use crate::settings::Settings;
use crate::snapshot::WriterMark;
use crate::txn::RedbTxn;
use crate::values::Values;
use crate::watched::Watch;

/// An ordered keyspace in one file.
///
/// When a commit fails other than by conflict, the file is closed and opened again, which brings
/// it to the state before or after that commit, and reads go on from there. If a write found the
/// disk full, so do writes; should there not even be room to open it, nobody can begin (`Full`)
/// until there is. After any other failure (that of a sync above all), or a panic, writes
/// are refused with `Poisoned` and the first reason, until the engine is opened anew: the state
/// of the operating system's cache is not to be trusted then.
///
/// When a page that is read is not what was written to it, nothing is served any more: reads and
/// writes fail with `Corrupt`, which names the file and the place, until a sound file is opened.
/// Memory for this is a thousandth of the file's size.
///
/// [`Engine::close`] (or dropping the engine) finishes the commits that wait, stops the
/// committer, closes the file and gives its lock back. Transactions that are still open can
/// read no further.
pub struct RedbEngine {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<Result<()>>>>,
}

/// What the engine, its transactions and the committer share.
pub struct Shared {
    pub settings: Settings,
    pub sequencer: Sequencer,
    pub values: Values,
    free_bytes: FreeBytes,
    fullness: Fullness,
    current: Mutex<Current>,
    poison: OnceLock<Error>,
    watch: Arc<Watch>,
    pub counters: Counters,
}

/// What a transaction begins on, or why none can begin.
pub enum Current {
    Open {
        /// What is in the file.
        durable: View,
        durable_mark: WriterMark,
        /// With what was accepted since: for transactions that ask to see it.
        latest: View,
        latest_mark: WriterMark,
    },
    /// No snapshot could be taken.
    Failed(Error),
    Closed,
}

#[derive(Default)]
pub struct Counters {
    pub transactions_committed: AtomicU64,
    pub transactions_conflicted: AtomicU64,
    pub engine_commits: AtomicU64,
    pub recent_keys: AtomicU64,
}

impl RedbEngine {
    /// Opens the file at `path`, or makes it. Its folder must exist.
    ///
    /// Errors: `Busy` if another process has it open, `Corrupt` if it is damaged or no store,
    /// `Incompatible` if it was written in another format, `Full`, `Io`. Each names the path.
    pub fn open(path: &Path, settings: Settings) -> Result<Self> {
        let source = file::at_path(path, &settings);
        Self::open_source(source, settings)
    }

    /// Opens what is on a simulated disk. Errors: as [`Self::open`].
    pub fn open_on(disk: &Disk, settings: Settings) -> Result<Self> {
        Self::open_source(disk.source(&settings), settings)
    }

    fn open_source(source: Source, settings: Settings) -> Result<Self> {
        let shared = Arc::new(Shared {
            sequencer: Sequencer::new(settings.recent_keys_max),
            values: Values::new(settings.values_bytes),
            settings,
            free_bytes: Arc::clone(&source.free_bytes),
            fullness: Fullness::default(),
            // Nobody can begin before the committer published its first snapshot.
            current: Mutex::new(Current::Failed(closed())),
            poison: OnceLock::new(),
            watch: Arc::clone(&source.watch),
            counters: Counters::default(),
        });
        let committer = Committer::open(source, Arc::clone(&shared))?;
        let thread = ThreadSettings {
            name: "store-commit".to_owned(),
            stack_bytes: None,
        };
        let thread = spawn_thread(thread, move || committer.run()).map_err(|error| {
            Error::new(ErrorKind::Io, "start the committer thread").with_source(error)
        })?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }
}

impl Shared {
    /// What a transaction begins on. Errors: why none can begin; `Full` if it may be possible
    /// when the file is opened again.
    fn find_view(&self, unsynced: bool) -> Result<(View, WriterMark)> {
        match &*self.current.lock() {
            Current::Open {
                latest,
                latest_mark,
                ..
            } if unsynced => Ok((latest.clone(), Arc::clone(latest_mark))),
            Current::Open {
                durable,
                durable_mark,
                ..
            } => Ok((durable.clone(), Arc::clone(durable_mark))),
            Current::Failed(error) => Err(error.clone()),
            Current::Closed => Err(closed()),
        }
    }

    /// Has the committer try to open the file again, and waits for it.
    fn reopen(&self) {
        let (sender, tried) = sync_channel(0);
        self.sequencer.ask_to_reopen(sender);
        // Nothing is ever sent: it returns when the sender is dropped.
        let _never = tried.recv();
    }

    /// Lets transactions begin on a snapshot, or not at all.
    pub fn publish(&self, current: Current) {
        let mut published = self.current.lock();
        // Closing is final: a commit that was on its way does not open the engine again. Nor
        // does it serve from a damaged file.
        let is_final = match *published {
            Current::Closed => true,
            Current::Failed(_) => self.watch.damage().is_some(),
            Current::Open { .. } => false,
        };
        if !is_final {
            *published = current;
        }
    }

    /// Lets transactions that ask for it see what is not in the file yet.
    pub fn publish_latest(&self, view: View, mark: WriterMark) {
        if let Current::Open {
            latest,
            latest_mark,
            ..
        } = &mut *self.current.lock()
        {
            *latest = view;
            *latest_mark = mark;
        }
    }

    /// Errors: `Full` if there is no room for commits of `bytes`.
    pub fn check_room(&self, bytes: usize) -> Result<()> {
        /// Pages written for each byte of change, at a guess: copies of pages up to the root.
        const AMPLIFICATION: u64 = 4;
        let free_bytes_min = self.settings.free_bytes_min;
        let needed = free_bytes_min.saturating_add(AMPLIFICATION.saturating_mul(bytes as u64));
        let free = self.free_bytes();
        if free >= needed {
            return Ok(());
        }
        let context = format!(
            "commit with {free} bytes left on the disk, of {needed} needed \
             (free_bytes_min is {free_bytes_min})"
        );
        let error = Error::new(ErrorKind::Full, context);
        self.fullness.refuse(needed, &error);
        Err(error)
    }

    /// Room on the disk. If the file system does not say, the commit will find out.
    fn free_bytes(&self) -> u64 {
        (self.free_bytes)().unwrap_or(u64::MAX)
    }

    /// A commit has found room, or not although it seemed to be there.
    pub fn note_room(&self, missing: Option<&Error>) {
        match missing {
            None => self.fullness.committed(|| self.free_bytes()),
            Some(reason) => self.fullness.refuse(0, reason),
        }
    }

    /// Refuses every later commit; only the first reason counts.
    pub fn poison(&self, reason: &Error) {
        let context = format!("write after a failed commit ({reason:?}); restart to write again");
        let error = Error::new(ErrorKind::Poisoned, context).with_source(reason.clone());
        if self.poison.set(error).is_ok() {
            tracing::error!(reason = ?reason, "the store refuses writes after a failed commit");
        }
    }

    /// What to report for `error`: the damage, if the file was found damaged. Nothing is served
    /// from it then, because nobody knows what else is wrong.
    pub fn name_damage(&self, error: Error) -> Error {
        let Some(damage) = self.watch.damage() else {
            return error;
        };
        if self.poison.set(damage.clone()).is_ok() {
            tracing::error!(damage = ?damage, "the store stops");
        }
        self.publish(Current::Failed(damage.clone()));
        damage.clone()
    }

    pub fn check_poison(&self) -> Result<()> {
        self.poison.get().map_or(Ok(()), |error| Err(error.clone()))
    }
}

impl Engine for RedbEngine {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn limits(&self) -> &Limits {
        &self.shared.settings.limits
    }

    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>> {
        let open = self.shared.find_view(options.unsynced).or_else(|error| {
            if error.kind() != ErrorKind::Full {
                return Err(error);
            }
            self.shared.reopen();
            self.shared.find_view(options.unsynced)
        });
        let (view, mark) = open?;
        let mark = (!options.read_only).then_some(mark);
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(RedbTxn::new(shared, view, mark, options.unsynced)))
    }

    fn when_durable(&self, seen: Seen, then: WhenDurable) {
        self.shared.sequencer.when_durable(seen, then);
    }

    fn sync_now(&self) {
        self.shared.sequencer.sync_now();
    }

    fn health(&self) -> Result<()> {
        if matches!(*self.shared.current.lock(), Current::Closed) {
            return Err(closed());
        }
        self.shared.check_poison()
    }

    fn statistics(&self) -> Statistics {
        let counters = &self.shared.counters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut statistics = Statistics::default();
        statistics.transactions_committed = load(&counters.transactions_committed);
        statistics.transactions_conflicted = load(&counters.transactions_conflicted);
        statistics.engine_commits = load(&counters.engine_commits);
        statistics.recent_keys = load(&counters.recent_keys);
        statistics
    }

    fn close(&self) -> Result<()> {
        *self.shared.current.lock() = Current::Closed;
        // Held while joining, so that a second call waits until the engine has stopped.
        let mut thread = self.thread.lock();
        let Some(thread) = thread.take() else {
            return Ok(());
        };
        self.shared.sequencer.stop();
        thread.join().unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Io,
                "stop the committer thread, which panicked",
            ))
        })
    }
}

impl Drop for RedbEngine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(error = ?error, "the store was not closed in order");
        }
    }
}

pub fn closed() -> Error {
    Error::new(ErrorKind::Closed, "use an engine that was closed")
}
