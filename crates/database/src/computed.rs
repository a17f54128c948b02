//! Computed values: attributes that a collection derives from the document that is written.
//!
//! Source: public documentation, "Data modeling / Documents / Computed values". This crate knows
//! no query language: whoever opens the databases gives it one, see [`Expressions`].

use std::fmt;
use std::sync::{Arc, OnceLock};

use value::{Object, Value};

use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::transaction::Transaction;

/// The language that computed values are written in.
pub trait Expressions: Send + Sync {
    /// Compiles an expression. Called once for each definition.
    ///
    /// # Errors
    /// Why the text is not allowed.
    fn compile(&self, text: &str) -> std::result::Result<Arc<dyn Expression>, String>;
}

/// A compiled expression.
pub trait Expression: Send + Sync {
    /// The value for a document as it is about to be stored. Must not write.
    ///
    /// # Errors
    /// Whatever ends the evaluation; with `fail_on_warning` a warning does.
    fn evaluate(
        &self,
        transaction: &mut Transaction,
        document: &Value,
        fail_on_warning: bool,
    ) -> Result<Value>;
}

/// What happens to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteEvent {
    Insert,
    Update,
    Replace,
}

impl WriteEvent {
    const ALL: [(&'static str, Self); 3] = [
        ("insert", Self::Insert),
        ("update", Self::Update),
        ("replace", Self::Replace),
    ];
}

/// The `computedValues` of a collection; never empty.
#[derive(Debug, PartialEq)]
pub struct ComputedValues {
    values: Vec<ComputedValue>,
}

struct ComputedValue {
    name: Arc<str>,
    expression: Arc<str>,
    overwrite: bool,
    events: Vec<WriteEvent>,
    keep_null: bool,
    fail_on_warning: bool,
    /// Made when it is first needed, and shared by all versions of the collection that have it.
    compiled: OnceLock<Arc<dyn Expression>>,
}

impl ComputedValues {
    /// Reads the public form, an array; `null`, `[]` and `{}` are no computed values. The
    /// expressions are not looked at. Errors: 10.
    pub fn parse(definitions: &Value) -> Result<Option<Arc<Self>>> {
        let definitions = match definitions {
            Value::Null => return Ok(None),
            Value::Object(object) if object.is_empty() => return Ok(None),
            Value::Array(definitions) => definitions,
            _ => return Err(bad("computedValues must be an array")),
        };
        let mut values: Vec<ComputedValue> = Vec::with_capacity(definitions.len());
        for definition in definitions.iter() {
            let value = ComputedValue::parse(definition)?;
            let same = |other: &&ComputedValue| {
                other.name == value.name && other.events.iter().any(|on| value.events.contains(on))
            };
            if let Some(other) = values.iter().find(same) {
                return Err(bad(format!("'{}' is computed twice", other.name)));
            }
            values.push(value);
        }
        Ok((!values.is_empty()).then(|| Arc::new(Self { values })))
    }

    /// The public form with all its attributes.
    pub fn to_value(&self) -> Value {
        Value::array(self.values.iter().map(ComputedValue::to_value).collect())
    }

    /// Compiles every expression. Errors: 10 with the reason; 9 without a language.
    pub(crate) fn check(&self, shared: &Shared) -> Result<()> {
        self.values
            .iter()
            .try_for_each(|value| value.compiled(shared).map(drop))
    }

    /// Whether any value is computed at an event.
    pub(crate) fn apply_to(&self, event: WriteEvent) -> bool {
        self.values
            .iter()
            .any(|value| value.events.contains(&event))
    }

    /// Sets the computed attributes of a document. `stored` is the document as it would be
    /// stored without them, which is what the expressions see.
    ///
    /// Errors: those of expressions.
    pub(crate) fn apply(
        &self,
        transaction: &mut Transaction,
        event: WriteEvent,
        stored: &Value,
        attributes: &mut Object,
    ) -> Result<()> {
        let shared = Arc::clone(transaction.shared());
        let given = |name: &str| {
            stored
                .as_object()
                .is_some_and(|object| object.contains(name))
        };
        let wanted = |value: &&ComputedValue| {
            value.events.contains(&event) && (value.overwrite || !given(&value.name))
        };
        for value in self.values.iter().filter(wanted) {
            let compiled = value.compiled(&shared)?;
            let computed = compiled.evaluate(transaction, stored, value.fail_on_warning)?;
            if computed.is_null() && !value.keep_null {
                attributes.remove(&value.name);
            } else {
                attributes.insert(Arc::clone(&value.name), computed);
            }
        }
        Ok(())
    }
}

impl ComputedValue {
    fn parse(definition: &Value) -> Result<Self> {
        let object = definition
            .as_object()
            .ok_or_else(|| bad("a computed value must be an object"))?;
        let text = |name: &str| match object.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(Arc::clone(text)),
            _ => Err(bad(format!("'{name}' of a computed value must be a text"))),
        };
        let flag = |name: &str, default: Option<bool>| match (object.get(name), default) {
            (Some(Value::Bool(flag)), _) => Ok(*flag),
            (None, Some(default)) => Ok(default),
            _ => Err(bad(format!(
                "'{name}' of a computed value must be a boolean"
            ))),
        };
        let name = text("name")?;
        if matches!(&*name, "_key" | "_id" | "_rev" | "_from" | "_to") {
            return Err(bad(format!("'{name}' cannot be computed")));
        }
        Ok(Self {
            name,
            expression: text("expression")?,
            overwrite: flag("overwrite", None)?,
            events: parse_events(object.get("computeOn"))?,
            keep_null: flag("keepNull", Some(true))?,
            fail_on_warning: flag("failOnWarning", Some(false))?,
            compiled: OnceLock::new(),
        })
    }

    fn to_value(&self) -> Value {
        let mut object = Object::with_capacity(6);
        object.insert("name", Value::String(Arc::clone(&self.name)));
        object.insert("expression", Value::String(Arc::clone(&self.expression)));
        let on = |event: &WriteEvent| {
            let named = WriteEvent::ALL.iter().find(|(_, known)| known == event);
            named.map_or(Value::Null, |(name, _)| (*name).into())
        };
        object.insert("computeOn", self.events.iter().map(on).collect::<Vec<_>>());
        object.insert("overwrite", self.overwrite);
        object.insert("failOnWarning", self.fail_on_warning);
        object.insert("keepNull", self.keep_null);
        object.into()
    }

    fn compiled(&self, shared: &Shared) -> Result<&Arc<dyn Expression>> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let language = shared.expressions.get().ok_or_else(|| {
            Error::unsupported("this server was set up without a language for computed values")
        })?;
        let compiled = language
            .compile(&self.expression)
            .map_err(|reason| bad(format!("'{}': {reason}", self.name)))?;
        Ok(self.compiled.get_or_init(|| compiled))
    }
}

/// Absent means every event.
fn parse_events(names: Option<&Value>) -> Result<Vec<WriteEvent>> {
    let wrong = || bad("computeOn must have some of 'insert', 'update' and 'replace'");
    let all = WriteEvent::ALL.iter();
    let Some(names) = names else {
        return Ok(all.map(|(_, event)| *event).collect());
    };
    let names = names.as_array().ok_or_else(wrong)?;
    let known = |name: &Value| {
        let mut all = WriteEvent::ALL.iter();
        all.any(|(known, _)| name.as_str() == Some(known))
    };
    if names.is_empty() || !names.iter().all(known) {
        return Err(wrong());
    }
    let chosen = |(name, _): &&(&str, WriteEvent)| names.contains(&Value::from(*name));
    Ok(all.filter(chosen).map(|(_, event)| *event).collect())
}

/// Errors: 10.
fn bad(reason: impl fmt::Display) -> Error {
    Error::bad_parameter(format!("invalid computedValues: {reason}"))
}

impl fmt::Debug for ComputedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&value::json::to_string(&self.to_value()))
    }
}

impl PartialEq for ComputedValue {
    fn eq(&self, other: &Self) -> bool {
        self.to_value() == other.to_value()
    }
}
