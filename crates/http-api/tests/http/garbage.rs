//! Requests that are no requests, and bodies that are no bodies: each is answered or cut off, and
//! the server goes on.

use std::net::Shutdown;

use crate::harness::{Answer, Host};

fn post(target: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {target} HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn number(answer: &Answer) -> String {
    let text = answer.text();
    let number = text.split("\"errorNum\":").nth(1).unwrap_or_default();
    number
        .split([',', '}'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn heads_that_are_none_are_refused() {
    let host = Host::start(|settings| settings.header_bytes_max = 16 << 10);
    let long = "x".repeat(32 << 10);
    let many = "a: b\r\n".repeat(2000);
    for (head, statuses) in [
        ("\u{0}\u{1}\u{2}\u{ff}\r\n\r\n".to_owned(), &[400, 0][..]),
        ("GET\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), &[400, 505]),
        ("GET /a b HTTP/1.1\r\n\r\n".to_owned(), &[400]),
        ("G\u{e4}T / HTTP/1.1\r\n\r\n".to_owned(), &[400]),
        (format!("{long} / HTTP/1.1\r\n\r\n"), &[400, 431]),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), &[400, 414, 431]),
        (format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), &[431]),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), &[431]),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/1.1\r\n: empty\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/1.1\r\na\u{0}: b\r\n\r\n".to_owned(), &[400]),
        (
            "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_owned(),
            &[400],
        ),
        (
            "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
            &[400],
        ),
        (
            "POST / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n".to_owned(),
            &[400],
        ),
        (
            "POST /_api/cursor HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n".to_owned(),
            &[400],
        ),
    ] {
        let mut client = host.connect();
        client.write(head.as_bytes());
        client.stream.shutdown(Shutdown::Write).unwrap();
        let answer = client.read_answer(false);
        let shown: String = head.chars().take(60).collect();
        assert!(
            statuses.contains(&answer.status),
            "{shown:?}: {} {}",
            answer.status,
            answer.text()
        );
    }
    let answer = host.send(b"GET /_api/version HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\r\n");
    assert_eq!(answer.status, 200);
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn bodies_that_are_no_json_are_told_so() {
    let host = Host::start(|_| {});
    let made = host.send(&post("/_api/collection", br#"{"name": "c"}"#));
    assert_eq!(made.status, 200, "{}", made.text());
    let nested = |levels: usize| {
        let mut body = b"{\"a\":".to_vec();
        body.extend(std::iter::repeat_n(b'[', levels));
        body.extend(std::iter::repeat_n(b']', levels));
        body.push(b'}');
        body
    };
    for (body, error) in [
        (&b"\xff\xfe"[..], "600"),
        (b"{\"a\": \"\xc3\x28\"}", "600"),
        (b"\xef\xbb\xbf{}", "600"),
        (b"{\"a\": \"\\ud800\"}", "600"),
        (b"{\"a\": 1e999}", "600"),
        (b"{\"a\": 01}", "600"),
        (b"{\"a\": NaN}", "600"),
        (b"{'a': 1}", "600"),
        (b"{\"a\": 1,}", "600"),
        (b"{} {}", "600"),
        (b"{\"a\": \"\n\"}", "600"),
        (b"nul", "600"),
        (b"\0", "600"),
        (&nested(300), "600"),
        (&nested(1_000_000), "600"),
        (&b"[".repeat(1_000_000), "600"),
        (&b"{\"a\":".repeat(1_000_000), "600"),
        (b"null", "1227"),
        (b"7", "1227"),
        (b"\"x\"", "1227"),
    ] {
        let answer = host.send(&post("/_api/document/c", body));
        let shown = String::from_utf8_lossy(body);
        let shown: String = shown.chars().take(40).collect();
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        assert_eq!(number(&answer), error, "{shown}: {}", answer.text());
    }
    let deep = host.send(&post("/_api/document/c", &nested(190)));
    assert_eq!(deep.status, 202, "{}", deep.text());
    for body in [&b"\xff"[..], &nested(100_000)] {
        for target in [
            "/_api/cursor",
            "/_api/explain",
            "/_api/query",
            "/_api/collection",
            "/_api/index?collection=c",
            "/_api/user",
            "/_api/database",
            "/_api/transaction",
            "/_api/transaction/begin",
            "/_api/aqlfunction",
            "/_open/auth",
        ] {
            let answer = host.send(&post(target, body));
            let found = (answer.status, number(&answer));
            assert_eq!(found, (400, "600".to_owned()), "{target}");
        }
    }
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn names_that_are_no_texts_are_refused() {
    let host = Host::start(|_| {});
    for (target, status) in [
        ("/_api/collection/%ff", 400),
        ("/_db/%ff/_api/collection", 400),
        ("/_api/collection?x=%c3%28", 400),
        ("/_api/collection/%00", 404),
        ("/_api/collection/%zz", 404),
        ("/_api/collection/%2e%2e", 404),
        ("/_api/../../etc/passwd", 404),
        ("/_db//_api/version", 404),
        ("/_db", 404),
        ("/_api", 404),
        ("//_api//version", 200),
        ("/%5fapi/version", 404),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\r\n");
        let answer = host.send(head.as_bytes());
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
    }
    assert_eq!(host.finish(), Vec::<String>::new());
}
