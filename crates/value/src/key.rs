//! Keys whose bytes compare the way their values compare.
//!
//! Layout of one value (tags in hexadecimal):
//!
//! ```text
//! 10                          null
//! 20 | 21                     false | true
//! 30 <8 bytes> <2 bytes>      number: the largest double not above it, sign-flipped, big endian;
//!                             then the distance to it (integers beyond 2^53 are not doubles)
//! 40 <bytes> 00 01            text in UTF-8; a 00 inside is written 00 FF
//! 50 <values> 01              array without its trailing nulls
//! 60 <attributes> 01          object without nulls, names sorted; an attribute is 02, the name
//!                             like a text with every byte inverted, then the value
//! ```
//!
//! Names are inverted because an object that has the smaller name is the larger one: the other
//! object has `null` there. Values written one after the other compare like an array of fixed
//! length, which is what an index over several attributes needs.

use crate::Value;

const NULL: u8 = 0x10;
const FALSE: u8 = 0x20;
const TRUE: u8 = 0x21;
const NUMBER: u8 = 0x30;
const STRING: u8 = 0x40;
const ARRAY: u8 = 0x50;
const OBJECT: u8 = 0x60;
const END: u8 = 0x01;
const NAME: u8 = 0x02;
const SIGN: u64 = 1 << 63;
/// 2^63: no integer lies beyond it.
const INT_LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// Why bytes are not an encoded key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The key of one value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    encode_into(value, &mut out);
    out
}

/// Appends the key of one value.
pub fn encode_into(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(flag) => out.push(if *flag { TRUE } else { FALSE }),
        Value::Int(number) => encode_int(*number, out),
        Value::Double(number) => encode_double(*number, 0, out),
        Value::String(text) => {
            out.push(STRING);
            encode_text(text, out);
        }
        Value::Array(items) => {
            out.push(ARRAY);
            let used = items
                .iter()
                .rposition(|item| !item.is_null())
                .map_or(0, |last| last + 1);
            items
                .iter()
                .take(used)
                .for_each(|item| encode_into(item, out));
            out.push(END);
        }
        Value::Object(object) => {
            out.push(OBJECT);
            let mut attributes: Vec<_> = object
                .iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            attributes.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in attributes {
                out.push(NAME);
                let start = out.len();
                encode_text(name, out);
                out.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
                encode_into(value, out);
            }
            out.push(END);
        }
    }
}

/// Reads one value from the start of `bytes` and returns what follows it.
///
/// # Errors
/// [`Malformed`] when the bytes were not written by [`encode_into`].
pub fn decode(bytes: &[u8]) -> Result<(Value, &[u8]), Malformed> {
    let (&tag, rest) = bytes.split_first().ok_or(Malformed)?;
    match tag {
        NULL => Ok((Value::Null, rest)),
        FALSE => Ok((Value::Bool(false), rest)),
        TRUE => Ok((Value::Bool(true), rest)),
        NUMBER => decode_number(rest),
        STRING => {
            let (text, rest) = decode_text(rest, 0)?;
            Ok((Value::from(text), rest))
        }
        ARRAY => decode_array(rest),
        OBJECT => decode_object(rest),
        _ => Err(Malformed),
    }
}

fn encode_int(number: i64, out: &mut Vec<u8>) {
    let nearest = number as f64;
    // Rounding up to 2^63 leaves the range of i64; i128 keeps the comparison exact.
    let below = if nearest as i128 > i128::from(number) {
        nearest.next_down()
    } else {
        nearest
    };
    let distance = (i128::from(number) - below as i128) as u16;
    encode_double(below, distance, out);
}

fn encode_double(number: f64, distance: u16, out: &mut Vec<u8>) {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let sortable = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    out.push(NUMBER);
    out.extend_from_slice(&sortable.to_be_bytes());
    out.extend_from_slice(&distance.to_be_bytes());
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0x00, 0x01]);
}

fn decode_number(bytes: &[u8]) -> Result<(Value, &[u8]), Malformed> {
    let (number, rest) = bytes.split_first_chunk::<8>().ok_or(Malformed)?;
    let (distance, rest) = rest.split_first_chunk::<2>().ok_or(Malformed)?;
    let sortable = u64::from_be_bytes(*number);
    let bits = if sortable & SIGN == 0 {
        !sortable
    } else {
        sortable & !SIGN
    };
    let double = f64::from_bits(bits);
    // Whole numbers come back as integers: key order does not tell the two kinds apart.
    if double.fract() == 0.0 && double.abs() <= INT_LIMIT {
        let exact = double as i128 + i128::from(u16::from_be_bytes(*distance));
        if let Ok(int) = i64::try_from(exact) {
            return Ok((Value::Int(int), rest));
        }
    }
    Ok((Value::from_f64(double).ok_or(Malformed)?, rest))
}

/// `mask` is 0 for plain text and `0xff` for an inverted name.
fn decode_text(bytes: &[u8], mask: u8) -> Result<(String, &[u8]), Malformed> {
    let mut text = Vec::new();
    let mut rest = bytes;
    loop {
        let (&byte, after) = rest.split_first().ok_or(Malformed)?;
        rest = after;
        if byte ^ mask != 0 {
            text.push(byte ^ mask);
            continue;
        }
        let (&next, after) = rest.split_first().ok_or(Malformed)?;
        rest = after;
        match next ^ mask {
            0xff => text.push(0),
            0x01 => break,
            _ => return Err(Malformed),
        }
    }
    Ok((String::from_utf8(text).map_err(|_| Malformed)?, rest))
}

fn decode_array(mut bytes: &[u8]) -> Result<(Value, &[u8]), Malformed> {
    let mut items = Vec::new();
    loop {
        if let Some((&END, rest)) = bytes.split_first() {
            return Ok((Value::array(items), rest));
        }
        let (item, rest) = decode(bytes)?;
        items.push(item);
        bytes = rest;
    }
}

fn decode_object(mut bytes: &[u8]) -> Result<(Value, &[u8]), Malformed> {
    let mut object = crate::Object::new();
    loop {
        match bytes.split_first() {
            Some((&END, rest)) => return Ok((Value::object(object), rest)),
            Some((&NAME, rest)) => {
                let (name, rest) = decode_text(rest, 0xff)?;
                let (value, rest) = decode(rest)?;
                object.insert(name, value);
                bytes = rest;
            }
            _ => return Err(Malformed),
        }
    }
}
