//! Looking into JSON text without building values.
//!
//! Stored documents are compact JSON that [`super::write`] made; a query that reads two of their
//! twenty attributes should not pay for the others.

use std::borrow::Cow;

use memchr::memchr2;

/// The deepest nesting of arrays and objects, wherever the text stops being JSON.
pub(super) fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0usize, 0usize, 0usize);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = string_end(text, at),
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
                at += 1;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    deepest
}

/// The raw JSON text of a top-level attribute of an object's text; `None` when it is missing.
///
/// The text must be valid JSON without duplicate names, as stored documents are; of any other
/// text the answer is meaningless but still within bounds.
pub fn find_attribute<'t>(object: &'t [u8], name: &str) -> Option<&'t [u8]> {
    attributes(object)
        .find(|(found, _)| found == name)
        .map(|(_, value)| value)
}

/// The top-level attributes of an object's text, each name with the raw text of its value.
pub fn attributes(object: &[u8]) -> Attributes<'_> {
    let at = skip_blanks(object, 0);
    let at = if object.get(at) == Some(&b'{') {
        at + 1
    } else {
        object.len()
    };
    Attributes { text: object, at }
}

/// Iterator of [`attributes`].
pub struct Attributes<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Iterator for Attributes<'t> {
    type Item = (Cow<'t, str>, &'t [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let start = skip_blanks(self.text, self.at);
        if self.text.get(start) != Some(&b'"') {
            return None;
        }
        let name_end = string_end(self.text, start);
        let name = unquote(self.text.get(start..name_end)?)?;
        let colon = skip_blanks(self.text, name_end);
        let value_start = skip_blanks(self.text, colon + 1);
        let value_end = value_end(self.text, value_start);
        let value = self.text.get(value_start..value_end)?;
        let comma = skip_blanks(self.text, value_end);
        self.at = comma + 1;
        Some((name, value))
    }
}

fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The position after the text that starts with the quote at `start`.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

/// The position after the value that starts at `start`.
fn value_end(text: &[u8], start: usize) -> usize {
    match text.get(start) {
        Some(b'"') => string_end(text, start),
        Some(b'[' | b'{') => container_end(text, start),
        _ => {
            let mut at = start;
            while !matches!(
                text.get(at),
                None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
            ) {
                at += 1;
            }
            at
        }
    }
}

fn container_end(text: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0usize, start);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string_end(text, at);
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The text of a quoted name; borrowed unless it has escapes.
fn unquote(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if inner.contains(&b'\\') {
        return super::parse(quoted)
            .ok()?
            .as_str()
            .map(|text| Cow::Owned(text.to_owned()));
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}
