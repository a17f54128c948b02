//! The server and its command line.
fn main() {}
