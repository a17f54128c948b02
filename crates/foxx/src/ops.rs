//! Native functions that the runtime calls, a family a file; `modules/OPS.md` says what each does.

mod archives;
mod collections;
mod context;
mod crypto;
mod documents;
mod files;
mod functions;
mod http;
mod queries;
mod request;
mod rights;
mod system;
mod tracking;
mod transactions;
mod users;

use std::rc::Rc;

use error_codes::{Code, codes};
use js_engine::{Args, Exception, Scope, Value};
use value::json;

use crate::text::replace_lone_surrogates;
pub(crate) use context::Context;
pub(crate) use http::Agents;
pub(crate) use queries::Queries;
pub(crate) use system::init;

/// Why an op failed.
pub(crate) enum OpError {
    /// A JavaScript exception, passed on.
    Thrown(Exception),
    /// A public error, thrown as an `ArangoError`.
    Public(Code, String),
}

pub(crate) type OpResult = Result<Value, OpError>;

/// The running op: its VM, its arguments and what it acts on.
pub(crate) struct Call<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) args: Args<'a>,
    pub(crate) context: &'a Rc<Context>,
}

/// Takes the ops of one family.
pub(crate) struct Registrar<'a> {
    scope: &'a Scope,
    ops: &'a Value,
    context: &'a Rc<Context>,
    failed: Option<Exception>,
}

/// The `ops` object for a VM.
pub(crate) fn install(scope: &Scope, context: &Rc<Context>) -> Result<Value, Exception> {
    let ops = scope.object();
    let mut registrar = Registrar {
        scope,
        ops: &ops,
        context,
        failed: None,
    };
    request::register(&mut registrar);
    system::register(&mut registrar);
    crypto::register(&mut registrar);
    http::register(&mut registrar);
    files::register(&mut registrar);
    archives::register(&mut registrar);
    collections::register(&mut registrar);
    documents::register(&mut registrar);
    queries::register(&mut registrar);
    transactions::register(&mut registrar);
    users::register(&mut registrar);
    functions::register(&mut registrar);
    tracking::register(&mut registrar);
    match registrar.failed {
        Some(exception) => Err(exception),
        None => Ok(ops),
    }
}

impl Registrar<'_> {
    /// Adds an op.
    pub(crate) fn op(&mut self, name: &str, body: fn(&Call<'_>) -> OpResult) {
        let context = Rc::clone(self.context);
        let function = self
            .scope
            .function(name, move |scope: &Scope, args: Args<'_>| {
                let call = Call {
                    scope,
                    args,
                    context: &context,
                };
                body(&call).map_err(|error| context.to_exception(scope, error))
            });
        if let Err(exception) = self.ops.set(name, &function) {
            self.failed = Some(exception);
        }
    }
}

impl Call<'_> {
    /// Argument `index` as text.
    pub(crate) fn text(&self, index: usize) -> Result<String, OpError> {
        Ok(self.args.text(index)?)
    }

    /// Argument `index` as text; `None` if it is absent.
    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<String>, OpError> {
        let value = self.args.get(index);
        if value.is_nullish() {
            Ok(None)
        } else {
            Ok(Some(value.to_text()?))
        }
    }

    /// Argument `index` as a boolean.
    pub(crate) fn flag(&self, index: usize) -> bool {
        self.args.get(index).to_bool()
    }

    /// Argument `index` as a number that is neither negative nor NaN.
    pub(crate) fn number(&self, index: usize) -> Result<f64, OpError> {
        let number = self.args.get(index).to_f64()?;
        if number >= 0.0 {
            Ok(number)
        } else {
            Err(bad("a number must not be negative"))
        }
    }

    /// Argument `index`, which is text or bytes, as bytes.
    pub(crate) fn data(&self, index: usize) -> Result<Vec<u8>, OpError> {
        let value = self.args.get(index);
        match value.with_bytes(<[u8]>::to_vec) {
            Some(bytes) => Ok(bytes),
            None => Ok(value.to_text()?.into_bytes()),
        }
    }

    /// Argument `index` as JSON text, parsed; `null` if it is absent.
    pub(crate) fn json(&self, index: usize) -> Result<value::Value, OpError> {
        let Some(text) = self.optional_text(index)? else {
            return Ok(value::Value::Null);
        };
        let error = match json::parse(text.as_bytes()) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if json::is_too_deep(text.as_bytes()) {
            return Err(bad("Too deep nesting in Array/Object"));
        }
        // JavaScript's strings may hold halves of characters, which no stored text can.
        let whole = replace_lone_surrogates(&text);
        json::parse(whole.as_bytes()).map_err(|_| {
            OpError::Public(
                codes::HTTP_CORRUPTED_JSON,
                format!("not valid JSON: {error}"),
            )
        })
    }

    /// `undefined`.
    pub(crate) fn nothing(&self) -> OpResult {
        Ok(self.scope.undefined())
    }

    /// A fresh JavaScript value.
    pub(crate) fn value(&self, value: &value::Value) -> OpResult {
        Ok(self.scope.from_json(&json::to_string(value))?)
    }

    /// A fresh JavaScript value from JSON bytes that this server wrote.
    pub(crate) fn parsed(&self, text: Vec<u8>) -> OpResult {
        let text = String::from_utf8(text).map_err(|_| bad("damaged text in a document"))?;
        Ok(self.scope.from_json(&text)?)
    }

    /// A string.
    pub(crate) fn string(&self, text: &str) -> OpResult {
        Ok(self.scope.text(text))
    }

    /// `true` or `false`.
    pub(crate) fn bool(&self, flag: bool) -> OpResult {
        Ok(self.scope.bool(flag))
    }
}

/// Error 10 with a text.
pub(crate) fn bad(message: impl Into<String>) -> OpError {
    OpError::Public(codes::BAD_PARAMETER, message.into())
}

impl From<Exception> for OpError {
    fn from(exception: Exception) -> Self {
        Self::Thrown(exception)
    }
}

impl From<Code> for OpError {
    fn from(code: Code) -> Self {
        Self::Public(code, code.text().to_owned())
    }
}

impl From<database::Error> for OpError {
    fn from(error: database::Error) -> Self {
        Self::Public(error.code(), error.message().to_owned())
    }
}

impl From<crate::Error> for OpError {
    fn from(error: crate::Error) -> Self {
        Self::Public(error.code(), error.message().to_owned())
    }
}
