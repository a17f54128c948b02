//! Databases, collections, indexes, documents, users and permissions over any storage engine.
