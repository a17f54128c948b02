//! Transactions that clients hold open.

use std::time::Duration;

use super::threads::together;
use super::*;
use crate::{CollectionAccess, OpenTransactions, TransactionId, TransactionStatus};

struct World {
    databases: Databases,
    database: Database,
    collection: Arc<Collection>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let (databases, clock) = open_with_settings(change);
        let database = databases.create("d", &[]).unwrap();
        let collection = database
            .create_collection(&CollectionOptions::new("c"))
            .unwrap();
        Self {
            databases,
            database,
            collection,
            clock,
        }
    }

    fn open(&self) -> &OpenTransactions {
        self.databases.open_transactions()
    }

    fn begin(&self) -> TransactionId {
        let options = TransactionOptions::default();
        self.open()
            .begin(&self.database, Some("u"), options)
            .unwrap()
    }

    fn insert(&self, id: TransactionId, key: &str) -> Result<()> {
        let mut lease = self.open().lease(id, &self.database, Some("u"))?;
        let documents = vec![parse(&format!(r#"{{"_key":"{key}"}}"#))];
        let options = WriteOptions::default();
        lease
            .insert(&self.collection, documents, &options)?
            .remove(0)
            .map(drop)
    }

    fn commit(&self, id: TransactionId) -> Result<TransactionStatus> {
        self.open().commit(id, &self.database, Some("u"))
    }

    fn abort(&self, id: TransactionId) -> Result<TransactionStatus> {
        self.open().abort(id, &self.database, Some("u"))
    }

    fn status(&self, id: TransactionId) -> Result<TransactionStatus> {
        self.open().status(id, &self.database, Some("u"))
    }

    fn count(&self) -> u64 {
        let mut reader = self
            .database
            .begin(TransactionOptions::read_only())
            .unwrap();
        reader.count(&self.collection).unwrap()
    }
}

#[test]
fn a_transaction_spans_calls_and_threads() {
    let world = World::new(|_| {});
    let id = world.begin();
    let world = Arc::new(world);
    let shared = Arc::clone(&world);
    together(3, move |at| {
        shared.insert(id, &format!("k{at}")).unwrap();
    });
    assert_eq!(world.status(id).unwrap(), TransactionStatus::Running);
    assert_eq!(world.count(), 0, "nobody else sees it");
    for _ in 0..2 {
        assert_eq!(world.commit(id).unwrap(), TransactionStatus::Committed);
    }
    assert_eq!(world.status(id).unwrap(), TransactionStatus::Committed);
    assert_eq!(world.count(), 3);
    assert_eq!(number(world.insert(id, "more")), 1653);
    let error = world.abort(id).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1653, 400));
}

#[test]
fn an_aborted_transaction_leaves_nothing() {
    let world = World::new(|_| {});
    let id = world.begin();
    world.insert(id, "a").unwrap();
    for _ in 0..2 {
        assert_eq!(world.abort(id).unwrap(), TransactionStatus::Aborted);
    }
    assert_eq!(world.count(), 0);
    assert_eq!(number(world.insert(id, "a")), 1654);
    let error = world.commit(id).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1653, 400));
}

#[test]
fn only_its_owner_finds_it() {
    let world = World::new(|_| {});
    let other = world.databases.create("other", &[]).unwrap();
    let id = world.begin();
    for (database, user) in [
        (&world.database, Some("v")),
        (&world.database, None),
        (&other, Some("u")),
    ] {
        let error = world.open().status(id, database, user).unwrap_err();
        assert_eq!((error.code().number(), error.status()), (1655, 404));
        assert!(world.open().lease(id, database, user).is_err());
    }
    for text in ["", "x", "-1", "+1", "99999999999999999999"] {
        assert_eq!(number(TransactionId::parse(text)), 1655, "{text}");
    }
    assert_eq!(TransactionId::parse(&id.to_string()).unwrap(), id);
}

#[test]
fn it_expires_when_nobody_uses_it() {
    let world = World::new(|_| {});
    let (used, left) = (world.begin(), world.begin());
    for round in 0..3 {
        world.clock.advance(Duration::from_secs(59));
        world.open().sweep();
        world.insert(used, &format!("k{round}")).unwrap();
    }
    let error = world.insert(left, "a").unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1654, 410));
    assert_eq!(world.status(left).unwrap(), TransactionStatus::Aborted);
    assert_eq!(number(world.commit(left)), 1654);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(number(world.insert(used, "a")), 1654, "also before a sweep");
    assert_eq!(world.open().list(&world.database, None), []);
}

#[test]
fn one_call_at_a_time_uses_it() {
    let world = World::new(|settings| {
        settings.open_transaction_lease_timeout = Duration::ZERO;
    });
    let id = world.begin();
    let lease = world.open().lease(id, &world.database, Some("u")).unwrap();
    assert_eq!(lease.id(), id);
    let error = world.insert(id, "a").unwrap_err();
    assert_eq!((error.code().number(), error.status()), (28, 409));
    assert_eq!(number(world.commit(id)), 28);
    // Time does not run while it is used.
    world.clock.advance(Duration::from_secs(1_000));
    world.open().sweep();
    drop(lease);
    world.insert(id, "a").unwrap();
    world.commit(id).unwrap();
}

#[test]
fn lists_and_ends_them_all() {
    let world = World::new(|settings| {
        settings.open_transaction_lease_timeout = Duration::ZERO;
    });
    let (one, two) = (world.begin(), world.begin());
    let options = TransactionOptions::default();
    let foreign = world
        .open()
        .begin(&world.database, Some("v"), options)
        .unwrap();
    world.insert(two, "a").unwrap();
    let listed = |user| -> Vec<TransactionId> {
        let all = world.open().list(&world.database, user);
        all.into_iter().map(|transaction| transaction.id).collect()
    };
    assert_eq!(listed(Some("u")), [one, two]);
    assert_eq!(listed(None), [one, two, foreign]);
    let sizes = world.open().list(&world.database, Some("u"));
    assert!(sizes[0].bytes == 0 && sizes[1].bytes > 0);
    let lease = world.open().lease(two, &world.database, Some("u")).unwrap();
    assert_eq!(world.open().abort_all(&world.database, Some("u")), 2);
    assert_eq!(world.status(one).unwrap(), TransactionStatus::Aborted);
    drop(lease);
    assert_eq!(world.status(two).unwrap(), TransactionStatus::Aborted);
    assert_eq!(listed(None), [foreign]);
    assert_eq!(world.count(), 0);
}

/// The second who writes to a document is told when it writes.
#[test]
fn what_an_open_transaction_has_written_is_its_own() {
    let world = World::new(|settings| settings.conflict_retries_max = 3);
    let (one, two) = (world.begin(), world.begin());
    for key in ["same", "other"] {
        world.insert(one, key).unwrap();
    }
    let error = world.insert(two, "same").unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1200, 409));
    world.insert(two, "more").unwrap();
    let document = r#"{"_key":"same"}"#;
    let outside = || insert(&world.database, &world.collection, document);
    assert_eq!(number(outside()), 1200, "automatic operations come again");
    let truncated = run(&world.database, |transaction| {
        transaction.truncate(&world.collection)
    });
    assert_eq!(number(truncated), 1200);
    world.abort(one).unwrap();
    outside().unwrap();
    world.commit(two).unwrap();
    assert_eq!(world.count(), 2);
    check_verified(&world.database);
}

#[test]
fn a_conflict_at_commit_ends_it() {
    let world = World::new(|_| {});
    let (one, two) = (world.begin(), world.begin());
    world.insert(one, "same").unwrap();
    world.commit(one).unwrap();
    // It began before the other one ended, and does not see its document.
    world.insert(two, "same").unwrap();
    let error = world.commit(two).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (1200, 409));
    assert_eq!(world.status(two).unwrap(), TransactionStatus::Aborted);
    assert_eq!(world.count(), 1);
}

#[test]
fn number_and_size_are_limited() {
    let world = World::new(|settings| {
        settings.open_transactions_max = 2;
        settings.open_transactions_bytes_max = 300;
        settings.finished_transactions_max = 1;
    });
    let (one, two) = (world.begin(), world.begin());
    let begin = || {
        let options = TransactionOptions::default();
        world.open().begin(&world.database, Some("u"), options)
    };
    let error = begin().unwrap_err();
    assert_eq!(error.code().number(), 32);
    assert!(error.message().contains("open_transactions_max"), "{error}");
    for at in 0..10 {
        if world.insert(one, &format!("k{at}")).is_err() {
            break;
        }
    }
    let error = world.insert(two, "a").unwrap_err();
    assert!(
        error.message().contains("open_transactions_bytes_max"),
        "{error}"
    );
    world.commit(one).unwrap();
    world.insert(two, "a").unwrap();
    world.commit(two).unwrap();
    assert_eq!(
        number(world.status(one)),
        1655,
        "only one end is remembered"
    );
    begin().unwrap();
}

#[test]
fn what_is_declared_must_exist_and_a_dropped_database_ends_them() {
    let world = World::new(|_| {});
    let options = TransactionOptions {
        access: Some(Arc::new(CollectionAccess {
            write: vec!["nope".to_owned()],
            ..CollectionAccess::default()
        })),
        ..TransactionOptions::default()
    };
    let begun = world.open().begin(&world.database, Some("u"), options);
    assert_eq!(number(begun), 1203);
    let id = world.begin();
    world.insert(id, "a").unwrap();
    world.databases.drop("d").unwrap();
    assert_eq!(world.status(id).unwrap(), TransactionStatus::Aborted);
    assert_eq!(number(world.insert(id, "b")), 1654);
}
