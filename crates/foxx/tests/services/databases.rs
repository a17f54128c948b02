//! Databases as services manage and enter them.

use database::{Level, UserChanges};
use foxx::InstallRequest;

use crate::harness::{Host, json, request};

const MAIN: &str = r#"
'use strict';
const { db } = require('@arangodb');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const numberOf = (fn) => { try { fn(); return null; } catch (e) { return e.errorNum; } };
router.get('/manage', (req, res) => {
  const made = db._createDatabase('made', {}, [{username: 'owner', passwd: 'p', extra: {a: 1}}]);
  db._useDatabase('made');
  const inside = [db._name(), db._isSystem(), numberOf(() => db._databases())];
  db._create('own').save({_key: 'k'});
  db._useDatabase('made');
  db._useDatabase('_system');
  res.json({
    made, inside,
    back: [db._name(), db._collection('own'), db._databases().sort()],
    again: [numberOf(() => db._createDatabase('made')), numberOf(() => db._createDatabase('1 /'))],
    unknown: [numberOf(() => db._useDatabase('none')), numberOf(() => db._dropDatabase('none'))],
    transaction: db._executeTransaction({collections: {}, action: () => [
      numberOf(() => db._createDatabase('x')), numberOf(() => db._useDatabase('made')),
    ]}),
    system: numberOf(() => db._dropDatabase('_system')),
  });
});
router.get('/stay', (req, res) => { db._useDatabase('made'); res.json(db.own.count()); });
router.get('/name', (req, res) => { res.json([db._name(), db._collection('own')]); });
router.get('/seen', (req, res) => {
  res.json([db._databases(), numberOf(() => db._createDatabase('mine')),
    numberOf(() => db._dropDatabase('made')), numberOf(() => db._useDatabase('made'))]);
});
router.get('/drop', (req, res) => { res.json([db._dropDatabase('made'), db._databases()]); });
router.get('/elsewhere', (req, res) => {
  res.json([numberOf(() => db._databases()), numberOf(() => db._createDatabase('x')),
    numberOf(() => db._dropDatabase('x')), numberOf(() => db._useDatabase('_system')),
    numberOf(() => db._useDatabase('made')), db._useDatabase(db._name())._name()]);
});
"#;

fn install(host: &Host, database: &str) {
    let files = [("manifest.json", r#"{"main": "m.js"}"#), ("m.js", MAIN)];
    let install = InstallRequest {
        database: database.to_owned(),
        ..request("/s", &files)
    };
    host.foxx.install(&install).unwrap();
}

#[test]
fn services_of_system_manage_databases_and_others_stay_in_theirs() {
    let host = Host::new();
    install(&host, "_system");
    let said = host.get("/s/manage").json();
    let expected = r#"{"made": true, "inside": ["made", false, 1230],
        "back": ["_system", null, ["_system", "made"]], "again": [1207, 1229],
        "unknown": [1228, 1228], "transaction": [1653, 1653], "system": 11}"#;
    assert_eq!(said, json(expected));
    let owner = host.databases.users().authenticate("owner", "p").unwrap();
    assert_eq!(owner.unwrap().database_level("made"), Level::ReadWrite);
    // Another database does not stay in use for the next request in the same VM.
    assert_eq!(host.get("/s/stay").text(), "1");
    assert_eq!(host.get("/s/name").json(), json(r#"["_system", null]"#));
    install(&host, "made");
    let elsewhere = host.begin_with("made", "GET", "/s/elsewhere", "", "", |_| {});
    let expected = json(r#"[1230, 1230, 1230, 11, null, "made"]"#);
    assert_eq!(elsewhere.wait().json(), expected);
    host.databases
        .users()
        .create("visitor", &UserChanges::default())
        .unwrap();
    let visit = host.begin_with("_system", "GET", "/s/seen", "", "", |request| {
        request.user = Some("visitor".to_owned());
    });
    assert_eq!(visit.wait().json(), json("[[], 11, 11, 11]"));
    let dropped = host.get("/s/drop").json();
    assert_eq!(dropped, json(r#"[true, ["_system"]]"#));
}
