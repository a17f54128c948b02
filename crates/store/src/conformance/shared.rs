//! Several engines on one store, as processes that share it have them.

use std::sync::Arc;

use super::conflicts::check_pairs;
use super::{Case, Fixture, all_keys, begin, commit, get, get_committed, write};
use crate::batch::decode_counter;
use crate::contract::Contract;
use crate::engine::{BeginOptions, Engine};

pub(super) const CASES: &[(&str, Case)] = &[
    ("commits_are_seen_by_all", commits_are_seen_by_all),
    ("pairs_of_different_engines", pairs_of_different_engines),
    ("additions_of_all_add_up", additions_of_all_add_up),
    ("one_ends_and_others_go_on", one_ends_and_others_go_on),
    ("who_shares_says_so", who_shares_says_so),
];

fn open_shared(fixture: &dyn Fixture, count: usize) -> Vec<Arc<dyn Engine>> {
    let engines = fixture.fresh_shared(count).into_iter();
    engines
        .map(|engine| -> Arc<dyn Engine> { Arc::new(Contract::new(engine)) })
        .collect()
}

/// Two engines on one store; `None` if the engine does not share.
fn open_two(fixture: &dyn Fixture) -> Option<(Arc<dyn Engine>, Arc<dyn Engine>)> {
    let mut engines = open_shared(fixture, 2).into_iter();
    Some((engines.next()?, engines.next()?))
}

fn who_shares_says_so(fixture: &dyn Fixture) {
    let engines = open_shared(fixture, 2);
    assert!(engines.iter().all(|engine| engine.is_shared()));
    assert!(engines.is_empty() || engines.len() == 2);
}

fn commits_are_seen_by_all(fixture: &dyn Fixture) {
    let Some((one, two)) = open_two(fixture) else {
        return;
    };
    let mut before = begin(&two);
    assert_eq!(get(&mut before, "a"), None);
    for round in 0..20 {
        let (writer, reader) = if round % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        commit(writer, |b| {
            b.put("a", format!("{round}"))
                .put(format!("b{round:02}"), "");
        });
        assert_eq!(get_committed(reader, "a"), Some(format!("{round}")));
        let options = BeginOptions::read_only();
        let (_, values) = reader
            .begin_reading(options, &[b"a", b"none"])
            .expect("begin and read");
        assert_eq!(values, [Some(format!("{round}").into()), None]);
    }
    assert_eq!(get(&mut before, "a"), None);
    assert_eq!(all_keys(&mut before), "");
}

fn pairs_of_different_engines(fixture: &dyn Fixture) {
    check_pairs(|| open_two(fixture));
}

fn additions_of_all_add_up(fixture: &dyn Fixture) {
    let engines = open_shared(fixture, 3);
    let mut txns: Vec<_> = engines.iter().chain(&engines).map(begin).collect();
    for txn in &mut txns {
        write(txn, |b| {
            b.add("n", 7);
        });
    }
    for txn in txns {
        txn.commit().expect("additions do not conflict");
    }
    for engine in &engines {
        let counter = begin(engine).get(b"n").expect("get").expect("a counter");
        assert_eq!(decode_counter(&counter).expect("8 bytes"), 42);
    }
}

fn one_ends_and_others_go_on(fixture: &dyn Fixture) {
    let Some((one, two)) = open_two(fixture) else {
        return;
    };
    let mut unfinished = begin(&one);
    write(&mut unfinished, |b| {
        b.put("unfinished", "");
    });
    commit(&one, |b| {
        b.put("finished", "");
    });
    // What a process leaves behind that ends in the middle keeps nobody waiting.
    drop(unfinished);
    one.close().expect("close");
    drop(one);
    assert_eq!(all_keys(&mut begin(&two)), "finished");
    commit(&two, |b| {
        b.put("unfinished", "no more");
    });
    assert_eq!(
        get_committed(&two, "unfinished").as_deref(),
        Some("no more")
    );
}
