//! Which commits are sent together, what is sent, and what the answer means for each. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::buffer::WriteBuffer;
use store::{Error, ErrorKind, KeyRange};

use crate::sql::{found, op};

/// A commit that waits.
pub struct Request {
    since: u64,
    touches: BTreeMap<Bytes, Touch>,
    ranges: Vec<Range>,
    /// It would fail even if nothing were in the way: it only asks whether something is.
    invalid: Option<Error>,
    bytes: usize,
}

/// What a commit does to a key.
#[derive(Clone, Debug, Default)]
struct Touch {
    guarded: bool,
    write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Write {
    /// A new value, or none.
    Set(Option<Bytes>),
    Add(i64),
}

impl Touch {
    /// Whether others may add at the same time.
    fn only_adds(&self) -> bool {
        !self.guarded && matches!(self.write, Some(Write::Add(_)))
    }
}

/// Keys from `first` up to `behind`. They are removed before anything else is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub first: Bytes,
    pub behind: Bytes,
    /// The snapshot of who removes them.
    pub since: u64,
}

impl Range {
    fn contains(&self, key: &Bytes) -> bool {
        *key >= self.first && *key < self.behind
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.first < other.behind && other.first < self.behind
    }
}

impl Request {
    /// What `buffer` holds, above the snapshot `since`. `behind` gives the end of a range.
    pub fn new(since: u64, buffer: &WriteBuffer, behind: impl Fn(&KeyRange) -> Bytes) -> Self {
        let mut touches: BTreeMap<Bytes, Touch> = BTreeMap::new();
        let mut invalid = None;
        for key in buffer.guards() {
            touches.entry(key.clone()).or_default().guarded = true;
        }
        for (key, change) in buffer.changes() {
            let write = match change.add {
                Some(delta) if change.only_adds() => Write::Add(delta),
                // It does not depend on what is stored.
                _ => Write::Set(change.value_over(None).unwrap_or_else(|error| {
                    invalid.get_or_insert(error);
                    None
                })),
            };
            touches.entry(key.clone()).or_default().write = Some(write);
        }
        let range = |range: KeyRange| Range {
            behind: behind(&range),
            first: range.start,
            since,
        };
        Self {
            since,
            touches,
            ranges: buffer.cleared().map(range).collect(),
            invalid,
            bytes: buffer.bytes(),
        }
    }

    /// The snapshot that it was made on.
    pub fn since(&self) -> u64 {
        self.since
    }

    pub fn writes(&self) -> bool {
        let writes = |touch: &Touch| touch.write.is_some();
        self.invalid.is_none() && (!self.ranges.is_empty() || self.touches.values().any(writes))
    }

    /// What is wrong with it, by what the check found for the group it was in.
    pub fn verdict(&self, group: &Group, found: &[Found]) -> Result<(), Error> {
        if let Some(context) = found.iter().find_map(|one| self.conflict(group, one)) {
            return Err(Error::new(ErrorKind::Conflict, context));
        }
        if let Some(error) = &self.invalid {
            return Err(error.clone());
        }
        let invalid = |one: &Found| {
            let touch = group.key(one).and_then(|key| self.touches.get(key));
            let adds = touch.is_some_and(|touch| matches!(touch.write, Some(Write::Add(_))));
            one.value_bytes.filter(|bytes| adds && *bytes != 8)
        };
        match found.iter().find_map(invalid) {
            None => Ok(()),
            Some(bytes) => {
                let context = format!("add to a value of {bytes} bytes, which is not a counter");
                Err(Error::new(ErrorKind::InvalidArgument, context))
            }
        }
    }

    fn conflict(&self, group: &Group, one: &Found) -> Option<String> {
        const LATE: &str = "commit after a conflicting commit";
        let late = |is_late: bool| is_late.then(|| LATE.to_owned());
        match one.what {
            found::KEY | found::GONE => {
                let touch = self.touches.get(group.key(one)?)?;
                let added = one.add_sequence > self.since && !touch.only_adds();
                late(one.sequence > self.since || added)
            }
            found::RANGE => {
                let range = group.ranges.get(one.at()?)?;
                let mine = |mine: &Range| mine.first == range.first && mine.behind == range.behind;
                late(self.ranges.iter().any(mine) && one.sequence > self.since)
            }
            found::FLOOR if self.since + 1 < one.sequence => Some(format!(
                "commit what began before commit {}, which was forgotten (see retention)",
                one.sequence
            )),
            _ => None,
        }
    }
}

/// Something that is in the way.
#[derive(Clone, Debug)]
pub struct Found {
    pub what: i32,
    /// The number of the key or range, from 1.
    pub nth: i64,
    pub sequence: u64,
    pub add_sequence: u64,
    pub value_bytes: Option<i32>,
}

impl Found {
    fn at(&self) -> Option<usize> {
        usize::try_from(self.nth).ok()?.checked_sub(1)
    }
}

/// Commits that are sent together. None of them is in the way of one that was admitted later, so
/// together they are what they would be one after the other.
#[derive(Default)]
pub struct Group {
    merged: BTreeMap<Bytes, Merged>,
    /// The keys of `merged` once the group is complete.
    keys: Vec<Bytes>,
    ranges: Vec<Range>,
    members: usize,
    bytes: usize,
    since: u64,
    writes: bool,
}

/// What a group does to a key.
struct Merged {
    /// The oldest snapshot of who touches it, and of who does more than add to it.
    since: u64,
    since_full: Option<u64>,
    write: Option<Write>,
}

impl Group {
    /// Takes a request in; false if it must wait for what others in the group do, or if the group
    /// is full.
    pub fn admit(&mut self, request: &Request, commits_max: usize, bytes_max: usize) -> bool {
        let fits = self.members < commits_max && self.bytes + request.bytes <= bytes_max;
        if self.members > 0 && (!fits || self.is_in_the_way_of(request)) {
            return false;
        }
        self.since = match self.members {
            0 => request.since,
            _ => self.since.min(request.since),
        };
        self.members += 1;
        self.bytes += request.bytes;
        for (key, touch) in &request.touches {
            let merged = self.merged.entry(key.clone()).or_insert_with(|| Merged {
                since: request.since,
                since_full: None,
                write: None,
            });
            merged.since = merged.since.min(request.since);
            if !touch.only_adds() {
                let since_full = merged.since_full.unwrap_or(request.since);
                merged.since_full = Some(since_full.min(request.since));
            }
            if request.invalid.is_some() {
                continue;
            }
            merged.write = match (merged.write.take(), &touch.write) {
                (Some(Write::Add(sum)), Some(Write::Add(delta))) => {
                    Some(Write::Add(sum.wrapping_add(*delta)))
                }
                (before, None) => before,
                (_, Some(write)) => Some(write.clone()),
            };
        }
        self.writes |= request.writes();
        self.ranges.extend(request.ranges.iter().cloned());
        true
    }

    fn is_in_the_way_of(&self, request: &Request) -> bool {
        let touches = &request.touches;
        let by_key = touches.iter().any(|(key, touch)| {
            let merged = self.merged.get(key);
            let write = merged.and_then(|merged| merged.write.as_ref());
            let set = match write {
                None => false,
                Some(Write::Set(_)) => true,
                Some(Write::Add(_)) => !touch.only_adds(),
            };
            set || self.ranges.iter().any(|range| range.contains(key))
        });
        let by_range = |mine: &Range| {
            let keys = (self.merged.iter()).filter(|(_, merged)| merged.write.is_some());
            keys.into_iter().any(|(key, _)| mine.contains(key))
                || self.ranges.iter().any(|range| range.overlaps(mine))
        };
        by_key || request.ranges.iter().any(by_range)
    }

    /// To be called when nothing more is admitted.
    pub fn complete(&mut self) {
        self.keys = self.merged.keys().cloned().collect();
    }

    fn key(&self, found: &Found) -> Option<&Bytes> {
        if found.what != found::KEY && found.what != found::GONE {
            return None;
        }
        self.keys.get(found.at()?)
    }

    pub fn members(&self) -> usize {
        self.members
    }

    /// The oldest snapshot.
    pub fn since(&self) -> u64 {
        self.since
    }

    pub fn writes(&self) -> bool {
        self.writes
    }

    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// What the check is asked.
    pub fn touched(&self) -> Touched<'_> {
        let mut touched = Touched::default();
        for (key, merged) in &self.merged {
            touched.keys.push(key);
            touched.since.push(signed(merged.since));
            touched
                .since_full
                .push(merged.since_full.map_or(i64::MAX, signed));
            touched.ops.push(match &merged.write {
                None => op::GUARD,
                Some(Write::Set(_)) => op::SET,
                Some(Write::Add(_)) => op::ADD,
            });
        }
        touched
    }

    /// Keys that get a value, with it.
    pub fn puts(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.merged
            .iter()
            .filter_map(|(key, merged)| match &merged.write {
                Some(Write::Set(Some(value))) => Some((key.as_ref(), value.as_ref())),
                _ => None,
            })
    }

    /// Keys that are removed.
    pub fn deletes(&self) -> Vec<&[u8]> {
        let deleted = |merged: &Merged| merged.write == Some(Write::Set(None));
        let keys = self.merged.iter().filter(|(_, merged)| deleted(merged));
        keys.map(|(key, _)| key.as_ref()).collect()
    }

    /// Keys that are added to, and what is added.
    pub fn adds(&self) -> (Vec<&[u8]>, Vec<i64>) {
        let adds = self
            .merged
            .iter()
            .filter_map(|(key, merged)| match merged.write {
                Some(Write::Add(delta)) => Some((key.as_ref(), delta)),
                _ => None,
            });
        adds.unzip()
    }
}

/// Of each key that a group touches, in order.
#[derive(Default)]
pub struct Touched<'a> {
    pub keys: Vec<&'a [u8]>,
    pub since: Vec<i64>,
    pub since_full: Vec<i64>,
    pub ops: Vec<i16>,
}

/// A number of a commit as the database has it.
pub fn signed(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
