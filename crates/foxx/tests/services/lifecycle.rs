//! Install, upgrade, replace, uninstall.

use crate::harness::{Host, json};

const HELLO: &str = r#"
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/hello/:name', (req, res) => res.json({hello: req.pathParams.name, n: req.queryParams.n}));
router.post('/echo', (req, res) => res.json(req.body)).body(['json']);
"#;

#[test]
fn an_installed_service_answers() {
    let host = Host::new();
    let described = host
        .install(
            "/hello",
            &[
                (
                    "manifest.json",
                    r#"{"name": "hello", "version": "1.2.3", "main": "index.js"}"#,
                ),
                ("index.js", HELLO),
            ],
        )
        .unwrap();
    assert_eq!(described.get("name").as_str(), Some("hello"));
    assert_eq!(described.get("checksum").as_str().unwrap().len(), 64);
    let answer = host.get("/hello/hello/you?n=7");
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json(), json(r#"{"hello": "you", "n": "7"}"#));
    let echo = host.post("/hello/echo", r#"{"a": [1, 2.5, "ü"]}"#);
    assert_eq!(echo.line(), r#"200 {"a":[1,2.5,"ü"]}"#);
}
