//! Clients that move money between accounts that all of them use, and note it in another
//! collection, in one query.

use std::collections::{BTreeMap, BTreeSet};

use platform::{Random, SeededRandom};
use serde_json::{Value, json};

use super::known::{Counts, Known, Load};
use crate::process::Client;

const ACCOUNTS: u64 = 4;
const BALANCE: i64 = 1_000;

pub struct Teller {
    id: u64,
    dice: SeededRandom,
    next: u64,
    /// Since the last start.
    transfers: Known<BTreeSet<String>>,
}

impl Teller {
    pub fn new(id: u64, seed: u64) -> Self {
        Self {
            id,
            dice: SeededRandom::new(seed.wrapping_add(id)),
            next: 0,
            transfers: Known::new(BTreeSet::new()),
        }
    }

    fn below(&self, end: u64) -> u64 {
        self.dice.next_u64() % end
    }
}

impl Load for Teller {
    fn prepare(&mut self, _: &Client, _: bool) -> Result<(), String> {
        // The notes are taken away before each start.
        self.transfers = Known::new(BTreeSet::new());
        Ok(())
    }

    fn step(&mut self, client: &Client) -> Result<bool, String> {
        let (from, to) = (self.below(ACCOUNTS), self.below(ACCOUNTS));
        self.next += 1;
        let id = format!("{}-{}", self.id, self.next);
        let query = "LET moved = (FOR a IN accounts FILTER a._key == @from || a._key == @to \
                     LET change = (a._key == @to ? @x : 0) - (a._key == @from ? @x : 0) \
                     UPDATE a WITH {balance: a.balance + change} IN accounts RETURN 1) \
                     INSERT {_key: @id, by: @by, from: @from, to: @to, x: @x} INTO transfers";
        let variables = json!({
            "from": from.to_string(), "to": to.to_string(), "x": self.below(100),
            "id": id, "by": self.id,
        });
        let mut after = self.transfers.state.clone();
        after.insert(id);
        self.transfers.ask(after);
        let path = ["/_api/cursor", "/crash/query"][self.below(2) as usize];
        let body = json!({"query": query, "bindVars": variables});
        let answer = client.send("POST", path, &body);
        self.transfers.take_answer("a transfer", answer)
    }

    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String> {
        let query = format!(
            "FOR t IN transfers FILTER t.by == {} RETURN t._key",
            self.id
        );
        let found = client.query(&query)?;
        let key = |key: &Value| key.as_str().unwrap_or_default().to_owned();
        self.transfers
            .compare(found.iter().map(key).collect(), counts)
    }
}

pub fn create(client: &Client) -> Result<(), String> {
    for name in ["accounts", "transfers"] {
        client.must("POST", "/_api/collection", &json!({"name": name}))?;
    }
    for account in 0..ACCOUNTS {
        let document = json!({"_key": account.to_string(), "balance": BALANCE});
        client.must("POST", "/_api/document/accounts", &document)?;
    }
    Ok(())
}

/// Before a new start.
pub fn reset(client: &Client) -> Result<(), String> {
    client.must("PUT", "/_api/collection/transfers/truncate", &Value::Null)?;
    let restore = "FOR a IN accounts UPDATE a WITH {balance: 1000} IN accounts";
    client.query(restore).map(drop)
}

/// Balances against what was noted.
pub fn check(client: &Client) -> Result<(), String> {
    let mut balances: BTreeMap<String, i64> = (0..ACCOUNTS)
        .map(|account| (account.to_string(), BALANCE))
        .collect();
    for transfer in client.query("FOR t IN transfers RETURN t")? {
        let text = |name: &str| transfer[name].as_str().unwrap_or_default().to_owned();
        let x = transfer["x"].as_i64().unwrap_or_default();
        *balances.entry(text("from")).or_default() -= x;
        *balances.entry(text("to")).or_default() += x;
    }
    let accounts = client.query("FOR a IN accounts RETURN [a._key, a.balance]")?;
    let found: BTreeMap<String, i64> = accounts
        .iter()
        .map(|row| (row[0].as_str().unwrap_or_default(), row[1].as_i64()))
        .map(|(key, balance)| (key.to_owned(), balance.unwrap_or_default()))
        .collect();
    if found == balances {
        return Ok(());
    }
    Err(format!(
        "balances {found:?}, from the transfers {balances:?}"
    ))
}
