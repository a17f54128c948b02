//! Schemas of collections: what documents must look like.
//!
//! Source: public documentation, "Data modeling / Schema validation". A rule is JSON Schema,
//! draft 4, without remote references. Of numbers it only knows the type `number`.

mod instance;

use std::fmt;
use std::sync::Arc;

use error_codes::codes;
use jsonschema::{Draft, Validator};
use value::{Object, Value};

use crate::document::{Document, parse_body};
use crate::error::{Error, ErrorKind, Result};
use instance::{Instance, Values};

/// Which writes are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaLevel {
    /// None.
    None,
    /// Inserts.
    New,
    /// Inserts, and changes of documents that were valid before.
    Moderate,
    /// All.
    Strict,
}

impl SchemaLevel {
    const ALL: [(&'static str, Self); 4] = [
        ("none", Self::None),
        ("new", Self::New),
        ("moderate", Self::Moderate),
        ("strict", Self::Strict),
    ];

    fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, level)| *level == self);
        named.map_or("strict", |(name, _)| name)
    }
}

/// The `schema` of a collection, compiled.
pub struct Schema {
    rule: Value,
    level: SchemaLevel,
    message: Arc<str>,
    /// The text says why the rule cannot be compiled. Only a stored rule can be in that state,
    /// after a change of the compiler; it refuses what it would have to check.
    validator: std::result::Result<Validator<Values>, String>,
}

impl Schema {
    /// Reads the public form `{rule, level, message, type}`; `null` and `{}` are no schema.
    ///
    /// Errors: 1621.
    pub fn parse(definition: &Value) -> Result<Option<Arc<Self>>> {
        let Some(schema) = Self::read(definition)? else {
            return Ok(None);
        };
        match &schema.validator {
            Ok(_) => Ok(Some(Arc::new(schema))),
            Err(reason) => Err(bad(reason)),
        }
    }

    /// A bare rule as a schema of level `strict`; `null` and `{}` are no schema. Errors: 1621.
    pub fn from_rule(rule: &Value) -> Result<Option<Arc<Self>>> {
        let mut definition = Object::new();
        match rule {
            Value::Null => {}
            Value::Object(object) if object.is_empty() => {}
            rule => {
                definition.insert("rule", rule.clone());
            }
        }
        Self::parse(&definition.into())
    }

    /// What was accepted once; errors: 1621 if it is no schema at all.
    pub(crate) fn from_stored(definition: &Value) -> Result<Option<Arc<Self>>> {
        Ok(Self::read(definition)?.map(Arc::new))
    }

    fn read(definition: &Value) -> Result<Option<Self>> {
        let object = match definition {
            Value::Null => return Ok(None),
            Value::Object(object) if object.is_empty() => return Ok(None),
            Value::Object(object) => object,
            _ => return Err(bad("schema must be an object")),
        };
        let rule = match object.get("rule") {
            Some(rule @ Value::Object(_)) => rule.clone(),
            _ => return Err(bad("schema.rule must be an object")),
        };
        let level = match object.get("level") {
            None => SchemaLevel::Strict,
            Some(level) => {
                let mut all = SchemaLevel::ALL.iter();
                let known = all.find(|(name, _)| level.as_str() == Some(name));
                let known = known.ok_or_else(|| {
                    bad("schema.level must be 'none', 'new', 'moderate' or 'strict'")
                })?;
                known.1
            }
        };
        let message = match object.get("message") {
            None | Some(Value::Null) => "".into(),
            Some(Value::String(text)) => Arc::clone(text),
            Some(_) => return Err(bad("schema.message must be a string")),
        };
        match object.get("type") {
            None => {}
            Some(kind) if kind.as_str() == Some("json") => {}
            Some(_) => return Err(bad("schema.type must be 'json'")),
        }
        Ok(Some(Self {
            validator: compile(&rule),
            rule,
            level,
            message,
        }))
    }

    /// The public form with all its attributes.
    pub fn to_value(&self) -> Value {
        let mut object = Object::with_capacity(4);
        object.insert("rule", self.rule.clone());
        object.insert("level", self.level.name());
        object.insert("message", Value::String(Arc::clone(&self.message)));
        object.insert("type", "json");
        object.into()
    }

    /// Which writes are checked.
    pub fn level(&self) -> SchemaLevel {
        self.level
    }

    /// Whether a document obeys the rule, whatever the level. System attributes are not looked
    /// at. Errors: 1621 for a stored rule that can no longer be compiled.
    pub fn is_valid(&self, document: &Object) -> Result<bool> {
        match &self.validator {
            Ok(validator) => Ok(validator.is_valid(Instance::Document(document))),
            Err(reason) => Err(bad(reason)),
        }
    }

    /// The failure of a document that does not obey: 1620 with the schema's own message.
    pub fn violation(&self) -> Error {
        let code = codes::VALIDATION_FAILED;
        if self.message.is_empty() {
            return Error::new(ErrorKind::Invalid, code);
        }
        Error::with_message(ErrorKind::Invalid, code, self.message.to_string())
    }

    /// Checks what a write is about to store; `old` is what is stored, if anything.
    ///
    /// Errors: 1620, 1621, damaged data.
    pub(crate) fn check(&self, document: &Object, old: Option<&Document>) -> Result<()> {
        let is_checked = match self.level {
            SchemaLevel::None => false,
            SchemaLevel::New => old.is_none(),
            SchemaLevel::Moderate | SchemaLevel::Strict => true,
        };
        if !is_checked || self.is_valid(document)? {
            return Ok(());
        }
        match old {
            // The old version matters only where the new one is wrong.
            Some(old) if self.level == SchemaLevel::Moderate => {
                match self.is_valid(&*parse_body(old.body())?)? {
                    true => Err(self.violation()),
                    false => Ok(()),
                }
            }
            _ => Err(self.violation()),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let definition = value::json::to_string(&self.to_value());
        write!(f, "Schema({definition})")
    }
}

impl PartialEq for Schema {
    /// Schemas are what they were defined as.
    fn eq(&self, other: &Self) -> bool {
        (&self.rule, self.level, &self.message) == (&other.rule, other.level, &other.message)
    }
}

fn compile(rule: &Value) -> std::result::Result<Validator<Values>, String> {
    jsonschema::options_for::<Values>()
        .with_draft(Draft::Draft4)
        .offline()
        .build(&instance::to_json(rule))
        .map_err(|error| error.to_string())
}

/// Errors: 1621.
fn bad(reason: &str) -> Error {
    let code = codes::VALIDATION_BAD_PARAMETER;
    let message = format!("{}: {reason}", code.text());
    Error::with_message(ErrorKind::Invalid, code, message)
}
