//! Objects: their names and values, and choosing among them.

use std::collections::HashSet;
use std::sync::Arc;

use value::{Object, Value};

use super::args::{arg, array, as_double, flag, from_end, text};
use super::{Context, Function, Outcome};

fn attributes(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(object) = arg(args, 0).as_object() else {
        return ctx.wrong_type();
    };
    let mut names: Vec<&Arc<str>> = object
        .keys()
        .filter(|name| !(flag(args, 1) && name.starts_with('_')))
        .collect();
    if flag(args, 2) {
        names.sort();
    }
    let names: Vec<Value> = names
        .into_iter()
        .map(|name| Value::String(name.clone()))
        .collect();
    Ok(names.into())
}

fn values(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(object) = arg(args, 0).as_object() else {
        return ctx.wrong_type();
    };
    let values: Vec<Value> = object
        .iter()
        .filter(|(name, _)| !(flag(args, 1) && name.starts_with('_')))
        .map(|(_, value)| value.clone())
        .collect();
    Ok(values.into())
}

fn entries(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(object) = arg(args, 0).as_object() else {
        return ctx.wrong_type();
    };
    let entries: Vec<Value> = object
        .iter()
        .map(|(name, value)| vec![Value::String(name.clone()), value.clone()].into())
        .collect();
    Ok(entries.into())
}

fn has(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    let object = arg(args, 0).as_object();
    Ok(object
        .is_some_and(|object| object.contains(&text(args, 1)))
        .into())
}

/// The object and the names, which are given one by one or as an array.
fn object_and_names(args: &[Value]) -> Option<(&Object, HashSet<Arc<str>>)> {
    let object = arg(args, 0).as_object()?;
    let mut names = HashSet::new();
    for given in args.iter().skip(1) {
        match given {
            Value::Array(items) => names.extend(items.iter().map(Value::to_text)),
            other => {
                names.insert(other.to_text());
            }
        }
    }
    Some((object, names))
}

fn keep(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    let Some((object, names)) = object_and_names(args) else {
        return ctx.wrong_type();
    };
    let kept: Object = object
        .iter()
        .filter(|(name, _)| names.contains(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(kept.into())
}

fn unset(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    let Some((object, names)) = object_and_names(args) else {
        return ctx.wrong_type();
    };
    let kept: Object = object
        .iter()
        .filter(|(name, _)| !names.contains(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(kept.into())
}

fn keep_recursive(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    match object_and_names(args) {
        Some((object, names)) => Ok(select(object, &|name| names.contains(name)).into()),
        None => ctx.wrong_type(),
    }
}

fn unset_recursive(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    match object_and_names(args) {
        Some((object, names)) => Ok(select(object, &|name| !names.contains(name)).into()),
        None => ctx.wrong_type(),
    }
}

/// The attributes that pass, and of those that are objects again only what passes.
fn select(object: &Object, passes: &dyn Fn(&Arc<str>) -> bool) -> Object {
    object
        .iter()
        .filter(|(name, _)| passes(name))
        .map(|(name, value)| (name.clone(), select_within(value, passes)))
        .collect()
}

fn select_within(value: &Value, passes: &dyn Fn(&Arc<str>) -> bool) -> Value {
    match value {
        Value::Object(inner) => select(inner, passes).into(),
        Value::Array(items) => items
            .iter()
            .map(|item| select_within(item, passes))
            .collect::<Vec<_>>()
            .into(),
        other => other.clone(),
    }
}

fn matches(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let document = arg(args, 0);
    let examples = match arg(args, 1) {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    if examples.is_empty() || examples.iter().any(|example| example.as_object().is_none()) {
        return ctx.wrong_type();
    }
    let found = match document {
        Value::Object(_) => examples
            .iter()
            .position(|example| matches_example(document, example)),
        _ => None,
    };
    Ok(if flag(args, 2) {
        found.map_or(Value::Int(-1), Value::from)
    } else {
        found.is_some().into()
    })
}

fn matches_example(document: &Value, example: &Value) -> bool {
    example.as_object().is_some_and(|example| {
        example
            .iter()
            .all(|(name, wanted)| document.get(name) == wanted)
    })
}

/// The objects to merge, given one by one or as a single array.
fn merge_inputs(args: &[Value]) -> Option<Vec<&Object>> {
    let given = match args {
        [Value::Array(items)] => items.as_slice(),
        _ => args,
    };
    given.iter().map(Value::as_object).collect()
}

fn merge(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = merge_inputs(args) else {
        return ctx.wrong_type();
    };
    let merged: Object = inputs
        .into_iter()
        .flat_map(Object::iter)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(merged.into())
}

fn merge_recursive(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = merge_inputs(args) else {
        return ctx.wrong_type();
    };
    let mut merged = Object::new();
    for input in inputs {
        merge_deep(&mut merged, input);
    }
    Ok(merged.into())
}

fn merge_deep(target: &mut Object, patch: &Object) {
    for (name, value) in patch.iter() {
        if let Value::Object(patch) = value
            && let Some(Value::Object(inner)) = target.get_mut(name)
        {
            merge_deep(Arc::make_mut(inner), patch);
        } else {
            target.insert(name.clone(), value.clone());
        }
    }
}

fn translate(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(..1).unwrap_or_default())?;
    let Some(lookup) = arg(args, 1).as_object() else {
        return ctx.wrong_type();
    };
    Ok(lookup
        .get(&text(args, 0))
        .or_else(|| args.get(2))
        .unwrap_or(arg(args, 0))
        .clone())
}

fn value_at(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (Value::Object(_), Some(path)) = (arg(args, 0), array(args, 1)) else {
        return ctx.wrong_type();
    };
    let mut value = arg(args, 0);
    for step in path {
        value = match step {
            Value::String(name) => value.get(name),
            number if number.is_number() => {
                let items = value.as_array().unwrap_or_default();
                let position = from_end(as_double(number).floor() as i64, items.len());
                usize::try_from(position)
                    .ok()
                    .and_then(|position| items.get(position))
                    .unwrap_or(&Value::Null)
            }
            _ => return ctx.wrong_type(),
        };
    }
    Ok(value.clone())
}

fn zip(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(..1).unwrap_or_default())?;
    match (array(args, 0), array(args, 1)) {
        (Some(names), Some(values)) if names.len() == values.len() => {
            let pairs = names.iter().zip(values);
            let zipped: Object = pairs
                .map(|(name, value)| (name.to_text(), value.clone()))
                .collect();
            Ok(zipped.into())
        }
        _ => ctx.wrong_type(),
    }
}

/// Attribute names are unique in every object here, so an object is always well-formed.
fn check_document(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).as_object().is_some().into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("ATTRIBUTES", 1, 3, attributes),
    Function::new("CHECK_DOCUMENT", 1, 1, check_document),
    Function::new("ENTRIES", 1, 1, entries),
    Function::new("HAS", 2, 2, has),
    Function::new("KEEP", 2, 2, keep).variadic(),
    Function::new("KEEP_RECURSIVE", 2, 2, keep_recursive).variadic(),
    Function::new("MATCHES", 2, 3, matches),
    Function::new("MERGE", 1, 1, merge).variadic(),
    Function::new("MERGE_RECURSIVE", 1, 1, merge_recursive).variadic(),
    Function::new("TRANSLATE", 2, 3, translate),
    Function::new("UNSET", 2, 2, unset).variadic(),
    Function::new("UNSET_RECURSIVE", 2, 2, unset_recursive).variadic(),
    Function::new("VALUE", 2, 2, value_at),
    Function::new("VALUES", 1, 2, values),
    Function::new("ZIP", 2, 2, zip),
];
