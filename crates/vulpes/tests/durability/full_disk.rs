//! A disk that is full: writes are refused, reads go on, and when there is room again so do writes.
//!
//! A limit of the size of files makes growing fail in the middle of commits and works everywhere.
//! A file system in memory is the real thing, where mounting is allowed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Client, Server, verify};
use crate::skip;

/// A file system in memory. Unmounted when dropped.
struct Mount {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Mount {
    /// `None` if this user may not mount anything.
    fn new(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]);
        let mounted = mount
            .arg(&path)
            .output()
            .is_ok_and(|it| it.status.success());
        mounted.then_some(Self {
            path,
            _folder: folder,
        })
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    /// Takes all but `left` bytes of what is free.
    fn fill(&self, left: usize) {
        let mut file = File::create(self.filler()).unwrap();
        let block = [1; 4096];
        let mut written = 0;
        while file.write_all(&block).is_ok() {
            written += block.len();
        }
        file.set_len(written.saturating_sub(left) as u64).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.path).output());
    }
}

/// Bytes of most documents.
const SMALL: usize = 2000;
const MOUNTING: &str = "a full file system, since this user may not mount one";

fn insert(client: &Client, key: &str, bytes: usize) -> (u16, Value) {
    let document = json!({"_key": key, "u": key, "text": "x".repeat(bytes)});
    let answer = client.send("POST", "/_api/document/items", &document);
    answer.unwrap()
}

fn count(client: &Client) -> usize {
    let rows = client.query("FOR d IN items FILTER d.u >= '' SORT d.u RETURN d");
    rows.unwrap().len()
}

fn create(client: &Client) {
    client
        .must("POST", "/_api/collection", &json!({"name": "items"}))
        .unwrap();
    let index = json!({"type": "persistent", "fields": ["u"], "unique": true});
    client
        .must("POST", "/_api/index?collection=items", &index)
        .unwrap();
}

fn assert_refused((status, answer): &(u16, Value)) {
    assert_eq!(*status, 507, "{answer}");
    assert_eq!(answer["errorNum"], json!(1104), "{answer}");
    assert_eq!(answer["errorMessage"], json!("filesystem full"), "{answer}");
}

fn assert_sound(server: Server, folder: &Path) {
    drop(server);
    let output = verify(&folder.join("data"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}

#[test]
fn a_disk_without_the_reserve_refuses_writes_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    create(&server.client());
    assert_eq!(insert(&server.client(), "before", SMALL).0, 202);
    drop(server);
    // More than any disk has.
    let reserve = ["--store-free-min", "4000000000"];
    let server = Server::start_with(folder.path(), &reserve).unwrap();
    for n in 0..3 {
        assert_refused(&insert(&server.client(), &format!("during{n}"), SMALL));
        assert_eq!(count(&server.client()), 1);
    }
    drop(server);
    let server = Server::start(folder.path()).unwrap();
    assert_eq!(insert(&server.client(), "after", SMALL).0, 202);
    assert_eq!(count(&server.client()), 2);
    assert_sound(server, folder.path());
}

#[test]
fn a_mounted_disk_without_the_reserve_refuses_writes_until_there_is_room() {
    let Some(mount) = Mount::new(96) else {
        return skip(MOUNTING);
    };
    let server = Server::start(&mount.path).unwrap();
    let client = server.client();
    create(&client);
    assert_eq!(insert(&client, "before", SMALL).0, 202);
    mount.fill(1 << 20);
    for n in 0..3 {
        assert_refused(&insert(&client, &format!("during{n}"), SMALL));
        assert_eq!(count(&client), 1);
    }
    mount.free();
    assert_eq!(insert(&client, "after", SMALL).0, 202);
    assert_eq!(count(&client), 2);
    assert_sound(server, &mount.path);
}

/// Lets the disk run full in the middle of commits again and again. `stored` documents are there
/// already.
fn run_full(client: &Client, mount: &Mount, mut stored: usize) {
    for left in [0, 4096, 20_000, 60_000, 200_000] {
        mount.fill(left);
        let mut refused = 0;
        for n in 0..2_000 {
            let answer = insert(client, &format!("{left}-{n}"), SMALL);
            if answer.0 < 300 {
                stored += 1;
                continue;
            }
            assert_refused(&answer);
            refused += 1;
            assert_eq!(count(client), stored, "{left} bytes left");
            if refused == 3 {
                break;
            }
        }
        assert_eq!(refused, 3, "with {left} bytes left nothing was refused");
        mount.free();
        assert_eq!(insert(client, &format!("{left}-after"), SMALL).0, 202);
        stored += 1;
        assert_eq!(count(client), stored, "{left} bytes left");
    }
}

/// The file does not even open again while it cannot grow, so nobody reads until it can. If it ran
/// full in the last steps of a commit, what became of that is not known as long.
#[test]
fn a_file_that_cannot_grow_in_a_commit_refuses_writes_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let client = server.client();
    create(&client);
    let file = folder.path().join("data/store.redb");
    let (mut stored, mut refused) = (0, 0);
    for left in [0, 4096, 20_000, 60_000, 200_000, 1_000_000, 2_000_000] {
        let bytes = std::fs::metadata(&file).unwrap().len();
        server.limit_files(Some(bytes + left));
        let mut answers = (0..2_000).map(|n| insert(&client, &format!("{left}-{n}"), 50_000));
        let answer = answers.find(|answer| {
            stored += usize::from(answer.0 < 300);
            answer.0 >= 300
        });
        let answer = answer.expect("the file cannot grow for ever");
        let is_unknown = answer.0 == 500;
        if is_unknown {
            assert!(server.log().contains("its outcome is not known"));
        } else {
            assert_refused(&answer);
            refused += 1;
            assert_refused(&insert(&client, "another", 50_000));
        }
        server.limit_files(None);
        let found = count(&client);
        let happened = is_unknown && found == stored + 1;
        assert!(
            found == stored || happened,
            "{left} left: {found}, {stored} known"
        );
        stored = found + 1;
        assert_eq!(insert(&client, &format!("{left}-after"), SMALL).0, 202);
        assert_eq!(count(&client), stored, "{left} bytes left");
    }
    assert!(refused > 0, "no outcome was known");
    let log = server.log();
    assert!(log.contains("a commit found the disk full"), "{log}");
    assert_sound(server, folder.path());
}

/// Without a reserve the disk runs full in the middle of commits, at different places.
#[test]
fn a_mounted_disk_that_runs_full_in_a_commit_refuses_writes_until_there_is_room() {
    let Some(mount) = Mount::new(24) else {
        return skip(MOUNTING);
    };
    let server = Server::start_with(&mount.path, &["--store-free-min", "0"]).unwrap();
    let client = server.client();
    create(&client);
    let many = json!({
        "query": "FOR n IN 1..3000 INSERT {u: CONCAT('u', n), n, text: REPEAT('x', 200)} INTO items"
    });
    client.must("POST", "/_api/cursor", &many).unwrap();
    // Little data, but pages all over the file: more than the estimate in front of a commit.
    mount.fill(150_000);
    let change =
        json!({"query": "FOR d IN items FILTER d.n % 40 == 0 UPDATE d WITH {n: 0} IN items"});
    let answer = client.send("POST", "/_api/cursor", &change).unwrap();
    assert_refused(&answer);
    let log = server.log();
    assert!(log.contains("a commit found the disk full"), "{log}");
    mount.free();
    let zeros = client
        .query("FOR d IN items FILTER d.n == 0 RETURN 1")
        .unwrap();
    assert_eq!(zeros.len(), 0);
    run_full(&client, &mount, 3000);
    assert_sound(server, &mount.path);
}
