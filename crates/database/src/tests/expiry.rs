//! Documents that expire.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use error_codes::codes;

use super::*;
use crate::{ExpiryLimits, ExpiryReport};

const START_S: u64 = START_MS / 1000;

const UNLIMITED: ExpiryLimits = ExpiryLimits {
    total_removes_max: u64::MAX,
    collection_removes_max: u64::MAX,
};

fn expire(databases: &Databases, clock: &Arc<ManualClock>, limits: ExpiryLimits) -> ExpiryReport {
    use platform::Clock as _;
    databases.remove_expired(clock.unix_ms(), limits, &AtomicBool::new(false))
}

/// A server with a collection that has a ttl index over `at`.
fn open_expiring(after: &str) -> (Databases, Arc<ManualClock>, Database, Arc<Collection>) {
    let (databases, clock) = open_on(engine(), START_MS);
    let database = databases.create("shop", &[]).unwrap();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let text = format!(r#"{{"type":"ttl","fields":["at"],"expireAfter":{after},"name":"t"}}"#);
    database.create_index("c", &parse(&text)).unwrap();
    (databases, clock, database, c)
}

fn keys(database: &Database, collection: &Collection) -> String {
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    let page = transaction.scan(collection, None, 10_000).unwrap();
    let keys: Vec<String> = page
        .documents
        .iter()
        .map(|document| document.key().to_string())
        .collect();
    keys.join(" ")
}

fn count(database: &Database, collection: &Collection) -> u64 {
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    transaction.count(collection).unwrap()
}

/// Public documentation, "Time-to-Live Indexes": numbers are Unix seconds, texts ISO dates, in
/// UTC without an offset; whatever is neither never expires.
#[test]
fn documents_expire_by_seconds_and_by_dates_and_never_otherwise() {
    let (databases, clock, database, c) = open_expiring("10");
    // START_MS is 2023-11-14T22:13:20.000Z.
    for (key, at) in [
        ("int", format!("{START_S}")),
        ("double", format!("{START_S}.5")),
        ("date", r#""2023-11-14T22:13:20.250Z""#.to_owned()),
        ("local", r#""2023-11-14 22:13:20""#.to_owned()),
        ("offset", r#""2023-11-14T23:13:20+01:00""#.to_owned()),
        ("day", r#""2023-11-14""#.to_owned()),
        ("old", "-1e300".to_owned()),
        ("future", "1e300".to_owned()),
        ("milliseconds", format!("{START_MS}")),
        ("null", "null".to_owned()),
        ("bool", "true".to_owned()),
        ("list", format!("[{START_S}]")),
        ("text", r#""tomorrow""#.to_owned()),
        ("digits", format!(r#""{START_S}""#)),
    ] {
        insert(&database, &c, &format!(r#"{{"_key":"{key}","at":{at}}}"#)).unwrap();
    }
    insert(&database, &c, r#"{"_key":"missing"}"#).unwrap();
    let never = "bool digits future list milliseconds missing null text";
    let mut now = 0;
    for (at_ms, removed, left) in [
        (0, 2, "date double int local offset"),
        // Expired is what is over, not what is due.
        (10_000, 0, "date double int local offset"),
        (10_001, 3, "date double"),
        (10_250, 0, "date double"),
        (10_251, 1, "double"),
        (10_501, 1, ""),
        (1_000_000_000_000, 0, ""),
    ] {
        clock.advance(Duration::from_millis(at_ms - now));
        now = at_ms;
        let report = expire(&databases, &clock, UNLIMITED);
        assert_eq!(report.removed, removed, "at {at_ms}");
        assert_eq!((report.unfinished, report.failures.len()), (0, 0));
        let mut expected: Vec<&str> = never.split(' ').chain(left.split_terminator(' ')).collect();
        expected.sort_unstable();
        assert_eq!(keys(&database, &c), expected.join(" "), "at {at_ms}");
    }
    check_verified(&database);
}

#[test]
fn definitions_are_checked_shown_and_recognised() {
    let (_, _, database, _) = open_expiring("3600");
    let create = |text: &str| database.create_index("c", &parse(text));
    let c = database.collection("c").unwrap();
    let mut shown = c.find_index("t").unwrap().to_object(&c);
    shown.insert("id", "");
    assert_eq!(
        json::to_string(&Value::object(shown)),
        concat!(
            r#"{"estimates":false,"expireAfter":3600,"fields":["at"],"id":"","name":"t","#,
            r#""sparse":true,"type":"ttl","unique":false}"#
        )
    );
    for same in [
        r#"{"type":"ttl","fields":["at"],"expireAfter":3600}"#,
        r#"{"type":"ttl","fields":["at"],"expireAfter":3600.0,"sparse":false,"unique":false}"#,
    ] {
        let again = create(same).unwrap();
        assert!(!again.is_newly_created);
        assert_eq!(again.index.name(), "t");
    }
    // One per collection.
    for other in [
        r#"{"type":"ttl","fields":["at"],"expireAfter":1}"#,
        r#"{"type":"ttl","fields":["b"],"expireAfter":3600}"#,
    ] {
        assert_eq!(create(other).unwrap_err().status(), 400, "{other}");
    }
    database.drop_index("c", "t").unwrap();
    for wrong in [
        r#"{"type":"ttl","fields":["a"]}"#,
        r#"{"type":"ttl","expireAfter":1}"#,
        r#"{"type":"ttl","fields":["a","b"],"expireAfter":1}"#,
        r#"{"type":"ttl","fields":["a[*]"],"expireAfter":1}"#,
        r#"{"type":"ttl","fields":["a"],"expireAfter":-1}"#,
        r#"{"type":"ttl","fields":["a"],"expireAfter":"1"}"#,
        r#"{"type":"ttl","fields":["a"],"expireAfter":1,"unique":true}"#,
        r#"{"type":"ttl","fields":["a"],"expireAfter":1,"sparse":1}"#,
        r#"{"type":"ttl","fields":["a"],"expireAfter":1,"storedValues":["b"]}"#,
    ] {
        assert_eq!(number(create(wrong)), 10, "{wrong}");
    }
    create(r#"{"type":"ttl","fields":["a.b"],"expireAfter":0}"#).unwrap();
}

#[test]
fn a_run_keeps_its_limits_and_the_next_one_goes_on() {
    let (databases, clock, database, c) = open_expiring("0");
    let d = database
        .create_collection(&CollectionOptions::new("d"))
        .unwrap();
    for collection in [&c, &d] {
        let documents = (0..10).map(|_| parse(r#"{"at":1}"#)).collect();
        run(&database, |transaction| {
            transaction.insert(collection, Vec::clone(&documents), &WriteOptions::default())
        })
        .unwrap();
    }
    // Built over documents that are there already.
    let text = r#"{"type":"ttl","fields":["at"],"expireAfter":5}"#;
    database.create_index("d", &parse(text)).unwrap();
    let limits = ExpiryLimits {
        total_removes_max: 11,
        collection_removes_max: 7,
    };
    let mut seen = Vec::new();
    for _ in 0..3 {
        let report = expire(&databases, &clock, limits);
        let left = (count(&database, &c), count(&database, &d));
        seen.push((report.removed, report.unfinished, left));
        check_verified(&database);
    }
    assert_eq!(seen, [(11, 2, (3, 6)), (9, 0, (0, 0)), (0, 0, (0, 0))]);
}

#[test]
fn a_stopped_run_removes_nothing_more() {
    let (databases, _, database, c) = open_expiring("0");
    insert(&database, &c, r#"{"at":1}"#).unwrap();
    let report = databases.remove_expired(START_MS, UNLIMITED, &AtomicBool::new(true));
    assert_eq!((report.removed, report.unfinished), (0, 1));
    assert_eq!(count(&database, &c), 1);
}

#[test]
fn every_index_forgets_what_expires_and_a_restart_goes_on() {
    let engine = engine();
    {
        let (databases, _) = open_on(Arc::clone(&engine), START_MS);
        let database = databases.system();
        let c = database
            .create_collection(&CollectionOptions::edge("c"))
            .unwrap();
        for text in [
            r#"{"type":"persistent","fields":["u"],"unique":true}"#,
            r#"{"type":"persistent","fields":["at","t[*]"]}"#,
            r#"{"type":"ttl","fields":["at"],"expireAfter":0}"#,
        ] {
            database.create_index("c", &parse(text)).unwrap();
        }
        for u in 0..7 {
            let text = format!(r#"{{"_from":"v/1","_to":"v/2","u":{u},"at":{START_S},"t":[1,2]}}"#);
            insert(&database, &c, &text).unwrap();
        }
        // No orderly end.
    }
    let (databases, clock) = open_on(engine, START_MS + 1);
    let database = databases.system();
    let c = database.collection("c").unwrap();
    assert_eq!(expire(&databases, &clock, UNLIMITED).removed, 7);
    check_verified(&database);
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    for index in c.indexes() {
        assert!(
            index.kind() == crate::IndexKind::Primary
                || transaction.stored_entries(index).unwrap().is_empty()
        );
    }
}

#[test]
fn what_was_given_more_time_meanwhile_is_kept() {
    let (databases, clock, database, c) = open_expiring("0");
    insert(&database, &c, r#"{"_key":"a","at":1}"#).unwrap();
    // The new value is on its way while the run begins, and gets there first or not at all.
    let mut writer = database.begin(TransactionOptions::default()).unwrap();
    let change = vec![(Selector::key("a").unwrap(), parse(r#"{"at":1e12}"#))];
    let results = writer.update(&c, change, &WriteOptions::default()).unwrap();
    results.into_iter().for_each(|result| drop(result.unwrap()));
    writer.commit().unwrap();
    assert_eq!(expire(&databases, &clock, UNLIMITED).removed, 0);
    assert_eq!(
        shown(&database, &c, "a"),
        r#"{"_key":"a","_id":"c/a","at":1000000000000}"#
    );

    // The other way round: the run removed it, the writer that saw it conflicts.
    update(&database, &c, "a", r#"{"at":1}"#).unwrap();
    let mut writer = database.begin(TransactionOptions::default()).unwrap();
    let change = vec![(Selector::key("a").unwrap(), parse(r#"{"at":1e12}"#))];
    let results = writer.update(&c, change, &WriteOptions::default()).unwrap();
    results.into_iter().for_each(|result| drop(result.unwrap()));
    assert_eq!(expire(&databases, &clock, UNLIMITED).removed, 1);
    assert_eq!(writer.commit().unwrap_err().code(), codes::ARANGO_CONFLICT);
    check_verified(&database);
}

/// The task does not wait for a client's transaction.
#[test]
fn a_locked_collection_is_left_for_the_next_run() {
    let databases = open();
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let definition = parse(r#"{"type":"ttl","fields":["at"],"expireAfter":1}"#);
    database.create_index("c", &definition).unwrap();
    insert(&database, &c, r#"{"at":1}"#).unwrap();
    let options = TransactionOptions {
        locks: crate::CollectionLocks {
            exclusive: vec!["c".to_owned()],
            write: Vec::new(),
        },
        ..TransactionOptions::default()
    };
    let holder = database.begin(options).unwrap();
    let limits = crate::ExpiryLimits {
        total_removes_max: 10,
        collection_removes_max: 10,
    };
    let remove = || {
        let stop = std::sync::atomic::AtomicBool::new(false);
        databases.remove_expired(START_MS, limits, &stop)
    };
    let report = remove();
    assert_eq!((report.removed, report.unfinished), (0, 1));
    assert!(report.failures.is_empty(), "{report:?}");
    drop(holder);
    assert_eq!(remove().removed, 1);
}
