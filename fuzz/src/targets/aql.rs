//! Query texts: parsing, planning and running end with rows or an error, within the limits.

use std::sync::Arc;
use std::time::Duration;

use aql::{
    Cancel, Context, Cursor, Environment, Limits, Options, PlanLimits, Queries, Query, Settings,
    syntax,
};
use database::Transaction;
use platform::Platform;
use value::{Object, json};

use super::world::{World, parse};

/// How long a query may run.
const RUNTIME_MAX: Duration = Duration::from_millis(300);

/// Bytes that a query may keep.
const MEMORY_BYTES_MAX: usize = 16 << 20;

const PEOPLE: &str = r#"[
    {"_key": "ann", "name": "Ann", "age": 31, "city": "Oslo", "tags": ["a", "b"]},
    {"_key": "bob", "name": "Bob", "age": 25, "city": "Rome", "tags": ["b"]},
    {"_key": "cat", "name": "Cat", "age": 31.5, "city": "Rome", "tags": []},
    {"_key": "dan", "name": "Dan", "age": null, "city": "Oslo"},
    {"_key": "fay", "name": "Fay", "city": "Paris", "tags": "none"}
]"#;

const ORDERS: &str = r#"[
    {"_key": "1", "who": "ann", "total": 10, "lines": [{"sku": "x", "n": 2}, {"sku": "y"}]},
    {"_key": "2", "who": "ann", "total": 20, "lines": [{"sku": "x", "n": 5}]},
    {"_key": "3", "who": "bob", "total": -5, "lines": []}
]"#;

struct Shop {
    world: World,
    queries: Arc<Queries>,
}

thread_local! {
    static SHOP: Shop = {
        let world = World::new();
        world.fill("people", PEOPLE, &[
            r#"{"type": "persistent", "fields": ["age"]}"#,
            r#"{"type": "persistent", "fields": ["tags[*]"]}"#,
        ]);
        world.fill("orders", ORDERS, &[
            r#"{"type": "persistent", "fields": ["who", "total"], "storedValues": ["lines"]}"#,
        ]);
        world.create("empty", &[]);
        Shop { world, queries: Queries::new(Settings::recommended(), None) }
    };
}

/// Takes the input as a query.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = syntax::parse(text, PlanLimits::documented().nesting_max);
    for diagnostic in &parsed.diagnostics {
        let span = diagnostic.span;
        assert!(span.start <= span.end, "{diagnostic:?}");
        assert!(span.end as usize <= text.len(), "{diagnostic:?}");
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
    }
    // Waiting is what it is for.
    if text.to_ascii_uppercase().contains("SLEEP") {
        return;
    }
    SHOP.with(|shop| ask(shop, text));
}

fn ask(shop: &Shop, text: &str) {
    let given = parse(r#"{"@people": "people", "v": [1, "a", null], "n": 3}"#);
    let mut bind = Object::new();
    for name in syntax::parse(text, PlanLimits::documented().nesting_max).bind_parameters {
        bind.insert(name.clone(), given.get(&name).clone());
    }
    let query = Query {
        text,
        bind,
        options: Options::default(),
    };
    let mut txn = shop.world.begin();
    let environment = Environment {
        // Time passes: the limit on it is one of the things tried.
        platform: Platform::system(),
        user: Some("root".into()),
        version: "3.12.0".into(),
        cancel: Cancel::new(),
    };
    let limits = Limits {
        memory_bytes_max: MEMORY_BYTES_MAX,
        runtime_max: Some(RUNTIME_MAX),
        ..Limits::recommended()
    };
    let ctx = Context {
        environment,
        limits: Arc::new(limits),
        queries: &shop.queries,
    };
    if let Ok(explanation) = aql::explain(&ctx, &mut txn, &query) {
        let _ = json::to_string(&explanation.to_plan_object().into());
    }
    match aql::execute(&ctx, &txn, &query) {
        Ok(mut cursor) => read(&mut cursor, &mut txn),
        Err(error) => assert!(error.code().number() > 0, "{error}"),
    }
}

fn read(cursor: &mut Cursor, txn: &mut Transaction) {
    let mut text = b"[".to_vec();
    if cursor.write_json_rows(txn, usize::MAX, &mut text).is_ok() {
        text.push(b']');
        // Rows may nest deeper than documents may; nothing else can be wrong with them.
        if let Err(error) = json::parse(&text) {
            let said = error.to_string();
            assert!(said.contains("nest"), "{said}");
        }
    }
    let held = cursor.stats().peak_memory_bytes;
    assert!(held <= 4 * MEMORY_BYTES_MAX, "{held} bytes held");
}
