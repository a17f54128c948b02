//! What a server puts into queries from outside, and what it sees of them: user-defined
//! functions, the list of running queries, the end of one by hand.

use std::sync::Arc;
use std::time::Duration;

use aql::functions::Error;
use aql::{Options, Properties, Queries, Query, Settings, UserCall, UserFunction, UserFunctions};
use database::Database;
use error_codes::codes;
use value::{Object, Value, json};

use crate::world::{EngineKind, PLAIN, World};

/// `MY::DOUBLE(n)`, `MY::WARN(text)` and `MY::THROW()`.
struct Library;

struct Body(fn(&mut UserCall<'_>, &[Value]) -> Result<Value, Error>);

impl UserFunction for Body {
    fn call(&self, ctx: &mut UserCall<'_>, args: &[Value]) -> Result<Value, Error> {
        (self.0)(ctx, args)
    }
}

impl UserFunctions for Library {
    fn find(&self, _: &Database, name: &str) -> Result<Option<Arc<dyn UserFunction>>, Error> {
        let body: fn(&mut UserCall<'_>, &[Value]) -> Result<Value, Error> = match name {
            "MY::DOUBLE" => |_, args| {
                let number = args.first().and_then(Value::as_i64);
                Ok(number.map_or(Value::Null, |number| (number * 2).into()))
            },
            "MY::WARN" => |ctx, _| {
                let message = format!("{} warns", ctx.name);
                ctx.warnings.add(codes::QUERY_USER_WARN, message)?;
                Ok(Value::Null)
            },
            "MY::THROW" => |_, _| Err(Error::new(codes::QUERY_FUNCTION_RUNTIME_ERROR, "thrown")),
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Body(body))))
    }
}

fn world() -> World {
    let mut world = World::new(EngineKind::Memory);
    world.queries = Queries::new(Settings::recommended(), Some(Arc::new(Library)));
    world
}

fn run(world: &World, text: &str) -> Result<(Value, Vec<u32>), u32> {
    let mut txn = world.begin();
    let answer = world.run(&mut txn, text, &Object::new(), &Options::default(), PLAIN);
    answer
        .map(|answer| (Value::array(answer.rows), answer.warnings))
        .map_err(|error| error.code().number())
}

#[test]
fn functions_of_users_are_called_by_name_in_any_case() {
    let world = world();
    let rows = |text| run(&world, text).map(|(rows, _)| json::to_string(&rows));
    assert_eq!(rows("RETURN my::double(21)"), Ok("[42]".into()));
    assert_eq!(
        rows("FOR x IN 1..3 FILTER MY::DOUBLE(x) > 2 RETURN MY::Double(x)"),
        Ok("[4,6]".into())
    );
    assert_eq!(rows("RETURN CALL('my::double', 4)"), Ok("[8]".into()));
    assert_eq!(rows("RETURN APPLY('MY::DOUBLE', [5])"), Ok("[10]".into()));
    assert_eq!(rows("RETURN MY::DOUBLE()"), Ok("[null]".into()));
}

#[test]
fn functions_of_users_fail_by_number() {
    let world = world();
    assert_eq!(run(&world, "RETURN MY::NOTHING(1)"), Err(1582));
    assert_eq!(run(&world, "RETURN CALL('MY::NOTHING', 1)"), Err(1582));
    assert_eq!(run(&world, "RETURN MY::THROW()"), Err(1583));
    let warned = run(&world, "RETURN MY::WARN('x')");
    assert_eq!(warned, Ok((Value::array(vec![Value::Null]), vec![1594])));
}

#[test]
fn a_query_is_listed_while_it_runs_and_can_be_killed() {
    let world = world();
    let tracking = world.queries.tracking();
    let mut txn = world.begin();
    let query = Query {
        bind: Object::from_iter([("n", 3)]),
        ..Query::new("FOR x IN 1..@n RETURN x")
    };
    let mut cursor = aql::execute(&world.context(1), &txn, &query).expect("start");
    let listed = tracking.current();
    let [listed] = listed.as_slice() else {
        panic!("one query runs, not {}", listed.len());
    };
    let shown = Value::object(listed.to_object());
    assert_eq!(shown.get("query").as_str(), Some(query.text));
    assert_eq!(shown.get("bindVars").get("n").as_i64(), Some(3));
    assert_eq!(shown.get("user").as_str(), Some("root"));
    assert_eq!(shown.get("database").as_str(), Some("_system"));
    assert_eq!(shown.get("state").as_str(), Some("executing"));
    assert!(
        shown
            .get("started")
            .as_str()
            .is_some_and(|text| text.ends_with('Z'))
    );
    tracking.kill(listed.id).expect("kill");
    let error = cursor.all_values(&mut txn).expect_err("it was killed");
    assert_eq!((error.code().number(), error.status()), (1500, 410));
    drop(cursor);
    assert!(tracking.current().is_empty());
    let again = tracking.kill(listed.id).expect_err("it runs no more");
    assert_eq!((again.code().number(), again.status()), (1591, 404));
}

#[test]
fn slow_queries_are_kept_within_bounds() {
    let world = world();
    let tracking = world.queries.tracking();
    let mut properties = Properties::documented();
    let change = json::parse(
        br#"{"slowQueryThreshold": 0, "maxSlowQueries": 2, "maxQueryStringLength": 12,
            "trackBindVars": false, "enabled": "no", "nothing": 1}"#,
    );
    properties.merge(&change.expect("valid JSON"));
    assert!(properties.enabled, "a wrong type is ignored");
    tracking.set_properties(properties.clone());
    for text in ["RETURN 'first'", "RETURN FAIL()", "RETURN 'żółć third'"] {
        let _ = run(&world, text);
    }
    let slow = tracking.slow();
    let shown: Vec<_> = slow
        .iter()
        .map(|query| (query.text.as_str(), query.state, query.exit_code))
        .collect();
    assert_eq!(
        shown,
        [
            ("RETURN FAIL(...", "finished", Some(1569)),
            ("RETURN 'żó...", "finished", Some(0)),
        ]
    );
    tracking.clear_slow(|query| query.exit_code == Some(0));
    assert_eq!(tracking.slow().len(), 1);
    properties.slow_threshold = Duration::from_secs(1);
    properties.slow_queries_max = 0;
    tracking.set_properties(properties);
    assert!(tracking.slow().is_empty());
}

#[test]
fn plans_are_kept_for_queries_that_ask_for_it() {
    let world = world();
    let key = |text: &str, bind: &[(&str, i64)]| -> Result<Option<String>, u32> {
        let txn = world.begin();
        let mut query = Query {
            bind: bind.iter().copied().collect(),
            ..Query::new(text)
        };
        query.options.use_plan_cache = true;
        let cursor = aql::execute(&world.context(1), &txn, &query);
        cursor
            .map(|cursor| cursor.plan_cache_key().map(str::to_owned))
            .map_err(|error| error.code().number())
    };
    let text = "FOR x IN 1..@n RETURN x";
    assert_eq!(
        run(&world, "RETURN 1").map(|(rows, _)| rows.to_bool()),
        Ok(true)
    );
    assert_eq!(key(text, &[("n", 1)]), Ok(None));
    let found = key(text, &[("n", 2)]).expect("runs").expect("was kept");
    let entries = world.queries.plans().entries(&world.database);
    let [entry] = entries.as_slice() else {
        panic!("one plan was asked to be kept, not {}", entries.len());
    };
    assert_eq!((&*entry.text, entry.hits), (text, 1));
    assert_eq!(
        entry.to_object().get("hash").and_then(Value::as_str),
        Some(&*found)
    );
    let options = database::CollectionOptions::new("made");
    world.database.create_collection(&options).expect("create");
    assert!(world.queries.plans().entries(&world.database).is_empty());
    assert_eq!(key(text, &[("n", 1)]), Ok(None), "the catalog changed");
    world.queries.plans().clear(&world.database);
    assert!(world.queries.plans().entries(&world.database).is_empty());
    assert_eq!(
        key("FOR x IN 1..9 LIMIT @n RETURN x", &[("n", 1)]),
        Err(1584)
    );
    assert_eq!(
        key("UPSERT {a: 1} INSERT {a: 1} UPDATE {} IN made", &[]),
        Err(1584)
    );
}

#[test]
fn a_profile_counts_what_each_step_did() {
    let world = world();
    let mut txn = world.begin();
    let mut query =
        Query::new("FOR x IN 1..10 LET y = NOOPT(x) FILTER y > 4 SORT y DESC LIMIT 3 RETURN y");
    query.options.profile = aql::Profile::Nodes;
    let mut cursor = aql::execute(&world.context(1000), &txn, &query).expect("start");
    assert_eq!(cursor.all_values(&mut txn).expect("run").len(), 3);
    let extra = Value::object(cursor.extra());
    let profile = extra
        .get("profile")
        .as_object()
        .cloned()
        .unwrap_or_default();
    assert_eq!(
        profile.keys().next().map(|name| &**name),
        Some("initializing")
    );
    assert_eq!(profile.len(), 9);
    let work = |kind: &str, what: &str| {
        let nodes = extra
            .get("plan")
            .get("nodes")
            .as_array()
            .unwrap_or_default();
        let node = nodes
            .iter()
            .find(|node| node.get("type").as_str() == Some(kind));
        let id = node
            .unwrap_or_else(|| panic!("no {kind}"))
            .get("id")
            .clone();
        let all = extra
            .get("stats")
            .get("nodes")
            .as_array()
            .unwrap_or_default();
        let node = all.iter().find(|node| *node.get("id") == id);
        node.and_then(|node| node.get(what).as_i64())
    };
    assert_eq!(work("EnumerateListNode", "items"), Some(10));
    assert_eq!(work("FilterNode", "filtered"), Some(4));
    assert_eq!(work("FilterNode", "items"), Some(6));
    assert_eq!(work("SortNode", "filtered"), Some(0));
    assert_eq!(work("LimitNode", "items"), Some(3));
}

#[test]
fn plans_have_limits() {
    let limits = aql::PlanLimits {
        nodes_max: 10,
        collections_max: 1,
        variables_max: 8,
        ..aql::PlanLimits::documented()
    };
    let mut world = World::new(EngineKind::Memory);
    let settings = Settings {
        plan: limits,
        ..Settings::recommended()
    };
    world.queries = Queries::new(settings, None);
    let lets =
        |count: usize| -> String { (0..count).map(|at| format!("LET v{at} = {at} ")).collect() };
    assert!(run(&world, &format!("{}RETURN 1", lets(8))).is_ok());
    assert_eq!(run(&world, &format!("{}RETURN 1", lets(9))), Err(1524));
    let filters = "FILTER RAND() < 2 ".repeat(11);
    assert_eq!(run(&world, &format!("{filters}RETURN 1")), Err(1524));
    for name in ["one", "two"] {
        let options = database::CollectionOptions::new(name);
        world.database.create_collection(&options).expect("create");
    }
    assert_eq!(run(&world, "FOR a IN one FOR b IN two RETURN 1"), Err(1522));
}

#[test]
fn a_text_is_shown_as_its_tree() {
    let queries = Queries::new(Settings::recommended(), None);
    let parsed = aql::parse(
        &queries,
        "FOR i IN users FILTER i.age > @age RETURN {i, n: MY::F(1)}",
    );
    let shown = Value::object(parsed.expect("it parses"));
    let expected = json::parse(
        br#"{
            "parsed": true,
            "collections": ["users"],
            "ast": [{"type": "root", "subNodes": [
                {"type": "for", "subNodes": [
                    {"type": "variable", "name": "i", "id": 0},
                    {"type": "collection", "name": "users"},
                    {"type": "no-op"}
                ]},
                {"type": "filter", "subNodes": [{"type": "compare >", "subNodes": [
                    {"type": "attribute access", "name": "age", "subNodes": [
                        {"type": "reference", "name": "i", "id": 0}
                    ]},
                    {"type": "parameter", "name": "age"}
                ]}]},
                {"type": "return", "subNodes": [{"type": "object", "subNodes": [
                    {"type": "object element", "name": "i", "subNodes": [
                        {"type": "reference", "name": "i", "id": 0}
                    ]},
                    {"type": "object element", "name": "n", "subNodes": [
                        {"type": "user function call", "name": "MY::F", "subNodes": [
                            {"type": "array", "subNodes": [{"type": "value", "value": 1}]}
                        ]}
                    ]}
                ]}]}
            ]}],
            "bindVars": ["age"],
            "warnings": []
        }"#,
    );
    assert_eq!(shown, expected.expect("valid JSON"));
    let error = aql::parse(&queries, "RETURN").expect_err("it does not parse");
    assert_eq!(error.code().number(), 1501);
}

#[test]
fn an_explanation_has_the_documented_shape() {
    let world = world();
    let mut txn = world.begin();
    let mut query = Query::new("FOR x IN 1..3 FILTER x > 1 RETURN x");
    let explained = aql::explain(&world.context(1), &mut txn, &query).expect("explain");
    let names = |object: &Object| {
        object
            .keys()
            .map(|name| name.to_string())
            .collect::<Vec<_>>()
    };
    let one = explained.to_object();
    assert_eq!(names(&one), ["plan", "cacheable", "warnings", "stats"]);
    let stats = one.get("stats").and_then(Value::as_object).expect("stats");
    assert_eq!(
        names(stats),
        [
            "rulesExecuted",
            "rulesSkipped",
            "plansCreated",
            "rules",
            "peakMemoryUsage",
            "executionTime"
        ]
    );
    query.options.all_plans = true;
    let explained = aql::explain(&world.context(1), &mut txn, &query).expect("explain");
    let all = explained.to_object();
    assert_eq!(names(&all), ["plans", "warnings", "stats"]);
}

#[test]
fn texts_that_rows_hold_count_as_memory() {
    let world = world();
    let mut txn = world.begin();
    let mut query = Query::new(
        "FOR i IN 1..1000 LET t = REPEAT('x', 20000 + i) FILTER LENGTH(t) > 0 RETURN LENGTH(t)",
    );
    query.options.memory_bytes_max = Some(1_000_000);
    let mut run = |batch_rows| {
        let cursor = aql::execute(&world.context(batch_rows), &txn, &query);
        let mut cursor = cursor.expect("start");
        let rows = cursor.all_values(&mut txn).map(|rows| rows.len());
        rows.map_err(|error| error.code().number())
    };
    assert_eq!(run(1000), Err(32));
    assert_eq!(run(2), Ok(1000));
}
