//! Sizes, their limits, and the list of what is still larger.
//!
//! The list only shrinks: an entry that is larger than needed must be lowered, one that is no
//! longer needed must go. New code never enters it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

const LIST: &str = "xtask/tidy-allow.txt";

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    /// Lines of a file.
    File,
    /// Lines of a function, from its signature to its closing brace.
    Function,
    /// Characters of the longest line of a file.
    Line,
}

impl Measure {
    const ALL: [Self; 3] = [Self::File, Self::Function, Self::Line];

    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Function => "function",
            Self::Line => "line",
        }
    }

    fn limit(self) -> usize {
        match self {
            Self::File => 800,
            Self::Function => 70,
            Self::Line => 100,
        }
    }
}

/// One measured thing: `place` is a path, for functions followed by `::` and the name.
pub(super) struct Size {
    pub(super) measure: Measure,
    pub(super) place: String,
    pub(super) actual: usize,
}

/// Compares the sizes with the limits and the list.
pub(super) fn check(root: &Path, sizes: Vec<Size>) -> Result<Vec<String>> {
    let list = std::fs::read_to_string(root.join(LIST)).with_context(|| format!("read {LIST}"))?;
    Ok(compare(&list, sizes))
}

fn compare(list: &str, sizes: Vec<Size>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut allowed = BTreeMap::new();
    for line in list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match parse_entry(line) {
            Some((measure, place, count)) => {
                allowed.insert((measure, place.to_owned()), count);
            }
            None => problems.push(format!("{LIST}: not `<measure> <place> <count>`: {line}")),
        }
    }
    let mut largest = BTreeMap::new();
    for size in sizes {
        let actual = largest.entry((size.measure, size.place)).or_insert(0);
        *actual = size.actual.max(*actual);
    }
    for ((measure, place), actual) in largest {
        let (name, limit) = (measure.name(), measure.limit());
        match allowed.remove(&(measure, place.clone())) {
            None if actual > limit => problems.push(format!(
                "{place}: {name} of {actual}, the limit is {limit}; split it, or mark a flat \
                 table with a `tidy: table` comment"
            )),
            Some(count) if actual > count => problems.push(format!(
                "{place}: {name} of {actual}, it grew beyond the {count} in {LIST}"
            )),
            Some(_) if actual <= limit => problems.push(format!(
                "{LIST}: {name} {place} is within its limit; drop the entry"
            )),
            Some(count) if actual < count => problems.push(format!(
                "{LIST}: {name} {place} is down to {actual}; lower {count}"
            )),
            _ => {}
        }
    }
    for (measure, place) in allowed.into_keys() {
        problems.push(format!(
            "{LIST}: {} {place} is gone; drop the entry",
            measure.name()
        ));
    }
    problems
}

fn parse_entry(line: &str) -> Option<(Measure, &str, usize)> {
    let (measure, rest) = line.split_once(' ')?;
    let (place, count) = rest.rsplit_once(' ')?;
    let measure = Measure::ALL
        .into_iter()
        .find(|known| known.name() == measure)?;
    Some((measure, place, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::{Measure, Size, compare};

    fn check(list: &str, actual: usize, expected: Expect) {
        let size = Size {
            measure: Measure::File,
            place: "a.rs".into(),
            actual,
        };
        expected.assert_eq(&compare(list, vec![size]).join("\n"));
    }

    #[test]
    fn the_list_only_shrinks() {
        check("", 800, expect![""]);
        check(
            "",
            801,
            expect![[
                "a.rs: file of 801, the limit is 800; split it, or mark a flat table with a \
                 `tidy: table` comment"
            ]],
        );
        check("file a.rs 900", 900, expect![""]);
        check(
            "file a.rs 900",
            901,
            expect!["a.rs: file of 901, it grew beyond the 900 in xtask/tidy-allow.txt"],
        );
        check(
            "file a.rs 900",
            850,
            expect!["xtask/tidy-allow.txt: file a.rs is down to 850; lower 900"],
        );
        check(
            "file a.rs 900",
            700,
            expect!["xtask/tidy-allow.txt: file a.rs is within its limit; drop the entry"],
        );
        check(
            "file b.rs 900",
            1,
            expect!["xtask/tidy-allow.txt: file b.rs is gone; drop the entry"],
        );
        check(
            "b.rs",
            1,
            expect!["xtask/tidy-allow.txt: not `<measure> <place> <count>`: b.rs"],
        );
    }
}
