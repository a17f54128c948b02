//! The query language from text to rows: the cases of `corpus/aql` and properties of all queries.

mod cases;
mod compare;
mod corpus;
mod hooks;
mod kept_results;
mod make;
mod properties;
mod reindex;
mod rules;
mod world;
