//! A disk in memory that fails at a chosen call, runs full, and forgets what was not synced.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;

use crate::Settings;
use crate::file::{Source, open_backend};
use crate::watched::Watched;

/// The disk; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    /// What the engine is told about syncs.
    sync_failed: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    /// What reads return.
    bytes: Vec<u8>,
    /// What survives a crash.
    synced: Vec<u8>,
    calls: u64,
    /// The call that fails, and with what; `None` is a panic.
    fault: Option<(u64, Option<io::ErrorKind>)>,
    /// Whether calls after that one fail too.
    fault_stays: bool,
    free_bytes: Option<u64>,
}

impl Disk {
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

    pub fn repair(&self) {
        self.state.lock().fault = None;
    }

    /// Whether a sync was among the calls that failed.
    pub fn has_failed_sync(&self) -> bool {
        self.sync_failed.load(Ordering::SeqCst)
    }

    /// Whether the call that was to fail has been made.
    pub fn has_failed(&self) -> bool {
        let state = self.state.lock();
        state.fault.is_some_and(|(call, _)| state.calls >= call)
    }

    /// The disk after the power went: without what was not synced.
    pub fn crashed(&self) -> Self {
        Self::holding(self.state.lock().synced.clone())
    }

    /// The disk after the process went: with everything that was written.
    pub fn killed(&self) -> Self {
        Self::holding(self.state.lock().bytes.clone())
    }

    fn holding(bytes: Vec<u8>) -> Self {
        let state = State {
            synced: bytes.clone(),
            bytes,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            sync_failed: Arc::default(),
        }
    }

    pub fn set_free_bytes(&self, free_bytes: u64) {
        self.state.lock().free_bytes = Some(free_bytes);
    }

    pub fn source(&self, settings: &Settings) -> Source {
        let (disk, settings) = (self.clone(), settings.clone());
        let room = self.clone();
        Source {
            open: Box::new(move || {
                let sync_failed = Arc::clone(&disk.sync_failed);
                let backend = Watched {
                    backend: disk.clone(),
                    sync_failed,
                };
                open_backend(backend, &settings, Path::new("disk"))
            }),
            sync_failed: Arc::clone(&self.sync_failed),
            free_bytes: Box::new(move || Ok(room.state.lock().free_bytes.unwrap_or(u64::MAX))),
        }
    }
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
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state.lock();
        let start = offset as usize;
        let stored = state.bytes.get(start..start + out.len());
        out.copy_from_slice(stored.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.count()?;
        state.bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.count()?;
        state.synced = state.bytes.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        let start = offset as usize;
        let end = start + data.len();
        if let Err(error) = state.count() {
            // A write that fails may have happened in part.
            let half = data.len() / 2;
            if let Some(torn) = state.bytes.get_mut(start..start + half) {
                torn.copy_from_slice(&data[..half]);
            }
            return Err(error);
        }
        let target = state
            .bytes
            .get_mut(start..end)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        target.copy_from_slice(data);
        Ok(())
    }
}
