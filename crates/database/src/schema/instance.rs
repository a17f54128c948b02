//! Documents as the validator walks them: in place, without a copy.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use serde_json::Number;
use value::Value;

/// Our values as a representation of JSON.
pub(super) struct Values;

/// A place in a document.
#[derive(Clone, Copy)]
pub(super) enum Instance<'a> {
    /// The whole document, without its system attributes.
    Document(&'a value::Object),
    /// A value in it.
    Value(&'a Value),
}

/// Whether a top-level attribute belongs to the server and is hidden from schemas.
fn is_system(name: &str) -> bool {
    matches!(name, "_key" | "_id" | "_rev" | "_from" | "_to")
}

impl Json for Values {
    type Node<'a> = Instance<'a>;
    type PreparedKey = String;
    type StringBuffer = Value;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut Value,
        string: &str,
        f: impl FnOnce(Instance<'_>) -> T,
    ) -> T {
        *buffer = string.into();
        f(Instance::Value(buffer))
    }
}

impl<'a> Node<'a, Values> for Instance<'a> {
    type Object = Attributes<'a>;
    type Array = &'a [Value];
    type Number = NumberView;

    fn as_object(&self) -> Option<Attributes<'a>> {
        match self {
            Self::Document(object) => Some(Attributes {
                object,
                is_document: true,
            }),
            Self::Value(Value::Object(object)) => Some(Attributes {
                object,
                is_document: false,
            }),
            Self::Value(_) => None,
        }
    }

    fn as_array(&self) -> Option<&'a [Value]> {
        match self {
            Self::Value(value) => value.as_array(),
            Self::Document(_) => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Value(value) => value.as_str().map(Cow::Borrowed),
            Self::Document(_) => None,
        }
    }

    fn as_number(&self) -> Option<NumberView> {
        match self {
            Self::Value(Value::Int(number)) => Some(NumberView::Int(*number)),
            Self::Value(Value::Double(number)) => Some(NumberView::Double(*number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Self::Value(value) => value.as_bool(),
            Self::Document(_) => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }

    fn json_type(&self) -> JsonType {
        match self {
            Self::Document(_) | Self::Value(Value::Object(_)) => JsonType::Object,
            Self::Value(Value::Null) => JsonType::Null,
            Self::Value(Value::Bool(_)) => JsonType::Boolean,
            Self::Value(Value::Int(_) | Value::Double(_)) => JsonType::Number,
            Self::Value(Value::String(_)) => JsonType::String,
            Self::Value(Value::Array(_)) => JsonType::Array,
        }
    }

    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        Cow::Owned(match self {
            Self::Document(object) => serde_json::Value::Object(
                object
                    .iter()
                    .filter(|(name, _)| !is_system(name))
                    .map(|(name, value)| (name.to_string(), to_json(value)))
                    .collect(),
            ),
            Self::Value(value) => to_json(value),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        let address = match self {
            Self::Document(object) => std::ptr::from_ref(*object) as usize,
            Self::Value(value) => std::ptr::from_ref(*value) as usize,
        };
        Some(NodeIdentity::new(address))
    }
}

/// The attributes of an object.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a> {
    object: &'a value::Object,
    is_document: bool,
}

impl<'a> Object<'a, Values> for Attributes<'a> {
    type Node = Instance<'a>;
    type MemberName = &'a str;
    type MembersIter = Box<dyn Iterator<Item = (&'a str, Instance<'a>)> + 'a>;

    fn len(&self) -> usize {
        if self.is_document {
            self.members().count()
        } else {
            self.object.len()
        }
    }

    fn get(&self, key: &String) -> Option<Instance<'a>> {
        if self.is_document && is_system(key) {
            return None;
        }
        self.object.get(key).map(Instance::Value)
    }

    fn members(&self) -> Self::MembersIter {
        let is_document = self.is_document;
        let shown = move |name: &str| !(is_document && is_system(name));
        let all = self.object.iter();
        Box::new(
            all.filter(move |(name, _)| shown(name))
                .map(|(name, value)| (&**name, Instance::Value(value))),
        )
    }
}

impl<'a> Array<'a, Values> for &'a [Value] {
    type Node = Instance<'a>;
    type ElementsIter = std::iter::Map<std::slice::Iter<'a, Value>, fn(&'a Value) -> Instance<'a>>;

    fn len(&self) -> usize {
        <[Value]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter().map(Instance::Value)
    }
}

/// A number of a document.
#[derive(Clone, Copy)]
pub(super) enum NumberView {
    Int(i64),
    Double(f64),
}

impl JsonNumber for NumberView {
    fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(number) => u64::try_from(*number).ok(),
            Self::Double(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Double(_) => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
        }
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_number().to_string())
    }

    fn to_number(&self) -> Cow<'_, Number> {
        Cow::Owned(match self {
            Self::Int(number) => Number::from(*number),
            Self::Double(number) => {
                Number::from_f64(*number).expect("values hold no infinity and no NaN")
            }
        })
    }

    // The documented rule: there is no type `integer`, `multipleOf: 1` takes its place.
    fn is_integer(&self) -> bool {
        false
    }

    fn is_written_as_integer(&self) -> bool {
        false
    }
}

/// A value as the validator's library has them: for rules, and for comparisons with `enum`.
pub(super) fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Double(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.to_string()),
        Value::Array(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Object(object) => Json::Object(
            object
                .iter()
                .map(|(name, value)| (name.to_string(), to_json(value)))
                .collect(),
        ),
    }
}
