//! What a service breaks is its own: limits at the level of services.

use std::time::Duration;

use crate::harness::{Host, main_only};

/// Routes that misbehave, each in its own way.
const BOMBS: &str = r#"
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/fine', (req, res) => res.send('fine'));
router.get('/loop', () => { for (;;); });
router.get('/catch', () => { for (;;) try { for (;;); } catch (e) {} finally { for (;;); } });
router.get('/heap', () => { const all = []; for (;;) all.push(new Array(1000).fill('x')); });
router.get('/deep', () => { const f = () => f() + 1; return f(); });
router.get('/regex', () => /^(a+)+$/.test('a'.repeat(40) + 'b'));
"#;

/// Loops end soon; what allocates meets its own limit first.
fn host() -> Host {
    Host::with(|settings| {
        settings.workers.request_time_max = Duration::from_millis(300);
    })
}

fn small_heap() -> Host {
    Host::with(|settings| settings.workers.heap_bytes_max = 96 << 20)
}

fn install(host: &Host, mount: &str) {
    let files = main_only(BOMBS);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    host.install(mount, &files).unwrap();
}

#[test]
fn a_bomb_costs_its_request_and_nothing_else() {
    for path in ["/loop", "/catch", "/regex"] {
        check(&host(), path, "request_time_max");
    }
    check(&small_heap(), "/heap", "heap_bytes_max");
}

/// A bomb fails by its limit while and after others are answered.
fn check(host: &Host, path: &str, setting: &str) {
    install(host, "/bad");
    install(host, "/good");
    let bomb = host.begin("GET", &format!("/bad{path}"), "", "");
    let other = host.get("/good/fine");
    assert_eq!(other.line(), "200 fine", "beside {path}");
    let answer = bomb.wait();
    assert_eq!(answer.status(), 500, "{path}: {}", answer.text());
    assert_eq!(answer.json().get("errorNum").as_i64(), Some(500));
    assert!(answer.text().contains(setting), "{path}: {}", answer.text());
    for _ in 0..4 {
        assert_eq!(host.get("/bad/fine").line(), "200 fine", "after {path}");
    }
}

#[test]
fn recursion_is_an_error_of_the_service() {
    let host = host();
    install(&host, "/bad");
    let answer = host.get("/bad/deep");
    assert_eq!(answer.status(), 500, "{}", answer.text());
    assert_eq!(host.get("/bad/fine").line(), "200 fine");
}

#[test]
fn a_full_queue_answers_503() {
    let host = Host::with(|settings| {
        settings.workers.queue_max = 3;
        settings.workers.request_time_max = Duration::from_millis(500);
    });
    install(&host, "/bad");
    let pending: Vec<_> = (0..12)
        .map(|_| host.begin("GET", "/bad/loop", "", ""))
        .collect();
    let answers: Vec<_> = pending
        .into_iter()
        .map(crate::harness::Pending::wait)
        .collect();
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status() == 503)
        .collect();
    // Two run and three wait; a worker that is not back from the installation takes one later.
    assert!(
        (7..=9).contains(&refused.len()),
        "{} are refused",
        refused.len()
    );
    assert!(
        refused
            .iter()
            .all(|answer| answer.text().contains("queue_max"))
    );
    assert_eq!(host.get("/bad/fine").line(), "200 fine");
}

#[test]
fn a_main_file_that_never_ends_does_not_get_in() {
    let host = Host::with(|settings| {
        settings.workers.load_time_max = Duration::from_millis(300);
    });
    let files = main_only("for (;;);");
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let error = host.install("/bad", &files).unwrap_err();
    assert_eq!((error.code().number(), error.status()), (3103, 400));
    assert!(error.message().contains("load_time_max"), "{error}");
    assert_eq!(host.get("/bad/fine").status(), 404);
}

#[test]
fn stopping_answers_everyone() {
    let host = Host::with(|settings| {
        settings.workers.stop_time_max = Duration::from_millis(50);
        settings.workers.request_time_max = Duration::from_secs(600);
    });
    install(&host, "/bad");
    let pending: Vec<_> = (0..6)
        .map(|_| host.begin("GET", "/bad/loop", "", ""))
        .collect();
    host.foxx.stop();
    host.foxx.stop();
    for answer in pending {
        assert!(answer.wait().status() >= 500);
    }
    assert_eq!(host.get("/bad/fine").status(), 503);
}

#[test]
fn thousands_of_requests_do_not_notice_the_bombs_among_them() {
    let host = host();
    install(&host, "/bad");
    install(&host, "/good");
    let mut pending = std::collections::VecDeque::new();
    for number in 0..2000 {
        let mount = if number % 2 == 0 { "/good" } else { "/bad" };
        let path = if number % 200 == 199 {
            "/loop"
        } else {
            "/fine"
        };
        let request = host.begin("GET", &format!("{mount}{path}"), "", "");
        pending.push_back((path, request));
        while pending.len() > 32 {
            check_next(&mut pending);
        }
    }
    while !pending.is_empty() {
        check_next(&mut pending);
    }
}

fn check_next(pending: &mut std::collections::VecDeque<(&str, crate::harness::Pending)>) {
    let (path, request) = pending.pop_front().unwrap();
    let answer = request.wait();
    let expected = if path == "/fine" { 200 } else { 500 };
    assert_eq!(answer.status(), expected, "{path}: {}", answer.text());
}
