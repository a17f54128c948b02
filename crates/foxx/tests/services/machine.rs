//! What services do with the machine: files, requests, digests, transactions.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use platform::{ThreadSettings, spawn_thread};
use value::Value;

use crate::harness::{DB, Host, json, main_only};

fn install(host: &Host, mount: &str, main: &str) {
    let files = main_only(main);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    host.install(mount, &files).unwrap();
}

/// Runs `body` as a script and answers what it returns.
fn script(host: &Host, body: &str) -> Value {
    let main = format!("module.exports = (() => {{ {body} }})()");
    let files = [
        ("manifest.json", r#"{"scripts": {"it": "it.js"}}"#),
        ("it.js", main.as_str()),
    ];
    drop(host.foxx.uninstall(DB, "/it", false, true));
    host.install("/it", &files).unwrap();
    let text = host
        .foxx
        .run_script(DB, "/it", "it", &Value::array(vec![]), None);
    json(&text.unwrap_or_else(|error| panic!("{error}")))
}

/// Answers every connection with one request to `host`, as a server in front of it does.
fn serve(host: &Host, connections: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    host.foxx.set_own_address(listener.local_addr().unwrap());
    let foxx = host.foxx.clone();
    let settings = ThreadSettings {
        name: "test-server".to_owned(),
        stack_bytes: None,
    };
    let accept = move || {
        for _ in 0..connections {
            let (mut stream, peer) = listener.accept().unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let path = head
                .split(' ')
                .nth(1)
                .unwrap()
                .strip_prefix("/_db/_system")
                .unwrap();
            let found = foxx.find(DB, path).unwrap();
            let request = foxx::ServiceRequest {
                service: found.service,
                method: "GET".to_owned(),
                path: found.rest.to_owned(),
                query: String::new(),
                headers: String::new(),
                body: Default::default(),
                user: None,
                authorized: false,
                secure: false,
                remote: peer,
                local: peer,
            };
            let reply = move |answer: foxx::ServiceResponse, _: std::time::Duration| {
                let head = format!(
                    "HTTP/1.1 {} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    answer.status,
                    answer.body.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&answer.body).unwrap();
            };
            foxx.dispatch(request.into(), Box::new(reply));
        }
    };
    drop(spawn_thread(settings, accept).unwrap());
}

#[test]
fn a_service_may_request_its_own_server_from_every_worker() {
    let host = Host::new();
    install(
        &host,
        "/a",
        "const router = require('@arangodb/foxx/router')(); module.context.use(router);
        const request = require('@arangodb/request');
        router.get('/inner', (req, res) => res.send('inner'));
        router.get('/outer', (req, res) => {
          const answer = request.get(`${module.context.baseUrl}/inner`);
          res.send(`${answer.statusCode} ${answer.body}`);
        });",
    );
    const REQUESTS: usize = 8;
    serve(&host, REQUESTS);
    let pending: Vec<_> = (0..REQUESTS)
        .map(|_| host.begin("GET", "/a/outer", "", ""))
        .collect();
    for answer in pending {
        assert_eq!(answer.wait().line(), "200 200 inner");
    }
}

#[test]
fn requests_go_where_the_policy_lets_them() {
    let host = Host::with(|settings| settings.endpoints.denied = vec!["forbidden".to_owned()]);
    let said = script(
        &host,
        "const request = require('@arangodb/request');
        let errorNum;
        try { request.get('http://forbidden.example/x'); } catch (e) { errorNum = e.errorNum; }
        return [errorNum, request.get('http://127.0.0.1:1/x').statusCode];",
    );
    assert_eq!(said, json("[11, 500]"));
}

#[test]
fn files_outside_of_the_policy_are_out_of_reach() {
    let host = Host::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let outside = outside.path().to_str().unwrap();
    let said = script(
        &host,
        &format!(
            "const fs = require('fs'); const {{context}} = module;
            const numberOf = (fn) => {{
              try {{ fn(); return 0; }} catch (e) {{ return e.errorNum; }}
            }};
            const own = context.fileName('data/x.txt');
            fs.makeDirectory(context.fileName('data'));
            fs.write(own, 'mine');
            const temp = fs.join(fs.getTempPath(), 'link');
            return [
              fs.read(own),
              fs.exists('{outside}/secret'),
              numberOf(() => fs.read('{outside}/secret')),
              numberOf(() => fs.write('{outside}/new', 'x')),
              numberOf(() => fs.list('{outside}')),
              numberOf(() => fs.linkFile('{outside}', temp)),
              numberOf(() => fs.read(own + '/../../../../../../../../../../etc/passwd')),
              fs.listTree(context.fileName('data')),
            ];"
        ),
    );
    assert_eq!(
        said,
        json(r#"["mine", false, 11, 11, 11, 11, 11, ["", "x.txt"]]"#)
    );
    assert!(!std::path::Path::new(outside).join("new").exists());
}

#[test]
fn a_transaction_left_open_is_rolled_back_and_conflicts_are_seen() {
    let host = Host::new();
    let said = script(
        &host,
        "const {db} = require('@arangodb');
        const c = db._create('c');
        let errorNum;
        try {
          db._executeTransaction({
            collections: {write: ['c']},
            action: () => { c.save({_key: 'gone'}); throw new Error('no'); },
          });
        } catch (e) { errorNum = e.errorNum; }
        const sum = db._executeTransaction({
          collections: {write: 'c'},
          action: (params) => { c.save({_key: 'kept'}); return params.a + c.count(); },
          params: {a: 40},
        });
        return [sum, c.exists('gone'), c.count()];",
    );
    assert_eq!(said, json("[41, false, 1]"));
}

#[test]
fn digests_are_the_published_ones() {
    let host = Host::new();
    let said = script(
        &host,
        "const c = require('@arangodb/crypto');
        return [c.md5(''), c.sha1('abc'), c.sha256('abc').slice(0, 16), c.sha512('').slice(0, 8),
          c.hmac('key', 'The quick brown fox jumps over the lazy dog', 'sha256').slice(0, 16),
          c.pbkdf2('salt', 'password', 2, 20).slice(0, 12), c.genRandomBytes(7).length];",
    );
    // RFC 1321, FIPS 180-4 examples, RFC 4231's well-known sentence, RFC 6070 case 2.
    let expected = r#"["d41d8cd98f00b204e9800998ecf8427e",
        "a9993e364706816aba3e25717850c26c9cd0d89d", "ba7816bf8f01cfea", "cf83e135",
        "f7bc83f430538424", "ea6c014dc72d", 7]"#;
    assert_eq!(said, json(expected));
}
