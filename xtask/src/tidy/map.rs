//! The crate map and the direction of dependencies.

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use super::files::File;

const MAP: &str = "ARCHITECTURE.md";

/// The layers. A crate depends only on crates of a lower layer; tests too. Crates named here need
/// not exist yet; crates that exist must be named here.
const LAYERS: &[(u8, &[&str])] = &[
    (0, &["value", "error-codes", "platform"]),
    (1, &["store", "js-engine"]),
    (2, &["store-redb", "store-postgres", "database"]),
    (3, &["aql", "cluster"]),
    (4, &["jobs", "registry"]),
    (5, &["foxx", "simulator"]),
    (6, &["http-api", "web-ui"]),
    (7, &["vulpes"]),
    (8, &["fuzz"]),
];

/// Automation stands outside of the layers: nothing depends on it, and of the crates it may use
/// only the tables that it prints.
const AUTOMATION: &str = "xtask";
const AUTOMATION_MAY_USE: &[&str] = &["error-codes"];

/// Checks map and directions.
pub(super) fn check(root: &Path, files: &[File]) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .context("run cargo metadata")?;
    let crates = collect_crates(&metadata);
    let mut problems = check_directions(&crates);
    match super::find_file(files, MAP) {
        Some(map) => problems.extend(compare_map(&map.text, &crates)),
        None => problems.push(format!("{MAP}: missing")),
    }
    Ok(problems)
}

/// A crate of the workspace and the workspace's crates it depends on, in any way.
struct Crate {
    name: String,
    uses: Vec<String>,
}

fn collect_crates(metadata: &Metadata) -> Vec<Crate> {
    metadata
        .packages
        .iter()
        .map(|package| Crate {
            name: package.name.to_string(),
            uses: package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .map(|dependency| dependency.name.clone())
                .collect(),
        })
        .collect()
}

fn find_layer(name: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(layer, _)| *layer)
}

fn check_directions(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for one in crates {
        let name = &one.name;
        if name == AUTOMATION {
            for used in &one.uses {
                if !AUTOMATION_MAY_USE.contains(&used.as_str()) {
                    problems.push(format!("{name}: must not depend on {used}"));
                }
            }
            continue;
        }
        let Some(layer) = find_layer(name) else {
            problems.push(format!(
                "{name}: has no layer; name it in xtask/src/tidy/map.rs"
            ));
            continue;
        };
        for used in &one.uses {
            match find_layer(used) {
                Some(below) if below < layer => {}
                Some(other) => problems.push(format!(
                    "{name}: layer {layer} must not depend on {used} of layer {other}"
                )),
                None => problems.push(format!("{name}: must not depend on {used}")),
            }
        }
    }
    problems
}

/// The map's rows look like ``| 2 | `database` | charter |``.
fn compare_map(text: &str, crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut mapped = Vec::new();
    for line in text.lines() {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(layer), Some(name)) = (cells.next(), cells.next()) else {
            continue;
        };
        let Ok(layer) = layer.parse::<u8>() else {
            continue;
        };
        let name = name.trim_matches('`');
        if find_layer(name) != Some(layer) {
            problems.push(format!("{MAP}: {name} is not in layer {layer}"));
        }
        mapped.push(name);
    }
    for one in crates.iter().filter(|one| one.name != AUTOMATION) {
        if !mapped.contains(&one.name.as_str()) {
            problems.push(format!("{MAP}: the crate map lacks {}", one.name));
        }
    }
    for name in mapped {
        if !crates.iter().any(|one| one.name == name) {
            problems.push(format!(
                "{MAP}: the crate map names {name}, which does not exist"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{Crate, check_directions, compare_map};

    fn one(name: &str, uses: &[&str]) -> Crate {
        Crate {
            name: name.into(),
            uses: uses.iter().map(|&used| used.into()).collect(),
        }
    }

    #[test]
    fn dependencies_go_down() {
        let crates = [
            one("value", &[]),
            one("store", &["value"]),
            one("database", &["store", "store-redb", "aql"]),
            one("shiny", &[]),
            one("vulpes", &["http-api", "xtask"]),
            one("xtask", &["error-codes", "database"]),
        ];
        expect![[r#"
            database: layer 2 must not depend on store-redb of layer 2
            database: layer 2 must not depend on aql of layer 3
            shiny: has no layer; name it in xtask/src/tidy/map.rs
            vulpes: must not depend on xtask
            xtask: must not depend on database"#]]
        .assert_eq(&check_directions(&crates).join("\n"));
    }

    #[test]
    fn the_map_names_exactly_what_exists() {
        let map = "| L | crate |\n|---|---|\n| 0 | `value` | x |\n| 1 | `aql` | x |\n";
        expect![[r#"
            ARCHITECTURE.md: aql is not in layer 1
            ARCHITECTURE.md: the crate map lacks store
            ARCHITECTURE.md: the crate map names aql, which does not exist"#]]
        .assert_eq(&compare_map(map, &[one("value", &[]), one("store", &[])]).join("\n"));
    }
}
