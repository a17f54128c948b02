//! How an update changes a document.
//!
//! Source: public documentation, "HTTP interface for documents / Update a document".

use value::{Object, Value};

/// Options of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MergeOptions {
    /// Nulls of the patch are stored; otherwise they remove their attributes.
    pub keep_null: bool,
    /// Attributes that are objects in both are merged; otherwise the patch's replaces the other.
    pub merge_objects: bool,
}

/// The attributes after the update.
pub(crate) fn merge(old: &Object, patch: &Object, options: MergeOptions) -> Object {
    let mut merged = old.clone();
    for (name, value) in patch.iter() {
        if value.is_null() && !options.keep_null {
            merged.remove(name);
            continue;
        }
        let value = match (value, merged.get(name)) {
            (Value::Object(patch), Some(Value::Object(old))) if options.merge_objects => {
                Value::object(merge(old, patch, options))
            }
            (value, _) if options.keep_null => value.clone(),
            (value, _) => without_nulls(value),
        };
        merged.insert(name.clone(), value);
    }
    merged
}

/// The value without null attributes, in nested objects too but not inside arrays.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::object(
            object
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use value::json;

    use super::*;

    fn parse(text: &str) -> Value {
        json::parse(text.as_bytes()).unwrap()
    }

    /// Old, patch, options (`n` keeps nulls, `m` merges objects), result.
    #[rustfmt::skip]
    const UPDATES: &[(&str, &str, &str, &str)] = &[
        (r#"{"a":1,"b":2}"#, r#"{"b":3,"c":4}"#, "nm", r#"{"a":1,"b":3,"c":4}"#),
        (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"y":3}}"#, "nm", r#"{"a":{"x":1,"y":3}}"#),
        (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"y":3}}"#, "n", r#"{"a":{"y":3}}"#),
        (r#"{"a":[1,2]}"#, r#"{"a":[3]}"#, "nm", r#"{"a":[3]}"#),
        (r#"{"a":1}"#, r#"{"a":null}"#, "nm", r#"{"a":null}"#),
        (r#"{"a":1,"b":1}"#, r#"{"a":null}"#, "m", r#"{"b":1}"#),
        (r#"{"a":{"x":1}}"#, r#"{"a":{"x":null,"z":null}}"#, "m", r#"{"a":{}}"#),
        (r#"{}"#, r#"{"n":{"x":null,"l":[null]}}"#, "m", r#"{"n":{"l":[null]}}"#),
        (r#"{"a":{"x":1}}"#, r#"{"a":{"y":null}}"#, "", r#"{"a":{}}"#),
        (r#"{"a":null}"#, r#"{"b":1}"#, "m", r#"{"a":null,"b":1}"#),
    ];

    #[test]
    fn updates_merge_as_documented() {
        for (old, patch, flags, expected) in UPDATES {
            let options = MergeOptions {
                keep_null: flags.contains('n'),
                merge_objects: flags.contains('m'),
            };
            let (old, patch) = (parse(old), parse(patch));
            let (old, patch) = (old.as_object().unwrap(), patch.as_object().unwrap());
            let merged = Value::object(merge(old, patch, options));
            assert_eq!(json::to_string(&merged), *expected);
        }
    }

    /// The model: what an update says about one path, by the documentation's sentences.
    fn model(old: Option<&Value>, patch: &Value, options: MergeOptions) -> Option<Value> {
        match (old, patch) {
            (_, Value::Null) if !options.keep_null => None,
            (old, Value::Object(patch)) => {
                let base = match old {
                    Some(Value::Object(old)) if options.merge_objects => (**old).clone(),
                    _ => Object::new(),
                };
                let names: std::collections::BTreeSet<_> =
                    base.keys().chain(patch.keys()).cloned().collect();
                let merged = names.into_iter().filter_map(|name| {
                    let value = match (base.get(&name), patch.get(&name)) {
                        (kept, None) => kept.cloned(),
                        (old, Some(patch)) => model(old, patch, options),
                    };
                    value.map(|value| (name, value))
                });
                Some(Value::object(merged.collect()))
            }
            (_, patch) => Some(patch.clone()),
        }
    }

    /// The model for whole documents: the top level is always merged.
    fn model_update(old: &Value, patch: &Value, options: MergeOptions) -> Value {
        let mut top = old.as_object().unwrap().clone();
        for (name, value) in patch.as_object().unwrap().iter() {
            let former = top.get(name).cloned();
            match model(former.as_ref(), value, options) {
                Some(value) => top.insert(name.clone(), value),
                None => top.remove(name),
            };
        }
        Value::object(top)
    }

    /// The text with sorted attributes: the model does not tell their order.
    fn sorted_text(value: &Value) -> String {
        fn sort(value: &Value) -> Value {
            match value {
                Value::Array(items) => Value::array(items.iter().map(sort).collect()),
                Value::Object(object) => {
                    let sorted: std::collections::BTreeMap<_, _> = object.iter().collect();
                    let sorted = sorted.into_iter();
                    Value::object(
                        sorted
                            .map(|(name, value)| (name.clone(), sort(value)))
                            .collect(),
                    )
                }
                other => other.clone(),
            }
        }
        json::to_string(&sort(value))
    }

    fn any_object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), (0i64..3).prop_map(Value::from)];
        let value = leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::array),
                prop::collection::vec(("[abc]", inner), 0..4)
                    .prop_map(|all| Value::object(all.into_iter().collect())),
            ]
        });
        prop::collection::vec(("[abc]", value), 0..4)
            .prop_map(|all| Value::object(all.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn merge_agrees_with_the_model(
            old in any_object(), patch in any_object(), keep_null: bool, merge_objects: bool,
        ) {
            let options = MergeOptions { keep_null, merge_objects };
            let merged = merge(old.as_object().unwrap(), patch.as_object().unwrap(), options);
            let expected = model_update(&old, &patch, options);
            prop_assert_eq!(sorted_text(&Value::object(merged)), sorted_text(&expected));
        }
    }
}
