//! Collections that are created, filled, truncated, renamed and dropped.

use std::collections::BTreeMap;

use platform::{Random, SeededRandom};
use serde_json::{Value, json};

use super::known::{Counts, Known, Load};
use crate::process::Client;

const COLLECTIONS_MAX: usize = 6;
/// Names of these collections begin so.
const PREFIX: &str = "made-";

pub struct Maker {
    dice: SeededRandom,
    next: u64,
    /// How many documents each has.
    collections: Known<BTreeMap<String, u64>>,
}

impl Maker {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: SeededRandom::new(seed),
            next: 0,
            collections: Known::new(BTreeMap::new()),
        }
    }

    fn below(&self, end: u64) -> u64 {
        self.dice.next_u64() % end
    }

    fn fresh_name(&mut self) -> String {
        self.next += 1;
        format!("{PREFIX}{}", self.next)
    }
}

impl Load for Maker {
    fn prepare(&mut self, _: &Client, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn step(&mut self, client: &Client) -> Result<bool, String> {
        let mut after = self.collections.state.clone();
        let at = self.below(after.len().max(1) as u64) as usize;
        let any = after.keys().nth(at).cloned();
        let full = after.len() >= COLLECTIONS_MAX;
        let (method, path, body) = match (self.below(6), any) {
            (0, Some(name)) => {
                after.insert(name.clone(), 0);
                (
                    "PUT",
                    format!("/_api/collection/{name}/truncate"),
                    Value::Null,
                )
            }
            (1, Some(name)) => {
                let documents = after.remove(&name).unwrap_or_default();
                let other = self.fresh_name();
                after.insert(other.clone(), documents);
                let body = json!({"name": other});
                ("PUT", format!("/_api/collection/{name}/rename"), body)
            }
            (2 | 3, Some(name)) => {
                // More than are removed at once after a truncation.
                let documents = 1 + self.below(700);
                *after.entry(name.clone()).or_default() += documents;
                let query = "FOR i IN 1..@n INSERT {n: i, _from: 'a/1', _to: 'a/2'} INTO @@c";
                let variables = json!({"n": documents, "@c": name});
                let body = json!({"query": query, "bindVars": variables});
                ("POST", "/_api/cursor".to_owned(), body)
            }
            (choice, Some(name)) if full || choice == 4 => {
                after.remove(&name);
                ("DELETE", format!("/_api/collection/{name}"), Value::Null)
            }
            _ => {
                let name = self.fresh_name();
                after.insert(name.clone(), 0);
                let kind = 2 + self.below(2);
                let body = json!({"name": name, "type": kind, "waitForSync": self.below(2) == 0});
                ("POST", "/_api/collection".to_owned(), body)
            }
        };
        let what = format!("{method} {path} {body}");
        self.collections.ask(after);
        let answer = client.send(method, &path, &body);
        self.collections.take_answer(&what, answer)
    }

    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String> {
        let listed = client.must("GET", "/_api/collection", &Value::Null)?;
        let all = listed["result"]
            .as_array()
            .ok_or("no list of collections")?;
        let mut found = BTreeMap::new();
        for collection in all {
            let name = collection["name"].as_str().unwrap_or_default();
            if name.starts_with(PREFIX) {
                let rows = client.query(&format!("FOR d IN `{name}` RETURN d._key"))?;
                let path = format!("/_api/collection/{name}/count");
                let counted = client.must("GET", &path, &Value::Null)?;
                if counted["count"].as_u64() != Some(rows.len() as u64) {
                    return Err(format!("{} documents in {counted}", rows.len()));
                }
                found.insert(name.to_owned(), rows.len() as u64);
            }
        }
        self.collections.compare(found, counts)
    }
}
