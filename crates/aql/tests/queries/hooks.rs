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
