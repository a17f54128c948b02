//! How one coordinator judges whether others live.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Member;

/// What a coordinator saw of the others, by its own monotonic clock alone.
///
/// A heartbeat is unchanged for the time between the read that first saw its present value and the
/// latest read. Time in which the observer did not read does not count against anybody: an
/// observer that stood still for an hour takes nobody for dead when it wakes up.
#[derive(Debug, Default)]
pub struct Observations {
    seen: BTreeMap<String, Seen>,
    /// Ids that were asked for and had no row, and when that was first noticed.
    absent: BTreeMap<String, Duration>,
    /// When the latest read began.
    read_at: Duration,
}

#[derive(Debug)]
struct Seen {
    member: Member,
    /// When the read ended that first saw the present heartbeat.
    changed_at: Duration,
}

impl Observations {
    /// Takes in what a read of all rows found, which took from `began` to `ended`. Answers whether
    /// somebody told of a change, came or went since the read before. A read that began before one
    /// that was taken in already is passed over: two may be under way at once, and whoever asked
    /// for the later one relies on what it found.
    pub fn take_in(&mut self, found: Vec<Member>, began: Duration, ended: Duration) -> bool {
        if began < self.read_at {
            return false;
        }
        let mut before = std::mem::take(&mut self.seen);
        self.read_at = began;
        let mut changed = false;
        for member in found {
            self.absent.remove(&member.id);
            let former = before.remove(&member.id);
            let told = former.as_ref().map(|seen| seen.member.changes);
            changed |= told != Some(member.changes);
            let changed_at = match former {
                Some(seen) if seen.member.beat == member.beat => seen.changed_at,
                _ => ended,
            };
            self.seen
                .insert(member.id.clone(), Seen { member, changed_at });
        }
        changed || !before.is_empty()
    }

    /// Whether a coordinator is to be taken for alive. One whose row was never seen is, until that
    /// has been so for `time`.
    pub fn is_live(&mut self, id: &str, time: Duration) -> bool {
        if let Some(seen) = self.seen.get(id) {
            return self.read_at.saturating_sub(seen.changed_at) < time;
        }
        let read_at = self.read_at;
        let since = *self.absent.entry(id.to_owned()).or_insert(read_at);
        read_at.saturating_sub(since) < time
    }

    /// The coordinators that are taken for alive, by id.
    pub fn live(&self, time: Duration) -> Vec<Member> {
        let live = |seen: &&Seen| self.read_at.saturating_sub(seen.changed_at) < time;
        let members = self.seen.values().filter(live);
        members.map(|seen| seen.member.clone()).collect()
    }

    /// All whose rows are there, by id, and for how long their heartbeats were seen unchanged.
    pub fn known(&self) -> Vec<(Member, Duration)> {
        let unchanged = |seen: &Seen| self.read_at.saturating_sub(seen.changed_at);
        let known = self.seen.values();
        known
            .map(|seen| (seen.member.clone(), unchanged(seen)))
            .collect()
    }

    /// Ids of those whose rows are there and who have been dead for `time`.
    pub fn dead(&self, time: Duration) -> Vec<String> {
        let dead =
            |(_, seen): &(&String, &Seen)| self.read_at.saturating_sub(seen.changed_at) >= time;
        self.seen
            .iter()
            .filter(dead)
            .map(|(id, _)| id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn member(id: &str, beat: u64) -> Member {
        Member {
            id: id.to_owned(),
            beat,
            ..Member::default()
        }
    }

    #[test]
    fn a_heartbeat_that_stands_still_is_death_and_one_that_moves_is_life() {
        let mut seen = Observations::default();
        assert!(seen.take_in(vec![member("a", 1), member("b", 1)], at(0), at(0)));
        for second in 1..=10 {
            seen.take_in(
                vec![member("a", 1), member("b", second)],
                at(second),
                at(second),
            );
            assert_eq!(seen.is_live("a", LEASE), second < 10);
            assert!(seen.is_live("b", LEASE));
        }
        assert_eq!(seen.dead(LEASE), ["a"]);
        seen.take_in(vec![member("a", 2)], at(11), at(11));
        assert!(seen.is_live("a", LEASE), "whoever goes on is alive again");
    }

    #[test]
    fn an_observer_that_stood_still_takes_nobody_for_dead() {
        let mut seen = Observations::default();
        seen.take_in(vec![member("a", 1)], at(0), at(0));
        // An hour later, before it has read again.
        assert!(seen.is_live("a", LEASE));
        seen.take_in(vec![member("a", 3600)], at(3600), at(3600));
        assert!(seen.is_live("a", LEASE));
    }

    #[test]
    fn a_slow_read_makes_nobody_older() {
        let mut seen = Observations::default();
        seen.take_in(vec![member("a", 1)], at(0), at(9));
        seen.take_in(vec![member("a", 1)], at(18), at(30));
        assert!(seen.is_live("a", LEASE));
    }

    #[test]
    fn whoever_was_never_seen_is_given_time_to_show_up() {
        let mut seen = Observations::default();
        seen.take_in(Vec::new(), at(5), at(5));
        assert!(seen.is_live("new", LEASE));
        seen.take_in(Vec::new(), at(14), at(14));
        assert!(seen.is_live("new", LEASE));
        seen.take_in(Vec::new(), at(15), at(15));
        assert!(!seen.is_live("new", LEASE));
    }

    #[test]
    fn a_read_that_was_overtaken_hides_nobody() {
        let mut seen = Observations::default();
        seen.take_in(vec![member("a", 1), member("new", 1)], at(2), at(3));
        assert!(!seen.take_in(vec![member("a", 1)], at(1), at(4)));
        let live = seen.live(LEASE);
        assert_eq!(live.len(), 2);
    }

    #[test]
    fn changes_arrivals_and_departures_are_told() {
        let mut seen = Observations::default();
        assert!(seen.take_in(vec![member("a", 1)], at(0), at(0)));
        assert!(!seen.take_in(vec![member("a", 2)], at(1), at(1)));
        let mut told = member("a", 3);
        told.changes = 1;
        assert!(seen.take_in(vec![told], at(2), at(2)));
        assert!(seen.take_in(Vec::new(), at(3), at(3)));
    }
}
