//! Several processes on one store, each with what it keeps in memory.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use store::BeginOptions;

use super::threads::together;
use super::*;
use crate::{
    CollectionChanges, ErrorKind, ExpiryLimits, KeyGeneratorKind, KeyOptions, Level, NewUser,
    Revision, UserChanges,
};

/// One of the processes.
pub(super) struct Process {
    pub databases: Databases,
    pub clock: Arc<ManualClock>,
}

impl std::ops::Deref for Process {
    type Target = Databases;

    fn deref(&self) -> &Databases {
        &self.databases
    }
}

/// Starts processes on one store in memory, whose clocks differ by an hour each.
pub(super) fn start<const N: usize>() -> [Process; N] {
    start_with(|_| {})
}

pub(super) fn start_with<const N: usize>(change: impl Fn(&mut Settings)) -> [Process; N] {
    let engines = MemoryEngine::shared(N).into_iter();
    let engines: Vec<Arc<dyn Engine>> = engines
        .map(|engine| -> Arc<dyn Engine> { Arc::new(Contract::new(Arc::new(engine))) })
        .collect();
    std::array::from_fn(|at| start_on(Arc::clone(&engines[at]), at, &change))
}

pub(super) fn start_on(
    engine: Arc<dyn Engine>,
    at: usize,
    change: &impl Fn(&mut Settings),
) -> Process {
    let mut settings = Settings {
        // What is looked up is always the latest, but where a test is about that.
        shared_age_max: Duration::ZERO,
        ..settings()
    };
    change(&mut settings);
    let ahead = 3_600_000 * (at as u64 % 3);
    let (platform, clock) = Platform::simulated(START_MS + ahead, at as u64);
    let databases = Databases::open(engine, platform, settings).unwrap();
    Process { databases, clock }
}

/// Lets time pass until those who give no sign of life are dead to `observer`.
pub(super) fn wait_for_death(observer: &Process) {
    observer.show_life().unwrap();
    observer.clock.advance(Duration::from_secs(10));
    observer.show_life().unwrap();
}

pub(super) fn check_all(processes: &[Process]) {
    for process in processes {
        check_verified(&process.system());
    }
    let process = processes.first().unwrap();
    process.remove_discarded(&AtomicBool::new(false)).unwrap();
    let left = crate::verify_nothing_is_left(process).unwrap();
    assert_eq!(left.differences, []);
}

fn index(fields: &str, unique: bool) -> Value {
    parse(&format!(
        r#"{{"type":"persistent","name":"i","fields":["{fields}"],"unique":{unique}}}"#
    ))
}

pub(super) fn insert_in(
    transaction: &mut Transaction,
    c: &Collection,
    text: &str,
) -> Result<WriteResult> {
    let options = WriteOptions::default();
    transaction
        .insert(c, vec![parse(text)], &options)?
        .remove(0)
}

#[test]
fn what_one_does_to_collections_the_others_see_at_once() {
    let processes: [Process; 3] = start();
    let [one, two, three] = processes.each_ref().map(|process| process.system());
    let options = CollectionOptions::new("c");
    let c = one.create_collection(&options).unwrap();
    assert_eq!(two.collection("c").unwrap().id(), c.id());
    assert_eq!(number(three.create_collection(&options)), 1207);
    insert(&two, &c, r#"{"_key":"a","n":1}"#).unwrap();
    assert_eq!(shown(&three, &c, "a"), r#"{"_key":"a","_id":"c/a","n":1}"#);

    three.rename_collection("c", "d").unwrap();
    assert!(one.find_collection("c").is_none());
    assert_eq!(shown(&one, &c, "a"), r#"{"_key":"a","_id":"d/a","n":1}"#);
    let schema = r#"{"rule":{"properties":{"n":{"type":"number"}}},"level":"strict"}"#;
    let changes = CollectionChanges::parse(&parse(&format!(r#"{{"schema":{schema}}}"#))).unwrap();
    one.change_collection("d", &changes).unwrap();
    assert_eq!(number(insert(&two, &c, r#"{"n":"text"}"#)), 1620);

    let emptied = two.truncate_collection("d").unwrap();
    assert_eq!(shown(&one, &emptied, "a"), "null");
    insert(&one, &c, r#"{"_key":"b","n":1}"#).unwrap();
    assert_eq!(shown(&three, &c, "b"), r#"{"_key":"b","_id":"d/b","n":1}"#);

    two.drop_collection("d", false).unwrap();
    assert_eq!(number(insert(&one, &c, "{}")), 1203);
    assert_eq!(number(three.collection("d")), 1203);
    check_all(&processes);
}

#[test]
fn who_began_before_a_change_cannot_commit_after_it() {
    let processes: [Process; 2] = start();
    let [one, two] = processes.each_ref().map(|process| process.system());
    let c = one.create_collection(&CollectionOptions::new("c")).unwrap();
    type Change = fn(&Database);
    let changes: &[Change] = &[
        |one| drop(one.create_index("c", &index("u", true)).unwrap()),
        |one| drop(one.drop_index("c", "i").unwrap()),
        |one| drop(one.truncate_collection("c").unwrap()),
        |one| drop(one.rename_collection("c", "d").unwrap()),
        |one| one.drop_collection("d", false).map(|_| ()).unwrap(),
    ];
    for change in changes {
        let mut late = two.begin(TransactionOptions::default()).unwrap();
        insert_in(&mut late, &c, r#"{"u":1}"#).unwrap();
        change(&one);
        assert_eq!(late.commit().unwrap_err().kind(), ErrorKind::Conflict);
        check_all(&processes);
    }
}

/// A query is begun again, and then has the catalog of its snapshot.
#[test]
fn a_query_does_not_notice_what_another_process_changed() {
    let processes: [Process; 2] = start();
    let [one, two] = processes.each_ref().map(|process| process.system());
    one.create_collection(&CollectionOptions::new("c")).unwrap();
    let mut tries = 0;
    let result = two.run_query(&TransactionOptions::default(), |transaction| {
        tries += 1;
        let c = transaction.collection("c")?;
        insert_in(transaction, &c, r#"{"u":1}"#)?;
        if tries == 1 {
            one.create_index("c", &index("u", true))?;
            insert(&one, &c, r#"{"u":1}"#)?;
        }
        Ok(())
    });
    assert_eq!((number(result), tries), (1210, 2));
    check_all(&processes);
}

#[test]
fn a_reader_keeps_the_catalog_of_its_snapshot() {
    let processes: [Process; 2] = start();
    let [one, two] = processes.each_ref().map(|process| process.system());
    let c = one.create_collection(&CollectionOptions::new("c")).unwrap();
    insert(&one, &c, r#"{"_key":"a"}"#).unwrap();
    let mut reader = two.begin(TransactionOptions::read_only()).unwrap();
    one.drop_collection("c", false).unwrap();
    one.create_collection(&CollectionOptions::new("d")).unwrap();
    let revision = reader.catalog_revision();
    // Another transaction of the same process reads the later catalog.
    assert!(two.collection("d").is_ok());
    assert!(reader.collection("c").is_ok());
    assert!(reader.collection("d").is_err());
    assert_eq!(reader.count(&c).unwrap(), 1);
    assert!(revision < two.catalog_revision());
}

#[test]
fn databases_come_and_go_for_all() {
    let processes: [Process; 2] = start();
    let [one, two] = &processes;
    let user = NewUser {
        name: "ann".to_owned(),
        password: "secret".to_owned(),
        active: true,
        extra: value::Object::new(),
    };
    let shop = one.create("shop", &[user]).unwrap();
    let same = two.find("shop").unwrap();
    assert_eq!(same.id(), shop.id());
    assert_eq!(number(two.create("shop", &[])), 1207);
    assert_eq!(two.names().len(), 2);
    let c = same
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    insert(&shop, &c, r#"{"_key":"a"}"#).unwrap();

    let options = TransactionOptions::default();
    let open = two.open_transactions().begin(&same, None, options).unwrap();
    let mut late = two
        .find("shop")
        .unwrap()
        .begin(TransactionOptions::default());
    insert_in(late.as_mut().unwrap(), &c, "{}").unwrap();
    one.drop("shop").unwrap();
    assert_eq!(
        late.unwrap().commit().unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(
        number(same.begin(TransactionOptions::default()).map(drop)),
        1228
    );
    assert_eq!(
        number(same.create_collection(&CollectionOptions::new("x"))),
        1228
    );
    assert!(two.find("shop").is_none());
    assert_eq!(number(two.drop("shop")), 1228);
    let status = two.open_transactions().status(open, &same, None).unwrap();
    assert_eq!(status.name(), "aborted");

    let again = two.create("shop", &[]).unwrap();
    assert_ne!(again.id(), shop.id());
    assert_eq!(one.get("shop").unwrap().id(), again.id());
    assert!(one.get("shop").unwrap().find_collection("c").is_none());
    check_all(&processes);
}

/// Who changes the list knows the latest one, however old the one in memory may be.
#[test]
fn a_name_is_given_to_one_database() {
    let [one, two]: [Process; 2] = start_with(|settings| {
        settings.shared_age_max = Duration::from_secs(1_000_000);
    });
    one.create("shop", &[]).unwrap();
    assert_eq!(number(two.create("shop", &[])), 1207);
    two.create("other", &[]).unwrap();
    two.drop("shop").unwrap();
    assert_eq!(number(one.drop("shop")), 1228);
    let mut txn = one.engine().begin(BeginOptions::read_only()).unwrap();
    let stored = crate::catalog::scan_definitions(txn.as_mut(), crate::layout::databases());
    assert_eq!(stored.unwrap().len(), 2);
}

#[test]
fn databases_made_at_once_are_all_in_the_list() {
    let processes: [Process; 3] = start();
    let databases = processes
        .each_ref()
        .map(|process| process.databases.clone());
    together(3, move |at| {
        for round in 0..8 {
            let name = format!("db{at}-{round}");
            databases[at].create(&name, &[]).unwrap();
            // Of one name one is made.
            let common = databases[at].create(&format!("common{round}"), &[]);
            assert!(common.is_ok() || number(common) == 1207);
            if round % 2 == 0 {
                databases[at].drop(&name).unwrap();
            }
        }
    });
    for process in &processes {
        assert_eq!(process.names().len(), 1 + 8 + 3 * 4);
    }
    check_all(&processes);
}

#[test]
fn users_are_the_same_everywhere() {
    let [one, two]: [Process; 2] = start();
    let changes = |password: &str| UserChanges {
        password: Some(password.to_owned()),
        ..UserChanges::default()
    };
    one.users().create("ann", &changes("first")).unwrap();
    let may = |process: &Process, password: &str| {
        process
            .users()
            .authenticate("ann", password)
            .unwrap()
            .is_some()
    };
    assert!(may(&two, "first") && may(&one, "first"));
    assert_eq!(number(two.users().create("ann", &changes("x"))), 1702);

    two.users().change("ann", &changes("second")).unwrap();
    assert!(may(&one, "second") && !may(&one, "first") && !may(&two, "first"));
    let level = Some(Level::ReadWrite);
    one.users()
        .set_database_level("ann", "_system", level)
        .unwrap();
    assert_eq!(
        two.users().database_level("ann", "_system").unwrap(),
        Level::ReadWrite
    );
    // The collection is like any other: whoever writes to it changes users.
    let system = two.system();
    let c = system.collection("_users").unwrap();
    run(&system, |transaction| {
        let documents = transaction.scan(&c, None, 10)?.documents;
        let document = documents
            .iter()
            .find(|d| d.get("user") == Some("ann".into()));
        let selector = Selector::key(document.unwrap().key().as_str())?;
        transaction.remove(&c, vec![selector], &WriteOptions::default())
    })
    .unwrap();
    assert!(one.users().find("ann").unwrap().is_none());
    assert!(!may(&one, "second"));
    assert!(one.ensure_root("r").unwrap());
    assert!(!two.ensure_root("other").unwrap());
    one.system().truncate_collection("_users").unwrap();
    assert!(two.users().find("root").unwrap().is_none());
}

/// Outside of transactions what others changed may be as old as the setting says.
#[test]
fn what_is_looked_up_is_as_old_as_the_setting_allows() {
    let [one, two]: [Process; 2] = start_with(|settings| {
        settings.shared_age_max = Duration::from_millis(100);
    });
    let system = two.system();
    let c = one
        .system()
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    one.users().create("ann", &UserChanges::default()).unwrap();
    one.create("shop", &[]).unwrap();
    // What is not there is looked for at once.
    assert!(two.find("shop").is_some() && system.find_collection("c").is_some());
    assert!(two.users().find("ann").unwrap().is_some());

    one.system().rename_collection("c", "d").unwrap();
    one.users().remove("ann").unwrap();
    one.drop("shop").unwrap();
    assert_eq!(system.collection("c").unwrap().id(), c.id());
    assert!(two.users().find("ann").unwrap().is_some());
    assert!(two.find("shop").is_some());
    two.clock.advance(Duration::from_millis(100));
    assert!(system.find_collection("c").is_none());
    assert!(two.users().find("ann").unwrap().is_none());
    assert!(two.find("shop").is_none());
}

#[test]
fn identifiers_and_keys_are_given_out_once() {
    let processes: [Process; 3] = start_with(|settings| settings.tick_reserve_ms = 1);
    // All at the same time, so that nothing but their seats tells them apart.
    for (process, hours) in processes.iter().zip([2, 1, 0]) {
        process.clock.advance(Duration::from_secs(3600 * hours));
    }
    let kinds = [
        KeyGeneratorKind::Traditional,
        KeyGeneratorKind::Padded,
        KeyGeneratorKind::Autoincrement {
            offset: 3,
            increment: 7,
        },
    ];
    let names: Vec<_> = (0..kinds.len()).map(|at| format!("c{at}")).collect();
    for (name, kind) in names.iter().zip(kinds) {
        let mut options = CollectionOptions::new(name.as_str());
        options.key_options = KeyOptions {
            kind,
            allow_user_keys: true,
        };
        processes[0].system().create_collection(&options).unwrap();
    }
    let databases = processes
        .each_ref()
        .map(|process| process.databases.clone());
    let clocks = processes
        .each_ref()
        .map(|process| Arc::clone(&process.clock));
    let (shared, collections) = (databases.clone(), names.clone());
    let given = together(3, move |at| {
        let mut ticks = Vec::new();
        for round in 0..60 {
            ticks.push(shared[at].next_tick().unwrap());
            for name in &collections {
                let system = shared[at].system();
                let c = system.collection(name).unwrap();
                insert(&system, &c, "{}").unwrap();
            }
            if round % 20 == at {
                // A key of their own that generators must leave out.
                let system = shared[at].system();
                let c = system.collection("c2").unwrap();
                let key = 3 + 7 * (50 + 30 * round + at);
                drop(insert(&system, &c, &format!(r#"{{"_key":"{key}"}}"#)));
            }
            clocks[at].advance(Duration::from_millis(1));
        }
        ticks
    });
    let mut ticks: Vec<u64> = given.into_iter().flatten().collect();
    let all = ticks.len();
    ticks.sort_unstable();
    ticks.dedup();
    assert_eq!(ticks.len(), all);
    let system = databases[1].system();
    for name in &names {
        let c = system.collection(name).unwrap();
        let mut reader = system.begin(TransactionOptions::read_only()).unwrap();
        assert!(reader.count(&c).unwrap() >= 180, "{name}");
    }
    check_all(&processes);
}

#[test]
fn a_revision_is_above_the_one_before_though_clocks_differ() {
    let [one, two, three]: [Process; 3] = start();
    let c = one
        .system()
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    insert(&three.system(), &c, r#"{"_key":"a","n":0}"#).unwrap();
    let mut last = Revision(0);
    for round in 0..9 {
        // Their clocks are two hours, an hour, and nothing ahead.
        let process = [&three, &two, &one][round % 3];
        let written = update(&process.system(), &c, "a", &format!(r#"{{"n":{round}}}"#)).unwrap();
        assert!(written.rev > last, "{round}");
        last = written.rev;
    }
    // More than `clock_skew_max` ahead: the clock of identifiers does not follow.
    assert!(one.next_tick().unwrap() >> 20 < START_MS + 1000);
    // Within it, it does, so that what is written later has a higher revision.
    one.clock.advance(Duration::from_secs(2 * 3600 - 60));
    update(&one.system(), &c, "a", r#"{"n":10}"#).unwrap();
    assert!(one.next_tick().unwrap() > last.0);
    // A revision at the end of all numbers harms nobody.
    let restored = WriteOptions {
        is_restore: true,
        ..WriteOptions::default()
    };
    let text = format!(r#"{{"_key":"z","_rev":"{}"}}"#, Revision(u64::MAX));
    insert_with(&one.system(), &c, &text, &restored).unwrap();
    update(&two.system(), &c, "z", r#"{"n":1}"#).unwrap();
}

#[test]
fn an_index_whose_builder_died_is_built_by_another() {
    let processes: [Process; 3] = start();
    let [one, two, three] = &processes;
    let system = one.system();
    let c = system
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    for at in 0..10 {
        insert(&system, &c, &format!(r#"{{"_key":"{at}","u":{at}}}"#)).unwrap();
    }
    // One announces the index and dies.
    let (_, building, _) = system
        .change(|change| {
            let c = Arc::clone(change.catalog.get("c")?);
            change.add_index(&c, &index("u", true), true)
        })
        .unwrap();
    let stop = AtomicBool::new(false);
    let adopt = |process: &Process| process.adopt_index_builds(&stop).unwrap();
    // Others maintain it meanwhile, and do not take it while its builder lives.
    insert(&two.system(), &c, r#"{"_key":"x","u":100}"#).unwrap();
    assert_eq!((adopt(two), adopt(three)), (0, 0));
    two.show_life().unwrap();
    two.clock.advance(Duration::from_secs(5));
    one.show_life().unwrap();
    two.show_life().unwrap();
    two.clock.advance(Duration::from_secs(9));
    two.show_life().unwrap();
    assert_eq!(adopt(two), 0);
    // No sign of life for as long as the lease.
    two.clock.advance(Duration::from_secs(1));
    three.show_life().unwrap();
    two.show_life().unwrap();
    assert_eq!((adopt(two), adopt(three)), (1, 0));
    let found = three.system().collection("c").unwrap();
    assert!(!found.find_index("i").unwrap().is_building());
    assert_eq!(number(insert(&three.system(), &c, r#"{"u":100}"#)), 1210);
    check_all(&processes);
    // One was only held up. What it does with its build now harms nobody, nor does its failure.
    drop(system.build_index(&c, &building));
    system.abandon(c.id(), building.id).unwrap();
    assert!(
        two.system()
            .collection("c")
            .unwrap()
            .find_index("i")
            .is_some()
    );
    check_all(&processes);
}

/// What violates the index removes it, though nobody waits for it any more.
#[test]
fn an_adopted_index_that_is_violated_is_removed() {
    let processes: [Process; 2] = start();
    let [one, two] = &processes;
    let system = one.system();
    let c = system
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    for _ in 0..2 {
        insert(&system, &c, r#"{"u":1}"#).unwrap();
    }
    let announced = system.change(|change| {
        let c = Arc::clone(change.catalog.get("c")?);
        change.add_index(&c, &index("u", true), true)
    });
    drop(announced.unwrap());
    wait_for_death(two);
    assert_eq!(two.adopt_index_builds(&AtomicBool::new(false)).unwrap(), 0);
    assert_eq!(
        two.system()
            .collection("c")
            .unwrap()
            .indexes_with_building()
            .count(),
        1
    );
    check_all(&processes);
}

#[test]
fn a_start_leaves_alone_what_others_build() {
    let engines = MemoryEngine::shared(2);
    let mut engines = engines
        .into_iter()
        .map(|engine| -> Arc<dyn Engine> { Arc::new(engine) });
    let one = start_on(engines.next().unwrap(), 0, &|_| {});
    let system = one.system();
    let c = system
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    insert(&system, &c, r#"{"u":1}"#).unwrap();
    let (_, building, _) = system
        .change(|change| {
            let c = Arc::clone(change.catalog.get("c")?);
            change.add_index(&c, &index("u", false), true)
        })
        .unwrap();
    let two = start_on(engines.next().unwrap(), 1, &|_| {});
    system.build_index(&c, &building).unwrap();
    assert!(
        two.system()
            .collection("c")
            .unwrap()
            .find_index("i")
            .is_some()
    );
    check_all(&[one, two]);
}

#[test]
fn one_of_all_removes_what_expired_until_it_dies() {
    let processes: [Process; 2] = start();
    let [one, two] = &processes;
    let c = one
        .system()
        .create_collection(&CollectionOptions::new("c"))
        .unwrap();
    let definition = parse(r#"{"type":"ttl","fields":["at"],"expireAfter":0}"#);
    one.system().create_index("c", &definition).unwrap();
    let expire = |process: &Process| {
        insert(&process.system(), &c, r#"{"at":1}"#).unwrap();
        let limits = ExpiryLimits {
            total_removes_max: 10,
            collection_removes_max: 10,
        };
        let stop = AtomicBool::new(false);
        process.remove_expired(START_MS, limits, &stop).removed
    };
    assert_eq!((expire(one), expire(two)), (1, 0));
    assert_eq!((expire(one), expire(two)), (2, 0));
    wait_for_death(two);
    assert_eq!((expire(two), expire(one)), (2, 0));
    let stop = AtomicBool::new(false);
    one.show_life().unwrap();
    two.maintain_estimates(&stop).unwrap();
    one.maintain_estimates(&stop).unwrap();
    check_all(&processes);
}
