//! Reading an import's body row by row, so that only a batch of it is ever parsed.

use memchr::{memchr, memchr2};
use std::sync::Arc;
use value::{Object, Value, json};

use crate::error::{Error, Result};

/// How rows are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A line of attribute names, then lines of values.
    Tuples,
    /// A document in each line.
    Documents,
    /// One array of documents.
    Array,
}

impl Form {
    /// From the parameter `type`; `auto` looks at the body.
    ///
    /// # Errors
    /// 400 for another word.
    pub(super) fn parse(name: &str, body: &[u8]) -> Result<Self> {
        match name {
            "" => Ok(Self::Tuples),
            "documents" => Ok(Self::Documents),
            "array" | "list" => Ok(Self::Array),
            "auto" => {
                let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
                let is_array = first == Some(&b'[');
                Ok(if is_array {
                    Self::Array
                } else {
                    Self::Documents
                })
            }
            _ => Err(Error::bad_parameter("invalid value for parameter 'type'")),
        }
    }
}

/// One row.
pub(super) enum Row<'b> {
    /// A line without anything.
    Blank,
    /// A document and the text it came from.
    Document(Object, &'b [u8]),
    /// Why there is no document, and the text.
    Bad(String, &'b [u8]),
}

/// The rows of a body, in order.
#[derive(Clone)]
pub(super) struct Rows<'b> {
    rest: &'b [u8],
    form: Form,
    names: Arc<[Arc<str>]>,
    ignore_missing: bool,
}

impl<'b> Rows<'b> {
    /// Looks at the beginning of a body, and of an array at all its elements' borders.
    ///
    /// # Errors
    /// 400 for a body that is not of this form at all.
    pub(super) fn new(body: &'b [u8], form: Form, ignore_missing: bool) -> Result<Self> {
        let mut rows = Self {
            rest: body,
            form,
            names: Arc::from([]),
            ignore_missing,
        };
        match form {
            Form::Documents => {}
            Form::Array => {
                let not_array = || Error::bad_parameter("expecting a JSON array in the request");
                let inner = body.trim_ascii().strip_prefix(b"[").ok_or_else(not_array)?;
                rows.rest = inner.strip_suffix(b"]").ok_or_else(not_array)?.trim_ascii();
                check_borders(rows.rest).ok_or_else(not_array)?;
            }
            Form::Tuples => {
                rows.names = rows
                    .next_line()
                    .and_then(names)
                    .ok_or_else(|| Error::bad_parameter("no JSON array found in second line"))?;
            }
        }
        Ok(rows)
    }

    fn next_line(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest);
        let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.get(1..).unwrap_or_default();
        Some(line.trim_ascii())
    }

    fn next_element(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (element, rest) = self.rest.split_at(element_end(self.rest)?);
        self.rest = rest.get(1..).unwrap_or_default();
        Some(element.trim_ascii())
    }

    fn document(&self, text: &'b [u8]) -> Row<'b> {
        match json::parse(text) {
            Ok(Value::Object(object)) => Row::Document(object.as_ref().clone(), text),
            Ok(_) => Row::Bad("invalid JSON type (expecting object)".to_owned(), text),
            Err(_) => Row::Bad(
                "invalid JSON type (expecting object, probably parse error)".to_owned(),
                text,
            ),
        }
    }

    fn tuple(&self, text: &'b [u8]) -> Row<'b> {
        let values = match json::parse(text) {
            Ok(Value::Array(values)) => values,
            Ok(_) => return Row::Bad("no valid JSON data array".to_owned(), text),
            Err(_) => return Row::Bad("no valid JSON data".to_owned(), text),
        };
        if values.len() != self.names.len() && !self.ignore_missing {
            let (got, expected) = (values.len(), self.names.len());
            let why = format!("wrong number of JSON values (got {got}, expected {expected})");
            return Row::Bad(why, text);
        }
        let mut object = Object::with_capacity(values.len());
        for (name, value) in self.names.iter().zip(values.iter()) {
            object.insert(Arc::clone(name), value.clone());
        }
        Row::Document(object, text)
    }
}

impl<'b> Iterator for Rows<'b> {
    type Item = Row<'b>;

    fn next(&mut self) -> Option<Row<'b>> {
        if self.form == Form::Array {
            return self.next_element().map(|text| self.document(text));
        }
        let line = self.next_line()?;
        Some(match self.form {
            _ if line.is_empty() => Row::Blank,
            Form::Tuples => self.tuple(line),
            _ => self.document(line),
        })
    }
}

fn names(line: &[u8]) -> Option<Arc<[Arc<str>]>> {
    let parsed = json::parse(line).ok()?;
    let names = parsed.as_array()?.iter();
    names.map(|name| name.as_str().map(Arc::from)).collect()
}

/// Looks whether commas outside of containers and texts separate non-empty elements. What is
/// between them is looked at when it is imported.
fn check_borders(mut rest: &[u8]) -> Option<()> {
    while !rest.is_empty() {
        let end = element_end(rest)?;
        let element = rest.get(..end)?;
        if element.trim_ascii().is_empty() {
            return None;
        }
        if end == rest.len() {
            break;
        }
        rest = rest.get(end + 1..)?;
        if rest.trim_ascii().is_empty() {
            return None;
        }
    }
    Some(())
}

/// Where the first element ends: at a comma or at the end. `None` when a container or text is
/// left open, or closed without having been opened.
fn element_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = text_end(text, at)?,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(at)
}

/// The position of the quote that ends the text beginning at `start`.
fn text_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(body: &str, form: Form, ignore_missing: bool) -> Result<Vec<String>, String> {
        let rows = Rows::new(body.as_bytes(), form, ignore_missing).map_err(|e| e.message)?;
        Ok(rows
            .map(|row| match row {
                Row::Blank => "blank".to_owned(),
                Row::Document(object, _) => json::to_string(&object.into()),
                Row::Bad(why, text) => format!("{why}: {}", String::from_utf8_lossy(text)),
            })
            .collect())
    }

    #[test]
    fn arrays_are_taken_apart_at_their_own_commas() {
        for (body, wanted) in [
            (" [ ] ", Ok(vec![])),
            (
                r#"[{"a":[1,{"b":"],\",\\"}]} , {"c":2}]"#,
                Ok(vec![r#"{"a":[1,{"b":"],\",\\"}]}"#, r#"{"c":2}"#]),
            ),
            (
                "[{\n},1]",
                Ok(vec!["{}", "invalid JSON type (expecting object): 1"]),
            ),
            ("[{},]", Err(())),
            ("[,{}]", Err(())),
            ("[{}", Err(())),
            ("[{}]]", Err(())),
            ("[{]", Err(())),
            (r#"[{"a]"#, Err(())),
            (r#"["\"]"#, Err(())),
            ("{}", Err(())),
            ("", Err(())),
        ] {
            let wanted = wanted
                .map(|rows| rows.into_iter().map(str::to_owned).collect::<Vec<_>>())
                .map_err(|()| "expecting a JSON array in the request".to_owned());
            assert_eq!(show(body, Form::Array, false), wanted, "{body}");
        }
    }

    #[test]
    fn tuples_need_names_and_as_many_values() {
        let body = "[\"a\",\"b\"]\r\n[1,2]\r\n\r\n[1]\n{}\n[1,2,3]";
        let wrong =
            |got, text| format!("wrong number of JSON values (got {got}, expected 2): {text}");
        assert_eq!(
            show(body, Form::Tuples, false).unwrap(),
            [
                "{\"a\":1,\"b\":2}",
                "blank",
                &wrong(1, "[1]"),
                "no valid JSON data array: {}",
                &wrong(3, "[1,2,3]"),
            ]
        );
        assert_eq!(
            show(body, Form::Tuples, true).unwrap(),
            [
                "{\"a\":1,\"b\":2}",
                "blank",
                "{\"a\":1}",
                "no valid JSON data array: {}",
                "{\"a\":1,\"b\":2}",
            ]
        );
        for body in ["", "{}", "[1]", "[\"a\"", "\n[\"a\"]"] {
            let outcome = show(body, Form::Tuples, false);
            assert_eq!(outcome.unwrap_err(), "no JSON array found in second line");
        }
    }
}
