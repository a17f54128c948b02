//! What an `Authorization` header claims, before anybody checks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A claim.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// No header.
    None,
    /// Name and password (RFC 7617).
    Basic { user: String, password: String },
    /// A token (RFC 6750).
    Bearer(String),
    /// A header that makes no sense; it never logs anybody in.
    Unreadable,
}

/// Reads the header's text. Schemes are compared without regard to case.
pub(crate) fn parse(header: Option<&str>) -> Credentials {
    let Some(header) = header else {
        return Credentials::None;
    };
    let Some((scheme, rest)) = header.trim().split_once(' ') else {
        return Credentials::Unreadable;
    };
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Credentials::Bearer(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Credentials::Unreadable;
    }
    let decoded = STANDARD
        .decode(rest)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|text| text.split_once(':')) {
        Some((user, password)) => Credentials::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        },
        None => Credentials::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_without_regard_to_the_scheme_s_case() {
        let basic = |user: &str, password: &str| Credentials::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        };
        for (header, claim) in [
            (None, Credentials::None),
            (Some("Basic cm9vdDo="), basic("root", "")),
            (Some("basic cm9vdDphOmI="), basic("root", "a:b")),
            (
                Some("BEARER x.y.z"),
                Credentials::Bearer("x.y.z".to_owned()),
            ),
            (Some("Basic !!!"), Credentials::Unreadable),
            (Some("Basic"), Credentials::Unreadable),
            (Some("Digest x"), Credentials::Unreadable),
        ] {
            assert_eq!(parse(header), claim, "{header:?}");
        }
    }
}
