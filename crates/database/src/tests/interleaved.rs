//! What another transaction does between two steps of an operation.

use parking_lot::Mutex;
use store::{Batch, BeginOptions, Commit, Limits, Page, Scan, Txn};

use super::*;
use crate::ErrorKind;

type Hook = Box<dyn FnOnce() + Send>;

/// An engine that runs a hook, once, before the next write of any transaction.
struct Hooked {
    inner: Arc<dyn Engine>,
    hook: Arc<Mutex<Option<Hook>>>,
}

struct HookedTxn {
    inner: Box<dyn Txn>,
    hook: Arc<Mutex<Option<Hook>>>,
}

impl Engine for Hooked {
    fn name(&self) -> &'static str {
        "hooked"
    }

    fn limits(&self) -> &Limits {
        self.inner.limits()
    }

    fn begin(&self, options: BeginOptions) -> store::Result<Box<dyn Txn>> {
        Ok(Box::new(HookedTxn {
            inner: self.inner.begin(options)?,
            hook: Arc::clone(&self.hook),
        }))
    }

    fn when_durable(&self, seen: store::Seen, then: store::WhenDurable) {
        self.inner.when_durable(seen, then);
    }

    fn close(&self) -> store::Result<()> {
        self.inner.close()
    }
}

impl Txn for HookedTxn {
    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> store::Result<Vec<Option<bytes::Bytes>>> {
        self.inner.get_many(keys)
    }

    fn scan(&mut self, scan: &Scan) -> store::Result<Page> {
        self.inner.scan(scan)
    }

    fn write(&mut self, batch: Batch) -> store::Result<()> {
        let hook = self.hook.lock().take();
        if let Some(hook) = hook {
            hook();
        }
        self.inner.write(batch)
    }

    fn savepoint(&mut self) -> store::Result<store::Savepoint> {
        self.inner.savepoint()
    }

    fn rollback_to(&mut self, savepoint: store::Savepoint) -> store::Result<()> {
        self.inner.rollback_to(savepoint)
    }

    fn release(&mut self, savepoint: store::Savepoint) -> store::Result<()> {
        self.inner.release(savepoint)
    }

    fn commit(self: Box<Self>) -> store::Result<Commit> {
        self.inner.commit()
    }
}

#[test]
fn a_first_document_during_the_creation_of_an_index_is_indexed() {
    let hook = Arc::new(Mutex::new(None));
    let hooked = Hooked {
        inner: engine(),
        hook: Arc::clone(&hook),
    };
    let (databases, _) = open_on(Arc::new(hooked), START_MS);
    let database = databases.system();
    let c = database
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let (db, collection) = (database.clone(), Arc::clone(&c));
    let insert_one: Hook = Box::new(move || {
        insert(&db, &collection, r#"{"n":1}"#).unwrap();
    });
    *hook.lock() = Some(insert_one);
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["n"]}"#))
        .unwrap();
    assert!(hook.lock().is_none());
    check_verified(&database);
}

#[test]
fn a_transaction_that_rolled_back_still_notices_a_new_index() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut transaction = database.begin(TransactionOptions::default()).unwrap();
    let savepoint = transaction.savepoint().unwrap();
    let options = WriteOptions::default();
    transaction
        .insert(&c, vec![parse(r#"{"n":1}"#)], &options)
        .unwrap();
    transaction.rollback_to(savepoint).unwrap();
    transaction
        .insert(&c, vec![parse(r#"{"n":2}"#)], &options)
        .unwrap();
    database
        .create_index("c", &parse(r#"{"type":"hash","fields":["n"]}"#))
        .unwrap();
    assert_eq!(
        transaction.commit().unwrap_err().kind(),
        ErrorKind::Conflict
    );
    check_verified(&database);
}

#[test]
fn removing_a_violating_document_during_a_build_leaves_the_other_one_indexed() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    insert(&database, &c, r#"{"_key":"a","u":1}"#).unwrap();
    insert(&database, &c, r#"{"_key":"b","u":1}"#).unwrap();
    let definition = parse(r#"{"type":"hash","fields":["u"],"unique":true}"#);
    let (_, index, _) = database
        .change(|change| {
            let c = Arc::clone(change.catalog.get("c")?);
            change.add_index(&c, &definition, true)
        })
        .unwrap();
    run(&database, |transaction| {
        transaction.build_page(&c, index.id, None, 1)
    })
    .unwrap();
    remove(&database, &c, "b").unwrap();
    let mut transaction = database.begin(TransactionOptions::read_only()).unwrap();
    assert_eq!(transaction.stored_entries(&index).unwrap().len(), 1);
}

#[test]
fn an_index_of_another_snapshot_is_refused() {
    let (database, c) = open_with(&CollectionOptions::new("c"));
    let mut before = database.begin(TransactionOptions::read_only()).unwrap();
    let definition = parse(r#"{"type":"hash","fields":["n"]}"#);
    let created = database.create_index("c", &definition).unwrap();
    assert_eq!(
        number(before.index_lookup_many(&c, &created.index, &[])),
        1212
    );
    let mut after = database.begin(TransactionOptions::read_only()).unwrap();
    assert!(after.index_lookup_many(&c, &created.index, &[]).is_ok());
}
