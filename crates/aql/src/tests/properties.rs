//! Properties that hold for every query.

use proptest::prelude::*;
use value::{Object, Value};

use super::{World, parse};
use crate::Options;

/// A world with documents of every shape and an index that conditions may use.
fn world() -> World {
    let world = World::new();
    world.load(&parse(
        r#"{"c":{"indexes":[
            {"type":"persistent","fields":["a"]},
            {"type":"persistent","fields":["b","a"]},
            {"type":"persistent","fields":["s"],"sparse":true}],
          "documents":[{"_key":"0"},{"_key":"1","a":null,"b":1},{"_key":"2","a":1,"b":2,"s":1},
            {"_key":"3","a":1.5,"b":2},{"_key":"4","a":"x","b":[1],"s":null},
            {"_key":"5","a":[1,2],"b":{"c":1}},{"_key":"6","a":{"b":1},"s":2},
            {"_key":"7","a":true,"b":false},{"_key":"8","a":2,"b":2,"s":3},
            {"_key":"9","a":-1,"b":"x","s":"y"}]}}"#,
    ));
    world
}

fn operand() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("d.a".to_owned()),
        Just("d.b".to_owned()),
        Just("d.s".to_owned()),
        Just("d.a.b".to_owned()),
        Just("d._key".to_owned()),
        prop::sample::select(vec![
            "null", "true", "false", "0", "1", "1.0", "1.5", "2", "-1", "'x'", "''", "[1]", "[1, 2]", "[]",
            "{b: 1}", "{}", "'3'", "@n",
        ])
        .prop_map(str::to_owned),
    ]
}

fn predicate() -> impl Strategy<Value = String> {
    let comparison = (
        operand(),
        prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "IN", "NOT IN", "LIKE"]),
        operand(),
    )
        .prop_map(|(left, op, right)| format!("{left} {op} {right}"));
    let list = (operand(), prop::collection::vec(operand(), 0..4))
        .prop_map(|(left, items)| format!("{left} IN [{}]", items.join(", ")));
    prop_oneof![comparison, list].prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" || "))),
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(({a}) ? ({b}) : !({b}))")),
        ]
    })
}

fn keys(world: &World, text: &str, rules: &[&str]) -> Vec<Value> {
    let mut txn = world.begin();
    let mut bind = Object::new();
    if text.contains("@n") {
        bind.insert("n", 2);
    }
    let options = Options {
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        ..Options::default()
    };
    let mut cursor = world
        .start(&txn, text, &bind, &options)
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut rows = cursor
        .all_values(&mut txn)
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    if !text.contains("SORT") {
        rows.sort();
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_condition_and_its_negation_split_the_documents(condition in predicate()) {
        let world = world();
        let yes = keys(&world, &format!("FOR d IN c FILTER {condition} RETURN d._key"), &[]);
        let no = keys(&world, &format!("FOR d IN c FILTER !({condition}) RETURN d._key"), &[]);
        let mut all: Vec<_> = yes.into_iter().chain(no).collect();
        all.sort();
        prop_assert_eq!(all, keys(&world, "FOR d IN c RETURN d._key", &[]));
    }

    #[test]
    fn the_optimizer_changes_no_answer(
        first in predicate(),
        second in predicate(),
        sort in prop::sample::select(vec!["", "SORT d.a, d._key", "SORT d.b DESC, d._key LIMIT 3"]),
    ) {
        let world = world();
        let text = format!("FOR d IN c FILTER {first} FILTER {second} {sort} RETURN d._key");
        prop_assert_eq!(keys(&world, &text, &[]), keys(&world, &text, &["-all"]), "{}", text);
        let join = format!(
            "FOR e IN c FOR d IN c FILTER d.a == e.a && ({first}) {sort} RETURN [e._key, d._key]"
        );
        let join = if sort.is_empty() { join } else { join.replace("d._key LIMIT", "d._key, e._key LIMIT") };
        let join = join.replace("SORT d.a, d._key ", "SORT d.a, d._key, e._key ");
        prop_assert_eq!(keys(&world, &join, &[]), keys(&world, &join, &["-all"]), "{}", join);
    }
}
