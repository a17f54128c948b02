//! How often a shared store is asked for one operation: each call of the seam that reads or
//! commits is a round trip.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use store::{Batch, BeginOptions, Begun, Commit, Limits, Page, Scan, Txn};

use super::several::start_on;
use super::*;

/// An engine that counts round trips.
struct Counted {
    inner: Arc<dyn Engine>,
    trips: Arc<AtomicUsize>,
}

struct CountedTxn {
    inner: Box<dyn Txn>,
    trips: Arc<AtomicUsize>,
    wrote: bool,
}

impl Counted {
    fn watch(&self, inner: Box<dyn Txn>) -> Box<dyn Txn> {
        Box::new(CountedTxn {
            inner,
            trips: Arc::clone(&self.trips),
            wrote: false,
        })
    }

    fn count(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }
}

impl Engine for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn limits(&self) -> &Limits {
        self.inner.limits()
    }

    fn begin(&self, options: BeginOptions) -> store::Result<Box<dyn Txn>> {
        self.count();
        Ok(self.watch(self.inner.begin(options)?))
    }

    fn begin_reading(&self, options: BeginOptions, keys: &[&[u8]]) -> store::Result<Begun> {
        self.count();
        let (txn, values) = self.inner.begin_reading(options, keys)?;
        Ok((self.watch(txn), values))
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn when_durable(&self, seen: store::Seen, then: store::WhenDurable) {
        self.inner.when_durable(seen, then);
    }

    fn close(&self) -> store::Result<()> {
        self.inner.close()
    }
}

impl Txn for CountedTxn {
    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }

    fn get_many(&mut self, keys: &[&[u8]]) -> store::Result<Vec<Option<Bytes>>> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.inner.get_many(keys)
    }

    fn scan(&mut self, scan: &Scan) -> store::Result<Page> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.inner.scan(scan)
    }

    fn write(&mut self, batch: Batch) -> store::Result<()> {
        self.wrote = true;
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
        self.trips
            .fetch_add(usize::from(self.wrote), Ordering::Relaxed);
        self.inner.commit()
    }
}

#[test]
fn round_trips_of_operations() {
    let inner = Arc::new(MemoryEngine::shared(1).remove(0));
    let trips = Arc::new(AtomicUsize::new(0));
    let engine = Counted {
        inner,
        trips: Arc::clone(&trips),
    };
    let process = start_on(Arc::new(engine), 0, &|_| {});
    let database = process.system();
    let plain = database
        .create_collection(&CollectionOptions::new("plain"))
        .unwrap();
    let unique = database
        .create_collection(&CollectionOptions::new("unique"))
        .unwrap();
    let definition = parse(r#"{"type":"persistent","fields":["u"],"unique":true}"#);
    database.create_index("unique", &definition).unwrap();
    // Identifiers are reserved before.
    process.next_tick().unwrap();
    let check = |what: &str, expected: usize, body: &dyn Fn()| {
        trips.store(0, Ordering::Relaxed);
        body();
        assert_eq!(trips.load(Ordering::Relaxed), expected, "{what}");
    };
    let many: Vec<Value> = (0..100)
        .map(|u| parse(&format!(r#"{{"u":{u}}}"#)))
        .collect();
    let insert_many = |c: &Collection| {
        run(&database, |transaction| {
            transaction.insert(c, many.clone(), &WriteOptions::default())
        })
        .unwrap();
    };
    check("insert one", 3, &|| {
        drop(insert(&database, &plain, r#"{"_key":"a"}"#).unwrap());
    });
    check("insert a hundred", 3, &|| insert_many(&plain));
    check("insert a hundred with unique values", 4, &|| {
        insert_many(&unique);
    });
    check("update one", 3, &|| {
        drop(update(&database, &plain, "a", r#"{"n":1}"#).unwrap());
    });
    check("read one", 2, &|| {
        assert_ne!(shown(&database, &plain, "a"), "null");
    });
    check("remove one", 3, &|| {
        drop(remove(&database, &plain, "a").unwrap());
    });
    check(
        "write to two collections, one with unique values",
        5,
        &|| {
            run(&database, |transaction| {
                for c in [&plain, &unique] {
                    let document = vec![parse(r#"{"_key":"b"}"#)];
                    transaction
                        .insert(c, document, &WriteOptions::default())?
                        .remove(0)?;
                }
                Ok(())
            })
            .unwrap();
        },
    );
    let expecting = |key: &str, read_only| TransactionOptions {
        read_only,
        expected: vec![crate::ExpectedDocument {
            collection: "plain".to_owned(),
            key: key.to_owned(),
        }],
        ..TransactionOptions::default()
    };
    check("read one that was expected", 1, &|| {
        let mut reader = database.begin(expecting("b", true)).unwrap();
        assert!(reader.get(&plain, "b").unwrap().is_some());
    });
    check("read another one than was expected", 2, &|| {
        let mut reader = database.begin(expecting("none", true)).unwrap();
        assert!(reader.get(&plain, "none").unwrap().is_none());
        assert!(reader.get(&plain, "b").unwrap().is_some());
    });
    check("change one that was expected", 2, &|| {
        database
            .run(&expecting("b", false), |transaction| {
                let change = vec![(Selector::key("b")?, parse(r#"{"n":7}"#))];
                transaction.update(&plain, change, &WriteOptions::default())
            })
            .unwrap();
    });
    check("read what was expected and written since", 3, &|| {
        let mut transaction = database.begin(expecting("b", false)).unwrap();
        let selectors = vec![Selector::key("b").unwrap()];
        let removed = transaction.remove(&plain, selectors, &WriteOptions::default());
        removed.unwrap().remove(0).unwrap();
        assert!(transaction.get(&plain, "b").unwrap().is_none());
        transaction.commit().unwrap();
    });
    check("show life beside nobody", 4, &|| {
        process.show_life().unwrap();
    });
}
