//! What JavaScript threw.

use std::fmt;

use crate::value::{Kind, Value};

/// A thrown JavaScript value: returned by what runs JavaScript, and by host functions to throw.
///
/// Cheap to pass on; [`Exception::details`] reads the parts.
#[derive(Clone)]
pub struct Exception {
    value: Value,
}

/// What can be said about an exception without its VM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// `name` of an error (`TypeError`); empty for other values.
    pub name: String,
    /// `message` of an error, or the value as text.
    pub message: String,
    /// One frame a line, `function@file:line:column`, innermost first; empty for other values.
    pub stack: String,
    /// The source file, as given when it was evaluated.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// Counted from 1; syntax errors have none.
    pub column: Option<u32>,
}

impl Exception {
    /// An exception that throws `value`.
    pub fn new(value: Value) -> Self {
        Self { value }
    }

    /// The thrown value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The thrown value.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Reads name, message, stack and position. May run JavaScript (getters); what that throws
    /// is left out.
    pub fn details(&self) -> Details {
        let scope = self.value.scope();
        if scope.is_poisoned() {
            let message = "the script was stopped".to_owned();
            return Details {
                message,
                ..Details::default()
            };
        }
        if !self.value.is_object() {
            let message = self
                .value
                .to_text()
                .unwrap_or_else(|_| "a symbol".to_owned());
            return Details {
                message,
                ..Details::default()
            };
        }
        let text = |name: &str| {
            let value = self.value.get(name).ok()?;
            if value.is_undefined() {
                None
            } else {
                value.to_text().ok()
            }
        };
        let number = |name: &str| {
            let value = self
                .value
                .get(name)
                .ok()
                .filter(|v| v.kind() == Kind::Number)?;
            let number = value.to_f64().ok()?;
            (number >= 1.0 && number <= f64::from(u32::MAX)).then_some(number as u32)
        };
        let message = text("message")
            .or_else(|| self.value.to_text().ok())
            .unwrap_or_default();
        let file = text("sourceURL").filter(|file| !file.is_empty());
        let line = number("line");
        let stack = scope.adjust_stack(text("stack").unwrap_or_default());
        let column = match (&file, line, number("column")) {
            (Some(file), Some(line), Some(column)) => Some(scope.adjust_column(file, line, column)),
            (_, _, column) => column,
        };
        Details {
            name: text("name").unwrap_or_default(),
            message,
            stack,
            file,
            line,
            column,
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.details().fmt(f)
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.details().fmt(f)
    }
}

impl std::error::Error for Exception {}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        f.write_str(&self.message)?;
        if let Some(file) = &self.file {
            write!(f, " ({file}")?;
            for number in [self.line, self.column].into_iter().flatten() {
                write!(f, ":{number}")?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}
