//! What one connection does under load, and what must then be there.

use std::collections::{BTreeMap, BTreeSet};

use platform::{Random, SeededRandom};
use serde_json::{Value, json};

use crate::process::Client;

/// Documents of one worker by key, without what the server adds.
pub type Documents = BTreeMap<String, Value>;

pub const ACCOUNTS: u64 = 4;
const DOCUMENTS_MAX: usize = 12;

/// One connection and what it was told. No other one writes its documents.
pub struct Worker {
    id: u64,
    dice: SeededRandom,
    next: u64,
    /// As acknowledged.
    pub documents: Documents,
    /// As they are if the request without an answer was carried out.
    pub documents_perhaps: Option<Documents>,
    pub transfers: BTreeSet<String>,
    pub transfer_perhaps: Option<String>,
    pub acknowledged: u64,
}

struct Request {
    method: &'static str,
    path: String,
    body: Value,
}

impl Request {
    fn new(method: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self {
            method,
            path: path.into(),
            body,
        }
    }

    fn query(query: &str, variables: Value) -> Self {
        let body = json!({"query": query, "bindVars": variables});
        Self::new("POST", "/_api/cursor", body)
    }
}

impl Worker {
    pub fn new(id: u64, seed: u64) -> Self {
        Self {
            id,
            dice: SeededRandom::new(seed.wrapping_add(id)),
            next: 0,
            documents: Documents::new(),
            documents_perhaps: None,
            transfers: BTreeSet::new(),
            transfer_perhaps: None,
            acknowledged: 0,
        }
    }

    /// Writes until there is no answer. Errors: an answer that must not be.
    pub fn work(&mut self, client: &Client) -> Result<(), String> {
        loop {
            let answered = if self.below(4) == 0 {
                self.transfer(client)?
            } else {
                self.change_documents(client)?
            };
            if !answered {
                return Ok(());
            }
        }
    }

    fn below(&self, end: u64) -> u64 {
        self.dice.next_u64() % end
    }

    /// A document that is unlike any before. `u` is in a unique index, `tags` in an array index,
    /// `n` in a plain one.
    fn fresh(&mut self) -> Value {
        self.next += 1;
        let tags: Vec<u64> = (0..self.below(4)).map(|_| self.below(5)).collect();
        let u = format!("{}/{}", self.id, self.next);
        let text = "x".repeat(self.below(300) as usize);
        json!({"worker": self.id, "n": self.below(9), "u": u, "tags": tags, "text": text})
    }

    fn any_key(&self) -> Option<String> {
        let at = self.below(self.documents.len().max(1) as u64) as usize;
        self.documents.keys().nth(at).cloned()
    }

    /// One request that changes documents of this worker; false if there was no answer.
    fn change_documents(&mut self, client: &Client) -> Result<bool, String> {
        let mut after = self.documents.clone();
        let request = self.make_request(&mut after);
        self.documents_perhaps = Some(after);
        let Request { method, path, body } = &request;
        let Ok((status, answer)) = client.send(method, path, body) else {
            return Ok(false);
        };
        let refused = |item: &Value| item.get("error") == Some(&json!(true));
        let items = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        if status >= 300 || items.iter().any(refused) {
            return Err(format!("{method} {path} {body}: {status} {answer}"));
        }
        if let Some(after) = self.documents_perhaps.take() {
            self.documents = after;
        }
        self.acknowledged += 1;
        Ok(true)
    }

    fn make_request(&mut self, after: &mut Documents) -> Request {
        let choice = self.below(8);
        let full = self.documents.len() >= DOCUMENTS_MAX;
        match self.any_key() {
            Some(key) if full || choice == 0 => {
                after.remove(&key);
                Request::new("DELETE", format!("/_api/document/items/{key}"), Value::Null)
            }
            Some(key) if choice == 1 => {
                let change = self.fresh();
                after.insert(key.clone(), change.clone());
                // Every attribute is there, so that an update leaves the same as a replacement.
                let method = ["PUT", "PATCH"][self.below(2) as usize];
                Request::new(method, format!("/_api/document/items/{key}"), change)
            }
            Some(_) if choice == 2 => self.change_many(after, "PATCH"),
            Some(_) if choice == 3 => self.change_many(after, "DELETE"),
            Some(_) if choice == 4 => {
                for document in after.values_mut() {
                    let n = document["n"].as_u64().unwrap_or_default();
                    document["n"] = json!(n + 10);
                }
                let query = "FOR d IN items FILTER d.worker == @w UPDATE d WITH {n: d.n + 10} \
                             IN items";
                Request::query(query, json!({"w": self.id}))
            }
            Some(_) if choice == 5 => {
                after.retain(|_, document| document["n"].as_u64().is_some_and(|n| n < 15));
                let query = "FOR d IN items FILTER d.worker == @w && d.n >= 15 REMOVE d IN items";
                Request::query(query, json!({"w": self.id}))
            }
            _ => self.insert_many(after),
        }
    }

    fn insert_many(&mut self, after: &mut Documents) -> Request {
        let mut bodies = Vec::new();
        for _ in 0..=self.below(4) {
            let mut document = self.fresh();
            let key = format!("{}-{}", self.id, self.next);
            after.insert(key.clone(), document.clone());
            document["_key"] = json!(key);
            bodies.push(document);
        }
        let body = match bodies.len() {
            1 => bodies.remove(0),
            _ => Value::Array(bodies),
        };
        Request::new("POST", "/_api/document/items", body)
    }

    /// Half of the documents in one request.
    fn change_many(&mut self, after: &mut Documents, method: &'static str) -> Request {
        let keys: Vec<String> = after.keys().cloned().collect();
        let keys: Vec<String> = keys.into_iter().filter(|_| self.below(2) == 0).collect();
        let mut bodies = Vec::new();
        for key in keys {
            if method == "DELETE" {
                after.remove(&key);
                bodies.push(json!(key));
                continue;
            }
            let mut change = self.fresh();
            after.insert(key.clone(), change.clone());
            change["_key"] = json!(key);
            bodies.push(change);
        }
        Request::new(method, "/_api/document/items", Value::Array(bodies))
    }

    /// Moves money between accounts that everybody uses, and notes it in another collection, in
    /// one query.
    fn transfer(&mut self, client: &Client) -> Result<bool, String> {
        let (from, to) = (self.below(ACCOUNTS), self.below(ACCOUNTS));
        self.next += 1;
        let id = format!("{}-{}", self.id, self.next);
        let query = "LET moved = (FOR a IN accounts FILTER a._key == @from || a._key == @to \
                     LET change = (a._key == @to ? @x : 0) - (a._key == @from ? @x : 0) \
                     UPDATE a WITH {balance: a.balance + change} IN accounts RETURN 1) \
                     INSERT {_key: @id, from: @from, to: @to, x: @x} INTO transfers";
        let variables = json!({
            "from": from.to_string(), "to": to.to_string(), "x": self.below(100), "id": id,
        });
        let request = Request::query(query, variables);
        self.transfer_perhaps = Some(id.clone());
        let Ok((status, answer)) = client.send(request.method, &request.path, &request.body) else {
            return Ok(false);
        };
        self.transfer_perhaps = None;
        match status {
            ..300 => drop(self.transfers.insert(id)),
            // Another one was faster, again and again: nothing was done.
            409 => {}
            _ => return Err(format!("{}: {status} {answer}", request.body)),
        }
        self.acknowledged += 1;
        Ok(true)
    }
}
