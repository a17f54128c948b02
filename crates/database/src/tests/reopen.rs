//! What survives a restart, and a crash.

use std::time::Duration;

use super::*;

#[test]
fn definitions_documents_and_grants_survive() {
    let engine = engine();
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    databases.ensure_root("secret").unwrap();
    let shop = databases.create("shop", &[]).unwrap();
    let edges = shop
        .create_collection(&CollectionOptions::edge("edges"))
        .unwrap();
    shop.create_index(
        "edges",
        &parse(r#"{"type":"hash","fields":["n"],"unique":true}"#),
    )
    .unwrap();
    insert(
        &shop,
        &edges,
        r#"{"_key":"e","_from":"v/1","_to":"v/2","n":1}"#,
    )
    .unwrap();
    drop((databases, shop));
    let (databases, _) = open_on(engine, START_MS);
    let shop = databases.get("shop").unwrap();
    let found = shop.collection("edges").unwrap();
    assert_eq!((found.id(), found.kind()), (edges.id(), edges.kind()));
    assert_eq!(found.indexes().count(), 4);
    let text = r#"{"_from":"v/1","_to":"v/2","n":1}"#;
    assert_eq!(number(insert(&shop, &found, text)), 1210);
    assert!(
        databases
            .users()
            .authenticate("root", "secret")
            .unwrap()
            .is_some()
    );
    assert!(!databases.ensure_root("other").unwrap());
    check_verified(&shop);
}

#[test]
fn identifiers_grow_though_the_clock_goes_back() {
    let engine = engine();
    let (databases, clock) = open_on(Arc::clone(&engine), START_MS);
    clock.advance(Duration::from_secs(7200));
    let last = databases.next_tick().unwrap();
    drop(databases);
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let after_crash = databases.next_tick().unwrap();
    assert!(after_crash > last);
    drop(databases);
    let (databases, _) = open_on(engine, START_MS);
    assert!(databases.next_tick().unwrap() > after_crash);
}

#[test]
fn generated_numbers_go_on_without_a_gap_after_an_orderly_end() {
    let text = r#"{"name":"c","keyOptions":{"type":"autoincrement"}}"#;
    let options = CollectionOptions::parse(&parse(text)).unwrap();
    let shared: Arc<MemoryEngine> = Arc::new(MemoryEngine::new());
    let (databases, _) = open_on(shared.clone(), START_MS);
    let database = databases.system();
    let c = database.create_collection(&options).unwrap();
    let next = |database: &Database| {
        let c = database.collection("c").unwrap();
        insert(database, &c, "{}").unwrap().key.to_string()
    };
    assert_eq!(
        (next(&database), next(&database)),
        ("1".to_owned(), "2".to_owned())
    );
    database.release_keys().unwrap();
    drop(databases);
    let (databases, _) = open_on(shared.clone(), START_MS);
    assert_eq!(next(&databases.system()), "3");
    drop(databases);
    // A crash skips what was reserved and repeats nothing.
    let (databases, _) = open_on(shared, START_MS);
    assert_eq!(next(&databases.system()), "13");
    assert_eq!(databases.system().collection("c").unwrap().id(), c.id());
}

#[test]
fn an_interrupted_build_is_removed_at_the_next_start() {
    let engine = engine();
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    insert(&database, &c, r#"{"n":1}"#).unwrap();
    let definition = parse(r#"{"type":"hash","fields":["n"]}"#);
    database
        .change(|change| {
            let c = Arc::clone(change.catalog.get("c")?);
            change.add_index(&c, &definition, true)
        })
        .unwrap();
    assert_eq!(database.collection("c").unwrap().indexes().count(), 1);
    // Writers maintain it already.
    insert(&database, &c, r#"{"n":2}"#).unwrap();
    drop((databases, database));
    let (databases, _) = open_on(engine, START_MS);
    let database = databases.system();
    assert_eq!(database.collection("c").unwrap().maintained().count(), 0);
    let created = database.create_index("c", &definition).unwrap();
    assert!(created.is_newly_created);
    check_verified(&database);
}

#[test]
fn closing_gives_identifiers_back() {
    let engine: Arc<MemoryEngine> = Arc::new(MemoryEngine::new());
    let (databases, _) = open_on(engine, START_MS);
    databases.close().unwrap();
    let error = databases
        .system()
        .begin(TransactionOptions::default())
        .err()
        .unwrap();
    assert_eq!((error.code().number(), error.status()), (30, 503));
}
