//! The embedded storage engine, on redb.
