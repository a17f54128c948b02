//! Install, upgrade, replace, uninstall, and what each leaves.

use std::fs;
use std::path::Path;

use foxx::{InstallRequest, Mode, Source};
use value::Value;

use crate::harness::{DB, Host, json, main_only, request, zip};

const HELLO: &str = r#"
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/hello/:name', (req, res) =>
  res.json({hello: req.pathParams.name, n: req.queryParams.n}));
router.post('/echo', (req, res) => res.json(req.body)).body(['json']);
"#;

/// Answers with its version, and counts what its scripts do in the collection `log`.
fn versioned(version: &str) -> Vec<(&'static str, String)> {
    let manifest = format!(
        r#"{{"name": "v", "version": "{version}", "main": "index",
        "configuration": {{"size": {{"type": "int", "default": 1}}}},
        "scripts": {{"setup": "up.js", "teardown": "down.js"}}}}"#
    );
    let main = format!(
        "const router = require('@arangodb/foxx/router')(); module.context.use(router);
        router.get('/', (req, res) => res.send('{version} ' + module.context.configuration.size));"
    );
    let log = |what: &str| {
        format!(
            "const {{db}} = require('@arangodb'); const name = 'log';
            if (!db._collection(name)) db._create(name);
            db[name].save({{what: '{what} {version}'}});"
        )
    };
    vec![
        ("manifest.json", manifest),
        ("index.js", main),
        ("up.js", log("up")),
        ("down.js", log("down")),
    ]
}

fn borrowed(files: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    files.to_vec()
}

fn bundle(files: &[(&'static str, String)]) -> Source {
    let files = borrowed(files);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    Source::Upload(zip(&files).into())
}

fn new_request(mode: Mode, source: Source) -> InstallRequest {
    let teardown = mode == Mode::Replace;
    InstallRequest {
        mode,
        teardown,
        ..InstallRequest::new(DB, "/v", source)
    }
}

/// What scripts logged, in order.
fn log(host: &Host) -> Vec<String> {
    let database = host.databases.find(DB).unwrap();
    let Some(collection) = database.find_collection("log") else {
        return Vec::new();
    };
    let mut txn = database
        .begin(database::TransactionOptions::read_only())
        .unwrap();
    let page = txn.scan(&collection, None, 100).unwrap();
    let what = page
        .documents
        .iter()
        .map(|d| d.get("what").unwrap().to_text().to_string());
    what.collect()
}

fn files_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path(), found);
        } else {
            found.push(entry.path().display().to_string());
        }
    }
}

/// Files of all services and documents of the registry.
fn left_behind(host: &Host) -> (Vec<String>, usize) {
    let mut files = Vec::new();
    files_below(&host.settings.app_folder, &mut files);
    let database = host.databases.find(DB).unwrap();
    let mut txn = database
        .begin(database::TransactionOptions::read_only())
        .unwrap();
    let mut count = |name: &str| {
        let collection = txn.collection(name).unwrap();
        txn.scan(&collection, None, 100).unwrap().documents.len()
    };
    (files, count("_apps") + count("_appbundles"))
}

#[test]
fn an_installed_service_answers() {
    let host = Host::new();
    let manifest = r#"{"name": "hello", "version": "1.2.3", "main": "index.js"}"#;
    let described = host
        .install(
            "/hello",
            &[("manifest.json", manifest), ("index.js", HELLO)],
        )
        .unwrap();
    assert_eq!(described.get("name").as_str(), Some("hello"));
    assert_eq!(described.get("checksum").as_str().unwrap().len(), 64);
    let answer = host.get("/hello/hello/you?n=7");
    assert_eq!(answer.line(), r#"200 {"hello":"you","n":"7"}"#);
    let echo = host.post("/hello/echo", r#"{"a": [1, 2.5, "ü"]}"#);
    assert_eq!(echo.line(), r#"200 {"a":[1,2.5,"ü"]}"#);
    assert_eq!(host.send("HEAD", "/hello/hello/you", "", "").status(), 200);
    let summary = host.foxx.list(DB).remove(0);
    assert_eq!(
        (summary.mount.as_str(), summary.version.as_deref()),
        ("/hello", Some("1.2.3"))
    );
    let systems = host.foxx.list_all(DB);
    assert!(systems.iter().any(|summary| summary.mount == "/_api/foxx"));
    assert!(host.foxx.describe(DB, "/_api/foxx").is_ok());
}

#[test]
fn what_does_not_install_leaves_nothing_behind() {
    let host = Host::new();
    let bad = |main: &str| main_only(main);
    let scripted = |script: &str| {
        vec![
            (
                "manifest.json",
                r#"{"scripts": {"setup": "up.js"}}"#.to_owned(),
            ),
            ("up.js", script.to_owned()),
        ]
    };
    let one = |name: &'static str, text: &str| vec![(name, text.to_owned())];
    let cases = [
        (one("index.js", ""), 3012),
        (one("manifest.json", "{"), 3000),
        (one("manifest.json", r#"{"name": "1"}"#), 3001),
        (one("manifest.json", r#"{"main": "missing.js"}"#), 3100),
        (bad("const ;"), 3101),
        (bad("throw new Error('no')"), 3103),
        (bad("require('./nowhere')"), 3100),
        (scripted("throw new Error('no')"), 3103),
        (scripted("}"), 3101),
    ];
    for (files, number) in cases {
        let request = InstallRequest::new(DB, "/v", bundle(&files));
        let error = host.foxx.install(&request).unwrap_err();
        assert_eq!(error.code().number(), number, "{files:?}: {error}");
        assert_eq!(error.status(), 400, "{files:?}");
        assert!(error.message().contains("Mount: /v"), "{error}");
        assert_eq!(left_behind(&host), (Vec::new(), 0), "{files:?}");
        assert_eq!(host.get("/v").status(), 404);
    }
    let error = host.foxx.install(&request("/1", &[])).unwrap_err();
    assert_eq!(error.code().number(), 3007);
}

#[test]
fn versions_follow_each_other_as_documented() {
    let host = Host::new();
    let install = |mode, version: &str| {
        host.foxx
            .install(&new_request(mode, bundle(&versioned(version))))
    };
    for mode in [Mode::Upgrade, Mode::Replace] {
        assert_eq!(install(mode, "1.0.0").unwrap_err().code().number(), 3009);
    }
    install(Mode::Install, "1.0.0").unwrap();
    assert_eq!(
        install(Mode::Install, "1.0.0").unwrap_err().code().number(),
        3011
    );
    assert_eq!(install(Mode::Install, "1.0.0").unwrap_err().status(), 409);
    host.foxx
        .set_configuration(DB, "/v", &json(r#"{"size": "5"}"#), false, true)
        .unwrap();
    assert_eq!(host.get("/v").line(), "200 1.0.0 5");
    install(Mode::Upgrade, "1.1.0").unwrap();
    assert_eq!(host.get("/v").line(), "200 1.1.0 5");
    install(Mode::Replace, "2.0.0").unwrap();
    assert_eq!(host.get("/v").line(), "200 2.0.0 1");
    assert_eq!(
        log(&host),
        ["up 1.0.0", "up 1.1.0", "down 1.1.0", "up 2.0.0"]
    );
    host.foxx.uninstall(DB, "/v", true, false).unwrap();
    assert_eq!(log(&host).last().unwrap(), "down 2.0.0");
    assert_eq!(host.get("/v").status(), 404);
    assert_eq!(left_behind(&host), (Vec::new(), 0));
    assert_eq!(
        host.foxx
            .uninstall(DB, "/v", true, false)
            .unwrap_err()
            .code()
            .number(),
        3009
    );
    host.foxx.uninstall(DB, "/v", true, true).unwrap();
    assert_eq!(
        host.foxx
            .uninstall(DB, "/_api/foxx", true, true)
            .unwrap_err()
            .status(),
        403
    );
}

#[test]
fn a_broken_upgrade_is_installed_and_answers_503() {
    let host = Host::new();
    host.foxx
        .install(&new_request(Mode::Install, bundle(&versioned("1.0.0"))))
        .unwrap();
    let broken = bundle(&main_only("throw new TypeError('sour milk')"));
    host.foxx
        .install(&new_request(Mode::Upgrade, broken.clone()))
        .unwrap();
    let answer = host.get("/v");
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.json().get("errorNum").as_i64(), Some(503));
    assert!(!answer.text().contains("sour milk"));
    let page = host.send("GET", "/v", "accept: text/html\n", "");
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let mut request = new_request(Mode::Upgrade, broken);
    request.development = Some(true);
    host.foxx.install(&request).unwrap();
    let answer = host.get("/v");
    assert_eq!(
        (answer.status(), answer.json().get("errorNum").as_i64()),
        (503, Some(3103))
    );
    assert!(
        answer
            .json()
            .get("stacktrace")
            .as_array()
            .is_some_and(|lines| !lines.is_empty())
    );
    assert!(answer.text().contains("sour milk"), "{}", answer.text());
    host.foxx
        .install(&new_request(Mode::Replace, bundle(&versioned("2.0.0"))))
        .unwrap();
    assert_eq!(host.get("/v").line(), "200 2.0.0 1");
}

#[test]
fn a_service_without_its_options_waits_for_them() {
    let host = Host::new();
    let mut files = main_only(HELLO);
    files[0].1 = r#"{"main": "index.js", "scripts": {"s": "index.js"},
        "configuration": {"key": {"description": "d"}, "other": {"type": "int"}},
        "dependencies": {"peer": {}}}"#
        .to_owned();
    host.foxx
        .install(&new_request(Mode::Install, bundle(&files)))
        .unwrap();
    let answer = host.get("/v/hello/x");
    assert_eq!(
        (answer.status(), answer.json().get("errorNum").as_i64()),
        (503, Some(3010))
    );
    let run = host
        .foxx
        .run_script(DB, "/v", "s", &Value::array(vec![]), None)
        .unwrap_err();
    assert_eq!((run.code().number(), run.status()), (3010, 400));
    let set = |given: &str, replace, minimal| {
        host.foxx
            .set_configuration(DB, "/v", &json(given), replace, minimal)
            .unwrap()
    };
    let partly = set(r#"{"key": "k", "nobody": 1, "other": "x"}"#, false, true);
    assert_eq!(
        partly,
        json(
            r#"{"values": {"key": "k"},
                "warnings": {"nobody": "is not allowed", "other": "must be a number"}}"#
        )
    );
    let full = set(r#"{"other": "7"}"#, true, false);
    let key = r#"{"description": "d", "type": "string", "required": true, "title": "Key",
        "warning": "is required"}"#;
    assert_eq!(full.get("key"), &json(key));
    assert_eq!(full.get("other").get("current").as_i64(), Some(7));
    set(r#"{"key": "k"}"#, false, true);
    let peers = host
        .foxx
        .set_dependencies(DB, "/v", &json(r#"{"peer": "/p"}"#), true, true);
    assert_eq!(peers.unwrap(), json(r#"{"values": {"peer": "/p"}}"#));
    assert_eq!(host.get("/v/hello/x").status(), 200);
    let minimal = host.foxx.configuration(DB, "/v", true).unwrap();
    assert_eq!(minimal, json(r#"{"key": "k", "other": 7}"#));
    set(r#"{"key": null}"#, false, true);
    assert_eq!(host.get("/v/hello/x").status(), 503);
}

#[test]
fn a_dependency_shows_what_its_provider_exports_now() {
    let host = Host::new();
    let provider = |text: &str| main_only(&format!("module.exports = {{say: () => '{text}'}}"));
    let install = |mode, mount: &str, files: &[(&'static str, String)]| {
        let request = InstallRequest {
            mode,
            ..InstallRequest::new(DB, mount, bundle(files))
        };
        host.foxx.install(&request).unwrap()
    };
    install(Mode::Install, "/p", &provider("one"));
    let mut consumer = main_only(
        "const router = require('@arangodb/foxx/router')(); module.context.use(router);
        router.get('/', (req, res) => res.send(module.context.dependencies.peer.say()));",
    );
    consumer[0].1 = r#"{"main": "index.js", "dependencies": {"peer": "*"}}"#.to_owned();
    let mut request = InstallRequest::new(DB, "/c", bundle(&consumer));
    request.dependencies = json(r#"{"peer": "/p"}"#);
    host.foxx.install(&request).unwrap();
    assert_eq!(host.get("/c").line(), "200 one");
    install(Mode::Upgrade, "/p", &provider("two"));
    assert_eq!(host.get("/c").line(), "200 two");
}

#[test]
fn development_mode_shows_the_folder_as_it_is() {
    let host = Host::new();
    let mut request = new_request(Mode::Install, bundle(&versioned("1.0.0")));
    request.development = Some(true);
    let described = host.foxx.install(&request).unwrap();
    let checksum = described.get("checksum").clone();
    let main = Path::new(described.get("path").as_str().unwrap()).join("index.js");
    assert_eq!(host.get("/v").line(), "200 1.0.0 1");
    let changed = fs::read_to_string(&main)
        .unwrap()
        .replace("1.0.0", "changed");
    fs::write(&main, changed).unwrap();
    assert_eq!(host.get("/v").line(), "200 changed 1");
    assert_eq!(log(&host), ["up 1.0.0"; 3]);
    fs::write(&main, "}").unwrap();
    let error = host.foxx.set_development(DB, "/v", false).unwrap_err();
    assert_eq!(error.code().number(), 3101);
    let fixed = "const router = require('@arangodb/foxx/router')(); module.context.use(router);
        router.get('/', (req, res) => res.send('fixed'));";
    fs::write(&main, fixed).unwrap();
    let described = host.foxx.set_development(DB, "/v", false).unwrap();
    assert_ne!(described.get("checksum"), &checksum);
    assert_eq!(host.get("/v").line(), "200 fixed");
    assert_eq!(host.foxx.download(DB, "/v").unwrap().file_name, "v.zip");
}

#[test]
fn a_download_is_what_was_uploaded() {
    let host = Host::with(|settings| settings.bundle_piece_bytes = 100);
    let bytes = zip(&[
        ("top/manifest.json", "{}"),
        ("top/README.md", "# Read"),
        ("top/x", "y"),
    ]);
    let source = Source::Upload(bytes.clone().into());
    host.foxx
        .install(&InstallRequest::new(DB, "/a/b-c", source))
        .unwrap();
    let download = host.foxx.download(DB, "/a/b-c").unwrap();
    assert_eq!(download.file_name, "a_b_c.zip");
    assert!(download.bytes == bytes, "the same bytes");
    assert_eq!(
        host.foxx.readme(DB, "/a/b-c").unwrap().as_deref(),
        Some("# Read")
    );
    host.foxx.uninstall(DB, "/a/b-c", true, false).unwrap();
    assert_eq!(left_behind(&host), (Vec::new(), 0));
}

#[test]
fn scripts_take_arguments_and_answer_json() {
    let host = Host::new();
    let files = [
        (
            "manifest.json",
            r#"{"lib": "lib", "scripts": {"send-mail": "m", "bad": "bad.js"}}"#,
        ),
        ("lib/m.js", "module.exports = {argv: module.context.argv}"),
        (
            "lib/bad.js",
            "const e = new Error('teapot'); e.statusCode = 418; throw e",
        ),
    ];
    host.install("/s", &files).unwrap();
    let scripts = host.foxx.scripts(DB, "/s").unwrap();
    assert_eq!(scripts, json(r#"{"send-mail": "Send Mail", "bad": "Bad"}"#));
    let run = |name: &str, argv: &str| host.foxx.run_script(DB, "/s", name, &json(argv), None);
    assert_eq!(
        run("send-mail", r#"[["a", 1]]"#).unwrap(),
        r#"{"argv":[["a",1]]}"#
    );
    let error = run("bad", "[]").unwrap_err();
    assert_eq!((error.code().number(), error.status()), (3103, 418));
    assert!(error.message().contains("teapot"), "{error}");
    assert_eq!(run("nobody", "[]").unwrap_err().code().number(), 3016);
}

#[test]
fn one_mount_in_two_databases_is_two_services() {
    let host = Host::new();
    host.databases.create("ünïcode 1", &[]).unwrap();
    let mut other = new_request(Mode::Install, bundle(&versioned("2.0.0")));
    other.database = "ünïcode 1".to_owned();
    host.foxx.install(&other).unwrap();
    host.foxx
        .install(&new_request(Mode::Install, bundle(&versioned("1.0.0"))))
        .unwrap();
    assert_eq!(host.get("/v").line(), "200 1.0.0 1");
    let answer = host
        .begin_with("ünïcode 1", "GET", "//v", "", "", |_| {})
        .wait();
    assert_eq!(answer.line(), "200 2.0.0 1");
    host.databases.drop("ünïcode 1").unwrap();
    host.foxx.forget_dropped_databases();
    assert!(host.foxx.find("ünïcode 1", "/v").is_none());
    assert_eq!(host.get("/v").line(), "200 1.0.0 1");
}

#[test]
fn no_request_fails_while_versions_change() {
    let host = Host::new();
    host.foxx
        .install(&new_request(Mode::Install, bundle(&versioned("0.0.0"))))
        .unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let visitor = scope.spawn(|| {
            let mut answers = Vec::new();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let pending: Vec<_> = (0..8).map(|_| host.begin("GET", "/v", "", "")).collect();
                answers.extend(pending.into_iter().map(|pending| pending.wait().line()));
            }
            answers
        });
        for version in 1..=5 {
            let bundle = bundle(&versioned(&format!("{version}.0.0")));
            host.foxx
                .install(&new_request(Mode::Upgrade, bundle))
                .unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        visitor.join().unwrap()
    });
    let mut versions: Vec<&str> = answers.iter().map(String::as_str).collect();
    versions.dedup();
    // Two workers may answer in either order around a change, so versions are only counted.
    assert!(
        versions
            .iter()
            .all(|line| line.starts_with("200 ") && line.ends_with(".0.0 1"))
    );
    assert_eq!(host.get("/v").line(), "200 5.0.0 1");
}
