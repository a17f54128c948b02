//! Values that were asked for lately, kept beside the pages of the file.
//!
//! To find a key in the file is to walk down a tree, a page a level, each of them looked up and
//! searched. To find it here is one look-up. Scans pass this by: they walk down once for a page of
//! entries, and would push out what is asked for again.
//!
//! A value is kept with the sequence of the view that it was read from. Keys share buckets, and of
//! each bucket it is known which commit was the last to touch one of its keys. A value that was
//! read at one sequence is that of another if no commit between the two touched its bucket. A
//! commit says what it touches before anybody can see it, so nothing needs to be removed here, and
//! a reader that comes late with an old value does no harm.
//!
//! A value is kept when it is asked for a second time: what is read once, as by a query over many
//! documents, would cost its keeping and push out what is asked for again. Of the first time only
//! a mark is left, that later marks write over.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Weighter};

/// What an entry takes beside its key and its value, at a guess.
const ENTRY_BYTES: usize = 160;
/// Entries of a usual size, for sizing tables.
const USUAL_BYTES: usize = 512;
/// Bytes of the cache for each bucket: fewer buckets than entries, since one of them takes eight
/// bytes and a commit that spoils a few neighbours does little harm.
const BYTES_PER_BUCKET: usize = 1024;
/// Bytes of the cache for each mark: two marks for each entry of a usual size.
const BYTES_PER_MARK: usize = USUAL_BYTES / 2;

/// The cache.
pub struct Values {
    /// Key and value of an entry lie in one piece of memory.
    cache: Cache<Bytes, Kept, Weight, DefaultHashBuilder>,
    hasher: DefaultHashBuilder,
    /// The last commit to any key of a bucket. As many as a power of two; none in a cache of no
    /// size.
    touched: Box<[AtomicU64]>,
    /// Which key was the last to be asked for, of those that share a mark; as many as a power of
    /// two.
    marks: Box<[AtomicU32]>,
    /// The last commit that touched more than can be told key by key.
    all_touched: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    sequence: u64,
    value: Bytes,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Bytes, Kept> for Weight {
    fn weight(&self, key: &Bytes, kept: &Kept) -> u64 {
        (key.len() + kept.value.len() + ENTRY_BYTES) as u64
    }
}

impl Values {
    /// A cache of about so many bytes; 0 keeps nothing.
    pub fn new(bytes_max: usize) -> Self {
        let count = |per: usize| match bytes_max {
            0 => 0,
            bytes => (bytes / per).next_power_of_two(),
        };
        let (buckets, marks) = (count(BYTES_PER_BUCKET), count(BYTES_PER_MARK));
        let hasher = DefaultHashBuilder::default();
        Self {
            cache: Cache::with(
                bytes_max / USUAL_BYTES,
                bytes_max as u64,
                Weight,
                hasher.clone(),
                DefaultLifecycle::default(),
            ),
            hasher,
            touched: (0..buckets).map(|_| AtomicU64::new(0)).collect(),
            marks: (0..marks).map(|_| AtomicU32::new(0)).collect(),
            all_touched: AtomicU64::new(0),
        }
    }

    /// The value of `key` as of `sequence`, if that is known here.
    pub fn find(&self, key: &[u8], sequence: u64) -> Option<Bytes> {
        let bucket = self.bucket(self.hasher.hash_one(key))?;
        let kept = self.cache.get(key)?;
        // After the value: whoever put it here began after the commits that it knows of had said
        // what they touch.
        let touched = self.last_touch(bucket);
        (touched <= kept.sequence.min(sequence)).then_some(kept.value)
    }

    /// Keeps what a view of `sequence` says of `key`, if somebody has asked for that lately; a copy
    /// of the value.
    pub fn keep(&self, key: &[u8], sequence: u64, value: &[u8]) -> Bytes {
        let hash = self.hasher.hash_one(key);
        let bucket = self.bucket(hash);
        // What was touched since would serve only readers as old as this one.
        let is_stale = bucket.is_none_or(|bucket| self.last_touch(bucket) > sequence);
        if is_stale || !self.mark(hash) {
            return Bytes::copy_from_slice(value);
        }
        let both = Bytes::from([key, value].concat());
        let (key, value) = (both.slice(..key.len()), both.slice(key.len()..));
        let kept = value.clone();
        self.cache.insert(key, Kept { sequence, value });
        kept
    }

    /// Says that a commit touches `keys`; before anybody can see it. Commits come in order.
    pub fn touch<'k>(&self, sequence: u64, keys: impl Iterator<Item = &'k Bytes>) {
        for bucket in keys.filter_map(|key| self.bucket(self.hasher.hash_one(key))) {
            bucket.store(sequence, Ordering::Release);
        }
    }

    /// Says that a commit touches more than single keys.
    pub fn touch_all(&self, sequence: u64) {
        self.all_touched.store(sequence, Ordering::Release);
        self.cache.clear();
    }

    fn last_touch(&self, bucket: &AtomicU64) -> u64 {
        let all = self.all_touched.load(Ordering::Acquire);
        all.max(bucket.load(Ordering::Acquire))
    }

    /// The bucket of a key's hash.
    fn bucket(&self, hash: u64) -> Option<&AtomicU64> {
        let mask = self.touched.len().checked_sub(1)?;
        // A number that is cut off is as good as any.
        self.touched.get(hash as usize & mask)
    }

    /// Leaves a mark of a key's hash; whether it was there already.
    fn mark(&self, hash: u64) -> bool {
        let mask = self.marks.len().wrapping_sub(1);
        // The other half of the number, of which no place was made.
        let tag = (hash >> 32) as u32 | 1;
        let place = self.marks.get(hash as usize & mask);
        place.is_some_and(|place| place.swap(tag, Ordering::Relaxed) == tag)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const ROOM: usize = 1 << 20;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    /// Asks for it a second time.
    fn keep(values: &Values, key: &[u8], sequence: u64, value: &[u8]) {
        values.keep(key, sequence, value);
        values.keep(key, sequence, value);
    }

    #[test]
    fn what_is_asked_for_once_is_not_kept() {
        let values = Values::new(ROOM);
        values.keep(b"key", 1, b"value");
        assert_eq!(values.find(b"key", 1), None);
        values.keep(b"key", 1, b"value");
        assert_eq!(values.find(b"key", 1), Some(bytes("value")));
    }

    #[test]
    fn a_value_serves_sequences_with_no_commit_to_its_key_in_between() {
        let values = Values::new(ROOM);
        let key = bytes("key");
        values.touch(3, [&key].into_iter());
        keep(&values, &key, 5, b"old");
        assert_eq!(values.find(&key, 7), Some(bytes("old")));
        assert_eq!(values.find(&key, 3), Some(bytes("old")));
        assert_eq!(values.find(&key, 2), None);
        values.touch(8, [&key].into_iter());
        assert_eq!(values.find(&key, 8), None);
        assert_eq!(values.find(&key, 7), None, "the last commit alone is known");
        keep(&values, &key, 7, b"late");
        assert_eq!(values.find(&key, 9), None);
        keep(&values, &key, 9, b"new");
        assert_eq!(values.find(&key, 8), Some(bytes("new")));
        values.touch_all(10);
        assert_eq!(values.find(&key, 10), None);
        keep(&values, &key, 9, b"lost");
        assert_eq!(values.find(&key, 10), None);
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let values = Values::new(0);
        values.touch(1, [&bytes("key")].into_iter());
        keep(&values, b"key", 2, b"value");
        assert_eq!(values.find(b"key", 2), None);
    }

    /// Commits and readers of any age in turn, on keys that share buckets and push each other
    /// out. What is found is what a reader of that sequence would have read.
    #[test]
    fn what_is_found_is_what_the_sequence_says() {
        const KEYS: u64 = 40;
        for seed in 1..=20_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut draw = |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % below
            };
            // 16 buckets, room for fewer entries than there are keys.
            let values = Values::new(16 * BYTES_PER_BUCKET / 4 * 3);
            let mut history: Vec<BTreeMap<u64, u64>> = vec![BTreeMap::new()];
            let mut found = 0;
            for _ in 0..4000 {
                let last = history.len() as u64 - 1;
                if draw(8) == 0 {
                    let mut next = history.last().expect("it is never empty").clone();
                    let written: Vec<u64> = (0..=draw(3)).map(|_| draw(KEYS)).collect();
                    if draw(50) == 0 {
                        next.clear();
                        values.touch_all(last + 1);
                    } else {
                        let keys: Vec<Bytes> =
                            written.iter().map(|key| bytes(&key.to_string())).collect();
                        values.touch(last + 1, keys.iter());
                        next.extend(written.into_iter().map(|key| (key, last + 1)));
                    }
                    history.push(next);
                    continue;
                }
                let at = last - draw(6).min(last);
                let key = draw(KEYS);
                let name = key.to_string();
                let known = history.get(at as usize).and_then(|view| view.get(&key));
                let known = known.map(|value| bytes(&value.to_string()));
                match (values.find(name.as_bytes(), at), known) {
                    (Some(got), known) => {
                        assert_eq!(Some(got), known, "seed {seed}, key {key}, sequence {at}");
                        found += 1;
                    }
                    (None, Some(known)) => {
                        assert_eq!(values.keep(name.as_bytes(), at, &known), known);
                    }
                    (None, None) => {}
                }
            }
            assert!(found > 100, "seed {seed} found {found} only");
        }
    }
}
