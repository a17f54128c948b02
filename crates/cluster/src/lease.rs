//! The right to do something alone, kept in a row.
//!
//! ```text
//! <table>/<key>   {holder, token, checks, …}
//! ```
//! `holder` is a coordinator's id, or empty. `token` grows with each new holder and stays when the
//! lease is given back, so that no token is used twice. Whatever else the row has is its users'.
//!
//! A lease does not run out at a time. It is taken over from a holder who is taken for dead, by
//! writing the row; the old holder, if it lives after all, finds out when it writes the row too,
//! in [`confirm`], [`give_back`] or [`spend`]. So whoever must not act on a lost lease puts what it
//! writes into the transaction of [`spend`].

use value::{Object, Value};

use crate::{Error, ErrorKind, Result, Rows};

const HOLDER: &str = "holder";
const TOKEN: &str = "token";
const CHECKS: &str = "checks";

/// A lease that was acquired. Losing this value gives nothing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    table: &'static str,
    key: String,
    holder: String,
    token: u64,
}

/// What a lease's row says.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// A coordinator's id; empty if nobody has the lease.
    pub holder: String,
    /// The largest token that was given out; 0 if none was.
    pub token: u64,
    /// The whole row.
    pub fields: Object,
}

impl Lease {
    /// The fencing token: unique for the lease, larger than all before.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Which lease it is.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// What the row of a lease says. Errors: the store's.
pub fn read(rows: &mut dyn Rows, table: &'static str, key: &str) -> Result<Row> {
    let row = rows.get(table, key)?.unwrap_or_default();
    let token = row.get(TOKEN).as_i64().unwrap_or(0);
    Ok(Row {
        holder: row.get(HOLDER).as_str().unwrap_or_default().to_owned(),
        token: u64::try_from(token).unwrap_or(0),
        fields: row.as_object().cloned().unwrap_or_default(),
    })
}

/// Takes the lease for `me`, if nobody has it who `is_live`. Its token is larger than `floor`.
///
/// A lease that `me` has already is taken anew: callers in one process take turns by themselves,
/// so it is one that could not be given back.
///
/// Errors: `Held`; the store's.
pub fn acquire(
    rows: &mut dyn Rows,
    (table, key): (&'static str, &str),
    me: &str,
    floor: u64,
    is_live: &dyn Fn(&str) -> bool,
) -> Result<Lease> {
    let mut row = read(rows, table, key)?;
    let holder = row.holder.as_str();
    if !holder.is_empty() && holder != me && is_live(holder) {
        let context = format!("coordinator {holder} has the lease of {key}");
        return Err(Error::new(ErrorKind::Held, context));
    }
    let token = row.token.max(floor) + 1;
    row.fields.insert(HOLDER, me);
    row.fields.insert(TOKEN, token);
    row.fields.insert(CHECKS, 0_u64);
    rows.put(table, key, row.fields)?;
    Ok(Lease {
        table,
        key: key.to_owned(),
        holder: me.to_owned(),
        token,
    })
}

/// Makes sure that the lease is still held when this transaction commits.
///
/// Errors: `Lost`; the store's.
pub fn confirm(rows: &mut dyn Rows, lease: &Lease) -> Result<()> {
    let mut row = held(rows, lease)?;
    let checks = row.fields.get(CHECKS).and_then(Value::as_i64).unwrap_or(0);
    row.fields.insert(CHECKS, checks + 1);
    rows.put(lease.table, &lease.key, row.fields)
}

/// Gives the lease back, with `change` made to its row, in the transaction of what was done under
/// it: all of it takes place, or none if the lease was lost.
///
/// Errors: `Lost`; the store's.
pub fn spend(rows: &mut dyn Rows, lease: &Lease, change: impl FnOnce(&mut Object)) -> Result<()> {
    let mut row = held(rows, lease)?;
    row.fields.insert(HOLDER, "");
    change(&mut row.fields);
    rows.put(lease.table, &lease.key, row.fields)
}

/// Gives the lease back without having done anything; nothing if it was lost.
///
/// Errors: the store's.
pub fn give_back(rows: &mut dyn Rows, lease: &Lease) -> Result<()> {
    match spend(rows, lease, |_| {}) {
        Err(error) if error.kind() == ErrorKind::Lost => Ok(()),
        other => other,
    }
}

fn held(rows: &mut dyn Rows, lease: &Lease) -> Result<Row> {
    let row = read(rows, lease.table, &lease.key)?;
    if row.token == lease.token && row.holder == lease.holder {
        return Ok(row);
    }
    let context = format!("the lease of {} was given to somebody else", lease.key);
    Err(Error::new(ErrorKind::Lost, context))
}
