//! Databases and collections.

use super::*;
use crate::{CollectionChanges, ErrorKind};

#[test]
fn a_fresh_server_has_the_documented_system_collections() {
    let databases = open();
    let names = |database: &Database| -> Vec<String> {
        let all = database.collections();
        all.iter()
            .map(|collection| collection.name().to_owned())
            .collect()
    };
    let every = [
        "_analyzers",
        "_appbundles",
        "_apps",
        "_aqlfunctions",
        "_frontend",
        "_graphs",
        "_jobs",
        "_queues",
    ];
    let system = names(&databases.system());
    assert!(
        every
            .iter()
            .all(|name| system.contains(&(*name).to_owned()))
    );
    assert!(system.contains(&"_users".to_owned()));
    let other = databases.create("other", &[]).unwrap();
    assert_eq!(names(&other), every);
    let jobs = other.collection("_jobs").unwrap();
    let types: Vec<&str> = jobs.indexes().map(|index| index.type_name()).collect();
    assert_eq!(types, ["primary", "skiplist", "skiplist"]);
    assert_eq!(databases.system().id().0, 1);
}

#[test]
fn databases_are_created_listed_and_dropped() {
    let databases = open();
    let shop = databases.create("shop", &[]).unwrap();
    let cart = shop
        .create_collection(&CollectionOptions::new("cart"))
        .unwrap();
    insert(&shop, &cart, r#"{"_key":"a"}"#).unwrap();
    assert_eq!(number(databases.create("shop", &[])), 1207);
    assert_eq!(number(databases.create("a/b", &[])), 1229);
    assert_eq!(number(databases.get("none")), 1228);
    assert_eq!(
        databases.names().iter().map(|n| &**n).collect::<Vec<_>>(),
        ["_system", "shop"]
    );
    assert_eq!(number(databases.drop("_system")), 11);
    databases.drop("shop").unwrap();
    assert_eq!(number(databases.drop("shop")), 1228);
    assert_eq!(number(insert(&shop, &cart, "{}")), 1228);
    let again = databases.create("shop", &[]).unwrap();
    assert_eq!(number(again.collection("cart")), 1203);
}

#[test]
fn too_many_databases_are_refused_by_name_of_the_limit() {
    let (platform, _) = Platform::simulated(START_MS, 1);
    let settings = Settings {
        databases_max: 2,
        ..settings()
    };
    let databases = Databases::open(engine(), platform, settings).unwrap();
    databases.create("a", &[]).unwrap();
    let error = databases.create("b", &[]).unwrap_err();
    assert_eq!(
        (error.code().number(), error.status(), error.kind()),
        (32, 400, ErrorKind::Limit)
    );
    assert!(error.message().contains("databases_max"));
}

#[test]
fn collections_keep_their_id_and_documents_when_renamed() {
    let (database, collection) = open_with(&CollectionOptions::new("old"));
    insert(&database, &collection, r#"{"_key":"a"}"#).unwrap();
    let renamed = database.rename_collection("old", "new").unwrap();
    assert_eq!(renamed.id(), collection.id());
    assert_eq!(number(database.collection("old")), 1203);
    assert_eq!(
        database
            .collection(&renamed.id().to_string())
            .unwrap()
            .name(),
        "new"
    );
    // The former definition still finds it, under its new name.
    assert_eq!(
        shown(&database, &collection, "a"),
        r#"{"_key":"a","_id":"new/a"}"#
    );
    let taken = database
        .create_collection(&CollectionOptions::new("other"))
        .unwrap();
    assert_eq!(
        number(database.rename_collection("new", taken.name())),
        1207
    );
    assert_eq!(number(database.rename_collection("new", "a/b")), 1208);
    assert_eq!(number(database.rename_collection("none", "x")), 1203);
    assert_eq!(number(database.rename_collection("_graphs", "x")), 11);
}

#[test]
fn collections_are_refused_with_the_documented_numbers() {
    let (database, collection) = open_with(&CollectionOptions::new("c"));
    let create = |text: &str| {
        let options = CollectionOptions::parse(&parse(text))?;
        database.create_collection(&options)
    };
    for (text, expected) in [
        (r#"{"name":"c"}"#, 1207),
        (r#"{"name":""}"#, 1208),
        (r#"{"name":"_x"}"#, 1208),
        (r#"{"name":"x/y"}"#, 1208),
        (r#"{"name":"x","type":4}"#, 1218),
        (r#"{"name":"x","waitForSync":1}"#, 10),
        (r#"{"name":"x","keyOptions":{"type":"none"}}"#, 10),
        (r#"{"name":"x","schema":{"rule":1}}"#, 1621),
        (r#"{"name":"x","computedValues":[{}]}"#, 10),
        (r#"{"name":"x","computedValues":1}"#, 10),
        (
            r#"{"name":"x","computedValues":[{"name":"a","expression":"x","overwrite":true}]}"#,
            9,
        ),
    ] {
        assert_eq!(number(create(text)), expected, "{text}");
    }
    create(r#"{"name":"_x","isSystem":true,"numberOfShards":3,"schema":null}"#).unwrap();
    assert_eq!(number(database.drop_collection("_x", false)), 11);
    database.drop_collection("_x", true).unwrap();
    database.drop_collection("c", false).unwrap();
    assert_eq!(number(database.drop_collection("c", false)), 1203);
    let error = insert(&database, &collection, "{}").unwrap_err();
    assert_eq!(error.message(), "collection or view not found: c");
}

#[test]
fn properties_are_shown_and_changed() {
    let options = parse(r#"{"name":"c","type":3,"keyOptions":{"type":"autoincrement"}}"#);
    let options = CollectionOptions::parse(&options).unwrap();
    let (database, collection) = open_with(&options);
    let shown = Value::object(collection.to_properties_object());
    assert_eq!(
        json::to_string(shown.get("keyOptions")),
        r#"{"allowUserKeys":true,"type":"autoincrement","offset":0,"increment":1,"lastValue":0}"#
    );
    assert_eq!(shown.get("type"), &Value::from(3));
    let changes = CollectionChanges::parse(&parse(r#"{"waitForSync":true,"x":1}"#)).unwrap();
    assert!(
        database
            .change_collection("c", &changes)
            .unwrap()
            .wait_for_sync()
    );
}

#[test]
fn a_change_by_another_coordinator_is_noticed() {
    let engine = engine();
    let (one, _) = open_on(Arc::clone(&engine), START_MS);
    let (two, clock) = open_on(engine, START_MS);
    clock.advance(std::time::Duration::from_secs(3600));
    one.system()
        .create_collection(&CollectionOptions::new("a"))
        .unwrap();
    assert_eq!(
        number(two.system().create_collection(&CollectionOptions::new("a"))),
        1207
    );
    two.system()
        .create_collection(&CollectionOptions::new("b"))
        .unwrap();
    assert!(two.system().find_collection("a").is_some());
}
