//! Seeds and everything that once failed, replayed without a fuzzer.

use fuzz::{TARGETS, Target, regressions};

fn is_real(target: &&Target) -> bool {
    target.name != "canary"
}

#[test]
fn seeds_hold() {
    for target in TARGETS.iter().filter(is_real) {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in seeds {
            replay(target, &seed);
        }
    }
}

#[test]
fn what_once_failed_holds() {
    for target in TARGETS.iter().filter(is_real) {
        for input in regressions(target).expect("the folder can be read") {
            replay(target, &input);
        }
    }
}

#[test]
fn the_canary_can_fail() {
    let canary = fuzz::find("canary").expect("it is a target");
    (canary.run)(b"vulpe");
    assert!(std::panic::catch_unwind(|| (canary.run)(b"vulpes!")).is_err());
}

/// Names the input that fails; it is the last one printed.
fn replay(target: &Target, input: &[u8]) {
    let run = std::panic::catch_unwind(|| (target.run)(input));
    if let Err(panic) = run {
        let shown: String = String::from_utf8_lossy(input).chars().take(400).collect();
        panic!(
            "{}: {shown}\n{:?}",
            target.name,
            panic.downcast_ref::<String>()
        );
    }
}
