//! Mounts: the database-relative paths where services live.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use error_codes::codes;

use crate::{Error, Result};

/// A legal mount such as `/my-foxx`. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mount(Arc<str>);

impl Mount {
    /// Checks a mount at which a service is to be installed.
    ///
    /// # Errors
    /// 3007 `invalid mountpath`.
    pub fn parse(text: &str) -> Result<Self> {
        if is_legal(text) {
            Ok(Self(text.into()))
        } else {
            Err(Error::refused(codes::INVALID_MOUNTPOINT).with_detail("Mount", text))
        }
    }

    /// Stands for a part of the server that runs code as if it were a service.
    pub(crate) fn of_server(text: &str) -> Self {
        Self(text.into())
    }

    /// The mount as text, with its leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the mount is left out of listings without system services.
    pub fn is_system(&self) -> bool {
        is_system(&self.0)
    }

    /// `my_foxx` for `/my-foxx`: what begins the names of the service's collections.
    pub fn collection_prefix(&self) -> String {
        let name = self.0.trim_start_matches('/');
        name.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect()
    }

    /// The folder below that of the database.
    pub(crate) fn folder(&self) -> PathBuf {
        self.0
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect::<PathBuf>()
            .join("APP")
    }

    /// The mount as a file name: slashes and dashes flattened.
    pub fn file_stem(&self) -> String {
        self.0.trim_matches('/').replace(['/', '-'], "_")
    }
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a mount belongs to the server or hides like one that does.
pub fn is_system(mount: &str) -> bool {
    mount.starts_with("/_")
}

/// Longest mount, in bytes: it is the key of a document.
const MOUNT_BYTES_MAX: usize = 250;
/// Longest segment, in bytes: what file systems take.
const SEGMENT_BYTES_MAX: usize = 200;

fn is_legal(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else {
        return false;
    };
    let starts_well =
        rest.starts_with("_open/") || rest.starts_with(|c: char| c.is_ascii_alphabetic());
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '%');
    starts_well
        && text.len() <= MOUNT_BYTES_MAX
        && rest.split('/').all(|segment| {
            !segment.is_empty()
                && segment.len() <= SEGMENT_BYTES_MAX
                && segment.chars().all(legal)
                && !segment.eq_ignore_ascii_case("app")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_mounts_are_taken() {
        for mount in [
            "/a",
            "/my-foxx",
            "/a/_b",
            "/a/-b/%20/7",
            "/_open/x",
            "/apps",
            "/A_b",
        ] {
            assert!(Mount::parse(mount).is_ok(), "{mount}");
        }
    }

    #[test]
    fn other_mounts_are_refused_with_3007() {
        let mounts = [
            "", "/", "a", "//a", "/a/", "/a//b", "/_a", "/_open", "/_open/", "/1a", "/-a", "/%a",
            "/app", "/a/App", "/APP/b", "/a.b", "/a b", "/a?b", "/a:b", "/ä", "/a/..",
        ];
        for mount in mounts {
            let error = Mount::parse(mount).expect_err(mount);
            assert_eq!(error.code().number(), 3007, "{mount}");
            assert_eq!(error.status(), 400);
        }
    }

    #[test]
    fn prefixes_are_identifiers() {
        let prefix = |mount: &str| Mount::parse(mount).unwrap().collection_prefix();
        assert_eq!(prefix("/my-foxx"), "my_foxx");
        assert_eq!(prefix("/a/b-c%20"), "a_b_c_20");
    }
}
