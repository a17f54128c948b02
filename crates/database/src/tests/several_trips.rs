//! How often a shared store is asked for one operation: each call of the seam that reads or
//! commits is a round trip.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::several::{Process, start_on};
use super::watched::{Call, Watched};
use super::*;

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
        let counter = Arc::clone(&trips);
        let engine = Watched::new(inner, move |call| {
            let is_trip = !matches!(call, Call::Write | Call::Commit { wrote: false });
            counter.fetch_add(usize::from(is_trip), Ordering::Relaxed);
        });
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
