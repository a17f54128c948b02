//! Restarts: services come back, damaged files are made anew or reported.

use std::fs;
use std::path::PathBuf;

use crate::harness::{DB, Host, json, main_only};

const OK: &str = "const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) => res.send('ok'));";

fn installed(heal: bool) -> Host {
    let host = Host::with(|settings| settings.heal_at_start = heal);
    let files = main_only(OK);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    host.install("/s", &files).unwrap();
    assert_eq!(host.get("/s").line(), "200 ok");
    host
}

fn folder(host: &Host) -> PathBuf {
    let described = host.foxx.describe(DB, "/s").unwrap();
    described.get("path").as_str().unwrap().into()
}

fn local_bundle(host: &Host) -> PathBuf {
    let described = host.foxx.describe(DB, "/s").unwrap();
    let checksum = described.get("checksum").as_str().unwrap().to_owned();
    host.settings
        .app_folder
        .join(format!("_db/_system/_appbundles/{checksum}.zip"))
}

/// A way to damage a service on disk, and the number that says so.
type Damage = (&'static str, fn(&Host), u32);

const DAMAGES: &[Damage] = &[
    (
        "a crash between commit and files",
        |host| fs::write(folder(host).with_extension("sum"), "older").unwrap(),
        3003,
    ),
    (
        "folder gone",
        |host| fs::remove_dir_all(folder(host)).unwrap(),
        3002,
    ),
    (
        "bundle gone",
        |host| fs::remove_file(local_bundle(host)).unwrap(),
        3002,
    ),
    (
        "another bundle",
        |host| fs::write(local_bundle(host), "PK other").unwrap(),
        3003,
    ),
    (
        "no manifest",
        |host| fs::remove_file(folder(host).join("manifest.json")).unwrap(),
        3012,
    ),
    (
        "torn manifest",
        |host| fs::write(folder(host).join("manifest.json"), "{").unwrap(),
        3000,
    ),
    (
        "odd manifest",
        |host| fs::write(folder(host).join("manifest.json"), r#"{"name": 1}"#).unwrap(),
        3001,
    ),
    (
        "no main file",
        |host| fs::remove_file(folder(host).join("index.js")).unwrap(),
        3100,
    ),
    (
        "torn main file",
        |host| fs::write(folder(host).join("index.js"), "}").unwrap(),
        3101,
    ),
];

#[test]
fn services_come_back_after_a_restart() {
    let host = installed(true).restart(|_| {});
    assert_eq!(host.get("/s").line(), "200 ok");
}

#[test]
fn damage_is_healed_from_the_stored_bundle() {
    for (name, damage, _) in DAMAGES {
        let host = installed(true).restart(damage);
        assert_eq!(host.get("/s").line(), "200 ok", "{name}");
    }
    let host = installed(true).restart(|host| {
        fs::remove_dir_all(&host.settings.app_folder).unwrap();
    });
    assert_eq!(host.get("/s").line(), "200 ok");
}

#[test]
fn damage_that_is_not_healed_is_reported() {
    for (name, damage, number) in DAMAGES {
        let host = installed(false).restart(damage);
        let answer = host.get("/s");
        let said = (answer.status(), answer.json().get("errorNum").as_i64());
        assert_eq!(said, (503, Some((*number).into())), "{name}");
        assert_eq!(host.foxx.list(DB).len(), 1, "{name}");
        host.foxx.uninstall(DB, "/s", true, false).unwrap();
        assert_eq!(host.get("/s").status(), 404, "{name}");
    }
}

#[test]
fn committing_writes_what_is_on_disk() {
    let host = installed(false);
    let truncate = |name: &str| {
        let database = host.databases.find(DB).unwrap();
        let options = database::TransactionOptions::default();
        database
            .run(&options, |txn| {
                let collection = txn.collection(name)?;
                txn.truncate(&collection)
            })
            .unwrap();
    };
    let bytes = host.foxx.download(DB, "/s").unwrap().bytes;
    truncate("_appbundles");
    assert_eq!(
        host.foxx.download(DB, "/s").unwrap_err().code().number(),
        3002
    );
    host.foxx.commit(DB, false).unwrap();
    assert!(host.foxx.download(DB, "/s").unwrap().bytes == bytes);
    let forge = |checksum: &str| {
        let database = host.databases.find(DB).unwrap();
        let patch = json(&format!(r#"{{"checksum": "{checksum}"}}"#));
        let options = database::TransactionOptions::default();
        database
            .run(&options, |txn| {
                let collection = txn.collection("_apps")?;
                let change = (database::Selector::key("s")?, patch.clone());
                txn.update(
                    &collection,
                    vec![change],
                    &database::WriteOptions::default(),
                )
            })
            .unwrap();
    };
    let stored = || {
        let database = host.databases.find(DB).unwrap();
        let options = database::TransactionOptions::read_only();
        let mut txn = database.begin(options).unwrap();
        let collection = txn.collection("_apps").unwrap();
        let document = txn.get(&collection, "s").unwrap().unwrap();
        document.get("checksum").unwrap().to_text().to_string()
    };
    let checksum = stored();
    forge("wrong");
    host.foxx.commit(DB, false).unwrap();
    assert_eq!(stored(), "wrong");
    host.foxx.commit(DB, true).unwrap();
    assert_eq!(stored(), checksum);
    truncate("_apps");
    host.foxx.commit(DB, false).unwrap();
    let host = host.restart(|_| {});
    assert_eq!(host.get("/s").line(), "200 ok");
}
