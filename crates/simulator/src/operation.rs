//! Operations as the server does them, in steps that can be interrupted.

use std::time::Duration;

use cluster::{ErrorKind, Member, Members, Rows};
use registry::heal::Files;
use registry::operations::{self, App, Change, Claim, Outcome};
use registry::serving::{self, Target, Wait};
use value::{Object, Value};

use crate::coordinator::{BUNDLES, Payload, Service, bundle, is_unknown};
use crate::healing::{inspect, said, say, write_part};
use crate::world::{Address, Broken, Reply, Task, World, ms};

/// What an operation does.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Put { checksum: String, setup: bool },
    Configure(i64),
    Remove,
}

pub(crate) struct Operation {
    kind: Kind,
    mount: String,
    step: Step,
    claim: Option<Claim>,
    /// When the barrier gives up.
    deadline: Duration,
    live: Vec<Member>,
    /// When the latest list of members was asked for.
    listed_at: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Waiting,
    Claiming,
    Checking,
    Confirming,
    SettingUp,
    Committing,
    FindingOut,
    Placing(u8),
    Publishing,
    ListingMembers,
    AskingAll,
    Releasing,
}

impl Operation {
    pub(crate) fn new(kind: Kind, mount: String) -> Self {
        Self {
            kind,
            mount,
            step: Step::Waiting,
            claim: None,
            deadline: Duration::ZERO,
            live: Vec::new(),
            listed_at: Duration::ZERO,
        }
    }
}

impl World {
    /// The operation's time has come.
    pub(crate) fn go_on(&mut self, at: usize) -> Result<(), String> {
        let to = self.address(at, Task::Operate);
        let Some(operation) = &self.coordinators[at].operation else {
            return Ok(());
        };
        let (step, mount) = (operation.step, operation.mount.clone());
        match step {
            Step::Waiting => self.take_turn(to, mount),
            Step::Checking => {
                self.set(to, Step::Confirming);
                let Some(claim) = self.claim(to) else {
                    return Ok(());
                };
                self.transact(to, move |rows| {
                    operations::confirm(rows, &claim).map(|()| Payload::Nothing)
                });
            }
            Step::SettingUp => self.commit(to)?,
            Step::FindingOut => self.find_out(to),
            Step::Placing(part) => self.place(to, part),
            Step::Publishing => self.publish_operation(to),
            Step::ListingMembers => self.list_members(to),
            Step::AskingAll => self.ask_all(to),
            _ => {}
        }
        Ok(())
    }

    fn take_turn(&mut self, to: Address, mount: String) {
        let coordinator = &mut self.coordinators[to.at];
        if coordinator.turns.contains(&mount) {
            return self.wake_after(to, ms(50));
        }
        coordinator.turns.insert(mount.clone());
        let me = coordinator.id.clone();
        self.set(to, Step::Claiming);
        let is_live = self.judge(to.at);
        self.transact(to, move |rows| {
            operations::claim(rows, &mount, &me, &is_live).map(Payload::Claimed)
        });
    }

    pub(crate) fn operation_reply(&mut self, to: Address, reply: Reply) -> Result<(), String> {
        let Some(operation) = &mut self.coordinators[to.at].operation else {
            return Ok(());
        };
        match (operation.step, reply) {
            (Step::Claiming, Ok(Payload::Claimed(claim))) => {
                let is_possible =
                    matches!(operation.kind, Kind::Put { .. }) || claim.found.is_some();
                operation.claim = Some(claim);
                if !is_possible {
                    self.release(to);
                    return Ok(());
                }
                self.set(to, Step::Checking);
                let time = self.below(500);
                self.wake_after(to, ms(time));
            }
            (Step::Confirming, Ok(_)) => self.set_up(to)?,
            (Step::Committing, Ok(_)) => self.committed(to),
            (Step::Committing, Err(kind)) if is_unknown(kind) => {
                if self.is_broken(Broken::SetUpAgain) {
                    return self.set_up(to);
                }
                self.set(to, Step::FindingOut);
                self.wake_after(to, ms(50));
            }
            (Step::FindingOut, Ok(Payload::Outcome(outcome))) => match outcome {
                Outcome::Committed => self.committed(to),
                Outcome::Failed | Outcome::Superseded => self.end(to, "failed"),
            },
            (Step::FindingOut, Err(_)) => self.wake_after(to, ms(200)),
            (Step::Publishing, Ok(_)) => self.published(to),
            (Step::Publishing, Err(_)) => self.wake_after(to, ms(200)),
            (Step::ListingMembers, Ok(Payload::Members(found))) => {
                let now = self.now;
                let coordinator = &mut self.coordinators[to.at];
                let began = operation_began(coordinator.operation.as_ref());
                coordinator.observations.take_in(found, began, now);
                self.set(to, Step::AskingAll);
                self.ask_all(to);
            }
            (Step::ListingMembers, Err(_)) => self.wake_after(to, ms(200)),
            (Step::AskingAll, Ok(Payload::Serving(said))) => return self.asked(to, &said),
            (Step::AskingAll, Err(_)) => self.wake_after(to, ms(200)),
            (Step::Releasing, _) => self.end(to, "refused"),
            (_, Err(ErrorKind::Lost)) => {
                self.report.lost += 1;
                self.end(to, "lost");
            }
            (Step::Claiming, _) => self.end(to, "not claimed"),
            _ => self.release(to),
        }
        Ok(())
    }

    fn set_up(&mut self, to: Address) -> Result<(), String> {
        self.set(to, Step::SettingUp);
        let (Some(claim), Some(operation)) = (self.claim(to), &self.coordinators[to.at].operation)
        else {
            return Ok(());
        };
        let mount = operation.mount.clone();
        if matches!(operation.kind, Kind::Put { setup: true, .. }) {
            self.note(to.at, format!("sets {mount} up for {}", claim.revision()));
            self.checks.set_up(&mount, claim.revision())?;
        }
        let time = match self.below(8) {
            0 => self.below(15_000),
            _ => self.below(300),
        };
        self.wake_after(to, ms(time));
        Ok(())
    }

    fn commit(&mut self, to: Address) -> Result<(), String> {
        self.set(to, Step::Committing);
        let (Some(claim), Some(operation)) = (self.claim(to), &self.coordinators[to.at].operation)
        else {
            return Ok(());
        };
        let (kind, mount) = (operation.kind.clone(), operation.mount.clone());
        if matches!(kind, Kind::Put { setup: true, .. }) {
            self.checks.wants_setup(&mount, claim.revision());
        }
        let fence = !self.is_broken(Broken::NoFence);
        let coordinator = &mut self.coordinators[to.at];
        let me = coordinator.id.clone();
        coordinator.published.entry(mount.clone()).or_insert(0);
        self.transact(to, move |rows| {
            serving::foretell(rows, &me, &mount)?;
            let change = change(&kind, &mount, claim.found.as_ref());
            if let Kind::Put { checksum, .. } = &kind {
                rows.put(BUNDLES, checksum, bundle(checksum))?;
            }
            let before = if fence {
                operations::commit(rows, &claim, change)?
            } else {
                let mut rows = Unfenced {
                    rows,
                    me: &me,
                    token: claim.revision(),
                };
                operations::commit(&mut rows, &claim, change)?
            };
            if let Some(before) = before {
                drop_unused(rows, &before.checksum)?;
            }
            Ok(Payload::Nothing)
        });
        Ok(())
    }

    fn find_out(&mut self, to: Address) {
        let Some(claim) = self.claim(to) else { return };
        self.transact(to, move |rows| {
            operations::find_outcome(rows, &claim).map(Payload::Outcome)
        });
    }

    fn committed(&mut self, to: Address) {
        let Some(operation) = &self.coordinators[to.at].operation else {
            return;
        };
        let what = format!("has committed {} {:?}", operation.mount, operation.kind);
        self.note(to.at, what);
        self.set(to, Step::Placing(0));
        self.place(to, 0);
    }

    /// Brings files to their place and shows the service.
    fn place(&mut self, to: Address, part: u8) {
        let coordinator = &mut self.coordinators[to.at];
        let (Some(operation), turn) = (&mut coordinator.operation, &mut coordinator.disk) else {
            return;
        };
        let Some(claim) = &operation.claim else {
            return;
        };
        let mount = operation.mount.clone();
        let row = match change(&operation.kind, &mount, claim.found.as_ref()) {
            Change::Put(row) => Some(row),
            Change::Remove | Change::Forget => None,
        };
        let revision = claim.revision();
        let Some(row) = row else {
            turn.remove(&mount);
            coordinator.table.remove(&mount);
            return self.placed(to);
        };
        let mut app = App::read(row.into());
        app.revision = revision;
        let is_put = matches!(operation.kind, Kind::Put { .. });
        let disk = turn.entry(mount.clone()).or_default();
        if is_put && write_part(disk, &app.checksum, part) {
            operation.step = Step::Placing(part + 1);
            let time = ms(1 + self.below(100));
            return self.wake_after(to, time);
        }
        let disk = disk.clone();
        if inspect(Some(&disk), &app.checksum) != Files::Sound {
            // Damaged, or only options change and the files are older: healing sees to that.
            return self.placed(to);
        }
        self.flip(to.at, &mount, Service::load(&app, Some(&disk)));
        self.placed(to);
    }

    fn placed(&mut self, to: Address) {
        self.set(to, Step::Publishing);
        self.publish_operation(to);
    }

    fn publish_operation(&mut self, to: Address) {
        let coordinator = &self.coordinators[to.at];
        let Some(operation) = &coordinator.operation else {
            return;
        };
        let said = said(coordinator, &operation.mount);
        self.transact(to, move |rows| say(rows, &said));
    }

    fn published(&mut self, to: Address) {
        let deadline = self.now + ms(30_000);
        let coordinator = &mut self.coordinators[to.at];
        let Some(operation) = &mut coordinator.operation else {
            return;
        };
        operation.deadline = deadline;
        let mount = operation.mount.clone();
        match coordinator.table.get(&mount) {
            Some(service) => coordinator
                .published
                .insert(mount.clone(), service.revision),
            None => {
                coordinator.foretold.remove(&mount);
                coordinator.published.remove(&mount)
            }
        };
        coordinator.turns.remove(&mount);
        self.announce(to.at);
        self.heal_soon(to.at);
        if self.is_broken(Broken::OldMembers) {
            self.set(to, Step::AskingAll);
            return self.ask_all(to);
        }
        self.set(to, Step::ListingMembers);
        self.list_members(to);
    }

    fn list_members(&mut self, to: Address) {
        let now = self.now;
        if let Some(operation) = &mut self.coordinators[to.at].operation {
            operation.listed_at = now;
        }
        self.transact(to, |rows| Members::list(rows).map(Payload::Members));
    }

    fn ask_all(&mut self, to: Address) {
        let coordinator = &mut self.coordinators[to.at];
        let live = coordinator.observations.live(crate::world::MEMBER_TIME);
        let Some(operation) = &mut coordinator.operation else {
            return;
        };
        operation.live.clone_from(&live);
        let mount = operation.mount.clone();
        self.transact(to, move |rows| {
            serving::load(rows, &mount, &live).map(Payload::Serving)
        });
    }

    fn asked(&mut self, to: Address, said: &[serving::Serving]) -> Result<(), String> {
        let wait = if self.is_broken(Broken::WaitsForItself) {
            Wait::One
        } else {
            Wait::All
        };
        let coordinator = &self.coordinators[to.at];
        let Some(operation) = &coordinator.operation else {
            return Ok(());
        };
        let revision = operation.claim.as_ref().map_or(0, Claim::revision);
        let target = match operation.kind {
            Kind::Remove => Target::Gone(revision),
            _ => Target::Revision(revision),
        };
        let pending = serving::find_pending(target, wait, &coordinator.id, &operation.live, said);
        if pending.is_empty() {
            let mount = operation.mount.clone();
            let live: Vec<String> = operation.live.iter().map(|m| m.id.clone()).collect();
            let asked =
                self.checks
                    .acknowledged(&mount, target, revision, &live, &self.coordinators);
            asked.map_err(|what| format!("{what}; asked {live:?}, who said {said:?}"))?;
            self.report.live_everywhere += 1;
            self.end(to, "live everywhere");
        } else if self.now > operation.deadline {
            let what = format!("committed, {pending:?} late");
            self.end(to, &what);
        } else {
            self.wake_after(to, ms(100));
        }
        Ok(())
    }

    fn release(&mut self, to: Address) {
        self.set(to, Step::Releasing);
        match self.claim(to) {
            Some(claim) => self.transact(to, move |rows| {
                operations::release(rows, &claim).map(|()| Payload::Nothing)
            }),
            None => self.end(to, "failed"),
        }
    }

    fn end(&mut self, to: Address, how: &str) {
        let coordinator = &mut self.coordinators[to.at];
        if let Some(operation) = coordinator.operation.take() {
            if !matches!(operation.step, Step::AskingAll) {
                coordinator.turns.remove(&operation.mount);
            }
            let what = format!("ends {:?} at {}: {how}", operation.kind, operation.mount);
            self.note(to.at, what);
        }
    }

    fn set(&mut self, to: Address, step: Step) {
        if let Some(operation) = &mut self.coordinators[to.at].operation {
            operation.step = step;
        }
    }

    fn claim(&self, to: Address) -> Option<Claim> {
        self.coordinators[to.at].operation.as_ref()?.claim.clone()
    }
}

fn operation_began(operation: Option<&Operation>) -> Duration {
    operation.map_or(Duration::ZERO, |operation| operation.listed_at)
}

/// The row that an operation registers.
fn change(kind: &Kind, mount: &str, found: Option<&App>) -> Change {
    let mut row = Object::new();
    row.insert("mount", mount);
    let before = |name: &str| {
        let found = found.map(|app| app.row.get(name).clone());
        found.unwrap_or(Value::Null)
    };
    match kind {
        Kind::Put { checksum, .. } => {
            row.insert("checksum", checksum.as_str());
            row.insert("options", 0_i64);
        }
        Kind::Configure(options) => {
            row.insert("checksum", before("checksum"));
            row.insert("options", *options);
        }
        Kind::Remove => return Change::Remove,
    }
    Change::Put(row)
}

fn drop_unused(rows: &mut dyn Rows, checksum: &str) -> cluster::Result<()> {
    for row in rows.list(registry::APPS)? {
        if row.get("checksum").as_str() == Some(checksum) {
            return Ok(());
        }
    }
    rows.remove(BUNDLES, checksum)
}

/// Rows in which every lease seems to be held still: a rule broken on purpose.
struct Unfenced<'r> {
    rows: &'r mut dyn Rows,
    me: &'r str,
    token: u64,
}

impl Rows for Unfenced<'_> {
    fn get(&mut self, table: &str, key: &str) -> cluster::Result<Option<Value>> {
        let row = self.rows.get(table, key)?;
        if table != registry::LEASES {
            return Ok(row);
        }
        let mut row = row
            .and_then(|row| row.as_object().cloned())
            .unwrap_or_default();
        row.insert("holder", self.me);
        row.insert("token", self.token);
        Ok(Some(row.into()))
    }

    fn get_many(&mut self, table: &str, keys: &[String]) -> cluster::Result<Vec<Option<Value>>> {
        self.rows.get_many(table, keys)
    }

    fn list(&mut self, table: &str) -> cluster::Result<Vec<Value>> {
        self.rows.list(table)
    }

    fn put(&mut self, table: &str, key: &str, row: Object) -> cluster::Result<()> {
        self.rows.put(table, key, row)
    }

    fn remove(&mut self, table: &str, key: &str) -> cluster::Result<()> {
        self.rows.remove(table, key)
    }
}
