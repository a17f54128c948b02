//! Settings of the engine.

use std::time::Duration;

use store::Limits;

/// Settings of a [`crate::PostgresEngine`]: plain values. Not printable: the address may have a
/// password.
#[derive(Clone)]
pub struct Settings {
    /// Where the database is: `postgres://user:password@host:port/database?sslmode=verify-full`,
    /// or keywords and values, as `libpq` has them.
    pub address: String,
    /// The schema that holds the tables; made if it is missing. Letters, digits and underscores.
    pub schema: String,
    /// Connections for reading: so many transactions can be open at once. One more is for
    /// commits, one for tidying up.
    pub connections_max: usize,
    /// How long beginning a transaction waits for a connection.
    pub connection_wait: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long whoever needs the database waits when it went away, from then on; later ones are
    /// refused at once until it is back.
    pub outage_wait: Duration,
    /// How long to wait between attempts to connect: at first, and at most.
    pub backoff: (Duration, Duration),
    /// How long the database may work on one statement.
    pub statement_timeout: Duration,
    /// How long a commit whose connection was lost may look for its outcome.
    pub outcome_wait: Duration,
    /// Commits that are sent together at most.
    pub group_commits_max: usize,
    /// Bytes of writes that are sent together; a single commit may exceed it.
    pub group_bytes_max: usize,
    /// How long commits are remembered for the sake of long transactions: one that began earlier
    /// can no longer commit.
    pub retention: Duration,
    /// How often what is older is forgotten.
    pub sweep_period: Duration,
    /// Limits at the seam.
    pub limits: Limits,
}

impl Settings {
    /// Settings for a server.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            schema: "vulpes".to_owned(),
            connections_max: 32,
            connection_wait: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            outage_wait: Duration::from_secs(2),
            backoff: (Duration::from_millis(20), Duration::from_secs(1)),
            statement_timeout: Duration::from_secs(30),
            outcome_wait: Duration::from_secs(30),
            group_commits_max: 256,
            group_bytes_max: 16 << 20,
            retention: Duration::from_secs(15 * 60),
            sweep_period: Duration::from_secs(30),
            limits: limits(),
        }
    }
}

/// A key must fit three times into a page of the server's index, and a statement's argument must
/// stay below a gigabyte.
fn limits() -> Limits {
    Limits {
        key_bytes_max: 2_600,
        transaction_bytes_max: 512 << 20,
        ..Limits::default()
    }
}
