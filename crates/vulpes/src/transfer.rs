//! Moving everything from one store to another.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use platform::Platform;
use sha2::{Digest as _, Sha256};
use store::{Batch, BeginOptions, Engine, Entry, KeyRange, Limits, Scan};
use store_postgres::PostgresEngine;
use store_redb::RedbEngine;

use crate::cli::Move;
use crate::report;

/// Bytes of one commit, about.
const COMMIT_BYTES: usize = 4 << 20;

/// What is in a store.
#[derive(PartialEq, Eq)]
struct Content {
    entries: u64,
    bytes: u64,
    checksum: [u8; 32],
}

/// Reads all of the source, writes it to the target, and reads that. What fails leaves the target
/// as empty as it was. Errors: what keeps it from that.
pub(crate) fn run(typed: &Move) -> anyhow::Result<()> {
    let source = open(&typed.from, typed, false)?;
    let target = open(&typed.to, typed, true)?;
    if !is_empty(&*target)? {
        bail!("{} is not empty; nothing was moved", shown(&typed.to));
    }
    let content = read(&*source, "look", None, |entries| {
        check(entries, target.limits())
    })?;
    let moved = copy(&*source, &*target, &content);
    if let Err(error) = moved {
        let cleared = clear(&*target).with_context(|| format!("empty {}", shown(&typed.to)));
        return match cleared {
            Ok(()) => Err(error),
            Err(also) => Err(error.context(also)),
        };
    }
    source.close().context("close the source")?;
    target.close().context("close the target")?;
    report::line(&format!(
        "moved {} entries, {} bytes, SHA-256 {}; {} is as it was",
        content.entries,
        content.bytes,
        content
            .checksum
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
        shown(&typed.from)
    ));
    Ok(())
}

/// A store by its name: the address of a database, or a data folder.
fn open(name: &str, typed: &Move, make: bool) -> anyhow::Result<Arc<dyn Engine>> {
    if name.contains("://") {
        let settings = store_postgres::Settings {
            schema: typed.store_schema.clone(),
            ..store_postgres::Settings::new(name)
        };
        let engine = PostgresEngine::open(settings, Platform::system());
        return Ok(Arc::new(engine.context("open the database")?));
    }
    let folder = Path::new(name);
    let file = folder.join("store.redb");
    if make {
        crate::serve::make_private_folder(folder)?;
    } else if !file.exists() {
        bail!("there is no store in {name}");
    }
    let settings = store_redb::Settings::new(typed.store_cache << 20);
    let engine = RedbEngine::open(&file, settings);
    Ok(Arc::new(engine.with_context(|| {
        format!("open the store in {}", file.display())
    })?))
}

/// The name without what may be a password.
fn shown(name: &str) -> &str {
    match name.contains("://") {
        true => "the database",
        false => name,
    }
}

fn is_empty(engine: &dyn Engine) -> anyhow::Result<bool> {
    let mut txn = engine.begin(BeginOptions::read_only())?;
    let scan = Scan::forward(KeyRange::all()).with_entries_max(1);
    let page = txn.scan(&scan).context("read the target")?;
    Ok(page.entries.is_empty())
}

/// Shows every entry of one snapshot to `see`, in order.
fn read(
    engine: &dyn Engine,
    title: &'static str,
    of: Option<&Content>,
    mut see: impl FnMut(&[Entry]) -> anyhow::Result<()>,
) -> anyhow::Result<Content> {
    let bar = match of {
        Some(content) => ProgressBar::new(content.bytes).with_style(ProgressStyle::with_template(
            "{msg:7} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        )?),
        None => ProgressBar::new_spinner().with_style(ProgressStyle::with_template(
            "{msg:7} {spinner} {bytes} {bytes_per_sec}",
        )?),
    };
    bar.set_message(title);
    let mut hash = Sha256::new();
    let (mut entries, mut bytes) = (0, 0);
    let mut txn = engine.begin(BeginOptions::read_only())?;
    let mut next = Some(Scan::forward(KeyRange::all()).with_bytes_max(COMMIT_BYTES));
    while let Some(scan) = next {
        let page = txn.scan(&scan).with_context(|| format!("{title}: read"))?;
        for (key, value) in &page.entries {
            for part in [key, value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
                bytes += part.len() as u64;
            }
        }
        entries += page.entries.len() as u64;
        see(&page.entries)?;
        bar.set_position(bytes);
        next = scan.after(&page);
    }
    bar.finish_and_clear();
    Ok(Content {
        entries,
        bytes,
        checksum: hash.finalize().into(),
    })
}

/// Says beforehand what the target cannot take.
fn check(entries: &[Entry], limits: &Limits) -> anyhow::Result<()> {
    for (key, _) in entries {
        limits
            .check_key(key)
            .context("the source has an indexed value or key that the target does not allow")?;
    }
    Ok(())
}

fn copy(source: &dyn Engine, target: &dyn Engine, content: &Content) -> anyhow::Result<()> {
    let copied = read(source, "copy", Some(content), |entries| {
        let mut batch = Batch::new();
        for (key, value) in entries {
            batch.put(key.clone(), value.clone());
        }
        let mut txn = target.begin(BeginOptions::read_write())?;
        txn.write(batch)?;
        txn.commit().context("write to the target")?;
        Ok(())
    })?;
    if copied != *content {
        bail!("the source changed meanwhile: stop the servers that use it");
    }
    let found = read(target, "compare", Some(content), |_| Ok(()))?;
    if found != *content {
        bail!("what was written is not what is read: nothing was moved");
    }
    Ok(())
}

fn clear(engine: &dyn Engine) -> anyhow::Result<()> {
    let mut txn = engine.begin(BeginOptions::read_write())?;
    let mut batch = Batch::new();
    batch.delete_range(KeyRange::all());
    txn.write(batch)?;
    txn.commit()?;
    Ok(())
}
