//! Which names databases, collections and indexes may have.
//!
//! Source: public documentation, "Naming conventions" (extended names, the default).

use error_codes::codes;

use crate::error::{Error, ErrorKind, Result};

const COLLECTION_BYTES_MAX: usize = 256;
const DATABASE_BYTES_MAX: usize = 128;

/// Checks the name of a collection; errors: 1208. Names of system collections begin with `_`.
pub(crate) fn check_collection(name: &str, is_system: bool) -> Result<()> {
    let rest = match name.strip_prefix('_') {
        Some(rest) if is_system => rest,
        _ => name,
    };
    check(
        rest,
        name.len() <= COLLECTION_BYTES_MAX,
        codes::ARANGO_ILLEGAL_NAME,
    )
}

/// Checks the name of a database; errors: 1229.
pub(crate) fn check_database(name: &str) -> Result<()> {
    let fits = name.len() <= DATABASE_BYTES_MAX;
    check(name, fits, codes::ARANGO_DATABASE_NAME_INVALID)
}

/// Checks the name of an index; errors: 1208.
pub(crate) fn check_index(name: &str) -> Result<()> {
    let reserved = matches!(name, "primary" | "edge");
    let fits = name.len() <= COLLECTION_BYTES_MAX && !reserved;
    check(name, fits, codes::ARANGO_ILLEGAL_NAME)
}

fn check(name: &str, fits: bool, code: error_codes::Code) -> Result<()> {
    let starts_well = name
        .chars()
        .next()
        .is_some_and(|first| !matches!(first, '.' | '_' | ' ') && !first.is_ascii_digit());
    let legal = |c: char| !matches!(c, '/' | ':' | '\0'..='\x1f');
    // The same text must not make two names.
    let is_normal = unicode_normalization::is_nfc(name);
    if fits && starts_well && is_normal && !name.ends_with(' ') && name.chars().all(legal) {
        Ok(())
    } else {
        let message = format!("{}: {name:?}", code.text());
        Err(Error::with_message(ErrorKind::Invalid, code, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_documented_rules() {
        let long = "n".repeat(COLLECTION_BYTES_MAX + 1);
        for (name, is_system, legal) in [
            ("products", false, true),
            ("Straße-1 a", false, true),
            ("_own", true, true),
            ("_own", false, false),
            ("", false, false),
            ("1a", false, false),
            (".a", false, false),
            (" a", false, false),
            ("a ", false, false),
            ("a/b", false, false),
            ("a:b", false, false),
            ("a\nb", false, false),
            ("a\0", false, false),
            ("a\u{308}", false, false),
            ("ä", false, true),
            ("😀 & more", false, true),
            ("a b.c%", false, true),
            (&long, false, false),
        ] {
            let found = check_collection(name, is_system);
            assert_eq!(found.is_ok(), legal, "{name:?}");
            assert!(legal || found.unwrap_err().code().number() == 1208);
        }
        assert_eq!(check_database("a:b").unwrap_err().code().number(), 1229);
        assert!(check_index("primary").is_err());
    }
}
