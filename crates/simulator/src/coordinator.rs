//! A simulated coordinator: its memory, its disk, its heartbeat; and what befalls it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::{ErrorKind, Member, Members, Observations};
use registry::operations::{App, Claim, Outcome, Settled};
use registry::serving::Serving;

use crate::healing::Healing;
use crate::operation::{Kind, Operation};
use crate::world::{Address, Broken, MEMBER_TIME, Reply, Task, World, ms};

/// A machine. What is up of it is one process after the other.
#[derive(Default)]
pub(crate) struct Coordinator {
    pub(crate) id: String,
    pub(crate) incarnation: u64,
    pub(crate) up: bool,
    /// Has healed once; before that it serves nothing.
    pub(crate) ready: bool,
    pub(crate) paused_until: Duration,
    pub(crate) cut_until: Duration,
    pub(crate) slow_until: Duration,
    /// Survives its processes.
    pub(crate) disk: BTreeMap<String, Disk>,
    pub(crate) table: BTreeMap<String, Service>,
    /// What its rows say, or may say.
    pub(crate) published: BTreeMap<String, u64>,
    /// Mounts that it surely has rows of.
    pub(crate) foretold: BTreeSet<String>,
    /// Mounts that an operation or healing is under way on.
    pub(crate) turns: BTreeSet<String>,
    pub(crate) observations: Observations,
    /// Ids that were ever seen.
    beat: u64,
    pub(crate) changes: u64,
    pub(crate) healing: Healing,
    pub(crate) operation: Option<Operation>,
    pub(crate) tickets: [u64; 3],
    looked_at: Duration,
    /// A heartbeat is under way; there is one at a time.
    beating: bool,
    /// Something is to be told with the next one.
    tells: bool,
}

/// A folder: which bundle it says it is from, and which one it is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) marker: Option<String>,
    pub(crate) content: Option<String>,
}

/// What requests are answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) revision: u64,
    pub(crate) checksum: String,
    pub(crate) options: i64,
    /// The code that runs.
    pub(crate) code: Option<String>,
}

/// What a transaction answers.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Nothing,
    Members(Vec<Member>),
    Mounts(Vec<String>),
    Claimed(Claim),
    Settled(Settled),
    Outcome(Outcome),
    Serving(Vec<Serving>),
    Bundle(Option<String>),
}

const HEARTBEAT: Duration = Duration::from_millis(1000);

impl Service {
    /// What a row and a folder make.
    pub(crate) fn load(app: &App, disk: Option<&Disk>) -> Self {
        Self {
            revision: app.revision,
            checksum: app.checksum.clone(),
            options: app.row.get("options").as_i64().unwrap_or(0),
            code: disk.and_then(|disk| disk.content.clone()),
        }
    }
}

impl World {
    pub(crate) fn address(&self, at: usize, task: Task) -> Address {
        let incarnation = self.coordinators[at].incarnation;
        Address {
            at,
            incarnation,
            task,
        }
    }

    /// A new process on a machine.
    pub(crate) fn start(&mut self, at: usize) {
        if self.coordinators[at].up {
            return;
        }
        self.incarnations += 1;
        let incarnation = self.incarnations;
        let disk = std::mem::take(&mut self.coordinators[at].disk);
        self.coordinators[at] = Coordinator {
            id: format!("C{at}-{incarnation}"),
            incarnation,
            up: true,
            disk,
            ..Coordinator::default()
        };
        self.note(at, "starts");
        self.beat(at);
    }

    /// Writes the heartbeat; the reply reads everybody's.
    pub(crate) fn beat(&mut self, at: usize) {
        let coordinator = &mut self.coordinators[at];
        coordinator.beating = true;
        coordinator.tells = false;
        coordinator.beat += 1;
        let member = Member {
            id: coordinator.id.clone(),
            beat: coordinator.beat,
            changes: coordinator.changes,
            ..Member::default()
        };
        let to = self.address(at, Task::Beat);
        self.transact(to, move |rows| {
            Members::put(rows, &member).map(|()| Payload::Nothing)
        });
    }

    fn beat_reply(&mut self, to: Address, reply: Reply) {
        match reply {
            Ok(Payload::Nothing) => {
                self.coordinators[to.at].looked_at = self.now;
                self.transact(to, |rows| Members::list(rows).map(Payload::Members));
            }
            Ok(Payload::Members(found)) => {
                let now = self.now;
                let coordinator = &mut self.coordinators[to.at];
                let began = coordinator.looked_at;
                let changed = coordinator.observations.take_in(found, began, now);
                if changed || !coordinator.ready {
                    self.heal_soon(to.at);
                }
                self.end_beat(to, HEARTBEAT);
            }
            _ => self.end_beat(to, ms(100)),
        }
    }

    fn end_beat(&mut self, to: Address, pause: Duration) {
        let coordinator = &mut self.coordinators[to.at];
        coordinator.beating = false;
        let pause = if coordinator.tells { ms(1) } else { pause };
        self.wake_after(to, pause);
    }

    /// Who of all that there ever were is taken for alive by a coordinator.
    pub(crate) fn judge(&mut self, at: usize) -> impl Fn(&str) -> bool + 'static {
        let ids: Vec<String> = self.checks.ids(&self.store);
        let observations = &mut self.coordinators[at].observations;
        let live: BTreeSet<String> = ids
            .into_iter()
            .filter(|id| observations.is_live(id, MEMBER_TIME))
            .collect();
        move |id: &str| live.contains(id)
    }

    pub(crate) fn wake(&mut self, to: Address) -> Result<(), String> {
        match to.task {
            Task::Beat => self.beat(to.at),
            Task::Heal => self.heal(to.at),
            Task::Operate => return self.go_on(to.at),
        }
        Ok(())
    }

    pub(crate) fn resume(&mut self, to: Address, reply: Reply) -> Result<(), String> {
        match to.task {
            Task::Beat => self.beat_reply(to, reply),
            Task::Heal => self.heal_reply(to, reply),
            Task::Operate => return self.operation_reply(to, reply),
        }
        Ok(())
    }

    /// Tells the others, as the next heartbeat would, at once.
    pub(crate) fn announce(&mut self, at: usize) {
        self.coordinators[at].changes += 1;
        let to = self.address(at, Task::Beat);
        if self.coordinators[at].beating {
            self.coordinators[at].tells = true;
            return;
        }
        // A hint may be lost: then the next heartbeat tells.
        let delay = if self.below(4) == 0 { 1000 } else { 1 };
        self.wake_after(to, ms(delay));
    }

    /// One fault or one operation.
    pub(crate) fn strike(&mut self) {
        let at = self.below(self.coordinators.len() as u64) as usize;
        let mount = self.below(self.config.mounts as u64) as usize;
        match self.below(20) {
            0 => self.kill(at),
            1 | 2 => {
                let time = match self.below(2) {
                    0 => self.below(25_000),
                    _ => self.below(2000),
                };
                self.report.pauses += 1;
                self.note(at, format!("stands still for {time} ms"));
                self.coordinators[at].paused_until = self.now + ms(time);
            }
            3 => {
                let time = self.below(15_000);
                self.note(at, format!("is cut off for {time} ms"));
                self.coordinators[at].cut_until = self.now + ms(time);
            }
            4 => {
                let time = self.below(8000);
                self.note(at, format!("finds the store slow for {time} ms"));
                self.coordinators[at].slow_until = self.now + ms(time);
            }
            5 => self.damage(at),
            6 => self.restore_by_hand(mount),
            _ => self.operate_at(at, mount),
        }
    }

    fn kill(&mut self, at: usize) {
        if !self.coordinators[at].up {
            return;
        }
        self.report.kills += 1;
        self.note(at, "is killed");
        let coordinator = &mut self.coordinators[at];
        coordinator.up = false;
        coordinator.ready = false;
        coordinator.table.clear();
        coordinator.operation = None;
        let delay = self.below(20_000);
        self.start_after(at, ms(delay));
    }

    fn damage(&mut self, at: usize) {
        let kind = self.below(3);
        for disk in self.coordinators[at].disk.values_mut() {
            match kind {
                0 => disk.content = None,
                1 => disk.content = disk.content.as_ref().map(|_| "altered".to_owned()),
                _ => disk.marker = None,
            }
        }
        self.note(at, "finds its folders damaged");
    }

    /// Somebody writes back what was registered earlier, or removes what is.
    fn restore_by_hand(&mut self, mount: usize) {
        let mount = mount_name(mount);
        if self.below(4) == 0 {
            let mut txn = self.store.begin();
            let removed =
                cluster::Rows::remove(&mut txn, registry::APPS, &registry::key_of(&mount));
            if removed.is_ok() && self.store.commit(&txn) {
                self.note(0, format!("{mount} is removed by hand"));
            }
            return;
        }
        let Some(row) = self.checks.any_former(&mount, self.below(1000) as usize) else {
            return;
        };
        let mut txn = self.store.begin();
        let rows: &mut dyn cluster::Rows = &mut txn;
        let checksum = row
            .get("checksum")
            .and_then(|c| c.as_str().map(str::to_owned));
        let key = registry::key_of(&mount);
        let written = rows.put(registry::APPS, &key, row).and_then(|()| {
            let checksum = checksum.unwrap_or_default();
            rows.put(BUNDLES, &checksum, bundle(&checksum))
        });
        if written.is_ok() && self.store.commit(&txn) {
            self.note(0, format!("{mount} is restored by hand"));
        }
    }

    /// No more faults; everybody is up.
    pub(crate) fn calm_down(&mut self) {
        self.calm = true;
        for at in 0..self.coordinators.len() {
            let now = self.now;
            let coordinator = &mut self.coordinators[at];
            coordinator.paused_until = coordinator.paused_until.min(now + MEMBER_TIME);
            coordinator.cut_until = now;
            coordinator.slow_until = now;
            self.start_after(at, ms(1));
        }
        self.note(0, "calm");
    }

    /// Has a coordinator do something at a mount, unless it is busy or not up.
    pub(crate) fn operate_at(&mut self, at: usize, mount: usize) {
        let coordinator = &self.coordinators[at];
        if !coordinator.up || !coordinator.ready || coordinator.operation.is_some() {
            return;
        }
        let kind = match self.below(8) {
            0 | 1 if !self.calm => Kind::Remove,
            2 => Kind::Configure(self.below(1 << 30) as i64),
            _ => Kind::Put {
                checksum: format!("b{}", self.below(1 << 30)),
                setup: self.below(4) != 0,
            },
        };
        let kind = match kind {
            Kind::Configure(_) if self.calm => Kind::Put {
                checksum: "last".to_owned(),
                setup: true,
            },
            kind => kind,
        };
        self.coordinators[at].operation = Some(Operation::new(kind, mount_name(mount)));
        let to = self.address(at, Task::Operate);
        self.wake_after(to, ms(1));
    }

    pub(crate) fn takes_turns(&self) -> bool {
        !self.is_broken(Broken::NoTurns)
    }
}

pub(crate) const BUNDLES: &str = "_appbundles";

pub(crate) fn bundle(checksum: &str) -> value::Object {
    let mut row = value::Object::new();
    row.insert("data", checksum);
    row
}

pub(crate) fn mount_name(mount: usize) -> String {
    format!("/m{mount}")
}

/// Whether an error leaves open what happened.
pub(crate) fn is_unknown(kind: ErrorKind) -> bool {
    kind == ErrorKind::Store
}
