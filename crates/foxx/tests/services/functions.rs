//! User-defined functions: for queries that no service runs, and what they may not do.

use std::sync::Arc;
use std::time::Duration;

use aql::{Cancel, Context, Environment, Limits, Options, Query};
use database::TransactionOptions;
use platform::{Platform, ThreadSettings, spawn_thread};
use value::Value;

use crate::harness::{DB, Host, json, main_only};

fn host() -> Host {
    Host::with(|settings| {
        settings.functions.function_time_max = Duration::from_millis(300);
        settings.functions.function_heap_bytes_max = 64 << 20;
    })
}

fn register(host: &Host, name: &str, code: &str) {
    host.foxx.register_function(DB, name, code, false).unwrap();
}

/// Runs a query as the HTTP interface does: on a thread that is no worker.
fn ask_with(host: &Host, text: &str, options: Options, cancel: Cancel) -> aql::Result<Vec<Value>> {
    let environment = Environment {
        platform: Platform::system(),
        user: None,
        version: "3.12".into(),
        cancel,
    };
    let context = Context {
        environment,
        limits: Arc::new(Limits::recommended()),
        queries: host.foxx.queries(),
    };
    let database = host.databases.get(DB)?;
    let mut txn = database.begin(TransactionOptions::read_only())?;
    let mut query = Query::new(text);
    query.options = options;
    aql::execute(&context, &txn, &query)?.next_values(&mut txn, usize::MAX)
}

fn ask(host: &Host, text: &str) -> Result<Value, String> {
    let rows = ask_with(host, text, Options::default(), Cancel::new());
    let rows = rows.map_err(|error| format!("{} {}", error.code(), error.message()))?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

#[test]
fn functions_run_for_queries_of_any_thread_and_follow_their_documents() {
    let host = host();
    register(&host, "my::add", "function (a, b) { return a + b; }");
    assert_eq!(ask(&host, "RETURN my::add(1, 2)"), Ok(json("3")));
    let sum = "RETURN SUM(FOR i IN 1..2000 RETURN my::add(i, 1))";
    assert_eq!(ask(&host, sum), Ok(json("2003000")));
    // Written past the registration, as an import or a restore does.
    let database = host.databases.get(DB).unwrap();
    let document = r#"{"_key": "MY::ADD", "name": "my::add", "code": "(a, b) => a - b"}"#;
    let options = database::WriteOptions {
        overwrite_mode: database::OverwriteMode::Replace,
        ..database::WriteOptions::default()
    };
    database
        .run(&TransactionOptions::default(), |txn| {
            let collection = txn.collection("_aqlfunctions")?;
            let written = txn.insert(&collection, vec![json(document)], &options)?;
            written.into_iter().try_for_each(|one| one.map(drop))
        })
        .unwrap();
    assert_eq!(ask(&host, "RETURN my::add(1, 2)"), Ok(json("-1")));
    let elsewhere = host.databases.create("other", &[]).unwrap();
    assert_eq!(elsewhere.name().as_ref(), "other");
    let listed = host.foxx.query_functions("other", None).unwrap();
    assert!(listed.is_empty(), "each database has its own");
}

#[test]
fn functions_can_be_switched_off() {
    let host = Host::with(|settings| settings.functions.enabled = false);
    register(&host, "my::fine", "function () { return 1; }");
    let error = ask(&host, "RETURN my::fine()").unwrap_err();
    assert!(error.starts_with("11 "), "{error}");
}

#[test]
fn a_function_beyond_its_limits_costs_its_query_only() {
    let host = host();
    register(&host, "my::endless", "function () { for (;;); }");
    register(
        &host,
        "my::stubborn",
        "function () { for (;;) try { for (;;); } catch (e) {} }",
    );
    register(
        &host,
        "my::greedy",
        "function () { const a = []; for (;;) a.push([a.length]); }",
    );
    register(&host, "my::deep", "function f() { return f(); }");
    register(&host, "my::fine", "function () { return 1; }");
    for (name, reason) in [
        ("endless", "function_time_max"),
        ("stubborn", "function_time_max"),
        ("greedy", "function_"),
        ("deep", "RangeError"),
    ] {
        let error = ask(&host, &format!("RETURN my::{name}()")).unwrap_err();
        assert!(
            error.starts_with("1583 ") && error.contains(reason),
            "{error}"
        );
        assert_eq!(ask(&host, "RETURN my::fine()"), Ok(json("1")));
    }
}

#[test]
fn a_query_is_killed_and_times_out_inside_of_a_function() {
    let host = Host::new();
    register(&host, "my::endless", "function () { for (;;); }");
    let cancel = Cancel::new();
    let killer = cancel.clone();
    let tracked = Arc::clone(host.foxx.queries());
    let settings = ThreadSettings {
        name: "killer".to_owned(),
        stack_bytes: None,
    };
    let thread = spawn_thread(settings, move || {
        while tracked.tracking().current().is_empty() {
            std::thread::yield_now();
        }
        killer.kill();
    });
    let killed = ask_with(&host, "RETURN my::endless()", Options::default(), cancel);
    assert_eq!(killed.unwrap_err().code().number(), 1500);
    thread.unwrap().join().unwrap();
    let options = Options {
        runtime_max: Some(Duration::from_millis(100)),
        ..Options::default()
    };
    let late = ask_with(&host, "RETURN my::endless()", options, Cancel::new());
    assert_eq!(late.unwrap_err().code().number(), 1500);
}

#[test]
fn a_service_survives_the_functions_of_its_queries() {
    let host = host();
    register(&host, "my::endless", "function () { for (;;); }");
    register(&host, "my::fine", "function (x) { return x + 1; }");
    let files = main_only(
        "const {db} = require('@arangodb');
        const router = require('@arangodb/foxx/router')(); module.context.use(router);
        router.get('/:name', (req, res) => {
          try { res.json(db._query(`RETURN my::${req.pathParams.name}(1)`).next()); }
          catch (e) { res.json([e.errorNum, e.errorMessage]); }
        });",
    );
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    host.install("/s", &files).unwrap();
    assert_eq!(host.get("/s/fine").text(), "2");
    let text = host.get("/s/endless").text();
    assert!(
        text.starts_with("[1583,") && text.contains("function_time_max"),
        "{text}"
    );
    assert_eq!(host.get("/s/fine").text(), "2");
}

#[test]
fn many_threads_ask_at_once_and_a_stop_ends_what_runs() {
    let host = Host::new();
    register(&host, "my::id", "function (x) { return x; }");
    std::thread::scope(|scope| {
        let host = &host;
        let threads: Vec<_> = (0..8)
            .map(|n| scope.spawn(move || ask(host, &format!("FOR i IN 1..50 RETURN my::id({n})"))))
            .collect();
        for (n, thread) in threads.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap(), Ok(Value::from(n)));
        }
    });
    register(&host, "my::endless", "function () { for (;;); }");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| ask(&host, "RETURN my::endless()"));
        while host.foxx.queries().tracking().current().is_empty() {
            std::thread::yield_now();
        }
        host.foxx.stop();
        assert!(asked.join().unwrap().is_err());
    });
}
