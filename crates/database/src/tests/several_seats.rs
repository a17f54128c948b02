//! Seats of several processes on one store, and the identifiers that come from them.

use std::time::Duration;

use store::BeginOptions;

use super::several::{Process, check_all, start, start_on, wait_for_death};
use super::threads::together;
use super::*;

/// The first start makes `_system`, and here there are several first ones.
#[test]
fn all_may_start_at_once() {
    for _ in 0..10 {
        let engines: Vec<Arc<dyn Engine>> = MemoryEngine::shared(4)
            .into_iter()
            .map(|engine| -> Arc<dyn Engine> { Arc::new(engine) })
            .collect();
        let processes = together(4, move |at| start_on(Arc::clone(&engines[at]), at, &|_| {}));
        let seats: Vec<u64> = processes
            .iter()
            .map(|process| process.shared().holder().unwrap().seat)
            .collect();
        let mut sorted = seats.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3], "{seats:?}");
        let c = processes[0]
            .system()
            .create_collection(&CollectionOptions::new("c"))
            .unwrap();
        for process in &processes {
            insert(&process.system(), &c, "{}").unwrap();
        }
        check_all(&processes);
    }
}

#[test]
fn who_was_taken_for_dead_goes_on_under_another_seat() {
    let processes: [Process; 2] = start();
    let [one, two] = &processes;
    let before = one.shared().holder().unwrap();
    wait_for_death(two);
    let mut ids: Vec<u64> = (0..100).map(|_| one.next_tick().unwrap()).collect();
    // Its seat is somebody else's by now.
    let engine = Arc::clone(two.engine());
    let three = start_on(engine, 2, &|_| {});
    assert_eq!(three.shared().holder().unwrap().seat, before.seat);
    ids.extend((0..100).map(|_| three.next_tick().unwrap()));
    // Reserved identifiers end, and so it notices.
    one.clock.advance(Duration::from_secs(3600));
    ids.extend((0..100).map(|_| one.next_tick().unwrap()));
    assert_ne!(one.shared().holder().unwrap().seat, before.seat);
    // Or it notices when it shows life.
    wait_for_death(two);
    one.show_life().unwrap();
    three.show_life().unwrap();
    let seats = [one, two, &three].map(|process| process.shared().holder().unwrap().seat);
    assert!(
        seats[0] != seats[1] && seats[1] != seats[2] && seats[0] != seats[2],
        "{seats:?}"
    );
    ids.extend([one, &three].map(|process| process.next_tick().unwrap()));
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn a_seat_that_is_taken_later_goes_on_above_its_former_holder() {
    let [one, two]: [Process; 2] = start();
    let engine = Arc::clone(two.engine());
    let start = |at| start_on(Arc::clone(&engine), at, &|_| {});
    // Seats 0 and 1 are taken; this gets 2, and its clock is that of the first.
    let third = start(3);
    // Others have reserved identifiers far ahead, which is not where this one begins.
    assert!(third.next_tick().unwrap() >> 20 <= START_MS + 1);
    let mut ids: Vec<u64> = (0..5_000).map(|_| third.next_tick().unwrap()).collect();
    wait_for_death(&two);
    let fourth = start(6);
    assert_eq!(fourth.shared().holder().unwrap().seat, 0);
    one.show_life().unwrap();
    assert_eq!(one.shared().holder().unwrap().seat, 2);
    ids.extend((0..5_000).map(|_| one.next_tick().unwrap()));
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn seats_are_given_back_and_used_again() {
    let [one, two]: [Process; 2] = start();
    let engine = Arc::clone(one.engine());
    let mut ids = Vec::new();
    for round in 0..20 {
        // Another handle, so that closing it leaves the engine open.
        let txn = engine.begin(BeginOptions::read_only()).unwrap();
        let process = start_on(Arc::clone(&engine), round, &|_| {});
        assert_eq!(process.shared().holder().unwrap().seat, 2);
        ids.extend((0..10).map(|_| process.next_tick().unwrap()));
        process.shared().release_ticks().unwrap();
        drop(txn);
    }
    ids.push(two.next_tick().unwrap());
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

/// What was shared goes on in one process, and the other way round.
#[test]
fn identifiers_go_on_when_a_store_is_no_longer_shared() {
    let [one, two]: [Process; 2] = start();
    let last = one.next_tick().unwrap().max(two.next_tick().unwrap());
    let mut txn = one.engine().begin(BeginOptions::read_only()).unwrap();
    let all = txn.scan(&store::Scan::forward(store::KeyRange::all()).with_entries_max(10_000));
    let alone = MemoryEngine::new();
    let mut copy = alone.begin(BeginOptions::read_write()).unwrap();
    let mut batch = store::Batch::new();
    for (key, value) in all.unwrap().entries {
        batch.put(key, value);
    }
    copy.write(batch).unwrap();
    copy.commit().unwrap();
    let (databases, _) = open_on(Arc::new(alone), START_MS - 1_000_000);
    assert!(databases.next_tick().unwrap() > last);
}
