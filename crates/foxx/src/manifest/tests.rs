//! Manifests as data: every `.json` of `tests/manifests` with what reading it says.

use std::fs;
use std::path::Path;

use expect_test::expect_file;
use value::json;

use super::{Manifest, OptionKind};

fn describe(bytes: &[u8]) -> String {
    match Manifest::parse(bytes, "3.12.5") {
        Ok((manifest, warnings)) => {
            let mut text = String::new();
            for warning in warnings {
                text.push_str(&format!("warning: {warning}\n"));
            }
            if manifest.is_legacy() {
                text.push_str("legacy\n");
            }
            let pretty: serde_json::Value =
                serde_json::from_str(&json::to_string(manifest.normalised())).unwrap();
            text + &serde_json::to_string_pretty(&pretty).unwrap() + "\n"
        }
        Err(error) => format!("{} {error}\n", error.code()),
    }
}

#[test]
fn manifests_read_as_recorded() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("tests/manifests");
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let said = describe(&fs::read(&path).unwrap());
            expect_file![path.with_extension("txt")].assert_eq(&said);
            count += 1;
        }
    }
    assert!(count >= 8, "the corpus is read: {count} files");
}

#[test]
fn legacy_is_what_no_modern_version_satisfies() {
    let legacy = |range: &str| {
        let manifest = format!(r#"{{"engines": {{"arangodb": "{range}"}}}}"#);
        Manifest::parse(manifest.as_bytes(), "3.12.5")
            .unwrap()
            .0
            .is_legacy()
    };
    for range in ["^2.8.0", "^2.5.0", "1.2.3", "<3.0.0-0"] {
        assert!(legacy(range), "{range}");
    }
    for range in [">=2.8.0", "^3.0.0", "*", "^2.8.0 || ^3.0.0", "^3.0.0-dev"] {
        assert!(!legacy(range), "{range}");
    }
}

#[test]
fn option_values_are_coerced() {
    let option = |kind: &str| {
        let manifest = format!(r#"{{"configuration": {{"o": {{"type": "{kind}"}}}}}}"#);
        let (manifest, _) = Manifest::parse(manifest.as_bytes(), "3.12.5").unwrap();
        manifest.options().get("o").unwrap().clone()
    };
    let cases = [
        ("int", r#""23""#, "23"),
        ("int", "23.0", "23"),
        ("int", r#""2.5""#, "must be an integer"),
        ("integer", r#""x""#, "must be a number"),
        ("number", r#""2.5""#, "2.5"),
        ("number", "true", "must be a number"),
        ("boolean", r#""true""#, "true"),
        ("bool", r#""yes""#, "must be a boolean"),
        ("string", "1", "must be a string"),
        ("password", r#""x""#, r#""x""#),
        ("json", r#""{\"a\":1}""#, r#""{\"a\":1}""#),
        ("json", r#"{"a":1}"#, r#""{\"a\":1}""#),
        ("json", r#""{""#, "is not valid JSON"),
        ("int", "null", "unset"),
        ("string", r#""""#, "unset"),
    ];
    for (kind, given, expected) in cases {
        let given = json::parse(given.as_bytes()).unwrap();
        let said = match option(kind).coerce(&given) {
            Ok(Some(value)) => json::to_string(&value),
            Ok(None) => "unset".to_owned(),
            Err(warning) => warning.to_owned(),
        };
        assert_eq!(said, expected, "{kind} {given:?}");
    }
    let json = option("json");
    assert_eq!(json.kind, OptionKind::Json);
    let stored = value::Value::from(r#"{"a":1}"#);
    assert_eq!(
        json.effective(Some(&stored)).unwrap().get("a").as_i64(),
        Some(1)
    );
}
