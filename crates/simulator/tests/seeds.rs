//! Many worlds, and worlds in which a rule is broken on purpose.

use simulator::{Broken, Config, Failure, Report, run};

/// Worlds of an ordinary run; `SIMULATOR_SEEDS` asks for more, `SIMULATOR_SEED` for one.
const SEEDS: u64 = 300;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(seeds: impl Iterator<Item = u64>) -> Report {
    let mut report = Report::default();
    for seed in seeds {
        match run(&Config::new(seed)) {
            Ok(one) => report += one,
            Err(failure) => panic!("{failure}\nreplay: SIMULATOR_SEED={seed}"),
        }
    }
    report
}

#[test]
fn coordinators_agree_whatever_befalls_them() {
    if let Some(seed) = number("SIMULATOR_SEED") {
        check(std::iter::once(seed));
        return;
    }
    let first = number("SIMULATOR_FIRST").unwrap_or(1);
    let count = number("SIMULATOR_SEEDS").unwrap_or(SEEDS);
    let report = check(first..first + count);
    println!("{count} seeds from {first}: {report:?}");
    assert!(report.commits > 0 && report.live_everywhere > 0 && report.lost > 0);
}

#[test]
fn a_seed_replays() {
    let figures = |report: Report| format!("{report:?}");
    let once = figures(run(&Config::new(7)).unwrap());
    assert_eq!(once, figures(run(&Config::new(7)).unwrap()));
}

/// The first seed in which a broken rule is found.
fn find(broken: Broken) -> Option<Failure> {
    (1..=400).find_map(|seed| {
        let config = Config {
            broken: Some(broken),
            ..Config::new(seed)
        };
        run(&config).err()
    })
}

#[test]
fn rules_that_are_broken_are_found() {
    for broken in [
        Broken::NoFence,
        Broken::NoConflicts,
        Broken::NoTurns,
        Broken::WaitsForItself,
        Broken::OldMembers,
        Broken::SetUpAgain,
        Broken::Silent,
        Broken::NoHealing,
        Broken::BlindToDamage,
    ] {
        let found = find(broken);
        let failure = found.unwrap_or_else(|| panic!("{broken:?} is not found"));
        println!("{broken:?}: seed {}: {}", failure.seed, failure.what);
    }
}
