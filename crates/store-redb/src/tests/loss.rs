//! A disk that loses any part of what was not synced.

use platform::SeededRandom;

use super::disk::Disk;
use super::faults::{COMMITS, commit, count_on, open};

/// Crashes that are tried at each place in the journal of a run.
const CRASHES: u64 = 6;

#[test]
fn whatever_was_not_synced_may_be_lost() {
    let disk = Disk::default();
    disk.record();
    let engine = open(&disk);
    // How many changes of the disk had been made when each commit was acknowledged.
    let opened = disk.recorded();
    let mut acknowledged = Vec::new();
    for n in 1..=COMMITS {
        commit(&engine, n).unwrap();
        acknowledged.push(disk.recorded());
    }
    drop(engine);
    let (mut at_once, mut late) = (0, 0);
    for at in opened..=disk.recorded() {
        for seed in 0..CRASHES {
            let crashed = disk.crashed_at(at, &SeededRandom::new(seed + 1000 * at as u64));
            let found = count_on(&crashed, &format!("crash at {at} with seed {seed}"));
            let least = acknowledged.iter().filter(|place| **place <= at).count() as u8;
            let possible = least..=COMMITS.min(least + 1);
            assert!(
                possible.contains(&found),
                "crash at {at} with seed {seed}: {found} of {least} are there"
            );
            at_once += u32::from(found == least);
            late += u32::from(found > least);
        }
    }
    // Both outcomes were seen, so the crashes were neither all too early nor all too late.
    assert!(at_once > 0 && late > 0, "{at_once} before, {late} after");
}
