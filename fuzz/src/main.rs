//! libFuzzer's driver: the target and the folder of its inputs come from the environment, since
//! the arguments belong to libFuzzer. `cargo xtask fuzz` sets both, and asks for all names by
//! `VULPES_FUZZ_LIST`, so that no target can be forgotten there.

#![no_main]

use std::sync::OnceLock;

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn begin() {
    if std::env::var_os("VULPES_FUZZ_LIST").is_some() {
        for target in TARGETS {
            println!("{}", target.name);
        }
        std::process::exit(0);
    }
    let name = std::env::var("VULPES_FUZZ_TARGET").expect("VULPES_FUZZ_TARGET names a target");
    let target = fuzz::find(&name).unwrap_or_else(|| panic!("no target is called {name}"));
    if let Some(folder) = std::env::var_os("VULPES_FUZZ_SEEDS") {
        let folder = std::path::PathBuf::from(folder);
        for (at, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{at:04}")), seed).expect("write a seed");
        }
    }
    TARGET.get_or_init(|| target);
}

fuzz_target!(init: begin(), |data: &[u8]| {
    let target = TARGET.get().expect("chosen at the start");
    (target.run)(data);
});
