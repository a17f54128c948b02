//! `kill -9` at random moments under load of every kind: what was acknowledged is there, whatever
//! is there is whole, indexes agree with their documents.
//!
//! `VULPES_CRASH_ROUNDS` sets the number of kills, `VULPES_CRASH_SEED` repeats the choices of a
//! run (not its timing).

mod collections;
mod documents;
mod indexes;
mod known;
mod services;
mod transfers;
mod ways;

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use platform::{Random, SeededRandom, SystemRandom};

use crate::process::{Client, Server, verify};
use crate::setting;
use known::{Counts, Load};

const ROUNDS: u64 = 10;
const WRITERS: u64 = 4;
const TELLERS: u64 = 2;

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
    println!("seed {seed}: {rounds} kills, by load:");
    for (name, _, counts) in &crash.loads {
        let Counts {
            acknowledged,
            unanswered,
            unanswered_happened,
        } = counts;
        println!(
            "  {name}: {acknowledged} changes acknowledged, {unanswered} unanswered \
             of which {unanswered_happened} happened"
        );
        assert!(rounds < 10 || *acknowledged > 0, "there was no load");
    }
}

struct Crash {
    dice: SeededRandom,
    loads: Vec<(&'static str, Box<dyn Load>, Counts)>,
}

impl Crash {
    fn new(seed: u64) -> Self {
        let dice = SeededRandom::new(seed);
        let mut loads: Vec<(_, Box<dyn Load>, _)> = Vec::new();
        for id in 0..WRITERS {
            let writer = documents::Writer::new(id, dice.next_u64());
            loads.push(("documents", Box::new(writer), Counts::default()));
        }
        for id in 0..TELLERS {
            let teller = transfers::Teller::new(id, dice.next_u64());
            loads.push(("transfers", Box::new(teller), Counts::default()));
        }
        let others: [(_, Box<dyn Load>); 4] = [
            ("indexes", Box::new(indexes::Builder::new(dice.next_u64()))),
            (
                "many at once",
                Box::new(indexes::Changer::new(dice.next_u64())),
            ),
            (
                "collections",
                Box::new(collections::Maker::new(dice.next_u64())),
            ),
            (
                "services",
                Box::new(services::Installer::new(dice.next_u64())),
            ),
        ];
        loads.extend(others.map(|(name, load)| (name, load, Counts::default())));
        Self { dice, loads }
    }

    /// Start, load, kill, look.
    fn round(&mut self, folder: &Path, is_first: bool) -> Result<(), String> {
        let mut server = Server::start(folder)?;
        let client = server.client();
        if is_first {
            documents::create(&client)?;
            transfers::create(&client)?;
        } else {
            self.check(&client)?;
        }
        transfers::reset(&client)?;
        for (_, load, _) in &mut self.loads {
            load.prepare(&client, is_first)?;
        }
        self.load_and_kill(&mut server)?;
        check_offline(folder)?;
        let log = server.log();
        if log.contains("ERROR") {
            return Err(log);
        }
        Ok(())
    }

    fn load_and_kill(&mut self, server: &mut Server) -> Result<(), String> {
        // Most often before much has happened, sometimes in the middle of what takes long.
        let longest = match self.dice.next_u64() % 3 {
            0 => 3_000,
            _ => 300,
        };
        let life = 5 + self.dice.next_u64() % longest;
        let (ended, ends) = channel();
        let count = self.loads.len();
        std::thread::scope(|scope| {
            for (name, load, _) in &mut self.loads {
                let (client, ended) = (server.client(), ended.clone());
                scope.spawn(move || {
                    let outcome = work(load.as_mut(), &client);
                    // Received below in any case.
                    drop(ended.send(outcome.map_err(|text| format!("{name}: {text}"))));
                });
            }
            // One that ends before the kill has failed.
            let early = ends.recv_timeout(Duration::from_millis(life)).ok();
            let early = early.map(|outcome| outcome.and(Err("no answer before the kill".into())));
            server.kill();
            let others = ends.iter().take(count - usize::from(early.is_some()));
            early.into_iter().chain(others).collect()
        })
    }

    /// What the next server shows, against what was acknowledged.
    fn check(&mut self, client: &Client) -> Result<(), String> {
        for (name, load, counts) in &mut self.loads {
            load.check(client, counts)
                .map_err(|text| format!("{name}: {text}"))?;
        }
        transfers::check(client)
    }
}

/// Asks for changes until there is no answer. Errors: an answer that must not be.
fn work(load: &mut dyn Load, client: &Client) -> Result<(), String> {
    while load.step(client)? {}
    Ok(())
}

/// The file as the kill left it, opened by another program.
fn check_offline(folder: &Path) -> Result<(), String> {
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
