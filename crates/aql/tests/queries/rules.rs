//! Each rule of the optimizer changes what a query costs, never its rows: with all rules, with
//! each of them switched off, and with none, queries give the same rows and leave the same
//! documents, whatever indexes there are.
//!
//! A failure names its seed: run that one again with `VULPES_SEED=<seed>`.

use aql::Options;
use value::{Object, Value, json};

use crate::compare::show_rows;
use crate::make::Make;
use crate::properties::seeds;
use crate::world::{EngineKind, PLAIN, Run, World};

const WORLDS: u64 = 12;
const QUERIES_PER_WORLD: u64 = 70;

const TINY: Run = Run {
    optimize: false,
    batch_rows: 2,
    as_json: false,
};

/// Of every kind: unique, sparse, compound, over arrays, with stored values, several on one field.
const INDEXES: &str = r#"[
    {"type": "persistent", "fields": ["a"]},
    {"type": "persistent", "fields": ["b", "a"]},
    {"type": "persistent", "fields": ["b"], "sparse": true},
    {"type": "persistent", "fields": ["c.x"], "storedValues": ["a"]},
    {"type": "persistent", "fields": ["l[*]"]},
    {"type": "persistent", "fields": ["a", "l[*]"]},
    {"type": "persistent", "fields": ["u"], "unique": true},
    {"type": "persistent", "fields": ["n", "u"], "unique": true, "sparse": true},
    {"type": "persistent", "fields": ["n"], "storedValues": ["b", "c"]}
]"#;

/// Numbers where the two kinds of them meet, and ends of what they can be.
const NUMBERS: &[&str] = &[
    "0",
    "-0.0",
    "1",
    "1.0",
    "2.5",
    "9007199254740993",
    "9007199254740992.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e308",
    "5e-324",
    "null",
    "\"7\"",
];

fn world(make: &mut Make) -> World {
    let parse = |text: &str| json::parse(text.as_bytes()).expect("it is JSON");
    let mut documents = Vec::new();
    for at in 0..make.number(30) {
        let mut document = make.document(at).as_object().cloned().unwrap_or_default();
        document.insert("u", at);
        if make.number(5) > 0 {
            document.insert("n", parse(make.pick(NUMBERS)));
        }
        documents.push(Value::object(document));
    }
    let all = parse(INDEXES);
    let indexes = all.as_array().unwrap_or_default().iter();
    let indexes: Vec<Value> = indexes.filter(|_| make.number(3) > 0).cloned().collect();
    let indexed = Object::from_iter([
        ("documents", Value::array(documents)),
        ("indexes", indexes.into()),
    ]);
    let empty = Object::from_iter([("documents", Value::array(Vec::new()))]);
    let collections = Object::from_iter([("c", indexed), ("other", empty)]);
    let world = World::new(EngineKind::Memory);
    world.load(&Object::from_iter([("collections", collections)]).into());
    world
}

/// What can follow a loop over `d`.
fn end(make: &mut Make) -> String {
    let attribute = make.attribute("d");
    let direction = make.pick(&["ASC", "DESC"]);
    let limit = make.pick(&["", "LIMIT 3", "LIMIT 2, 4", "LIMIT 0", "LIMIT 1, null"]);
    match make.number(14) {
        0 => format!("SORT {attribute} {direction}, d._key {direction} {limit} RETURN d._key"),
        1 => format!("SORT d.u {direction} {limit} RETURN {{a: d.a, c: d.c, id: d._id}}"),
        2 => format!("SORT d.n {direction}, d.u {direction} {limit} RETURN d"),
        3 => format!("COLLECT g = {attribute} RETURN g"),
        4 => format!("COLLECT g = {attribute} WITH COUNT INTO n RETURN [g, n]"),
        5 => "COLLECT a = d.a, b = d.b AGGREGATE n = COUNT(), m = MAX(d.u) RETURN [a, b, n, m]"
            .into(),
        6 => "COLLECT b = d.b, a = d.a RETURN [b, a]".into(),
        7 => format!("COLLECT g = {attribute} INTO k = d._key RETURN [g, SORTED(k)]"),
        8 => "COLLECT WITH COUNT INTO n RETURN n".into(),
        9 => {
            "COLLECT AGGREGATE m = MAX(d.b), l = MIN(d.b), n = COUNT_DISTINCT(d.b) RETURN [m, l, n]"
                .into()
        }
        10 => format!("RETURN DISTINCT {attribute}"),
        11 => "RETURN DISTINCT {b: d.b, a: d.a}".into(),
        12 => "FOR t IN (IS_ARRAY(d.l) ? d.l : []) COLLECT t1 = t WITH COUNT INTO n RETURN [t1, n]"
            .into(),
        _ => format!("RETURN [d._key, {attribute}]"),
    }
}

fn reading(make: &mut Make) -> String {
    let p = make.predicate("d", 2);
    let q = make.predicate("e", 1);
    let (left, right) = (make.attribute("d"), make.attribute("e"));
    let op = make.pick(&["==", "==", "==", "!=", "<", "IN"]);
    let end = end(make);
    match make.number(9) {
        0 | 1 => format!("FOR d IN c FILTER {p} {end}"),
        2 => format!("FOR d IN c {end}"),
        3 => format!("FOR e IN c FILTER {q} FOR d IN c FILTER {left} {op} {right} && {p} {end}"),
        4 => format!("FOR e IN c FOR d IN c FILTER d.u == e.n || {left} == {right} {end}"),
        5 => format!(
            "FOR d IN c FILTER {p} LET s = (FOR e IN c FILTER {left} {op} {right} && {q} \
             SORT e.u LIMIT 3 RETURN e._key) FILTER LENGTH(s) != 2 RETURN [d._key, s]"
        ),
        6 => format!(
            "FOR d IN c RETURN [d._key, \
             LENGTH(FOR e IN c FILTER {left} == {right} && {q} RETURN 1), \
             FIRST(FOR e IN c FILTER e.a == d.a SORT e.u DESC RETURN e.u)]"
        ),
        7 => format!("FOR d IN (FOR e IN c FILTER {q} RETURN e) FILTER {p} {end}"),
        _ => format!(
            "FOR e IN c FILTER e.u < 4 FOR f IN c FILTER f.a == e.a FOR d IN c \
             FILTER d.b == f.b && d.u >= e.u {end}"
        ),
    }
}

fn writing(make: &mut Make) -> String {
    let p = make.predicate("d", 2);
    let (attribute, value) = (make.attribute("d"), make.value_text());
    match make.number(7) {
        0 => format!(
            "FOR d IN c FILTER {p} UPDATE d WITH {{a: {value}, w: {attribute}}} IN c \
             RETURN [OLD.a, UNSET(NEW, '_rev')]"
        ),
        1 => format!("FOR d IN c FILTER {p} REMOVE d IN c RETURN OLD._key"),
        2 => format!(
            "FOR d IN c FILTER {p} REPLACE d WITH {{b: d.a, l: [d.b], u: d.u}} IN c RETURN NEW.b"
        ),
        3 => format!(
            "FOR d IN c FILTER {p} INSERT {{_key: d._key, a: {attribute}}} INTO other RETURN NEW.a"
        ),
        4 => format!(
            "FOR d IN c FILTER {p} SORT d._key UPSERT {{a: d.a}} \
             INSERT {{_key: d._key, a: d.a, n: 1}} \
             UPDATE {{n: OLD.n + 1}} IN other RETURN NEW.n"
        ),
        5 => format!(
            "FOR d IN c SORT d._key LET n = LENGTH(FOR e IN c FILTER e.a == d.a RETURN 1) \
             FILTER {p} UPDATE d WITH {{a: n}} IN c RETURN [NEW._key, NEW.a]"
        ),
        _ => format!(
            "FOR d IN c FOR e IN c FILTER e.b == d.b && {p} \
             INSERT {{_key: CONCAT(d._key, e._key)}} INTO other RETURN NEW._key"
        ),
    }
}

/// The rows, and the documents afterwards, in an order that is the same for all plans.
fn run(world: &World, text: &str, rules: &[String], run: Run) -> [Vec<Value>; 3] {
    let mut txn = world.begin();
    let options = Options {
        rules: rules.to_vec(),
        ..Options::default()
    };
    let mut ask = |text: &str, options: &Options| {
        let answer = world.run(&mut txn, text, &Object::new(), options, run);
        let mut rows = answer
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .rows;
        rows.sort();
        rows
    };
    let rows = ask(text, &options);
    let plain = Options::default();
    let [c, other] = ["c", "other"].map(|name| {
        let text = format!("FOR d IN {name} RETURN UNSET(d, '_rev')");
        ask(&text, &plain)
    });
    [rows, c, other]
}

fn check(world: &World, text: &str, name: &str) {
    // Of values that the language calls equal any one may stand for the others.
    let expected = run(world, text, &["-all".to_owned()], TINY);
    let same = |rules: &[String], way: Run| {
        let found = run(world, text, rules, way);
        assert!(
            found == expected,
            "{name}: {text}\nwith {rules:?} and {way:?} gives\n{}\n{}\ninstead of\n{}\n{}",
            show_rows(&found[0]).join("\n"),
            show_rows(&found[1]).join("\n"),
            show_rows(&expected[0]).join("\n"),
            show_rows(&expected[1]).join("\n"),
        );
    };
    let optimized = Run {
        optimize: true,
        ..TINY
    };
    same(&[], PLAIN);
    same(&[], optimized);
    let mut txn = world.begin();
    let explained = world.explain(&mut txn, text, &Object::new(), &Options::default());
    let applied = explained.unwrap_or_else(|error| panic!("{text}: {error}"));
    for rule in applied.rules() {
        same(&[format!("-{rule}")], PLAIN);
    }
    for rule in applied.rules() {
        same(&["-all".to_owned(), format!("+{rule}")], optimized);
    }
}

fn for_each_query(make_query: impl Fn(&mut Make) -> String) {
    for seed in seeds(WORLDS) {
        let mut make = Make::new(seed);
        let world = world(&mut make);
        for at in 0..QUERIES_PER_WORLD {
            let text = make_query(&mut make);
            check(&world, &text, &format!("seed {seed}, query {at}"));
        }
    }
}

#[test]
fn no_rule_changes_the_rows_of_a_query() {
    for_each_query(reading);
}

#[test]
fn no_rule_changes_what_a_query_writes() {
    for_each_query(writing);
}
