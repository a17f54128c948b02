//! Reads and runs one scenario; `corpus/http/README.md` describes the format.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_api::Settings;
use value::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::harness::{Answer, Host};

type Files = BTreeMap<String, String>;

/// How often an exchange is repeated that waits for something; far more often than it takes.
const UNTIL_TRIES: u32 = 30_000;

/// What a scenario file says.
#[derive(Default)]
struct Scenario {
    settings: Vec<(String, String)>,
    logs: Vec<(String, String)>,
    texts: BTreeMap<String, String>,
    bundles: BTreeMap<String, Files>,
    exchanges: Vec<Exchange>,
}

#[derive(Clone, Default)]
struct Exchange {
    line: usize,
    user: String,
    target: String,
    headers: Vec<String>,
    body: Option<String>,
    chunks: Vec<String>,
    bundle: Option<String>,
    parts: Vec<String>,
    until: bool,
    /// Who asks, and the status that each gets.
    users: Vec<String>,
    statuses: Vec<u16>,
    status: u16,
    expected_headers: Vec<String>,
    json: String,
    exact: Option<String>,
    contained: Vec<String>,
    forbidden: Vec<String>,
}

/// Where lines that begin with `|` go.
enum Block {
    None,
    Text(String),
    File(String, String),
}

fn parse(text: &str) -> Scenario {
    let mut scenario = Scenario::default();
    let mut block = Block::None;
    for (at, line) in text.lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "|" => {
                let lines = match &block {
                    Block::Text(name) => scenario.texts.get_mut(name),
                    Block::File(bundle, path) => scenario
                        .bundles
                        .get_mut(bundle)
                        .and_then(|files| files.get_mut(path)),
                    Block::None => None,
                };
                let lines = lines.unwrap_or_else(|| panic!("line {}: no block", at + 1));
                lines.push_str(rest);
                lines.push('\n');
                continue;
            }
            "set" => {
                let (name, value) = rest.split_once(' ').expect("set NAME VALUE");
                scenario.settings.push((name.to_owned(), value.to_owned()));
            }
            "log" => {
                let (level, part) = rest.split_once(' ').expect("log LEVEL TEXT");
                scenario.logs.push((level.to_owned(), part.to_owned()));
            }
            "file" => {
                scenario.texts.insert(rest.to_owned(), String::new());
                block = Block::Text(rest.to_owned());
            }
            "zip" => {
                let (name, path) = rest.split_once(' ').expect("zip NAME PATH");
                let files = scenario.bundles.entry(name.to_owned()).or_default();
                files.insert(path.to_owned(), String::new());
                block = Block::File(name.to_owned(), path.to_owned());
            }
            "" | "#" => {}
            _ => scenario.exchange_line(at + 1, word, rest),
        }
    }
    let exchanges = std::mem::take(&mut scenario.exchanges);
    scenario.exchanges = exchanges.iter().flat_map(Exchange::for_each_user).collect();
    scenario
}

impl Exchange {
    /// The exchange as each of its users has it.
    fn for_each_user(&self) -> Vec<Self> {
        if self.users.is_empty() {
            return vec![self.clone()];
        }
        assert_eq!(self.users.len(), self.statuses.len(), "line {}", self.line);
        let users = self.users.iter().zip(&self.statuses);
        let own = users.map(|(user, status)| {
            let mut own = self.clone();
            own.user = format!(" as {user}");
            own.headers
                .push(format!("authorization: ${{basic:{user}:p}}"));
            own.status = *status;
            let has_body = !own.target.starts_with("HEAD ");
            if has_body && matches!(status, 401 | 403) {
                own.json.push_str("{\"error\": true, \"errorNum\": 11}");
            }
            own
        });
        own.collect()
    }
}

impl Scenario {
    fn exchange_line(&mut self, at: usize, word: &str, rest: &str) {
        let starts = word == ">" && !rest.split(' ').next().unwrap_or_default().ends_with(':');
        if starts {
            let target = rest.to_owned();
            self.exchanges.push(Exchange {
                line: at,
                target,
                ..Exchange::default()
            });
            return;
        }
        let exchange = self
            .exchanges
            .last_mut()
            .unwrap_or_else(|| panic!("line {at}: too early"));
        let rest = rest.to_owned();
        match word {
            ">" => exchange.headers.push(rest),
            ">>" => match &mut exchange.body {
                Some(body) => {
                    body.push('\n');
                    body.push_str(&rest);
                }
                None => exchange.body = Some(rest),
            },
            ">chunk" => exchange.chunks.push(rest),
            ">until" => exchange.until = true,
            ">as" => exchange.users = rest.split_whitespace().map(str::to_owned).collect(),
            "<as" => {
                let statuses = rest.split_whitespace().map(str::parse);
                exchange.statuses = statuses.collect::<Result<_, _>>().expect("statuses");
            }
            ">zip" => exchange.bundle = Some(rest),
            ">part" => exchange.parts.push(rest),
            "<" => match rest.parse() {
                Ok(status) => exchange.status = status,
                Err(_) => exchange.expected_headers.push(rest),
            },
            "<<" => {
                exchange.json.push_str(&rest);
                exchange.json.push('\n');
            }
            "<=" => exchange.exact = Some(rest),
            "<~" => exchange.contained.push(rest),
            "<!" => exchange.forbidden.push(rest),
            other => panic!("line {at}: what is {other}?"),
        }
    }
}

/// Runs a scenario on a server of its own; what was not as expected.
pub fn run(text: &str) -> Vec<String> {
    let scenario = parse(text);
    let host = Host::start(|settings| {
        scenario
            .settings
            .iter()
            .for_each(|(name, value)| set(settings, name, value));
    });
    let mut failures = Vec::new();
    let mut captures = scenario.texts.clone();
    for exchange in &scenario.exchanges {
        let replace = |text: &str, captures: &BTreeMap<String, String>| {
            expand(text, captures, &scenario.bundles)
        };
        let request = encode(exchange, &scenario.bundles, |text| replace(text, &captures));
        let mut tries = if exchange.until { UNTIL_TRIES } else { 1 };
        let (answer, whys) = loop {
            let mut client = host.connect();
            client.write(&request);
            let answer = client.read_answer(exchange.target.starts_with("HEAD "));
            let whys = check(exchange, &answer, &mut captures, replace);
            tries -= 1;
            if whys.is_empty() || tries == 0 {
                break (answer, whys);
            }
        };
        for why in whys {
            let body: String = answer.text().chars().take(600).collect();
            failures.push(format!(
                "line {}{}: {why}\n    {} {body}",
                exchange.line, exchange.user, answer.status
            ));
        }
    }
    let mut logs = host.finish();
    for (level, part) in &scenario.logs {
        let before = logs.len();
        logs.retain(|line| !(line.starts_with(level.as_str()) && line.contains(part.as_str())));
        if logs.len() == before {
            failures.push(format!("no {level} line was logged that contains: {part}"));
        }
    }
    failures.extend(
        logs.iter()
            .map(|line| format!("unexpected log line: {line}")),
    );
    failures
}

fn set(settings: &mut Settings, name: &str, value: &str) {
    let number = || value.parse().unwrap_or_else(|_| panic!("{name} {value}"));
    match name {
        "authentication" => settings.authentication = value == "true",
        "authentication_system_only" => settings.authentication_system_only = value == "true",
        "foxx_api" => settings.foxx_api = value == "true",
        "body_bytes_max" => settings.body_bytes_max = number(),
        "bodies_bytes_max" => settings.bodies_bytes_max = number(),
        "import_batch_rows" => settings.import_batch_rows = number(),
        "header_bytes_max" => settings.header_bytes_max = number(),
        "url_bytes_max" => settings.url_bytes_max = number(),
        "cursors_max" => settings.cursors_max = number(),
        "lock_waits_max" => settings.lock_waits_max = number(),
        "jobs_max" => settings.jobs_max = number(),
        "results_bytes_max" => settings.results_bytes_max = number(),
        "session_lifetime_s" => settings.session_lifetime = Duration::from_secs(number() as u64),
        "options_api" => settings.options_api = http_api::Audience::Administrators,
        "scans_max" => settings.scans_max = number(),
        "trusted_origin" => settings.trusted_origins.push(value.to_owned()),
        _ => panic!("unknown setting {name}"),
    }
}

/// Replaces `${..}`.
fn expand(
    text: &str,
    captures: &BTreeMap<String, String>,
    bundles: &BTreeMap<String, Files>,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (name, after) = after.split_once('}').expect("a closing brace");
        let parts: Vec<&str> = name.split(':').collect();
        match parts.as_slice() {
            ["repeat", text, count] => out.push_str(&text.repeat(count.parse().unwrap())),
            ["basic", user, password] => {
                // A password may be something that was kept.
                let kept = password.strip_prefix('=').map(|name| {
                    let kept = captures.get(name);
                    kept.unwrap_or_else(|| panic!("no {name}")).as_str()
                });
                let password = kept.unwrap_or(password);
                out.push_str("Basic ");
                out.push_str(&STANDARD.encode(format!("{user}:{password}")));
            }
            ["zip", bundle, "bytes"] => out.push_str(&pack(&bundles[*bundle]).len().to_string()),
            _ => out.push_str(captures.get(name).unwrap_or_else(|| panic!("no {name}"))),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn pack(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        zip.start_file(path.as_str(), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const BOUNDARY: &str = "the-boundary";

fn encode(
    exchange: &Exchange,
    bundles: &BTreeMap<String, Files>,
    expand: impl Fn(&str) -> String,
) -> Vec<u8> {
    let mut body = Vec::new();
    let mut head = format!(
        "{} HTTP/1.1\r\nhost: localhost\r\n",
        expand(&exchange.target)
    );
    let mut login = true;
    for header in &exchange.headers {
        if header.starts_with("authorization:") {
            login = false;
            if header.ends_with(" none") {
                continue;
            }
        }
        head.push_str(&expand(header));
        head.push_str("\r\n");
    }
    if login {
        head.push_str("authorization: Basic cm9vdDo=\r\n");
    }
    if let Some(text) = &exchange.body {
        body = expand(text).into_bytes();
    }
    if let Some(bundle) = &exchange.bundle {
        body = pack(&bundles[bundle]);
    }
    if !exchange.parts.is_empty() {
        head.push_str(&format!(
            "content-type: multipart/form-data; boundary=\"{BOUNDARY}\"\r\n"
        ));
        body = form(&exchange.parts, bundles, &expand);
    }
    if exchange.chunks.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    } else {
        head.push_str("transfer-encoding: chunked\r\n");
        for chunk in exchange.chunks.iter().map(|chunk| expand(chunk)) {
            body.extend_from_slice(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes());
        }
        body.extend_from_slice(b"0\r\n\r\n");
    }
    head.push_str("\r\n");
    [head.into_bytes(), body].concat()
}

fn form(
    parts: &[String],
    bundles: &BTreeMap<String, Files>,
    expand: &impl Fn(&str) -> String,
) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let fields: Vec<&str> = part.splitn(3, '|').map(str::trim).collect();
        let [name, kind, content] = fields.as_slice() else {
            panic!("three fields: {part}")
        };
        let mut head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n");
        if !kind.is_empty() {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n");
        match content.strip_prefix("zip:") {
            Some(bundle) => body.extend_from_slice(&pack(&bundles[bundle])),
            None => body.extend_from_slice(expand(content).as_bytes()),
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn check(
    exchange: &Exchange,
    answer: &Answer,
    captures: &mut BTreeMap<String, String>,
    expand: impl Fn(&str, &BTreeMap<String, String>) -> String,
) -> Vec<String> {
    let mut failures = Vec::new();
    if answer.status != exchange.status {
        failures.push(format!("status must be {}", exchange.status));
    }
    for header in &exchange.expected_headers {
        let (name, value) = header.split_once(':').expect("name: value");
        let value = expand(value.trim(), captures);
        let expected = Some(value.as_str()).filter(|value| !value.is_empty());
        if answer.header(name) != expected {
            failures.push(format!("header {name} is {:?}", answer.header(name)));
        }
    }
    let text = answer.text();
    if !exchange.json.is_empty() {
        let wanted = expand(&exchange.json, captures);
        let wanted = json::parse(wanted.as_bytes()).unwrap_or_else(|e| panic!("{e}: {wanted}"));
        match json::parse(&answer.body) {
            Ok(found) => fit("body", &wanted, &found, captures, &mut failures),
            Err(error) => failures.push(format!("body is no JSON: {error}")),
        }
    }
    if exchange
        .exact
        .as_ref()
        .is_some_and(|exact| expand(exact, captures) != text)
    {
        failures.push("body is another one".to_owned());
    }
    for part in exchange.contained.iter().map(|part| expand(part, captures)) {
        if !text.contains(&part) {
            failures.push(format!("body does not contain {part}"));
        }
    }
    for part in &exchange.forbidden {
        if text.contains(part.as_str()) || answer.head.contains(part.as_str()) {
            failures.push(format!("must not appear: {part}"));
        }
    }
    failures
}

/// Compares what was found with what was wanted; captures on the way.
fn fit(
    place: &str,
    wanted: &Value,
    found: &Value,
    captures: &mut BTreeMap<String, String>,
    failures: &mut Vec<String>,
) {
    let is_fine = match (wanted, found) {
        (Value::String(text), _) if text.starts_with("$=") => {
            let kept = found
                .as_str()
                .map_or_else(|| json::to_string(found), str::to_owned);
            captures.insert(text.trim_start_matches("$=").to_owned(), kept);
            true
        }
        (Value::String(text), _) if text.starts_with('$') => {
            let kind = value::type_name(found);
            match &**text {
                "$any" => true,
                "$string" => kind == "string",
                "$number" => kind == "number",
                "$boolean" => kind == "bool",
                other => panic!("unknown placeholder {other}"),
            }
        }
        (Value::Object(wanted), Value::Object(found)) => {
            for (name, wanted) in wanted.iter() {
                let place = format!("{place}.{name}");
                match found.get(name) {
                    None if wanted.as_str() == Some("$absent") => {}
                    None => failures.push(format!("{place} is missing")),
                    Some(_) if wanted.as_str() == Some("$absent") => {
                        failures.push(format!("{place} is there"));
                    }
                    Some(found) => fit(&place, wanted, found, captures, failures),
                }
            }
            true
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(found.iter()).enumerate() {
                fit(&format!("{place}[{at}]"), wanted, found, captures, failures);
            }
            true
        }
        _ => wanted == found,
    };
    if !is_fine {
        let (wanted, found) = (json::to_string(wanted), json::to_string(found));
        failures.push(format!("{place} must be {wanted}, is {found}"));
    }
}
