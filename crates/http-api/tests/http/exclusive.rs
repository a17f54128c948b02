//! Many clients that want the same collection for themselves.

use std::thread;

use value::{Value, json};

use crate::harness::{Answer, Client, Host};

/// Far more than the threads that requests may block.
const CLIENTS: usize = 40;

/// How often something is asked for that is to happen soon; far more often than it takes.
const TRIES: usize = 20_000;

fn ask(client: &mut Client, method: &str, target: &str, id: &str, body: &str) -> Answer {
    let header = match id {
        "" => String::new(),
        id => format!("x-arango-trx-id: {id}\r\n"),
    };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n{header}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write(request.as_bytes());
    client.read_answer(false)
}

fn begin(client: &mut Client) -> String {
    let body = r#"{"collections": {"exclusive": ["c"]}}"#;
    let answer = ask(client, "POST", "/_api/transaction/begin", "", body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let answer = json::parse(&answer.body).unwrap();
    answer.get("result").get("id").as_str().unwrap().to_owned()
}

fn counter(answer: &Answer) -> i64 {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let document: Value = json::parse(&answer.body).unwrap();
    document.get("n").as_i64().unwrap()
}

/// Source: the public tests' description of the client arangojs: transactions begun in parallel
/// queue, none fails, and each sees what the one before it wrote.
#[test]
fn exclusive_transactions_queue_and_none_is_lost() {
    let host = Host::start(|_| {});
    let mut client = host.connect();
    ask(
        &mut client,
        "POST",
        "/_api/collection",
        "",
        r#"{"name": "c"}"#,
    );
    ask(
        &mut client,
        "POST",
        "/_api/document/c",
        "",
        r#"{"_key": "k", "n": 0}"#,
    );
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = host.connect();
                let id = begin(&mut client);
                let read = ask(&mut client, "GET", "/_api/document/c/k", &id, "");
                let body = format!("{{\"n\": {}}}", counter(&read) + 1);
                let written = ask(&mut client, "PATCH", "/_api/document/c/k", &id, &body);
                assert_eq!(written.status, 202, "{}", written.text());
                let target = format!("/_api/transaction/{id}");
                let committed = ask(&mut client, "PUT", &target, "", "");
                assert_eq!(committed.status, 200, "{}", committed.text());
            });
        }
    });
    let read = ask(&mut client, "GET", "/_api/document/c/k", "", "");
    assert_eq!(counter(&read), CLIENTS as i64);
    assert_eq!(host.finish(), Vec::<String>::new());
}

/// Requests that wait for locks, as the server counts them.
fn waiting(client: &mut Client) -> u64 {
    const NAME: &str = "\nvulpes_http_requests_waiting_for_locks ";
    let text = ask(client, "GET", "/_admin/metrics/v2", "", "").text();
    let at = text.find(NAME).expect("the figure is shown") + NAME.len();
    let digits = text[at..].lines().next().unwrap();
    digits.trim().parse().unwrap()
}

/// Asks until as many wait; false if it never happens.
fn until_waiting(client: &mut Client, wanted: u64) -> bool {
    (0..TRIES).any(|_| {
        thread::yield_now();
        waiting(client) == wanted
    })
}

#[test]
fn who_hangs_up_while_waiting_gets_no_transaction() {
    let host = Host::start(|_| {});
    let mut client = host.connect();
    let body = r#"{"name": "c"}"#;
    ask(&mut client, "POST", "/_api/collection", "", body);
    let first = begin(&mut client);
    let mut gone = host.connect();
    let body = r#"{"collections": {"exclusive": ["c"]}}"#;
    let request = format!(
        "POST /_api/transaction/begin HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    gone.write(request.as_bytes());
    assert!(until_waiting(&mut client, 1), "it waits");
    drop(gone);
    assert!(until_waiting(&mut client, 0), "it has left the queue");
    let target = format!("/_api/transaction/{first}");
    assert_eq!(ask(&mut client, "PUT", &target, "", "").status, 200);
    // Nobody holds the collection.
    begin(&mut client);
    let list = ask(&mut client, "GET", "/_api/transaction", "", "");
    let list = json::parse(&list.body).unwrap();
    let open = list.get("transactions").as_array().map(<[Value]>::len);
    assert_eq!(open, Some(1), "the one that was just begun");
    assert_eq!(host.finish(), Vec::<String>::new());
}
