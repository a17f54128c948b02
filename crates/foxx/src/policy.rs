//! Allow and deny lists of regular expressions.

use regex::{RegexSet, RegexSetBuilder};

use crate::settings::PolicySettings;
use crate::{Error, Result};

/// A compiled pair of lists; a pattern matches anywhere, without regard to case.
#[derive(Debug)]
pub(crate) struct Policy {
    allowed: RegexSet,
    denied: RegexSet,
    open: bool,
}

impl Policy {
    /// Compiles the lists.
    ///
    /// # Errors
    /// A pattern that is no regular expression.
    pub(crate) fn compile(settings: &PolicySettings) -> Result<Self> {
        let set = |patterns: &[String]| {
            let set = RegexSetBuilder::new(patterns)
                .case_insensitive(true)
                .build();
            set.map_err(|e| Error::internal("compile allow and deny lists", e))
        };
        let (allowed, denied) = (set(&settings.allowed)?, set(&settings.denied)?);
        Ok(Self {
            allowed,
            denied,
            open: settings.open,
        })
    }

    /// Only an allow list: nothing else; only a deny list: everything else; both: the allowed
    /// without the denied; neither: as the settings say.
    pub(crate) fn allows(&self, value: &str) -> bool {
        if self.denied.is_match(value) {
            return false;
        }
        match (self.allowed.is_empty(), self.denied.is_empty()) {
            (false, _) => self.allowed.is_match(value),
            (true, false) => true,
            (true, true) => self.open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_combine_as_documented() {
        let allows = |allowed: &[&str], denied: &[&str], open, value: &str| {
            let list = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect();
            let settings = PolicySettings {
                allowed: list(allowed),
                denied: list(denied),
                open,
            };
            Policy::compile(&settings).unwrap().allows(value)
        };
        assert!(!allows(&[], &[], false, "/x"));
        assert!(allows(&[], &[], true, "/x"));
        assert!(allows(&["^/DATA/"], &[], false, "/data/x"));
        assert!(!allows(&["^/data/"], &[], true, "/other"));
        assert!(allows(&[], &["secret"], false, "/x"));
        assert!(!allows(&["^/data/"], &["secret"], true, "/data/secret"));
    }
}
