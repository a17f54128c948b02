//! The one table of public errors.
//!
//! Charter: number, name, HTTP status and default text of every error that a client can see.
//! It knows nothing of where errors arise or how they are worded in a particular case.
//!
//! Invariants: numbers are unique and sorted; names are unique and start with `ERROR_`.
//!
//! Entry points: [`ALL`] and [`Code`]; one constant a number in [`codes`].

mod table;

/// One constant for each public error, named like the error without its `ERROR_` prefix.
pub mod codes {
    pub use crate::table::*;
}

/// All public errors, sorted by number.
pub const ALL: &[Entry] = table::ALL;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The public number (`errorNum`).
    pub number: u32,
    /// The public name, such as `ERROR_ARANGO_CONFLICT`.
    pub name: &'static str,
    /// The HTTP status a request gets when nothing more specific is known.
    pub status: u16,
    /// The default text; may hold `%s` and `%d` placeholders.
    pub text: &'static str,
    /// The heading under which documentation lists the error.
    pub group: &'static str,
}

/// A public error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u32);

impl Code {
    /// The number as clients see it.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The table's row; `None` for a number that is not public.
    pub fn find_entry(self) -> Option<&'static Entry> {
        ALL.binary_search_by_key(&self.0, |entry| entry.number)
            .ok()
            .and_then(|at| ALL.get(at))
    }

    /// The HTTP status; 500 for unknown numbers.
    pub fn status(self) -> u16 {
        self.find_entry().map_or(500, |entry| entry.status)
    }

    /// The default text; `"unknown error"` for unknown numbers.
    pub fn text(self) -> &'static str {
        self.find_entry()
            .map_or("unknown error", |entry| entry.text)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_and_names_unique() {
        assert!(ALL.windows(2).all(|pair| pair[0].number < pair[1].number));
        let mut names: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(names.iter().all(|name| name.starts_with("ERROR_")));
    }

    #[test]
    fn statuses_follow_the_published_mapping() {
        assert_eq!(codes::ARANGO_DOCUMENT_NOT_FOUND.status(), 404);
        assert_eq!(codes::ARANGO_CONFLICT.status(), 409);
        assert_eq!(codes::SERVICE_NOT_FOUND.status(), 400);
        assert_eq!(Code(99_999).status(), 500);
    }
}
