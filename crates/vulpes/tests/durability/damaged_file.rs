//! A data file that somebody else changed is named, and nothing is served from it.

use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::json;

use crate::process::{Client, Server, verify};

/// More than the server keeps in memory (`--store-cache 8` in [`Server::start`]).
const DOCUMENTS: usize = 300;
const TEXT_BYTES: usize = 100_000;

fn fill(client: &Client) {
    client
        .must("POST", "/_api/collection", &json!({"name": "items"}))
        .unwrap();
    for n in 0..DOCUMENTS {
        let marker = format!("marker {n} ");
        let text = marker.repeat(TEXT_BYTES / marker.len());
        let document = json!({"_key": n.to_string(), "text": text});
        client
            .must("POST", "/_api/document/items", &document)
            .unwrap();
    }
}

/// Changes one letter in the file, in each place that has this text.
fn damage(file: &Path, text: &str) {
    let bytes = std::fs::read(file).unwrap();
    let places: Vec<usize> = bytes
        .windows(text.len())
        .enumerate()
        .filter(|(_, window)| *window == text.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    let file = std::fs::File::options().write(true).open(file).unwrap();
    for place in places {
        file.write_all_at(b"M", place as u64).unwrap();
    }
}

#[test]
fn a_damaged_file_is_named_and_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let client = server.client();
    fill(&client);
    let file = folder.path().join("data/store.redb");
    let name = file.display().to_string();

    damage(&file, "marker 7 marker 7 ");
    let query = json!({"query": "FOR d IN items RETURN SUBSTRING(d.text, 0, 20)"});
    let (status, answer) = client.send("POST", "/_api/cursor", &query).unwrap();
    assert_eq!(
        (status, &answer["errorNum"]),
        (500, &json!(1100)),
        "{answer}"
    );
    let (status, answer) = client
        .send("GET", "/_api/document/items/7", &json!(null))
        .unwrap();
    assert_eq!(
        (status, &answer["errorNum"]),
        (500, &json!(1100)),
        "{answer}"
    );
    let log = server.log();
    assert!(
        log.contains(&name) && log.contains("restore a backup"),
        "{log}"
    );
    drop(server);

    let output = verify(&folder.path().join("data"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains(&name) && text.contains("restore a backup"),
        "{text}"
    );
    let refused = Server::start(folder.path())
        .err()
        .expect("it does not start");
    assert!(
        refused.contains(&name) && refused.contains("restore a backup"),
        "{refused}"
    );
}

#[test]
fn a_folder_without_a_store_is_not_verified() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(folder.path());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("there is no store in"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
