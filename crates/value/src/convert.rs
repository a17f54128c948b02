//! Conversions between types.
//!
//! Source: public documentation, "AQL / Type check and cast functions".

use std::sync::Arc;

use crate::{Value, json};

impl Value {
    /// `null`, `false`, `0` and `""` are false; everything else, also `[]` and `{}`, is true.
    pub fn to_bool(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) => *number != 0,
            Self::Double(number) => *number != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// The number a value counts as in arithmetic; 0 where it makes no sense.
    pub fn to_number(&self) -> Value {
        match self {
            Self::Null => Self::Int(0),
            Self::Bool(flag) => Self::Int((*flag).into()),
            Self::Int(_) | Self::Double(_) => self.clone(),
            Self::String(text) => parse_number(text).unwrap_or(Self::Int(0)),
            Self::Array(items) => match items.as_slice() {
                [only] => only.to_number(),
                _ => Self::Int(0),
            },
            Self::Object(_) => Self::Int(0),
        }
    }

    /// The text a value shows as: `null` is empty, containers are compact JSON.
    pub fn to_text(&self) -> Arc<str> {
        match self {
            Self::Null => "".into(),
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::String(text) => text.clone(),
            other => json::to_string(other).into(),
        }
    }

    /// `null` is empty, a scalar is a list of one, an object is the list of its values.
    pub fn to_array(&self) -> Arc<Vec<Value>> {
        match self {
            Self::Null => Arc::new(Vec::new()),
            Self::Array(items) => items.clone(),
            Self::Object(object) => Arc::new(object.values().cloned().collect()),
            scalar => Arc::new(vec![scalar.clone()]),
        }
    }
}

/// Reads a whole text, without surrounding blanks, as a decimal number.
pub fn parse_number(text: &str) -> Option<Value> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust also reads "inf" and "nan"; a number starts with a digit or a point.
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if let Ok(int) = text.parse::<i64>() {
        return Some(Value::Int(int));
    }
    text.parse::<f64>().ok().and_then(Value::from_f64)
}

/// The type's name as queries report it.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Double(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
