//! A simulated disk: it fails at a chosen call, runs full, is damaged, and loses what was not
//! synced, in any of the ways in which a real one does.
//!
//! Public because what lies above the engine is tested on it too; nothing else opens it.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use platform::Random;
use redb::StorageBackend;

use crate::Settings;
use crate::file::{Source, open_backend};
use crate::watched::{Watch, Watched};

/// What a disk writes as one.
const SECTOR_BYTES: usize = 512;

/// The disk; clones share it.
#[derive(Clone, Debug)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    watch: Arc<Watch>,
}

#[derive(Debug, Default)]
struct State {
    /// What reads return.
    bytes: Vec<u8>,
    /// What survives whatever happens.
    synced: Vec<u8>,
    calls: u64,
    syncs: u64,
    /// The call that fails, and with what; `None` is a panic.
    fault: Option<(u64, Option<io::ErrorKind>)>,
    /// Whether calls after that one fail too.
    fault_stays: bool,
    free_bytes: Option<u64>,
    /// Everything that changed the disk, if it is recorded.
    journal: Option<Vec<Change>>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

impl Default for Disk {
    fn default() -> Self {
        Self::holding(Vec::new())
    }
}

impl Disk {
    /// A disk with this on it.
    pub fn holding(bytes: Vec<u8>) -> Self {
        let state = State {
            synced: bytes.clone(),
            bytes,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            watch: Watch::new(PathBuf::from("disk")),
        }
    }

    /// What is on it.
    pub fn bytes(&self) -> Vec<u8> {
        self.state.lock().bytes.clone()
    }

    /// Lets the `nth` call from now that changes the disk fail once.
    pub fn fail_call(&self, nth: u64, kind: io::ErrorKind) {
        let mut state = self.state.lock();
        state.fault = Some((state.calls + nth, Some(kind)));
        state.fault_stays = false;
    }

    /// Lets the `nth` call from now fail, and every one after it.
    pub fn fail_from_call(&self, nth: u64, kind: io::ErrorKind) {
        self.fail_call(nth, kind);
        self.state.lock().fault_stays = true;
    }

    /// Lets the `nth` call from now panic.
    pub fn panic_at_call(&self, nth: u64) {
        let mut state = self.state.lock();
        state.fault = Some((state.calls + nth, None));
        state.fault_stays = false;
    }

    /// Calls do not fail any more.
    pub fn repair(&self) {
        self.state.lock().fault = None;
    }

    /// Whether a sync was among the calls that failed.
    pub fn has_failed_sync(&self) -> bool {
        self.watch.sync_failed()
    }

    /// Whether the call that was to fail has been made.
    pub fn has_failed(&self) -> bool {
        let state = self.state.lock();
        state.fault.is_some_and(|(call, _)| state.calls >= call)
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> u64 {
        self.state.lock().syncs
    }

    /// Changes what is on it behind the engine's back.
    pub fn damage(&self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.state.lock().bytes);
    }

    /// The disk after the power went: without what was not synced.
    pub fn crashed(&self) -> Self {
        Self::holding(self.state.lock().synced.clone())
    }

    /// The disk after the process went: with everything that was written.
    pub fn killed(&self) -> Self {
        Self::holding(self.state.lock().bytes.clone())
    }

    /// What statfs is to say.
    pub fn set_free_bytes(&self, free_bytes: u64) {
        self.state.lock().free_bytes = Some(free_bytes);
    }

    /// Records every change from now on, for [`Self::crashed_at`].
    pub fn record(&self) {
        self.state.lock().journal = Some(Vec::new());
    }

    /// How many changes were recorded.
    pub fn recorded(&self) -> usize {
        self.state.lock().journal.as_ref().map_or(0, Vec::len)
    }

    /// The disk after the power went when `at` recorded changes had been made to an empty disk.
    /// Of those since the last sync, `random` chooses what survives: all up to one of them, any
    /// subset, or any sectors of any subset; in any order.
    pub fn crashed_at(&self, at: usize, random: &dyn Random) -> Self {
        let state = self.state.lock();
        let journal = state.journal.as_deref().unwrap_or_default();
        let made = journal.get(..at).unwrap_or(journal);
        let synced = made
            .iter()
            .rposition(|change| matches!(change, Change::Sync));
        let (safe, unsafe_) = made.split_at(synced.map_or(0, |at| at + 1));
        let mut bytes = Vec::new();
        safe.iter().for_each(|change| change.apply(&mut bytes));
        let survivors: Vec<Change> = match random.next_u64() % 3 {
            0 => {
                let kept = random.next_u64() as usize % (unsafe_.len() + 1);
                unsafe_.get(..kept).unwrap_or_default().to_vec()
            }
            torn => {
                let mut any: Vec<Change> = unsafe_
                    .iter()
                    .filter(|_| random.next_u64().is_multiple_of(2))
                    .flat_map(|change| change.survivors(torn == 2, random))
                    .collect();
                shuffle(&mut any, random);
                any
            }
        };
        survivors.iter().for_each(|change| change.apply(&mut bytes));
        Self::holding(bytes)
    }

    pub(crate) fn source(&self, settings: &Settings) -> Source {
        let (disk, settings) = (self.clone(), settings.clone());
        let room = self.clone();
        Source {
            open: Box::new(move || {
                let backend = Watched::new(disk.clone(), &disk.watch);
                open_backend(backend, &settings, "disk".as_ref())
            }),
            watch: Arc::clone(&self.watch),
            free_bytes: Arc::new(move || Ok(room.state.lock().free_bytes.unwrap_or(u64::MAX))),
        }
    }
}

fn shuffle(changes: &mut [Change], random: &dyn Random) {
    for end in (1..changes.len()).rev() {
        changes.swap(end, random.next_u64() as usize % (end + 1));
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                let range = range_of(*offset, data.len());
                if bytes.len() < range.end {
                    bytes.resize(range.end, 0);
                }
                if let Some(target) = bytes.get_mut(range) {
                    target.copy_from_slice(data);
                }
            }
            Self::SetLen(len) => bytes.resize(*len as usize, 0),
            Self::Sync => {}
        }
    }

    /// The change, or if it is torn any of its sectors.
    fn survivors(&self, torn: bool, random: &dyn Random) -> Vec<Self> {
        match self {
            Self::Write(offset, data) if torn => data
                .chunks(SECTOR_BYTES)
                .enumerate()
                .filter(|_| random.next_u64().is_multiple_of(2))
                .map(|(at, sector)| {
                    let offset = offset + (at * SECTOR_BYTES) as u64;
                    Self::Write(offset, sector.to_vec())
                })
                .collect(),
            other => vec![other.clone()],
        }
    }
}

fn range_of(offset: u64, len: usize) -> Range<usize> {
    let start = offset as usize;
    start..start + len
}

impl State {
    fn count(&mut self) -> io::Result<()> {
        self.calls += 1;
        let Some((call, kind)) = self.fault else {
            return Ok(());
        };
        if call > self.calls || (call < self.calls && !self.fault_stays) {
            return Ok(());
        }
        let kind = kind.unwrap_or_else(|| panic!("a panic that was asked for"));
        Err(io::Error::new(kind, "a fault that was asked for"))
    }

    fn note(&mut self, change: impl FnOnce() -> Change) {
        if let Some(journal) = &mut self.journal {
            journal.push(change());
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state.lock();
        let stored = state.bytes.get(range_of(offset, out.len()));
        out.copy_from_slice(stored.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.count()?;
        state.note(|| Change::SetLen(len));
        state.bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.count()?;
        state.syncs += 1;
        state.note(|| Change::Sync);
        state.synced = state.bytes.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        if let Err(error) = state.count() {
            // A write that fails may have happened in part.
            let half = data.get(..data.len() / 2).unwrap_or_default();
            if let Some(torn) = state.bytes.get_mut(range_of(offset, half.len())) {
                torn.copy_from_slice(half);
            }
            return Err(error);
        }
        state.note(|| Change::Write(offset, data.to_vec()));
        let target = state
            .bytes
            .get_mut(range_of(offset, data.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        target.copy_from_slice(data);
        Ok(())
    }
}
