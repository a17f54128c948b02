//! Answers and the disk: nothing is acknowledged that is not on it.

use std::io::ErrorKind;
use std::sync::Arc;

use store_redb::{RedbEngine, disk::Disk};

use crate::harness::Host;

const MAIN: &str = r"
const createRouter = require('@arangodb/foxx/router');
const { db } = require('@arangodb');
const router = createRouter();
module.context.use(router);
const name = module.context.collectionName('docs');
let saved = 0;

router.post('/save', (req, res) => {
  const docs = db._collection(name) || db._createDocumentCollection(name);
  const { _key } = docs.save({ n: 1 });
  saved += 1;
  docs.update(_key, { n: 2 });
  const [{ n }] = db._query('FOR d IN @@c FILTER d._key == @k RETURN d', {
    '@c': name, k: _key
  }).toArray();
  res.json({ n, stored: docs.count(), saved });
});

router.get('/count', (req, res) => {
  res.json({ stored: db._collection(name).count(), saved });
});
";

fn host_on(disk: &Disk) -> Host {
    let settings = store_redb::Settings {
        free_bytes_min: 0,
        ..store_redb::Settings::new(8 << 20)
    };
    let engine = Arc::new(RedbEngine::open_on(disk, settings).unwrap());
    let host = Host::on(engine, |_| {});
    let files = [
        ("manifest.json", r#"{"main": "index.js"}"#),
        ("index.js", MAIN),
    ];
    host.install("/docs", &files).unwrap();
    host
}

#[test]
fn a_request_sees_its_own_writes() {
    let host = host_on(&Disk::default());
    for count in 1..=5 {
        let answer = host.post("/docs/save", "");
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer.get("n").as_i64(), Some(2));
        assert_eq!(answer.get("stored").as_i64(), Some(count));
    }
}

#[test]
fn answers_are_durable() {
    let disk = Disk::default();
    let host = host_on(&disk);
    assert_eq!(host.post("/docs/save", "").status(), 200);
    let answers: Vec<_> = (0..40)
        .map(|_| host.begin("POST", "/docs/save", "", ""))
        .collect();
    for answer in answers {
        assert_eq!(answer.wait().status(), 200);
    }
    // What a machine finds that lost its power now.
    let disk = disk.crashed();
    let settings = store_redb::Settings::new(8 << 20);
    let engine = Arc::new(RedbEngine::open_on(&disk, settings).unwrap());
    let host = Host::on(engine, |_| {});
    let database = host.databases.get("_system").unwrap();
    let options = database::TransactionOptions::read_only();
    let mut txn = database.begin(options).unwrap();
    let docs = txn.collection("docs_docs").unwrap();
    assert_eq!(txn.count(&docs).unwrap(), 41);
}

#[test]
fn what_was_lost_is_not_acknowledged() {
    let disk = Disk::default();
    let host = host_on(&disk);
    assert_eq!(host.post("/docs/save", "").status(), 200);
    disk.fail_call(1, ErrorKind::StorageFull);
    let answer = host.post("/docs/save", "");
    assert!(answer.status() >= 500, "{}", answer.text());
    for _ in 0..10 {
        let answer = host.get("/docs/count");
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer.get("stored").as_i64(), Some(1));
        // A VM that remembers a second one is gone.
        assert!(answer.get("saved").as_i64() <= Some(1), "{answer:?}");
    }
    let answer = host.post("/docs/save", "");
    assert_eq!(answer.json().get("stored").as_i64(), Some(2));
}
