//! Identifiers of stored things: numbers from the server's tick source.

use std::fmt;

use value::{Object, Value};

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

/// Where the documents of a collection or the entries of an index lie in the store. At first the
/// number of their owner; truncating gives another one, and what is under the former one is
/// discarded. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Keyspace(pub u64);

impl Keyspace {
    /// The attribute of a stored definition; it is left out where it is the owner's number.
    const ATTRIBUTE: &str = "keyspace";

    /// Adds it to the stored definition of the owner with the number `id`.
    pub fn write(self, id: u64, definition: &mut Object) {
        if self.0 != id {
            // A tick has 63 bits.
            definition.insert(Self::ATTRIBUTE, self.0.cast_signed());
        }
    }

    /// Reads it from a stored definition of the owner with the number `id`.
    pub fn read(id: u64, definition: &Value) -> Self {
        let stored = definition.get(Self::ATTRIBUTE).as_i64();
        Self(stored.map_or(id, i64::cast_unsigned))
    }
}

impl DatabaseId {
    /// The database `_system`.
    pub const SYSTEM: Self = Self(1);
}
