//! The tables, and how an older set of them becomes the one of this program.
//!
//! A format only ever adds to the one before, so that programs of both can work on it while a
//! cluster is upgraded one process at a time. `format` says what is there; `format_min` the oldest
//! program that may use it, which is raised only when nothing older is running any more.

use store::{Error, ErrorKind, Result};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::failure;

/// What this program makes and understands.
pub const FORMAT: i64 = 1;

/// What turns the format before into this one, in order.
const STEPS: &[(i64, &str)] = &[(1, FORMAT_1)];

const FORMAT_1: &str = "
CREATE TABLE IF NOT EXISTS $s.entries (
  key bytea NOT NULL PRIMARY KEY, value bytea, delta bigint,
  set_seq bigint NOT NULL, add_seq bigint NOT NULL);
CREATE TABLE IF NOT EXISTS $s.deleted (key bytea NOT NULL PRIMARY KEY, seq bigint NOT NULL);
CREATE INDEX IF NOT EXISTS deleted_seq ON $s.deleted (seq);
CREATE TABLE IF NOT EXISTS $s.cleared (
  seq bigint NOT NULL, n bigint NOT NULL, first bytea NOT NULL, behind bytea NOT NULL,
  PRIMARY KEY (seq, n));
CREATE TABLE IF NOT EXISTS $s.commits (
  seq bigint NOT NULL PRIMARY KEY, writer bigint NOT NULL, batch bigint NOT NULL,
  barred boolean NOT NULL, at timestamptz NOT NULL, UNIQUE (writer, batch));
INSERT INTO $s.commits (seq, writer, batch, barred, at) VALUES (0, 0, 0, true, now())
ON CONFLICT DO NOTHING;
INSERT INTO $s.state (name, value) VALUES ('floor', 0) ON CONFLICT DO NOTHING;";

/// The table that everything else is looked up by.
const STATE: &str = "
CREATE SCHEMA IF NOT EXISTS $n;
CREATE TABLE IF NOT EXISTS $s.state (name text NOT NULL PRIMARY KEY, value bigint NOT NULL);
INSERT INTO $s.state (name, value) VALUES ('lock', 0), ('format', 0), ('format_min', 0)
ON CONFLICT DO NOTHING;";

/// Makes the tables or brings them up to date. Several processes may try at once.
///
/// Errors: `Incompatible` if they are of a format that this program does not know; `Unavailable`,
/// `Io`.
pub async fn prepare(client: &Client, schema: &str) -> Result<()> {
    /// Others who make the same tables at the same time are in the way a few times at most.
    const ATTEMPTS: usize = 20;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let failed = match try_prepare(client, schema).await {
            Ok(prepared) => return prepared,
            Err(error) => error,
        };
        drop(client.batch_execute("ROLLBACK").await);
        if attempt == ATTEMPTS || !is_race(&failed) {
            return Err(failure::error("prepare the tables", failed));
        }
    }
}

/// Whether somebody else made the same thing in between: the server reports that in many ways.
fn is_race(error: &tokio_postgres::Error) -> bool {
    const MADE: [SqlState; 5] = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_OBJECT,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    failure::is_transient(error) || error.code().is_some_and(|code| MADE.contains(code))
}

async fn try_prepare(
    client: &Client,
    schema: &str,
) -> std::result::Result<Result<()>, tokio_postgres::Error> {
    let text = |text: &str| {
        text.replace("$s.", &format!("{schema}."))
            .replace("$n", schema)
    };
    // Whoever may only use the tables can, if they are there.
    if let Some(format) = find_format(client, schema).await? {
        match check(schema, format) {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => {}
            Err(error) => return Ok(Err(error)),
        }
    } else {
        client.batch_execute(&text(STATE)).await?;
    }
    client.batch_execute("BEGIN").await?;
    let lock = text("SELECT value FROM $s.state WHERE name = 'lock' FOR UPDATE");
    client.query_one(&lock, &[]).await?;
    let (format, _) = find_format(client, schema).await?.unwrap_or((0, 0));
    for (step, change) in STEPS {
        if *step > format {
            client.batch_execute(&text(change)).await?;
        }
    }
    let raise = text("UPDATE $s.state SET value = $1 WHERE name = 'format' AND value < $1");
    client.execute(&raise, &[&FORMAT]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(Ok(()))
}

/// What is there: its format and the oldest that may use it; `None` if there is nothing.
async fn find_format(
    client: &Client,
    schema: &str,
) -> std::result::Result<Option<(i64, i64)>, tokio_postgres::Error> {
    let there = "SELECT count(*) FROM information_schema.tables
                 WHERE table_schema = $1 AND table_name = 'state'";
    let there: i64 = client.query_one(there, &[&schema]).await?.try_get(0)?;
    if there == 0 {
        return Ok(None);
    }
    let text = format!("SELECT name, value FROM {schema}.state");
    let mut found = (0, 0);
    for row in client.query(&text, &[]).await? {
        let name: String = row.try_get(0)?;
        match name.as_str() {
            "format" => found.0 = row.try_get(1)?,
            "format_min" => found.1 = row.try_get(1)?,
            _ => {}
        }
    }
    Ok(Some(found))
}

/// Whether the tables can be used as they are. Errors: `Incompatible`.
fn check(schema: &str, (format, format_min): (i64, i64)) -> Result<bool> {
    if format_min > FORMAT {
        let context = format!(
            "open the tables in schema {schema}: they need a program that knows format \
             {format_min}, this one knows {FORMAT}"
        );
        return Err(Error::new(ErrorKind::Incompatible, context));
    }
    Ok(format >= FORMAT)
}
