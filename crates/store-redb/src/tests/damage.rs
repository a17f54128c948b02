//! Damage is named and never served.

use std::collections::BTreeMap;

use platform::{Random, SeededRandom};
use store::{Batch, BeginOptions, Engine, Error, ErrorKind, KeyRange, Result, Scan};

use super::disk::Disk;
use super::{assert_fails, settings};
use crate::{RedbEngine, Settings};

type State = BTreeMap<Vec<u8>, Vec<u8>>;

const SEEDS: u64 = 150;
const PAGE: usize = 4096;

fn open(disk: &Disk) -> Result<RedbEngine> {
    let settings = Settings {
        // Hardly any, so that reads go to the disk.
        cache_bytes: 64 << 10,
        ..settings()
    };
    RedbEngine::open_on(disk, settings)
}

/// A file with a few hundred pages, and what is in it.
fn filled() -> (Disk, State) {
    let (disk, mut state) = (Disk::default(), State::new());
    let engine = open(&disk).unwrap();
    for n in 0..60_u32 {
        let mut txn = engine.begin(BeginOptions::read_write()).unwrap();
        let mut batch = Batch::new();
        for part in 0..20_u32 {
            // Some are written again, so that there are free pages too.
            let key = ((n * 13 + part * 7) % 700).to_be_bytes().to_vec();
            let value = format!("{n}/{part} ").repeat(40 + part as usize);
            batch.put(key.clone(), value.clone());
            state.insert(key, value.into_bytes());
        }
        txn.write(batch).unwrap();
        txn.commit().unwrap();
    }
    engine.close().unwrap();
    (disk, state)
}

fn read_all(engine: &RedbEngine) -> Result<State> {
    let mut txn = engine.begin(BeginOptions::read_only())?;
    let mut state = State::new();
    let mut next = Some(Scan::forward(KeyRange::all()).with_entries_max(7));
    while let Some(scan) = next {
        let page = txn.scan(&scan)?;
        next = scan.after(&page);
        let entries = page.entries.into_iter();
        state.extend(entries.map(|(key, value)| (key.to_vec(), value.to_vec())));
    }
    Ok(state)
}

/// Does one thing to the bytes that nobody should; says what.
fn spoil(bytes: &mut Vec<u8>, dice: &SeededRandom) -> String {
    let below = |end: usize| dice.next_u64() as usize % end.max(1);
    let (at, page, other) = (
        below(bytes.len()),
        below(bytes.len() / PAGE) * PAGE,
        below(bytes.len() / PAGE) * PAGE,
    );
    match below(6) {
        0 => {
            bytes[at] ^= 1 << below(8);
            format!("a bit at {at}")
        }
        1 => {
            bytes[page..page + PAGE].fill(0);
            format!("zeros at {page}")
        }
        2 => {
            bytes.truncate(at);
            format!("truncated to {at}")
        }
        3 => {
            let copy = bytes[other..other + PAGE].to_vec();
            bytes[page..page + PAGE].copy_from_slice(&copy);
            format!("page {other} at {page}")
        }
        4 => {
            let end = bytes.len().min(at + 64);
            bytes[at..end].fill_with(|| dice.next_u64() as u8);
            format!("noise at {at}")
        }
        _ => {
            let at = below(PAGE);
            bytes[at] ^= 1 << below(8);
            format!("a bit of the header at {at}")
        }
    }
}

fn is_named(error: &Error) -> bool {
    let text = format!("{error:?}");
    error.kind() == ErrorKind::Corrupt && text.contains("disk") && text.contains("backup")
}

#[test]
fn a_file_damaged_at_rest_is_refused_or_whole() {
    let (whole, expected) = filled();
    let (mut refused, mut harmless) = (0, 0);
    for seed in 0..SEEDS {
        let mut bytes = whole.bytes();
        let what = spoil(&mut bytes, &SeededRandom::new(seed));
        match open(&Disk::holding(bytes)).and_then(|engine| read_all(&engine)) {
            Ok(state) => {
                assert!(
                    state == expected,
                    "seed {seed}: {what}: wrong data is served"
                );
                harmless += 1;
            }
            Err(error) if is_named(&error) => refused += 1,
            // Nothing is left of the mark that makes it a file of this program.
            Err(error) => assert!(
                what.contains("header") || what.ends_with(" 0"),
                "seed {seed}: {what}: {error:?}"
            ),
        }
    }
    assert!(
        refused > 30 && harmless > 10,
        "{refused} refused, {harmless} harmless"
    );
}

#[test]
fn a_file_damaged_while_it_is_open_is_refused_or_whole() {
    let (whole, expected) = filled();
    let (mut refused, mut harmless) = (0, 0);
    for seed in 0..SEEDS {
        let disk = Disk::holding(whole.bytes());
        let engine = open(&disk).unwrap();
        let mut what = String::new();
        disk.damage(|bytes| what = spoil(bytes, &SeededRandom::new(seed)));
        match read_all(&engine) {
            Ok(state) => {
                assert!(
                    state == expected,
                    "seed {seed}: {what}: wrong data is served"
                );
                harmless += 1;
                continue;
            }
            Err(error) => assert!(is_named(&error), "seed {seed}: {what}: {error:?}"),
        }
        refused += 1;
        let again = engine.begin(BeginOptions::read_only());
        assert_fails(again, ErrorKind::Corrupt, "restore a backup");
        assert!(
            engine.health().is_err(),
            "seed {seed}: {what}: writes go on"
        );
    }
    assert!(
        refused > 30 && harmless > 10,
        "{refused} refused, {harmless} harmless"
    );
}
