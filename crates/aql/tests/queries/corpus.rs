//! Runs every case of the corpus on every engine, optimised and not, and compares.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use aql::Options;
use database::Transaction;
use value::{Object, Value, json};

use crate::cases::{Case, CaseFile, Expected, find_files};
use crate::compare::{are_same, are_same_unordered, show_rows};
use crate::world::{Answer, EngineKind, PLAIN, Run, World};

/// Rows of one batch are too few for a bug at the seam of two to show; so they are also tiny.
const UNOPTIMIZED: Run = Run {
    optimize: false,
    batch_rows: 2,
    as_json: false,
};

const RUNS: &[(EngineKind, Run)] = &[
    (EngineKind::Memory, PLAIN),
    (EngineKind::Memory, UNOPTIMIZED),
    (
        EngineKind::Memory,
        Run {
            batch_rows: 3,
            as_json: true,
            ..PLAIN
        },
    ),
    (EngineKind::Redb, PLAIN),
    (EngineKind::Redb, UNOPTIMIZED),
];

fn corpus() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../corpus/aql")
}

/// Worlds by data set: cases roll back what they do.
#[derive(Default)]
struct Worlds(HashMap<(bool, Option<String>), World>);

impl Worlds {
    fn get(&mut self, engine: EngineKind, data: Option<&String>) -> &World {
        let key = (engine == EngineKind::Redb, data.cloned());
        self.0.entry(key).or_insert_with(|| match data {
            Some(name) => {
                let file = corpus().join("data").join(format!("{name}.json"));
                World::of_file(engine, &file)
            }
            None => World::new(engine),
        })
    }
}

/// How a case ended in one run.
type Outcome = aql::Result<Answer>;

#[test]
fn every_case_gives_what_it_says() {
    let wanted = std::env::var("VULPES_CASE").unwrap_or_default();
    let accept = std::env::var_os("VULPES_ACCEPT").is_some();
    let mut worlds = Worlds::default();
    let mut report = String::new();
    let (mut count, mut failed) = (0, 0);
    for path in find_files(&corpus()) {
        let file = CaseFile::read(&path);
        let name = path
            .strip_prefix(corpus())
            .expect("it is below")
            .display()
            .to_string();
        let mut accepted = Vec::new();
        for case in &file.cases {
            if !format!("{name} {}", case.title).contains(&wanted) {
                continue;
            }
            count += 1;
            let (problems, outcome) = check(case, &mut worlds);
            if problems.is_empty() {
                continue;
            }
            failed += 1;
            let _ = writeln!(report, "corpus/aql/{name}:{}: {}", case.line, case.title);
            for problem in problems {
                let _ = writeln!(report, "    {}", problem.replace('\n', "\n    "));
            }
            accepted.push((case, outcome));
        }
        if accept {
            rewrite(&file, &accepted);
        }
    }
    assert!(count > 0, "no case was found");
    assert!(failed == 0, "{failed} of {count} cases fail\n{report}");
}

#[test]
fn no_rule_changes_what_a_case_gives() {
    let mut worlds = Worlds::default();
    let mut report = String::new();
    let mut count = 0;
    for path in find_files(&corpus()) {
        for case in &CaseFile::read(&path).cases {
            let options = Options::parse(&case.options);
            if case.only_optimized || !options.rules.is_empty() {
                continue;
            }
            let world = worlds.get(EngineKind::Memory, case.data.as_ref());
            let mut txn = world.begin();
            let explained = world.explain(&mut txn, &case.query, &case.bind, &options);
            // What cannot be planned has no rules.
            let applied = explained.map_or(Vec::new(), |explained| explained.rules().to_vec());
            for rule in applied {
                count += 1;
                let off = Options {
                    rules: vec![format!("-{rule}")],
                    ..options.clone()
                };
                let mut txn = world.begin();
                let outcome = world.run(&mut txn, &case.query, &case.bind, &off, PLAIN);
                let mut problems = Vec::new();
                check_outcome(case, &outcome, &mut problems);
                check_after(case, world, txn, &outcome, &mut problems);
                if !problems.is_empty() {
                    let (path, line) = (path.display(), case.line);
                    let _ = writeln!(report, "{path}:{line} without {rule}: {problems:?}");
                }
            }
        }
    }
    assert!(count > 0, "no rule was applied");
    assert!(report.is_empty(), "{report}");
}

/// What is not as the case says, and the outcome of the first run.
fn check(case: &Case, worlds: &mut Worlds) -> (Vec<String>, Outcome) {
    let mut problems = Vec::new();
    let mut first = None;
    let runs = RUNS
        .iter()
        .filter(|(_, run)| run.optimize || !case.only_optimized);
    for (engine, run) in runs {
        let world = worlds.get(*engine, case.data.as_ref());
        let options = Options::parse(&case.options);
        let mut txn = world.begin();
        let outcome = world.run(&mut txn, &case.query, &case.bind, &options, *run);
        let mut found = Vec::new();
        check_outcome(case, &outcome, &mut found);
        check_after(case, world, txn, &outcome, &mut found);
        if run.optimize {
            check_stats(case, &outcome, &mut found);
            check_plan(case, world, &options, &mut found);
        }
        first.get_or_insert(outcome);
        if !found.is_empty() {
            problems.push(format!("on {engine:?}, {run:?}"));
            problems.extend(found);
            // The other runs would mostly say the same.
            break;
        }
    }
    (problems, first.expect("there is a run"))
}

fn check_outcome(case: &Case, outcome: &Outcome, problems: &mut Vec<String>) {
    let expected = show_expected(&case.expected);
    let found = show_outcome(outcome);
    let is_met = match (&case.expected, outcome) {
        (Expected::Rows(rows), Ok(answer)) => are_same(rows, &answer.rows),
        (Expected::RowsUnordered(rows), Ok(answer)) => are_same_unordered(rows, &answer.rows),
        (Expected::Count(count), Ok(answer)) => *count == answer.rows.len(),
        (
            Expected::Error {
                number,
                position,
                message,
            },
            Err(error),
        ) => {
            error.code().number() == *number
                && (position.is_none() || error.position() == *position)
                && error.message().contains(message.as_str())
        }
        _ => false,
    };
    if !is_met {
        problems.push(format!("expected {expected}\n   found {found}"));
    }
    if let Ok(answer) = outcome
        && answer.warnings != case.warnings
    {
        let (expected, found) = (&case.warnings, &answer.warnings);
        problems.push(format!(
            "expected warnings {expected:?}\n   found warnings {found:?}"
        ));
    }
}

fn check_after(
    case: &Case,
    world: &World,
    txn: Transaction,
    outcome: &Outcome,
    problems: &mut Vec<String>,
) {
    // A client sees a failed query rolled back.
    let mut txn = if outcome.is_ok() { txn } else { world.begin() };
    for (query, rows) in &case.after {
        let answer = world.run(&mut txn, query, &Object::new(), &Options::default(), PLAIN);
        let is_met = answer
            .as_ref()
            .is_ok_and(|answer| are_same(rows, &answer.rows));
        if !is_met {
            let expected = show_rows(rows).join("\n");
            let found = show_outcome(&answer);
            problems.push(format!(
                "after {query}\nexpected {expected}\n   found {found}"
            ));
        }
    }
}

fn check_stats(case: &Case, outcome: &Outcome, problems: &mut Vec<String>) {
    let Ok(Answer { stats, .. }) = outcome else {
        return;
    };
    for (name, expected) in case.stats.iter() {
        let found = match &**name {
            "writesExecuted" => Some(stats.writes_executed),
            "writesIgnored" => Some(stats.writes_ignored),
            "scannedFull" => Some(stats.scanned_full),
            "scannedIndex" => Some(stats.scanned_index),
            "filtered" => Some(stats.filtered),
            "fullCount" => stats.full_count,
            other => panic!("no figure is called {other}"),
        };
        let found = found.map(Value::from).unwrap_or_default();
        if found != *expected {
            let (expected, found) = (json::to_string(expected), json::to_string(&found));
            problems.push(format!("expected {name} {expected}\n   found {found}"));
        }
    }
}

fn check_plan(case: &Case, world: &World, options: &Options, problems: &mut Vec<String>) {
    if case.plan.is_empty() {
        return;
    }
    let mut txn = world.begin();
    let explained = match world.explain(&mut txn, &case.query, &case.bind, options) {
        Ok(explained) => explained,
        Err(error) => return problems.push(format!("explain failed: {error}")),
    };
    let plan = Value::object(explained.to_plan_object());
    let nodes = plan.get("nodes").as_array().unwrap_or_default();
    for word in &case.plan {
        let (wanted, name) = match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.strip_prefix('+').unwrap_or(word)),
        };
        let has = if name.starts_with(char::is_lowercase) {
            explained.rules().contains(&name)
        } else {
            nodes.iter().any(|node| is_node(node, name))
        };
        if has != wanted {
            let types = nodes.iter().filter_map(|node| node.get("type").as_str());
            let types: Vec<_> = types.collect();
            let rules = explained.rules();
            problems.push(format!(
                "plan: {word} does not hold\n  nodes {types:?}\n  rules {rules:?}"
            ));
        }
    }
}

/// `wanted` is a type of node, for those with indexes also `type:name of an index or its type`.
fn is_node(node: &Value, wanted: &str) -> bool {
    let (kind, index) = match wanted.split_once(':') {
        Some((kind, index)) => (kind, Some(index)),
        None => (wanted, None),
    };
    let indexes = node.get("indexes").as_array().unwrap_or_default();
    node.get("type").as_str() == Some(kind)
        && index.is_none_or(|wanted| {
            indexes.iter().any(|index| {
                let names = [index.get("name").as_str(), index.get("type").as_str()];
                names.contains(&Some(wanted))
            })
        })
}

fn show_expected(expected: &Expected) -> String {
    match expected {
        Expected::Rows(rows) => show_rows(rows).join("\n"),
        Expected::RowsUnordered(rows) => format!("in any order\n{}", show_rows(rows).join("\n")),
        Expected::Count(count) => format!("{count} rows"),
        Expected::Error {
            number,
            position,
            message,
        } => match position {
            Some((line, column)) => format!("error {number} {line}:{column} {message}"),
            None => format!("error {number} {message}"),
        },
    }
}

fn show_outcome(outcome: &Outcome) -> String {
    match outcome {
        Ok(answer) => show_rows(&answer.rows).join("\n"),
        Err(error) => format!("error {}", show_error(error)),
    }
}

fn show_error(error: &aql::Error) -> String {
    let number = error.code().number();
    match error.position() {
        Some((line, column)) => format!("{number} {line}:{column} {}", error.message()),
        None => format!("{number} {}", error.message()),
    }
}

/// Writes what came out in place of what was expected.
fn rewrite(file: &CaseFile, accepted: &[(&Case, Outcome)]) {
    if accepted.is_empty() {
        return;
    }
    let mut lines = file.lines.clone();
    // From the end, so that the places of those before stay right.
    for (case, outcome) in accepted.iter().rev() {
        let mut texts = match (outcome, &case.expected) {
            (Err(error), _) => vec![format!("// error: {}", show_error(error))],
            (Ok(answer), Expected::Count(_)) => {
                vec![format!("// expect-count: {}", answer.rows.len())]
            }
            (Ok(answer), expected) => {
                let key = match expected {
                    Expected::RowsUnordered(_) => "expect-unordered",
                    _ => "expect",
                };
                let rows = show_rows(&answer.rows).join("\n//   ");
                vec![format!("// {key}: {rows}")]
            }
        };
        if let Ok(answer) = outcome
            && !answer.warnings.is_empty()
        {
            texts.push(format!("// warnings: {:?}", answer.warnings));
        }
        let old = case
            .warnings_lines
            .clone()
            .filter(|old| old.start >= case.expectation.end);
        if let Some(old) = old {
            lines.drain(old);
        }
        lines.splice(case.expectation.clone(), texts);
        if let Some(old) = case
            .warnings_lines
            .clone()
            .filter(|old| old.end <= case.expectation.start)
        {
            lines.drain(old);
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    fs::write(&file.path, text).expect("write a case file");
}
