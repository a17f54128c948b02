//! Index keys: their bytes order like their values, and a query that uses an index answers what
//! one answers that does not.

use std::collections::BTreeSet;
use std::sync::Arc;

use aql::{Cancel, Context, Environment, Limits, Options, Queries, Query, Settings};
use database::{Collection, Transaction, WriteOptions};
use value::{Object, Value, key};

use super::world::World;
use crate::input::Input;

/// Documents of one input.
const DOCUMENTS_MAX: usize = 8;

const INDEXES: &[&str] = &[
    r#"{"type": "persistent", "fields": ["a"]}"#,
    r#"{"type": "persistent", "fields": ["b", "a"], "sparse": true}"#,
    r#"{"type": "persistent", "fields": ["b[*]"]}"#,
];

/// Queries that can use one of the indexes; `@v` is a value of the input.
const QUERIES: &[&str] = &[
    "FOR d IN c FILTER d.a == @v RETURN d._key",
    "FOR d IN c FILTER d.a < @v RETURN d._key",
    "FOR d IN c FILTER d.a >= @v RETURN d._key",
    "FOR d IN c FILTER d.a IN [@v, @w] RETURN d._key",
    "FOR d IN c FILTER d.b == @v AND d.a > @w RETURN d._key",
    "FOR d IN c FILTER @v IN d.b[*] RETURN d._key",
    "FOR d IN c FILTER d.a == @v OR d.b == @w RETURN d._key",
];

struct Indexed {
    world: World,
    collection: Arc<Collection>,
    queries: Arc<Queries>,
}

thread_local! {
    static INDEXED: Indexed = {
        let world = World::new();
        let collection = world.create("c", INDEXES);
        let queries = Queries::new(Settings::recommended(), None);
        Indexed { world, collection, queries }
    };
}

/// Reads values from the input, checks their keys, then stores and asks for them.
pub(crate) fn run(data: &[u8]) {
    // Whatever the bytes are: a value or an error.
    let _ = key::decode(data);
    let mut input = Input::new(data);
    let mut values = Vec::new();
    while !input.is_empty() && values.len() < 2 * DOCUMENTS_MAX {
        values.push(input.value());
    }
    check_order(&values);
    INDEXED.with(|indexed| check_queries(indexed, &values));
}

fn check_order(values: &[Value]) {
    let keys: Vec<_> = values.iter().map(key::encode).collect();
    for (value, key) in values.iter().zip(&keys) {
        let (decoded, rest) = key::decode(key).expect("what was encoded can be decoded");
        assert!(rest.is_empty(), "{value:?} leaves {rest:?}");
        assert_eq!(&decoded, value, "changed by its key");
        for (other, other_key) in values.iter().zip(&keys) {
            assert_eq!(
                key.cmp(other_key),
                value.cmp(other),
                "{value:?} to {other:?}"
            );
        }
    }
    let pairs: Vec<_> = values.chunks_exact(2).collect();
    for left in &pairs {
        for right in &pairs {
            let encode = |pair: &[Value]| {
                let mut bytes = Vec::new();
                pair.iter()
                    .for_each(|value| key::encode_into(value, &mut bytes));
                bytes
            };
            assert_eq!(
                encode(left).cmp(&encode(right)),
                left.cmp(right),
                "{left:?} to {right:?}"
            );
        }
    }
}

fn check_queries(indexed: &Indexed, values: &[Value]) {
    let mut txn = indexed.world.begin();
    let documents = values.chunks(2).map(|pair| {
        let mut document = Object::new();
        for (name, value) in ["a", "b"].iter().zip(pair) {
            document.insert(*name, value.clone());
        }
        Value::object(document)
    });
    let written = txn.insert(
        &indexed.collection,
        documents.collect(),
        &WriteOptions::default(),
    );
    for result in written.expect("the transaction goes on") {
        result.expect("no index forbids anything");
    }
    for (at, text) in QUERIES.iter().enumerate() {
        let pick = |skip: usize| values.get((at + skip) % values.len().max(1)).cloned();
        let mut bind = Object::new();
        bind.insert("v", pick(0).unwrap_or_default());
        if text.contains("@w") {
            bind.insert("w", pick(1).unwrap_or_default());
        }
        let with = ask(indexed, &mut txn, text, &bind, &[]);
        let without = ask(indexed, &mut txn, text, &bind, &["-all".to_owned()]);
        assert_eq!(with, without, "{text} with {bind:?} over {values:?}");
    }
}

fn ask(
    indexed: &Indexed,
    txn: &mut Transaction,
    text: &str,
    bind: &Object,
    rules: &[String],
) -> BTreeSet<Value> {
    let environment = Environment {
        platform: indexed.world.platform.clone(),
        user: None,
        version: "3.12.0".into(),
        cancel: Cancel::new(),
    };
    let ctx = Context {
        environment,
        limits: Arc::new(Limits::recommended()),
        queries: &indexed.queries,
    };
    let query = Query {
        text,
        bind: bind.clone(),
        options: Options {
            rules: rules.to_vec(),
            ..Options::default()
        },
    };
    let mut cursor = aql::execute(&ctx, txn, &query).expect("the query is valid");
    let rows = cursor.all_values(txn).expect("nothing in it can fail");
    rows.into_iter().collect()
}
