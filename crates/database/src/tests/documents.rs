//! Documents: what writes accept, answer and refuse.

use super::*;
use crate::{CollectionAccess, Error, ErrorKind, OverwriteMode};

#[test]
fn documents_are_inserted_read_changed_and_removed() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let inserted = insert(
        &database,
        &c,
        r#"{"_key":"a","_id":"x/y","_rev":"z","n":1}"#,
    )
    .unwrap();
    assert_eq!((inserted.id.as_str(), inserted.old_rev), ("c/a", None));
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","n":1}"#
    );
    let text = r#"{"_key":"b","_id":"c/b","_rev":"q","m":2}"#;
    let updated = update(&database, &c, "a", text).unwrap();
    assert_eq!(updated.old_rev, Some(inserted.rev));
    assert!(updated.rev > inserted.rev);
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","n":1,"m":2}"#
    );
    run(&database, |transaction| {
        let change = (Selector::key("a")?, parse(r#"{"only":true}"#));
        let options = WriteOptions {
            return_old: true,
            return_new: true,
            ..Default::default()
        };
        let result = transaction.replace(&c, vec![change], &options)?.remove(0)?;
        assert_eq!(result.old.unwrap().get("m"), Some(2.into()));
        assert_eq!(result.new.unwrap().get("only"), Some(true.into()));
        assert_eq!(transaction.count(&c)?, 1);
        Ok(())
    })
    .unwrap();
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","only":true}"#
    );
    let removed = remove(&database, &c, "a").unwrap();
    assert_eq!((removed.id.as_str(), removed.old_rev), ("c/a", None));
    assert_eq!(shown(&database, &c, "a"), "null");
    assert_eq!(number(remove(&database, &c, "a")), 1202);
    assert_eq!(number(update(&database, &c, "a", "{}")), 1202);
    check_verified(&database);
}

#[test]
fn results_are_written_in_the_documented_order() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let first = insert(&database, &c, r#"{"_key":"a"}"#).unwrap();
    let options = WriteOptions {
        return_old: true,
        return_new: true,
        overwrite_mode: OverwriteMode::Replace,
        ..WriteOptions::default()
    };
    let second = insert_with(&database, &c, r#"{"_key":"a","n":1}"#, &options).unwrap();
    let mut text = Vec::new();
    second.write_json(&mut text);
    let (old, new) = (first.rev, second.rev);
    let head = format!(r#"{{"_id":"c/a","_key":"a","_rev":"{new}","_oldRev":"{old}""#);
    let old = format!(r#"{{"_key":"a","_id":"c/a","_rev":"{old}"}}"#);
    let new = format!(r#"{{"_key":"a","_id":"c/a","_rev":"{new}","n":1}}"#);
    let expected = format!(r#"{head},"old":{old},"new":{new}}}"#);
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn wrong_documents_are_refused_with_the_documented_numbers() {
    let options = r#"{"name":"c","keyOptions":{"allowUserKeys":false}}"#;
    let (database, closed) = open_with(&CollectionOptions::parse(&parse(options)).unwrap());
    let open = database
        .create_collection(&CollectionOptions::new("open"))
        .unwrap();
    let edges = database
        .create_collection(&CollectionOptions::edge("edges"))
        .unwrap();
    for (collection, text, expected) in [
        (&open, "[]", 1227),
        (&open, "null", 1227),
        (&open, r#"{"_key":1}"#, 1221),
        (&open, r#"{"_key":null}"#, 1221),
        (&open, r#"{"_key":"a/b"}"#, 1221),
        (&closed, r#"{"_key":"a"}"#, 1222),
        (&edges, "{}", 1233),
        (&edges, r#"{"_from":"a/1"}"#, 1233),
        (&edges, r#"{"_from":"a/1","_to":"b"}"#, 1233),
        (&edges, r#"{"_from":"a/1","_to":2}"#, 1233),
    ] {
        assert_eq!(
            number(insert(&database, collection, text)),
            expected,
            "{text}"
        );
    }
    insert(
        &database,
        &edges,
        r#"{"_key":"e","_from":"a/1","_to":"b/2"}"#,
    )
    .unwrap();
    assert_eq!(
        number(update(&database, &edges, "e", r#"{"_to":"x"}"#)),
        1233
    );
    update(&database, &edges, "e", r#"{"_to":"x/1","n":1}"#).unwrap();
    let expected = r#"{"_key":"e","_id":"edges/e","_from":"a/1","_to":"x/1","n":1}"#;
    assert_eq!(shown(&database, &edges, "e"), expected);
    insert(&database, &open, r#"{"_key":"a","n":1}"#).unwrap();
    let error = insert(&database, &open, r#"{"_key":"a"}"#).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1210, 409));
    assert_eq!(
        error.message(),
        "unique constraint violated - in index primary of type primary over '_key'; \
         conflicting key: a"
    );
    check_verified(&database);
}

#[test]
fn selectors_are_read_as_documented() {
    let (_, c) = open_with(&CollectionOptions::new("c"));
    let read = |text: &str| Selector::parse(&c, &parse(text), false);
    for (text, expected) in [
        (r#""""#, 1205),
        ("1", 1205),
        ("null", 1205),
        (r#""c/""#, 1205),
        (r#""d/a""#, 1213),
        (r#"{"_id":"d/a"}"#, 1213),
        (r#"{"_id":1}"#, 1205),
        (r#"{"_key":1}"#, 1221),
        (r#""a b""#, 1221),
        ("{}", 1226),
    ] {
        assert_eq!(number(read(text)), expected, "{text}");
    }
    for text in [
        r#""a""#,
        r#""c/a""#,
        r#"{"_key":"a"}"#,
        r#"{"_id":"c/a","_key":"b"}"#,
    ] {
        assert_eq!(read(text).unwrap(), Selector::key("a").unwrap(), "{text}");
    }
    let with_rev = parse(r#"{"_key":"a","_rev":"r"}"#);
    assert_eq!(
        Selector::parse(&c, &with_rev, false)
            .unwrap()
            .rev
            .as_deref(),
        Some("r")
    );
    assert_eq!(Selector::parse(&c, &with_rev, true).unwrap().rev, None);
}

#[test]
fn revisions_are_preconditions_when_given() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let stored = insert(&database, &c, r#"{"_key":"a"}"#).unwrap();
    let with_rev = |rev: &str| Selector {
        rev: Some(rev.to_owned()),
        ..Selector::key("a").unwrap()
    };
    let wrong = run(&database, |transaction| {
        let selector = with_rev("wrong");
        transaction.load(&c, &selector).unwrap_err();
        transaction
            .remove(&c, vec![selector], &WriteOptions::default())?
            .remove(0)
    });
    let error = wrong.unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1200, 412));
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(error.message(), "conflict, _rev values do not match");
    let document = error.document().unwrap();
    assert_eq!((document.id.as_str(), document.key.as_str()), ("c/a", "a"));
    assert_eq!(document.rev, stored.rev.to_string());
    run(&database, |transaction| {
        let selector = with_rev(&stored.rev.to_string());
        transaction
            .remove(&c, vec![selector], &WriteOptions::default())?
            .remove(0)
    })
    .unwrap();
}

#[test]
fn existing_documents_are_overwritten_as_asked() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let with = |mode: &str, keep_null, merge_objects, text| {
        let options = WriteOptions {
            overwrite_mode: OverwriteMode::parse(mode).unwrap(),
            keep_null,
            merge_objects,
            return_old: true,
            return_new: true,
            ..WriteOptions::default()
        };
        insert_with(&database, &c, text, &options)
    };
    let first = insert(&database, &c, r#"{"_key":"a","o":{"x":1},"n":1}"#).unwrap();
    let ignored = with("ignore", true, true, r#"{"_key":"a","n":2}"#).unwrap();
    assert_eq!(
        (ignored.rev, ignored.old_rev, ignored.is_unchanged),
        (first.rev, None, true)
    );
    assert!(ignored.old.is_none() && ignored.new.is_none());
    with(
        "update",
        false,
        true,
        r#"{"_key":"a","o":{"y":2},"n":null}"#,
    )
    .unwrap();
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","o":{"x":1,"y":2}}"#
    );
    with(
        "update",
        true,
        false,
        r#"{"_key":"a","o":{"z":3},"n":null}"#,
    )
    .unwrap();
    let expected = r#"{"_key":"a","_id":"c/a","o":{"z":3},"n":null}"#;
    assert_eq!(shown(&database, &c, "a"), expected);
    let replaced = with("replace", true, true, r#"{"_key":"a","r":1}"#).unwrap();
    assert!(replaced.old_rev.is_some());
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","r":1}"#
    );
    assert_eq!(number(OverwriteMode::parse("other")), 10);
    check_verified(&database);
}

#[test]
fn a_version_attribute_skips_what_is_not_newer() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let first = insert(&database, &c, r#"{"_key":"a","v":2}"#).unwrap();
    let versioned = |text: &str| {
        run(&database, |transaction| {
            let change = (Selector::key("a")?, parse(text));
            let version_attribute = Some("v".to_owned());
            let options = WriteOptions {
                version_attribute,
                ..WriteOptions::default()
            };
            transaction.update(&c, vec![change], &options)?.remove(0)
        })
    };
    for stale in [r#"{"v":2,"n":1}"#, r#"{"v":2.9,"n":1}"#, r#"{"v":1,"n":1}"#] {
        let result = versioned(stale).unwrap();
        assert_eq!(
            (result.rev, result.old_rev),
            (first.rev, Some(first.rev)),
            "{stale}"
        );
    }
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","v":2}"#
    );
    for written in [r#"{"v":3}"#, r#"{"v":-1}"#, r#"{"n":1}"#, r#"{"v":"x"}"#] {
        assert!(!versioned(written).unwrap().is_unchanged, "{written}");
    }
}

#[test]
fn items_of_a_batch_fail_alone_and_see_those_before() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let definition = parse(r#"{"type":"persistent","fields":["u"],"unique":true}"#);
    database.create_index("c", &definition).unwrap();
    let numbers = run(&database, |transaction| {
        let texts = [
            r#"{"_key":"a","u":1}"#,
            r#"{"_key":"b","u":1}"#,
            r#"{"_key":"a","u":2}"#,
            "7",
            r#"{"_key":"b","u":3}"#,
        ];
        let documents = texts.iter().map(|text| parse(text)).collect();
        let results = transaction.insert(&c, documents, &WriteOptions::default())?;
        let changes = ["a", "a", "x"]
            .iter()
            .map(|key| Ok((Selector::key(key)?, parse(r#"{"u":9}"#))))
            .collect::<Result<Vec<_>>>()?;
        let updates = transaction.update(&c, changes, &WriteOptions::default())?;
        let code =
            |result: Result<_>| result.map_or_else(|e| e.code().number(), |_: WriteResult| 0);
        Ok(results
            .into_iter()
            .chain(updates)
            .map(code)
            .collect::<Vec<_>>())
    })
    .unwrap();
    assert_eq!(numbers, [0, 1210, 1210, 1227, 0, 0, 0, 1202]);
    check_verified(&database);
}

#[test]
fn keys_are_generated_as_documented() {
    let database = open().system();
    let create = |name: &str, options: &str| {
        let text = format!(r#"{{"name":"{name}","keyOptions":{options}}}"#);
        let options = CollectionOptions::parse(&parse(&text)).unwrap();
        database.create_collection(&options).unwrap()
    };
    let keys = |c: &Collection, count: usize| -> Vec<String> {
        (0..count)
            .map(|_| insert(&database, c, "{}").unwrap().key.to_string())
            .collect()
    };
    let plain = create("plain", r#"{"type":"traditional"}"#);
    let numbers: Vec<u64> = keys(&plain, 3)
        .iter()
        .map(|key| key.parse().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers[0] < numbers[2]);
    let counted = create(
        "counted",
        r#"{"type":"autoincrement","offset":2,"increment":5}"#,
    );
    assert_eq!(keys(&counted, 3), ["2", "7", "12"]);
    let series = create("series", r#"{"type":"autoincrement"}"#);
    assert_eq!(keys(&series, 2), ["1", "2"]);
    // A failed insert consumes its number; a user's number is not given out again.
    let definition = parse(r#"{"type":"persistent","fields":["u"],"unique":true,"sparse":true}"#);
    database.create_index("series", &definition).unwrap();
    insert(&database, &series, r#"{"u":1}"#).unwrap();
    assert_eq!(number(insert(&database, &series, r#"{"u":1}"#)), 1210);
    insert(&database, &series, r#"{"_key":"40"}"#).unwrap();
    assert_eq!(keys(&series, 2), ["41", "42"]);
    let padded = keys(&create("padded", r#"{"type":"padded"}"#), 2);
    assert!(padded[0].len() == 16 && padded[0] < padded[1]);
    let uuid = keys(&create("uuid", r#"{"type":"uuid"}"#), 1).remove(0);
    assert!(uuid.len() == 36 && uuid.as_bytes()[14] == b'4', "{uuid}");
}

#[test]
fn generated_keys_step_around_taken_ones() {
    let (database, c) = open_with(
        &CollectionOptions::parse(&parse(r#"{"name":"c","keyOptions":{"type":"padded"}}"#))
            .unwrap(),
    );
    let first = insert(&database, &c, "{}").unwrap();
    let next = u64::from_str_radix(first.key.as_str(), 16).unwrap();
    for step in 1..50 {
        let taken = format!(r#"{{"_key":"{:016x}"}}"#, next + step);
        let _ = insert(&database, &c, &taken);
    }
    insert(&database, &c, "{}").unwrap();
    check_verified(&database);
}

#[test]
fn limits_are_named() {
    let (platform, _) = Platform::simulated(START_MS, 1);
    let small = Settings {
        document_bytes_max: 100,
        document_depth_max: 3,
        index_entry_bytes_max: 40,
        ..settings()
    };
    let database = Databases::open(engine(), platform, small).unwrap().system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["i"]}"#))
        .unwrap();
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(100));
    let entry = format!(r#"{{"i":"{}"}}"#, "x".repeat(40));
    for (text, setting) in [
        (long.as_str(), "document_bytes_max"),
        (r#"{"a":[[[]]]}"#, "document_depth_max"),
        (entry.as_str(), "index_entry_bytes_max"),
    ] {
        let error = insert(&database, &c, text).unwrap_err();
        assert_eq!((error.code().number(), error.status()), (10, 400));
        assert!(error.message().contains(setting), "{error}");
    }
    insert(&database, &c, r#"{"a":[[]]}"#).unwrap();
}

#[test]
fn transactions_see_themselves_and_roll_back() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut transaction = database.begin(TransactionOptions::default()).unwrap();
    let options = WriteOptions::default();
    transaction
        .insert(&c, vec![parse(r#"{"_key":"a"}"#)], &options)
        .unwrap();
    let savepoint = transaction.savepoint().unwrap();
    transaction
        .insert(&c, vec![parse(r#"{"_key":"b"}"#)], &options)
        .unwrap();
    assert_eq!(transaction.count(&c).unwrap(), 2);
    transaction.rollback_to(savepoint).unwrap();
    assert_eq!(transaction.count(&c).unwrap(), 1);
    assert!(transaction.get(&c, "b").unwrap().is_none());
    assert!(transaction.get(&c, "a").unwrap().is_some());
    assert_eq!(shown(&database, &c, "a"), "null");
    transaction.commit().unwrap();
    assert_eq!(shown(&database, &c, "a"), r#"{"_key":"a","_id":"c/a"}"#);
    let mut dropped = database.begin(TransactionOptions::default()).unwrap();
    dropped.truncate(&c).unwrap();
    drop(dropped);
    assert_ne!(shown(&database, &c, "a"), "null");
    check_verified(&database);
}

#[test]
fn undeclared_collections_are_refused() {
    let (database, a) = open_with(&CollectionOptions::new("a"));
    let b = database
        .create_collection(&CollectionOptions::new("b"))
        .unwrap();
    let access = |allow_implicit_reads| TransactionOptions {
        access: Some(Arc::new(CollectionAccess {
            read: vec!["a".to_owned()],
            write: Vec::new(),
            allow_implicit_reads,
            is_by_rights: false,
        })),
        ..TransactionOptions::default()
    };
    let mut strict = database.begin(access(false)).unwrap();
    assert!(strict.get(&a, "x").is_ok());
    assert_eq!(number(strict.get(&b, "x")), 1652);
    assert_eq!(
        number(strict.insert(&a, vec![], &WriteOptions::default())),
        1652
    );
    let mut lenient = database.begin(access(true)).unwrap();
    assert!(lenient.get(&b, "x").is_ok());
    assert_eq!(number(lenient.truncate(&b)), 1652);
    let mut read_only = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(number(read_only.truncate(&a)), 1004);
}

#[test]
fn scans_page_in_order_of_keys() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    run(&database, |transaction| {
        let documents = (0..25)
            .map(|n| parse(&format!(r#"{{"_key":"k{n:02}"}}"#)))
            .collect();
        transaction.insert(&c, documents, &WriteOptions::default())
    })
    .unwrap();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let (mut keys, mut position, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = transaction.scan(&c, position.as_ref(), 10).unwrap();
        keys.extend(
            page.documents
                .iter()
                .map(|document| document.key().to_string()),
        );
        pages += 1;
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!((keys.len(), pages, keys.is_sorted()), (25, 3, true));
    let many = transaction.get_many(&c, &["k01", "none", "k01"]).unwrap();
    assert_eq!(
        many.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, true]
    );
    let figures = transaction.figures(&c).unwrap();
    assert_eq!((figures.documents, figures.indexes), (25, 1));
    assert!(figures.documents_bytes > 25 * 20);
}

#[test]
fn truncating_removes_documents_and_entries() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["n"]}"#))
        .unwrap();
    for n in 0..5 {
        insert(&database, &c, &format!(r#"{{"n":{n}}}"#)).unwrap();
    }
    assert_eq!(
        run(&database, |transaction| transaction.truncate(&c)).unwrap(),
        5
    );
    insert(&database, &c, "{}").unwrap();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(transaction.count(&c).unwrap(), 1);
    check_verified(&database);
}

#[test]
fn checksums_depend_on_contents_and_not_on_order() {
    let database = open().system();
    let fill = |name: &str, keys: &[&str]| {
        let c = database
            .create_collection(&CollectionOptions::new(name))
            .unwrap();
        for key in keys {
            insert(&database, &c, &format!(r#"{{"_key":"{key}","n":1}}"#)).unwrap();
        }
        let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
        transaction
            .checksum(&c, false, true, || Ok(()))
            .unwrap()
            .checksum
    };
    let (one, two, three) = (
        fill("c", &["a", "b"]),
        fill("d", &["b", "a"]),
        fill("e", &["a"]),
    );
    assert_eq!(one, two);
    assert_ne!(one, three);
}

#[test]
fn revisions_change_with_every_commit_that_writes_and_never_come_back() {
    let databases = open();
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let revision = || {
        let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
        transaction.collection_revision(&c).unwrap()
    };
    let mut seen = vec![revision()];
    let mut is_new = |why: &str| {
        let now = revision();
        assert!(!seen.contains(&now), "{why}: {now} was there before");
        assert_eq!(now, revision(), "{why}: reading changes nothing");
        seen.push(now);
    };
    insert(&database, &c, r#"{"_key":"a"}"#).unwrap();
    is_new("insert");
    run(&database, |transaction| {
        let before = transaction.savepoint()?;
        transaction.truncate(&c)?;
        transaction.rollback_to(before)?;
        transaction.release(before)?;
        let selector = Selector::parse(&c, &"a".into(), true)?;
        let change = json::parse(b"{\"n\":1}").unwrap();
        let changes = vec![(selector, change)];
        transaction.update(&c, changes, &WriteOptions::default())
    })
    .unwrap();
    is_new("update after what was undone");
    run(&database, |transaction| transaction.truncate(&c)).unwrap();
    is_new("truncate in a transaction");
    insert(&database, &c, r#"{"_key":"a"}"#).unwrap();
    is_new("insert again");
    database.truncate_collection("c").unwrap();
    is_new("truncate");
    insert(&database, &c, r#"{"_key":"a"}"#).unwrap();
    is_new("insert after it");
    let before = revision();
    run(&database, |transaction| transaction.count(&c)).unwrap();
    assert_eq!(before, revision(), "nothing was written");
    database.drop_collection("c", false).unwrap();
    databases.remove_discarded(&false.into()).unwrap();
    check_verified(&database);
}

#[test]
fn a_read_only_server_refuses_writes_and_keeps_what_was_begun() {
    let databases = open();
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let mut begun = database.begin(TransactionOptions::default()).unwrap();
    let document = json::parse(br#"{"_key":"a"}"#).unwrap();
    begun
        .insert(&c, vec![document], &WriteOptions::default())
        .unwrap();
    databases.set_read_only(true);
    let code = |error: Error| error.code().number();
    assert_eq!(code(insert(&database, &c, "{}").unwrap_err()), 1004);
    assert_eq!(code(database.truncate_collection("c").unwrap_err()), 1004);
    let options = CollectionOptions::new("d");
    assert_eq!(code(database.create_collection(&options).unwrap_err()), 11);
    assert_eq!(code(databases.create("d", &[]).unwrap_err()), 11);
    begun.commit().unwrap();
    databases.set_read_only(false);
    insert(&database, &c, "{}").unwrap();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(transaction.count(&c).unwrap(), 2);
}
