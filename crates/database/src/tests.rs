//! Tests over the in-memory engine.
