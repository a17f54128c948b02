//! What is quick is answered by the thread that read it; when it turns out slow, nobody waits.

use std::time::Duration;

use value::json;

use crate::harness::{Answer, Client, Host};

/// How often to try what comes true after a number of requests that is not ours to know.
const TRIES: usize = 5_000;

/// Answers the name of the thread that ran it. `/wait` first waits for a collection, busily.
const SERVICE: &str = "\
    const router = require('@arangodb/foxx/router')();\n\
    module.context.use(router);\n\
    const { db } = require('@arangodb');\n\
    const thread = () => require('fs').read('/proc/thread-self/comm').trim();\n\
    router.get('/', (req, res) => {\n\
      while (req.queryParams.until && !db._collection(req.queryParams.until)) {}\n\
      res.json(thread());\n\
    }).queryParam('until', require('joi').string().optional());\n\
    router.post('/', (req, res) => { db._collection('c').insert({}); res.json(thread()); });";

/// A server to which everything is quick, so that what is slow meets a lane.
fn host(change: impl FnOnce(&mut foxx::Settings)) -> Host {
    let host = Host::with(
        |settings| settings.quick_time_max = Duration::from_secs(600),
        |services| {
            services.files.allowed.push("^/proc/".to_owned());
            change(services);
        },
    );
    let installed = ask(&mut host.connect(), "POST", "/_api/foxx?mount=/s", SERVICE);
    assert_eq!(installed.status, 201, "{}", installed.text());
    host
}

fn ask(client: &mut Client, method: &str, target: &str, body: &str) -> Answer {
    begin(client, method, target, body);
    client.read_answer(false)
}

fn begin(client: &mut Client, method: &str, target: &str, body: &str) {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\
         content-type: application/javascript\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write(request.as_bytes());
}

/// Whether the service was run by a network thread.
fn is_here(answer: &Answer) -> bool {
    assert_eq!(answer.status, 200, "{}", answer.text());
    !answer.text().contains("foxx-")
}

/// Asks until a network thread answers.
fn warm(client: &mut Client, method: &str) {
    let here = (0..TRIES).find(|_| is_here(&ask(client, method, "/s", "")));
    assert!(here.is_some(), "never answered by a network thread");
}

/// Others are answered, on a connection that was there and on one that is new.
fn check_others(host: &Host, other: &mut Client) {
    for client in [other, &mut host.connect()] {
        assert_eq!(ask(client, "GET", "/_api/version", "").status, 200);
        assert_eq!(ask(client, "GET", "/s", "").status, 200);
    }
}

#[test]
fn a_busy_service_on_a_network_thread_holds_nobody_up() {
    let host = host(|_| {});
    let (mut busy, mut other) = (host.connect(), host.connect());
    let mut times_here = 0;
    for turn in 0..TRIES {
        warm(&mut busy, "GET");
        begin(&mut busy, "GET", &format!("/s?until=c{turn}"), "");
        check_others(&host, &mut other);
        let body = format!("{{\"name\": \"c{turn}\"}}");
        assert_eq!(
            ask(&mut other, "POST", "/_api/collection", &body).status,
            200
        );
        times_here += usize::from(is_here(&busy.read_answer(false)));
        if times_here == 3 {
            break;
        }
    }
    assert_eq!(times_here, 3, "the busy request met the lane");
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn a_slow_query_on_a_network_thread_holds_nobody_up_and_can_be_killed() {
    let host = host(|_| {});
    let (mut slow, mut other) = (host.connect(), host.connect());
    let query = |seconds: u32| {
        format!("{{\"query\":\"RETURN SLEEP(@s)\",\"bindVars\":{{\"s\":{seconds}}}}}")
    };
    for _ in 0..100 {
        assert_eq!(
            ask(&mut slow, "POST", "/_api/cursor", &query(0)).status,
            201
        );
    }
    begin(&mut slow, "POST", "/_api/cursor", &query(600));
    let id = (0..TRIES).find_map(|_| {
        check_others(&host, &mut other);
        let current = ask(&mut other, "GET", "/_api/query/current", "");
        let current = json::parse(&current.body).unwrap();
        let first = current.as_array().unwrap().first().cloned();
        first.map(|query| query.get("id").as_str().unwrap().to_owned())
    });
    let target = format!("/_api/query/{}", id.expect("the query runs"));
    assert_eq!(ask(&mut other, "DELETE", &target, "").status, 200);
    let answer = slow.read_answer(false);
    assert!(answer.text().contains("1500"), "{}", answer.text());
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn limits_hold_on_a_network_thread() {
    let host = host(|services| services.workers.request_time_max = Duration::from_millis(500));
    let mut client = host.connect();
    for _ in 0..3 {
        warm(&mut client, "GET");
        let answer = ask(&mut client, "GET", "/s?until=never", "");
        assert_eq!(answer.status, 500);
        assert!(
            answer.text().contains("request_time_max"),
            "{}",
            answer.text()
        );
    }
    assert!(
        host.finish()
            .iter()
            .all(|line| line.contains("request_time_max"))
    );
}

#[test]
fn what_is_written_on_a_network_thread_is_answered_when_it_is_durable() {
    let host = host(|_| {});
    let mut client = host.connect();
    let made = ask(&mut client, "POST", "/_api/collection", "{\"name\": \"c\"}");
    assert_eq!(made.status, 200);
    warm(&mut client, "POST");
    assert_eq!(
        ask(&mut client, "GET", "/_api/collection/c/count", "").status,
        200
    );
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn a_stop_ends_what_runs_on_a_network_thread() {
    let mut host = Host::with(
        |settings| {
            settings.quick_time_max = Duration::from_secs(600);
            settings.stop_timeout = Duration::from_millis(300);
        },
        |services| services.files.allowed.push("^/proc/".to_owned()),
    );
    let mut client = host.connect();
    assert_eq!(
        ask(&mut client, "POST", "/_api/foxx?mount=/s", SERVICE).status,
        201
    );
    warm(&mut client, "GET");
    begin(&mut client, "GET", "/s?until=never", "");
    assert_eq!(
        ask(&mut host.connect(), "GET", "/_api/version", "").status,
        200
    );
    host.begin_stop();
    host.end_stop();
    let log = host.finish();
    assert!(
        log.iter().any(|line| line.contains("still running")),
        "{log:?}"
    );
}

#[test]
fn a_replaced_service_answers_as_the_new_one_at_once() {
    let host = host(|_| {});
    let mut client = host.connect();
    warm(&mut client, "GET");
    let other = SERVICE.replace("res.json(thread())", "res.json('other ' + thread())");
    let replaced = ask(&mut client, "PUT", "/_api/foxx/service?mount=/s", &other);
    assert_eq!(replaced.status, 200, "{}", replaced.text());
    for _ in 0..100 {
        assert!(ask(&mut client, "GET", "/s", "").text().contains("other"));
    }
    assert_eq!(host.finish(), Vec::<String>::new());
}
