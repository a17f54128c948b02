//! `kill -9` at random moments under write load: every acknowledged write is there, transactions
//! are whole, indexes agree with their documents.
//!
//! `VULPES_CRASH_ROUNDS` sets the number of kills, `VULPES_CRASH_SEED` repeats the choices of a
//! run (not its timing).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use platform::{Random, SeededRandom, SystemRandom};
use serde_json::{Value, json};

use crate::crash_ops::{ACCOUNTS, Documents, Worker};
use crate::process::{Client, Server, verify};
use crate::setting;

const ROUNDS: u64 = 10;
const WORKERS: u64 = 6;
const BALANCE: i64 = 1_000;

#[test]
fn a_killed_server_loses_nothing() {
    let rounds = setting("VULPES_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let seed = setting("VULPES_CRASH_SEED").unwrap_or_else(|| SystemRandom.next_u64());
    let folder = tempfile::tempdir().unwrap();
    let mut crash = Crash::new(seed);
    for round in 0..rounds {
        if let Err(text) = crash.round(folder.path(), round == 0) {
            panic!(
                "VULPES_CRASH_SEED={seed}, round {round}, data kept in {}: {text}",
                folder.keep().display()
            );
        }
    }
    let last = Server::start(folder.path()).and_then(|server| crash.check(&server.client()));
    assert_eq!(last, Ok(()), "VULPES_CRASH_SEED={seed}, at the end");
    println!(
        "seed {seed}: {rounds} kills, {} writes acknowledged, {} unanswered of which {} happened",
        crash.acknowledged, crash.unanswered, crash.unanswered_happened
    );
    assert!(crash.acknowledged > rounds, "there was no load");
}

struct Crash {
    dice: SeededRandom,
    workers: Vec<Worker>,
    acknowledged: u64,
    unanswered: u64,
    unanswered_happened: u64,
}

impl Crash {
    fn new(seed: u64) -> Self {
        let dice = SeededRandom::new(seed);
        Self {
            workers: (0..WORKERS)
                .map(|id| Worker::new(id, dice.next_u64()))
                .collect(),
            dice,
            acknowledged: 0,
            unanswered: 0,
            unanswered_happened: 0,
        }
    }

    /// Start, load, kill, look.
    fn round(&mut self, folder: &Path, is_first: bool) -> Result<(), String> {
        let mut server = Server::start(folder)?;
        let client = server.client();
        if is_first {
            create(&client)?;
        } else {
            self.check(&client)?;
        }
        client.must("PUT", "/_api/collection/transfers/truncate", &Value::Null)?;
        let restore = "FOR a IN accounts UPDATE a WITH {balance: 1000} IN accounts";
        client.query(restore)?;
        self.load_and_kill(&mut server)?;
        self.check_offline(folder)?;
        let log = server.log();
        if log.contains("ERROR") {
            return Err(log);
        }
        Ok(())
    }

    fn load_and_kill(&mut self, server: &mut Server) -> Result<(), String> {
        let life = Duration::from_millis(5 + self.dice.next_u64() % 296);
        let (ended, ends) = channel();
        let count = self.workers.len();
        std::thread::scope(|scope| {
            for worker in &mut self.workers {
                let (client, ended) = (server.client(), ended.clone());
                worker.transfers.clear();
                scope.spawn(move || {
                    let outcome = worker.work(&client);
                    // Received below in any case.
                    drop(ended.send(outcome));
                });
            }
            // One that ends before the kill has failed.
            let early = ends.recv_timeout(life).ok();
            let early = early.map(|outcome| outcome.and(Err("no answer before the kill".into())));
            server.kill();
            let others = ends.iter().take(count - usize::from(early.is_some()));
            early.into_iter().chain(others).collect()
        })
    }

    /// The file as the kill left it, opened by another program.
    fn check_offline(&self, folder: &Path) -> Result<(), String> {
        let copy = folder.join("copy");
        std::fs::create_dir_all(&copy).map_err(|error| error.to_string())?;
        std::fs::copy(folder.join("data/store.redb"), copy.join("store.redb"))
            .map_err(|error| error.to_string())?;
        let output = verify(&copy);
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr))
    }

    /// What the next server shows, against what was acknowledged.
    fn check(&mut self, client: &Client) -> Result<(), String> {
        let mut found: Vec<Documents> = vec![Documents::new(); WORKERS as usize];
        for document in client.query("FOR d IN items RETURN UNSET(d, '_id', '_rev')")? {
            let mut document = document;
            let key = document["_key"].as_str().unwrap_or_default().to_owned();
            document.as_object_mut().map(|object| object.remove("_key"));
            let of = document["worker"].as_u64().unwrap_or_default() as usize;
            found
                .get_mut(of)
                .ok_or("a document of nobody")?
                .insert(key, document);
        }
        for (worker, found) in self.workers.iter_mut().zip(found) {
            self.acknowledged += std::mem::take(&mut worker.acknowledged);
            let perhaps = worker.documents_perhaps.take();
            self.unanswered += u64::from(perhaps.is_some());
            if found != worker.documents {
                if perhaps.as_ref() != Some(&found) {
                    let known = &worker.documents;
                    return Err(format!(
                        "found {found:#?}, acknowledged {known:#?}, or perhaps {perhaps:#?}"
                    ));
                }
                self.unanswered_happened += 1;
                worker.documents = found;
            }
        }
        self.check_accounts(client)
    }

    fn check_accounts(&mut self, client: &Client) -> Result<(), String> {
        let mut balances: BTreeMap<String, i64> = (0..ACCOUNTS)
            .map(|account| (account.to_string(), BALANCE))
            .collect();
        let mut missing: Vec<String> = Vec::new();
        let mut unexpected: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for transfer in client.query("FOR t IN transfers RETURN t")? {
            let text = |name: &str| transfer[name].as_str().unwrap_or_default().to_owned();
            let x = transfer["x"].as_i64().unwrap_or_default();
            *balances.entry(text("from")).or_default() -= x;
            *balances.entry(text("to")).or_default() += x;
            seen.insert(text("_key"));
        }
        for worker in &mut self.workers {
            let perhaps = worker.transfer_perhaps.take();
            self.unanswered += u64::from(perhaps.is_some());
            if let Some(id) = perhaps
                && seen.remove(&id)
            {
                self.unanswered_happened += 1;
            }
            let lost = worker.transfers.iter().filter(|id| !seen.remove(*id));
            missing.extend(lost.cloned());
        }
        unexpected.extend(seen);
        let accounts = client.query("FOR a IN accounts RETURN [a._key, a.balance]")?;
        let found: BTreeMap<String, i64> = accounts
            .iter()
            .map(|row| (row[0].as_str().unwrap_or_default(), row[1].as_i64()))
            .map(|(key, balance)| (key.to_owned(), balance.unwrap_or_default()))
            .collect();
        if missing.is_empty() && unexpected.is_empty() && found == balances {
            return Ok(());
        }
        Err(format!(
            "lost transfers {missing:?}, unexpected {unexpected:?}, \
             balances {found:?}, from the transfers {balances:?}"
        ))
    }
}

fn create(client: &Client) -> Result<(), String> {
    for name in ["items", "accounts", "transfers"] {
        client.must("POST", "/_api/collection", &json!({"name": name}))?;
    }
    for definition in [
        json!({"type": "persistent", "fields": ["n"], "storedValues": ["u"]}),
        json!({"type": "persistent", "fields": ["u"], "unique": true}),
        json!({"type": "persistent", "fields": ["tags[*]"]}),
        json!({"type": "persistent", "fields": ["worker", "n"], "sparse": true}),
    ] {
        client.must("POST", "/_api/index?collection=items", &definition)?;
    }
    for account in 0..ACCOUNTS {
        let document = json!({"_key": account.to_string(), "balance": BALANCE});
        client.must("POST", "/_api/document/accounts", &document)?;
    }
    Ok(())
}
