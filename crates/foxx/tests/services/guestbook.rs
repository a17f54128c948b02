//! The example service, whole: set up, asked, configured, tested by its own tests.

use std::path::Path;

use foxx::TestOptions;
use value::Value;

use crate::harness::{DB, Host, json};

fn installed() -> Host {
    let host = Host::new();
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../examples/guestbook");
    host.foxx.install_path(DB, "/guestbook", &folder).unwrap();
    host
}

#[test]
fn its_own_tests_pass() {
    let host = installed();
    let options = TestOptions {
        reporter: "default".to_owned(),
        idiomatic: false,
        filter: None,
    };
    let report = host
        .foxx
        .run_tests(DB, "/guestbook", &options, None)
        .unwrap();
    let report = json(&report.body);
    assert_eq!(
        report.get("stats").get("failures").as_i64(),
        Some(0),
        "{report:?}"
    );
    assert!(
        report.get("stats").get("passes").as_i64().unwrap() > 3,
        "{report:?}"
    );
}

#[test]
fn its_page_and_routes_answer() {
    let host = installed();
    let page = host.get("/guestbook");
    assert_eq!(page.status(), 302, "{}", page.text());
    let page = host.get("/guestbook/index.html");
    assert_eq!(page.status(), 200, "{}", page.text());
    assert!(page.text().contains("<html"), "{}", page.text());
    let swagger = json(&host.foxx.swagger(DB, "/guestbook").unwrap());
    assert_eq!(swagger.get("swagger").as_str(), Some("2.0"));
    assert!(
        swagger.get("paths").as_object().unwrap().len() > 1,
        "{swagger:?}"
    );
    let digest = host
        .foxx
        .run_script(DB, "/guestbook", "digest", &Value::array(vec![]), None);
    assert!(digest.is_ok(), "{digest:?}");
    assert!(
        host.foxx
            .readme(DB, "/guestbook")
            .unwrap()
            .unwrap()
            .contains("uestbook")
    );
}
