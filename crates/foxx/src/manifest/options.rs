//! Configuration options: definitions and the values they take.

use indexmap::IndexMap;
use value::{Object, Value, json};

use super::Notes;
use super::fields::object_field;

/// What an option's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// Numbers without fraction.
    Integer,
    /// Finite numbers.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Texts.
    String,
    /// Texts that user interfaces hide.
    Password,
    /// JSON text; the service sees the parsed value.
    Json,
}

/// Definition of one option.
#[derive(Debug, Clone)]
pub struct OptionDefinition {
    /// The type as the manifest names it (`int` stays `int`).
    pub type_name: String,
    /// What values it takes.
    pub kind: OptionKind,
    /// For people.
    pub description: Option<String>,
    /// The value if none is set, as the service sees it.
    pub default: Option<Value>,
    /// Whether the service cannot run without a value.
    pub required: bool,
}

impl OptionDefinition {
    /// The value to store for a given one: `Ok(None)` unsets the option.
    ///
    /// # Errors
    /// The warning's text, such as `must be a number`.
    pub fn coerce(&self, given: &Value) -> Result<Option<Value>, &'static str> {
        if given.is_null() || given.as_str() == Some("") {
            return Ok(None);
        }
        coerce(self.kind, given).map(Some)
    }

    /// What the service sees for a stored value; `None` if it is unset and has no default.
    pub fn effective(&self, stored: Option<&Value>) -> Option<Value> {
        match (stored, self.kind) {
            (Some(Value::String(text)), OptionKind::Json) => json::parse(text.as_bytes()).ok(),
            (Some(value), _) => Some(value.clone()),
            (None, _) => self.default.clone(),
        }
    }
}

/// Copies `configuration` with every definition in full.
pub(super) fn read(
    given: &Object,
    out: &mut Object,
    notes: &mut Notes,
) -> IndexMap<String, OptionDefinition> {
    let mut options = IndexMap::new();
    let mut shown = Object::new();
    for (name, definition) in object_field(given, "configuration", notes) {
        if !is_option_name(name) {
            notes.warning(format!("\"configuration.{name}\" is an unusual name"));
        }
        let Value::Object(definition) = definition else {
            notes.problem(format!("\"configuration.{name}\" must be an object"));
            continue;
        };
        if let Some(option) = read_one(name, definition, notes) {
            shown.insert(name, show(definition, &option));
            options.insert(name.to_owned(), option);
        }
    }
    out.insert("configuration", shown);
    options
}

fn read_one(name: &str, given: &Object, notes: &mut Notes) -> Option<OptionDefinition> {
    let field = |part: &str| format!("\"configuration.{name}.{part}\"");
    let type_name = match given.get("type") {
        None => "string",
        Some(Value::String(text)) => text,
        Some(_) => {
            notes.problem(format!("{} must be a string", field("type")));
            return None;
        }
    };
    let Some(kind) = kind_of(type_name) else {
        notes.problem(format!(
            "{} is {type_name:?} but must be one of integer, int, boolean, bool, number, string, \
             password, json",
            field("type")
        ));
        return None;
    };
    let description = match given.get("description") {
        None => None,
        Some(Value::String(text)) => Some(text.to_string()),
        Some(_) => {
            notes.problem(format!("{} must be a string", field("description")));
            None
        }
    };
    let default = match given.get("default").filter(|default| !default.is_null()) {
        None => None,
        Some(default) => match default_value(kind, default) {
            Ok(default) => Some(default),
            Err(reason) => {
                notes.problem(format!("{} {reason}", field("default")));
                None
            }
        },
    };
    let required = match given.get("required") {
        None => default.is_none(),
        Some(Value::Bool(required)) => *required,
        Some(_) => {
            notes.problem(format!("{} must be a boolean", field("required")));
            true
        }
    };
    let type_name = type_name.to_owned();
    Some(OptionDefinition {
        type_name,
        kind,
        description,
        default,
        required,
    })
}

fn kind_of(type_name: &str) -> Option<OptionKind> {
    Some(match type_name {
        "integer" | "int" => OptionKind::Integer,
        "number" => OptionKind::Number,
        "boolean" | "bool" => OptionKind::Boolean,
        "string" => OptionKind::String,
        "password" => OptionKind::Password,
        "json" => OptionKind::Json,
        _ => return None,
    })
}

/// The definition as it was given, with type and requirement filled in.
fn show(given: &Object, option: &OptionDefinition) -> Object {
    let mut shown = given.clone();
    shown.insert("type", option.type_name.as_str());
    shown.insert("required", option.required);
    shown
}

/// A default as the service sees it.
fn default_value(kind: OptionKind, given: &Value) -> Result<Value, &'static str> {
    match (kind, given) {
        (OptionKind::Json, Value::String(text)) => {
            json::parse(text.as_bytes()).map_err(|_| NOT_JSON)
        }
        (OptionKind::Json, _) => Ok(given.clone()),
        _ => coerce(kind, given),
    }
}

const NOT_JSON: &str = "is not valid JSON";

/// The value as it is stored.
fn coerce(kind: OptionKind, given: &Value) -> Result<Value, &'static str> {
    match kind {
        OptionKind::Integer => {
            let number = number(given).ok_or("must be a number")?;
            number.as_i64().map(Value::Int).ok_or("must be an integer")
        }
        OptionKind::Number => number(given).ok_or("must be a number"),
        OptionKind::Boolean => match given {
            Value::Bool(_) => Ok(given.clone()),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            _ => Err("must be a boolean"),
        },
        OptionKind::String | OptionKind::Password => match given {
            Value::String(_) => Ok(given.clone()),
            _ => Err("must be a string"),
        },
        OptionKind::Json => match given {
            Value::String(text) if json::parse(text.as_bytes()).is_err() => Err(NOT_JSON),
            Value::String(_) => Ok(given.clone()),
            _ => Ok(json::to_string(given).into()),
        },
    }
}

fn number(given: &Value) -> Option<Value> {
    match given {
        Value::Int(_) | Value::Double(_) => Some(given.clone()),
        Value::String(text) => {
            let text = text.trim();
            match text.parse::<i64>() {
                Ok(number) => Some(Value::Int(number)),
                Err(_) => text.parse::<f64>().ok().and_then(Value::from_f64),
            }
        }
        _ => None,
    }
}

fn is_option_name(name: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$');
    name.starts_with(starts)
        && name
            .chars()
            .all(|c| starts(c) || c.is_ascii_digit() || c == '-')
}
