//! Runs every file of `corpus/http`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scenario;

/// Not on a store that several processes share: no result is kept there (docs/adr/0030).
const ALONE: &[&str] = &["query_cache"];

#[test]
fn corpus() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../corpus/http");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "scn"));
    files.sort();
    assert!(files.len() > 10, "the corpus is there");
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let is_shared = store_postgres::testing::is_wanted();
    let mut failures = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.to_string_lossy().contains(&only))
    {
        let name = file.file_stem().unwrap().to_string_lossy();
        if is_shared && ALONE.contains(&name.as_ref()) {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        failures.extend(
            scenario::run(&text)
                .iter()
                .map(|why| format!("{name}: {why}")),
        );
    }
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn a_scenario_that_is_not_met_fails() {
    for (expectation, why) in [
        ("< 201", "status"),
        ("< 200\n< server: x", "header"),
        ("< 200\n< server:", "header"),
        ("< 200\n<< {\"server\": \"x\"}", "body"),
        ("< 200\n<< {\"server\": \"$absent\"}", "body"),
        ("< 200\n<= x", "body"),
        ("< 200\n<~ nowhere", "body"),
        ("< 200\n<! arango", "must not appear"),
    ] {
        let failures = scenario::run(&format!("> GET /_api/version\n{expectation}\n"));
        assert!(
            failures.len() == 1 && failures[0].contains(why),
            "{expectation}: {failures:?}"
        );
    }
    let unmet = scenario::run("log WARN never logged\n> GET /_api/version\n< 200\n");
    assert_eq!(unmet.len(), 1, "{unmet:?}");
}
