//! The world: time, events, latency, faults.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use cluster::{ErrorKind, Rows};
use platform::{Random, SeededRandom};

use crate::checks::Checks;
use crate::coordinator::{Coordinator, Payload};
use crate::store::{Store, Txn};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Config {
    /// Decides everything.
    pub seed: u64,
    /// Processes that share the store.
    pub coordinators: usize,
    /// Mounts that they fight over.
    pub mounts: usize,
    /// Faults and operations before all is left to calm down.
    pub strokes: usize,
    /// A rule to break on purpose.
    pub broken: Option<Broken>,
}

impl Config {
    /// The usual mixture.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            coordinators: 3 + (seed % 3) as usize,
            mounts: 2,
            strokes: 60,
            broken: None,
        }
    }
}

/// A rule that is broken on purpose; the checks must find each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A commit does not look whether the lease was lost.
    NoFence,
    /// The store lets two writers of one row both commit.
    NoConflicts,
    /// Healing and operations of one coordinator do not take turns.
    NoTurns,
    /// Whoever installs waits for itself only.
    WaitsForItself,
    /// The members are not read again before they are waited for.
    OldMembers,
    /// A commit that failed is tried again with its set-up script.
    SetUpAgain,
    /// Nobody says beforehand that it may be about to serve something.
    Silent,
    /// Nobody heals.
    NoHealing,
    /// Coordinators find their files sound without looking.
    BlindToDamage,
}

/// What happened, in figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Revisions that were committed.
    pub commits: usize,
    /// Operations that were answered as live everywhere.
    pub live_everywhere: usize,
    /// Operations that failed because their claim was lost.
    pub lost: usize,
    /// Processes killed.
    pub kills: usize,
    /// Processes that stood still.
    pub pauses: usize,
    /// Events.
    pub events: usize,
}

impl std::ops::AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.commits += other.commits;
        self.live_everywhere += other.live_everywhere;
        self.lost += other.lost;
        self.kills += other.kills;
        self.pauses += other.pauses;
        self.events += other.events;
    }
}

/// Something that must always hold did not.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Replays it.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
    /// The latest events before it.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.what)?;
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// What a coordinator does at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Beat,
    Heal,
    Operate,
}

/// Who is meant; another incarnation of the same machine is somebody else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) at: usize,
    pub(crate) incarnation: u64,
    pub(crate) task: Task,
}

pub(crate) type Reply = Result<Payload, ErrorKind>;
pub(crate) type Body = Rc<dyn Fn(&mut dyn Rows) -> cluster::Result<Payload>>;

enum Event {
    /// A transaction takes its snapshot and runs.
    Begin(Address, Body),
    /// It reaches the store to be committed.
    Land(Address, Body, Txn, Payload),
    Deliver(Address, Reply),
    /// A task goes on by itself; only the one scheduled last for it counts.
    Wake(Address, u64),
    /// A fault or an operation.
    Stroke,
    Start(usize),
}

pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) now: Duration,
    random: SeededRandom,
    pub(crate) store: Store,
    queue: BTreeMap<(Duration, u64), Event>,
    scheduled: u64,
    pub(crate) coordinators: Vec<Coordinator>,
    pub(crate) checks: Checks,
    pub(crate) report: Report,
    trace: VecDeque<String>,
    /// No more faults.
    pub(crate) calm: bool,
    pub(crate) incarnations: u64,
}

const TRACE_MAX: usize = 120;
/// The time of leases.
pub(crate) const MEMBER_TIME: Duration = Duration::from_secs(10);
const EVENTS_MAX: usize = 200_000;

/// Runs a world to its end.
///
/// # Errors
/// The first thing that did not hold.
pub fn run(config: &Config) -> Result<Report, Failure> {
    let mut world = World::new(config);
    let outcome = world.live();
    outcome.map(|()| world.report).map_err(|what| Failure {
        seed: config.seed,
        what,
        trace: world.trace.into_iter().collect(),
    })
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl World {
    fn new(config: &Config) -> Self {
        let mut store = Store::default();
        store.ignore_conflicts = config.broken == Some(Broken::NoConflicts);
        let mut world = Self {
            config: config.clone(),
            // Nobody's monotonic clock begins at zero.
            now: ms(1_000_000),
            random: SeededRandom::new(config.seed),
            store,
            queue: BTreeMap::new(),
            scheduled: 0,
            coordinators: Vec::new(),
            checks: Checks::default(),
            report: Report::default(),
            trace: VecDeque::new(),
            calm: false,
            incarnations: 0,
        };
        for at in 0..config.coordinators {
            world.coordinators.push(Coordinator::default());
            let delay = world.below(500);
            world.schedule(ms(delay), Event::Start(at));
        }
        world.schedule(ms(2000), Event::Stroke);
        world
    }

    fn live(&mut self) -> Result<(), String> {
        let mut strokes = 0;
        while strokes < self.config.strokes {
            if self.step()? {
                strokes += 1;
                let pause = match self.below(4) {
                    0 => self.below(8000),
                    _ => self.below(300),
                };
                self.schedule(ms(pause), Event::Stroke);
            }
        }
        self.calm_down();
        let end = self.now + MEMBER_TIME * 8;
        self.run_until(end)?;
        self.checks.agree(&self.store, &self.coordinators)?;
        // Nothing that happened keeps the next operation from succeeding.
        for mount in 0..self.config.mounts {
            let before = self.report.live_everywhere;
            self.operate_at(0, mount);
            let end = self.now + MEMBER_TIME * 2;
            self.run_until(end)?;
            if self.report.live_everywhere == before {
                return Err(format!("no operation succeeds any more at mount {mount}"));
            }
        }
        self.checks.agree(&self.store, &self.coordinators)
    }

    fn run_until(&mut self, end: Duration) -> Result<(), String> {
        while self
            .queue
            .first_key_value()
            .is_some_and(|(key, _)| key.0 <= end)
        {
            self.step()?;
        }
        self.now = end;
        Ok(())
    }

    /// Handles the next event; whether it was a stroke.
    fn step(&mut self) -> Result<bool, String> {
        let Some(((at, _), event)) = self.queue.pop_first() else {
            return Err("nothing is going to happen".to_owned());
        };
        self.now = self.now.max(at);
        self.report.events += 1;
        if self.report.events > EVENTS_MAX {
            return Err("it does not come to an end".to_owned());
        }
        match event {
            Event::Begin(to, body) => self.begin(to, body),
            Event::Land(to, body, txn, payload) => self.land(to, body, txn, payload)?,
            Event::Deliver(to, reply) => match self.hold(to) {
                Some(later) => self.schedule(later, Event::Deliver(to, reply)),
                None if self.is_current(to) => self.resume(to, reply)?,
                None => {}
            },
            Event::Wake(to, ticket) => match self.hold(to) {
                Some(later) => self.schedule(later, Event::Wake(to, ticket)),
                None if self.is_current(to) && self.ticket(to) == ticket => self.wake(to)?,
                None => {}
            },
            Event::Stroke => {
                if !self.calm {
                    self.strike();
                }
                return Ok(true);
            }
            Event::Start(at) => self.start(at),
        }
        self.checks.served(&self.coordinators)?;
        Ok(false)
    }

    fn is_current(&self, to: Address) -> bool {
        let coordinator = &self.coordinators[to.at];
        coordinator.up && coordinator.incarnation == to.incarnation
    }

    /// How long a coordinator that stands still will go on doing so.
    fn hold(&self, to: Address) -> Option<Duration> {
        let until = self.coordinators[to.at].paused_until;
        (until > self.now).then(|| until - self.now)
    }

    fn ticket(&self, to: Address) -> u64 {
        self.coordinators[to.at].tickets[to.task as usize]
    }

    /// Sends a transaction to the store.
    pub(crate) fn transact(
        &mut self,
        to: Address,
        body: impl Fn(&mut dyn Rows) -> cluster::Result<Payload> + 'static,
    ) {
        let latency = self.latency(to);
        self.schedule(latency, Event::Begin(to, Rc::new(body)));
    }

    fn begin(&mut self, to: Address, body: Body) {
        if !self.is_current(to) {
            return;
        }
        if let Some(later) = self.hold(to) {
            return self.schedule(later, Event::Begin(to, body));
        }
        if self.coordinators[to.at].cut_until > self.now || self.fails(8) {
            return self.schedule(ms(20), Event::Deliver(to, Err(ErrorKind::Store)));
        }
        let mut txn = self.store.begin();
        let latency = self.latency(to);
        match body(&mut txn) {
            Ok(payload) => self.schedule(latency, Event::Land(to, body, txn, payload)),
            Err(error) => self.schedule(latency, Event::Deliver(to, Err(error.kind()))),
        }
    }

    fn land(&mut self, to: Address, body: Body, txn: Txn, payload: Payload) -> Result<(), String> {
        // Stood still before it sent the commit, or after.
        if let Some(later) = self.hold(to)
            && self.is_current(to)
            && self.below(2) == 0
        {
            self.schedule(later, Event::Land(to, body, txn, payload));
            return Ok(());
        }
        let latency = self.latency(to);
        let is_cut = self.coordinators[to.at].cut_until > self.now;
        if (is_cut || self.fails(8)) && self.below(2) == 0 {
            self.schedule(latency, Event::Deliver(to, Err(ErrorKind::Store)));
            return Ok(());
        }
        let loses_answer = is_cut || self.fails(8);
        if !self.store.commit(&txn) {
            if loses_answer {
                self.schedule(latency, Event::Deliver(to, Err(ErrorKind::Store)));
            } else {
                self.schedule(latency, Event::Begin(to, body));
            }
            return Ok(());
        }
        self.checks.landed(&self.store, &txn)?;
        self.report.commits = self.checks.count();
        let reply = if loses_answer {
            Err(ErrorKind::Store)
        } else {
            Ok(payload)
        };
        self.schedule(latency, Event::Deliver(to, reply));
        Ok(())
    }

    /// Has a task go on after a time, and not at any time scheduled for it before.
    pub(crate) fn wake_after(&mut self, to: Address, time: Duration) {
        let ticket = &mut self.coordinators[to.at].tickets[to.task as usize];
        *ticket += 1;
        let ticket = *ticket;
        self.schedule(time, Event::Wake(to, ticket));
    }

    pub(crate) fn start_after(&mut self, at: usize, time: Duration) {
        self.schedule(time, Event::Start(at));
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        self.queue.insert((self.now + after, self.scheduled), event);
    }

    fn latency(&mut self, to: Address) -> Duration {
        let slow = self.coordinators[to.at].slow_until > self.now;
        let longest = if slow { 3000 } else { 5 };
        ms(1 + self.below(longest))
    }

    /// Once in `in_thousand`, as long as there are faults.
    fn fails(&mut self, in_thousand: u64) -> bool {
        !self.calm && self.below(1000) < in_thousand
    }

    /// A number below `limit`.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.random.next_u64() % limit.max(1)
    }

    pub(crate) fn is_broken(&self, broken: Broken) -> bool {
        self.config.broken == Some(broken)
    }

    pub(crate) fn note(&mut self, at: usize, what: impl fmt::Display) {
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        let time = self.now.as_millis();
        let id = &self.coordinators[at].id;
        self.trace.push_back(format!("{time} {id} {what}"));
    }
}
