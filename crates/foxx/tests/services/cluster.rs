//! Several coordinators on one store: what is done on one is so on all.

use std::fs;
use std::thread;
use std::time::Duration;

use foxx::{Error, InstallRequest, Mode, Target, Wait};
use platform::{Clock as _, SystemClock};
use value::Value;

use crate::harness::{DB, Host, json, request};

const PATIENCE: Duration = Duration::from_secs(60);

/// A service that says its version, and counts how often it was set up for it.
fn versioned(version: &str) -> Vec<(&'static str, String)> {
    let main = format!(
        "const router = require('@arangodb/foxx/router')();
        module.context.use(router);
        router.get('/', (req, res) => res.send('{version}'));"
    );
    let setup = format!(
        "const db = require('@arangodb').db;
        if (!db._collection('setups')) db._create('setups');
        db._collection('setups').save({{version: '{version}'}});"
    );
    let manifest = r#"{"main": "index.js", "scripts": {"setup": "setup.js"}}"#;
    vec![
        ("manifest.json", manifest.to_owned()),
        ("index.js", main),
        ("setup.js", setup),
    ]
}

fn change(mount: &str, mode: Mode, version: &str) -> InstallRequest {
    let files = versioned(version);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    InstallRequest {
        mode,
        ..request(mount, &files)
    }
}

/// Does something and waits until it is so everywhere.
fn done(host: &Host, request: &InstallRequest) -> Result<Value, Error> {
    let description = host.foxx.install(request)?;
    let revision = description.get("revision").as_i64().unwrap();
    let target = Target::Revision(u64::try_from(revision).unwrap());
    wait(host, &request.mount, target);
    Ok(description)
}

fn wait(host: &Host, mount: &str, target: Target) {
    let live = host.foxx.wait_live(DB, mount, target, Wait::All, PATIENCE);
    assert_eq!(live.unwrap().pending, Vec::<String>::new());
}

fn setups(host: &Host, version: &str) -> usize {
    let database = host.databases.find(DB).unwrap();
    let mut txn = database
        .begin(database::TransactionOptions::read_only())
        .unwrap();
    let collection = txn.collection("setups").unwrap();
    let page = txn.scan(&collection, None, 10_000).unwrap();
    let of_version = page.documents.iter().filter(|document| {
        let found = document.get("version");
        found.as_ref().and_then(Value::as_str) == Some(version)
    });
    of_version.count()
}

fn lines(hosts: &[Host], path: &str) -> Vec<String> {
    hosts.iter().map(|host| host.get(path).line()).collect()
}

/// Waits until something is so that nobody tells of.
fn until(what: impl Fn() -> bool) {
    let clock = SystemClock::new();
    let start = clock.monotonic();
    while !what() {
        assert!(
            clock.monotonic() - start < PATIENCE,
            "it does not become so"
        );
        thread::yield_now();
    }
}

#[test]
fn what_one_coordinator_does_is_so_on_all_when_it_answers() {
    let hosts: [Host; 3] = Host::several();
    done(&hosts[0], &change("/s", Mode::Install, "1")).unwrap();
    assert_eq!(lines(&hosts, "/s"), ["200 1"; 3]);
    done(&hosts[1], &change("/s", Mode::Upgrade, "2")).unwrap();
    assert_eq!(lines(&hosts, "/s"), ["200 2"; 3]);
    done(&hosts[2], &change("/s", Mode::Replace, "3")).unwrap();
    assert_eq!(lines(&hosts, "/s"), ["200 3"; 3]);
    for version in ["1", "2", "3"] {
        assert_eq!(setups(&hosts[0], version), 1, "{version}");
    }
    let shown = hosts[2].foxx.coordinators(DB, "/s").unwrap();
    let states = shown.iter().map(|one| one.get("state").as_str().unwrap());
    assert_eq!(states.collect::<Vec<_>>(), ["ready"; 3]);
    let revision = hosts[1].foxx.uninstall(DB, "/s", true, false).unwrap();
    wait(&hosts[1], "/s", Target::Gone(revision));
    assert!(hosts.iter().all(|host| host.get("/s").status() == 404));
    // What comes back has a later revision than what was.
    let again = done(&hosts[0], &change("/s", Mode::Install, "4")).unwrap();
    assert!(again.get("revision").as_i64() > Some(i64::try_from(revision).unwrap()));
    assert_eq!(lines(&hosts, "/s"), ["200 4"; 3]);
}

#[test]
fn a_coordinator_that_comes_later_serves_what_is_registered() {
    let engines = store::memory::MemoryEngine::shared(2);
    let mut engines = engines
        .into_iter()
        .map(|engine| std::sync::Arc::new(engine) as std::sync::Arc<dyn store::Engine>);
    let first = Host::among(engines.next().unwrap(), |_| {});
    done(&first, &change("/s", Mode::Install, "1")).unwrap();
    let second = Host::among(engines.next().unwrap(), |settings| {
        settings.sync_at_start = false
    });
    until(|| second.foxx.is_ready());
    assert_eq!(second.get("/s").line(), "200 1");
    let listed = second.foxx.coordinators(DB, "/s").unwrap();
    assert_eq!(listed.len(), 2);
}

#[test]
fn of_two_installations_at_one_mount_one_wins_and_sets_up() {
    let hosts: [Host; 2] = Host::several();
    for round in 0..5 {
        let mount = format!("/s{round}");
        let version = format!("v{round}");
        let outcomes: Vec<Result<Value, Error>> = thread::scope(|scope| {
            let threads: Vec<_> = hosts
                .iter()
                .map(|host| {
                    let request = change(&mount, Mode::Install, &version);
                    scope.spawn(move || done(host, &request))
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(won, 1, "{outcomes:?}");
        let error = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
        assert_eq!(error.unwrap().code().number(), 3011);
        assert_eq!(setups(&hosts[0], &version), 1);
        assert_eq!(lines(&hosts, &mount), vec![format!("200 {version}"); 2]);
    }
}

#[test]
fn no_request_fails_and_none_goes_back_while_two_coordinators_upgrade() {
    const UPGRADES: usize = 8;
    let hosts: [Host; 2] = Host::several();
    done(&hosts[0], &change("/s", Mode::Install, "0")).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for host in &hosts {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let answer = host.get("/s");
                    assert_eq!(answer.status(), 200, "{}", answer.line());
                }
            });
        }
        let upgrading: Vec<_> = hosts
            .iter()
            .enumerate()
            .map(|(at, host)| {
                scope.spawn(move || {
                    for round in 0..UPGRADES {
                        let version = format!("{at}.{round}");
                        host.foxx
                            .install(&change("/s", Mode::Upgrade, &version))
                            .unwrap();
                    }
                })
            })
            .collect();
        let ended: Vec<_> = upgrading.into_iter().map(|thread| thread.join()).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
    let revision = hosts.iter().map(|host| {
        let service = host.foxx.find_exactly(DB, "/s").unwrap();
        service.revision()
    });
    let latest = revision.max().unwrap();
    wait(&hosts[0], "/s", Target::Revision(latest));
    let answers = lines(&hosts, "/s");
    assert_eq!(answers[0], answers[1]);
    for at in 0..2 {
        for round in 0..UPGRADES {
            assert_eq!(setups(&hosts[0], &format!("{at}.{round}")), 1);
        }
    }
}

#[test]
fn configuration_reaches_all_and_a_minimum_revision_is_waited_for() {
    let hosts: [Host; 2] = Host::several();
    let files = [
        (
            "manifest.json",
            r#"{"main": "index.js", "configuration": {"word": {"type": "string"}}}"#,
        ),
        (
            "index.js",
            "const router = require('@arangodb/foxx/router')();
            module.context.use(router);
            router.get('/', (req, res) => res.send(module.context.configuration.word));",
        ),
    ];
    hosts[0].install("/s", &files).unwrap();
    let given = json(r#"{"word": "hello"}"#);
    let written = hosts[0]
        .foxx
        .set_configuration(DB, "/s", &given, false, true);
    written.unwrap();
    let revision = hosts[0].foxx.find_exactly(DB, "/s").unwrap().revision();
    let recent = hosts[1]
        .foxx
        .wait_for_revision(DB, "/s", revision, PATIENCE);
    assert!(recent.unwrap());
    assert_eq!(hosts[1].get("/s").line(), "200 hello");
    let beyond = hosts[1]
        .foxx
        .wait_for_revision(DB, "/s", revision + 1, Duration::ZERO);
    assert!(!beyond.unwrap(), "nobody serves what does not exist");
    assert!(
        hosts[1]
            .foxx
            .wait_for_revision(DB, "/none", 1, PATIENCE)
            .unwrap()
    );
}

#[test]
fn folders_that_were_removed_or_altered_are_made_anew() {
    let hosts: [Host; 2] = Host::several();
    done(&hosts[0], &change("/s", Mode::Install, "1")).unwrap();
    let described = hosts[1].foxx.describe(DB, "/s").unwrap();
    let folder = std::path::PathBuf::from(described.get("path").as_str().unwrap());
    let whole = fs::read_to_string(folder.join("index.js")).unwrap();
    let damages: [&dyn Fn(); 3] = [
        &|| fs::remove_dir_all(hosts[1].settings.app_folder.join("_db")).unwrap(),
        &|| fs::write(folder.join("index.js"), "altered").unwrap(),
        &|| fs::remove_file(folder.join("setup.js")).unwrap(),
    ];
    for damage in damages {
        damage();
        hosts[1].foxx.heal().unwrap();
        assert_eq!(fs::read_to_string(folder.join("index.js")).unwrap(), whole);
        assert!(folder.join("setup.js").exists());
        assert_eq!(hosts[1].get("/s").line(), "200 1");
    }
}

#[test]
fn a_registry_that_was_restored_by_hand_wins_everywhere() {
    let hosts: [Host; 2] = Host::several();
    let old = done(&hosts[0], &change("/s", Mode::Install, "1")).unwrap();
    let database = hosts[0].databases.find(DB).unwrap();
    let names = ["_apps", "_appbundles"];
    let read = database::TransactionOptions::read_only();
    let mut txn = database.begin(read).unwrap();
    let backup: Vec<Vec<Value>> = names
        .iter()
        .map(|name| {
            let collection = txn.collection(name).unwrap();
            let page = txn.scan(&collection, None, 1000).unwrap();
            page.documents
                .iter()
                .map(|d| d.to_value().unwrap())
                .collect()
        })
        .collect();
    drop(txn);
    let new = done(&hosts[1], &change("/s", Mode::Upgrade, "2")).unwrap();
    let write = database::TransactionOptions::default();
    database
        .run(&write, |txn| {
            for (name, documents) in names.iter().zip(&backup) {
                let collection = txn.collection(name)?;
                txn.truncate(&collection)?;
                let options = database::WriteOptions::default();
                txn.insert(&collection, documents.clone(), &options)?;
            }
            Ok(())
        })
        .unwrap();
    // Nobody tells of what is done by hand; the periodic look finds it.
    hosts[1].foxx.heal().unwrap();
    hosts[0].foxx.heal().unwrap();
    assert_eq!(lines(&hosts, "/s"), ["200 1"; 2]);
    let revision = |host: &Host| host.foxx.find_exactly(DB, "/s").unwrap().revision();
    assert_eq!(revision(&hosts[0]), revision(&hosts[1]));
    let number = |value: &Value| u64::try_from(value.get("revision").as_i64().unwrap()).unwrap();
    assert!(revision(&hosts[0]) > number(&new) && number(&new) > number(&old));
}

#[test]
fn leaving_development_mode_gives_the_folder_to_all() {
    let hosts: [Host; 2] = Host::several();
    done(&hosts[0], &change("/s", Mode::Install, "1")).unwrap();
    let described = hosts[0].foxx.set_development(DB, "/s", true).unwrap();
    let folder = std::path::PathBuf::from(described.get("path").as_str().unwrap());
    let main = fs::read_to_string(folder.join("index.js")).unwrap();
    fs::write(folder.join("index.js"), main.replace("'1'", "'changed'")).unwrap();
    assert_eq!(hosts[0].get("/s").line(), "200 changed");
    let left = hosts[0].foxx.set_development(DB, "/s", false).unwrap();
    let revision = u64::try_from(left.get("revision").as_i64().unwrap()).unwrap();
    wait(&hosts[0], "/s", Target::Revision(revision));
    assert_eq!(lines(&hosts, "/s"), ["200 changed"; 2]);
}
