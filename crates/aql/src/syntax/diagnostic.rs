//! What is wrong with a query text, and where.

use error_codes::Code;

use super::ast::Span;

/// One problem of a query text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The public error number.
    pub code: Code,
    /// What is wrong, with the place.
    pub message: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// The bytes concerned.
    pub span: Span,
}

/// The most characters of the query that a message repeats.
const NEAR_CHARS_MAX: usize = 64;

impl Diagnostic {
    /// A problem whose message stands by itself.
    pub fn new(text: &str, code: Code, message: impl Into<String>, span: Span) -> Self {
        let (line, column) = position(text, span.start as usize);
        Self {
            code,
            message: message.into(),
            line,
            column,
            span,
        }
    }

    /// A problem whose message ends in the place: `... near 'x' at position 1:2`.
    pub fn near(text: &str, code: Code, message: &str, span: Span) -> Self {
        let (line, column) = position(text, span.start as usize);
        let rest = text.get(span.start as usize..).unwrap_or_default();
        let mut near: String = rest.chars().take(NEAR_CHARS_MAX).collect();
        if near.len() < rest.len() {
            near.push_str("...");
        }
        Self {
            code,
            message: format!("{message} near '{near}' at position {line}:{column}"),
            line,
            column,
            span,
        }
    }
}

/// Line and column of a byte, both counted from 1.
pub fn position(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line as u32, column as u32)
}
