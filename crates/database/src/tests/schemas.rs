//! Schemas: which writes they refuse.
//!
//! Source: public documentation, "Data modeling / Schema validation".

use super::*;
use crate::{CollectionChanges, OverwriteMode};

const RULE: &str = r#"{"properties":{"n":{"type":"number"}},"required":["n"]}"#;

fn options(level: &str) -> CollectionOptions {
    let schema = format!(r#"{{"rule":{RULE},"level":"{level}","message":"n is wanted"}}"#);
    CollectionOptions::parse(&parse(&format!(r#"{{"name":"c","schema":{schema}}}"#))).unwrap()
}

fn set_schema(database: &Database, schema: &str) -> Result<Arc<Collection>> {
    let changes = CollectionChanges::parse(&parse(&format!(r#"{{"schema":{schema}}}"#)))?;
    database.change_collection("c", &changes)
}

#[test]
fn levels_choose_the_writes_that_are_checked() {
    // Level, then whether it refuses: a bad insert, a bad change of a good document, a bad
    // change of a bad document.
    for (level, refused) in [
        ("none", [false, false, false]),
        ("new", [true, false, false]),
        ("moderate", [true, true, false]),
        ("strict", [true, true, true]),
    ] {
        let (database, c) = open_with(&CollectionOptions::new("c"));
        insert(&database, &c, r#"{"_key":"bad"}"#).unwrap();
        insert(&database, &c, r#"{"_key":"good","n":1}"#).unwrap();
        let schema = format!(r#"{{"rule":{RULE},"level":"{level}","message":"n is wanted"}}"#);
        let c = set_schema(&database, &schema).unwrap();
        let bad = [
            insert(&database, &c, "{}").map(drop),
            update(&database, &c, "good", r#"{"n":"x"}"#).map(drop),
            update(&database, &c, "bad", r#"{"n":"x"}"#).map(drop),
        ];
        for (result, refused) in bad.into_iter().zip(refused) {
            assert_eq!(result.is_err(), refused, "{level}");
            if let Err(error) = result {
                assert_eq!(error.code().number(), 1620);
                assert_eq!((error.status(), error.message()), (400, "n is wanted"));
            }
        }
        for key in ["good", "bad"] {
            update(&database, &c, key, r#"{"n":2}"#).unwrap();
        }
        check_verified(&database);
    }
}

#[test]
fn every_kind_of_write_is_checked() {
    let (database, c) = open_with(&options("strict"));
    insert(&database, &c, r#"{"_key":"a","n":1}"#).unwrap();
    for overwrite_mode in [OverwriteMode::Replace, OverwriteMode::Update] {
        let options = WriteOptions {
            overwrite_mode,
            ..Default::default()
        };
        let text = r#"{"_key":"a","n":"x"}"#;
        assert_eq!(number(insert_with(&database, &c, text, &options)), 1620);
    }
    let replaced = run(&database, |transaction| {
        let change = (Selector::key("a")?, parse("{}"));
        let options = WriteOptions::default();
        transaction.replace(&c, vec![change], &options)?.remove(0)
    });
    assert_eq!(number(replaced), 1620);
    let without_null = WriteOptions {
        keep_null: false,
        ..Default::default()
    };
    let removed = run(&database, |transaction| {
        let change = (Selector::key("a")?, parse(r#"{"n":null}"#));
        transaction
            .update(&c, vec![change], &without_null)?
            .remove(0)
    });
    assert_eq!(number(removed), 1620);
    // One of many that fails leaves the others.
    run(&database, |transaction| {
        let documents = vec![parse(r#"{"n":2}"#), parse("{}"), parse(r#"{"n":3}"#)];
        let results = transaction.insert(&c, documents, &WriteOptions::default())?;
        let failed: Vec<bool> = results.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, false]);
        Ok(())
    })
    .unwrap();
    check_verified(&database);
}

#[test]
fn schemas_can_be_shown_changed_and_taken_away() {
    let engine = engine();
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let database = databases.system();
    let c = database.create_collection(&options("moderate")).unwrap();
    let expected =
        format!(r#"{{"rule":{RULE},"level":"moderate","message":"n is wanted","type":"json"}}"#);
    assert_eq!(json::to_string(&c.schema_value()), expected);
    drop((databases, database));

    let (databases, _) = open_on(engine, START_MS);
    let database = databases.system();
    let c = database.collection("c").unwrap();
    assert_eq!(json::to_string(&c.schema_value()), expected);
    assert_eq!(number(insert(&database, &c, "{}")), 1620);
    let renamed = database.rename_collection("c", "d").unwrap();
    assert_eq!(number(insert(&database, &renamed, "{}")), 1620);
    database.rename_collection("d", "c").unwrap();
    set_schema(&database, &format!(r#"{{"rule":{RULE}}}"#)).unwrap();
    let error = insert(&database, &c, "{}").unwrap_err();
    assert_eq!(error.message(), "schema validation failed");
    for none in ["null", "{}"] {
        let c = set_schema(&database, none).unwrap();
        assert_eq!(c.schema_value(), Value::Null);
        insert(&database, &c, "{}").unwrap();
        set_schema(&database, &format!(r#"{{"rule":{RULE}}}"#)).unwrap();
    }
}

#[test]
fn wrong_definitions_are_refused() {
    let (database, _) = open_with(&CollectionOptions::new("c"));
    for wrong in [
        "1",
        "[]",
        r#"{"level":"none"}"#,
        r#"{"rule":[]}"#,
        r#"{"rule":{},"level":"some"}"#,
        r#"{"rule":{},"level":1}"#,
        r#"{"rule":{},"message":1}"#,
        r#"{"rule":{},"type":"xml"}"#,
        r#"{"rule":{"type":"nothing"}}"#,
        r#"{"rule":{"properties":[]}}"#,
        r#"{"rule":{"pattern":"("}}"#,
        r##"{"rule":{"$ref":"#/definitions/none"}}"##,
        r#"{"rule":{"$ref":"https://example.com/schema.json"}}"#,
        r#"{"rule":{"$ref":"file:///etc/passwd"}}"#,
    ] {
        assert_eq!(number(set_schema(&database, wrong)), 1621, "{wrong}");
        let text = format!(r#"{{"name":"d","schema":{wrong}}}"#);
        assert_eq!(
            number(CollectionOptions::parse(&parse(&text))),
            1621,
            "{wrong}"
        );
    }
}

#[test]
fn rules_are_of_draft_4_and_hide_system_attributes() {
    let cases = [
        // Rule, document, whether it is valid.
        (r#"{"type":"object"}"#, "{}", true),
        (r#"{"additionalProperties":false}"#, r#"{"_key":"k"}"#, true),
        (r#"{"maxProperties":1}"#, r#"{"_key":"k","a":1}"#, true),
        (r#"{"minProperties":1}"#, r#"{"_key":"k"}"#, false),
        (r#"{"required":["_key"]}"#, r#"{"_key":"k"}"#, false),
        (
            r#"{"properties":{"a":{"type":"integer"}}}"#,
            r#"{"a":1}"#,
            false,
        ),
        (
            r#"{"properties":{"a":{"multipleOf":1}}}"#,
            r#"{"a":7}"#,
            true,
        ),
        (
            r#"{"properties":{"a":{"multipleOf":1}}}"#,
            r#"{"a":7.5}"#,
            false,
        ),
        (
            r#"{"properties":{"a":{"minimum":3,"exclusiveMinimum":true}}}"#,
            r#"{"a":3}"#,
            false,
        ),
        (
            r#"{"properties":{"a":{"enum":[1,"x",{"b":[2]}]}}}"#,
            r#"{"a":{"b":[2.0]}}"#,
            true,
        ),
        (
            r#"{"properties":{"a":{"enum":[1,"x"]}}}"#,
            r#"{"a":2}"#,
            false,
        ),
        (
            r#"{"properties":{"a":{"uniqueItems":true}}}"#,
            r#"{"a":[1,1.0]}"#,
            false,
        ),
        (
            r#"{"properties":{"a":{"maxLength":1}}}"#,
            r#"{"a":"ä"}"#,
            true,
        ),
        (
            r#"{"patternProperties":{"^n":{"type":"null"}},"additionalProperties":false}"#,
            r#"{"nn":null}"#,
            true,
        ),
        (r#"{"dependencies":{"a":["b"]}}"#, r#"{"a":1}"#, false),
        (r#"{"not":{"required":["a"]}}"#, r#"{"a":1}"#, false),
        (
            r##"{"properties":{"a":{"$ref":"#"}},"additionalProperties":false}"##,
            r#"{"a":{"a":{"b":1}}}"#,
            false,
        ),
    ];
    for (rule, document, valid) in cases {
        let schema = crate::Schema::from_rule(&parse(rule)).unwrap().unwrap();
        let document = parse(document);
        let found = schema.is_valid(document.as_object().unwrap()).unwrap();
        assert_eq!(found, valid, "{rule} {document:?}");
    }
}
