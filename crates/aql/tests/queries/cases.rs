//! Case files: reading them, and writing what was accepted. The corpus's README is the format.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use value::{Object, Value, json};

const SEPARATOR: &str = "// ---";

const KEYS: &[&str] = &[
    "reason",
    "data",
    "bind",
    "options",
    "only",
    "expect",
    "expect-unordered",
    "expect-count",
    "error",
    "warnings",
    "stats",
    "plan",
    "after",
];

/// A file of cases.
pub struct CaseFile {
    pub path: PathBuf,
    pub lines: Vec<String>,
    pub cases: Vec<Case>,
}

/// What a case says must come out.
#[derive(Debug)]
pub enum Expected {
    Rows(Vec<Value>),
    RowsUnordered(Vec<Value>),
    Count(usize),
    Error {
        number: u32,
        position: Option<(u32, u32)>,
        message: String,
    },
}

/// One case.
pub struct Case {
    pub title: String,
    /// The title's line, counted from 1.
    pub line: usize,
    pub data: Option<String>,
    pub bind: Object,
    pub options: Value,
    /// It does not run with the rules off.
    pub only_optimized: bool,
    pub query: String,
    pub expected: Expected,
    pub warnings: Vec<u32>,
    pub stats: Object,
    pub plan: Vec<String>,
    /// Queries that run afterwards, with their rows.
    pub after: Vec<(String, Vec<Value>)>,
    /// The lines of the file, counted from 0, that state the rows or the error.
    pub expectation: Range<usize>,
    /// The lines that state the warnings.
    pub warnings_lines: Option<Range<usize>>,
}

/// One key of a head.
struct Entry {
    key: String,
    text: String,
    lines: Range<usize>,
}

/// All case files below `corpus`, in order of names.
pub fn find_files(corpus: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![corpus.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("read the corpus") {
            let path = entry.expect("read the corpus").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "aql") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

impl CaseFile {
    /// Reads a file; panics with file and line where it breaks the format.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("read a case file");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut starts: Vec<usize> = (0..lines.len())
            .filter(|at| lines[*at] == SEPARATOR)
            .map(|at| at + 1)
            .collect();
        starts.push(lines.len() + 1);
        let mut file = Self {
            path: path.to_owned(),
            lines,
            cases: Vec::new(),
        };
        let preamble = file.head(0..starts[0].saturating_sub(1));
        let data = preamble.0.into_iter().find(|entry| entry.key == "data");
        let data = data.map(|entry| entry.text);
        for pair in starts.windows(2) {
            let case = file.case(pair[0]..pair[1] - 1, data.as_ref());
            file.cases.push(case);
        }
        file
    }

    fn fail(&self, line: usize, problem: &str) -> ! {
        panic!("{}:{}: {problem}", self.path.display(), line + 1)
    }

    /// The keys of a head and where it ends.
    fn head(&self, range: Range<usize>) -> (Vec<Entry>, usize) {
        let mut entries: Vec<Entry> = Vec::new();
        let mut at = range.start + 1;
        while at < range.end {
            let line = &self.lines[at];
            if let (Some(rest), Some(last)) = (line.strip_prefix("//   "), entries.last_mut()) {
                last.text.push('\n');
                last.text.push_str(rest.trim());
                last.lines.end = at + 1;
            } else if let Some(rest) = line.strip_prefix("// ") {
                let (key, text) = rest.split_once(':').unwrap_or((rest, ""));
                if range.start > 0 && !KEYS.contains(&key) {
                    self.fail(at, &format!("no key is called {key:?}"));
                }
                entries.push(Entry {
                    key: key.to_owned(),
                    text: text.trim().to_owned(),
                    lines: at..at + 1,
                });
            } else {
                break;
            }
            at += 1;
        }
        (entries, at)
    }

    fn case(&self, range: Range<usize>, data: Option<&String>) -> Case {
        let start = range.start;
        let title = match self
            .lines
            .get(start)
            .and_then(|line| line.strip_prefix("// "))
        {
            Some(title) if start < range.end => title.to_owned(),
            _ => self.fail(start, "a case begins with its title"),
        };
        let (entries, end) = self.head(range.clone());
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        if find("reason").is_none() {
            self.fail(start, "the case gives no reason");
        }
        let value = |key: &str| find(key).map(|entry| self.json(entry, &entry.text));
        let outcomes = ["expect", "expect-unordered", "expect-count", "error"];
        let outcome = entries
            .iter()
            .find(|entry| outcomes.contains(&entry.key.as_str()));
        let outcome = outcome.unwrap_or_else(|| self.fail(start, "the case expects nothing"));
        let after = entries.iter().filter(|entry| entry.key == "after");
        let warnings = value("warnings").map(|numbers| self.rows(start, &numbers));
        let as_number = |number: &Value| number.as_i64().and_then(|n| u32::try_from(n).ok());
        let object = |key: &str| value(key).and_then(|value| value.as_object().cloned());
        let plan = find("plan").map_or("", |entry| &entry.text);
        Case {
            title,
            line: start + 1,
            data: find("data")
                .map(|entry| entry.text.clone())
                .or_else(|| data.cloned()),
            bind: object("bind").unwrap_or_default(),
            options: value("options").unwrap_or_default(),
            only_optimized: find("only").is_some_and(|entry| entry.text == "optimized"),
            query: self.lines[end..range.end].join("\n"),
            expected: self.expected(outcome),
            warnings: warnings.iter().flatten().filter_map(as_number).collect(),
            stats: object("stats").unwrap_or_default(),
            plan: plan.split_whitespace().map(str::to_owned).collect(),
            after: after.map(|entry| self.after(entry)).collect(),
            expectation: outcome.lines.clone(),
            warnings_lines: find("warnings").map(|entry| entry.lines.clone()),
        }
    }

    fn json(&self, entry: &Entry, text: &str) -> Value {
        json::parse(text.as_bytes())
            .unwrap_or_else(|error| self.fail(entry.lines.start, &error.to_string()))
    }

    fn rows(&self, line: usize, value: &Value) -> Vec<Value> {
        match value.as_array() {
            Some(rows) => rows.to_vec(),
            None => self.fail(line, "an array was expected"),
        }
    }

    fn expected(&self, entry: &Entry) -> Expected {
        let line = entry.lines.start;
        if entry.key == "error" {
            return self.expected_error(line, &entry.text);
        }
        let value = self.json(entry, &entry.text);
        match entry.key.as_str() {
            "expect" => Expected::Rows(self.rows(line, &value)),
            "expect-unordered" => Expected::RowsUnordered(self.rows(line, &value)),
            _ => match value.as_i64().and_then(|count| usize::try_from(count).ok()) {
                Some(count) => Expected::Count(count),
                None => self.fail(line, "a count was expected"),
            },
        }
    }

    /// `1501 1:8 text`
    fn expected_error(&self, line: usize, text: &str) -> Expected {
        let (number, rest) = text.split_once(' ').unwrap_or((text, ""));
        let Ok(number) = number.parse() else {
            self.fail(line, "an error number was expected")
        };
        let (word, message) = rest.split_once(' ').unwrap_or((rest, ""));
        let numbers = word.split_once(':');
        let position =
            numbers.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        let message = if position.is_some() { message } else { rest };
        Expected::Error {
            number,
            position,
            message: message.to_owned(),
        }
    }

    fn after(&self, entry: &Entry) -> (String, Vec<Value>) {
        let Some((query, rows)) = entry.text.rsplit_once(" => ") else {
            self.fail(entry.lines.start, "after needs `query => rows`")
        };
        let rows = self.json(entry, rows);
        (query.to_owned(), self.rows(entry.lines.start, &rows))
    }
}
