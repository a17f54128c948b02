//! Values, their total order, number semantics, attribute paths, JSON text and the order-preserving key encoding.
