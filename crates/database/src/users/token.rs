//! Access tokens: long random texts that a user may give in place of the password.
//!
//! ```text
//! v1.<hexadecimal digits of {"u": user, "d": random, "c": created, "e": valid until}>
//! ```
//! Only a digest of the text is stored, so it cannot be shown again. A fast digest is enough:
//! there is nothing to guess in 128 random bits.

use sha2::{Digest as _, Sha256};
use value::{Object, Value, json};

use super::password;

const PREFIX: &str = "v1.";

/// Characters at the end of a token that its fingerprint shows.
const FINGERPRINT_CHARACTERS: usize = 6;

/// The end of the year 9999: when a token ends that was given no end.
pub(super) const NEVER_S: u64 = 253_402_300_799;

/// What is known of an access token of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Unique among those of its user, also after others were removed.
    pub id: u64,
    /// Unique among those of its user.
    pub name: String,
    /// Seconds since 1970.
    pub created_s: u64,
    /// Seconds since 1970 from which on it is refused.
    pub valid_until_s: u64,
    /// Its beginning and its end, to recognise it by.
    pub fingerprint: String,
    pub(super) digest: String,
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a new token.
pub(super) fn issue(user: &str, random: &[u8; 16], created_s: u64, valid_until_s: u64) -> String {
    let claims: Object = [
        ("u", Value::from(user)),
        ("d", hexadecimal(random).into()),
        ("c", created_s.into()),
        ("e", valid_until_s.into()),
    ]
    .into_iter()
    .collect();
    let text = json::to_string(&Value::object(claims));
    format!("{PREFIX}{}", hexadecimal(text.as_bytes()))
}

/// The user that a text claims to speak for, if it looks like a token.
pub(super) fn claimed_user(text: &str) -> Option<String> {
    let digits = text.strip_prefix(PREFIX)?.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let claims = json::parse(&bytes?).ok()?;
    claims.get("u").as_str().map(str::to_owned)
}

pub(super) fn digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

pub(super) fn fingerprint(text: &str) -> String {
    let end = text.len().saturating_sub(FINGERPRINT_CHARACTERS);
    format!("v1...{}", text.get(end..).unwrap_or_default())
}

impl AccessToken {
    /// Whether it is accepted at a time.
    pub fn is_valid(&self, now_s: u64) -> bool {
        now_s < self.valid_until_s
    }

    pub(super) fn is(&self, digest: &str) -> bool {
        password::is_equal(self.digest.as_bytes(), digest.as_bytes())
    }

    pub(super) fn from_value(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).as_str().map(str::to_owned);
        let number = |name: &str| u64::try_from(value.get(name).as_i64()?).ok();
        Some(Self {
            id: number("id")?,
            name: text("name")?,
            created_s: number("createdAt")?,
            valid_until_s: number("validUntil")?,
            fingerprint: text("fingerprint")?,
            digest: text("digest")?,
        })
    }

    pub(super) fn to_value(&self) -> Value {
        let mut object = Object::new();
        object.insert("id", self.id);
        object.insert("name", self.name.as_str());
        object.insert("createdAt", self.created_s);
        object.insert("validUntil", self.valid_until_s);
        object.insert("fingerprint", self.fingerprint.as_str());
        object.insert("digest", self.digest.as_str());
        Value::object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_their_user_and_nothing_else_does() {
        let token = issue("ö", &[7; 16], 1, 2);
        assert_eq!(claimed_user(&token).as_deref(), Some("ö"));
        assert!(token.ends_with(&fingerprint(&token)[5..]));
        for text in ["", "v1.", "v1.7", "v1.zz", "v1.7b7d", "v2.7b7d", "v1.ä"] {
            assert_eq!(claimed_user(text), None, "{text}");
        }
    }
}
