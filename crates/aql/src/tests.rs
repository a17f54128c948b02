//! Queries from text to rows.
