//! One client with documents of its own in two collections, which it changes in every way in
//! which documents can be written. A change is one request or one transaction: it happens wholly
//! or not at all.

use std::collections::BTreeMap;

use platform::{Random, SeededRandom};
use serde_json::{Value, json};

use super::known::{Counts, Known, Load};
use super::ways::{self, Op};
use crate::process::Client;

/// Documents of one client by collection and key, without what the server adds.
type Documents = BTreeMap<(&'static str, String), Value>;

const ITEMS: &str = "items";
const MIRROR: &str = "mirror";
const DOCUMENTS_MAX: usize = 12;

pub struct Writer {
    id: u64,
    dice: SeededRandom,
    next: u64,
    known: Known<Documents>,
}

impl Writer {
    pub fn new(id: u64, seed: u64) -> Self {
        Self {
            id,
            dice: SeededRandom::new(seed.wrapping_add(id)),
            next: 0,
            known: Known::new(Documents::new()),
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
        json!({"writer": self.id, "n": self.below(9), "u": u, "tags": tags, "text": text})
    }

    /// Some changes of documents of both collections, each document at most once.
    fn ops(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        for (collection, key) in self.known.state.keys().cloned().collect::<Vec<_>>() {
            let full = self.known.state.len() >= DOCUMENTS_MAX;
            match self.below(8) {
                0 => ops.push(Op::Remove(collection, key)),
                1 if full => ops.push(Op::Remove(collection, key)),
                2 | 3 => {
                    let document = self.fresh();
                    ops.push(Op::Replace(collection, key, document));
                }
                _ => {}
            }
        }
        for _ in 0..=self.below(3) {
            if self.known.state.len() + ops.len() < DOCUMENTS_MAX + 4 {
                let document = self.fresh();
                let collection = [ITEMS, MIRROR][self.below(2) as usize];
                let key = format!("{}-{}", self.id, self.next);
                ops.push(Op::Insert(collection, key, document));
            }
        }
        ops
    }

    fn after(&self, ops: &[Op]) -> Documents {
        let mut after = self.known.state.clone();
        for op in ops {
            match op {
                Op::Insert(collection, key, document) | Op::Replace(collection, key, document) => {
                    after.insert((*collection, key.clone()), document.clone());
                }
                Op::Remove(collection, key) => {
                    after.remove(&(*collection, key.clone()));
                }
            }
        }
        after
    }

    /// Several documents of both collections, in a transaction of some kind.
    fn change_both(&mut self, client: &Client) -> Result<bool, String> {
        let ops = self.ops();
        let after = self.after(&ops);
        match self.below(3) {
            0 => {
                // Until the commit is asked for nothing can happen.
                let begun = ways::prepare_stream(client, &ops)?;
                let id = match begun {
                    ways::Begun::Ready(id) => id,
                    ways::Begun::Refused => return Ok(true),
                    ways::Begun::Unanswered => return Ok(false),
                };
                if self.below(5) == 0 {
                    return ways::abort_stream(client, &id);
                }
                self.known.ask(after);
                let path = format!("/_api/transaction/{id}");
                let answer = client.send("PUT", &path, &Value::Null);
                self.known.take_answer("commit", answer)
            }
            1 => {
                self.known.ask(after);
                let answer = ways::send_javascript(client, &ops);
                self.known.take_answer("a JavaScript transaction", answer)
            }
            _ => {
                self.known.ask(after);
                let body = json!({"ops": ways::to_json(&ops)});
                let answer = client.send("POST", "/crash/all", &body);
                self.known.take_answer("a service's transaction", answer)
            }
        }
    }

    /// Documents of one collection by one request.
    fn change_one(&mut self, client: &Client) -> Result<bool, String> {
        let collection = [ITEMS, MIRROR][self.below(2) as usize];
        let mut ops = self.ops();
        ops.retain(|op| op.collection() == collection);
        match self.below(8) {
            0 | 1 => {
                // A service writes one document.
                ops.truncate(1);
                let Some(op) = ops.first() else {
                    return Ok(true);
                };
                self.known.ask(self.after(&ops));
                let answer = client.send("POST", "/crash/one", &op.to_json());
                self.known.take_answer("a service's write", answer)
            }
            2 => {
                ops.retain(|op| !matches!(op, Op::Remove(..)));
                if ops.is_empty() {
                    return Ok(true);
                }
                self.known.ask(self.after(&ops));
                let answer = ways::send_import(client, collection, &ops);
                self.known.take_answer("an import", answer)
            }
            3 => self.query(client, collection, "/_api/cursor"),
            4 => self.query(client, collection, "/crash/query"),
            5 => {
                ops.retain(|op| matches!(op, Op::Insert(..)));
                self.send_documents(client, "POST", collection, ops)
            }
            6 => {
                // Every attribute is there, so that an update leaves the same as a replacement.
                ops.retain(|op| matches!(op, Op::Replace(..)));
                let method = ["PUT", "PATCH"][self.below(2) as usize];
                self.send_documents(client, method, collection, ops)
            }
            _ => {
                ops.retain(|op| matches!(op, Op::Remove(..)));
                self.send_documents(client, "DELETE", collection, ops)
            }
        }
    }

    fn send_documents(
        &mut self,
        client: &Client,
        method: &str,
        collection: &str,
        ops: Vec<Op>,
    ) -> Result<bool, String> {
        self.known.ask(self.after(&ops));
        let bodies: Vec<Value> = ops.iter().map(Op::to_document).collect();
        let path = format!("/_api/document/{collection}");
        let answer = client.send(method, &path, &Value::Array(bodies));
        self.known.take_answer(method, answer)
    }

    /// A query that changes many documents.
    fn query(&mut self, client: &Client, collection: &str, path: &str) -> Result<bool, String> {
        let mut after = self.known.state.clone();
        let own = |at: &str| at == collection;
        let query = if self.below(2) == 0 {
            after.retain(|(at, _), document| !own(at) || document["n"].as_u64() < Some(15));
            "FOR d IN @@c FILTER d.writer == @w && d.n >= 15 REMOVE d IN @@c"
        } else {
            for ((at, _), document) in &mut after {
                let n = document["n"].as_u64().unwrap_or_default();
                if own(at) {
                    document["n"] = json!(n + 10);
                }
            }
            "FOR d IN @@c FILTER d.writer == @w UPDATE d WITH {n: d.n + 10} IN @@c"
        };
        self.known.ask(after);
        let variables = json!({"w": self.id, "@c": collection});
        let body = json!({"query": query, "bindVars": variables});
        let answer = client.send("POST", path, &body);
        self.known.take_answer(query, answer)
    }
}

impl Load for Writer {
    fn prepare(&mut self, _: &Client, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn step(&mut self, client: &Client) -> Result<bool, String> {
        match self.below(2) {
            0 => self.change_both(client),
            _ => self.change_one(client),
        }
    }

    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String> {
        let mut found = Documents::new();
        for collection in [ITEMS, MIRROR] {
            let query = format!(
                "FOR d IN {collection} FILTER d.writer == {} RETURN UNSET(d, '_id', '_rev')",
                self.id
            );
            for mut document in client.query(&query)? {
                let key = document["_key"].as_str().unwrap_or_default().to_owned();
                document.as_object_mut().map(|object| object.remove("_key"));
                found.insert((collection, key), document);
            }
        }
        self.known.compare(found, counts)
    }
}

/// The collections of all writers.
pub fn create(client: &Client) -> Result<(), String> {
    for name in [ITEMS, MIRROR] {
        client.must("POST", "/_api/collection", &json!({"name": name}))?;
    }
    for definition in [
        json!({"type": "persistent", "fields": ["n"], "storedValues": ["u"]}),
        json!({"type": "persistent", "fields": ["u"], "unique": true}),
        json!({"type": "persistent", "fields": ["tags[*]"]}),
        json!({"type": "persistent", "fields": ["writer", "n"], "sparse": true}),
    ] {
        client.must("POST", "/_api/index?collection=items", &definition)?;
    }
    ways::install(client)
}
