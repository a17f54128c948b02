//! Services that are installed, replaced and uninstalled: each is there wholly, or not at all.

use std::collections::BTreeMap;

use platform::{Random, SeededRandom};
use serde_json::{Value, json};

use super::known::{Counts, Known, Load};
use super::ways::send_install;
use crate::process::Client;

const MOUNTS: [&str; 2] = ["/made/one", "/made/two"];

pub struct Installer {
    dice: SeededRandom,
    next: u64,
    /// What the service at each mount answers.
    services: Known<BTreeMap<String, u64>>,
}

impl Installer {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: SeededRandom::new(seed),
            next: 0,
            services: Known::new(BTreeMap::new()),
        }
    }
}

fn service(number: u64) -> String {
    format!(
        "'use strict';\n\
         const router = require('@arangodb/foxx/router')();\n\
         module.context.use(router);\n\
         router.get('/', (req, res) => res.json({{number: {number}}}));\n"
    )
}

impl Load for Installer {
    fn prepare(&mut self, _: &Client, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn step(&mut self, client: &Client) -> Result<bool, String> {
        let mount = MOUNTS[(self.dice.next_u64() % MOUNTS.len() as u64) as usize];
        let mut after = self.services.state.clone();
        let is_there = after.remove(mount).is_some();
        if is_there && self.dice.next_u64().is_multiple_of(3) {
            self.services.ask(after);
            let path = format!("/_api/foxx/service?mount={mount}");
            let answer = client.send("DELETE", &path, &Value::Null);
            return self.services.take_answer("uninstall", answer);
        }
        self.next += 1;
        after.insert(mount.to_owned(), self.next);
        self.services.ask(after);
        let (method, path) = match (is_there, self.dice.next_u64() % 2) {
            (false, _) => ("POST", format!("/_api/foxx?mount={mount}")),
            (true, 0) => ("PUT", format!("/_api/foxx/service?mount={mount}")),
            (true, _) => ("PATCH", format!("/_api/foxx/service?mount={mount}")),
        };
        let answer = send_install(client, method, &path, &service(self.next));
        self.services.take_answer(method, answer)
    }

    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String> {
        let listed = client.must("GET", "/_api/foxx", &Value::Null)?;
        let listed = listed.as_array().ok_or("no list of services")?;
        let mut found = BTreeMap::new();
        for mount in MOUNTS {
            let (status, answer) = client.send("GET", mount, &Value::Null)?;
            let is_listed = listed
                .iter()
                .any(|service| service["mount"] == json!(mount));
            match (status, answer["number"].as_u64()) {
                (200, Some(number)) if is_listed => drop(found.insert(mount.to_owned(), number)),
                (404, _) if !is_listed => {}
                _ => return Err(format!("{mount}: {status} {answer}, listed: {is_listed}")),
            }
        }
        self.services.compare(found, counts)
    }
}
