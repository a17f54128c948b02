//! Looking through a data folder without serving it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use database::{Databases, Verification};
use platform::Platform;
use store::ErrorKind;
use store_redb::RedbEngine;

use crate::cli::Verify;
use crate::report;

/// What came of it.
pub(crate) enum Outcome {
    /// Everything agrees.
    Agrees,
    /// Something is damaged or does not agree; it has been reported.
    Differs,
}

/// Opens the store as a server would, which checks every page of it, compares all that is in it
/// and reports on the terminal. Errors: what keeps it from looking.
pub(crate) fn run(typed: &Verify) -> anyhow::Result<Outcome> {
    let file = typed.data.join("store.redb");
    if !file.exists() {
        bail!("there is no store in {}", typed.data.display());
    }
    let store = store_redb::Settings::new(typed.store_cache << 20);
    let engine = match RedbEngine::open(&file, store) {
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            report::line(&format!("damaged: {error}"));
            return Ok(Outcome::Differs);
        }
        opened => opened.with_context(|| format!("open the store in {}", file.display()))?,
    };
    let settings = database::Settings::recommended();
    let databases = Databases::open(Arc::new(engine), Platform::system(), settings)
        .context("open the databases")?;
    let outcome = compare(&databases)?;
    databases.close().context("close the store")?;
    report::line(match outcome {
        Outcome::Agrees => "everything agrees",
        Outcome::Differs => {
            "there are differences: restore a backup, or drop and create what is named"
        }
    });
    Ok(outcome)
}

fn compare(databases: &Databases) -> anyhow::Result<Outcome> {
    let mut agrees = true;
    for name in databases.names() {
        let database = databases.get(&name)?;
        let found = database::verify(&database).with_context(|| format!("read database {name}"))?;
        agrees &= show(&format!("database {name}"), &found);
    }
    let left = database::verify_nothing_is_left(databases).context("read the store")?;
    if !left.differences.is_empty() {
        agrees &= show("outside of all databases", &left);
    }
    Ok(if agrees {
        Outcome::Agrees
    } else {
        Outcome::Differs
    })
}

/// Prints what was found in one place; true if that is nothing bad.
fn show(place: &str, found: &Verification) -> bool {
    report::line(&format!(
        "{place}: {} collections, {} documents, {} index entries",
        found.collections, found.documents, found.entries
    ));
    for difference in &found.differences {
        report::line(&match difference.collection.as_str() {
            "" => format!("  {}", difference.text),
            collection => format!("  {collection}: {}", difference.text),
        });
    }
    if found.differences_left_out > 0 {
        report::line(&format!("  and {} more", found.differences_left_out));
    }
    found.differences.is_empty()
}
