//! Collections that are truncated, renamed, changed and dropped while transactions use them.

use super::*;
use crate::{CollectionChanges, ErrorKind};

/// A database with a collection of three documents and one by which to see half commits.
fn shop() -> (Database, Arc<Collection>, Arc<Collection>) {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let other = database
        .create_collection(&CollectionOptions::new("other"))
        .unwrap();
    database
        .create_index("c", &parse(r#"{"type":"persistent","fields":["n"]}"#))
        .unwrap();
    let c = database.collection(c.name()).unwrap();
    for n in 0..3 {
        insert(&database, &c, &format!(r#"{{"_key":"k{n}","n":{n}}}"#)).unwrap();
    }
    (database, c, other)
}

fn count(database: &Database, name: &str) -> u64 {
    let collection = database.collection(name).unwrap();
    run(database, |transaction| transaction.count(&collection)).unwrap()
}

/// Begins a transaction, writes to both collections, lets `meanwhile` happen, writes again and
/// commits; what became of it.
fn interrupted(
    database: &Database,
    c: &Collection,
    other: &Collection,
    meanwhile: impl FnOnce(),
) -> Result<()> {
    let mut transaction = database.begin(TransactionOptions::default())?;
    let options = WriteOptions::default();
    transaction.insert(other, vec![parse("{}")], &options)?;
    transaction.insert(c, vec![parse("{}")], &options)?;
    meanwhile();
    transaction.insert(c, vec![parse("{}")], &options)?;
    assert_eq!(
        transaction.count(c)?,
        5,
        "it sees its snapshot and its writes"
    );
    transaction.commit()
}

#[test]
fn writers_of_a_dropped_collection_conflict_and_write_nothing() {
    let (database, c, other) = shop();
    let drop_it = || assert_eq!(database.drop_collection("c", false).unwrap(), c.id());
    let error = interrupted(&database, &c, &other, drop_it).unwrap_err();
    assert_eq!(
        (error.code().number(), error.kind()),
        (1200, ErrorKind::Conflict)
    );
    assert_eq!(count(&database, "other"), 0);
    // Begun again, it does not find the collection.
    assert_eq!(number(interrupted(&database, &c, &other, || {})), 1203);
    assert_eq!(count(&database, "other"), 0);
    // A collection of the same name is another one.
    let again = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    assert_ne!(again.id(), c.id());
    assert_eq!(count(&database, "c"), 0);
    assert_eq!(number(insert(&database, &c, "{}")), 1203);
    check_verified(&database);
}

#[test]
fn writers_of_a_changed_collection_conflict() {
    let changes = CollectionChanges::parse(&parse(r#"{"schema":{"rule":{"required":["x"]}}}"#));
    let changes = changes.unwrap();
    let alter: [fn(&Database, &CollectionChanges); 3] = [
        |database, _| drop(database.rename_collection("c", "d").unwrap()),
        |database, changes| drop(database.change_collection("c", changes).unwrap()),
        |database, _| {
            let definition = parse(r#"{"type":"persistent","fields":["m"]}"#);
            drop(database.create_index("c", &definition).unwrap());
        },
    ];
    for alter in alter {
        let (database, c, other) = shop();
        let error = interrupted(&database, &c, &other, || alter(&database, &changes)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(count(&database, "other"), 0);
        check_verified(&database);
    }
}

#[test]
fn readers_keep_what_they_began_with() {
    let (database, c, _) = shop();
    let mut reader = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(reader.count(&c).unwrap(), 3);
    let first = reader.scan(&c, None, 1).unwrap();
    run(&database, |transaction| transaction.truncate(&c)).unwrap();
    assert_eq!(count(&database, "c"), 0);
    insert(&database, &c, r#"{"_key":"k1","late":true}"#).unwrap();
    database.rename_collection("c", "d").unwrap();
    database.drop_collection("d", false).unwrap();
    // Its cursor goes on, under the name that the collection had.
    let rest = reader.scan(&c, first.next.as_ref(), 10).unwrap();
    let ids: Vec<String> = rest.documents.iter().map(crate::Document::id).collect();
    assert_eq!(ids, ["c/k1", "c/k2"]);
    assert_eq!(rest.documents.first().unwrap().get("late"), None);
    assert_eq!(reader.count(&c).unwrap(), 3);
    assert!(reader.collection("c").is_ok());
    drop(reader);
    assert_eq!(number(database.collection("c")), 1203);
}

#[test]
fn truncating_and_writing_at_once_leaves_a_right_count() {
    let (database, c, _) = shop();
    let mut truncating = database.begin(TransactionOptions::default()).unwrap();
    assert_eq!(truncating.truncate(&c).unwrap(), 3);
    let options = WriteOptions::default();
    truncating
        .insert(&c, vec![parse(r#"{"_key":"k0","n":9}"#)], &options)
        .unwrap();
    assert_eq!(truncating.count(&c).unwrap(), 1);
    insert(&database, &c, r#"{"_key":"between"}"#).unwrap();
    let outcome = truncating.commit();
    let expected = if outcome.is_ok() { 1 } else { 4 };
    assert_eq!(count(&database, "c"), expected);
    check_verified(&database);

    // And the other way round.
    let mut writing = database.begin(TransactionOptions::default()).unwrap();
    writing.insert(&c, vec![parse("{}")], &options).unwrap();
    run(&database, |transaction| transaction.truncate(&c)).unwrap();
    let written = u64::from(writing.commit().is_ok());
    assert_eq!(count(&database, "c"), written);
    check_verified(&database);
    // What is rolled back was not there.
    let mut given_up = database.begin(TransactionOptions::default()).unwrap();
    given_up.truncate(&c).unwrap();
    drop(given_up);
    assert_eq!(count(&database, "c"), written);
    check_verified(&database);
}

#[test]
fn counts_can_be_made_anew_and_indexes_counted() {
    let (database, c, _) = shop();
    assert_eq!(database.recalculate_count(&c).unwrap(), 3);
    insert(&database, &c, "{}").unwrap();
    assert_eq!(database.recalculate_count(&c).unwrap(), 4);
    assert_eq!(count(&database, "c"), 4);
    let entries = run(&database, |transaction| transaction.index_entries(&c)).unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|index| (index.type_name.as_str(), index.entries))
        .collect();
    assert_eq!(shown, [("primary", 4), ("persistent", 4)]);
    let edges = database
        .create_collection(&CollectionOptions::edge("edges"))
        .unwrap();
    insert(&database, &edges, r#"{"_from":"c/k1","_to":"c/k2"}"#).unwrap();
    let entries = run(&database, |transaction| transaction.index_entries(&edges)).unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|index| (index.number.as_str(), index.entries))
        .collect();
    assert_eq!(shown, [("0", 1), ("1", 2)]);
}

#[test]
fn a_truncated_collection_keeps_everything_but_its_documents() {
    let (database, c, _) = shop();
    let before = database.collection("c").unwrap();
    let mut reader = database.begin(TransactionOptions::read_only()).unwrap();
    let emptied = database.truncate_collection("c").unwrap();
    assert_eq!(emptied.id(), c.id());
    let numbers = |c: &Collection| c.indexes().map(|i| i.public_number()).collect::<Vec<_>>();
    assert_eq!(numbers(&emptied), numbers(&before));
    assert_eq!(reader.count(&emptied).unwrap(), 3, "its snapshot is older");
    assert!(reader.get(&emptied, "k1").unwrap().is_some());
    assert_eq!(count(&database, "c"), 0);
    // Whoever remembers the former version works with the latest.
    insert(&database, &c, r#"{"_key":"k1","n":7}"#).unwrap();
    let mut after = database.begin(TransactionOptions::read_only()).unwrap();
    let index = before.indexes().nth(1).unwrap();
    let found = after.index_lookup_many(&before, index, &[vec![1.into()], vec![7.into()]]);
    let found: Vec<usize> = found.unwrap().iter().map(Vec::len).collect();
    assert_eq!(found, [0, 1]);
    assert_eq!(after.scan(&before, None, 10).unwrap().documents.len(), 1);
    assert_eq!(index_of(&database, 1).entries_estimate(), Some(1));
    check_verified(&database);
}

fn index_of(database: &Database, at: usize) -> Arc<crate::Index> {
    let collection = database.collection("c").unwrap();
    Arc::clone(collection.indexes().nth(at).unwrap())
}

#[test]
fn what_was_truncated_before_a_restart_is_removed_after_it() {
    let engine = engine();
    {
        let (databases, _) = open_on(Arc::clone(&engine), START_MS);
        let database = databases.system();
        let options = CollectionOptions::edge("e");
        let e = database.create_collection(&options).unwrap();
        for n in 0..5 {
            let text = format!(r#"{{"_from":"v/{n}","_to":"v/{n}"}}"#);
            insert(&database, &e, &text).unwrap();
        }
        database.truncate_collection("e").unwrap();
        insert(&database, &e, r#"{"_key":"a","_from":"v/1","_to":"v/2"}"#).unwrap();
        assert_eq!(
            databases.remove_discarded(&true.into()).unwrap(),
            0,
            "stopped"
        );
    }
    let (databases, _) = open_on(Arc::clone(&engine), START_MS);
    let database = databases.system();
    assert_eq!(count(&database, "e"), 1);
    check_verified(&database);
    assert_eq!(databases.remove_discarded(&false.into()).unwrap(), 15);
    assert_eq!(count(&database, "e"), 1);
    check_verified(&database);
    let left = crate::verify_nothing_is_left(&databases).unwrap();
    assert_eq!(left.differences, []);
    let mut keys = engine.begin(store::BeginOptions::read_only()).unwrap();
    let documents = store::KeyRange::prefix(vec![0x10]);
    let page = keys.scan(&store::Scan::forward(documents)).unwrap();
    assert_eq!(page.entries.len(), 1, "{page:?}");
}
