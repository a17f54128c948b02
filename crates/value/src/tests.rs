//! Order, keys and JSON text agree with one another.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;

use crate::{Object, Value, json, key};

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).expect("the test's text is JSON")
}

/// Each text is smaller than the next; texts joined by `=` are equal.
const SORTED: &[&str] = &[
    "null",
    "false",
    "true",
    "-9223372036854775808",
    "-1.5",
    "-1",
    "0 = -0.0 = 0.0",
    "0.1",
    "9007199254740991",
    "9007199254740992 = 9007199254740992.0",
    "9007199254740993",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808 = 9.223372036854775808e18",
    "1e300",
    r#""""#,
    r#""A""#,
    r#""B""#,
    r#""a""#,
    r#""a\u0000""#,
    r#""aa""#,
    r#""ä""#,
    "[] = [null] = [null,null]",
    "[0] = [0,null]",
    "[0,1]",
    r#"["a"]"#,
    "[[]] = [[null]]",
    r#"{} = {"a":null}"#,
    r#"{"b":1}"#,
    r#"{"ab":0}"#,
    r#"{"a":0} = {"a":0,"b":null}"#,
    r#"{"a":0,"b":1} = {"b":1,"a":0}"#,
];

#[test]
fn values_order_as_documented_and_keys_follow() {
    let rows: Vec<Vec<Value>> = SORTED
        .iter()
        .map(|row| row.split(" = ").map(parse).collect())
        .collect();
    for (at, left) in rows.iter().enumerate() {
        for (to, right) in rows.iter().enumerate() {
            for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
                assert_eq!(a.cmp(b), at.cmp(&to), "{a:?} against {b:?}");
                assert_eq!(
                    key::encode(a).cmp(&key::encode(b)),
                    at.cmp(&to),
                    "{a:?}, {b:?}"
                );
            }
        }
    }
}

#[test]
fn texts_are_written_as_documented() {
    for (input, output) in [
        ("1.0", "1"),
        ("-0.0", "0"),
        ("2e-7", "2e-7"),
        ("1e2", "100"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "1.8446744073709552e19"),
        ("1e16", "10000000000000000.0"),
        (r#""\u0001\u00e4\/\"""#, r#""\u0001ä/\"""#),
        (r#"{"a":1,"b":[{}],"a":2}"#, r#"{"a":2,"b":[{}]}"#),
    ] {
        assert_eq!(json::to_string(&parse(input)), output, "{input}");
    }
}

#[test]
fn broken_texts_are_refused() {
    let deep = "[".repeat(201) + &"]".repeat(201);
    for text in [
        "", "{", "[1,]", "nul", "1 2", "{\"a\":}", "\"\u{1}", "1e999", "NaN", &deep,
    ] {
        assert!(json::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(json::parse(b"\"\xff\"").is_err());
    assert!(json::parse(("[".repeat(200) + &"]".repeat(200)).as_bytes()).is_ok());
}

#[test]
fn attributes_are_found_without_parsing() {
    let text = br#" { "a" : {"b":"}\""} , "c\n":[1,{"a":2}],"d":-1.5 }"#;
    let find = |name| json::find_attribute(text, name);
    assert_eq!(find("a"), Some(&br#"{"b":"}\""}"#[..]));
    assert_eq!(find("c\n"), Some(&br#"[1,{"a":2}]"#[..]));
    assert_eq!(find("d"), Some(&b"-1.5"[..]));
    assert_eq!(find("b"), None);
    assert_eq!(json::attributes(b"{}").count(), 0);
}

#[test]
fn numbers_are_read_from_texts() {
    for (text, number) in [
        (" 12 ", "12"),
        ("1.5e3", "1500"),
        ("-.5", "-0.5"),
        ("", "0"),
        ("1x", "0"),
        ("inf", "0"),
    ] {
        assert_eq!(Value::from(text).to_number(), parse(number), "{text:?}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5i64..5).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", Value::from_f64),
        "[ab\u{0}ä]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let attributes = prop::collection::vec(("[abc]{0,2}", inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::array),
            attributes.prop_map(|all| Value::object(all.into_iter().collect::<Object>())),
        ]
    })
}

proptest! {
    #[test]
    fn key_order_is_value_order(a in any_value(), b in any_value()) {
        prop_assert_eq!(key::encode(&a).cmp(&key::encode(&b)), a.cmp(&b));
    }

    #[test]
    fn keys_decode_to_equal_values(a in any_value()) {
        let bytes = key::encode(&a);
        let (decoded, rest) = key::decode(&bytes).expect("encoded");
        prop_assert!(rest.is_empty());
        prop_assert_eq!(decoded, a);
    }

    #[test]
    fn equal_values_hash_alike(a in any_value(), b in any_value()) {
        let state = RandomState::new();
        if a.cmp(&b) == Ordering::Equal {
            prop_assert_eq!(state.hash_one(&a), state.hash_one(&b));
        }
    }

    #[test]
    fn json_text_survives(a in any_value()) {
        let text = json::to_string(&a);
        prop_assert_eq!(json::to_string(&parse(&text)), text.clone());
        prop_assert_eq!(parse(&text), a);
    }

    #[test]
    fn looking_into_any_bytes_stays_within_bounds(bytes: Vec<u8>) {
        json::attributes(&bytes).take(100).for_each(drop);
        let _ = (json::parse(&bytes), key::decode(&bytes));
    }
}
