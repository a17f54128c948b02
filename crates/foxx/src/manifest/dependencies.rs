//! Dependencies: other services that a service calls by an alias of its own.

use indexmap::IndexMap;
use nodejs_semver::Range;
use value::{Object, Value};

use super::Notes;
use super::fields::object_field;

/// Definition of one dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyDefinition {
    /// What a provider calls itself; `*` for anything.
    pub name: String,
    /// A range of versions; never enforced.
    pub version: String,
    /// For people.
    pub description: Option<String>,
    /// Whether the service cannot run without it.
    pub required: bool,
    /// Whether it takes any number of mounts.
    pub multiple: bool,
}

impl DependencyDefinition {
    /// The mounts to store for a given value: `Ok(None)` unsets the dependency.
    ///
    /// # Errors
    /// The warning's text, such as `must be a string`.
    pub fn coerce(&self, given: &Value) -> Result<Option<Value>, &'static str> {
        match given {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(_) if self.multiple => Ok(Some(vec![given.clone()].into())),
            Value::String(_) => Ok(Some(given.clone())),
            Value::Array(items) if self.multiple => {
                if items
                    .iter()
                    .any(|item| item.as_str().is_none_or(str::is_empty))
                {
                    return Err("must be an array of strings");
                }
                Ok((!items.is_empty()).then(|| given.clone()))
            }
            _ if self.multiple => Err("must be an array"),
            _ => Err("must be a string"),
        }
    }
}

/// Copies `dependencies` with every definition in full.
pub(super) fn read(
    given: &Object,
    out: &mut Object,
    notes: &mut Notes,
) -> IndexMap<String, DependencyDefinition> {
    let mut dependencies = IndexMap::new();
    let mut shown = Object::new();
    for (alias, definition) in object_field(given, "dependencies", notes) {
        if !is_identifier(alias) {
            notes.warning(format!(
                "\"dependencies.{alias}\" is no JavaScript identifier"
            ));
        }
        let definition = match definition {
            Value::String(text) => from_shorthand(text),
            Value::Object(given) => from_object(alias, given, notes),
            _ => {
                let field = format!("\"dependencies.{alias}\"");
                notes.problem(format!("{field} must be a string or an object"));
                continue;
            }
        };
        check(alias, &definition, notes);
        shown.insert(alias, show(&definition));
        dependencies.insert(alias.to_owned(), definition);
    }
    out.insert("dependencies", shown);
    dependencies
}

/// `name:version`, a version alone or a name alone.
fn from_shorthand(text: &str) -> DependencyDefinition {
    let (name, version) = match text.split_once(':') {
        Some((name, version)) => (name, version),
        None if Range::parse(text).is_ok() => ("*", text),
        None => (text, "*"),
    };
    let (name, version) = (name.to_owned(), version.to_owned());
    DependencyDefinition {
        name,
        version,
        description: None,
        required: true,
        multiple: false,
    }
}

fn from_object(alias: &str, given: &Object, notes: &mut Notes) -> DependencyDefinition {
    let mut text = |part: &str| match given.get(part) {
        None => None,
        Some(Value::String(text)) => Some(text.to_string()),
        Some(_) => {
            notes.problem(format!("\"dependencies.{alias}.{part}\" must be a string"));
            None
        }
    };
    let name = text("name").unwrap_or_else(|| "*".to_owned());
    let version = text("version").unwrap_or_else(|| "*".to_owned());
    let description = text("description");
    let mut flag = |part: &str, absent: bool| match given.get(part) {
        None => absent,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            notes.problem(format!("\"dependencies.{alias}.{part}\" must be a boolean"));
            absent
        }
    };
    let required = flag("required", true);
    let multiple = flag("multiple", false);
    DependencyDefinition {
        name,
        version,
        description,
        required,
        multiple,
    }
}

fn check(alias: &str, definition: &DependencyDefinition, notes: &mut Notes) {
    if Range::parse(&definition.version).is_err() {
        notes.problem(format!(
            "\"dependencies.{alias}.version\" is {:?}, which is no version range",
            definition.version
        ));
    }
    if definition.name != "*" && !is_dependency_name(&definition.name) {
        notes.warning(format!("\"dependencies.{alias}.name\" is an unusual name"));
    }
}

fn show(definition: &DependencyDefinition) -> Object {
    let mut shown = Object::new();
    shown.insert("name", definition.name.as_str());
    shown.insert("version", definition.version.as_str());
    if let Some(description) = &definition.description {
        shown.insert("description", description.as_str());
    }
    shown.insert("required", definition.required);
    shown.insert("multiple", definition.multiple);
    shown
}

fn is_identifier(name: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    name.starts_with(starts) && name.chars().all(|c| starts(c) || c.is_alphanumeric())
}

fn is_dependency_name(name: &str) -> bool {
    let name = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((space, name)) if !space.is_empty() => name,
        _ => name,
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().all(legal)
}
