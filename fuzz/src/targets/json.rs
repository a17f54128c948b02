//! JSON text: what is accepted survives writing, and another parser agrees on what is JSON.

use value::{Value, json};

/// Nesting up to which the other parser goes; ours goes further.
const PEER_DEPTH_MAX: usize = 127;

/// Parses, writes, parses again.
pub(crate) fn run(data: &[u8]) {
    let ours = json::parse(data);
    if depth_at_most(data) <= PEER_DEPTH_MAX {
        let theirs = serde_json::from_slice::<serde_json::Value>(data);
        assert_eq!(
            ours.is_ok(),
            theirs.is_ok(),
            "one parser accepts it: {ours:?} against {theirs:?}"
        );
    }
    let Ok(value) = ours else { return };
    let text = json::to_string(&value);
    let again = json::parse(text.as_bytes()).expect("what was written is JSON");
    assert_eq!(again, value, "changed by writing: {text}");
    assert_eq!(json::to_string(&again), text, "written differently");
    check_attributes(&text, &value);
}

/// Looking into a text finds what parsing all of it finds.
fn check_attributes(text: &str, value: &Value) {
    let Some(object) = value.as_object() else {
        return;
    };
    for (name, expected) in object.iter() {
        let found = json::find_attribute(text.as_bytes(), name)
            .unwrap_or_else(|| panic!("{name:?} not found in {text}"));
        assert_eq!(json::parse(found).as_ref(), Ok(expected), "in {text}");
    }
}

/// No text nests deeper than it has opening brackets.
fn depth_at_most(data: &[u8]) -> usize {
    data.iter()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count()
}
