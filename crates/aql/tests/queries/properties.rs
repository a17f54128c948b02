//! Properties that hold for every query, with data and queries made from seeds.
//!
//! A failure names its seed: run that one again with `VULPES_SEED=<seed>`.

use aql::Options;
use aql::syntax;
use value::{Object, Value, json};

use crate::compare::{are_same_unordered, show_rows};
use crate::make::Make;
use crate::world::{EngineKind, PLAIN, Run, World};

/// Worlds are the expensive part; each serves many queries.
const WORLDS: u64 = 8;
const QUERIES_PER_WORLD: u64 = 60;
const TEXTS: u64 = 10_000;

const UNOPTIMIZED: Run = Run {
    optimize: false,
    batch_rows: 2,
    as_json: false,
};

/// Indexes that a world may have; those over arrays, sparse and compound ones differ most.
const INDEXES: &str = r#"[
    {"type": "persistent", "fields": ["a"]},
    {"type": "persistent", "fields": ["b", "a"]},
    {"type": "persistent", "fields": ["b"], "sparse": true},
    {"type": "persistent", "fields": ["c.x"]},
    {"type": "persistent", "fields": ["l[*]"]}
]"#;

pub fn seeds(count: u64) -> std::ops::Range<u64> {
    match std::env::var("VULPES_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
    {
        Some(seed) => seed..seed + 1,
        None => 0..count,
    }
}

/// The same documents in `plain`, which has no index, and in `indexed`.
fn world(make: &mut Make) -> World {
    let documents: Vec<Value> = (0..make.number(40)).map(|at| make.document(at)).collect();
    let all = json::parse(INDEXES.as_bytes()).expect("it is JSON");
    let indexes = all.as_array().expect("an array").iter();
    let indexes: Vec<Value> = indexes.filter(|_| make.number(3) > 0).cloned().collect();
    let documents = Value::array(documents);
    let plain = Object::from_iter([("documents", documents.clone())]);
    let indexed = Object::from_iter([("documents", documents), ("indexes", indexes.into())]);
    let collections = Object::from_iter([("plain", plain), ("indexed", indexed)]);
    let world = World::new(EngineKind::Memory);
    world.load(&Value::object(Object::from_iter([(
        "collections",
        collections,
    )])));
    world
}

fn ask(world: &World, text: &str, run: Run) -> Vec<Value> {
    let mut txn = world.begin();
    let answer = world.run(&mut txn, text, &Object::new(), &Options::default(), run);
    answer
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .rows
}

/// Makes `count` queries for each world and hands them to `check` with a name for the failure.
fn for_each_query(check: impl Fn(&World, &mut Make, &str)) {
    for seed in seeds(WORLDS) {
        let mut make = Make::new(seed);
        let world = world(&mut make);
        for at in 0..QUERIES_PER_WORLD {
            check(&world, &mut make, &format!("seed {seed}, query {at}"));
        }
    }
}

#[test]
fn a_condition_and_its_negation_split_the_documents() {
    for_each_query(|world, make, name| {
        let p = make.predicate("d", 3);
        let matching = format!("FOR d IN indexed FILTER {p} RETURN d._key");
        let others = format!("FOR d IN indexed FILTER !({p}) RETURN d._key");
        let mut both = ask(world, &matching, PLAIN);
        both.extend(ask(world, &others, PLAIN));
        let all = ask(world, "FOR d IN indexed RETURN d._key", PLAIN);
        assert!(
            are_same_unordered(&all, &both),
            "{name}: {p}\n{}",
            show_rows(&both).join("\n")
        );
    });
}

#[test]
fn neither_optimizer_nor_index_nor_hiding_changes_the_rows() {
    for_each_query(|world, make, name| {
        let p = make.predicate("d", 3);
        let query = |collection: &str, condition: &str| {
            format!("FOR d IN {collection} FILTER {condition} RETURN d._key")
        };
        let expected = ask(world, &query("plain", &p), UNOPTIMIZED);
        let hidden = format!("NOOPT({p})");
        let runs = [
            ("optimised", query("plain", &p), PLAIN),
            ("with indexes", query("indexed", &p), PLAIN),
            ("with indexes, rules off", query("indexed", &p), UNOPTIMIZED),
            ("hidden", query("indexed", &hidden), PLAIN),
        ];
        for (way, text, run) in runs {
            let found = ask(world, &text, run);
            assert!(
                are_same_unordered(&expected, &found),
                "{name}: {text}\n{way} gives {}\n{}",
                show_rows(&found).join("\n"),
                show_rows(&expected).join("\n"),
            );
        }
    });
}

#[test]
fn sorted_and_limited_rows_are_the_same_by_any_way() {
    for_each_query(|world, make, name| {
        let p = make.predicate("d", 2);
        // The key makes the order total.
        let (key, direction) = (make.attribute("d"), make.pick(&["ASC", "DESC"]));
        let limit = make.pick(&["", "LIMIT 3", "LIMIT 2, 4", "LIMIT 1, null"]);
        let query = |collection: &str| {
            format!(
                "FOR d IN {collection} FILTER {p} SORT {key} {direction}, d._key {direction} \
                 {limit} RETURN d._key"
            )
        };
        let expected = ask(world, &query("plain"), UNOPTIMIZED);
        for (collection, run) in [
            ("plain", PLAIN),
            ("indexed", PLAIN),
            ("indexed", UNOPTIMIZED),
        ] {
            let text = query(collection);
            assert_eq!(ask(world, &text, run), expected, "{name}: {text} {run:?}");
        }
    });
}

#[test]
fn joins_and_groups_are_the_same_by_any_way() {
    for_each_query(|world, make, name| {
        let (p, q) = (make.predicate("d", 1), make.predicate("e", 1));
        let (left, right) = (make.attribute("d"), make.attribute("e"));
        let op = make.pick(&["==", "==", "==", "<", ">=", "IN"]);
        let rest = make.pick(&[
            "RETURN [d._key, e._key]",
            "COLLECT k = d._key WITH COUNT INTO n RETURN [k, n]",
            "COLLECT g = d.a AGGREGATE n = COUNT(), hi = MAX(e.b) RETURN [g, n, hi]",
            "RETURN DISTINCT d._key",
        ]);
        let query = |collection: &str| {
            format!(
                "FOR d IN {collection} FILTER {p} FOR e IN {collection} \
                 FILTER {left} {op} {right} && ({q}) {rest}"
            )
        };
        // Of values that the language calls equal any one may name the group or be the greatest.
        let sorted = |text: &str, run: Run| {
            let mut rows = ask(world, text, run);
            rows.sort();
            rows
        };
        let expected = sorted(&query("plain"), UNOPTIMIZED);
        for (collection, run) in [
            ("plain", PLAIN),
            ("indexed", PLAIN),
            ("indexed", UNOPTIMIZED),
        ] {
            let text = query(collection);
            assert_eq!(sorted(&text, run), expected, "{name}: {text} {run:?}");
        }
    });
}

#[test]
fn correlated_subqueries_are_the_same_by_any_way() {
    for_each_query(|world, make, name| {
        let (p, q) = (make.predicate("d", 1), make.predicate("e", 1));
        let (left, right) = (make.attribute("d"), make.attribute("e"));
        let rest = make.pick(&["", "SORT e._key LIMIT 2", "SORT e._key DESC LIMIT 1, 2"]);
        let use_of = make.pick(&["LENGTH(s)", "SORTED(s)", "FIRST(SORTED(s))", "s == []"]);
        let query = |collection: &str| {
            format!(
                "FOR d IN {collection} FILTER {p} LET s = (FOR e IN {collection} \
                 FILTER {left} == {right} && ({q}) {rest} RETURN e._key) \
                 RETURN [d._key, {use_of}]"
            )
        };
        let expected = ask(world, &query("plain"), UNOPTIMIZED);
        for (collection, run) in [
            ("plain", PLAIN),
            ("indexed", PLAIN),
            ("indexed", UNOPTIMIZED),
        ] {
            let text = query(collection);
            let found = ask(world, &text, run);
            assert!(
                are_same_unordered(&expected, &found),
                "{name}: {text} {run:?}"
            );
        }
    });
}

#[test]
fn any_text_gives_a_tree_or_says_what_is_wrong() {
    for seed in seeds(TEXTS) {
        let text = Make::new(seed).soup();
        let parsed = syntax::parse(&text, aql::PlanLimits::documented().nesting_max);
        for diagnostic in &parsed.diagnostics {
            let (line, column) = (diagnostic.line, diagnostic.column);
            let lines = text.split('\n').count() as u32;
            assert!(
                (1..=lines).contains(&line) && column >= 1,
                "seed {seed}: {line}:{column} is not in {text:?}"
            );
            assert!(!diagnostic.message.is_empty(), "seed {seed}: {text:?}");
        }
    }
}

#[test]
fn any_text_ends_in_rows_or_an_error() {
    let mut make = Make::new(1);
    let world = world(&mut make);
    let options = Options {
        memory_bytes_max: Some(10 << 20),
        ..Options::default()
    };
    for seed in seeds(TEXTS / 4) {
        let text = Make::new(seed).soup();
        let mut txn = world.begin();
        if let Err(error) = world.run(&mut txn, &text, &Object::new(), &options, PLAIN) {
            assert!(error.code().number() > 0, "seed {seed}: {text:?}");
            assert!(!error.message().is_empty(), "seed {seed}: {text:?}");
        }
    }
}
