//! Inputs to begin with: what the corpus has, and what is close to an edge.

use std::path::Path;

use value::json;

/// Every query of the corpus, without its comments.
pub(crate) fn queries() -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    collect(&crate::root().join("corpus/aql"), &mut texts);
    let mut seeds: Vec<Vec<u8>> = texts.iter().flat_map(|text| split(text)).collect();
    seeds.extend(
        ["(", "[", "{a:", "NOT ", "-", "1+(", "(FOR x IN "].map(|opening| {
            let deep = opening.repeat(1000);
            format!("RETURN {deep}").into_bytes()
        }),
    );
    seeds
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    for path in paths {
        let kind = path.extension().and_then(|kind| kind.to_str());
        if path.is_dir() {
            collect(&path, texts);
        } else if matches!(kind, Some("aql" | "txt")) {
            texts.push(std::fs::read_to_string(&path).expect("the corpus is text"));
        }
    }
}

fn split(text: &str) -> Vec<Vec<u8>> {
    let is_query = |line: &&str| !line.starts_with("//");
    text.split("// ---")
        .map(|case| case.lines().filter(is_query).collect::<Vec<_>>().join("\n"))
        .map(|query| query.trim().to_owned().into_bytes())
        .filter(|query| !query.is_empty())
        .collect()
}

/// JSON and what is almost JSON.
pub(crate) fn texts() -> Vec<Vec<u8>> {
    let deep = json::DEPTH_MAX;
    let mut seeds: Vec<Vec<u8>> = [
        r#"{"a": [1, -2.5e3, true, null, "x\u00e4\ud83d\ude00\n"], "b": {"c": {}}}"#,
        r#"{"a": 1, "a": 2, "": 3}"#,
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "1e308",
        "1e309",
        "-0.0",
        "5e-324",
        "01",
        "\"\\ud800\"",
        "\u{feff}[]",
        "[1,]",
        "nul",
        "",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    seeds.push([b"[".repeat(deep), b"]".repeat(deep)].concat());
    seeds.push([b"[".repeat(deep + 1), b"]".repeat(deep + 1)].concat());
    seeds.push(b"{\"a\":".repeat(100_000));
    seeds.push(b"\"\xff\xfe\"".to_vec());
    seeds
}

/// Keys at the limits of the rule.
pub(crate) fn keys() -> Vec<Vec<u8>> {
    let all = b"AZaz09_-.@()+,=;$!*'%:".to_vec();
    let mut seeds = vec![all, b"a/b".to_vec(), b"a b".to_vec(), "ä".into(), vec![0]];
    seeds.extend([0, 1, 253, 254, 255].map(|length| vec![b'k'; length]));
    seeds
}

/// Each kind of value, and a few of each.
pub(crate) fn values() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = (0..10).map(|kind| [kind; 32].to_vec()).collect();
    seeds.push((0..=255).collect());
    seeds.push((0..64).flat_map(|at| [at % 10, at, 255 - at]).collect());
    seeds
}

/// Requests as they go over the wire.
pub(crate) fn heads() -> Vec<Vec<u8>> {
    let lines = [
        "GET /_api/version HTTP/1.1",
        "GET /_db/_system/_api/document/c/a HTTP/1.1\r\nIf-None-Match: \"x\"",
        "HEAD /_api/document/c/a HTTP/1.0",
        "GET /_db/%C3%A4/_api/collection?excludeSystem=true HTTP/1.1",
        "GET /_api/document/c/%ff%00 HTTP/1.1\r\nAuthorization: Basic !!!",
        "GET /_api/collection/c/count HTTP/1.1\r\nAuthorization: bearer a.b.c",
        "OPTIONS /_api/cursor HTTP/1.1\r\nOrigin: http://a\r\nAccess-Control-Request-Method: PUT",
        "POST /_api/cursor HTTP/1.1\r\nContent-Length: 20\r\nx-arango-trx-id: 1",
        "POST /_api/cursor HTTP/1.1\r\nTransfer-Encoding: chunked\r\nx-arango-async: store",
        "PUT /_api/collection/c/truncate HTTP/1.1\r\nContent-Length: 0",
        "DELETE /_api/index/c/0 HTTP/1.1\r\nX-HTTP-Method: GET",
        "GET /_admin/../../etc HTTP/1.1\r\nHost: \r\nCookie: a=b; c",
    ];
    let bodies = ["", "{\"query\":\"RETURN 1\"}", "5\r\n{\"a\":\r\n0\r\n\r\n"];
    lines
        .iter()
        .flat_map(|line| bodies.map(|body| format!("{line}\r\n\r\n{body}").into_bytes()))
        .collect()
}

/// A body for every route: the first byte picks the route, the second its parameters.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"_key": "a", "v": 1}"#,
        r#"[{"_key": "a"}, {"_key": "b", "_from": "c/a", "_to": "c/a"}, 5]"#,
        r#"{"query": "FOR d IN c RETURN d", "batchSize": 2, "count": true, "bindVars": {}}"#,
        r#"{"name": "n", "type": 2, "keyOptions": {"type": "autoincrement"}}"#,
        r#"{"type": "persistent", "fields": ["a", "b[*]"], "unique": true}"#,
        r#"{"collections": {"write": ["c"]}, "action": "function () { return 1; }"}"#,
        "[\"_key\", \"v\"]\n[\"x\", 1]\n\n[\"y\"]\n",
        "{\"_key\": \"i\"}\n{\"_key\": \"j\"}\n",
    ];
    (0..crate::targets::http::ROUTES.len())
        .flat_map(|route| {
            texts.map(|text| {
                let mut seed = vec![route as u8, 0];
                seed.extend_from_slice(text.as_bytes());
                seed
            })
        })
        .collect()
}
