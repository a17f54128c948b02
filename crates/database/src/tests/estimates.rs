//! What is told of an index without reading it, and how it is kept right.

use std::ops::Bound;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::{Index, IndexRange};

fn insert_all(database: &Database, collection: &Collection, texts: impl Iterator<Item = String>) {
    let documents: Vec<Value> = texts.map(|text| parse(&text)).collect();
    run(database, |transaction| {
        let options = WriteOptions::default();
        let results = transaction.insert(collection, documents.clone(), &options)?;
        results.into_iter().try_for_each(|result| result.map(drop))
    })
    .unwrap();
}

fn index(database: &Database, name_or_id: &str) -> Arc<Index> {
    let collection = database.collection("c").unwrap();
    Arc::clone(collection.find_index(name_or_id).unwrap())
}

fn create(database: &Database, definition: &str) -> Arc<Index> {
    database
        .create_index("c", &parse(definition))
        .unwrap()
        .index
}

const DEFINITION: &str = r#"{"type":"persistent","fields":["a","b"],"name":"i"}"#;

#[test]
fn estimates_follow_every_commit() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let index = create(&database, DEFINITION);
    assert_eq!(index.selectivity(), 1.0, "nothing is known of no entries");
    assert_eq!(index.entries_per_value(1), None);
    let text = |n: i32| format!(r#"{{"_key":"k{n}","a":{},"b":{}}}"#, n % 4, n % 20);
    insert_all(&database, &c, (0..40).map(text));
    assert_eq!(index.entries_estimate(), Some(40));
    assert_eq!(index.entries_per_value(1), Some(10.0));
    assert_eq!(index.entries_per_value(2), Some(2.0));
    assert_eq!(index.entries_per_value(3), None);
    assert_eq!(index.selectivity(), 0.5);
    for key in 0..20 {
        remove(&database, &c, &format!("k{key}")).unwrap();
    }
    assert_eq!(index.selectivity(), 1.0);
    for key in 20..40 {
        update(&database, &c, &format!("k{key}"), r#"{"a":1,"b":1}"#).unwrap();
        update(&database, &c, &format!("k{key}"), r#"{"x":1}"#).unwrap();
    }
    assert_eq!(index.selectivity(), 0.05);
    run(&database, |transaction| transaction.truncate(&c)).unwrap();
    assert_eq!(index.entries_estimate(), None);
    // What is rolled back does not count.
    let mut transaction = database.begin(TransactionOptions::default()).unwrap();
    let mut insert = |n: i32| {
        let options = WriteOptions::default();
        let start = transaction.savepoint().unwrap();
        transaction
            .insert(&c, vec![parse(&text(n))], &options)
            .unwrap();
        match n % 2 {
            0 => transaction.release(start).unwrap(),
            _ => transaction.rollback_to(start).unwrap(),
        }
    };
    (0..40).for_each(&mut insert);
    transaction.commit().unwrap();
    assert_eq!(index.entries_estimate(), Some(20));
    let options = TransactionOptions::default();
    let mut transaction = database.begin(options).unwrap();
    transaction.truncate(&c).unwrap();
    drop(transaction);
    assert_eq!(index.entries_estimate(), Some(20));
}

#[test]
fn an_index_built_over_documents_is_estimated_and_one_without_estimates_is_not() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert_all(
        &database,
        &c,
        (0..30).map(|n| format!(r#"{{"a":{}}}"#, n % 3)),
    );
    let built = create(&database, r#"{"type":"persistent","fields":["a"]}"#);
    assert_eq!(built.entries_per_value(1), Some(10.0));
    let definition = r#"{"type":"persistent","fields":["a"],"estimates":false,"sparse":true}"#;
    let without = create(&database, definition);
    assert_eq!(without.entries_per_value(1), None);
    assert_eq!(without.selectivity(), 1.0);
    let object = without.to_object(&database.collection("c").unwrap());
    assert!(object.get("selectivityEstimate").is_none());
    let primary = index(&database, "primary");
    assert_eq!(primary.entries_per_value(1), None);
}

#[test]
fn estimates_survive_a_restart_and_are_counted_anew_after_a_crash() {
    let engine = engine();
    let not_stopped = AtomicBool::new(false);
    let text = |n: i32| format!(r#"{{"a":{},"b":{n}}}"#, n % 5);
    {
        let (databases, _) = open_on(Arc::clone(&engine), START_MS);
        let database = databases.system();
        let c = database
            .create_collection(&CollectionOptions::new("c"))
            .unwrap();
        create(&database, DEFINITION);
        insert_all(&database, &c, (0..1_000).map(text));
        databases.maintain_estimates(&not_stopped).unwrap();
    }
    for crash in [false, true] {
        let (databases, _) = open_on(Arc::clone(&engine), START_MS);
        let database = databases.system();
        let index = index(&database, "i");
        assert_eq!(index.entries_estimate(), Some(1_000), "as it was saved");
        assert_eq!(index.entries_per_value(1), Some(200.0));
        if crash {
            // Written after the last save, and lost with the memory.
            let c = database.collection("c").unwrap();
            insert_all(&database, &c, (0..500).map(text));
        }
        drop(databases);
    }
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let index = index(&databases.system(), "i");
    assert_eq!(index.entries_estimate(), Some(1_000), "too few");
    databases.maintain_estimates(&not_stopped).unwrap();
    assert_eq!(index.entries_estimate(), Some(1_500));
    assert_eq!(index.entries_per_value(1), Some(300.0));
    databases.system().drop_index("c", "i").unwrap();
    check_verified(&databases.system());
    let left = crate::verify_nothing_is_left(&databases).unwrap();
    assert_eq!(left.differences, []);
}

#[test]
fn ranges_are_exact_while_small_and_estimated_when_large() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let by_n = create(&database, r#"{"type":"persistent","fields":["n"]}"#);
    let text = |n: i32| format!(r#"{{"n":{n},"a":{}}}"#, n % 2);
    insert_all(&database, &c, (0..2_000).map(text));
    let by_a = create(&database, r#"{"type":"persistent","fields":["a"]}"#);
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let mut estimate = |index: &Index, lower: Bound<i32>, upper: Bound<i32>| {
        let values = |bound: Bound<i32>| bound.map(|n| vec![Value::from(n)]);
        let range = IndexRange {
            lower: values(lower),
            upper: values(upper),
        };
        transaction.estimate_entries(&c, index, &range).unwrap()
    };
    let from = Bound::Included;
    assert_eq!(estimate(&by_n, from(5), Bound::Excluded(5)), 0);
    assert_eq!(estimate(&by_n, from(5), from(104)), 100);
    let half = estimate(&by_n, from(1_000), Bound::Unbounded);
    assert!((900..1_100).contains(&half), "{half}");
    assert_eq!(estimate(&by_n, Bound::Unbounded, Bound::Unbounded), 2_000);
    assert_eq!(estimate(&by_a, from(1), from(1)), 1_000);
    let primary = index(&database, "primary");
    let all = estimate(&primary, Bound::Unbounded, Bound::Unbounded);
    assert!((257..=2_000).contains(&all), "{all}");
}
