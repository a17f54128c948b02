//! Rules for the crates' manifests: the same lines in each, so that none escapes the lints.

use super::files::File;

const REQUIRED: &[(&str, &str)] = &[
    ("license.workspace = true", "takes the workspace's licence"),
    ("version.workspace = true", "takes the workspace's version"),
    ("publish.workspace = true", "is not published by itself"),
    ("description = ", "says what the crate is for"),
];

/// The one crate with `unsafe`: a workspace lint cannot be lifted for one crate only, so it lists
/// its own.
const OWN_LINTS: &str = "js-engine";

/// Checks every crate's `Cargo.toml`.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else {
            continue;
        };
        if folder.starts_with("crates/") && folder.matches('/').count() > 1 {
            problems.push(format!("{}: crates lie directly in crates/", file.path));
            continue;
        }
        if !(folder.starts_with("crates/") || matches!(folder, "fuzz" | "xtask")) {
            continue;
        }
        let name = folder.rsplit('/').next().unwrap_or(folder);
        if !file.text.contains(&format!("name = \"{name}\"")) {
            problems.push(format!("{}: the crate is not called {name}", file.path));
        }
        if !file.text.contains("[lints]\nworkspace = true") && name != OWN_LINTS {
            problems.push(format!(
                "{}: does not take the workspace's lints",
                file.path
            ));
        }
        for (line, why) in REQUIRED {
            if !file.text.contains(line) {
                problems.push(format!("{}: lacks `{}`: it {why}", file.path, line.trim()));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::File;

    #[test]
    fn each_manifest_has_the_same_lines() {
        let files = [File {
            path: "crates/a/Cargo.toml".into(),
            text: "name = \"b\"\ndescription = \"x\"\nversion.workspace = true\n\
                   license.workspace = true\npublish.workspace = true\n[lints]\nworkspace = false"
                .into(),
        }];
        expect![[r#"
            crates/a/Cargo.toml: the crate is not called a
            crates/a/Cargo.toml: does not take the workspace's lints"#]]
        .assert_eq(&super::check(&files).join("\n"));
    }
}
