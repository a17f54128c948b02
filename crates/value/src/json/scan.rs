//! Looking into JSON text without building values.
//!
//! Stored documents are compact JSON that [`super::write`] made; a query that reads two of their
//! twenty attributes should not pay for the others.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

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
    let mut found = [None];
    find_attributes(object, &[name], &mut found);
    found[0]
}

/// [`find_attribute`] for several different names at once: one pass over the text, which ends
/// with the last one found. `found` has a place for each name and is overwritten.
pub fn find_attributes<'t, S: AsRef<str>>(
    object: &'t [u8],
    names: &[S],
    found: &mut [Option<&'t [u8]>],
) {
    found.fill(None);
    let mut missing = names.len();
    let mut at = attributes(object).at;
    while missing > 0 {
        let start = skip_blanks(object, at);
        if object.get(start) != Some(&b'"') {
            return;
        }
        let name_end = string_end(object, start);
        let colon = skip_blanks(object, name_end);
        let value_start = skip_blanks(object, colon + 1);
        let value_end = value_end(object, value_start);
        let Some(name) = object.get(start + 1..name_end.saturating_sub(1)) else {
            return;
        };
        if let Some(place) = position_of(name, names)
            && let Some(place) = found.get_mut(place)
        {
            *place = object.get(value_start..value_end);
            missing -= 1;
        }
        at = skip_blanks(object, value_end) + 1;
    }
}

/// Which of the names a name in a text is, given without its quotes.
fn position_of<S: AsRef<str>>(name: &[u8], names: &[S]) -> Option<usize> {
    let is_wanted = |wanted: &S| wanted.as_ref().as_bytes() == name;
    // What has escapes differs from every name as it stands.
    names.iter().position(is_wanted).or_else(|| {
        let escaped = memchr(b'\\', name).is_some();
        let quoted = escaped.then(|| [b"\"", name, b"\""].concat())?;
        let unquoted = unquote(&quoted)?;
        names.iter().position(|wanted| wanted.as_ref() == unquoted)
    })
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
    // Names and most values are short: setting up a search costs more than looking.
    const SHORT: usize = 16;
    let mut at = start + 1;
    for &byte in text.get(at..).unwrap_or_default().iter().take(SHORT) {
        match byte {
            b'"' => return at + 1,
            b'\\' => break,
            _ => at += 1,
        }
    }
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
