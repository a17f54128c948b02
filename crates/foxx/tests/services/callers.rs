//! Threads of callers that answer themselves.

use std::sync::mpsc;
use std::time::Duration;

use foxx::{ServiceRequest, ServiceResponse};

use crate::harness::{DB, Host, main_only};

const COUNTER: &str = r#"
const router = require('@arangodb/foxx/router')();
module.context.use(router);
let count = 0;
router.get('/', (req, res) => res.send(`VERSION ${++count}`));
"#;

fn source(version: &str) -> Vec<(&'static str, String)> {
    main_only(&COUNTER.replace("VERSION", version))
}

fn install(host: &Host, version: &str) {
    let files = source(version);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    host.install("/s", &files).unwrap();
}

/// What this thread answers; `None` if it cannot.
fn answer_here(host: &Host) -> Option<String> {
    let (send, receive) = mpsc::channel::<ServiceResponse>();
    let found = host.foxx.find(DB, "/s/").unwrap();
    let request = ServiceRequest {
        method: "GET".to_owned(),
        path: found.rest.to_owned(),
        service: found.service,
        query: String::new(),
        headers: String::new(),
        body: Default::default(),
        user: None,
        authorized: false,
        secure: false,
        remote: "127.0.0.1:50000".parse().unwrap(),
        local: "127.0.0.1:8529".parse().unwrap(),
    };
    let reply = move |answer, _: Duration| send.send(answer).unwrap();
    match host.foxx.answer_here(request.into(), Box::new(reply)) {
        Ok(holds) => {
            assert!(!holds, "nothing was written");
            let answer = receive.recv().unwrap();
            Some(String::from_utf8(answer.body.to_vec()).unwrap())
        }
        Err(_) => None,
    }
}

fn prepare(host: &Host) {
    host.foxx
        .prepare_here(&host.foxx.find_exactly(DB, "/s").unwrap());
}

#[test]
fn a_thread_answers_for_what_it_was_made_ready_for() {
    let host = Host::new();
    install(&host, "one");
    assert_eq!(answer_here(&host), None);
    prepare(&host);
    assert_eq!(answer_here(&host).as_deref(), Some("one 1"));
    assert_eq!(answer_here(&host).as_deref(), Some("one 2"));
    let elsewhere = std::thread::scope(|scope| {
        let thread = scope.spawn(|| answer_here(&host));
        thread.join().unwrap()
    });
    assert_eq!(elsewhere, None, "another thread");
    foxx::leave_thread();
    assert_eq!(answer_here(&host), None);
}

#[test]
fn a_new_revision_is_another_service() {
    let host = Host::new();
    install(&host, "one");
    prepare(&host);
    assert_eq!(answer_here(&host).as_deref(), Some("one 1"));
    host.foxx.uninstall(DB, "/s", false, false).unwrap();
    install(&host, "two");
    assert_eq!(answer_here(&host), None);
    prepare(&host);
    assert_eq!(answer_here(&host).as_deref(), Some("two 1"));
    foxx::leave_thread();
}

#[test]
fn a_stop_ends_what_callers_run() {
    let host = Host::new();
    install(&host, "one");
    prepare(&host);
    host.foxx.stop();
    let answer = answer_here(&host).unwrap();
    assert!(answer.contains("stopping"), "{answer}");
    foxx::leave_thread();
    prepare(&host);
    assert_eq!(answer_here(&host), None);
}
