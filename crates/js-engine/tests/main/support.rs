//! What every test needs.

use std::sync::Arc;

use js_engine::{Args, Exception, Scope, Value, Vm, VmSettings};
use platform::SystemClock;

/// A VM with sensible settings.
pub fn vm() -> Vm {
    Vm::new(VmSettings::default(), Arc::new(SystemClock::new()))
}

/// The value of an expression, as JSON or as text where it has none.
pub fn eval(scope: &Scope, source: &str) -> String {
    match scope.eval(source, "test.js", 1) {
        Ok(value) => show(&value),
        Err(exception) => format!("throws {exception}"),
    }
}

/// As `eval` shows it.
pub fn show(value: &Value) -> String {
    match value.to_json(0) {
        Ok(Some(json)) => json,
        Ok(None) => value.to_text().unwrap_or_default(),
        Err(exception) => format!("throws {exception}"),
    }
}

/// Defines a global host function.
pub fn define<F>(scope: &Scope, name: &str, body: F)
where
    F: for<'a> Fn(&'a Scope, Args<'a>) -> Result<Value, Exception> + 'static,
{
    let function = scope.function(name, body);
    scope
        .global()
        .set(name, &function)
        .expect("the global object takes properties");
}
