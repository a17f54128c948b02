//! Every statement, in one place.
//!
//! ```text
//! state    name → value           'format', 'format_min', 'floor', 'lock'
//! entries  key → value, delta     the keyspace: what is stored, and what was added to it since;
//!          set_seq, add_seq       the last commit that wrote the key, the last that added to it
//! deleted  key → seq              the last commit that removed a key
//! cleared  (seq, n) → range       ranges that commits removed
//! commits  seq → writer, batch    the order of commits, and what each process calls them
//! ```
//!
//! A commit takes the row 'lock', which gives commits their order: whoever sees the number `seq`
//! sees all commits up to it and none behind. Commits that are sent together share a number. What
//! is older than 'floor' is forgotten.

use tokio_postgres::types::Type;

/// What an operation of a commit does to its key, as the statements have it.
pub mod op {
    pub const SET: i16 = 0;
    pub const ADD: i16 = 1;
    pub const GUARD: i16 = 2;
}

/// What the check of a commit reports.
pub mod found {
    /// Nothing is in the way, and this is the number of the commit.
    pub const COMMIT: i32 = 0;
    /// A key that was written, with the commits that wrote it and added to it, and the length of
    /// its value.
    pub const KEY: i32 = 1;
    /// A key that was removed, or lies in a range that was.
    pub const GONE: i32 = 2;
    /// A range in which a key was written or removed.
    pub const RANGE: i32 = 3;
    /// Commits that are older than this were forgotten.
    pub const FLOOR: i32 = 4;
    /// Nothing is in the way of what writes nothing.
    pub const CLEAR: i32 = 5;
}

/// The statements for a schema.
pub struct Sql {
    pub position: String,
    pub get: String,
    pub get_many: String,
    pub scan: [String; 2],
    pub scan_keys: [String; 2],
    pub lock: String,
    pub check: String,
    pub clear: String,
    pub remember_cleared: String,
    pub delete: String,
    pub remember_deleted: String,
    pub put: String,
    pub add: String,
    pub find_outcome: String,
    pub bar: String,
    pub raise_floor: String,
    pub forget: [String; 3],
}

/// Of `check`, in order: keys, the oldest snapshot that touched each, the oldest that did more
/// than add, what is done; ranges and their snapshots; the oldest snapshot, how many commits,
/// writer, batch, whether anything is written.
pub const CHECK_TYPES: &[Type] = &[
    Type::BYTEA_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT2_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::BOOL,
];

impl Sql {
    /// `schema` is a checked identifier.
    pub fn new(schema: &str) -> Self {
        let text = |text: &str| text.replace("$s.", &format!("{schema}."));
        let scan = |order: &str| text(&SCAN.replace("$order", order));
        let scan_keys = |order: &str| text(&SCAN_KEYS.replace("$order", order));
        Self {
            position: text("SELECT max(seq) FROM $s.commits"),
            get: text("SELECT value, delta FROM $s.entries WHERE key = $1"),
            get_many: text(
                "SELECT o.n, e.value, e.delta
                 FROM unnest($1::bytea[]) WITH ORDINALITY AS o(key, n)
                 JOIN $s.entries AS e ON e.key = o.key",
            ),
            scan: [scan("ASC"), scan("DESC")],
            scan_keys: [scan_keys("ASC"), scan_keys("DESC")],
            lock: text("SELECT value FROM $s.state WHERE name = 'lock' FOR UPDATE"),
            check: text(CHECK),
            clear: text(
                "DELETE FROM $s.entries AS e
                 USING unnest($1::bytea[], $2::bytea[]) AS r(first, behind)
                 WHERE e.key >= r.first AND e.key < r.behind
                   AND EXISTS (SELECT 1 FROM $s.commits WHERE writer = $3 AND batch = $4)",
            ),
            remember_cleared: text(
                "INSERT INTO $s.cleared (seq, n, first, behind)
                 SELECT c.seq, r.n, r.first, r.behind
                 FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS r(first, behind, n)
                 CROSS JOIN $s.commits AS c WHERE c.writer = $3 AND c.batch = $4",
            ),
            delete: text(
                "DELETE FROM $s.entries AS e USING unnest($1::bytea[]) AS o(key)
                 WHERE e.key = o.key
                   AND EXISTS (SELECT 1 FROM $s.commits WHERE writer = $2 AND batch = $3)",
            ),
            remember_deleted: text(
                "INSERT INTO $s.deleted (key, seq)
                 SELECT o.key, c.seq FROM unnest($1::bytea[]) AS o(key)
                 CROSS JOIN $s.commits AS c WHERE c.writer = $2 AND c.batch = $3
                 ON CONFLICT (key) DO UPDATE SET seq = excluded.seq",
            ),
            put: text(
                "INSERT INTO $s.entries (key, value, delta, set_seq, add_seq)
                 SELECT o.key, o.value, NULL, c.seq, 0
                 FROM unnest($1::bytea[], $2::bytea[]) AS o(key, value)
                 CROSS JOIN $s.commits AS c WHERE c.writer = $3 AND c.batch = $4
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value, delta = NULL,
                   set_seq = excluded.set_seq, add_seq = 0",
            ),
            add: text(ADD),
            find_outcome: text(
                "SELECT seq, barred FROM $s.commits WHERE writer = $1 AND batch = $2",
            ),
            bar: text(
                "INSERT INTO $s.commits (seq, writer, batch, barred, at)
                 SELECT max(seq) + 1, $1, $2, true, now() FROM $s.commits",
            ),
            raise_floor: text(
                "UPDATE $s.state SET value = f.seq FROM (
                   SELECT max(seq) AS seq FROM $s.commits
                   WHERE at < now() - $1 * interval '1 second') AS f
                 WHERE name = 'floor' AND value < f.seq RETURNING value",
            ),
            forget: [
                text("DELETE FROM $s.commits WHERE seq < $1"),
                text("DELETE FROM $s.deleted WHERE seq < $1"),
                text("DELETE FROM $s.cleared WHERE seq < $1"),
            ],
        }
    }
}

/// Rows until one exceeds the bytes asked for: it comes too, to say that there is more.
const SCAN: &str = "
SELECT key, value, delta FROM (
  SELECT key, value, delta,
    octet_length(key) + coalesce(octet_length(value), 8) AS bytes,
    sum(octet_length(key) + coalesce(octet_length(value), 8)) OVER (ORDER BY key $order) AS total
  FROM $s.entries WHERE key >= $1 AND key < $2 ORDER BY key $order LIMIT $3
) AS page WHERE total - bytes <= $4 ORDER BY key $order";

const SCAN_KEYS: &str = "
SELECT key FROM $s.entries WHERE key >= $1 AND key < $2 ORDER BY key $order LIMIT $3";

const CHECK: &str = "
WITH o AS MATERIALIZED (
  SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::smallint[])
    WITH ORDINALITY AS u(key, since, since_full, op, n)
), r AS MATERIALIZED (
  SELECT * FROM unnest($5::bytea[], $6::bytea[], $7::bigint[])
    WITH ORDINALITY AS u(first, behind, since, n)
), bad AS MATERIALIZED (
  SELECT 1 AS what, o.n AS n, e.set_seq AS seq, e.add_seq AS add_seq,
    octet_length(e.value) AS length
  FROM o JOIN $s.entries AS e ON e.key = o.key
  WHERE e.set_seq > o.since OR e.add_seq > o.since_full
    OR (o.op = 1 AND octet_length(e.value) <> 8)
  UNION ALL
  SELECT 2, o.n, d.seq, 0, NULL FROM o JOIN $s.deleted AS d ON d.key = o.key
  WHERE d.seq > o.since
  UNION ALL
  SELECT 2, o.n, c.seq, 0, NULL FROM $s.cleared AS c
  JOIN o ON o.key >= c.first AND o.key < c.behind AND c.seq > o.since
  WHERE c.seq > $8
  UNION ALL
  SELECT 3, r.n, greatest(e.set_seq, e.add_seq), 0, NULL FROM r
  JOIN $s.entries AS e ON e.key >= r.first AND e.key < r.behind
  WHERE e.set_seq > r.since OR e.add_seq > r.since
  UNION ALL
  SELECT 3, r.n, d.seq, 0, NULL FROM r
  JOIN $s.deleted AS d ON d.key >= r.first AND d.key < r.behind
  WHERE d.seq > r.since
  UNION ALL
  SELECT 3, r.n, c.seq, 0, NULL FROM $s.cleared AS c
  JOIN r ON r.first < c.behind AND c.first < r.behind AND c.seq > r.since
  WHERE c.seq > $8
  UNION ALL
  SELECT 4, 0, s.value, 0, NULL FROM $s.state AS s
  WHERE s.name = 'floor' AND s.value > $8 + 1
  LIMIT 1000
), made AS (
  INSERT INTO $s.commits (seq, writer, batch, barred, at)
  SELECT (SELECT max(seq) FROM $s.commits) + $9, $10, $11, false, now()
  WHERE $12 AND NOT EXISTS (SELECT 1 FROM bad)
  RETURNING seq
)
SELECT 0, 0::bigint, seq, 0::bigint, NULL::int FROM made
UNION ALL
SELECT 5, 0, 0, 0, NULL WHERE NOT $12 AND NOT EXISTS (SELECT 1 FROM bad)
UNION ALL
SELECT what, n, seq, add_seq, length FROM bad";

/// The sum wraps around, as that of counters does; `bigint` alone would fail.
const ADD: &str = "
INSERT INTO $s.entries AS e (key, value, delta, set_seq, add_seq)
SELECT o.key, NULL, o.delta, 0, c.seq
FROM unnest($1::bytea[], $2::bigint[]) AS o(key, delta)
CROSS JOIN $s.commits AS c WHERE c.writer = $3 AND c.batch = $4
ON CONFLICT (key) DO UPDATE SET add_seq = excluded.add_seq, delta = CASE
  WHEN coalesce(e.delta, 0) > 0 AND excluded.delta > 9223372036854775807 - e.delta
    THEN (e.delta - 9223372036854775807 - 1) + (excluded.delta - 9223372036854775807 - 1)
  WHEN coalesce(e.delta, 0) < 0 AND excluded.delta < -9223372036854775807 - 1 - e.delta
    THEN (e.delta + 9223372036854775807 + 1) + (excluded.delta + 9223372036854775807 + 1)
  ELSE coalesce(e.delta, 0) + excluded.delta END";
