//! What clients do that are slow, greedy or gone, and how the server stops.

use std::net::Shutdown;
use std::time::Duration;

use crate::harness::{Client, Host};

/// Short enough to wait for, long enough for a busy machine to stay within.
const SHORT: Duration = Duration::from_millis(300);

const VERSION: &str = "GET /_api/version HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\r\n";

fn request(method: &str, target: &str, body: &str) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\
         content-type: application/javascript\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Lets time pass, which is what these limits are about.
fn pause(time: Duration) {
    let (_open, nothing) = std::sync::mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}

fn is_answered(client: &mut Client) -> bool {
    client.write(VERSION.as_bytes());
    client.read_answer(false).status == 200
}

fn install(host: &Host, script: &str) {
    let script = format!(
        "const router = require('@arangodb/foxx/router')();\n\
         module.context.use(router);\nconst db = require('@arangodb').db;\n{script}"
    );
    let answer = host.send(request("POST", "/_api/foxx?mount=/s", &script).as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn an_unfinished_head_is_cut_off() {
    let host = Host::start(|settings| settings.head_timeout = SHORT);
    let mut silent = host.connect();
    silent.write(b"GET /_api/version HTTP/1.1\r\nx-a: ");
    let mut dripping = host.connect();
    dripping.write(b"GET /_api/version HTTP/1.1\r\n");
    let drips = std::thread::scope(|scope| {
        let drip = {
            let mut stream = dripping.stream.try_clone().unwrap();
            scope.spawn(move || {
                use std::io::Write as _;
                let mut drips = 0;
                // A byte at a time never lets a limit on silence pass.
                while stream.write_all(b"x").is_ok() && drips < 2000 {
                    pause(SHORT / 20);
                    drips += 1;
                }
                drips
            })
        };
        dripping.wait_for_close();
        drip.join().unwrap()
    });
    assert!(drips < 2000, "the server ended it");
    silent.wait_for_close();
    assert!(is_answered(&mut host.connect()));
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn a_stalled_body_is_answered_408() {
    let host = Host::start(|settings| settings.stall_timeout = SHORT);
    let mut client = host.connect();
    let whole = request("POST", "/_api/cursor", "{\"query\": \"RETURN 1\"}");
    client.write(&whole.as_bytes()[..whole.len() - 5]);
    let answer = client.read_answer(false);
    assert_eq!(answer.status, 408, "{}", answer.text());
    client.wait_for_close();
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn who_does_not_read_is_cut_off_and_holds_nobody() {
    let host = Host::start(|settings| settings.stall_timeout = SHORT);
    let mut greedy = host.connect();
    let query = r#"{"query": "RETURN REPEAT('x', 30000000)"}"#;
    greedy.write(request("POST", "/_api/cursor", query).as_bytes());
    let mut other = host.connect();
    for _ in 0..20 {
        assert!(is_answered(&mut other));
    }
    // Nothing is read until the server must have given up; then there is less than everything.
    pause(SHORT * 3);
    let answer = greedy.read_answer(false);
    assert!(answer.body.len() < 30_000_000, "{}", answer.body.len());
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn connections_are_limited() {
    let host = Host::start(|settings| settings.connections_max = 2);
    let (mut first, mut second) = (host.connect(), host.connect());
    assert!(is_answered(&mut first) && is_answered(&mut second));
    let mut third = host.connect();
    third.write(VERSION.as_bytes());
    assert_eq!(third.read_answer(false).status, 0);
    assert!(is_answered(&mut first), "the others stay");
    drop(second);
    // The server notices the end of the second one soon, at its next look at the socket.
    while !is_answered(&mut host.connect()) {}
    let log = host.finish();
    assert!(!log.is_empty() && log.iter().all(|line| line.contains("too many connections")));
}

#[test]
fn requests_in_a_row_are_answered_in_a_row() {
    let host = Host::start(|_| {});
    let mut client = host.connect();
    let cursor = |number: u32| {
        request(
            "POST",
            "/_api/cursor",
            &format!("{{\"query\": \"RETURN {number}\"}}"),
        )
    };
    let many: String = (0..20).map(cursor).collect();
    client.write(many.as_bytes());
    // The beginning of one more must not keep the answers back.
    client.write(b"GET /_api/ver");
    for number in 0..20 {
        let answer = client.read_answer(false);
        assert!(
            answer.text().contains(&format!("\"result\":[{number}]")),
            "{}",
            answer.text()
        );
    }
    client.write(VERSION.trim_start_matches("GET /_api/ver").as_bytes());
    assert_eq!(client.read_answer(false).status, 200);
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn who_hangs_up_gets_the_write_all_the_same() {
    let host = Host::start(|_| {});
    let made = host.send(request("POST", "/_api/collection", r#"{"name": "c"}"#).as_bytes());
    assert_eq!(made.status, 200);
    let mut client = host.connect();
    let query = r#"{"query": "FOR i IN 1..2000 INSERT {n: i} INTO c"}"#;
    client.write(request("POST", "/_api/cursor", query).as_bytes());
    client.stream.shutdown(Shutdown::Both).unwrap();
    drop(client);
    let database = host.databases.system();
    let collection = database.collection("c").unwrap();
    let count = || {
        let mut txn = database
            .begin(database::TransactionOptions::read_only())
            .unwrap();
        txn.count(&collection).unwrap()
    };
    let begun = std::iter::repeat_with(count)
        .take(1_000_000)
        .find(|count| *count > 0);
    assert_eq!(begun, Some(2000), "all or nothing, and not nothing");
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn a_stop_lets_requests_finish_and_takes_no_new_ones() {
    let mut host = Host::start(|settings| settings.stop_timeout = Duration::from_secs(30));
    install(
        &host,
        "router.get('/slow', (req, res) => {\n\
         db._create('begun');\nconst until = Date.now() + 700;\n\
         while (Date.now() < until) {}\nres.json('finished'); });",
    );
    let mut idle = host.connect();
    assert!(is_answered(&mut idle));
    let mut slow = host.connect();
    slow.write(request("GET", "/s/slow", "").as_bytes());
    let database = host.databases.system();
    while database.find_collection("begun").is_none() {}
    host.begin_stop();
    idle.wait_for_close();
    let answer = slow.read_answer(false);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "\"finished\"")
    );
    host.end_stop();
    assert!(
        std::net::TcpStream::connect(host.address).is_err(),
        "nobody listens any more"
    );
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let mut host = Host::start(|settings| settings.stop_timeout = SHORT);
    install(
        &host,
        "router.get('/slow', () => { db._create('begun');\n\
         const until = Date.now() + 3000; while (Date.now() < until) {} });",
    );
    let mut slow = host.connect();
    slow.write(request("GET", "/s/slow", "").as_bytes());
    while host.databases.system().find_collection("begun").is_none() {}
    host.begin_stop();
    host.end_stop();
    assert_eq!(slow.read_answer(false).status, 0, "it was cut off");
    let log = host.finish();
    assert!(
        log.iter().any(|line| line.contains("still running")),
        "{log:?}"
    );
}
