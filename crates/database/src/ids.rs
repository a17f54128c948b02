//! Identifiers of stored things: numbers from the server's tick source.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// Identifies a database; `_system` is 1.
    DatabaseId
);
id!(
    /// Identifies a collection, whatever its name, in the whole server.
    CollectionId
);
id!(
    /// Identifies an index in the whole server.
    IndexId
);

impl DatabaseId {
    /// The database `_system`.
    pub const SYSTEM: Self = Self(1);
}
