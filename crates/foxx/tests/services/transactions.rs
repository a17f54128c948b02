//! Transactions that a client sends as JavaScript.

use database::{Level, UserChanges};
use foxx::Error;

use crate::harness::{DB, Host, json};

fn host() -> Host {
    let host = Host::new();
    let database = host.databases.get(DB).unwrap();
    let options = database::CollectionOptions::new("c");
    database.create_collection(&options).unwrap();
    host
}

fn run(host: &Host, definition: &str) -> Result<String, Error> {
    host.foxx.run_transaction(DB, None, &json(definition))
}

/// `status number message`
fn failure(host: &Host, definition: &str) -> String {
    let error = run(host, definition).unwrap_err();
    let message = error.message().lines().next().unwrap_or_default();
    format!("{} {} {message}", error.status(), error.code())
}

/// An action that saves a document and then does this.
fn saving(then: &str) -> String {
    let action = format!(
        "function () {{ const {{db}} = require('@arangodb'); db.c.save({{_key: 'x'}}); {then} }}"
    );
    format!(
        r#"{{"collections": {{"write": "c"}}, "action": {}}}"#,
        value::json::to_string(&action.as_str().into())
    )
}

fn count(host: &Host) -> String {
    run(
        host,
        r#"{"collections": {"read": ["c"]}, "action":
        "function () { return require('@arangodb').db.c.count(); }"}"#,
    )
    .unwrap()
}

#[test]
fn an_action_commits_and_its_result_is_json() {
    let host = host();
    assert_eq!(
        run(&host, &saving("return {a: [1, undefined]};")).unwrap(),
        r#"{"a":[1,null]}"#
    );
    assert_eq!(count(&host), "1");
    let with_params = r#"{"collections": {}, "action": "(params) => params.n + 1",
        "params": {"n": 41}}"#;
    assert_eq!(run(&host, with_params).unwrap(), "42");
    let without = r#"{"collections": {}, "action": "function () {}"}"#;
    assert_eq!(run(&host, without).unwrap(), "null");
}

#[test]
fn whatever_is_thrown_undoes_the_writes_and_has_a_number() {
    let host = host();
    let cases = [
        ("throw new Error('no');", "500 1650 Error: no"),
        ("throw 'text';", "500 1650 text"),
        (
            "throw {errorNum: 1202, errorMessage: 'gone'};",
            "404 1202 gone",
        ),
        (
            "throw {errorNum: 1234, errorMessage: 'own', code: 418};",
            "418 1234 own",
        ),
        ("db.c.document('none');", "404 1202 document not found"),
        (
            "db._create('other');",
            "400 1653 disallowed operation inside transaction",
        ),
        (
            "db._executeTransaction({collections: {}, action: () => 1});",
            "400 1651 nested transactions detected",
        ),
        ("const a = {}; a.a = a; return a;", "500 1650 TypeError"),
    ];
    for (then, expected) in cases {
        let got = failure(&host, &saving(then));
        assert!(got.starts_with(expected), "{then}: {got}");
        assert_eq!(count(&host), "0", "{then}");
    }
    let unique = saving("db.c.save({_key: 'x'});");
    assert!(failure(&host, &unique).starts_with("409 1210"));
}

#[test]
fn definitions_that_do_not_hold_are_refused() {
    let host = host();
    for (definition, expected) in [
        (r#"{"action": "function () {}"}"#, "400 10"),
        (r#"{"collections": {}}"#, "400 10"),
        (r#"{"collections": {}, "action": 5}"#, "400 10"),
        (
            r#"{"collections": {}, "action": "function () { return"}"#,
            "400 10",
        ),
        (r#"{"collections": {}, "action": "(5)"}"#, "400 10"),
        (
            r#"{"collections": {"write": "none"}, "action": "function () {}"}"#,
            "404 1203",
        ),
        (
            r#"{"collections": {"read": "c"},
                "action": "function () { require('@arangodb').db.c.save({}); }"}"#,
            "400 1652",
        ),
        ("5", "400 10"),
    ] {
        let got = failure(&host, definition);
        assert!(got.starts_with(expected), "{definition}: {got}");
    }
    let error = host.foxx.run_transaction("none", None, &json("{}"));
    assert_eq!(error.unwrap_err().code().number(), 1228);
}

#[test]
fn an_action_has_the_rights_of_its_sender() {
    let host = host();
    let users = host.databases.users();
    users.create("reader", &UserChanges::default()).unwrap();
    let read_only = Some(Level::ReadOnly);
    users.set_database_level("reader", DB, read_only).unwrap();
    let as_reader = |definition: &str| {
        let definition = json(definition);
        host.foxx.run_transaction(DB, Some("reader"), &definition)
    };
    let error = as_reader(&saving("")).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (11, 403));
    let reading = r#"{"collections": {"read": "c"}, "action":
        "const {db} = require('@arangodb'); return [db.c.count(), db._query(params).next()];",
        "params": "RETURN CURRENT_USER()"}"#;
    assert_eq!(as_reader(reading).unwrap(), r#"[0,"reader"]"#);
}

#[test]
fn what_a_sender_does_to_the_vm_meets_no_other() {
    let host = host();
    let users = host.databases.users();
    users.create("u", &UserChanges::default()).unwrap();
    users
        .set_database_level("u", DB, Some(Level::ReadWrite))
        .unwrap();
    let set = r#"{"collections": {}, "action": "() => { globalThis.mine = 1; }"}"#;
    let look = json(r#"{"collections": {}, "action": "() => typeof mine"}"#);
    host.foxx
        .run_transaction(DB, Some("u"), &json(set))
        .unwrap();
    // There are two workers.
    for _ in 0..4 {
        let seen = host.foxx.run_transaction(DB, None, &look).unwrap();
        assert_eq!(seen, r#""undefined""#);
    }
}

#[test]
fn javascript_transactions_can_be_switched_off() {
    let host = Host::with(|settings| settings.javascript_transactions = false);
    let got = failure(&host, r#"{"collections": {}, "action": "() => 1"}"#);
    assert_eq!(got, "403 11 JavaScript transactions are switched off");
}

#[test]
fn an_action_without_end_is_stopped() {
    let host = Host::with(|settings| {
        settings.workers.script_time_max = std::time::Duration::from_millis(200);
    });
    let endless = r#"{"collections": {}, "action": "function () { for (;;); }"}"#;
    let got = failure(&host, endless);
    assert!(got.contains("script_time_max"), "{got}");
    assert_eq!(
        run(&host, r#"{"collections": {}, "action": "() => 1"}"#).unwrap(),
        "1"
    );
}
