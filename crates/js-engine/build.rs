//! Finds the system's JavaScriptCore, or says which package brings it.

use std::env;
use std::process::exit;

/// The names under which distributions ship the library, best first.
const NAMES: [&str; 2] = ["javascriptcoregtk-6.0", "javascriptcoregtk-4.1"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
        println!("cargo::rustc-link-lib=framework=JavaScriptCore");
        return;
    }
    for name in NAMES {
        // 2.42 is the first release with every function that `ffi` declares.
        if pkg_config::Config::new()
            .atleast_version("2.42")
            .probe(name)
            .is_ok()
        {
            return;
        }
    }
    println!("cargo::error=JavaScriptCore's development package (2.42 or newer) was not found.");
    println!("cargo::error=Debian, Ubuntu: apt-get install libjavascriptcoregtk-4.1-dev");
    println!("cargo::error=Fedora: dnf install javascriptcoregtk4.1-devel");
    println!("cargo::error=Arch: pacman -S webkit2gtk-4.1. Alpine: apk add webkit2gtk-4.1-dev");
    println!(
        "cargo::error=pkg-config must be installed too; looked for: {}",
        NAMES.join(", ")
    );
    exit(1);
}
