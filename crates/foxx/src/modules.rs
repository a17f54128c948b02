//! The JavaScript that every VM starts with, as built into `modules/dist`.

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The source of a built-in module.
pub(crate) fn find_builtin(name: &str) -> Option<&'static str> {
    let at = BUILTINS
        .binary_search_by_key(&name, |(name, _)| name)
        .ok()?;
    BUILTINS.get(at).map(|(_, source)| *source)
}
