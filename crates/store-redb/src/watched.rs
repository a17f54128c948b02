//! A redb backend that notices when a sync fails and when the file is changed beneath it.
//!
//! redb reports that something failed but not what. It matters: after a write that found the disk
//! full, the file holds what redb thinks it holds. After a sync that failed, the operating system
//! may have dropped pages that it still shows to readers, and nothing built on them is safe.
//!
//! redb has a checksum for each page but looks at it only when it opens a file (with
//! `verify_on_open`), not when it reads. So a checksum of every block that passes through here is
//! remembered, and a block that comes back different is refused. What was there before the first
//! read was verified by redb when it opened the file.

use std::io;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;
use redb::{BackendError, StorageBackend};
use store::{Error, ErrorKind};

/// What was noticed, from the first opening of a file until the engine ends.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    sync_failed: AtomicBool,
    damage: OnceLock<Error>,
}

impl Watch {
    /// `path` is for messages.
    pub fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            sync_failed: AtomicBool::new(false),
            damage: OnceLock::new(),
        })
    }

    /// Whether a sync has ever failed.
    pub fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::SeqCst)
    }

    /// The first block that was not what was written.
    pub fn damage(&self) -> Option<&Error> {
        self.damage.get()
    }

    fn found_damage(&self, block: usize) -> io::Error {
        let error = self.damage.get_or_init(|| {
            let offset = block as u64 * BLOCK_BYTES as u64;
            let context = format!(
                "read the damaged file {}: {BLOCK_BYTES} bytes at {offset} are not what was \
                 written; stop the server and restore a backup",
                self.path.display()
            );
            Error::new(ErrorKind::Corrupt, context)
        });
        io::Error::new(io::ErrorKind::InvalidData, error.context())
    }
}

/// Passes everything on to `backend`.
#[derive(Debug)]
pub struct Watched<B> {
    backend: B,
    watch: Arc<Watch>,
    blocks: Blocks,
}

impl<B: StorageBackend> Watched<B> {
    pub fn new(backend: B, watch: &Arc<Watch>) -> Self {
        Self {
            backend,
            watch: Arc::clone(watch),
            blocks: Blocks::default(),
        }
    }
}

type Locked<T> = Result<T, BackendError>;

impl<B: StorageBackend> StorageBackend for Watched<B> {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self.backend.read(offset, out) {
            Ok(()) => self.blocks.check(offset, out),
            // Somebody made the file shorter.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(block_of(offset)),
            Err(error) => return Err(error),
        }
        .map_err(|block| self.watch.found_damage(block))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.blocks.forget_from(len);
        self.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let synced = self.backend.sync_data();
        if synced.is_err() {
            self.watch.sync_failed.store(true, Ordering::SeqCst);
        }
        synced
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        // A write that fails may have happened in part.
        self.blocks.forget(offset, data.len());
        self.backend.write(offset, data)?;
        self.blocks.remember(offset, data);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.backend.query_lock_range(start, end)
    }
}

/// redb's page size. A block that is read or written in part is not checked: that is the header
/// alone, which redb checks itself.
const BLOCK_BYTES: usize = 4096;

/// What is not known of a block.
const UNKNOWN: u32 = 0;

/// A checksum for each block of the file: a thousandth of its size.
#[derive(Debug, Default)]
struct Blocks {
    sums: RwLock<Vec<AtomicU32>>,
}

impl Blocks {
    /// Compares what was read with what is known, and remembers the rest. Fails with the number
    /// of the first block that differs.
    fn check(&self, offset: u64, data: &[u8]) -> Result<(), usize> {
        let (first, whole) = whole_blocks(offset, data);
        let mut unknown = false;
        {
            let sums = self.sums.read();
            for (block, bytes) in (first..).zip(whole.chunks_exact(BLOCK_BYTES)) {
                match sums.get(block).map(|sum| sum.load(Ordering::Acquire)) {
                    None | Some(UNKNOWN) => unknown = true,
                    Some(known) if known == checksum(bytes) => {}
                    Some(_) => return Err(block),
                }
            }
        }
        if unknown {
            self.remember(offset, data);
        }
        Ok(())
    }

    fn remember(&self, offset: u64, data: &[u8]) {
        let (first, whole) = whole_blocks(offset, data);
        let sums: Vec<u32> = whole.chunks_exact(BLOCK_BYTES).map(checksum).collect();
        self.set(first, sums.into_iter());
    }

    /// Everything that a write touches.
    fn forget(&self, offset: u64, len: usize) {
        let first = block_of(offset);
        let behind = block_of(offset + len as u64 + BLOCK_BYTES as u64 - 1);
        self.set(first, std::iter::repeat_n(UNKNOWN, behind - first));
    }

    fn forget_from(&self, offset: u64) {
        self.sums.write().truncate(block_of(offset));
    }

    fn set(&self, first: usize, new: impl ExactSizeIterator<Item = u32>) {
        let end = first + new.len();
        let mut sums = self.sums.upgradable_read();
        if sums.len() < end {
            sums.with_upgraded(|sums| sums.resize_with(end, || AtomicU32::new(UNKNOWN)));
        }
        for (sum, new) in sums.iter().skip(first).zip(new) {
            sum.store(new, Ordering::Release);
        }
    }
}

fn block_of(offset: u64) -> usize {
    // On a platform where this saturates there is no memory for such a file either.
    usize::try_from(offset / BLOCK_BYTES as u64).unwrap_or(usize::MAX)
}

/// The blocks that lie in `data` as a whole, and the number of the first.
fn whole_blocks(offset: u64, data: &[u8]) -> (usize, &[u8]) {
    let first = offset.next_multiple_of(BLOCK_BYTES as u64);
    let skipped = usize::try_from(first - offset).unwrap_or(usize::MAX);
    (block_of(first), data.get(skipped..).unwrap_or_default())
}

fn checksum(block: &[u8]) -> u32 {
    match crc32fast::hash(block) {
        UNKNOWN => 1,
        sum => sum,
    }
}
