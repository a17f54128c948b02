//! Strict comparison of rows: the language's own equality calls `{}` and `{"a": null}` the same.

use value::{Value, json};

/// Stands for any text that is not empty.
const ANY: &str = "<any>";

/// Whether a row is as expected.
pub fn is_same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Array(expected), Value::Array(found)) => are_same(expected, found),
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(name, expected)| {
                    found
                        .get(name)
                        .is_some_and(|found| is_same(expected, found))
                })
        }
        (Value::String(expected), Value::String(found)) => {
            expected == found || (&**expected == ANY && !found.is_empty())
        }
        // The text tells numbers apart that differ in what clients receive.
        (expected, found) => json::to_string(expected) == json::to_string(found),
    }
}

/// Whether rows are as expected, in this order.
pub fn are_same(expected: &[Value], found: &[Value]) -> bool {
    expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(expected, found)| is_same(expected, found))
}

/// Whether rows are as expected, in any order.
pub fn are_same_unordered(expected: &[Value], found: &[Value]) -> bool {
    let mut left: Vec<&Value> = expected.iter().collect();
    found.iter().all(|found| {
        let at = left.iter().position(|expected| is_same(expected, found));
        at.map(|at| left.swap_remove(at)).is_some()
    }) && left.is_empty()
}

/// The rows as a case would state them: one line, or a line each if that is too long.
pub fn show_rows(rows: &[Value]) -> Vec<String> {
    const LINE_MAX: usize = 110;
    let line = json::to_string(&Value::array(rows.to_vec()));
    if line.len() <= LINE_MAX || rows.is_empty() {
        return vec![line];
    }
    let last = rows.len() - 1;
    let texts = rows.iter().map(json::to_string).enumerate();
    texts
        .map(|(at, text)| {
            let open = if at == 0 { "[" } else { "" };
            let close = if at == last { "]" } else { "," };
            format!("{open}{text}{close}")
        })
        .collect()
}
