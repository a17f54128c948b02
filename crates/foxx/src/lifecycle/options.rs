//! Reading and writing configuration and dependencies.

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use super::turn::change;
use super::{live, not_found};
use crate::registry::{Health, Service, StoredOptions};
use crate::shared::Shared;
use crate::titles::title;
use crate::{Error, Result};

/// Which options are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionGroup {
    Configuration,
    Dependencies,
}

/// How options are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteOptions {
    /// Names that are not given lose their values.
    pub(crate) replace: bool,
    /// Answer values and warnings only.
    pub(crate) minimal: bool,
}

const REQUIRED: &str = "is required";
const UNKNOWN: &str = "is not allowed";

/// The options of a service: values only, or definitions with their state.
pub(crate) fn read_options(
    shared: &Shared,
    database: &str,
    mount: &str,
    group: OptionGroup,
    minimal: bool,
) -> Result<Value> {
    shared.databases.get(database)?;
    let service = shared
        .table
        .get(database, mount)
        .ok_or_else(|| not_found(mount))?;
    Ok(match minimal {
        true => values(&service, group).into(),
        false => definitions(&service, group, &Object::new()).into(),
    })
}

/// Writes options; answers the new state with a warning for each name that was not taken.
///
/// # Errors
/// 1228, 3009, 400 if `given` is no object.
pub(crate) fn write_options(
    shared: &Arc<Shared>,
    database: &str,
    mount: &str,
    group: OptionGroup,
    given: &Value,
    how: WriteOptions,
) -> Result<Value> {
    let database = shared.databases.get(database)?;
    let (mut turn, old) = change(shared, &database, mount)?;
    let Some(given) = given.as_object() else {
        let error = Error::refused(codes::HTTP_BAD_PARAMETER);
        return Err(error.with_detail("Reason", "the body must be an object"));
    };
    let given = unwrapped(&old, group, given);
    let (stored, warnings) = merge(&old, group, given, how.replace);
    let mut options = old.options.clone();
    match group {
        OptionGroup::Configuration => options.configuration = stored,
        OptionGroup::Dependencies => options.dependencies = stored,
    }
    let mut service = with_options(&old, options);
    service.revision = turn.revision();
    service.since_ms = shared.platform.clock.unix_ms();
    let service = Arc::new(service);
    turn.commit(&live::to_entry(&service), None)?;
    live::show(shared, &service);
    live::tell(shared, &database, mount);
    Ok(match how.minimal {
        true => minimal(&service, group, warnings),
        false => definitions(&service, group, &warnings).into(),
    })
}

/// A body `{"options": {…}}` for dependencies, as one published description has it.
fn unwrapped<'v>(service: &Service, group: OptionGroup, given: &'v Object) -> &'v Object {
    let wrapped = given.get("options").and_then(Value::as_object);
    match wrapped {
        Some(inner)
            if group == OptionGroup::Dependencies
                && given.len() == 1
                && !service.manifest.dependencies().contains_key("options") =>
        {
            inner
        }
        _ => given,
    }
}

fn with_options(old: &Service, options: StoredOptions) -> Service {
    let mut service = live::renewed(old);
    service.options = options;
    if !matches!(service.health, Health::Damaged(..)) {
        service.health = Health::of_options(&service.manifest, &service.options);
    }
    service
}

/// The values to store and the warnings by name.
fn merge(service: &Service, group: OptionGroup, given: &Object, replace: bool) -> (Object, Object) {
    let before = stored(service, group);
    let known = |name: &str| names(service, group).any(|known| known == name);
    let mut after = Object::new();
    let mut warnings = Object::new();
    // Values of options that no longer exist go with the next write, except in development mode.
    for (name, value) in before.iter() {
        let stays = if known(name) {
            !replace
        } else {
            service.development
        };
        if stays {
            after.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in given.iter() {
        match coerce(service, group, name, value) {
            None => drop(warnings.insert(name.clone(), UNKNOWN)),
            Some(Err(warning)) => drop(warnings.insert(name.clone(), warning)),
            Some(Ok(Some(value))) => drop(after.insert(name.clone(), value)),
            Some(Ok(None)) => drop(after.remove(name)),
        }
    }
    let checked = names(service, group).filter(|name| replace || given.contains(name));
    for name in checked {
        if is_unset(service, group, name, &after) && !warnings.contains(name) {
            warnings.insert(name, REQUIRED);
        }
    }
    (after, warnings)
}

fn stored(service: &Service, group: OptionGroup) -> &Object {
    match group {
        OptionGroup::Configuration => &service.options.configuration,
        OptionGroup::Dependencies => &service.options.dependencies,
    }
}

fn names(service: &Service, group: OptionGroup) -> Box<dyn Iterator<Item = &str> + '_> {
    match group {
        OptionGroup::Configuration => Box::new(service.manifest.options().keys().map(|n| &**n)),
        OptionGroup::Dependencies => Box::new(service.manifest.dependencies().keys().map(|n| &**n)),
    }
}

fn coerce(
    service: &Service,
    group: OptionGroup,
    name: &str,
    value: &Value,
) -> Option<std::result::Result<Option<Value>, &'static str>> {
    match group {
        OptionGroup::Configuration => Some(service.manifest.options().get(name)?.coerce(value)),
        OptionGroup::Dependencies => Some(service.manifest.dependencies().get(name)?.coerce(value)),
    }
}

/// Whether something required has neither a value nor a default.
fn is_unset(service: &Service, group: OptionGroup, name: &str, stored: &Object) -> bool {
    match group {
        OptionGroup::Configuration => {
            service.manifest.options().get(name).is_some_and(|option| {
                option.required && option.effective(stored.get(name)).is_none()
            })
        }
        OptionGroup::Dependencies => service
            .manifest
            .dependencies()
            .get(name)
            .is_some_and(|definition| definition.required && !stored.contains(name)),
    }
}

/// Name → current value, unset names left out.
fn values(service: &Service, group: OptionGroup) -> Object {
    match group {
        OptionGroup::Configuration => service.effective_configuration(),
        OptionGroup::Dependencies => {
            let mut values = Object::new();
            for name in names(service, group) {
                if let Some(value) = service.options.dependencies.get(name) {
                    values.insert(name, value.clone());
                }
            }
            values
        }
    }
}

fn minimal(service: &Service, group: OptionGroup, warnings: Object) -> Value {
    let mut answer = Object::new();
    answer.insert("values", values(service, group));
    if !warnings.is_empty() {
        answer.insert("warnings", warnings);
    }
    answer.into()
}

/// Name → definition, title, state and warning.
fn definitions(service: &Service, group: OptionGroup, warnings: &Object) -> Object {
    let field = match group {
        OptionGroup::Configuration => "configuration",
        OptionGroup::Dependencies => "dependencies",
    };
    let defined = service.manifest.normalised().get(field);
    let mut shown = Object::new();
    for name in names(service, group) {
        let mut entry = defined.get(name).as_object().cloned().unwrap_or_default();
        entry.insert("title", title(name));
        let raw = stored(service, group).get(name);
        let current = match group {
            OptionGroup::Configuration => service
                .manifest
                .options()
                .get(name)
                .and_then(|option| option.effective(raw)),
            OptionGroup::Dependencies => raw.cloned(),
        };
        if let Some(raw) = raw.filter(|_| group == OptionGroup::Configuration) {
            entry.insert("currentRaw", raw.clone());
        }
        if let Some(current) = current {
            entry.insert("current", current);
        }
        if let Some(warning) = warnings.get(name) {
            entry.insert("warning", warning.clone());
        }
        shown.insert(name, entry);
    }
    shown
}
