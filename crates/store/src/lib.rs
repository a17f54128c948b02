//! The storage seam: ordered bytes, transactions and batches, with an in-memory model and a conformance suite.
