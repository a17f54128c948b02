//! A server transaction that sees one state of the keyspace.

use std::sync::Arc;

use bytes::Bytes;
use store::{Direction, KeyRange};
use store::{Error, ErrorKind, Result, Scan, counter_sum, encode_counter};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::engine::Shared;
use crate::failure;
use crate::pool::Lease;
use crate::server::{Reader, Reading};
use crate::wait::{start, wait};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub struct Snapshot {
    shared: Arc<Shared>,
    /// `None` only while it is dropped.
    lease: Option<Lease>,
    pub sequence: u64,
}

/// What is stored at a key: its value, or what stands for it.
pub type Stored = Option<Bytes>;

type Answer<T> = std::result::Result<T, tokio_postgres::Error>;

impl Snapshot {
    /// One round trip. Also reads the values of keys.
    pub fn begin(shared: &Arc<Shared>, keys: &[&[u8]]) -> Result<(Self, Vec<Stored>)> {
        // A connection may have ended while nobody used it; each that did is found once.
        let attempts = shared.server.settings.connections_max + 1;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let lease = shared.pool.lend()?;
            match Self::try_begin(shared, &lease, keys) {
                Ok((sequence, values)) => {
                    let snapshot = Self {
                        shared: Arc::clone(shared),
                        lease: Some(lease),
                        sequence,
                    };
                    return Ok((snapshot, values));
                }
                Err(error) => {
                    let was_closed = lease.reader().client.is_closed();
                    lease.reader().abandon();
                    if !was_closed || attempt >= attempts {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn try_begin(shared: &Shared, lease: &Lease, keys: &[&[u8]]) -> Result<(u64, Vec<Stored>)> {
        let Reading { position, .. } = &lease.reader().prepared;
        let client = &lease.reader().client;
        let begun = start(client.batch_execute(BEGIN));
        let position = start(client.query_one(position, &[]));
        let values = (!keys.is_empty()).then(|| start(get(lease.reader(), keys)));
        let answers = async {
            begun.await?;
            let sequence: i64 = position.await?.try_get(0)?;
            let values = match values {
                Some(values) => values.await?,
                None => Vec::new(),
            };
            Ok((sequence, values))
        };
        let (sequence, values) = shared.answer(lease.reader(), "begin a transaction", answers)?;
        let values = values
            .into_iter()
            .map(Value::into_stored)
            .collect::<Result<_>>()?;
        Ok((unsigned(sequence)?, values))
    }

    fn reader(&self) -> Result<&Reader> {
        let lease = self.lease.as_ref().ok_or_else(failure::closed)?;
        Ok(lease.reader())
    }

    /// The values of keys. One round trip.
    pub fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Stored>> {
        let reader = self.reader()?;
        let values = self
            .shared
            .answer(reader, "get values", get(reader, keys))?;
        values.into_iter().map(Value::into_stored).collect()
    }

    /// Entries of a range in order, up to so many and so long: at least the first, and one that
    /// is too many or too long if there is one. Also whether the range may have more. One round
    /// trip.
    pub fn scan(&self, scan: &Scan, keys_only: bool) -> Result<Chunk> {
        let reader = self.reader()?;
        let entries_max = scan.entries_max.saturating_add(1);
        let limit = i64::try_from(entries_max).unwrap_or(i64::MAX);
        let bytes_max = i64::try_from(scan.bytes_max).unwrap_or(i64::MAX);
        let behind = self.shared.behind(&scan.range);
        let behind = behind.as_ref();
        let first = scan.range.start.as_ref();
        let which = match scan.direction {
            Direction::Forward => 0,
            Direction::Reverse => 1,
        };
        let prepared = &reader.prepared;
        let all: [&(dyn ToSql + Sync); 4] = [&first, &behind, &limit, &bytes_max];
        let (statement, parameters) = if keys_only {
            (prepared.scan_keys.get(which), all.get(..3))
        } else {
            (prepared.scan.get(which), Some(&all[..]))
        };
        let (Some(statement), Some(parameters)) = (statement, parameters) else {
            return Err(failure::closed());
        };
        let rows = reader.client.query(statement, parameters);
        let rows = self.shared.answer(reader, "scan a range", rows)?;
        Chunk::new(rows, scan, keys_only, entries_max)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else {
            return;
        };
        if !lease.reader().is_open() {
            return;
        }
        let reader = Arc::clone(lease.reader());
        let ended = start(async move { reader.client.batch_execute("ROLLBACK").await });
        self.shared.network.spawn(async move {
            if ended.await.is_err() {
                lease.reader().abandon();
            }
        });
    }
}

/// Some entries of a range.
pub struct Chunk {
    pub entries: Vec<StoredEntry>,
    /// What of the range was not read; `None` if it is exhausted.
    pub rest: Option<KeyRange>,
}

pub struct StoredEntry {
    pub key: Bytes,
    pub value: Bytes,
}

impl store::buffer::StoredEntry for StoredEntry {
    fn key(&self) -> &[u8] {
        &self.key
    }

    fn value(&self) -> &[u8] {
        &self.value
    }
}

impl Chunk {
    fn new(rows: Vec<Row>, scan: &Scan, keys_only: bool, entries_max: usize) -> Result<Self> {
        let mut entries = Vec::with_capacity(rows.len());
        let mut bytes = 0;
        for row in rows {
            let row = Columns(row);
            let key = Bytes::copy_from_slice(row.bytes(0)?.unwrap_or_default());
            let value = if keys_only {
                Bytes::new()
            } else {
                row.value(1)?.into_stored()?.unwrap_or_default()
            };
            bytes += key.len() + value.len();
            entries.push(StoredEntry { key, value });
        }
        let may_have_more = entries.len() >= entries_max || (!keys_only && bytes > scan.bytes_max);
        let rest = match entries.last() {
            Some(last) if may_have_more => Some(scan.rest_after(&last.key)),
            _ => None,
        };
        Ok(Self { entries, rest })
    }
}

/// A value and what was added to it.
#[derive(Default)]
struct Value {
    value: Option<Bytes>,
    delta: Option<i64>,
}

impl Value {
    fn into_stored(self) -> Result<Stored> {
        match self.delta {
            None => Ok(self.value),
            Some(delta) => Ok(Some(encode_counter(counter_sum(
                self.value.as_deref(),
                delta,
            )?))),
        }
    }
}

/// A row by the number of the column.
struct Columns(Row);

impl Columns {
    fn bytes(&self, at: usize) -> Result<Option<&[u8]>> {
        self.0.try_get(at).map_err(mismatch)
    }

    fn value(&self, at: usize) -> Result<Value> {
        Ok(Value {
            value: self.bytes(at)?.map(Bytes::copy_from_slice),
            delta: self.0.try_get(at + 1).map_err(mismatch)?,
        })
    }
}

fn mismatch(error: tokio_postgres::Error) -> Error {
    failure::error("read a row", error)
}

async fn get(reader: &Reader, keys: &[&[u8]]) -> Answer<Vec<Value>> {
    let read = |row: &Row, at: usize| {
        let value: Option<&[u8]> = row.try_get(at)?;
        Ok::<Value, tokio_postgres::Error>(Value {
            value: value.map(Bytes::copy_from_slice),
            delta: row.try_get(at + 1)?,
        })
    };
    let client: &Client = &reader.client;
    if let [key] = keys {
        let row = client.query_opt(&reader.prepared.get, &[key]).await?;
        let value = row.map(|row| read(&row, 0)).transpose()?;
        return Ok(vec![value.unwrap_or_default()]);
    }
    let mut values: Vec<Value> = Vec::new();
    values.resize_with(keys.len(), Value::default);
    let rows = client.query(&reader.prepared.get_many, &[&keys]).await?;
    for row in rows {
        let nth: i64 = row.try_get(0)?;
        let at = usize::try_from(nth - 1).unwrap_or(usize::MAX);
        if let Some(place) = values.get_mut(at) {
            *place = read(&row, 1)?;
        }
    }
    Ok(values)
}

/// A number of a commit as the seam has it.
pub fn unsigned(sequence: i64) -> Result<u64> {
    u64::try_from(sequence).map_err(|error| {
        Error::new(ErrorKind::Corrupt, "read the number of a commit").with_source(error)
    })
}

impl Shared {
    /// Waits for the answer of the database. A connection that does not answer is given up.
    pub fn answer<T>(
        &self,
        reader: &Reader,
        context: &'static str,
        request: impl Future<Output = Answer<T>>,
    ) -> Result<T> {
        if !reader.is_open() {
            let text = format!("{context}: the connection of the transaction was lost");
            return Err(Error::new(ErrorKind::Unavailable, text));
        }
        // The server should have noticed before: it gets a little more.
        let time_max = self.server.settings.statement_timeout.mul_f64(1.25);
        match wait(self.platform.clock.as_ref(), time_max, request) {
            Some(answer) => answer.map_err(|error| failure::error(context, error)),
            None => {
                reader.abandon();
                let text = format!("{context}: no answer from the database within {time_max:?}");
                Err(Error::new(ErrorKind::Unavailable, text))
            }
        }
    }

    /// The end of a range, for the database: no key is longer than the limit.
    pub fn behind(&self, range: &KeyRange) -> Bytes {
        match &range.end {
            Some(end) => end.clone(),
            None => Bytes::from(vec![0xff; self.server.settings.limits.key_bytes_max + 1]),
        }
    }
}
