//! `engines`: which servers a service was made for.

use nodejs_semver::{Range, Version};
use value::{Object, Value};

use super::Notes;
use super::fields::object_field;

/// Copies `engines` and answers whether the service is a legacy one: no version from 3.0.0 on, its
/// development versions included, satisfies the range.
pub(super) fn read(
    given: &Object,
    server_version: &str,
    out: &mut Object,
    notes: &mut Notes,
) -> bool {
    let engines = object_field(given, "engines", notes);
    if given.get("engines").is_none() {
        return false;
    }
    let mut shown = Object::new();
    let mut legacy = false;
    for (engine, range) in engines {
        let Value::String(text) = range else {
            notes.problem(format!("\"engines.{engine}\" must be a string"));
            continue;
        };
        shown.insert(engine, range.clone());
        if engine != "arangodb" {
            continue;
        }
        let Ok(range) = Range::parse(text) else {
            notes.problem(format!(
                "\"engines.arangodb\" is {text:?}, which is no version range"
            ));
            continue;
        };
        legacy = is_legacy(&range);
        let satisfied = Version::parse(server_version)
            .is_ok_and(|version| range.satisfies_with_prerelease(&version, true));
        if !satisfied {
            notes.warning(format!(
                "made for servers of version {text}; this one acts as {server_version}"
            ));
        }
    }
    out.insert("engines", shown);
    legacy
}

fn is_legacy(range: &Range) -> bool {
    let modern = Range::parse(">=3.0.0-0").expect("the range is well-formed");
    !range.allows_any(&modern)
}
