//! Values as documents and queries see them.
//!
//! Charter: the value type, its total order and equality, conversions between types, attribute
//! paths, dates and their texts, JSON text in both directions and the order-preserving key
//! encoding. It does no IO and knows nothing of time zones, collections, indexes or queries.
//!
//! Invariants: a [`Value`] never holds NaN or an infinity; encoded keys compare as bytes the way
//! the values compare; JSON text survives `parse` and `write` unchanged in meaning.
//!
//! Entry points: [`Value`], [`json`], [`key`], [`date`].

mod convert;
pub mod date;
pub mod json;
pub mod key;
mod object;
mod order;
mod path;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use convert::{parse_number, type_name};
pub use object::Object;
pub use order::{compare_numbers, type_rank};
pub use path::{AttributePath, PathError, PathStep};

/// One value. Cloning is cheap: texts and containers are shared.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// `null`, also what a missing attribute reads as.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction that fits 64 bits with a sign.
    Int(i64),
    /// Any other finite number. Never NaN or infinite: build it with [`Value::from_f64`].
    Double(f64),
    /// A text.
    String(Arc<str>),
    /// A list of values.
    Array(Arc<Vec<Value>>),
    /// Named values in insertion order.
    Object(Arc<Object>),
}

impl Value {
    /// A number; `None` for NaN and the infinities. Stays a double even when it has no fraction.
    pub fn from_f64(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Double(number))
    }

    /// A text.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    pub fn array(items: Vec<Value>) -> Self {
        Self::Array(Arc::new(items))
    }

    /// An object.
    pub fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this is a number of either kind.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Double(_))
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The number as a double, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The number as an integer, if it is one without fraction that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Double(number) if number.fract() == 0.0 && number.abs() < 9.2e18 => {
                Some(*number as i64)
            }
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The attribute `name`; `null` when there is none or this is not an object.
    pub fn get(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.as_object()
            .and_then(|object| object.get(name))
            .unwrap_or(&NULL)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value {
    /// Numbers above `i64::MAX` become the nearest double.
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Double(number as f64), Self::Int)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        (number as u64).into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::array(items)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::object(object)
    }
}
