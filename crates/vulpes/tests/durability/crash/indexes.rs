//! Indexes of a collection of some thousand documents that are built and dropped while somebody
//! else changes many of the documents at once.

use std::collections::{BTreeMap, BTreeSet};

use platform::{Random, SeededRandom};
use serde_json::{Value, json};

use super::known::{Counts, Known, Load};
use crate::process::Client;

const DOCUMENTS: u64 = 3_000;
/// Documents with the same `x` are changed together.
const CLASSES: u64 = 30;

/// Names with definitions.
fn definitions() -> Vec<(&'static str, Value)> {
    vec![
        (
            "plain",
            json!({"type": "persistent", "fields": ["v", "n"], "name": "plain"}),
        ),
        (
            "tags",
            json!({"type": "persistent", "fields": ["tags[*]"], "name": "tags"}),
        ),
        (
            "unique",
            json!({"type": "hash", "fields": ["u"], "unique": true, "name": "unique"}),
        ),
        (
            "stored",
            json!({"type": "persistent", "fields": ["x"], "storedValues": ["v"], "name": "stored"}),
        ),
    ]
}

/// Creates and drops indexes.
pub struct Builder {
    dice: SeededRandom,
    indexes: Known<BTreeSet<String>>,
}

impl Builder {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: SeededRandom::new(seed),
            indexes: Known::new(BTreeSet::new()),
        }
    }
}

impl Load for Builder {
    fn prepare(&mut self, client: &Client, is_first: bool) -> Result<(), String> {
        if !is_first {
            return Ok(());
        }
        client.must("POST", "/_api/collection", &json!({"name": "big"}))?;
        let fill = format!(
            "FOR i IN 1..{DOCUMENTS} INSERT {{_key: TO_STRING(i), x: i % {CLASSES}, v: 0, n: i, \
             u: CONCAT('u', i), tags: [i % 7, i % 11]}} INTO big"
        );
        client.query(&fill).map(drop)
    }

    fn step(&mut self, client: &Client) -> Result<bool, String> {
        let all = definitions();
        let at = (self.dice.next_u64() % all.len() as u64) as usize;
        let (name, definition) = &all[at];
        let mut after = self.indexes.state.clone();
        let answer = if after.remove(*name) {
            self.indexes.ask(after);
            let path = format!("/_api/index/big/{name}");
            client.send("DELETE", &path, &Value::Null)
        } else {
            after.insert((*name).to_owned());
            self.indexes.ask(after);
            client.send("POST", "/_api/index?collection=big", definition)
        };
        self.indexes.take_answer(name, answer)
    }

    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String> {
        let listed = client.must(
            "GET",
            "/_api/index?collection=big&withHidden=true",
            &Value::Null,
        )?;
        let indexes = listed["indexes"].as_array().ok_or("no list of indexes")?;
        let name = |index: &Value| index["name"].as_str().unwrap_or_default().to_owned();
        let found: BTreeSet<String> = indexes.iter().map(name).collect();
        let found = found.into_iter().filter(|name| name != "primary").collect();
        self.indexes.compare(found, counts)
    }
}

/// Changes all documents of one class in one query.
pub struct Changer {
    dice: SeededRandom,
    /// The value in the documents of each class.
    values: Known<BTreeMap<u64, u64>>,
}

impl Changer {
    pub fn new(seed: u64) -> Self {
        let values = (0..CLASSES).map(|class| (class, 0)).collect();
        Self {
            dice: SeededRandom::new(seed),
            values: Known::new(values),
        }
    }
}

impl Load for Changer {
    fn prepare(&mut self, _: &Client, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn step(&mut self, client: &Client) -> Result<bool, String> {
        let class = self.dice.next_u64() % CLASSES;
        let mut after = self.values.state.clone();
        let value = after.values().max().map_or(1, |value| value + 1);
        after.insert(class, value);
        self.values.ask(after);
        let query = "FOR d IN big FILTER d.x == @x UPDATE d WITH {v: @v} IN big";
        let body = json!({"query": query, "bindVars": {"x": class, "v": value}});
        let path = ["/_api/cursor", "/crash/query"][(self.dice.next_u64() % 2) as usize];
        let answer = client.send("POST", path, &body);
        self.values.take_answer(query, answer)
    }

    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String> {
        let query = "FOR d IN big COLLECT x = d.x AGGREGATE least = MIN(d.v), most = MAX(d.v), \
                     count = LENGTH(1) RETURN [x, least, most, count]";
        let mut found = BTreeMap::new();
        for row in client.query(query)? {
            let [x, least, most, count] = [0, 1, 2, 3].map(|at| row[at].as_u64());
            if least != most || count != Some(DOCUMENTS / CLASSES) {
                return Err(format!("a torn change of class {row}"));
            }
            found.extend(x.zip(least));
        }
        self.values.compare(found, counts)
    }
}
