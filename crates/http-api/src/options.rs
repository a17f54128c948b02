//! How the server was started, as clients are told.

use value::Value;

/// A flag of the command line with its value. Secrets are left out by whoever makes the list.
#[derive(Debug, Clone)]
pub struct StartupOption {
    /// The flag without its dashes.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The documented name of its type, such as `uint64`, `double`, `boolean` or `string...`.
    pub type_name: &'static str,
    /// What it was set to.
    pub value: Value,
    /// What it is without being set; null if there is nothing.
    pub default: Value,
}
