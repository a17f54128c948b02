//! The cases of `corpus/js` on the real engine, router and store; that folder's README says how
//! they are written.

use std::fmt::Write as _;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{env, fs};

use database::Databases;
use foxx::{Foxx, InstallRequest, ServiceRequest, ServiceResponse, Settings, Source, TestOptions};
use platform::Platform;
use store::memory::MemoryEngine;
use value::{Object, Value, json};

const DATABASE: &str = "d";
const MOUNT: &str = "/my-foxx";

/// Whatever a case waits for has long come by then.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn cases_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/js");
    let only = env::var("JS_CASE").unwrap_or_default();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let (mut ran, mut failures) = (0, String::new());
    for path in paths {
        let name = path
            .strip_prefix(&root)
            .expect("below the root")
            .display()
            .to_string();
        if !name.contains(&only) {
            continue;
        }
        let case = Case::parse(&fs::read_to_string(&path).expect("readable case"));
        if case.runs_here() {
            ran += 1;
            for problem in run(&case) {
                writeln!(failures, "{name}: {problem}").expect("text grows");
            }
        }
    }
    assert!(ran > 0, "no case is called {only:?}");
    assert!(failures.is_empty(), "{failures}");
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|end| end == "js") {
            paths.push(path);
        }
    }
}

/// A case file.
#[derive(Default)]
struct Case {
    needs: String,
    init: Value,
    manifest: Value,
    info: Value,
    files: Vec<(String, String)>,
    exchanges: Vec<Exchange>,
}

/// What is asked and what must come.
#[derive(Default)]
struct Exchange {
    method: String,
    target: String,
    headers: String,
    body: Option<String>,
    status: Option<u32>,
    expected: Vec<(String, String)>,
    lines: Option<String>,
    contains: Vec<String>,
}

impl Case {
    fn parse(text: &str) -> Self {
        let mut case = Self::default();
        case.parse_head(text);
        let mut pieces = text.split("\n// ---- file: ");
        let main = pieces.next().unwrap_or_default();
        case.files.push(("index.js".to_owned(), main.to_owned()));
        for piece in pieces {
            let (name, source) = piece.split_once('\n').expect("a file below its name");
            case.files.push((name.trim().to_owned(), source.to_owned()));
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("// ")) {
            case.parse_line(line);
        }
        case
    }

    fn parse_head(&mut self, text: &str) {
        let head = text.lines().skip(1);
        for line in head.take_while(|line| line.starts_with("//") && !line.starts_with("// =>")) {
            let Some((key, rest)) = line.trim_start_matches("// ").split_once(": ") else {
                continue;
            };
            match key {
                "needs" => self.needs = rest.to_owned(),
                "init" => self.init = parse_json(rest),
                "manifest" => self.manifest = parse_json(rest),
                "info" => self.info = parse_json(rest),
                _ => {}
            }
        }
    }

    fn parse_line(&mut self, line: &str) {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        if sign == "=>" {
            let (method, target) = rest.split_once(' ').unwrap_or((rest, ""));
            let (method, target) = (method.to_owned(), target.to_owned());
            self.exchanges.push(Exchange {
                method,
                target,
                ..Exchange::default()
            });
        } else if let Some(exchange) = self.exchanges.last_mut() {
            exchange.parse_line(sign, rest);
        }
    }

    /// Whether this host can be given what the case wants.
    fn runs_here(&self) -> bool {
        let known = ["user", "authorized"];
        let mut info = self.info.as_object().into_iter().flat_map(Object::iter);
        matches!(self.needs.as_str(), "" | "database")
            && info.all(|(key, _)| known.contains(&&**key))
    }

    fn is_special(&self) -> bool {
        let special = ["SCRIPT", "LOAD", "TESTS"];
        self.exchanges
            .iter()
            .any(|exchange| special.contains(&exchange.method.as_str()))
    }

    fn mount(&self) -> &str {
        self.init.get("mount").as_str().unwrap_or(MOUNT)
    }

    fn manifest(&self) -> Value {
        let mut manifest = self.manifest.as_object().cloned().unwrap_or_default();
        if !self.is_special()
            || self
                .exchanges
                .iter()
                .any(|exchange| exchange.method == "LOAD")
        {
            manifest.insert("main", "index.js");
        }
        manifest.insert("scripts", parse_json(r#"{"case": "index.js"}"#));
        manifest.insert("tests", "index.js");
        let mut options = Object::new();
        for (name, default) in self
            .init
            .get("configuration")
            .as_object()
            .into_iter()
            .flat_map(Object::iter)
        {
            let mut option = Object::new();
            option.insert("type", "number");
            option.insert("default", default.clone());
            options.insert(&**name, option);
        }
        manifest.insert("configuration", options);
        manifest.into()
    }
}

impl Exchange {
    fn parse_line(&mut self, sign: &str, rest: &str) {
        match sign {
            ">" => writeln!(self.headers, "{rest}").expect("text grows"),
            ">>" => add_line(&mut self.body, rest),
            "<<" => add_line(&mut self.lines, rest),
            "<~" => self.contains.push(rest.to_owned()),
            "<" => match rest.parse() {
                Ok(status) => self.status = Some(status),
                Err(_) => {
                    let (name, value) = rest.split_once(':').expect("a header");
                    self.expected
                        .push((name.to_owned(), value.trim().to_owned()));
                }
            },
            _ => {}
        }
    }

    fn check_body(&self, body: &str, problems: &mut Vec<String>) {
        let line = format!("{} {}", self.method, self.target);
        if let Some(lines) = self.lines.as_ref().filter(|lines| *lines != body) {
            problems.push(format!("{line}\n  wanted {lines}\n  got    {body}"));
        }
        for text in self.contains.iter().filter(|text| !body.contains(*text)) {
            problems.push(format!("{line}\n  no {text}\n  in {body}"));
        }
    }

    fn check_answer(&self, answer: &ServiceResponse, problems: &mut Vec<String>) {
        let line = format!("{} {}", self.method, self.target);
        let body = String::from_utf8_lossy(&answer.body);
        if self.status != Some(answer.status.into()) {
            problems.push(format!("{line}: status {} {body}", answer.status));
        }
        let of = |name: &str| -> Vec<&str> {
            let pairs = answer.header_pairs().filter(|(given, _)| *given == name);
            pairs.map(|(_, value)| value).collect()
        };
        let cookies: Vec<&str> = self.values_of("set-cookie").collect();
        if !cookies.is_empty() && cookies != of("set-cookie") {
            problems.push(format!("{line}: cookies {:?}", of("set-cookie")));
        }
        for (name, value) in self
            .expected
            .iter()
            .filter(|(name, _)| name != "set-cookie")
        {
            if of(name).first().copied().unwrap_or_default() != value {
                problems.push(format!("{line}: {name}: {:?}, wanted {value}", of(name)));
            }
        }
        self.check_body(&body, problems);
    }

    fn values_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.expected.iter().filter(move |(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn add_line(lines: &mut Option<String>, line: &str) {
    match lines {
        Some(lines) => write!(lines, "\n{line}").expect("text grows"),
        None => *lines = Some(line.to_owned()),
    }
}

fn parse_json(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Installs the case's service on an empty store and runs its exchanges; answers what went wrong.
fn run(case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Arc::new(MemoryEngine::new(Default::default()));
    let settings = database::Settings::recommended();
    let databases = Databases::open(engine, Platform::system(), settings).expect("a store");
    databases.create(DATABASE, &[]).expect("a database");
    let mut settings = Settings::new(folder.path().join("apps"), folder.path().join("tmp"), 1);
    settings.server_version = "3.12.5".to_owned();
    let foxx = Foxx::start(settings, databases, Platform::system()).expect("a host");
    let mut problems = Vec::new();
    let manifest = json::to_string(&case.manifest());
    let upload = zip(&case.files, &manifest);
    let mut request = InstallRequest::new(DATABASE, case.mount(), Source::Upload(upload.into()));
    request.development = case.init.get("development").as_bool();
    let installed = foxx.install(&request);
    if let Some(load) = case
        .exchanges
        .iter()
        .find(|exchange| exchange.method == "LOAD")
    {
        match &installed {
            Ok(_) => problems.push("LOAD succeeded".to_owned()),
            Err(error) => {
                let number = error.code().number();
                if load.status != Some(number) {
                    problems.push(format!("LOAD: error {number}, {}", error.message()));
                }
                load.check_body(error.message(), &mut problems);
            }
        }
    } else if let Err(error) = installed {
        problems.push(format!("install: {}", error.message()));
    } else {
        for exchange in &case.exchanges {
            run_exchange(&foxx, case, exchange, &mut problems);
        }
    }
    foxx.stop();
    problems
}

fn run_exchange(foxx: &Foxx, case: &Case, exchange: &Exchange, problems: &mut Vec<String>) {
    let mount = case.mount();
    let result = match exchange.method.as_str() {
        "SCRIPT" => {
            let argv = if exchange.target.is_empty() {
                "[]"
            } else {
                &exchange.target
            };
            foxx.run_script(DATABASE, mount, "case", &parse_json(argv))
        }
        "TESTS" => {
            let reporter = exchange.target.clone();
            let options = TestOptions {
                reporter,
                idiomatic: true,
                filter: None,
            };
            foxx.run_tests(DATABASE, mount, &options)
                .map(|report| report.body)
        }
        _ => return exchange.check_answer(&send(foxx, case, exchange), problems),
    };
    match result {
        Ok(body) => exchange.check_body(&body, problems),
        Err(error) => problems.push(format!("{}: {}", exchange.method, error.message())),
    }
}

fn send(foxx: &Foxx, case: &Case, exchange: &Exchange) -> ServiceResponse {
    let (path, query) = exchange
        .target
        .split_once('?')
        .unwrap_or((&exchange.target, ""));
    let service = foxx
        .find_exactly(DATABASE, case.mount())
        .expect("the case's service");
    let request = ServiceRequest {
        service,
        method: exchange.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: exchange.headers.clone(),
        body: exchange.body.clone().unwrap_or_default().into(),
        user: case.info.get("user").as_str().map(str::to_owned),
        authorized: case.info.get("authorized").as_bool().unwrap_or(false),
        secure: false,
        remote: "10.0.0.9:50000".parse().expect("an address"),
        local: "127.0.0.1:8529".parse().expect("an address"),
    };
    let (answer, answers) = mpsc::channel();
    foxx.dispatch(request, Box::new(move |given| drop(answer.send(given))));
    answers.recv_timeout(PATIENCE).expect("an answer")
}

fn zip(files: &[(String, String)], manifest: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let manifest = [("manifest.json".to_owned(), manifest.to_owned())];
    for (name, text) in files.iter().chain(&manifest) {
        let options = zip::write::SimpleFileOptions::default();
        writer
            .start_file(name.as_str(), options)
            .expect("a file in the zip");
        writer.write_all(text.as_bytes()).expect("its text");
    }
    writer.finish().expect("the zip").into_inner()
}
