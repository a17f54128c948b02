//! JSON Web Tokens, HS256 only (RFC 7515, RFC 7519).
//!
//! The usual library brings RSA and three elliptic curves along to sign with a shared secret;
//! what is needed here is one keyed hash over two encoded texts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use value::{Object, Value, json};

/// The issuer that drivers put into their tokens and expect in ours.
const ISSUER: &str = "arangodb";

/// The server's signing secret. Has no `Debug`.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret from its bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Its SHA-256 in hexadecimal digits, which tells secrets apart and gives nothing away.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.0);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whom a valid token speaks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// A named user.
    User(String),
    /// Another server or an operator who knows the secret; `paths` limits where it is valid.
    Superuser { paths: Option<Vec<String>> },
}

/// A token for `user`.
pub(crate) fn issue(secret: &Secret, user: &str, now_s: u64, lifetime_s: u64) -> String {
    let claims: Object = [
        ("iss", Value::from(ISSUER)),
        ("preferred_username", Value::from(user)),
        ("iat", Value::from(now_s)),
        ("exp", Value::from(now_s.saturating_add(lifetime_s))),
    ]
    .into_iter()
    .collect();
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let body = URL_SAFE_NO_PAD.encode(json::to_string(&Value::object(claims)));
    let signed = format!("{head}.{body}");
    let signature = URL_SAFE_NO_PAD.encode(mac(secret, &signed).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// Checks signature, issuer and expiry; `None` for any token that is not good.
pub(crate) fn verify(secret: &Secret, token: &str, now_s: u64) -> Option<Bearer> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, body) = signed.split_once('.')?;
    let head = decode(head)?;
    if head.get("alg").as_str() != Some("HS256") {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(secret, signed).verify_slice(&signature).ok()?;
    let claims = decode(body)?;
    if claims.get("iss").as_str() != Some(ISSUER) {
        return None;
    }
    let expiry = claims.get("exp");
    if !expiry.is_null() && expiry.as_f64()? <= now_s as f64 {
        return None;
    }
    if let Some(user) = claims.get("preferred_username").as_str() {
        return Some(Bearer::User(user.to_owned()));
    }
    claims.get("server_id").as_str()?;
    let paths = claims.get("allowed_paths").as_array().map(|paths| {
        paths
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    });
    Some(Bearer::Superuser { paths })
}

fn decode(part: &str) -> Option<Value> {
    json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn mac(secret: &Secret, signed: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("any key length is accepted");
    mac.update(signed.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_it_expires_and_only_under_its_secret() {
        let secret = Secret::new(*b"secret");
        let token = issue(&secret, "root", 1000, 60);
        assert_eq!(
            verify(&secret, &token, 1059),
            Some(Bearer::User("root".into()))
        );
        assert_eq!(verify(&secret, &token, 1060), None);
        assert_eq!(verify(&Secret::new(*b"other"), &token, 1000), None);
        assert_eq!(verify(&secret, &token.replace('.', ".x"), 1000), None);
        assert_eq!(verify(&secret, "a.b", 1000), None);
    }

    #[test]
    fn the_none_algorithm_and_foreign_issuers_are_refused() {
        let secret = Secret::new(*b"secret");
        let sign = |head: &str, body: &str| {
            let signed = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(head),
                URL_SAFE_NO_PAD.encode(body)
            );
            let signature = URL_SAFE_NO_PAD.encode(mac(&secret, &signed).finalize().into_bytes());
            format!("{signed}.{signature}")
        };
        let claims = r#"{"iss":"arangodb","server_id":"s"}"#;
        assert_eq!(verify(&secret, &sign(r#"{"alg":"none"}"#, claims), 0), None);
        let superuser = verify(&secret, &sign(r#"{"alg":"HS256"}"#, claims), 0);
        assert_eq!(superuser, Some(Bearer::Superuser { paths: None }));
        let foreign = r#"{"iss":"x","preferred_username":"root"}"#;
        assert_eq!(
            verify(&secret, &sign(r#"{"alg":"HS256"}"#, foreign), 0),
            None
        );
    }
}
