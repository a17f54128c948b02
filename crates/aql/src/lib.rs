//! The query language: syntax, plan, executor and functions.

pub mod functions;
