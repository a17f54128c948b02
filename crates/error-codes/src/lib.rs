//! The one table of public errors: number, name, HTTP status and text.
