//! Runs the cases of `corpus/aql`; its README describes them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use value::{Object, Value, json};

use super::{World, parse};
use crate::{Error, Options, explain, Query};

/// One case file.
struct Case {
    path: PathBuf,
    /// Header lines, `name: text`, in order.
    header: Vec<(String, String)>,
    query: String,
}

/// What a run of a query gave.
#[derive(Debug, PartialEq)]
enum Answer {
    Rows { rows: String, warnings: String, full_count: Option<u64>, then: Option<String> },
    Error(String),
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut header = Vec::new();
        let mut rest = text.as_str();
        while let Some(line) = rest.strip_prefix("// ") {
            let (line, after) = line.split_once('\n').unwrap_or((line, ""));
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            header.push((name.trim().to_owned(), value.trim().to_owned()));
            rest = after;
        }
        Self {
            path: path.to_owned(),
            header,
            query: rest.to_owned(),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.header.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn object(&self, name: &str) -> Object {
        let text = self.get(name).unwrap_or("{}");
        parse(text).as_object().unwrap().clone()
    }

    fn world(&self, corpus: &Path) -> World {
        let world = World::new();
        if let Some(setup) = self.get("setup") {
            let dataset = if setup.starts_with('{') {
                parse(setup)
            } else {
                let file = corpus.join("datasets").join(format!("{setup}.json"));
                parse(&fs::read_to_string(file).unwrap())
            };
            world.load(&dataset);
        }
        world
    }

    fn run(&self, corpus: &Path, optimize: bool, as_json: bool) -> Answer {
        let world = self.world(corpus);
        let mut options = Options::parse(&Value::object(self.object("options")));
        if !optimize {
            options.rules = vec!["-all".to_owned()];
        }
        match self.rows(&world, &options, as_json) {
            Ok(answer) => answer,
            Err(error) => {
                let mut text = error.code().to_string();
                if let Some((line, column)) = error.position() {
                    let _ = write!(text, " {line}:{column}");
                }
                Answer::Error(text)
            }
        }
    }

    fn rows(&self, world: &World, options: &Options, as_json: bool) -> Result<Answer, Error> {
        let mut txn = world.begin();
        let mut cursor = world.start(&txn, &self.query, &self.object("bind"), options)?;
        let mut rows = if as_json {
            let mut text = b"[".to_vec();
            cursor.write_json_rows(&mut txn, usize::MAX, &mut text)?;
            text.push(b']');
            let text = String::from_utf8(text).unwrap();
            parse(&text).as_array().unwrap().to_vec()
        } else {
            cursor.all_values(&mut txn)?
        };
        if self.get("unordered").is_some() {
            rows.sort();
        }
        let warnings = cursor.warnings().iter().map(|warning| warning.code.number().into());
        let warnings = json::to_string(&Value::array(warnings.collect()));
        txn.commit()?;
        let then = match self.get("then") {
            Some(text) => Some(to_text(&Value::array(world.query(text)?))),
            None => None,
        };
        Ok(Answer::Rows {
            rows: to_text(&Value::array(rows)),
            warnings,
            full_count: cursor.stats().full_count,
            then,
        })
    }

    /// The header lines that this answer should have.
    fn expectations(answer: &Answer) -> Vec<(&'static str, String)> {
        match answer {
            Answer::Error(text) => vec![("error", text.clone())],
            Answer::Rows { rows, warnings, full_count, then } => {
                let mut lines = vec![("expect", rows.clone())];
                if warnings != "[]" {
                    lines.push(("warnings", warnings.clone()));
                }
                lines.extend(full_count.map(|count| ("full-count", count.to_string())));
                lines.extend(then.clone().map(|then| ("after", then)));
                lines
            }
        }
    }

    fn accept(&self, answer: &Answer) {
        let kept = self.header.iter().filter(|(name, _)| !EXPECTATIONS.contains(&name.as_str()));
        let mut text = String::new();
        for (name, value) in kept {
            if value.is_empty() {
                let _ = writeln!(text, "// {name}");
            } else {
                let _ = writeln!(text, "// {name}: {value}");
            }
        }
        for (name, value) in Self::expectations(answer) {
            let _ = writeln!(text, "// {name}: {value}");
        }
        text.push_str(&self.query);
        fs::write(&self.path, text).unwrap();
    }

    /// What is not as the case says.
    fn check(&self, corpus: &Path) -> Vec<String> {
        let answer = self.run(corpus, true, true);
        let mut problems = Vec::new();
        for (optimize, as_json) in [(false, false), (true, false)] {
            let other = self.run(corpus, optimize, as_json);
            if other != answer {
                problems.push(format!(
                    "optimised, as JSON: {answer:?}\n    optimised {optimize}, as JSON {as_json}: \
                     {other:?}"
                ));
            }
        }
        if std::env::var_os("VULPES_ACCEPT").is_some() {
            self.accept(&answer);
            return problems;
        }
        let found = Self::expectations(&answer);
        for name in EXPECTATIONS {
            let expected = self.get(name).map(str::to_owned);
            let found = found.iter().find(|(key, _)| key == name).map(|(_, text)| text.clone());
            let same = match (&expected, &found) {
                (Some(expected), Some(found)) if *name == "expect" || *name == "after" => {
                    to_text(&parse(expected)) == *found
                }
                (expected, found) => expected == found,
            };
            if !same {
                problems.push(format!("{name}: expected {expected:?}, found {found:?}"));
            }
        }
        if let Some(wanted) = self.get("plan") {
            problems.extend(self.check_plan(corpus, wanted));
        }
        problems
    }

    /// Each word of `wanted` is a rule that is applied or a type of node that is there; with a
    /// `!` before it one that is not.
    fn check_plan(&self, corpus: &Path, wanted: &str) -> Option<String> {
        let world = self.world(corpus);
        let query = Query {
            text: &self.query,
            bind: self.object("bind"),
            options: Options::parse(&Value::object(self.object("options"))),
        };
        let explained = explain(&world.plans, &world.begin(), &query).unwrap();
        let plan = Value::object(explained.to_plan_object());
        let nodes = plan.get("nodes").as_array().unwrap_or_default();
        let has = |word: &str| {
            explained.rules().contains(&word)
                || nodes.iter().any(|node| node.get("type").as_str() == Some(word))
        };
        let holds = |word: &str| match word.strip_prefix('!') {
            Some(word) => !has(word),
            None => has(word),
        };
        let missing: Vec<&str> = wanted.split(' ').filter(|word| !holds(word)).collect();
        let rules = explained.rules();
        (!missing.is_empty()).then(|| format!("plan: {missing:?} do not hold; rules {rules:?}"))
    }
}

/// Header lines that say what comes out, in their order.
const EXPECTATIONS: &[&str] = &["expect", "error", "warnings", "full-count", "after"];

/// Compact JSON without revisions, which differ from run to run, and with sorted names.
fn to_text(value: &Value) -> String {
    json::to_string(&normalized(value))
}

fn normalized(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::array(items.iter().map(normalized).collect()),
        Value::Object(object) => {
            let mut attributes: Vec<_> = object.iter().collect();
            attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
            let kept = attributes.into_iter().filter(|(name, _)| &***name != "_rev");
            let kept = kept.map(|(name, value)| (name.clone(), normalized(value)));
            Value::object(kept.collect())
        }
        other => other.clone(),
    }
}

#[test]
fn every_case_gives_what_it_says() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/aql");
    let wanted = std::env::var("VULPES_CASE").unwrap_or_default();
    let mut failures = String::new();
    let (mut count, mut failed) = (0, 0);
    let mut areas: Vec<_> = fs::read_dir(&corpus).unwrap().map(|area| area.unwrap().path()).collect();
    areas.sort();
    for area in areas.into_iter().filter(|area| area.is_dir()) {
        let mut files: Vec<_> = fs::read_dir(&area).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let is_case = file.extension().is_some_and(|extension| extension == "aql");
            if !is_case || !file.to_string_lossy().contains(&wanted) {
                continue;
            }
            count += 1;
            let problems = Case::read(&file).check(&corpus);
            failed += usize::from(!problems.is_empty());
            let name = file.strip_prefix(&corpus).unwrap().display().to_string();
            for problem in problems {
                let _ = writeln!(failures, "{name}\n    {problem}");
            }
        }
    }
    assert!(failures.is_empty(), "{failed} of {count} cases fail:\n{failures}");
    assert!(count > 0, "no case was found");
}
