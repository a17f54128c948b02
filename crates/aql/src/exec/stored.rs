//! Stored JSON text, read and compared without building values where that can be spared.

use std::cmp::Ordering;

use value::{Value, json, type_rank};

/// Reads stored JSON text. Texts without escapes and numbers, which are most of what queries
/// look at, do not need the parser.
pub(crate) fn read(text: &[u8]) -> Value {
    // Stored text is valid; damaged text reads as null, as the database reads it.
    read_simple(text).unwrap_or_else(|| json::parse(text).unwrap_or_default())
}

fn read_simple(text: &[u8]) -> Option<Value> {
    match text {
        [b'"', ..] => Some(plain_text(text)?.into()),
        [b'-' | b'0'..=b'9', ..] => read_number(text),
        b"null" => Some(Value::Null),
        b"true" => Some(Value::Bool(true)),
        b"false" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// What is between the quotes of a text without escapes.
fn plain_text(text: &[u8]) -> Option<&str> {
    match text {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => std::str::from_utf8(inner).ok(),
        _ => None,
    }
}

fn read_number(text: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(text).ok()?;
    match text.parse::<i64>() {
        Ok(number) => Some(Value::Int(number)),
        // Both this and the parser give the double that is nearest to what is written.
        Err(_) => Value::from_f64(text.parse().ok()?),
    }
}

/// How a stored value compares with another; `None` if only reading it can tell.
pub(crate) fn compare(text: &[u8], other: &Value) -> Option<Ordering> {
    let order = match (text.first()?, other) {
        (b'"', Value::String(other)) => plain_text(text)?.as_bytes().cmp(other.as_bytes()),
        (b'[', Value::Array(_)) | (b'{', Value::Object(_)) => return None,
        (b'"' | b'[' | b'{', other) => stored_rank(text)?.cmp(&type_rank(other)),
        _ => read_simple(text)?.cmp(other),
    };
    Some(order)
}

/// [`type_rank`] of a stored value that is a text, an array or an object.
fn stored_rank(text: &[u8]) -> Option<u8> {
    match text.first()? {
        b'"' => Some(3),
        b'[' => Some(4),
        b'{' => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_text_compares_like_what_it_says() {
        const TEXTS: &[&str] = &[
            "null",
            "false",
            "true",
            "0",
            "-1",
            "1",
            "1.5",
            "1.0",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "9007199254740993",
            "9007199254740992.0",
            "1e300",
            "\"\"",
            "\"a\"",
            "\"a\\n\"",
            "\"é\"",
            "[]",
            "[1]",
            "{}",
            "{\"a\":1}",
        ];
        let values: Vec<Value> = TEXTS
            .iter()
            .map(|text| json::parse(text.as_bytes()).unwrap())
            .collect();
        for (text, value) in TEXTS.iter().zip(&values) {
            assert_eq!(
                json::to_string(&read(text.as_bytes())),
                json::to_string(value),
                "{text}"
            );
            for other in &values {
                if let Some(order) = compare(text.as_bytes(), other) {
                    assert_eq!(order, value.cmp(other), "{text} with {other:?}");
                }
            }
        }
    }
}
