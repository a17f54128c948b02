//! The query language: syntax, plan, executor and functions.
