//! What is left when the database, or the way to it, fails.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use platform::Platform;
use store::{BeginOptions, Engine, ErrorKind, KeyRange, Scan, Txn, decode_counter};

use super::proxy::{Cut, Proxy};
use super::{open, write};
use crate::engine::PostgresEngine;
use crate::settings::Settings;
use crate::testing::Instance;

fn begin(engine: &PostgresEngine) -> Box<dyn Txn> {
    engine.begin(BeginOptions::read_write()).unwrap()
}

fn counter(engine: &PostgresEngine) -> i64 {
    let value = begin(engine).get(b"counter").unwrap();
    value.map_or(0, |value| decode_counter(&value).unwrap())
}

/// A commit whose connection is lost is looked up: it happens once, whether or not the server
/// had seen it.
#[test]
fn a_lost_answer_is_looked_up() {
    let instance = Instance::of_this_process();
    let proxy = Proxy::start(instance);
    let engine = open(&proxy.between(instance.fresh()));
    for (round, cut) in (1..).zip([Cut::Before, Cut::After, Cut::After, Cut::Before]) {
        let mut txn = begin(&engine);
        write(&mut txn, |batch| {
            batch.add("counter", 1).put("round", format!("{round}"));
        });
        proxy.cut(cut);
        txn.commit().expect("it is found out what became of it");
        assert!(proxy.has_cut());
        assert_eq!(counter(&engine), round, "{cut:?}");
    }
}

/// What is still on its way when its sender has given it up finds its name taken.
#[test]
fn what_was_barred_cannot_happen() {
    let instance = Instance::of_this_process();
    let settings = instance.fresh();
    let schema = settings.schema.clone();
    let engine = open(&settings);
    let bar = "INSERT INTO $.commits SELECT max(seq) + 1, 7, 1, true, now() FROM $.commits";
    instance.query(&bar.replace('$', &schema)).unwrap();
    let late = "INSERT INTO $.commits SELECT max(seq) + 1, 7, 1, false, now() FROM $.commits";
    assert!(instance.query(&late.replace('$', &schema)).is_err());
    drop(engine);
}

/// Threads commit while every connection is cut again and again, and the server is killed twice.
#[test]
fn no_acknowledged_commit_is_lost() {
    const THREADS: u64 = 3;
    let instance = &Instance::start().unwrap();
    let settings = Settings {
        outage_wait: Duration::from_secs(20),
        ..instance.fresh()
    };
    let engine = &open(&settings);
    let (done, unknown) = (&AtomicBool::new(false), &AtomicU64::new(0));
    let acknowledged: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || commit_until(engine, thread, done, unknown)))
            .collect();
        let clock = Platform::system().clock;
        for round in 0..12 {
            clock.pause(Duration::from_millis(100));
            if round % 6 == 5 {
                instance.stop().unwrap();
                instance.launch().unwrap();
                continue;
            }
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'vulpes'";
            instance.query(kill).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    let unknown = unknown.load(Ordering::SeqCst);
    let all = counter(engine);
    let all = u64::try_from(all).unwrap();
    println!("{acknowledged} acknowledged, {unknown} unknown, {all} counted");
    assert!(acknowledged > 0);
    assert!((acknowledged..=acknowledged + unknown).contains(&all));
    let scan = Scan::forward(KeyRange::prefix("k")).with_keys_only();
    let mut txn = begin(engine);
    let (mut keys, mut next) = (0, Some(scan));
    while let Some(scan) = next {
        let page = txn.scan(&scan).unwrap();
        keys += page.entries.len() as u64;
        next = scan.after(&page);
    }
    assert_eq!(keys, all, "no commit is there in part");
}

/// Counts one up and leaves a key, until told; returns how often that was acknowledged.
fn commit_until(
    engine: &PostgresEngine,
    thread: u64,
    done: &AtomicBool,
    unknown: &AtomicU64,
) -> u64 {
    let mut acknowledged = 0;
    for n in 0.. {
        if done.load(Ordering::SeqCst) {
            break;
        }
        let Ok(mut txn) = engine.begin(BeginOptions::read_write()) else {
            continue;
        };
        write(&mut txn, |batch| {
            batch.add("counter", 1).put(format!("k{thread}/{n}"), "");
        });
        match txn.commit() {
            Ok(_) => acknowledged += 1,
            Err(error) if error.kind() == ErrorKind::Unavailable => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
                unknown.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    acknowledged
}

#[test]
fn connections_have_a_limit() {
    let settings = Settings {
        connections_max: 2,
        connection_wait: Duration::from_millis(50),
        ..Instance::of_this_process().fresh()
    };
    let engine = open(&settings);
    let held = (begin(&engine), begin(&engine));
    let error = engine.begin(BeginOptions::read_only()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.context().contains("connections_max is 2"), "{error}");
    drop(held);
    drop(begin(&engine));
}

/// Somebody sits on the lock of all commits.
#[test]
fn statements_have_a_limit() {
    let instance = Instance::of_this_process();
    let settings = Settings {
        statement_timeout: Duration::from_millis(300),
        ..instance.fresh()
    };
    let engine = open(&settings);
    std::thread::scope(|scope| {
        let hold = format!(
            "BEGIN; SELECT value FROM {}.state WHERE name = 'lock' FOR UPDATE; \
             SELECT pg_sleep(2); COMMIT",
            settings.schema
        );
        let holding = scope.spawn(move || instance.query(&hold).unwrap());
        let held = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2)%'
                    AND wait_event = 'PgSleep'";
        while instance.query(held).unwrap().trim() == "0" {}
        let mut txn = begin(&engine);
        write(&mut txn, |batch| {
            batch.put("a", "1");
        });
        let error = txn.commit().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        holding.join().unwrap();
    });
    assert_eq!(begin(&engine).get(b"a").unwrap(), None);
    let mut txn = begin(&engine);
    write(&mut txn, |batch| {
        batch.put("a", "1");
    });
    txn.commit().unwrap();
}

#[test]
fn a_server_that_is_away_is_reported_and_comes_back() {
    let instance = Instance::start().unwrap();
    let settings = Settings {
        outage_wait: Duration::from_millis(100),
        ..instance.fresh()
    };
    let engine = open(&settings);
    let mut open_before = begin(&engine);
    instance.stop().unwrap();
    let error = open_before.get(b"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    let error = engine.begin(BeginOptions::read_write()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    instance.launch().unwrap();
    while engine.begin(BeginOptions::read_write()).is_err() {}
    let mut txn = begin(&engine);
    write(&mut txn, |batch| {
        batch.put("a", "1");
    });
    txn.commit().unwrap();
}

#[test]
fn tables_of_a_later_format_are_refused() {
    let instance = Instance::of_this_process();
    let settings = instance.fresh();
    drop(open(&settings));
    let raise = "UPDATE $.state SET value = 99 WHERE name = 'format'";
    instance
        .query(&raise.replace('$', &settings.schema))
        .unwrap();
    // Formats only ever add to those before.
    drop(open(&settings));
    let raise = "UPDATE $.state SET value = 99 WHERE name = 'format_min'";
    instance
        .query(&raise.replace('$', &settings.schema))
        .unwrap();
    let error = PostgresEngine::open(settings, Platform::system())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert!(error.context().contains("format 99"), "{error}");
}

#[test]
fn what_is_old_is_forgotten() {
    let instance = Instance::of_this_process();
    let settings = Settings {
        retention: Duration::ZERO,
        ..instance.fresh()
    };
    let engine = open(&settings);
    let mut late = begin(&engine);
    for round in 0..5 {
        let mut txn = begin(&engine);
        write(&mut txn, |batch| {
            batch.put("a", format!("{round}")).delete("gone");
            batch.delete_range(KeyRange::prefix("range"));
        });
        txn.commit().unwrap();
    }
    engine.sweep().unwrap();
    let left = "SELECT (SELECT count(*) FROM $.commits), (SELECT count(*) FROM $.cleared)";
    let left = instance
        .query(&left.replace('$', &settings.schema))
        .unwrap();
    assert_eq!(left.trim(), "1|1");
    write(&mut late, |batch| {
        batch.put("nobody wrote this", "");
    });
    let error = late.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.context().contains("retention"), "{error}");
    let mut txn = begin(&engine);
    write(&mut txn, |batch| {
        batch.put("a", "after");
    });
    txn.commit().unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let base = Settings::new("postgres://nobody@localhost:1/nothing?sslmode=disable");
    let cases = [
        (
            "schema",
            Settings {
                schema: "a;b".to_owned(),
                ..base.clone()
            },
        ),
        (
            "sslmode",
            Settings {
                address: format!("{}&sslmode=x", base.address),
                ..base.clone()
            },
        ),
        (
            "address",
            Settings {
                address: "postgres://localhost:port/nothing".to_owned(),
                ..base.clone()
            },
        ),
        (
            "sslrootcert",
            Settings {
                address: "host=localhost sslmode=verify-full sslrootcert=/nowhere".to_owned(),
                ..base.clone()
            },
        ),
    ];
    for (what, settings) in cases {
        let error = PostgresEngine::open(settings, Platform::system())
            .err()
            .unwrap();
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidArgument,
            "{what}: {error:?}"
        );
        assert!(error.context().contains(what), "{what}: {error}");
    }
    let error = PostgresEngine::open(base, Platform::system())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[test]
fn hints_reach_other_processes() {
    let settings = Instance::of_this_process().fresh();
    let (one, two) = (open(&settings), open(&settings));
    let (send, heard) = channel();
    two.listen(Box::new(move || {
        // Nobody waits any more when the test ends.
        let _ = send.send(());
    }));
    // It listens from now on.
    heard.recv().unwrap();
    one.tell();
    heard.recv().unwrap();
}
