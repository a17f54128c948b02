//! JSON text in both directions, and looking into it without parsing all of it.

mod scan;

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeSeed, MapAccess, SeqAccess, Visitor};

pub use scan::{Attributes, attributes, find_attribute, find_attributes};

use crate::{Object, Value};

/// How deep arrays and objects may nest. Source: public documentation, "Data modeling / Limits".
pub const DEPTH_MAX: usize = 200;

/// Why a text is not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Reads one JSON value. Of duplicate attribute names the last one counts.
///
/// # Errors
/// Says what is wrong and where; nesting beyond [`DEPTH_MAX`] and invalid UTF-8 are refused.
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    // The scan keeps the parser's recursion within bounds before it starts.
    check_depth(text)?;
    sonic_rs::from_slice::<Parsed>(text)
        .map(|parsed| parsed.0)
        .map_err(to_error)
}

/// Whether a text is refused because of its nesting, right or wrong as it may be otherwise.
pub fn is_too_deep(text: &[u8]) -> bool {
    check_depth(text).is_err()
}

fn to_error(error: sonic_rs::Error) -> Error {
    // Only the first line: the rest shows the text around the place.
    let text = error.to_string();
    Error(
        text.lines()
            .next()
            .unwrap_or("invalid JSON")
            .trim()
            .to_owned(),
    )
}

/// Compact JSON text of a value.
pub fn to_string(value: &Value) -> String {
    let mut out = Vec::with_capacity(64);
    write(value, &mut out);
    String::from_utf8(out).expect("texts are UTF-8 and everything else is ASCII")
}

/// Appends compact JSON text.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) => {
            out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
        }
        Value::Double(number) => write_double(*number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            for (at, (name, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends a quoted text.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(bytes.get(start..at).unwrap_or_default());
        start = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
    out.push(b'"');
}

/// Whole doubles have no fraction, but from 2^53 to 2^64 they are exact integers with `.0`.
/// Source: public documentation, release notes of 3.12.3.
fn write_double(number: f64, out: &mut Vec<u8>) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    const UNSIGNED: f64 = 18_446_744_073_709_551_616.0;
    let size = number.abs();
    if number.fract() == 0.0 && size < UNSIGNED {
        let whole = number as i128;
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
        if size >= EXACT {
            out.extend_from_slice(b".0");
        }
    } else {
        out.extend_from_slice(ryu::Buffer::new().format(number).as_bytes());
    }
}

fn check_depth(text: &[u8]) -> Result<(), Error> {
    if scan::depth(text) > DEPTH_MAX {
        return Err(Error(format!("nesting is deeper than {DEPTH_MAX} levels")));
    }
    Ok(())
}

/// Keeps `Value` itself free of a wire format.
struct Parsed(Value);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValueVisitor).map(Self)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Value::from_f64(number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element::<Parsed>()? {
            array.push(item.0);
        }
        Ok(Value::array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut attributes: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some(name) = attributes.next_key_seed(NameSeed)? {
            let value = attributes.next_value::<Parsed>()?.0;
            object.insert(name, value);
        }
        Ok(Value::object(object))
    }
}

struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Arc<str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Arc<str>, D::Error> {
        from.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(text.into())
    }
}
