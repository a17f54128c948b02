//! Runs the function corpus and feeds every function arbitrary arguments.
