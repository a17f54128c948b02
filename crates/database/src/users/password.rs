//! Password hashes: Argon2id in the usual text form.
//!
//! ```text
//! $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt, base64>$<hash, base64>
//! ```

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use platform::Random;

use crate::error::{Error, Result};
use crate::settings::PasswordSettings;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Hashes a password with a new salt. Errors: settings that the algorithm refuses.
pub(super) fn hash(
    password: &str,
    settings: PasswordSettings,
    random: &dyn Random,
) -> Result<String> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let hash = compute(password, &salt, settings)?;
    let PasswordSettings {
        memory_kib,
        passes,
        lanes,
    } = settings;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"
    ))
}

/// Whether a password has this hash. Errors: a text that [`hash`] did not write.
pub(super) fn verify(password: &str, text: &str) -> Result<bool> {
    let damaged = || Error::corrupt("password hash");
    let (settings, salt, expected) = parse(text).ok_or_else(damaged)?;
    let found = compute(password, &salt, settings)?;
    Ok(is_equal(&found, &expected))
}

/// Compares in a time that does not depend on where the difference is.
pub(super) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn compute(password: &str, salt: &[u8], settings: PasswordSettings) -> Result<[u8; HASH_BYTES]> {
    let PasswordSettings {
        memory_kib,
        passes,
        lanes,
    } = settings;
    let refused =
        |error: argon2::Error| Error::bad_parameter(format!("password settings: {error}"));
    let params = Params::new(memory_kib, passes, lanes, Some(HASH_BYTES)).map_err(refused)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; HASH_BYTES];
    argon2
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(refused)?;
    Ok(hash)
}

fn parse(text: &str) -> Option<(PasswordSettings, Vec<u8>, Vec<u8>)> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = parts.next()?.split(',');
    let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse().ok();
    let settings = PasswordSettings {
        memory_kib: number("m=")?,
        passes: number("t=")?,
        lanes: number("p=")?,
    };
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    Some((settings, salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_verify_and_differ_by_salt() {
        let settings = PasswordSettings {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let random = platform::SeededRandom::new(7);
        let one = hash("secret", settings, &random).unwrap();
        let two = hash("secret", settings, &random).unwrap();
        assert_ne!(one, two);
        assert!(verify("secret", &one).unwrap() && verify("secret", &two).unwrap());
        assert!(!verify("Secret", &one).unwrap());
        assert!(verify("secret", "plain").is_err());
    }
}
