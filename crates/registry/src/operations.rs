//! Changing what is installed at a mount.
//!
//! ```text
//! claim → (check the bundle) → confirm → (teardown, setup) → commit
//!                                      ↘ release            ↘ find_outcome, if it is not known
//! ```
//! Each is one transaction; what is between them takes as long as it takes. Whoever is taken for
//! dead meanwhile loses the claim and finds out at the next step, at the latest in `commit`.

use std::collections::{BTreeMap, BTreeSet};

use cluster::lease::{self, Lease};
use cluster::{Result, Rows};
use value::{Object, Value};

use crate::{APPS, LEASES, key_of, mount_of};

const REVISION: &str = "revision";
const CHECKSUM: &str = "checksum";
const UNINSTALLED: &str = "uninstalled";

/// The right to change what is installed at a mount.
#[derive(Clone, Debug)]
pub struct Claim {
    lease: Lease,
    key: String,
    /// What was installed when the mount was claimed.
    pub found: Option<App>,
}

impl Claim {
    /// The revision that [`commit`] will give: larger than any that the mount ever had.
    pub fn revision(&self) -> u64 {
        self.lease.token()
    }
}

/// What is registered for a mount.
#[derive(Clone, Debug)]
pub struct App {
    /// Names the bundle; empty in rows that others wrote without one.
    pub checksum: String,
    /// 0 in rows that were not written by [`commit`].
    pub revision: u64,
    /// The whole row.
    pub row: Value,
}

impl App {
    /// Reads a row.
    pub fn read(row: Value) -> Self {
        Self {
            checksum: row.get(CHECKSUM).as_str().unwrap_or_default().to_owned(),
            revision: number(row.get(REVISION)),
            row,
        }
    }
}

/// What becomes of a mount.
#[derive(Clone, Debug)]
pub enum Change {
    /// This row is registered; its revision is set.
    Put(Object),
    /// Nothing is installed any more.
    Remove,
    /// Nothing is registered any more, and coordinators keep their files.
    Forget,
}

/// What became of a commit whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took place, and nothing since.
    Committed,
    /// It did not, and never will.
    Failed,
    /// Somebody else changed the mount since; whether it took place before that is not known.
    Superseded,
}

/// What [`settle`] found.
#[derive(Clone, Debug)]
pub enum Settled {
    /// This is registered.
    Installed(App),
    /// Nothing is, because it was uninstalled.
    Uninstalled,
    /// Nothing is, and nobody uninstalled it: there never was anything, or somebody removed the row
    /// by hand.
    Unknown,
    /// What is registered was changed by hand while an operation is under way elsewhere, whose end
    /// will settle it. Until then what is served stays.
    NotYet,
}

/// What is installed at a mount. Errors: the store's.
pub fn load(rows: &mut dyn Rows, mount: &str) -> Result<Option<App>> {
    Ok(rows.get(APPS, &key_of(mount))?.map(App::read))
}

/// Claims a mount for `me`, unless somebody who `is_live` has it.
///
/// Errors: `Held`; the store's.
pub fn claim(
    rows: &mut dyn Rows,
    mount: &str,
    me: &str,
    is_live: &dyn Fn(&str) -> bool,
) -> Result<Claim> {
    let key = key_of(mount);
    let found = load(rows, mount)?;
    let floor = found.as_ref().map_or(0, |app| app.revision);
    let lease = lease::acquire(rows, (LEASES, &key), me, floor, is_live)?;
    Ok(Claim { lease, key, found })
}

/// Makes sure that the claim still holds, before something is done that cannot be undone.
///
/// Errors: `Lost`; the store's.
pub fn confirm(rows: &mut dyn Rows, claim: &Claim) -> Result<()> {
    lease::confirm(rows, &claim.lease)
}

/// Registers a change and ends the claim; answers what was registered before. Whatever belongs to
/// the change is written in the same transaction.
///
/// Errors: `Lost`, and nothing may be committed; the store's.
pub fn commit(rows: &mut dyn Rows, claim: &Claim, change: Change) -> Result<Option<App>> {
    let before = rows.get(APPS, &claim.key)?.map(App::read);
    let revision = claim.revision();
    let checksum = match &change {
        Change::Put(row) => row.get(CHECKSUM).cloned().unwrap_or_default(),
        Change::Remove | Change::Forget => Value::Null,
    };
    let uninstalled = matches!(change, Change::Remove);
    lease::spend(rows, &claim.lease, |row| {
        row.insert(REVISION, revision);
        row.insert(CHECKSUM, checksum);
        row.insert(UNINSTALLED, uninstalled);
    })?;
    match change {
        Change::Put(mut row) => {
            row.insert(REVISION, revision);
            rows.put(APPS, &claim.key, row)?;
        }
        Change::Remove | Change::Forget => rows.remove(APPS, &claim.key)?,
    }
    Ok(before)
}

/// Ends a claim without a change; nothing if it was lost. Errors: the store's.
pub fn release(rows: &mut dyn Rows, claim: &Claim) -> Result<()> {
    lease::give_back(rows, &claim.lease)
}

/// Finds out what became of a [`commit`] whose answer was lost, and ends the claim if it did not
/// take place.
///
/// Errors: the store's.
pub fn find_outcome(rows: &mut dyn Rows, claim: &Claim) -> Result<Outcome> {
    let row = lease::read(rows, LEASES, &claim.key)?;
    let (revision, _) = committed(&row.fields);
    if revision == claim.revision() {
        return Ok(Outcome::Committed);
    }
    if revision > claim.revision() {
        return Ok(Outcome::Superseded);
    }
    // Written here, so that a commit that is still on its way conflicts.
    lease::give_back(rows, &claim.lease)?;
    Ok(Outcome::Failed)
}

/// What a coordinator that heals is to go by. Called while no operation of `me` is under way at the
/// mount.
///
/// Gives what somebody wrote by hand, such as a restored backup, a revision of its own, so that it
/// is told from what was there before. Gives a lease back that an operation of `me` left.
///
/// Errors: the store's.
pub fn settle(
    rows: &mut dyn Rows,
    mount: &str,
    me: &str,
    is_live: &dyn Fn(&str) -> bool,
) -> Result<Settled> {
    let found = load(rows, mount)?;
    let key = key_of(mount);
    let row = lease::read(rows, LEASES, &key)?;
    let is_strange = is_strange(found.as_ref(), &row.fields);
    if !is_strange && row.holder != me {
        return Ok(settled(found, &row.fields));
    }
    if !row.holder.is_empty() && row.holder != me && is_live(&row.holder) {
        return Ok(Settled::NotYet);
    }
    let claim = claim(rows, mount, me, is_live)?;
    if !is_strange {
        release(rows, &claim)?;
        return Ok(settled(found, &row.fields));
    }
    let change = match found {
        Some(app) => Change::Put(app.row.as_object().cloned().unwrap_or_default()),
        None => Change::Forget,
    };
    commit(rows, &claim, change)?;
    Ok(load(rows, mount)?.map_or(Settled::Unknown, Settled::Installed))
}

fn settled(found: Option<App>, lease: &Object) -> Settled {
    let uninstalled = lease.get(UNINSTALLED).and_then(Value::as_bool);
    match found {
        Some(app) => Settled::Installed(app),
        None if uninstalled == Some(true) => Settled::Uninstalled,
        None => Settled::Unknown,
    }
}

/// The mounts whose rows [`settle`] would change or has not seen the like of: those changed by
/// hand, and those whose lease `me` has.
///
/// Errors: the store's.
pub fn find_unsettled(rows: &mut dyn Rows, me: &str) -> Result<Vec<String>> {
    let apps: BTreeMap<String, App> = rows
        .list(APPS)?
        .into_iter()
        .map(|row| (text(&row, "_key"), App::read(row)))
        .collect();
    let leases: BTreeMap<String, Value> = rows
        .list(LEASES)?
        .into_iter()
        .map(|row| (text(&row, "_key"), row))
        .collect();
    let keys: BTreeSet<&String> = apps.keys().chain(leases.keys()).collect();
    let unsettled = keys.into_iter().filter(|key| {
        let lease = leases.get(*key).and_then(Value::as_object);
        let lease = lease.cloned().unwrap_or_default();
        let holder = lease.get("holder").and_then(Value::as_str);
        holder == Some(me) || is_strange(apps.get(*key), &lease)
    });
    Ok(unsettled.map(|key| mount_of(key)).collect())
}

fn text(row: &Value, name: &str) -> String {
    row.get(name).as_str().unwrap_or_default().to_owned()
}

/// Whether a row is another one than the last that was committed.
fn is_strange(found: Option<&App>, lease: &Object) -> bool {
    let (revision, checksum) = committed(lease);
    match found {
        Some(app) => app.revision != revision || app.checksum != checksum || revision == 0,
        None => !checksum.is_empty(),
    }
}

/// What a lease's row says of the last commit: revision and checksum.
fn committed(lease: &Object) -> (u64, &str) {
    let checksum = lease.get(CHECKSUM).and_then(Value::as_str);
    let revision = lease.get(REVISION).map_or(0, number);
    (revision, checksum.unwrap_or_default())
}

fn number(value: &Value) -> u64 {
    u64::try_from(value.as_i64().unwrap_or(0)).unwrap_or(0)
}
