//! Takes the commits that wait, sends them together, and finds out what became of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use store::{Error, ErrorKind, Result};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::engine::Shared;
use crate::failure;
use crate::group::{Found, Group, Range, Request, signed};
use crate::server::{Committing, Connection};
use crate::snapshot::unsigned;
use crate::sql::found;
use crate::wait::{Started, start};

/// A commit and who waits for its number.
pub struct Waiting {
    pub request: Request,
    pub answer: SyncSender<Result<u64>>,
    /// Since when.
    pub asked: Duration,
}

pub struct Committer {
    shared: Arc<Shared>,
    requests: UnboundedReceiver<Waiting>,
    queue: VecDeque<Waiting>,
    connection: Option<Connection<Committing>>,
    /// What this process is called, and its next group, in `commits`.
    writer: i64,
    batch: i64,
}

/// How a group ended.
enum Ended {
    /// All were committed; the last has this number.
    Committed(u64),
    /// Nothing was written, for this.
    Refused(Vec<Found>),
}

/// Why it is not known how a group ended, or known that it did not happen.
enum Failed {
    /// Nothing was written.
    NotDone(Error),
    /// Nothing was written, and it may be sent again.
    Again(Error),
    Unknown(Error),
}

type Answer<T> = std::result::Result<T, tokio_postgres::Error>;

impl Committer {
    pub fn new(shared: Arc<Shared>, requests: UnboundedReceiver<Waiting>) -> Self {
        // Its sign is of no matter.
        let writer = i64::from_be_bytes(shared.random_bytes());
        Self {
            shared,
            requests,
            queue: VecDeque::new(),
            connection: None,
            writer,
            batch: 0,
        }
    }

    /// Runs until the engine is closed and everything that was asked for has its answer.
    pub async fn run(mut self) {
        loop {
            if self.queue.is_empty() {
                match self.requests.recv().await {
                    Some(waiting) => self.queue.push_back(waiting),
                    None => return,
                }
            }
            while let Ok(waiting) = self.requests.try_recv() {
                self.queue.push_back(waiting);
            }
            let (group, members) = self.gather();
            self.settle(group, members).await;
        }
    }

    /// The next group. What is in its way waits for the next but one, in order.
    fn gather(&mut self) -> (Group, Vec<Waiting>) {
        let settings = &self.shared.server.settings;
        let mut group = Group::default();
        let mut members = Vec::new();
        let mut left = VecDeque::new();
        for waiting in self.queue.drain(..) {
            let (commits_max, bytes_max) = (settings.group_commits_max, settings.group_bytes_max);
            if left.len() < commits_max && group.admit(&waiting.request, commits_max, bytes_max) {
                members.push(waiting);
            } else {
                left.push_back(waiting);
            }
        }
        self.queue = left;
        group.complete();
        (group, members)
    }

    /// Sends a group and tells its members. Those that nothing was in the way of wait on.
    async fn settle(&mut self, group: Group, members: Vec<Waiting>) {
        let ended = self.finish(&group, &members).await;
        let counters = &self.shared.counters;
        match ended {
            Ok(Ended::Committed(last)) => {
                let writing = members.iter().filter(|waiting| waiting.request.writes());
                counters.committed(writing.count());
                let first = last.saturating_sub(members.len().saturating_sub(1) as u64);
                for (
                    sequence,
                    Waiting {
                        request, answer, ..
                    },
                ) in (first..).zip(members)
                {
                    let sequence = match request.writes() {
                        true => sequence,
                        false => request.since(),
                    };
                    drop(answer.send(request.verdict(&group, &[]).map(|()| sequence)));
                }
            }
            Ok(Ended::Refused(found)) => {
                let mut again = Vec::new();
                for waiting in members {
                    match waiting.request.verdict(&group, &found) {
                        Ok(()) => again.push(waiting),
                        Err(error) => {
                            counters.refused(&error);
                            drop(waiting.answer.send(Err(error)));
                        }
                    }
                }
                if again.len() == group.members() {
                    let text = format!("check a commit: {found:?} is in nobody's way");
                    let error = Error::new(ErrorKind::Io, text);
                    again
                        .drain(..)
                        .for_each(|waiting| drop(waiting.answer.send(Err(error.clone()))));
                }
                again
                    .into_iter()
                    .rev()
                    .for_each(|waiting| self.queue.push_front(waiting));
            }
            Err(error) => {
                for waiting in members {
                    drop(waiting.answer.send(Err(error.clone())));
                }
            }
        }
    }

    /// Sends a group until it is known what became of it, or for too long.
    async fn finish(&mut self, group: &Group, members: &[Waiting]) -> Result<Ended> {
        /// Of the same group on a connection that works: somebody else is at work on the tables.
        const REPEATS_MAX: usize = 10;
        let mut repeats = 0;
        let asked = members.first().map_or(Duration::ZERO, |first| first.asked);
        loop {
            let connection = self.connect(asked).await?;
            self.batch += 1;
            let sent = Sent {
                group,
                writer: self.writer,
                batch: self.batch,
            };
            let time_max = self.shared.server.settings.statement_timeout.mul_f64(1.25);
            let ended = tokio::time::timeout(time_max, sent.send(&connection)).await;
            let ended = ended.unwrap_or_else(|_| {
                let text = format!("commit: no answer from the database within {time_max:?}");
                Err(Failed::Unknown(Error::new(ErrorKind::Unavailable, text)))
            });
            match ended {
                Ok(ended) => {
                    self.connection = Some(connection);
                    return Ok(ended);
                }
                Err(Failed::Again(_)) if repeats < REPEATS_MAX => {
                    repeats += 1;
                    self.connection = Some(connection);
                }
                Err(Failed::NotDone(error) | Failed::Again(error)) => {
                    if connection.is_open() {
                        self.connection = Some(connection);
                    }
                    return Err(error);
                }
                Err(Failed::Unknown(error)) => {
                    connection.abandon();
                    if !group.writes() {
                        return Err(error);
                    }
                    if let Some(last) = self.look_up(error).await? {
                        return Ok(Ended::Committed(last));
                    }
                }
            }
        }
    }

    /// The connection, or a new one. Errors: `Unavailable` if there is none for too long.
    async fn connect(&mut self, asked: Duration) -> Result<Connection<Committing>> {
        if let Some(connection) = self.connection.take().filter(Connection::is_open) {
            return Ok(connection);
        }
        let end = asked + self.shared.server.settings.outage_wait;
        self.connect_until(end).await
    }

    async fn connect_until(&self, end: Duration) -> Result<Connection<Committing>> {
        let (mut pause, pause_max) = self.shared.server.settings.backoff;
        loop {
            let error = match self.shared.server.connect_committing().await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            if self.shared.platform.clock.monotonic() >= end {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(pause_max);
        }
    }

    /// The number of the last group, if it was committed. If it was not, it can no longer be,
    /// and can be sent again under another name.
    ///
    /// Errors: `Io` if that cannot be found out.
    async fn look_up(&mut self, lost: Error) -> Result<Option<u64>> {
        let settings = &self.shared.server.settings;
        let end = self.shared.platform.clock.monotonic() + settings.outcome_wait;
        loop {
            let connection = match self.connect_until(end).await {
                Ok(connection) => connection,
                Err(_) => {
                    let text = format!(
                        "commit: it is not known whether it happened, because the connection was \
                         lost and the database stayed away for outcome_wait, which is {:?}",
                        settings.outcome_wait
                    );
                    return Err(Error::new(ErrorKind::Io, text).with_source(lost));
                }
            };
            match self.try_look_up(&connection).await {
                Ok(outcome) => {
                    self.connection = Some(connection);
                    return outcome;
                }
                Err(error) => {
                    tracing::warn!(%error, "the outcome of a commit is not known yet");
                    connection.abandon();
                }
            }
        }
    }

    async fn try_look_up(
        &self,
        connection: &Connection<Committing>,
    ) -> Answer<Result<Option<u64>>> {
        let client = &connection.client;
        let sql = &self.shared.server.sql;
        client.batch_execute("BEGIN").await?;
        // Whoever is still at work on the group has the lock until it is through.
        client.query_one(&connection.prepared.lock, &[]).await?;
        let name: [&(dyn ToSql + Sync); 2] = [&self.writer, &self.batch];
        let outcome = match client.query_opt(&sql.find_outcome, &name).await? {
            Some(row) if row.try_get(1)? => Ok(None),
            Some(row) => unsigned(row.try_get(0)?).map(Some),
            None => {
                // What is still on its way finds its name taken.
                client.execute(&sql.bar, &name).await?;
                Ok(None)
            }
        };
        client.batch_execute("COMMIT").await?;
        Ok(outcome)
    }
}

/// A group with its name.
struct Sent<'a> {
    group: &'a Group,
    writer: i64,
    batch: i64,
}

impl Sent<'_> {
    /// One round trip.
    async fn send(
        &self,
        connection: &Connection<Committing>,
    ) -> std::result::Result<Ended, Failed> {
        let (client, prepared) = (&connection.client, &connection.prepared);
        if !self.group.writes() {
            let rows = self.check(client, prepared).await.map_err(not_done)?;
            return self.read(&rows).map_err(Failed::NotDone);
        }
        let begun = start(client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"));
        let locked = start(client.query(&prepared.lock, &[]));
        let checked = start(self.check(client, prepared));
        let written = self.write(client, prepared);
        let committed = start(client.batch_execute("COMMIT"));
        let done = async {
            begun.await?;
            locked.await?;
            let rows = checked.await?;
            for one in written {
                one.await?;
            }
            Ok(rows)
        };
        let done: Answer<Vec<Row>> = done.await;
        let committed = committed.await;
        match (done, committed) {
            (Ok(rows), Ok(())) => self.read(&rows).map_err(Failed::NotDone),
            (Ok(_), Err(error)) if !failure::is_unknown(&error) => Err(not_done(error)),
            // The server answered that something failed: then it did not commit, whatever it
            // answered to that, or whether it did.
            (Err(error), _) if error.as_db_error().is_some() && !failure::is_unknown(&error) => {
                Err(not_done(error))
            }
            (Err(error), _) | (Ok(_), Err(error)) => {
                Err(Failed::Unknown(failure::error("commit", error)))
            }
        }
    }

    async fn check(&self, client: &Client, prepared: &Committing) -> Answer<Vec<Row>> {
        let touched = self.group.touched();
        let (firsts, behinds) = bounds(self.group.ranges());
        let since: Vec<i64> = (self.group.ranges().iter())
            .map(|range| signed(range.since))
            .collect();
        let parameters: [&(dyn ToSql + Sync); 12] = [
            &touched.keys,
            &touched.since,
            &touched.since_full,
            &touched.ops,
            &firsts,
            &behinds,
            &since,
            &signed(self.group.since()),
            &signed(self.group.members() as u64),
            &self.writer,
            &self.batch,
            &self.group.writes(),
        ];
        client.query(&prepared.check, &parameters).await
    }

    /// Sends the writes, in the order in which they take effect.
    fn write<'a>(
        &'a self,
        client: &'a Client,
        prepared: &'a Committing,
    ) -> Vec<Started<'a, Answer<u64>>> {
        let name = (&self.writer, &self.batch);
        let mut started = Vec::new();
        if !self.group.ranges().is_empty() {
            for statement in [&prepared.clear, &prepared.remember_cleared] {
                started.push(start(async move {
                    let (firsts, behinds) = bounds(self.group.ranges());
                    let parameters: [&(dyn ToSql + Sync); 4] = [&firsts, &behinds, name.0, name.1];
                    client.execute(statement, &parameters).await
                }));
            }
        }
        if !self.group.deletes().is_empty() {
            for statement in [&prepared.delete, &prepared.remember_deleted] {
                started.push(start(async move {
                    let keys = self.group.deletes();
                    client.execute(statement, &[&keys, name.0, name.1]).await
                }));
            }
        }
        for (keys, values) in chunks(self.group.puts()) {
            started.push(start(async move {
                let parameters: [&(dyn ToSql + Sync); 4] = [&keys, &values, name.0, name.1];
                client.execute(&prepared.put, &parameters).await
            }));
        }
        let (keys, deltas) = self.group.adds();
        if !keys.is_empty() {
            started.push(start(async move {
                let parameters: [&(dyn ToSql + Sync); 4] = [&keys, &deltas, name.0, name.1];
                client.execute(&prepared.add, &parameters).await
            }));
        }
        started
    }

    fn read(&self, rows: &[Row]) -> Result<Ended> {
        let mismatch = |error| failure::error("read what the check of a commit found", error);
        let mut all = Vec::new();
        for row in rows {
            let read = |at: usize| row.try_get::<_, i64>(at).map_err(mismatch);
            let one = Found {
                what: row.try_get(0).map_err(mismatch)?,
                nth: read(1)?,
                sequence: unsigned(read(2)?)?,
                add_sequence: unsigned(read(3)?)?,
                value_bytes: row.try_get(4).map_err(mismatch)?,
            };
            match one.what {
                found::COMMIT => return Ok(Ended::Committed(one.sequence)),
                found::CLEAR => return Ok(Ended::Committed(self.group.since())),
                _ => all.push(one),
            }
        }
        Ok(Ended::Refused(all))
    }
}

fn not_done(error: tokio_postgres::Error) -> Failed {
    let is_transient = failure::is_transient(&error);
    let error = failure::error("commit", error);
    match is_transient {
        true => Failed::Again(error),
        false => Failed::NotDone(error),
    }
}

fn bounds(ranges: &[Range]) -> (Vec<&[u8]>, Vec<&[u8]>) {
    let bounds = ranges.iter();
    bounds
        .map(|range| (range.first.as_ref(), range.behind.as_ref()))
        .unzip()
}

type Puts<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);

/// Puts in portions that a statement can take.
fn chunks<'a>(puts: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<Puts<'a>> {
    const CHUNK_BYTES: usize = 16 << 20;
    let mut all: Vec<Puts<'a>> = Vec::new();
    let mut bytes = CHUNK_BYTES;
    for (key, value) in puts {
        if bytes >= CHUNK_BYTES {
            all.push(Puts::default());
            bytes = 0;
        }
        bytes += key.len() + value.len();
        if let Some((keys, values)) = all.last_mut() {
            keys.push(key);
            values.push(value);
        }
    }
    all
}
