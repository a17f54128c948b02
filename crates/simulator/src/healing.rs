//! Healing as the server does it, one mount after the other, in steps that can be interrupted.

use std::collections::VecDeque;

use cluster::Rows;
use registry::heal::{Action, Files, Registered, Served, Wanted, decide};
use registry::operations::{self, App, Settled};
use registry::serving::{self, Serving};
use registry::{APPS, LEASES};

use crate::coordinator::{BUNDLES, Coordinator, Disk, Payload, Service};
use crate::world::{Address, Broken, Reply, Task, World, ms};

#[derive(Default)]
pub(crate) struct Healing {
    step: Step,
    left: VecDeque<String>,
    /// Something changed while it was at work.
    again: bool,
    failed: bool,
    app: Option<App>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Idle,
    Listing,
    Foretelling,
    Settling,
    Fetching,
    Writing(u8),
    Publishing,
}

const PERIOD_MS: u64 = 5000;

impl World {
    pub(crate) fn heal_soon(&mut self, at: usize) {
        if self.is_broken(Broken::NoHealing) && self.coordinators[at].ready {
            return;
        }
        if self.coordinators[at].healing.step == Step::Idle {
            let to = self.address(at, Task::Heal);
            self.wake_after(to, ms(1));
        } else {
            self.coordinators[at].healing.again = true;
        }
    }

    /// The task's time has come: a new pass, or the next part of writing files.
    pub(crate) fn heal(&mut self, at: usize) {
        let to = self.address(at, Task::Heal);
        match self.coordinators[at].healing.step {
            Step::Idle => {
                if self.is_broken(Broken::NoHealing) && self.coordinators[at].ready {
                    return;
                }
                let healing = &mut self.coordinators[at].healing;
                healing.step = Step::Listing;
                healing.again = false;
                healing.failed = false;
                self.transact(to, |rows| list_mounts(rows).map(Payload::Mounts));
            }
            Step::Writing(part) => self.write_files(to, part),
            _ => {}
        }
    }

    pub(crate) fn heal_reply(&mut self, to: Address, reply: Reply) {
        let step = self.coordinators[to.at].healing.step;
        match (step, reply) {
            (Step::Listing, Ok(Payload::Mounts(mounts))) => {
                let coordinator = &mut self.coordinators[to.at];
                let mut left: Vec<String> = mounts;
                left.extend(coordinator.table.keys().cloned());
                left.extend(coordinator.published.keys().cloned());
                left.extend(coordinator.disk.keys().cloned());
                left.sort();
                left.dedup();
                coordinator.healing.left = left.into();
                self.foretell(to);
            }
            (Step::Foretelling, Ok(_)) => {
                let coordinator = &mut self.coordinators[to.at];
                coordinator
                    .foretold
                    .extend(coordinator.healing.left.iter().cloned());
                self.next_mount(to);
            }
            (Step::Settling, Ok(Payload::Settled(settled))) => self.act(to, settled),
            (Step::Fetching, Ok(Payload::Bundle(bundle))) => {
                let wanted = self.coordinators[to.at].healing.app.clone();
                match (bundle, wanted) {
                    (Some(_), Some(_)) => self.write_files(to, 0),
                    _ => {
                        // Changed meanwhile.
                        self.coordinators[to.at].healing.failed = true;
                        self.leave_mount(to);
                    }
                }
            }
            (Step::Publishing, Ok(_)) => {
                let coordinator = &mut self.coordinators[to.at];
                if let Some(mount) = coordinator.healing.left.front().cloned() {
                    match coordinator.table.get(&mount) {
                        Some(service) => coordinator.published.insert(mount, service.revision),
                        None => {
                            coordinator.foretold.remove(&mount);
                            coordinator.published.remove(&mount)
                        }
                    };
                }
                self.leave_mount(to);
            }
            (Step::Listing | Step::Foretelling, _) => self.end_pass(to, true),
            _ => {
                self.coordinators[to.at].healing.failed = true;
                self.leave_mount(to);
            }
        }
    }

    /// Says where this coordinator may be about to serve something.
    fn foretell(&mut self, to: Address) {
        let is_silent = self.is_broken(Broken::Silent);
        let coordinator = &mut self.coordinators[to.at];
        let untold = |mount: &&String| !coordinator.foretold.contains(*mount);
        let left = &coordinator.healing.left;
        let new: Vec<String> = left.iter().filter(untold).cloned().collect();
        if new.is_empty() || is_silent {
            return self.next_mount(to);
        }
        for mount in &new {
            coordinator.published.entry(mount.clone()).or_insert(0);
        }
        coordinator.healing.step = Step::Foretelling;
        let me = coordinator.id.clone();
        self.transact(to, move |rows| {
            for mount in &new {
                serving::foretell(rows, &me, mount)?;
            }
            Ok(Payload::Nothing)
        });
    }

    /// Takes the turn at the next mount, unless an operation has it.
    fn next_mount(&mut self, to: Address) {
        loop {
            let turns = self.takes_turns();
            let coordinator = &mut self.coordinators[to.at];
            let Some(mount) = coordinator.healing.left.front().cloned() else {
                let failed = coordinator.healing.failed;
                return self.end_pass(to, failed);
            };
            if turns && coordinator.turns.contains(&mount) {
                coordinator.healing.failed = true;
                coordinator.healing.left.pop_front();
                continue;
            }
            coordinator.turns.insert(mount.clone());
            coordinator.healing.step = Step::Settling;
            let me = coordinator.id.clone();
            let is_live = self.judge(to.at);
            return self.transact(to, move |rows| {
                operations::settle(rows, &mount, &me, &is_live).map(Payload::Settled)
            });
        }
    }

    fn act(&mut self, to: Address, settled: Settled) {
        let blind = self.is_broken(Broken::BlindToDamage);
        let coordinator = &mut self.coordinators[to.at];
        let Some(mount) = coordinator.healing.left.front().cloned() else {
            return;
        };
        let app = match &settled {
            Settled::Installed(app) => Some(app.clone()),
            _ => None,
        };
        let registered = match &settled {
            Settled::Installed(app) => Registered::Service(Wanted {
                checksum: &app.checksum,
                revision: app.revision,
                development: false,
            }),
            Settled::Uninstalled => Registered::Uninstalled,
            Settled::Unknown => Registered::Unknown,
            Settled::NotYet => {
                coordinator.healing.failed = true;
                return self.leave_mount(to);
            }
        };
        let served = coordinator.table.get(&mount).map(|service| Served {
            checksum: &service.checksum,
            revision: service.revision,
            same_options: app
                .as_ref()
                .is_some_and(|app| app.row.get("options").as_i64() == Some(service.options)),
            damaged: false,
        });
        let disk = coordinator.disk.get(&mount);
        let files = |checksum: Option<&str>| match checksum {
            Some(checksum) if !blind => inspect(disk, checksum),
            Some(_) => Files::Sound,
            None if disk.is_some() => Files::Other,
            None => Files::Missing,
        };
        let action = decide(registered, served, false, files);
        coordinator.healing.app.clone_from(&app);
        match (action, app) {
            (Action::Remove { files }, _) => {
                coordinator.table.remove(&mount);
                if files {
                    coordinator.disk.remove(&mount);
                }
                self.note(to.at, format!("heals {mount}: gone"));
                self.publish(to, &mount);
            }
            (Action::Load { restore: true }, Some(app)) => {
                coordinator.healing.step = Step::Fetching;
                self.transact(to, move |rows| {
                    let row = rows.get(BUNDLES, &app.checksum)?;
                    let data = row.map(|row| row.get("data").as_str().map(str::to_owned));
                    Ok(Payload::Bundle(data.flatten()))
                });
            }
            (Action::Load { restore: false }, Some(app)) => {
                let service = Service::load(&app, coordinator.disk.get(&mount));
                self.flip(to.at, &mount, service);
                self.publish(to, &mount);
            }
            _ => self.publish(to, &mount),
        }
    }

    /// Makes a folder anew, in parts between which the process may be killed.
    fn write_files(&mut self, to: Address, part: u8) {
        let coordinator = &mut self.coordinators[to.at];
        let (Some(mount), Some(app)) = (
            coordinator.healing.left.front().cloned(),
            coordinator.healing.app.clone(),
        ) else {
            return;
        };
        let disk = coordinator.disk.entry(mount.clone()).or_default();
        if write_part(disk, &app.checksum, part) {
            coordinator.healing.step = Step::Writing(part + 1);
            let time = ms(1 + self.below(200));
            return self.wake_after(to, time);
        }
        if inspect(Some(disk), &app.checksum) != Files::Sound {
            // Damaged while it was written; the next pass looks again.
            coordinator.healing.failed = true;
            return self.leave_mount(to);
        }
        let service = Service::load(&app, Some(disk));
        self.flip(to.at, &mount, service);
        self.publish(to, &mount);
    }

    /// Puts a service into the place of the one before.
    pub(crate) fn flip(&mut self, at: usize, mount: &str, service: Service) {
        self.note(at, format!("serves {mount} in {service:?}"));
        self.coordinators[at]
            .table
            .insert(mount.to_owned(), service);
    }

    fn publish(&mut self, to: Address, mount: &str) {
        let coordinator = &mut self.coordinators[to.at];
        coordinator.healing.step = Step::Publishing;
        let revision = coordinator.table.get(mount).map(|service| service.revision);
        if revision == coordinator.published.get(mount).copied() {
            return self.leave_mount(to);
        }
        let said = said(coordinator, mount);
        self.transact(to, move |rows| say(rows, &said));
    }

    fn leave_mount(&mut self, to: Address) {
        let coordinator = &mut self.coordinators[to.at];
        if let Some(mount) = coordinator.healing.left.pop_front() {
            coordinator.turns.remove(&mount);
        }
        self.next_mount(to);
    }

    fn end_pass(&mut self, to: Address, failed: bool) {
        let coordinator = &mut self.coordinators[to.at];
        coordinator.healing.step = Step::Idle;
        if !failed {
            coordinator.ready = true;
        }
        let soon = failed || std::mem::take(&mut coordinator.healing.again);
        self.wake_after(to, ms(if soon { 100 } else { PERIOD_MS }));
    }
}

/// Marker away, files, marker: whatever a kill leaves is told from what is whole. Whether more is
/// to be done.
pub(crate) fn write_part(disk: &mut Disk, checksum: &str, part: u8) -> bool {
    match part {
        0 => {
            disk.marker = None;
            true
        }
        1 => {
            disk.content = Some(checksum.to_owned());
            true
        }
        _ => {
            disk.marker = Some(checksum.to_owned());
            false
        }
    }
}

pub(crate) fn inspect(disk: Option<&Disk>, checksum: &str) -> Files {
    match disk {
        Some(disk) if disk.content.is_none() => Files::Missing,
        Some(Disk { marker, content }) => {
            let is_marked = marker.as_deref() == Some(checksum);
            if is_marked && content.as_deref() == Some(checksum) {
                Files::Sound
            } else {
                Files::Other
            }
        }
        None => Files::Missing,
    }
}

fn list_mounts(rows: &mut dyn Rows) -> cluster::Result<Vec<String>> {
    let mut mounts = Vec::new();
    for table in [APPS, LEASES] {
        for row in rows.list(table)? {
            mounts.push(registry::mount_of(
                row.get("_key").as_str().unwrap_or_default(),
            ));
        }
    }
    Ok(mounts)
}

/// What a coordinator has to say about a mount.
pub(crate) fn said(coordinator: &Coordinator, mount: &str) -> (Serving, bool) {
    let service = coordinator.table.get(mount);
    let serving = Serving {
        coordinator: coordinator.id.clone(),
        mount: mount.to_owned(),
        revision: service.map_or(0, |service| service.revision),
        checksum: service.map_or(String::new(), |service| service.checksum.clone()),
        ..Serving::default()
    };
    (serving, service.is_some())
}

pub(crate) fn say(
    rows: &mut dyn Rows,
    (said, is_served): &(Serving, bool),
) -> cluster::Result<Payload> {
    if *is_served {
        serving::publish(rows, said)?;
    } else {
        serving::withdraw(rows, &said.coordinator, &said.mount)?;
    }
    Ok(Payload::Nothing)
}
