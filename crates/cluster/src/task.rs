//! The task that keeps a coordinator's heartbeat going and watches the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use database::{Databases, TransactionOptions};
use parking_lot::Mutex;
use platform::{Platform, ThreadSettings, spawn_thread};

use crate::{
    DocumentRows, Error, Hints, MEMBERS, Member, Members, Observations, Result, Settings, Signal,
    ensure_collection, transact,
};

/// This coordinator among the others. Cloning gives another handle.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    id: String,
    platform: Platform,
    signal: Arc<Signal>,
    /// Absent for a server that has its store for itself.
    shared: Option<Shared>,
    started_ms: u64,
}

/// What coordinators have that share a store.
struct Shared {
    settings: Settings,
    endpoint: Mutex<String>,
    databases: Databases,
    hints: Arc<dyn Hints>,
    changes: AtomicU64,
    observations: Mutex<Observations>,
    /// Raised to have the thread look now, or end.
    wake: Arc<Signal>,
    stopping: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How much longer than its leases' time a dead coordinator's row stays.
const REMOVE_AFTER: u32 = 6;

impl Cluster {
    /// A server that has its store for itself: nobody else lives, and there is nothing to tell.
    pub fn alone(platform: Platform) -> Self {
        Self(Arc::new(Inner {
            id: make_id(&platform),
            started_ms: platform.clock.unix_ms(),
            signal: Arc::default(),
            shared: None,
            platform,
        }))
    }

    /// Shows this coordinator to the others and starts watching them.
    ///
    /// # Errors
    /// The store's; a thread that cannot be started.
    pub fn join(
        databases: Databases,
        platform: Platform,
        settings: Settings,
        hints: Arc<dyn Hints>,
    ) -> Result<Self> {
        ensure_collection(&databases.system(), MEMBERS)?;
        let wake = Arc::new(Signal::default());
        let woken = Arc::clone(&wake);
        hints.listen(Box::new(move || woken.raise()));
        let cluster = Self(Arc::new(Inner {
            id: make_id(&platform),
            started_ms: platform.clock.unix_ms(),
            signal: Arc::default(),
            shared: Some(Shared {
                endpoint: Mutex::new(settings.endpoint.clone()),
                settings,
                databases,
                hints,
                changes: AtomicU64::new(0),
                observations: Mutex::default(),
                wake,
                stopping: AtomicBool::new(false),
                thread: Mutex::default(),
            }),
            platform,
        }));
        cluster.start()?;
        Ok(cluster)
    }

    fn start(&self) -> Result<()> {
        let Some(shared) = &self.0.shared else {
            return Ok(());
        };
        let mut beat = 1;
        self.look(shared, Some(beat))?;
        let cluster = self.clone();
        let settings = ThreadSettings {
            name: "cluster".to_owned(),
            stack_bytes: None,
        };
        let thread = spawn_thread(settings, move || {
            if let Some(shared) = &cluster.0.shared {
                cluster.run(shared, &mut beat);
            }
        });
        let thread = thread
            .map_err(|error| Error::new(crate::ErrorKind::Store, format!("thread: {error}")))?;
        *shared.thread.lock() = Some(thread);
        Ok(())
    }

    /// This coordinator's id, made anew by each process.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Says where clients reach this coordinator, once that is known.
    pub fn set_endpoint(&self, endpoint: &str) {
        if let Some(shared) = &self.0.shared {
            endpoint.clone_into(&mut shared.endpoint.lock());
            self.announce();
        }
    }

    /// Whether others may share the store.
    pub fn is_shared(&self) -> bool {
        self.0.shared.is_some()
    }

    /// The coordinators that are taken for alive, this one always among them, by id.
    pub fn live(&self) -> Vec<Member> {
        let Some(shared) = &self.0.shared else {
            return vec![self.member(0, 0)];
        };
        let time = shared.settings.member_time_max;
        let mut live = shared.observations.lock().live(time);
        if live.iter().all(|member| member.id != self.0.id) {
            live.push(self.member(0, 0));
            live.sort_by(|a, b| a.id.cmp(&b.id));
        }
        live
    }

    /// All coordinators whose rows are there, the dead too, by id, and for how long the heartbeat
    /// of each was seen unchanged.
    pub fn known(&self) -> Vec<(Member, Duration)> {
        match &self.0.shared {
            Some(shared) => shared.observations.lock().known(),
            None => vec![(self.member(0, 0), Duration::ZERO)],
        }
    }

    /// How long a heartbeat may stay unchanged before its coordinator is taken for dead.
    pub fn member_time_max(&self) -> Duration {
        let shared = self.0.shared.as_ref();
        shared.map_or(Duration::MAX, |shared| shared.settings.member_time_max)
    }

    /// What the store names its cluster by, if others may share it.
    pub fn cluster_id(&self) -> Option<String> {
        let system = self.0.shared.as_ref()?.databases.system();
        let collection = system.find_collection(MEMBERS)?;
        Some(format!("cluster-{}", collection.id()))
    }

    /// Whether a coordinator is taken for alive.
    pub fn is_live(&self, id: &str) -> bool {
        match &self.0.shared {
            _ if id == self.0.id => true,
            None => false,
            Some(shared) => {
                let time = shared.settings.member_time_max;
                shared.observations.lock().is_live(id, time)
            }
        }
    }

    /// Reads the rows of all coordinators now, so that those who came since are known.
    ///
    /// # Errors
    /// The store's.
    pub fn refresh(&self) -> Result<()> {
        match &self.0.shared {
            Some(shared) => self.look(shared, None),
            None => Ok(()),
        }
    }

    /// Raised whenever another coordinator told of a change, came or went, or this one did
    /// something that its own tasks should look at.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.0.signal
    }

    /// The longest that a change can stay unseen when its hint is lost.
    pub fn poll(&self) -> Duration {
        self.0
            .shared
            .as_ref()
            .map_or(Duration::from_secs(1), |shared| shared.settings.poll)
    }

    /// Tells everybody, this coordinator's own tasks too, that something changed.
    pub fn announce(&self) {
        if let Some(shared) = &self.0.shared {
            shared.changes.fetch_add(1, Ordering::SeqCst);
            // The thread writes the row, at once; who is listening is told when it is there.
            shared.wake.raise();
        }
        self.0.signal.raise();
    }

    /// Ends the heartbeat and removes the row, so that nobody waits for this coordinator.
    /// Twice is fine.
    pub fn leave(&self) {
        let Some(shared) = &self.0.shared else {
            return;
        };
        shared.stopping.store(true, Ordering::SeqCst);
        shared.wake.raise();
        let thread = shared.thread.lock().take();
        let Some(thread) = thread else { return };
        if thread.join().is_err() {
            tracing::error!("the task of the cluster panicked");
        }
        let id = self.id();
        let removed = transact(&shared.databases.system(), |transaction| {
            Members::remove(&mut DocumentRows(transaction), id)
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "others will take this coordinator for alive a while longer");
        }
    }

    fn run(&self, shared: &Shared, beat: &mut u64) {
        let clock = &self.0.platform.clock;
        let (mut last_beat, mut told, mut failing) = (clock.monotonic(), 0, false);
        let mut seen = shared.wake.count();
        loop {
            seen = shared.wake.wait(seen, shared.settings.poll);
            if shared.stopping.load(Ordering::SeqCst) {
                return;
            }
            let now = clock.monotonic();
            let changes = shared.changes.load(Ordering::SeqCst);
            let is_due = now.saturating_sub(last_beat) >= shared.settings.heartbeat;
            let is_beat = is_due || changes != told || failing;
            if is_beat {
                *beat += 1;
            }
            match self.look(shared, is_beat.then_some(*beat)) {
                Ok(()) => {
                    if is_beat {
                        last_beat = now;
                    }
                    if std::mem::replace(&mut told, changes) != changes {
                        shared.hints.tell();
                    }
                    if std::mem::take(&mut failing) {
                        tracing::info!("this coordinator's heartbeat is back");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "this coordinator's heartbeat cannot be written");
                    }
                }
            }
        }
    }

    /// Writes the heartbeat, if one is due, and takes in everybody's rows.
    fn look(&self, shared: &Shared, beat: Option<u64>) -> Result<()> {
        let clock = &self.0.platform.clock;
        let system = shared.databases.system();
        if let Some(beat) = beat {
            let me = self.member(beat, shared.changes.load(Ordering::SeqCst));
            transact(&system, |transaction| {
                Members::put(&mut DocumentRows(transaction), &me)
            })?;
        }
        let began = clock.monotonic();
        let mut transaction = system.begin(TransactionOptions::read_only())?;
        let found = Members::list(&mut DocumentRows(&mut transaction))?;
        drop(transaction);
        let mut observations = shared.observations.lock();
        let changed = observations.take_in(found, began, clock.monotonic());
        let dead = observations.dead(shared.settings.member_time_max * REMOVE_AFTER);
        drop(observations);
        if changed {
            self.0.signal.raise();
        }
        for id in dead.iter().filter(|id| **id != self.0.id) {
            transact(&system, |transaction| {
                Members::remove(&mut DocumentRows(transaction), id)
            })?;
            tracing::info!(coordinator = id, "removed a coordinator that is dead");
        }
        Ok(())
    }

    fn member(&self, beat: u64, changes: u64) -> Member {
        let shared = self.0.shared.as_ref();
        Member {
            id: self.0.id.clone(),
            endpoint: shared
                .map(|s| s.endpoint.lock().clone())
                .unwrap_or_default(),
            version: shared
                .map(|s| s.settings.version.clone())
                .unwrap_or_default(),
            started_ms: self.0.started_ms,
            beat,
            changes,
        }
    }
}

/// `CRDN-` and 16 hexadecimal digits: the form that drivers know.
fn make_id(platform: &Platform) -> String {
    format!("CRDN-{:016x}", platform.random.next_u64())
}
