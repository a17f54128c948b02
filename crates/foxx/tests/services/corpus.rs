//! The cases of `corpus/js` on the real engine and store. Their format: `corpus/js/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use foxx::{InstallRequest, Source, TestOptions};
use value::{Object, Value, json};

use crate::harness::{Answer, Host, zip};

const DB: &str = "d";

/// One case: a service and what it must answer.
#[derive(Default)]
struct Case {
    mount: String,
    init: Value,
    manifest: Value,
    info: Value,
    files: Vec<(String, String)>,
    exchanges: Vec<Exchange>,
}

#[derive(Default, Debug)]
struct Exchange {
    method: String,
    target: String,
    headers: Vec<String>,
    body: Vec<String>,
    status: Option<u32>,
    answer_headers: Vec<(String, String)>,
    answer_body: Option<Vec<String>>,
    contains: Vec<String>,
}

fn read(text: &str) -> Case {
    let mut case = Case {
        mount: "/my-foxx".to_owned(),
        ..Case::default()
    };
    let mut name = "index.js".to_owned();
    let mut source = String::new();
    for line in text.lines() {
        let Some(said) = line
            .strip_prefix("// ")
            .or_else(|| (line == "//").then_some(""))
        else {
            source.push_str(line);
            source.push('\n');
            continue;
        };
        if let Some(next) = said.strip_prefix("---- file: ") {
            case.files
                .push((std::mem::replace(&mut name, next.trim().to_owned()), source));
            source = String::new();
            continue;
        }
        read_line(&mut case, said);
        // Comments count as lines of the source, so that positions are those of the file.
        source.push_str(line);
        source.push('\n');
    }
    case.files.push((name, source));
    if let Some(mount) = case.init.get("mount").as_str() {
        case.mount = mount.to_owned();
    }
    case
}

fn read_line(case: &mut Case, said: &str) {
    for (head, target) in [
        ("init: ", &mut case.init),
        ("manifest: ", &mut case.manifest),
        ("info: ", &mut case.info),
    ] {
        if let Some(text) = said
            .strip_prefix(head)
            .filter(|_| case.exchanges.is_empty())
        {
            *target = json::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{said}: {e}"));
            return;
        }
    }
    if let Some(request) = said.strip_prefix("=> ") {
        let (method, target) = request.split_once(' ').unwrap_or((request, ""));
        let (method, target) = (method.to_owned(), target.to_owned());
        case.exchanges.push(Exchange {
            method,
            target,
            ..Exchange::default()
        });
        return;
    }
    let Some(exchange) = case.exchanges.last_mut() else {
        return;
    };
    let rest = |head: &str| {
        let rest = said.strip_prefix(head)?;
        if rest.is_empty() {
            Some("")
        } else {
            rest.strip_prefix(' ')
        }
    };
    if let Some(text) = rest(">>") {
        exchange.body.push(text.to_owned());
    } else if let Some(header) = rest(">") {
        exchange.headers.push(header.to_owned());
    } else if let Some(text) = rest("<<") {
        exchange
            .answer_body
            .get_or_insert_default()
            .push(text.to_owned());
    } else if let Some(text) = rest("<~") {
        exchange.contains.push(text.to_owned());
    } else if let Some(text) = rest("<") {
        match text.split_once(':') {
            Some((name, value)) => {
                exchange
                    .answer_headers
                    .push((name.to_owned(), value.trim().to_owned()));
            }
            None => exchange.status = Some(text.trim().parse().unwrap()),
        }
    }
}

/// Runs a case; every deviation is a line.
fn run(host: &Host, case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let is_special = |e: &Exchange| matches!(&*e.method, "SCRIPT" | "LOAD" | "TESTS");
    let special = case.exchanges.iter().any(is_special);
    let mut manifest = Object::new();
    if !special {
        manifest.insert("main", "index.js");
    }
    manifest.insert("scripts", json::parse(br#"{"it": "index.js"}"#).unwrap());
    manifest.insert("tests", "index.js");
    for (name, value) in case.manifest.as_object().into_iter().flat_map(Object::iter) {
        manifest.insert(name.clone(), value.clone());
    }
    if let Some(configuration) = case.init.get("configuration").as_object() {
        manifest.insert("configuration", define(configuration));
    }
    let manifest = json::to_string(&manifest.into());
    let mut files: Vec<(&str, &str)> = vec![("manifest.json", &manifest)];
    files.extend(
        case.files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    let mut request = InstallRequest::new(DB, &case.mount, Source::Upload(zip(&files).into()));
    request.configuration = case.init.get("configuration").clone();
    request.development = case.init.get("development").as_bool();
    request.setup = false;
    let loads = case.exchanges.iter().any(|e| e.method == "LOAD");
    let installed = if loads {
        Ok(Value::Null)
    } else {
        host.foxx.install(&request)
    };
    if let Err(error) = installed {
        return vec![format!("install: {error}")];
    }
    for exchange in &case.exchanges {
        problems.extend(check(host, case, exchange, &request));
    }
    drop(host.foxx.uninstall(DB, &case.mount, false, true));
    problems
}

/// Definitions of options that take these values.
fn define(configuration: &Object) -> Object {
    let mut definitions = Object::new();
    for (name, value) in configuration.iter() {
        let kind = match value {
            Value::String(_) => "string",
            Value::Int(_) | Value::Double(_) => "number",
            Value::Bool(_) => "boolean",
            _ => "json",
        };
        let mut definition = Object::new();
        definition.insert("type", kind);
        definitions.insert(name.clone(), definition);
    }
    definitions
}

/// What came of an exchange: a status or an error number, a text and the headers.
struct Outcome {
    status: u32,
    text: String,
    headers: Vec<(String, String)>,
}

impl Outcome {
    fn from_result(result: Result<String, foxx::Error>) -> Self {
        let (status, text) = match result {
            Ok(text) => (200, text),
            Err(error) => (error.code().number(), error.to_string()),
        };
        Self {
            status,
            text,
            headers: Vec::new(),
        }
    }

    /// The header, or all cookies.
    fn header(pairs: &[(String, String)], name: &str) -> String {
        let values = pairs.iter().filter(|(given, _)| given == name);
        values
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn check(host: &Host, case: &Case, exchange: &Exchange, request: &InstallRequest) -> Vec<String> {
    let outcome = exchange_once(host, case, exchange, request);
    let mut problems = Vec::new();
    let mut expect = |what: &str, wanted: &str, got: &str| {
        if wanted != got {
            let (method, target) = (&exchange.method, &exchange.target);
            problems.push(format!(
                "{method} {target}: {what}\n    wanted {wanted}\n    got    {got}"
            ));
        }
    };
    for (name, _) in &exchange.answer_headers {
        let wanted = Outcome::header(&exchange.answer_headers, name);
        expect(name, &wanted, &Outcome::header(&outcome.headers, name));
    }
    if let Some(wanted) = exchange.status {
        expect("status", &wanted.to_string(), &outcome.status.to_string());
    }
    if let Some(wanted) = &exchange.answer_body {
        expect("body", &wanted.join("\n"), &outcome.text);
    }
    for wanted in exchange
        .contains
        .iter()
        .filter(|wanted| !outcome.text.contains(&***wanted))
    {
        expect("body to contain", wanted, &outcome.text);
    }
    problems
}

fn exchange_once(
    host: &Host,
    case: &Case,
    exchange: &Exchange,
    request: &InstallRequest,
) -> Outcome {
    match exchange.method.as_str() {
        "SCRIPT" => {
            let text = if exchange.target.is_empty() {
                "[]"
            } else {
                &exchange.target
            };
            let argv = json::parse(text.as_bytes()).unwrap();
            Outcome::from_result(host.foxx.run_script(DB, &case.mount, "it", &argv, None))
        }
        "TESTS" => {
            let reporter = exchange.target.clone();
            let options = TestOptions {
                reporter,
                idiomatic: true,
                filter: None,
            };
            let report = host.foxx.run_tests(DB, &case.mount, &options, None);
            Outcome::from_result(report.map(|report| report.body))
        }
        "LOAD" => {
            let mut request = request.clone();
            request.source = with_main(case);
            let installed = host.foxx.install(&request);
            Outcome::from_result(installed.map(|_| "it loads".to_owned()))
        }
        _ => {
            let answer = send(host, case, exchange);
            let pairs = answer.0.header_pairs();
            let headers = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
            Outcome {
                status: answer.status().into(),
                text: answer.text(),
                headers,
            }
        }
    }
}

/// The case's bundle with `index.js` as its main file, for cases whose loading fails.
fn with_main(case: &Case) -> Source {
    let mut manifest = case.manifest.as_object().cloned().unwrap_or_default();
    manifest.insert("main", "index.js");
    let manifest = json::to_string(&manifest.into());
    let mut files: Vec<(&str, &str)> = vec![("manifest.json", &manifest)];
    files.extend(
        case.files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    Source::Upload(zip(&files).into())
}

fn send(host: &Host, case: &Case, exchange: &Exchange) -> Answer {
    let url = format!("{}{}", case.mount, exchange.target);
    let mut headers = String::new();
    for header in &exchange.headers {
        let (name, value) = header.split_once(':').unwrap();
        headers.push_str(&format!(
            "{}: {}\n",
            name.to_ascii_lowercase(),
            value.trim()
        ));
    }
    host.begin_with(
        DB,
        &exchange.method,
        &url,
        &headers,
        &exchange.body.join("\n"),
        |request| {
            request.remote = "10.0.0.9:50000".parse().unwrap();
            request.secure = case.info.get("protocol").as_str() == Some("https");
            request.user = case.info.get("user").as_str().map(str::to_owned);
            request.authorized = case.info.get("authorized").as_bool().unwrap_or(false);
            if let Some(port) = case.info.get("serverPort").as_i64() {
                request.local.set_port(u16::try_from(port).unwrap());
            }
            if let Some(address) = case.info.get("serverAddress").as_str() {
                request.local.set_ip(address.parse().unwrap());
            }
        },
    )
    .wait()
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            files.push(path);
        }
    }
}

/// Cases about what the real host never says: a request over a Unix socket.
const NODE_ONLY: &[&str] = &["request/unix_socket.js"];

/// Not on a store that several processes share: no result is kept there (docs/adr/0030).
const ALONE: &[&str] = &["database/caches.js"];

#[test]
fn cases_hold() {
    let host = Host::new();
    host.databases.create(DB, &[]).unwrap();
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../corpus/js");
    let mut files = Vec::new();
    find(&root, &mut files);
    let is_shared = store_postgres::testing::is_wanted();
    let (mut failed, mut count) = (Vec::new(), 0);
    for file in files {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let is_left_out = is_shared && ALONE.contains(&name.as_str());
        if is_left_out || NODE_ONLY.contains(&name.as_str()) {
            continue;
        }
        count += 1;
        let problems = run(&host, &read(&fs::read_to_string(&file).unwrap()));
        if !problems.is_empty() {
            failed.push(format!("{name}\n  {}", problems.join("\n  ")));
        }
    }
    assert!(count >= 30, "the corpus is read: {count} cases");
    assert!(
        failed.is_empty(),
        "{} of {count} fail\n{}",
        failed.len(),
        failed.join("\n")
    );
}
