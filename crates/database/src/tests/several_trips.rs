//! How often a shared store is asked for one operation: each call of the seam that reads or
//! commits is a round trip.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use store::{Batch, BeginOptions, Begun, Commit, Limits, Page, Scan, Txn};

use super::several::{Process, start_on};
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

/// A process on a store that counts, with two collections.
struct World {
    process: Process,
    database: Database,
    plain: Arc<Collection>,
    unique: Arc<Collection>,
    trips: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        let inner = Arc::new(MemoryEngine::shared(1).remove(0));
        let trips = Arc::new(AtomicUsize::new(0));
        let engine = Counted {
            inner,
            trips: Arc::clone(&trips),
        };
        let process = start_on(Arc::new(engine), 0, &|_| {});
        let database = process.system();
        let create = |name| {
            let options = CollectionOptions::new(name);
            database.create_collection(&options).unwrap()
        };
        let (plain, unique) = (create("plain"), create("unique"));
        let definition = parse(r#"{"type":"persistent","fields":["u"],"unique":true}"#);
        database.create_index("unique", &definition).unwrap();
        insert(&database, &plain, r#"{"_key":"b"}"#).unwrap();
        // Identifiers are reserved before.
        process.next_tick().unwrap();
        Self {
            process,
            database,
            plain,
            unique,
            trips,
        }
    }

    #[track_caller]
    fn check(&self, what: &str, expected: usize, body: impl FnOnce()) {
        self.trips.store(0, Ordering::Relaxed);
        body();
        assert_eq!(self.trips.load(Ordering::Relaxed), expected, "{what}");
    }

    fn expecting(&self, key: &str, read_only: bool) -> TransactionOptions {
        TransactionOptions {
            read_only,
            expected: self.database.expect("plain", [key]),
            ..TransactionOptions::default()
        }
    }
}

#[test]
fn round_trips_of_operations() {
    let world = World::new();
    let (database, plain, unique) = (&world.database, &world.plain, &world.unique);
    let many: Vec<Value> = (0..100)
        .map(|u| parse(&format!(r#"{{"u":{u}}}"#)))
        .collect();
    let insert_many = |c: &Collection| {
        run(database, |transaction| {
            transaction.insert(c, many.clone(), &WriteOptions::default())
        })
        .unwrap();
    };
    world.check("insert one", 3, || {
        insert(database, plain, r#"{"_key":"a"}"#).unwrap();
    });
    world.check("insert a hundred", 3, || insert_many(plain));
    world.check("insert a hundred with unique values", 4, || {
        insert_many(unique);
    });
    world.check("update one", 3, || {
        update(database, plain, "a", r#"{"n":1}"#).unwrap();
    });
    world.check("read one", 2, || {
        assert_ne!(shown(database, plain, "a"), "null");
    });
    world.check("remove one", 3, || {
        remove(database, plain, "a").unwrap();
    });
    world.check(
        "write to two collections, one with unique values",
        5,
        || {
            run(database, |transaction| {
                for c in [plain, unique] {
                    let document = vec![parse(r#"{"_key":"c"}"#)];
                    transaction
                        .insert(c, document, &WriteOptions::default())?
                        .remove(0)?;
                }
                Ok(())
            })
            .unwrap();
        },
    );
    world.check("show life beside nobody", 4, || {
        world.process.show_life().unwrap();
    });
}

#[test]
fn round_trips_of_what_is_expected() {
    let world = World::new();
    let (database, plain) = (&world.database, &world.plain);
    world.check("read one", 1, || {
        let mut reader = database.begin(world.expecting("b", true)).unwrap();
        assert!(reader.get(plain, "b").unwrap().is_some());
    });
    world.check("read another one than was expected", 2, || {
        let mut reader = database.begin(world.expecting("none", true)).unwrap();
        assert!(reader.get(plain, "none").unwrap().is_none());
        assert!(reader.get(plain, "b").unwrap().is_some());
    });
    world.check("change one", 2, || {
        database
            .run(&world.expecting("b", false), |transaction| {
                let change = vec![(Selector::key("b")?, parse(r#"{"n":7}"#))];
                transaction.update(plain, change, &WriteOptions::default())
            })
            .unwrap();
    });
    world.check("read what was written since", 3, || {
        let mut transaction = database.begin(world.expecting("b", false)).unwrap();
        let selectors = vec![Selector::key("b").unwrap()];
        let removed = transaction.remove(plain, selectors, &WriteOptions::default());
        removed.unwrap().remove(0).unwrap();
        assert!(transaction.get(plain, "b").unwrap().is_none());
        transaction.commit().unwrap();
    });
}
