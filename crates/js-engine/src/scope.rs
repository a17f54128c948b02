//! What can be done with a VM.

use std::ptr;
use std::rc::Rc;

use crate::exception::Exception;
use crate::ffi;
use crate::text::JsText;
use crate::value::Value;
use crate::vm::Inner;

/// Access to a VM: evaluate, make values, run under limits. Cheap to clone.
///
/// A scope does not keep its VM alive. Using one after the [`crate::Vm`] was dropped panics.
#[derive(Clone)]
pub struct Scope {
    inner: Rc<Inner>,
}

impl Scope {
    pub(crate) fn new(inner: Rc<Inner>) -> Self {
        Self { inner }
    }

    pub(crate) fn inner(&self) -> &Rc<Inner> {
        &self.inner
    }

    fn ctx(&self) -> ffi::JSContextRef {
        self.inner.ctx()
    }

    /// Evaluates a script; `file` and `first_line` (at least 1) are for stack traces.
    ///
    /// # Errors
    /// A SyntaxError, or what the script throws.
    pub fn eval(&self, source: &str, file: &str, first_line: u32) -> Result<Value, Exception> {
        self.inner.refuse_if_stopped()?;
        let (source, file) = (JsText::new(source), JsText::new(file));
        let line = i32::try_from(first_line).unwrap_or(1);
        let mut thrown = ptr::null();
        // SAFETY: context and strings are live.
        let raw = unsafe {
            let this = ptr::null();
            ffi::JSEvaluateScript(
                self.ctx(),
                source.raw(),
                this,
                file.raw(),
                line,
                &mut thrown,
            )
        };
        self.inner.value(raw, thrown)
    }

    /// Parses a script without running it.
    ///
    /// # Errors
    /// The SyntaxError.
    pub fn check_syntax(&self, source: &str, file: &str, first_line: u32) -> Result<(), Exception> {
        self.inner.refuse_if_stopped()?;
        let (source, file) = (JsText::new(source), JsText::new(file));
        let line = i32::try_from(first_line).unwrap_or(1);
        let mut thrown = ptr::null();
        // SAFETY: context and strings are live.
        unsafe {
            ffi::JSCheckScriptSyntax(self.ctx(), source.raw(), file.raw(), line, &mut thrown);
        }
        self.inner.check(thrown)
    }

    /// Compiles the body of a function, as a CommonJS module is one. Lines are the author's, and
    /// so are the columns of [`Exception::details`]; the script itself sees columns of line 1
    /// shifted.
    ///
    /// # Errors
    /// The SyntaxError.
    pub fn compile_function(
        &self,
        params: &[&str],
        body: &str,
        file: &str,
    ) -> Result<Value, Exception> {
        let source = self.wrap_function(params, body, file);
        self.eval(&source, file, 1)
    }

    /// Parses what [`Scope::compile_function`] would compile.
    ///
    /// # Errors
    /// The SyntaxError.
    pub fn check_function(&self, params: &[&str], body: &str, file: &str) -> Result<(), Exception> {
        let source = self.wrap_function(params, body, file);
        self.check_syntax(&source, file, 1)
    }

    /// The body as a function expression whose head shares the body's first line, because the
    /// engine cannot be told of a line before the first.
    fn wrap_function(&self, params: &[&str], body: &str, file: &str) -> String {
        let head = format!("(function ({}) {{", params.join(", "));
        let offset = u32::try_from(head.len()).unwrap_or(0);
        self.inner
            .first_line_offsets
            .borrow_mut()
            .insert(file.to_owned(), offset);
        format!("{head}{body}\n}})")
    }

    /// A column as the author of `file` counts.
    pub(crate) fn adjust_column(&self, file: &str, line: u32, column: u32) -> u32 {
        let offsets = self.inner.first_line_offsets.borrow();
        match offsets.get(file) {
            Some(offset) if line == 1 => column.saturating_sub(*offset).max(1),
            _ => column,
        }
    }

    /// A stack with columns as the authors count.
    pub(crate) fn adjust_stack(&self, stack: String) -> String {
        if !stack.contains(":1:") {
            return stack;
        }
        let adjusted = stack.lines().map(|frame| {
            let position = frame.rsplit_once(':').and_then(|(rest, column)| {
                let (place, line) = rest.rsplit_once(':')?;
                let file = place.rsplit_once('@').map_or(place, |(_, file)| file);
                let column = self.adjust_column(file, line.parse().ok()?, column.parse().ok()?);
                Some(format!("{rest}:{column}"))
            });
            position.unwrap_or_else(|| frame.to_owned())
        });
        adjusted.collect::<Vec<_>>().join("\n")
    }

    /// The global object.
    pub fn global(&self) -> Value {
        // SAFETY: the context is live, and so is its global object.
        unsafe { Value::new(&self.inner, ffi::JSContextGetGlobalObject(self.ctx())) }
    }

    /// `undefined`
    pub fn undefined(&self) -> Value {
        self.inner.undefined()
    }

    /// `null`
    pub fn null(&self) -> Value {
        // SAFETY: the context is live and null is a primitive.
        unsafe { Value::primitive(&self.inner, ffi::JSValueMakeNull(self.ctx())) }
    }

    /// `true` or `false`
    pub fn bool(&self, value: bool) -> Value {
        // SAFETY: the context is live and booleans are primitives.
        unsafe { Value::primitive(&self.inner, ffi::JSValueMakeBoolean(self.ctx(), value)) }
    }

    /// A number.
    pub fn number(&self, value: impl Into<f64>) -> Value {
        // SAFETY: the context is live and numbers are primitives.
        unsafe {
            Value::primitive(
                &self.inner,
                ffi::JSValueMakeNumber(self.ctx(), value.into()),
            )
        }
    }

    /// A string.
    pub fn text(&self, text: &str) -> Value {
        self.inner.text(text)
    }

    /// `{}`
    pub fn object(&self) -> Value {
        // SAFETY: the context is live; no class makes a plain object.
        unsafe {
            let raw = ffi::JSObjectMake(self.ctx(), ptr::null(), ptr::null_mut());
            Value::new(&self.inner, raw)
        }
    }

    /// An array of these elements.
    ///
    /// # Errors
    /// A RangeError when it is too large.
    pub fn array(&self, elements: &[Value]) -> Result<Value, Exception> {
        let raw: Vec<_> = elements.iter().map(Value::raw).collect();
        let mut thrown = ptr::null();
        // SAFETY: context and elements are live; the array outlives the call.
        let raw =
            unsafe { ffi::JSObjectMakeArray(self.ctx(), raw.len(), raw.as_ptr(), &mut thrown) };
        self.inner.value(raw, thrown)
    }

    /// A `Date`, from milliseconds since 1970.
    ///
    /// # Errors
    /// None that a script can cause.
    pub fn date(&self, unix_ms: f64) -> Result<Value, Exception> {
        let arguments = [self.number(unix_ms).raw()];
        let mut thrown = ptr::null();
        // SAFETY: context and argument are live.
        let raw = unsafe { ffi::JSObjectMakeDate(self.ctx(), 1, arguments.as_ptr(), &mut thrown) };
        self.inner.value(raw, thrown)
    }

    /// JavaScript's `JSON.parse(text)`.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn from_json(&self, json: &str) -> Result<Value, Exception> {
        let text = JsText::new(json);
        // SAFETY: context and string are live.
        let raw = unsafe { ffi::JSValueMakeFromJSONString(self.ctx(), text.raw()) };
        if raw.is_null() {
            let constructor = self.inner.intrinsics().syntax_error;
            return Err(self.inner.make_error(constructor, "not valid JSON"));
        }
        // SAFETY: the engine just returned it.
        Ok(unsafe { Value::new(&self.inner, raw) })
    }

    /// An exception that throws `new Error(message)`.
    pub fn error(&self, message: &str) -> Exception {
        self.inner
            .make_error(self.inner.intrinsics().error, message)
    }

    /// An exception that throws `new TypeError(message)`.
    pub fn type_error(&self, message: &str) -> Exception {
        self.inner.type_error(message)
    }

    /// An exception that throws `new RangeError(message)`.
    pub fn range_error(&self, message: &str) -> Exception {
        self.inner.range_error(message)
    }

    /// An exception that throws `new constructor(...arguments)`, or what that throws.
    pub fn error_of(&self, constructor: &Value, arguments: &[&Value]) -> Exception {
        match constructor.construct(arguments) {
            Ok(value) => Exception::new(value),
            Err(exception) => exception,
        }
    }
}
