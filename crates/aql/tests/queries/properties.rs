//! Properties that hold for every query.
