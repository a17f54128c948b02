//! Queries from text to rows.

use std::sync::Arc;

use database::{
    CollectionOptions, Database, Databases, PasswordSettings, Settings, Transaction,
    TransactionOptions, WriteOptions,
};
use platform::Platform;
use store::memory::MemoryEngine;
use value::{Object, Value, json};

use crate::{
    Cancel, Context, Cursor, Environment, Limits, Options, Queries, Query, Result, execute,
};

/// 2023-11-14T22:13:20Z
const START_MS: u64 = 1_700_000_000_000;

/// A database of its own with what queries run with.
struct World {
    database: Database,
    environment: Environment,
    limits: Arc<Limits>,
    queries: Arc<Queries>,
}

impl World {
    fn new() -> Self {
        let (platform, _) = Platform::simulated(START_MS, 1);
        let settings = Settings {
            password: PasswordSettings {
                memory_kib: 8,
                passes: 1,
                lanes: 1,
            },
            ..Settings::recommended()
        };
        let engine = Arc::new(MemoryEngine::new());
        let databases = Databases::open(engine, platform.clone(), settings).unwrap();
        let environment = Environment {
            platform,
            user: Some("root".into()),
            version: "3.12.0".into(),
            cancel: Cancel::new(),
        };
        Self {
            database: databases.system(),
            environment,
            limits: Arc::new(Limits::recommended()),
            queries: Queries::new(crate::Settings::recommended(), None),
        }
    }

    /// Creates collections as a dataset describes them:
    /// `{"name": {"type": 2, "indexes": [...], "documents": [...]}}`.
    fn load(&self, dataset: &Value) {
        for (name, definition) in dataset.as_object().unwrap().iter() {
            let options = match definition.get("type").as_i64() {
                Some(3) => CollectionOptions::edge(&**name),
                _ => CollectionOptions::new(&**name),
            };
            let collection = self.database.create_collection(&options).unwrap();
            for index in definition.get("indexes").as_array().unwrap_or_default() {
                self.database.create_index(name, index).unwrap();
            }
            let documents = definition.get("documents").as_array().unwrap_or_default();
            let mut txn = self.begin();
            let results = txn
                .insert(&collection, documents.to_vec(), &WriteOptions::default())
                .unwrap();
            results.into_iter().for_each(|result| {
                result.unwrap();
            });
            txn.commit().unwrap();
        }
    }

    fn begin(&self) -> Transaction {
        self.database.begin(TransactionOptions::default()).unwrap()
    }

    fn start(
        &self,
        txn: &Transaction,
        text: &str,
        bind: &Object,
        options: &Options,
    ) -> Result<Cursor> {
        let ctx = Context {
            environment: self.environment.clone(),
            limits: self.limits.clone(),
            queries: &self.queries,
        };
        let query = Query {
            text,
            bind: bind.clone(),
            options: options.clone(),
        };
        execute(&ctx, txn, &query)
    }

    /// All rows of a query, in a transaction that is committed.
    fn query(&self, text: &str) -> Result<Vec<Value>> {
        let mut txn = self.begin();
        let mut cursor = self.start(&txn, text, &Object::new(), &Options::default())?;
        let rows = cursor.all_values(&mut txn)?;
        txn.commit().unwrap();
        Ok(rows)
    }
}

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_limit_stops_the_loops_above_it() {
    let world = World::new();
    let rows = world
        .query("FOR i IN 1..1000000000000 LIMIT 2 RETURN i")
        .unwrap();
    assert_eq!(rows, [Value::Int(1), Value::Int(2)]);
}

#[test]
fn rows_come_in_batches() {
    let world = World::new();
    let mut txn = world.begin();
    let text = "FOR i IN 1..2500 RETURN i";
    let mut cursor = world
        .start(&txn, text, &Object::new(), &Options::default())
        .unwrap();
    assert_eq!(cursor.next_values(&mut txn, 2000).unwrap().len(), 2000);
    assert!(cursor.has_more(&mut txn).unwrap());
    let mut text = Vec::new();
    assert_eq!(cursor.write_json_rows(&mut txn, 1, &mut text).unwrap(), 1);
    assert_eq!(text, b"2001");
    assert_eq!(cursor.all_values(&mut txn).unwrap().len(), 499);
    assert!(!cursor.has_more(&mut txn).unwrap());
}

#[test]
fn killed_queries_end() {
    let world = World::new();
    let mut txn = world.begin();
    let text = "FOR i IN 1..1000000000 FILTER i < 0 RETURN i";
    let mut cursor = world
        .start(&txn, text, &Object::new(), &Options::default())
        .unwrap();
    world.environment.cancel.kill();
    let error = cursor.all_values(&mut txn).unwrap_err();
    assert_eq!(error.code().number(), 1500);
    assert_eq!(error.status(), 410);
}

#[test]
fn memory_has_a_limit() {
    let world = World::new();
    let mut txn = world.begin();
    let text = "FOR i IN 1..1000000 SORT -i RETURN i";
    let options = Options {
        memory_bytes_max: Some(1 << 20),
        ..Options::default()
    };
    let mut cursor = world.start(&txn, text, &Object::new(), &options).unwrap();
    let error = cursor.all_values(&mut txn).unwrap_err();
    assert_eq!(error.code().number(), 32);
    assert!(
        error.message().contains("memoryLimit"),
        "{}",
        error.message()
    );
}

#[test]
fn a_kept_plan_serves_other_values_but_not_other_shapes() {
    let world = World::new();
    world.load(&parse(
        r#"{"a":{"documents":[{"_key":"1","x":1,"y":2}]},"b":{}}"#,
    ));
    let mut txn = world.begin();
    let mut ask = |text: &str, bind: &str| {
        let bind = parse(bind);
        let bind = bind.as_object().unwrap();
        let mut cursor = world.start(&txn, text, bind, &Options::default())?;
        cursor.all_values(&mut txn)
    };
    let text = "FOR d IN @@c FILTER d.x == @v RETURN d.@n";
    let one = |number: i64| vec![Value::Int(number)];
    assert_eq!(ask(text, r#"{"@c":"a","v":1,"n":"y"}"#).unwrap(), one(2));
    assert_eq!(ask(text, r#"{"@c":"a","v":1,"n":"x"}"#).unwrap(), one(1));
    assert_eq!(ask(text, r#"{"@c":"a","v":2,"n":"y"}"#).unwrap(), []);
    assert_eq!(ask(text, r#"{"@c":"b","v":1,"n":"y"}"#).unwrap(), []);
    assert_eq!(
        ask(text, r#"{"@c":"a","v":1}"#)
            .unwrap_err()
            .code()
            .number(),
        1551
    );
    let more = r#"{"@c":"a","v":1,"n":"y","z":1}"#;
    assert_eq!(ask(text, more).unwrap_err().code().number(), 1552);
}

#[test]
fn queries_as_deep_as_allowed_fit_a_thread() {
    let world = World::new();
    for (open, middle, close, levels) in [
        ("RETURN (", "RETURN 1", ")", 240),
        ("[", "1", "]", 190),
        ("{a: ", "1", "}", 190),
        ("NOT_NULL(", "1", ")", 450),
        ("-", "1", "", 450),
        ("true ? ", "1", " : 2", 450),
    ] {
        let text = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
        let text = if text.starts_with("RETURN") {
            text
        } else {
            format!("RETURN {text}")
        };
        let rows = world
            .query(&text)
            .unwrap_or_else(|error| panic!("{open}: {error}"));
        assert_eq!(rows.len(), 1, "{open}");
    }
}

#[test]
fn a_subquery_that_ends_early_gives_its_memory_back() {
    let world = World::new();
    let mut txn = world.begin();
    let text = "FOR i IN 1..300 RETURN FIRST(FOR j IN 1..1000 SORT j % i RETURN j)";
    let options = Options {
        memory_bytes_max: Some(4 << 20),
        ..Options::default()
    };
    let mut cursor = world.start(&txn, text, &Object::new(), &options).unwrap();
    assert_eq!(cursor.all_values(&mut txn).unwrap().len(), 300);
}
