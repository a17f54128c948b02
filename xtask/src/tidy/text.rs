//! Rules for text files of any language.

use super::files::File;

/// Lines of a JavaScript file; bundles under `dist/` are built, not written.
const SCRIPT_LINES_MAX: usize = 800;

/// Folders of a developer's machine; a committed path like this works for one person only.
const MACHINE_PATHS: &[&str] = &["/root/", "/work/", "/Users/"];

/// Languages whose files are checked line by line.
const WRITTEN: &[&str] = &[
    ".rs", ".md", ".toml", ".js", ".mjs", ".ts", ".yml", ".lua", "Makefile",
];

/// Checks one file.
pub(super) fn check(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    let path = file.path.as_str();
    if path.ends_with("package-lock.json") && file.text.contains("\"resolved\"") {
        problems.push(format!(
            "{path}: names a registry host; write it with `omit-lockfile-registry-resolved`"
        ));
    }
    let built = path.contains("/dist/") || path.starts_with("corpus/");
    if built || !WRITTEN.iter().any(|end| path.ends_with(end)) {
        return problems;
    }
    let script = path.ends_with(".js") || path.ends_with(".mjs");
    if script && file.text.lines().count() > SCRIPT_LINES_MAX {
        problems.push(format!(
            "{path}: more than {SCRIPT_LINES_MAX} lines; split it"
        ));
    }
    for (at, line) in file.text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            problems.push(format!("{path}:{}: ends with white space", at + 1));
        }
        if path != "xtask/src/tidy/text.rs"
            && let Some(found) = find_machine_path(line)
        {
            problems.push(format!(
                "{path}:{}: `{found}` is a path of one machine",
                at + 1
            ));
        }
    }
    problems
}

/// A machine path at the start of a path: what precedes it is no part of a longer one.
fn find_machine_path(line: &str) -> Option<&'static str> {
    MACHINE_PATHS.iter().copied().find(|path| {
        line.match_indices(path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && !"./_-}]>*".contains(c))
        })
    })
}

/// Every decision record is listed in its README, and every listed one exists.
pub(super) fn check_decision_list(files: &[File]) -> Vec<String> {
    const FOLDER: &str = "docs/adr/";
    const LIST: &str = "docs/adr/README.md";
    let Some(list) = super::find_file(files, LIST) else {
        return vec![format!("{LIST}: missing")];
    };
    let mut problems = Vec::new();
    let records: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix(FOLDER))
        .filter(|name| *name != "README.md")
        .collect();
    for record in &records {
        if !list.text.contains(&format!("]({record})")) {
            problems.push(format!("{LIST}: does not list {record}"));
        }
    }
    for (at, _) in list.text.match_indices("](") {
        let target = list.text[at + 2..].split(')').next().unwrap_or_default();
        if target.ends_with(".md") && !target.contains('/') && !records.contains(&target) {
            problems.push(format!("{LIST}: lists {target}, which does not exist"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::{File, check_decision_list};

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.into(),
        }
    }

    fn check(path: &str, text: &str, expected: Expect) {
        expected.assert_eq(&super::check(&file(path, text)).join("\n"));
    }

    #[test]
    fn lines() {
        check("a.md", "x \ny\n", expect!["a.md:1: ends with white space"]);
        check(
            "a.js",
            "p = '/root/x'",
            expect!["a.js:1: `/root/` is a path of one machine"],
        );
        check("a.js", "router.get('/at/work/x'); frame/work/", expect![""]);
        check("dist/a.txt", "p = '/root/x' ", expect![""]);
        check(
            "a.mjs",
            &"x\n".repeat(801),
            expect!["a.mjs: more than 800 lines; split it"],
        );
        check(
            "package-lock.json",
            "{\"resolved\": \"x\"}",
            expect![
                "package-lock.json: names a registry host; write it with \
                 `omit-lockfile-registry-resolved`"
            ],
        );
    }

    #[test]
    fn decisions() {
        let files = [
            file("docs/adr/README.md", "[a](0001-a.md) [b](0002-b.md)"),
            file("docs/adr/0001-a.md", ""),
            file("docs/adr/0003-c.md", ""),
        ];
        expect![[r#"
            docs/adr/README.md: does not list 0003-c.md
            docs/adr/README.md: lists 0002-b.md, which does not exist"#]]
        .assert_eq(&check_decision_list(&files).join("\n"));
    }
}
