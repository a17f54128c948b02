//! Runs the function corpus and feeds every function arbitrary arguments.
//!
//! A corpus line is `NAME(json, …) => json`, with ` !1542` after it for each warning expected,
//! `=> error 1593` when the call ends the query, or `=> ~json` when numbers need to agree to
//! twelve digits only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use error_codes::codes;
use platform::{Platform, Random, SeededRandom};
use value::{Object, Value, json};

use super::{
    ALIASES, ALL, Caches, Context, DocumentSource, Error, Function, Limits, Warnings, find,
};

/// Functions whose result no line can state.
const WITHOUT_LINES: &[&str] = &["RAND", "UUID", "DATE_NOW", "DATE_TIMEZONES", "HASH"];

const NOW_MS: u64 = 1_700_000_000_000;

/// Two documents of one collection; sleeping only notes for how long.
#[derive(Default)]
struct Documents {
    slept: Duration,
}

impl DocumentSource for Documents {
    fn fetch(&mut self, id: &str) -> Result<Option<Value>, Error> {
        let (collection, key) = id.split_once('/').unwrap_or((id, ""));
        let found = key == "anna" || key == "ben";
        self.count(collection)?;
        Ok(found.then(|| Value::object(Object::from_iter([("_key", key), ("_id", id)]))))
    }

    fn count(&mut self, collection: &str) -> Result<u64, Error> {
        match collection {
            "users" => Ok(2),
            other => Err(Error::new(
                codes::ARANGO_DATA_SOURCE_NOT_FOUND,
                format!("collection or view not found: {other}"),
            )),
        }
    }

    fn schema(&mut self, collection: &str) -> Result<Value, Error> {
        self.count(collection).map(|_| Value::Null)
    }

    fn collections(&mut self) -> Result<Vec<(String, String)>, Error> {
        Ok(vec![("17".to_owned(), "users".to_owned())])
    }

    fn call_user(&mut self, name: &str, _: &[Value], _: &mut Warnings) -> Result<Value, Error> {
        let code = codes::QUERY_FUNCTION_NOT_FOUND;
        Err(Error::new(
            code,
            format!("user function '{name}()' not found"),
        ))
    }

    fn wait(&mut self, duration: Duration) -> Result<(), Error> {
        self.slept += duration;
        Ok(())
    }
}

struct Called {
    outcome: Result<Value, Error>,
    warnings: Vec<u32>,
    slept: Duration,
}

fn call_with(limits: &Limits, name: &str, args: &[Value]) -> Called {
    let (platform, _) = Platform::simulated(NOW_MS, 1);
    let mut warnings = Warnings::new(10, false);
    let mut caches = Caches::default();
    let mut documents = Documents::default();
    let mut ctx = Context {
        platform: &platform,
        warnings: &mut warnings,
        caches: &mut caches,
        limits,
        documents: &mut documents,
        database: "shop",
        user: Some("root"),
        version: "3.12.5",
        function: "",
    };
    let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
    let outcome = function
        .check_count(args.len())
        .and_then(|()| function.call(&mut ctx, args));
    Called {
        outcome,
        warnings: warnings.entries().iter().map(|w| w.code.0).collect(),
        slept: documents.slept,
    }
}

fn call(name: &str, args: &[Value]) -> Called {
    call_with(&Limits::STANDARD, name, args)
}

/// What a line would have to say for the call to be right.
fn shown(called: &Called) -> String {
    let mut text = match &called.outcome {
        Ok(value) => json::to_string(value),
        Err(error) => format!("error {}", error.code),
    };
    for code in &called.warnings {
        text.push_str(&format!(" !{code}"));
    }
    text
}

/// Splits off the warnings: `null !1542` is `null` and ` !1542`.
fn split_warnings(expected: &str) -> (&str, &str) {
    let mut value = expected;
    while let Some((before, code)) = value.rsplit_once(" !")
        && code.chars().all(|c| c.is_ascii_digit())
    {
        value = before;
    }
    (value, &expected[value.len()..])
}

fn close(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| close(a, b))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()),
            _ => a == b,
        },
    }
}

/// Compares a call with the right side of its line. Values are compared as JSON, for `[]` and
/// `[null]` are equal as values.
fn agrees(called: &Called, expected: &str) -> bool {
    let (value, warnings) = split_warnings(expected);
    if value.starts_with("error ") {
        return shown(called) == expected;
    }
    let codes: String = called.warnings.iter().map(|c| format!(" !{c}")).collect();
    let Ok(outcome) = &called.outcome else {
        return false;
    };
    let (loosely, value) = match value.strip_prefix('~') {
        Some(value) => (true, value),
        None => (false, value),
    };
    let wanted = json::parse(value.as_bytes()).expect("the right side is JSON");
    let same = json::to_string(outcome) == json::to_string(&wanted);
    codes == warnings && (same || loosely && close(outcome, &wanted))
}

/// Name, arguments and expectation of a line.
fn read_line(line: &str) -> Option<(&str, Vec<Value>, &str)> {
    let (left, expected) = line.rsplit_once(" => ")?;
    let (name, args) = left.trim().strip_suffix(')')?.split_once('(')?;
    let args = json::parse(format!("[{args}]").as_bytes()).ok()?;
    Some((name, args.as_array()?.to_vec(), expected.trim()))
}

#[test]
fn corpus() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../corpus/aql/functions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    let mut forms: BTreeMap<&str, Forms> = BTreeMap::new();
    let (mut lines, mut wrong) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file is readable");
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{}:{number}", file.display());
            let (name, args, expected) =
                read_line(line).unwrap_or_else(|| panic!("{place}: cannot read: {line}"));
            let called = call(name, &args);
            let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
            forms.entry(function.name).or_default().add(&args);
            lines += 1;
            if !agrees(&called, expected) {
                wrong.push(format!("{place}: {line}\n    got {}", shown(&called)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(lines > 600, "only {lines} lines were read");
    let missing = |function: &&Function| {
        let forms = forms.get(function.name);
        !forms.is_some_and(|forms| forms.are_all(function))
    };
    let all = ALL.iter().flat_map(|family| family.iter());
    let missing = all.filter(missing).map(|function| function.name);
    let missing: Vec<&str> = missing
        .filter(|name| !WITHOUT_LINES.contains(name))
        .collect();
    assert!(missing.is_empty(), "lines are missing for {missing:?}");
}

/// Which forms of calls of a function there are lines for.
#[derive(Default)]
struct Forms {
    with_null: bool,
    /// Kinds of values by place.
    kinds: BTreeSet<(usize, &'static str)>,
    counts: BTreeSet<usize>,
}

impl Forms {
    fn add(&mut self, args: &[Value]) {
        self.with_null |= args.contains(&Value::Null);
        let kinds = args.iter().map(value::type_name).enumerate();
        self.kinds.extend(kinds);
        self.counts.insert(args.len());
    }

    /// With `null`, with values of two other types in each place that must be filled, with the
    /// fewest and with the most arguments.
    fn are_all(&self, function: &Function) -> bool {
        let of_other_types = |place: usize| {
            let kinds = self.kinds.iter();
            kinds
                .filter(|(at, kind)| *at == place && *kind != "null")
                .count()
                >= 2
        };
        let most = function.max_args;
        (self.with_null || most == Some(0))
            && (0..function.min_args).all(of_other_types)
            && self.counts.contains(&function.min_args)
            && most.is_none_or(|most| self.counts.contains(&most))
    }
}

#[test]
fn one_argument_less_or_more_than_documented_is_refused() {
    for function in ALL.iter().flat_map(|family| family.iter()) {
        let more = function.max_args.map(|most| most + 1);
        let fewer = function.min_args.checked_sub(1);
        for count in more.into_iter().chain(fewer) {
            let refused = function.check_count(count).expect_err(function.name);
            assert_eq!(refused.code.0, 1541, "{} of {count}", function.name);
        }
    }
}

#[test]
fn names_are_unique_and_sorted_within_a_family() {
    let mut seen = BTreeSet::new();
    for family in ALL {
        assert!(family.windows(2).all(|pair| pair[0].name < pair[1].name));
        for function in *family {
            assert!(
                seen.insert(function.name),
                "{} is there twice",
                function.name
            );
            assert_eq!(function.name, function.name.to_ascii_uppercase());
        }
    }
    for (alias, name) in ALIASES {
        assert!(seen.contains(name), "{alias} stands for nothing");
        assert!(seen.insert(alias), "{alias} is a function of its own");
    }
}

/// Values that tend to break things.
fn arbitrary(random: &dyn Random, depth: u32) -> Value {
    const TEXTS: &[&str] = &[
        "",
        "a",
        "foo bar",
        "ß→🥑e\u{301}",
        "%_\\",
        "(",
        "[a-z]+",
        "2015-02-31T23:59:59.999Z",
        "9999-12-31",
        "P1Y2M",
        "Europe/Berlin",
        "year",
        "f",
        "users/anna",
        "users",
        "1e308",
        "-5",
        "127.0.0.1",
        "{\"a\":[1]}",
        "APPLY",
        "$1$99\\",
    ];
    const INTS: &[i64] = &[
        0,
        1,
        -1,
        2,
        31,
        32,
        64,
        1000,
        -1000,
        i64::MAX,
        i64::MIN,
        4_294_967_295,
    ];
    const DOUBLES: &[f64] = &[
        0.5,
        -0.0,
        1e-300,
        -2.5,
        1e15,
        1e308,
        -1e308,
        253_402_300_799_999.5,
    ];
    let pick = |count: usize| (random.next_u64() % count as u64) as usize;
    match pick(if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => Value::Bool(pick(2) == 0),
        2 => Value::Int(INTS[pick(INTS.len())]),
        3 => Value::Double(DOUBLES[pick(DOUBLES.len())]),
        4 | 5 => TEXTS[pick(TEXTS.len())].into(),
        6 | 7 => (0..pick(5))
            .map(|_| arbitrary(random, depth - 1))
            .collect::<Vec<_>>()
            .into(),
        _ => (0..pick(4))
            .map(|at| (["a", "_id", "foo", ""][at], arbitrary(random, depth - 1)))
            .collect::<Object>()
            .into(),
    }
}

#[test]
fn no_function_panics_whatever_its_arguments() {
    const SEED: u64 = 20_240_229;
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(SEED));
    let limits = Limits {
        text_bytes_max: 10_000,
        array_items_max: 10_000,
        ..Limits::STANDARD
    };
    for family in ALL {
        for function in *family {
            for round in 0..300 {
                let most = function.max_args.unwrap_or(function.min_args + 3);
                let span = (most - function.min_args + 1) as u64;
                let count = function.min_args + (random.next_u64() % span) as usize;
                let args: Vec<Value> = (0..count).map(|_| arbitrary(&*random, 2)).collect();
                let shown = json::to_string(&args.clone().into());
                let caught = std::panic::catch_unwind(|| call_with(&limits, function.name, &args));
                let Ok(called) = caught else {
                    panic!(
                        "seed {SEED}, round {round}: {}{shown} panics",
                        function.name
                    );
                };
                let again = call_with(&limits, function.name, &args);
                if function.deterministic {
                    assert_eq!(called.outcome, again.outcome, "{}{shown}", function.name);
                }
            }
        }
    }
}

#[test]
fn volatile_results_keep_their_shape() {
    for _ in 0..100 {
        let drawn = call("RAND", &[]).outcome.expect("it has no arguments");
        let drawn = drawn.as_f64().expect("a number");
        assert!(drawn > 0.0 && drawn < 1.0);
    }
    let uuid = call("UUID", &[]).outcome.expect("it has no arguments");
    let uuid = uuid.as_str().expect("a text").to_owned();
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    let token = call("RANDOM_TOKEN", &[300.into()])
        .outcome
        .expect("within the limit");
    let token = token.as_str().expect("a text").to_owned();
    assert!(token.len() == 300 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let now = call("DATE_NOW", &[]).outcome.expect("it has no arguments");
    assert_eq!(now, Value::from(NOW_MS));
    let zones = call("DATE_TIMEZONES", &[])
        .outcome
        .expect("it has no arguments");
    let zones = zones.as_array().expect("a list").to_vec();
    assert!(zones.contains(&"Europe/Berlin".into()) && zones.len() > 300);
}

#[test]
fn equal_values_hash_alike() {
    let hash = |text: &str| {
        let value = json::parse(text.as_bytes()).expect("JSON");
        let hash = call("HASH", &[value]).outcome.expect("any value has one");
        hash.as_i64().expect("an integer")
    };
    assert_eq!(
        hash(r#"{"a": 1, "b": [2]}"#),
        hash(r#"{"b": [2.0], "a": 1}"#)
    );
    let all = [
        "1",
        r#""1""#,
        "true",
        "null",
        "[1,2]",
        "[2,1]",
        r#"{"a":1}"#,
    ]
    .map(hash);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.iter().all(|hash| (0..1 << 53).contains(hash)));
}

#[test]
fn zone_information_tells_which_rule_held() {
    let args = [
        "2020-10-15T01:00:00.999Z".into(),
        "America/New_York".into(),
        true.into(),
    ];
    let told = call("DATE_UTCTOLOCAL", &args)
        .outcome
        .expect("no limit is near");
    assert_eq!(told.get("local"), &"2020-10-14T21:00:00.999".into());
    let rule = told.get("zoneInfo");
    assert_eq!(rule.get("name"), &"EDT".into());
    assert_eq!(rule.get("begin"), &"2020-03-08T07:00:00.000Z".into());
    assert_eq!(rule.get("end"), &"2020-11-01T06:00:00.000Z".into());
    assert_eq!(rule.get("dst"), &true.into());
    assert_eq!(rule.get("offset"), &(-14_400).into());
    assert!(told.get("tzdb").as_str().is_some());
}

#[test]
fn sleeping_is_left_to_the_host() {
    let called = call("SLEEP", &[Value::Double(0.25)]);
    assert_eq!(called.slept, Duration::from_millis(250));
    assert_eq!(shown(&call("SLEEP", &[1_000_000_000.into()])), "error 32");
}

#[test]
fn a_warning_fails_the_query_when_asked_to() {
    let mut warnings = Warnings::new(10, true);
    let error = warnings.add(codes::QUERY_INVALID_REGEX, "bad".to_owned());
    assert_eq!(error, Err(Error::new(codes::QUERY_INVALID_REGEX, "bad")));
    assert!(warnings.entries().is_empty());
}

#[test]
fn limits_name_their_setting() {
    let texts = ["a".repeat(5_000), "b".repeat(5_000)].map(Value::from);
    let error = call("LEVENSHTEIN_DISTANCE", &texts)
        .outcome
        .expect_err("too large");
    assert_eq!(error.code, codes::RESOURCE_LIMIT);
    assert!(error.message.contains("comparison_cells_max"), "{error}");
    let mut doubled = Value::from("0123456789abcdef");
    for _ in 0..60 {
        doubled = vec![doubled.clone(), doubled].into();
    }
    for name in ["CONCAT", "TO_STRING", "JSON_STRINGIFY", "UPPER"] {
        let error = call(name, &[doubled.clone()])
            .outcome
            .expect_err("too long");
        assert!(error.message.contains("text_bytes_max"), "{name}: {error}");
    }
    let error = call("FLATTEN", &[doubled, 99.into()])
        .outcome
        .expect_err("too long");
    assert!(error.message.contains("array_items_max"), "{error}");
    let error = call("RANGE", &[0.into(), i64::MAX.into()])
        .outcome
        .expect_err("too long");
    assert_eq!(error.code, codes::QUERY_NUMBER_OUT_OF_RANGE);
}

#[test]
fn a_catastrophic_expression_gives_up() {
    // A look-around keeps the expression from the engine that never steps back.
    let text = "a".repeat(64) + "b";
    let called = call("REGEX_TEST", &[text.into(), "(?=a)(a+)+(?!b)c$".into()]);
    assert!(["false", "null !1543"].contains(&shown(&called).as_str()));
}

#[test]
fn every_documented_function_takes_the_documented_arguments() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../corpus/aql/functions/signatures.tsv"
    );
    let text = std::fs::read_to_string(path).expect("read the signatures");
    let mut listed = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a name");
        let function = super::find(name).unwrap_or_else(|| panic!("{name} is missing"));
        let least = words.next().and_then(|word| word.parse().ok());
        let most = words.next().expect("the most arguments").parse().ok();
        assert_eq!(Some(function.min_args), least, "{name}");
        assert_eq!(function.max_args, most, "{name}");
        assert_eq!(function.deterministic, words.next().is_none(), "{name}");
        listed += 1;
    }
    let known: usize = super::ALL.iter().map(|family| family.len()).sum();
    assert_eq!(
        listed,
        known + super::ALIASES.len(),
        "a function is not listed"
    );
}
