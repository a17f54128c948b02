//! Whose rights the code of a service has: those of the request's user, else all.
//! Source: public documentation, "Managing users / Access levels".

use database::{Level, UserChanges};
use foxx::InstallRequest;
use value::Value;

use crate::harness::{Host, json, request};

/// Answers what each attempt in `attempts` did: its result, or the error's number.
const MAIN: &str = r#"
'use strict';
const { aql, db } = require('@arangodb');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const c = () => db._collection('c');
const attempts = {
  read: () => c().document('k')._key,
  exists: () => c().exists('k')._key,
  count: () => c().count(),
  list: () => db._collections().some((one) => one.name() === 'c'),
  query: () => db._query('FOR d IN c RETURN d._key').toArray().length,
  byFunction: () => db._query('RETURN DOCUMENT("c/k")').toArray().length,
  explain: () => Object.keys(db._createStatement('FOR d IN c RETURN d').explain()).length > 0,
  save: () => c().save({_key: 'x'})._key,
  update: () => c().update('k', {n: 1})._key,
  remove: () => c().remove('x')._key,
  insert: () => db._query('INSERT {_key: "y"} INTO c').toArray().length,
  truncate: () => db._collection('scrap').truncate() === undefined,
  create: () => db._create('made').name(),
  drop: () => db._drop('made') === undefined,
  index: () => c().ensureIndex({type: 'persistent', fields: ['n']}).type,
  properties: () => c().properties().waitForSync,
  transaction: () => db._executeTransaction({
    collections: {write: 'c'}, action: () => c().save({_key: 'z'})._key,
  }),
  implicit: () => db._executeTransaction({
    collections: {read: 'scrap'}, action: () => c().document('k')._key,
  }),
  user: () => db._query('RETURN CURRENT_USER()').next(),
  users: () => db._collection('_users') === null || db._collection('_users').count() > 0,
};
router.get('/:names', (req, res) => {
  const names = req.pathParams.names === 'all' ? Object.keys(attempts)
    : req.pathParams.names.split(',');
  const done = {};
  for (const name of names) {
    try { done[name] = attempts[name](); } catch (e) { done[name] = e.errorNum || String(e); }
  }
  res.json(done);
});
"#;

fn host(authentication: bool) -> Host {
    let host = Host::with(|settings| settings.authentication_enabled = authentication);
    let database = host.databases.create("d", &[]).unwrap();
    for name in ["c", "scrap"] {
        let options = database::CollectionOptions::new(name);
        database.create_collection(&options).unwrap();
    }
    let mut install = request(
        "/r",
        &[("manifest.json", r#"{"main": "m.js"}"#), ("m.js", MAIN)],
    );
    install.database = "d".into();
    let install: InstallRequest = install;
    host.foxx.install(&install).unwrap();
    let users = host.databases.users();
    for name in ["writer", "reader", "stranger", "picky"] {
        users.create(name, &UserChanges::default()).unwrap();
    }
    let grant = |user, level| users.set_database_level(user, "d", Some(level)).unwrap();
    grant("writer", Level::ReadWrite);
    grant("reader", Level::ReadOnly);
    grant("picky", Level::ReadWrite);
    let none = Some(Level::None);
    users.set_collection_level("picky", "d", "c", none).unwrap();
    ask(&host, None, "save");
    database
        .run(&database::TransactionOptions::default(), |txn| {
            let c = txn.collection("c")?;
            txn.truncate(&c)?;
            let document = json(r#"{"_key": "k"}"#);
            let options = database::WriteOptions::default();
            txn.insert(&c, vec![document], &options).map(drop)
        })
        .unwrap();
    host
}

fn ask(host: &Host, user: Option<&str>, names: &str) -> Value {
    let path = format!("/r/{names}");
    let answer = host.begin_with("d", "GET", &path, "", "", |request| {
        request.user = user.map(str::to_owned);
        request.authorized = true;
    });
    answer.wait().json()
}

#[test]
fn a_user_who_may_write_does_everything() {
    let host = host(true);
    let said = ask(&host, Some("writer"), "all");
    let expected = r#"{"read": "k", "exists": "k", "count": 1, "list": true, "query": 1,
        "byFunction": 1, "explain": true, "save": "x", "update": "k", "remove": "x", "insert": 0,
        "truncate": true, "create": "made", "drop": true, "index": "persistent",
        "properties": false, "transaction": "z", "implicit": "k", "user": "writer",
        "users": true}"#;
    assert_eq!(said, json(expected));
}

#[test]
fn a_user_who_may_read_changes_nothing() {
    let host = host(true);
    let said = ask(&host, Some("reader"), "all");
    let expected = r#"{"read": "k", "exists": "k", "count": 1, "list": true, "query": 1,
        "byFunction": 1, "explain": true, "save": 11, "update": 11, "remove": 11, "insert": 11,
        "truncate": 11, "create": 11, "drop": true, "index": 11, "properties": false,
        "transaction": 11, "implicit": "k", "user": "reader", "users": true}"#;
    assert_eq!(said, json(expected));
}

#[test]
fn a_user_without_rights_sees_nothing_and_a_collection_can_be_withheld() {
    let host = host(true);
    for user in ["stranger", "picky", "nobody"] {
        let names = "read,exists,count,list,query,explain,save,update,insert,properties";
        let said = ask(&host, Some(user), names);
        let expected = r#"{"read": 11, "exists": 11, "count": 11, "list": false, "query": 11,
            "explain": 11, "save": 11, "update": 11, "insert": 11, "properties": 11}"#;
        assert_eq!(said, json(expected), "{user}");
    }
    let said = ask(&host, Some("picky"), "truncate,create,transaction,implicit");
    let expected = r#"{"truncate": true, "create": "made", "transaction": 11, "implicit": 11}"#;
    assert_eq!(said, json(expected));
    let reached = ask(&host, Some("picky"), "byFunction");
    assert_ne!(reached.get("byFunction").as_i64(), Some(1), "{reached:?}");
}

#[test]
fn scripts_have_the_rights_of_who_runs_them() {
    let host = host(true);
    let script = "const {db} = require('@arangodb');
        try { module.exports = db._collection('c').save({})._key.length > 0; }
        catch (e) { module.exports = e.errorNum; }";
    let manifest = r#"{"scripts": {"it": "it.js"}}"#;
    let mut install = request("/it", &[("manifest.json", manifest), ("it.js", script)]);
    install.database = "d".into();
    host.foxx.install(&install).unwrap();
    let run = |user| {
        let argv = Value::array(vec![]);
        host.foxx.run_script("d", "/it", "it", &argv, user).unwrap()
    };
    assert_eq!(run(Some("picky")), "11");
    assert_eq!(run(Some("writer")), "true");
    assert_eq!(run(None), "true");
}

#[test]
fn without_login_and_without_authentication_the_code_has_all_rights() {
    let host = host(true);
    let said = ask(&host, None, "read,save,create,user");
    let expected = r#"{"read": "k", "save": "x", "create": "made", "user": null}"#;
    assert_eq!(said, json(expected));
    // The rights of one request do not stay for the next in the same VM.
    assert_eq!(
        ask(&host, Some("stranger"), "read"),
        json(r#"{"read": 11}"#)
    );
    assert_eq!(ask(&host, None, "read"), json(r#"{"read": "k"}"#));
    let open = self::host(false);
    let said = ask(&open, Some("stranger"), "read,save,create");
    assert_eq!(
        said,
        json(r#"{"read": "k", "save": "x", "create": "made"}"#)
    );
}
