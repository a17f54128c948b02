//! Indexes: definitions, entries, scans.

use std::ops::Bound;

use super::*;
use crate::{Index, IndexKind, IndexRange, IndexScan};

fn create(database: &Database, definition: &str) -> Result<Arc<Index>> {
    Ok(database.create_index("c", &parse(definition))?.index)
}

/// The keys that a scan gives, in its order, read by pages of two.
fn scan(database: &Database, index: &Index, scan: &IndexScan) -> Vec<String> {
    let c = database.collection("c").unwrap();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let (mut keys, mut position) = (Vec::new(), None);
    loop {
        let page = transaction
            .index_scan(&c, index, scan, position.as_ref(), 2)
            .unwrap();
        keys.extend(page.entries.iter().map(|entry| entry.key.to_string()));
        position = page.next;
        if position.is_none() {
            return keys;
        }
    }
}

fn values(text: &str) -> Vec<Value> {
    parse(text).as_array().unwrap().to_vec()
}

#[test]
fn wrong_definitions_are_refused_with_the_documented_numbers() {
    let (database, _) = open_with(&CollectionOptions::new("c"));
    for (definition, expected) in [
        ("{}", 10),
        (r#"{"type":"none","fields":["a"]}"#, 10),
        (r#"{"type":"persistent"}"#, 10),
        (r#"{"type":"persistent","fields":[]}"#, 10),
        (r#"{"type":"persistent","fields":["_id"]}"#, 10),
        (r#"{"type":"persistent","fields":["a","a"]}"#, 10),
        (r#"{"type":"persistent","fields":["a..b"]}"#, 10),
        (
            r#"{"type":"persistent","fields":["a"],"storedValues":["a"]}"#,
            10,
        ),
        (r#"{"type":"persistent","fields":["a"],"unique":1}"#, 10),
        (r#"{"type":"persistent","fields":["a"],"name":"a/b"}"#, 1208),
        (
            r#"{"type":"persistent","fields":["a"],"name":"primary"}"#,
            1208,
        ),
        (r#"{"type":"geo","fields":["a"]}"#, 9),
    ] {
        assert_eq!(
            number(create(&database, definition)),
            expected,
            "{definition}"
        );
    }
    assert_eq!(number(database.create_index("none", &parse("{}"))), 1203);
}

#[test]
fn equal_definitions_are_one_index() {
    let (database, _) = open_with(&CollectionOptions::new("c"));
    let first = database
        .create_index(
            "c",
            &parse(r#"{"type":"persistent","fields":["a"],"name":"one"}"#),
        )
        .unwrap();
    assert!(first.is_newly_created);
    let again = database
        .create_index(
            "c",
            &parse(r#"{"type":"persistent","fields":["a"],"name":"two"}"#),
        )
        .unwrap();
    assert!(!again.is_newly_created);
    assert_eq!(again.index.name(), "one");
    let taken = r#"{"type":"persistent","fields":["b"],"name":"one"}"#;
    assert_eq!(number(create(&database, taken)), 1005);
    let other = create(&database, r#"{"type":"hash","fields":["a"]}"#).unwrap();
    assert_eq!(
        (other.kind(), other.type_name()),
        (IndexKind::Persistent, "hash")
    );
    assert_eq!(other.name(), format!("idx_{}", other.public_number()));
    let c = database.collection("c").unwrap();
    for handle in [
        other.name().to_owned(),
        other.public_number(),
        format!("c/{}", other.public_number()),
    ] {
        assert_eq!(c.find_index(&handle).unwrap().name(), other.name());
    }
    assert!(
        c.find_index(&format!("d/{}", other.public_number()))
            .is_none()
    );
    assert_eq!(number(database.drop_index("c", "none")), 1212);
    assert_eq!(number(database.drop_index("c", "primary")), 11);
    assert_eq!(
        database.drop_index("c", other.name()).unwrap(),
        other.public_number()
    );
    assert_eq!(number(database.drop_index("c", other.name())), 1212);
}

#[test]
fn indexes_are_shown_as_documented() {
    let database = open().system();
    database
        .create_collection(&CollectionOptions::edge("c"))
        .unwrap();
    let text = r#"{"type":"skiplist","fields":["a","b.c"],"sparse":true,"name":"n"}"#;
    create(&database, text).unwrap();
    let c = database.collection("c").unwrap();
    let shown: Vec<String> = c
        .indexes()
        .map(|index| {
            let mut object = index.to_object(&c);
            object.insert("id", "");
            json::to_string(&Value::object(object))
        })
        .collect();
    let edge = concat!(
        r#"{"fields":["_from","_to"],"id":"","name":"edge","selectivityEstimate":1,"#,
        r#""sparse":false,"type":"edge","unique":false}"#
    );
    let expected = [
        concat!(
            r#"{"fields":["_key"],"id":"","name":"primary","selectivityEstimate":1,"#,
            r#""sparse":false,"type":"primary","unique":true}"#
        ),
        edge,
        edge,
        concat!(
            r#"{"cacheEnabled":false,"deduplicate":true,"estimates":true,"#,
            r#""fields":["a","b.c"],"id":"","name":"n","selectivityEstimate":1,"#,
            r#""sparse":true,"type":"skiplist","unique":false}"#
        ),
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        c.primary_index().to_object(&c).get("id"),
        Some(&"c/0".into())
    );
}

#[test]
fn ranges_select_in_value_order() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    for (key, text) in [
        ("null", r#""x":1"#),
        ("one", r#""a":1,"b":"q""#),
        ("one2", r#""a":1.0,"b":"r""#),
        ("two", r#""a":2,"b":"p""#),
        ("text", r#""a":"t""#),
        ("list", r#""a":[1]"#),
    ] {
        insert(&database, &c, &format!(r#"{{"_key":"{key}",{text}}}"#)).unwrap();
    }
    let index = create(&database, r#"{"type":"persistent","fields":["a","b"]}"#).unwrap();
    let range = |lower: Bound<&str>, upper: Bound<&str>| IndexRange {
        lower: lower.map(values),
        upper: upper.map(values),
    };
    use Bound::{Excluded, Included, Unbounded};
    for (ranges, expected) in [
        (vec![IndexRange::all()], "null one one2 two text list"),
        (vec![IndexRange::equal(values("[1]"))], "one one2"),
        (vec![IndexRange::equal(values(r#"[1,"r"]"#))], "one2"),
        (vec![range(Excluded("[1]"), Unbounded)], "two text list"),
        (vec![range(Included("[1]"), Excluded("[2]"))], "one one2"),
        (
            vec![range(Excluded("[null]"), Included("[2]"))],
            "one one2 two",
        ),
        (vec![range(Excluded(r#"[1,"q"]"#), Included("[1]"))], "one2"),
        (vec![range(Included("[2]"), Included("[1]"))], ""),
        (
            vec![
                IndexRange::equal(values("[0]")),
                IndexRange::equal(values("[1]")),
                IndexRange::equal(values(r#"["t"]"#)),
            ],
            "one one2 text",
        ),
    ] {
        let forward = IndexScan::forward(ranges);
        assert_eq!(scan(&database, &index, &forward).join(" "), expected);
        let reverse = IndexScan {
            reverse: true,
            ..forward
        };
        let mut backward = scan(&database, &index, &reverse);
        backward.reverse();
        assert_eq!(backward.join(" "), expected);
    }
    check_verified(&database);
}

#[test]
fn the_primary_index_is_scanned_by_key() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    for key in ["a", "b", "b1", "c"] {
        insert(&database, &c, &format!(r#"{{"_key":"{key}"}}"#)).unwrap();
    }
    let primary = c.primary_index();
    use Bound::{Excluded, Included, Unbounded};
    for (lower, upper, expected) in [
        (Unbounded, Unbounded, "a b b1 c"),
        (Included(r#"["b"]"#), Excluded(r#"["c"]"#), "b b1"),
        (Excluded(r#"["b"]"#), Unbounded, "b1 c"),
        (Included(r#"["b"]"#), Included(r#"["b"]"#), "b"),
        (Excluded("[null]"), Included("[7]"), ""),
        (Included("[7]"), Excluded("[[]]"), "a b b1 c"),
        (Included("[[]]"), Unbounded, ""),
    ] {
        let lower = lower.map(values);
        let upper = upper.map(values);
        let whole = IndexScan::forward(vec![IndexRange { lower, upper }]);
        assert_eq!(scan(&database, primary, &whole).join(" "), expected);
    }
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let lists = [values(r#"["b"]"#), values(r#"["none"]"#), values("[1]")];
    let found = transaction
        .index_documents_many(&c, primary, &lists)
        .unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
}

#[test]
fn covered_values_are_exact() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let index = create(
        &database,
        r#"{"type":"persistent","fields":["a"],"storedValues":["s.t"]}"#,
    )
    .unwrap();
    let unique = create(
        &database,
        r#"{"type":"persistent","fields":["a"],"unique":true}"#,
    )
    .unwrap();
    let texts = [
        "[1,null]",
        r#"{"z":null,"b":1}"#,
        "1e16",
        "-0.5",
        r#""x""#,
        "7",
        "null",
    ];
    for (at, text) in texts.iter().enumerate() {
        insert(
            &database,
            &c,
            &format!(r#"{{"_key":"{at}","a":{text},"s":{{"t":{at}}}}}"#),
        )
        .unwrap();
    }
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    for (index, stored) in [(&index, true), (&unique, false)] {
        let all = IndexScan {
            covering: true,
            ..IndexScan::forward(vec![IndexRange::all()])
        };
        let page = transaction.index_scan(&c, index, &all, None, 100).unwrap();
        assert_eq!(page.entries.len(), texts.len());
        for entry in page.entries {
            let at: usize = entry.key.as_str().parse().unwrap();
            let covered = entry.covered.unwrap();
            assert_eq!(
                json::to_string(&covered[0]),
                json::to_string(&parse(texts[at]))
            );
            assert_eq!(covered.get(1).cloned(), stored.then(|| Value::from(at)));
        }
    }
}

#[test]
fn unique_and_sparse_follow_the_documented_rules() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    create(
        &database,
        r#"{"type":"persistent","fields":["u","v"],"unique":true,"name":"uv"}"#,
    )
    .unwrap();
    insert(&database, &c, r#"{"_key":"a","u":1}"#).unwrap();
    let error = insert(&database, &c, r#"{"_key":"b","u":1,"v":null}"#).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1210, 409));
    assert_eq!(
        error.message(),
        "unique constraint violated - in index uv of type persistent over 'u, v'; \
         conflicting key: a"
    );
    insert(&database, &c, r#"{"_key":"b","u":1,"v":2}"#).unwrap();
    assert_eq!(number(update(&database, &c, "b", r#"{"v":null}"#)), 1210);
    update(&database, &c, "a", r#"{"u":5}"#).unwrap();
    update(&database, &c, "b", r#"{"v":null}"#).unwrap();
    remove(&database, &c, "b").unwrap();
    insert(&database, &c, r#"{"u":1}"#).unwrap();
    database.drop_index("c", "uv").unwrap();
    let sparse = r#"{"type":"hash","fields":["s","t"],"unique":true,"sparse":true}"#;
    let sparse = create(&database, sparse).unwrap();
    for text in [
        "{}",
        "{}",
        r#"{"s":1}"#,
        r#"{"s":1,"t":null}"#,
        r#"{"s":1,"t":1}"#,
    ] {
        insert(&database, &c, text).unwrap();
    }
    assert_eq!(number(insert(&database, &c, r#"{"s":1,"t":1}"#)), 1210);
    let all = IndexScan::forward(vec![IndexRange::all()]);
    assert_eq!(scan(&database, &sparse, &all).len(), 1);
    check_verified(&database);
}

#[test]
fn arrays_are_indexed_by_their_members() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let tags = create(
        &database,
        r#"{"type":"persistent","fields":["t[*].n","x"]}"#,
    )
    .unwrap();
    let text = r#"{"_key":"a","t":[{"n":1},{"n":2},{"n":1},{}],"x":5}"#;
    insert(&database, &c, text).unwrap();
    insert(&database, &c, r#"{"_key":"b","t":[],"x":5}"#).unwrap();
    insert(&database, &c, r#"{"_key":"c","t":7}"#).unwrap();
    let all = IndexScan::forward(vec![IndexRange::all()]);
    assert_eq!(scan(&database, &tags, &all), ["a", "a", "a"]);
    assert!(!tags.is_covering());
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let found = transaction
        .index_lookup_many(&c, &tags, &[values("[2,5]"), values("[2,6]"), values("[]")])
        .unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    let strict = r#"{"type":"persistent","fields":["u[*]"],"unique":true,"deduplicate":false}"#;
    create(&database, strict).unwrap();
    assert_eq!(number(insert(&database, &c, r#"{"u":[1,1]}"#)), 1210);
    let mild = r#"{"type":"persistent","fields":["w[*]"],"unique":true}"#;
    create(&database, mild).unwrap();
    insert(&database, &c, r#"{"w":[1,1]}"#).unwrap();
    assert_eq!(number(insert(&database, &c, r#"{"w":[2,1]}"#)), 1210);
    check_verified(&database);
}

#[test]
fn edges_are_found_by_both_ends() {
    let database = open().system();
    let c = database
        .create_collection(&CollectionOptions::edge("c"))
        .unwrap();
    for (key, from, to) in [
        ("1", "v/a", "v/b"),
        ("2", "v/a", "v/c"),
        ("3", "v/c", "v/a"),
    ] {
        let text = format!(r#"{{"_key":"{key}","_from":"{from}","_to":"{to}"}}"#);
        insert(&database, &c, &text).unwrap();
    }
    let ends: Vec<Arc<Index>> = c
        .indexes()
        .filter(|index| index.kind() == IndexKind::Edge)
        .cloned()
        .collect();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let mut count = |index: &Index| {
        let lists = [values(r#"["v/a"]"#), values(r#"["v/c"]"#)];
        let found = transaction.index_lookup_many(&c, index, &lists).unwrap();
        found.iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!((count(&ends[0]), count(&ends[1])), (vec![2, 1], vec![1, 1]));
    let figures = transaction.figures(&c).unwrap();
    assert_eq!(figures.indexes, 2);
    check_verified(&database);
}

#[test]
fn an_index_over_documents_that_violate_it_is_refused_and_leaves_nothing() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    for n in 0..20 {
        insert(
            &database,
            &c,
            &format!(r#"{{"_key":"{n:02}","u":{}}}"#, n % 19),
        )
        .unwrap();
    }
    let definition = r#"{"type":"persistent","fields":["u"],"unique":true}"#;
    let error = create(&database, definition).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1210, 400));
    let c2 = database.collection("c").unwrap();
    assert_eq!(c2.indexes().count(), 1);
    remove(&database, &c, "19").unwrap();
    let index = create(&database, definition).unwrap();
    let all = IndexScan::forward(vec![IndexRange::all()]);
    assert_eq!(scan(&database, &index, &all).len(), 19);
    check_verified(&database);
}

#[test]
fn several_arrays_make_every_combination_within_a_limit() {
    let (databases, _) = open_with_settings(|settings| settings.index_document_entries_max = 6);
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let definition = r#"{"type":"persistent","fields":["a[*]","b[*].c"],"storedValues":["s"]}"#;
    let index = create(&database, definition).unwrap();
    let document = r#"{"_key":"1","a":[1,2,2],"b":[{"c":"x"},{"c":"y"}],"s":5}"#;
    insert(&database, &c, document).unwrap();
    for (document, entries) in [
        (r#"{"_key":"2","a":[],"b":[{"c":"x"}]}"#, 0),
        (r#"{"_key":"3","a":[null],"b":[null]}"#, 1),
        (r#"{"_key":"4","a":"text","b":[1]}"#, 0),
    ] {
        insert(&database, &c, document).unwrap();
        let key = document.get(9..10).unwrap();
        let all = scan(
            &database,
            &index,
            &IndexScan::forward(vec![IndexRange::all()]),
        );
        assert_eq!(all.iter().filter(|found| *found == key).count(), entries);
    }
    let pair = IndexRange::equal(values(r#"[2,"y"]"#));
    assert_eq!(
        scan(&database, &index, &IndexScan::forward(vec![pair])),
        ["1"]
    );
    let many = r#"{"_key":"5","a":[1,2,3,4],"b":[1,2]}"#;
    let error = insert(&database, &c, many).unwrap_err();
    assert!(
        error.message().contains("index_document_entries_max"),
        "{error}"
    );
    update(&database, &c, "1", r#"{"s":6,"a":[2,3]}"#).unwrap();
    remove(&database, &c, "3").unwrap();
    check_verified(&database);
}

#[test]
fn an_array_with_repetitions_violates_an_index_that_does_not_remove_them() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let definition = |deduplicate: bool| {
        format!(
            r#"{{"type":"persistent","fields":["a[*]"],"unique":true,"deduplicate":{deduplicate}}}"#
        )
    };
    insert(&database, &c, r#"{"_key":"1","a":[1,1]}"#).unwrap();
    assert_eq!(number(create(&database, &definition(false))), 1210);
    create(&database, &definition(true)).unwrap();
    remove(&database, &c, "1").unwrap();
    create(&database, &definition(false)).unwrap();
    assert_eq!(number(insert(&database, &c, r#"{"a":[2,2]}"#)), 1210);
    check_verified(&database);
}
