//! Handles to JavaScript values.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;
use std::rc::Rc;

use crate::exception::Exception;
use crate::ffi;
use crate::scope::Scope;
use crate::text::{JsText, PropertyName};
use crate::vm::Inner;

/// A JavaScript value, kept alive while the handle lives. Cloning makes a second handle.
pub struct Value {
    raw: ffi::JSValueRef,
    /// Whether the engine was told about this handle; not needed for primitives.
    protected: bool,
    inner: Rc<Inner>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number, NaN and the infinities included.
    Number,
    /// A string.
    String,
    /// A symbol.
    Symbol,
    /// A big integer.
    BigInt,
    /// Anything callable.
    Function,
    /// An array.
    Array,
    /// A `Date`.
    Date,
    /// An `Error` or what derives from it.
    Error,
    /// A native promise.
    Promise,
    /// An `ArrayBuffer`.
    ArrayBuffer,
    /// A view of an `ArrayBuffer`, `DataView` excepted.
    TypedArray,
    /// Any other object.
    Object,
}

impl Value {
    /// # Safety
    /// `raw` is a live value of the VM of `inner`.
    pub(crate) unsafe fn new(inner: &Rc<Inner>, raw: ffi::JSValueRef) -> Self {
        // SAFETY: `raw` is live, as the caller promises.
        unsafe { ffi::JSValueProtect(inner.ctx(), raw) };
        Self {
            raw,
            protected: true,
            inner: Rc::clone(inner),
        }
    }

    /// # Safety
    /// `raw` is undefined, null, a boolean or a number.
    pub(crate) unsafe fn primitive(inner: &Rc<Inner>, raw: ffi::JSValueRef) -> Self {
        Self {
            raw,
            protected: false,
            inner: Rc::clone(inner),
        }
    }

    pub(crate) fn raw(&self) -> ffi::JSValueRef {
        self.raw
    }

    fn ctx(&self) -> ffi::JSContextRef {
        self.inner.ctx()
    }

    /// The VM that the value belongs to.
    pub fn scope(&self) -> Scope {
        Scope::new(Rc::clone(&self.inner))
    }

    /// What the value is. One or more calls into the engine; the `is_` methods are cheaper.
    pub fn kind(&self) -> Kind {
        match self.type_code() {
            ffi::TYPE_UNDEFINED => Kind::Undefined,
            ffi::TYPE_NULL => Kind::Null,
            ffi::TYPE_BOOLEAN => Kind::Boolean,
            ffi::TYPE_NUMBER => Kind::Number,
            ffi::TYPE_STRING => Kind::String,
            ffi::TYPE_SYMBOL => Kind::Symbol,
            ffi::TYPE_BIGINT => Kind::BigInt,
            _ => self.object_kind(),
        }
    }

    fn object_kind(&self) -> Kind {
        if self.is_function() {
            return Kind::Function;
        }
        if self.is_array() {
            return Kind::Array;
        }
        // SAFETY: context and value are live.
        if unsafe { ffi::JSValueIsDate(self.ctx(), self.raw) } {
            return Kind::Date;
        }
        match self.typed_array_type() {
            ffi::TYPED_ARRAY_NONE => {}
            ffi::TYPED_ARRAY_ARRAY_BUFFER => return Kind::ArrayBuffer,
            _ => return Kind::TypedArray,
        }
        let intrinsics = self.inner.intrinsics();
        if self.is_made_by(intrinsics.error) {
            Kind::Error
        } else if self.is_made_by(intrinsics.promise) {
            Kind::Promise
        } else {
            Kind::Object
        }
    }

    fn is_made_by(&self, constructor: ffi::JSObjectRef) -> bool {
        let mut thrown = ptr::null();
        // SAFETY: context, value and constructor are live.
        let is = unsafe {
            ffi::JSValueIsInstanceOfConstructor(self.ctx(), self.raw, constructor, &mut thrown)
        };
        is && thrown.is_null()
    }

    fn type_code(&self) -> i32 {
        // SAFETY: context and value are live.
        unsafe { ffi::JSValueGetType(self.ctx(), self.raw) }
    }

    pub(crate) fn typed_array_type(&self) -> i32 {
        if !self.is_object() {
            return ffi::TYPED_ARRAY_NONE;
        }
        let mut thrown = ptr::null();
        // SAFETY: context and value are live.
        unsafe { ffi::JSValueGetTypedArrayType(self.ctx(), self.raw, &mut thrown) }
    }

    /// `undefined`?
    pub fn is_undefined(&self) -> bool {
        self.type_code() == ffi::TYPE_UNDEFINED
    }

    /// `null`?
    pub fn is_null(&self) -> bool {
        self.type_code() == ffi::TYPE_NULL
    }

    /// `undefined` or `null`?
    pub fn is_nullish(&self) -> bool {
        matches!(self.type_code(), ffi::TYPE_UNDEFINED | ffi::TYPE_NULL)
    }

    /// A string primitive?
    pub fn is_string(&self) -> bool {
        self.type_code() == ffi::TYPE_STRING
    }

    /// A number primitive?
    pub fn is_number(&self) -> bool {
        self.type_code() == ffi::TYPE_NUMBER
    }

    /// An object of any kind, functions and arrays included?
    pub fn is_object(&self) -> bool {
        self.type_code() == ffi::TYPE_OBJECT
    }

    /// Callable?
    pub fn is_function(&self) -> bool {
        // SAFETY: context and value are live, and the value is an object.
        self.is_object() && unsafe { ffi::JSObjectIsFunction(self.ctx(), self.raw) }
    }

    /// An array?
    pub fn is_array(&self) -> bool {
        // SAFETY: context and value are live.
        unsafe { ffi::JSValueIsArray(self.ctx(), self.raw) }
    }

    /// JavaScript's `===`.
    pub fn is_same(&self, other: &Value) -> bool {
        // SAFETY: context and values are live.
        unsafe { ffi::JSValueIsStrictEqual(self.ctx(), self.raw, other.raw) }
    }

    /// JavaScript's truth of the value.
    pub fn to_bool(&self) -> bool {
        // SAFETY: context and value are live.
        unsafe { ffi::JSValueToBoolean(self.ctx(), self.raw) }
    }

    /// JavaScript's `Number(value)`.
    ///
    /// # Errors
    /// What a conversion method of an object throws; a TypeError for symbols.
    pub fn to_f64(&self) -> Result<f64, Exception> {
        let mut thrown = ptr::null();
        // SAFETY: context and value are live.
        let number = unsafe { ffi::JSValueToNumber(self.ctx(), self.raw, &mut thrown) };
        self.inner.check(thrown)?;
        Ok(number)
    }

    /// JavaScript's `String(value)`; lone surrogates become U+FFFD.
    ///
    /// # Errors
    /// What a conversion method of an object throws; a TypeError for symbols; a RangeError for
    /// strings longer than `string_units_max`.
    pub fn to_text(&self) -> Result<String, Exception> {
        let mut thrown = ptr::null();
        // SAFETY: context and value are live; the returned reference is ours.
        let text = unsafe {
            JsText::from_owned(ffi::JSValueToStringCopy(self.ctx(), self.raw, &mut thrown))
        };
        self.inner.check(thrown)?;
        self.inner.to_utf8(text)
    }

    /// The number, if the value is one.
    pub fn as_f64(&self) -> Option<f64> {
        if self.is_number() {
            self.to_f64().ok()
        } else {
            None
        }
    }

    /// The boolean, if the value is one.
    pub fn as_bool(&self) -> Option<bool> {
        (self.type_code() == ffi::TYPE_BOOLEAN).then(|| self.to_bool())
    }

    /// The string, if the value is one and no longer than `string_units_max`.
    pub fn as_text(&self) -> Option<String> {
        if self.is_string() {
            self.to_text().ok()
        } else {
            None
        }
    }

    /// JavaScript's `JSON.stringify(value)`, indented by `indent` spaces (at most 10) if not 0.
    /// `None` for what has no JSON: undefined, functions, symbols.
    ///
    /// # Errors
    /// What `toJSON`, a getter or a proxy throws; a TypeError for cycles; a RangeError for texts
    /// longer than `string_units_max`.
    pub fn to_json(&self, indent: u32) -> Result<Option<String>, Exception> {
        let mut thrown = ptr::null();
        // SAFETY: context and value are live; the returned reference is ours.
        let text = unsafe {
            let raw = ffi::JSValueCreateJSONString(self.ctx(), self.raw, indent, &mut thrown);
            JsText::from_owned(raw)
        };
        self.inner.check(thrown)?;
        match text {
            None => Ok(None),
            some => self.inner.to_utf8(some).map(Some),
        }
    }

    /// Reads a property.
    ///
    /// # Errors
    /// What a getter throws; a TypeError if the value is no object.
    pub fn get(&self, name: impl PropertyName) -> Result<Value, Exception> {
        self.need_object("read a property of")?;
        let mut thrown = ptr::null();
        // SAFETY: context, object and name are live.
        let raw = name.with_name(|name| unsafe {
            ffi::JSObjectGetProperty(self.ctx(), self.raw, name.0.raw(), &mut thrown)
        });
        self.inner.value(raw, thrown)
    }

    /// Writes a property.
    ///
    /// # Errors
    /// What a setter throws; a TypeError if the value is no object.
    pub fn set(&self, name: impl PropertyName, value: &Value) -> Result<(), Exception> {
        self.set_with(name, value, ffi::ATTRIBUTE_NONE)
    }

    /// Writes a property that `for in` and `Object.keys` do not show.
    ///
    /// # Errors
    /// As [`Value::set`].
    pub fn set_hidden(&self, name: impl PropertyName, value: &Value) -> Result<(), Exception> {
        self.set_with(name, value, ffi::ATTRIBUTE_DONT_ENUM)
    }

    fn set_with(
        &self,
        name: impl PropertyName,
        value: &Value,
        attributes: u32,
    ) -> Result<(), Exception> {
        self.need_object("write a property of")?;
        let mut thrown = ptr::null();
        // SAFETY: context, object, name and value are live.
        name.with_name(|name| unsafe {
            let (name, value) = (name.0.raw(), value.raw);
            ffi::JSObjectSetProperty(self.ctx(), self.raw, name, value, attributes, &mut thrown);
        });
        self.inner.check(thrown)
    }

    /// Whether the object or its prototypes have the property; false for other values.
    pub fn has(&self, name: impl PropertyName) -> bool {
        // SAFETY: context, object and name are live.
        name.with_name(|name| unsafe {
            self.is_object() && ffi::JSObjectHasProperty(self.ctx(), self.raw, name.0.raw())
        })
    }

    /// Removes a property; false if it must stay.
    ///
    /// # Errors
    /// What a proxy throws; a TypeError if the value is no object.
    pub fn delete(&self, name: impl PropertyName) -> Result<bool, Exception> {
        self.need_object("delete a property of")?;
        let mut thrown = ptr::null();
        // SAFETY: context, object and name are live.
        let done = name.with_name(|name| unsafe {
            ffi::JSObjectDeleteProperty(self.ctx(), self.raw, name.0.raw(), &mut thrown)
        });
        self.inner.check(thrown)?;
        Ok(done)
    }

    /// Reads an element.
    ///
    /// # Errors
    /// As [`Value::get`].
    pub fn get_index(&self, index: u32) -> Result<Value, Exception> {
        self.need_object("read an element of")?;
        let mut thrown = ptr::null();
        // SAFETY: context and object are live.
        let raw =
            unsafe { ffi::JSObjectGetPropertyAtIndex(self.ctx(), self.raw, index, &mut thrown) };
        self.inner.value(raw, thrown)
    }

    /// Writes an element.
    ///
    /// # Errors
    /// As [`Value::set`].
    pub fn set_index(&self, index: u32, value: &Value) -> Result<(), Exception> {
        self.need_object("write an element of")?;
        let mut thrown = ptr::null();
        // SAFETY: context, object and value are live.
        unsafe {
            ffi::JSObjectSetPropertyAtIndex(self.ctx(), self.raw, index, value.raw, &mut thrown);
        }
        self.inner.check(thrown)
    }

    /// `length` as a count; 0 if it is none.
    ///
    /// # Errors
    /// What a getter throws; a TypeError if the value is no object.
    pub fn length(&self) -> Result<u32, Exception> {
        let length = self
            .inner
            .intrinsics()
            .length
            .with_name(|name| self.get(name))?;
        Ok(length.to_f64()? as u32)
    }

    /// The names that `for in` would show. Empty for values that are no objects.
    pub fn keys(&self) -> Vec<String> {
        if !self.is_object() {
            return Vec::new();
        }
        // SAFETY: context and object are live; the array of names is ours until released, and
        // a name taken from it is borrowed, so it must not be released here.
        unsafe {
            let names = ffi::JSObjectCopyPropertyNames(self.ctx(), self.raw);
            let count = ffi::JSPropertyNameArrayGetCount(names);
            let name = |index| {
                let raw = ffi::JSPropertyNameArrayGetNameAtIndex(names, index);
                let text = JsText::from_owned(raw).map(ManuallyDrop::new);
                text.map(|text| text.to_utf8()).unwrap_or_default()
            };
            let found = (0..count).map(name).collect();
            ffi::JSPropertyNameArrayRelease(names);
            found
        }
    }

    /// Calls the function with `this` undefined.
    ///
    /// # Errors
    /// What it throws; a TypeError if the value is no function.
    pub fn call(&self, arguments: &[&Value]) -> Result<Value, Exception> {
        self.call_raw(ptr::null(), arguments)
    }

    /// Calls the function with `this`.
    ///
    /// # Errors
    /// What it throws; a TypeError if the value is no function or `this` no object.
    pub fn call_with(&self, this: &Value, arguments: &[&Value]) -> Result<Value, Exception> {
        this.need_object("use as `this`")?;
        self.call_raw(this.raw, arguments)
    }

    fn call_raw(&self, this: ffi::JSObjectRef, arguments: &[&Value]) -> Result<Value, Exception> {
        if !self.is_function() {
            return Err(self.inner.type_error("cannot call what is not a function"));
        }
        self.inner.refuse_if_stopped()?;
        let mut thrown = ptr::null();
        // SAFETY: context, function, `this` and arguments are live; the array outlives the call.
        let raw = with_raw(arguments, |arguments| unsafe {
            let (count, arguments) = (arguments.len(), arguments.as_ptr());
            let ctx = self.ctx();
            ffi::JSObjectCallAsFunction(ctx, self.raw, this, count, arguments, &mut thrown)
        });
        self.inner.outcome(raw, thrown)
    }

    /// Calls `value[name](...)`.
    ///
    /// # Errors
    /// As [`Value::call`].
    pub fn call_method(
        &self,
        name: impl PropertyName,
        arguments: &[&Value],
    ) -> Result<Value, Exception> {
        self.get(name)?.call_with(self, arguments)
    }

    /// JavaScript's `new value(...)`.
    ///
    /// # Errors
    /// What it throws; a TypeError if the value is no constructor.
    pub fn construct(&self, arguments: &[&Value]) -> Result<Value, Exception> {
        self.need_object("construct")?;
        self.inner.refuse_if_stopped()?;
        let mut thrown = ptr::null();
        // SAFETY: context, constructor and arguments are live; the array outlives the call.
        let raw = with_raw(arguments, |arguments| unsafe {
            let (count, arguments) = (arguments.len(), arguments.as_ptr());
            ffi::JSObjectCallAsConstructor(self.ctx(), self.raw, count, arguments, &mut thrown)
        });
        if raw.is_null() && thrown.is_null() {
            return Err(self
                .inner
                .type_error("cannot construct what is not a constructor"));
        }
        self.inner.outcome(raw, thrown)
    }

    /// JavaScript's `value instanceof constructor`; false where that throws.
    pub fn is_instance_of(&self, constructor: &Value) -> bool {
        constructor.is_object() && self.is_made_by(constructor.raw)
    }

    /// The object's prototype; `null` where there is none, and for values that are no objects.
    pub fn prototype(&self) -> Value {
        if !self.is_object() {
            return self.scope().null();
        }
        // SAFETY: context and object are live, and so is what the engine returns.
        unsafe { Value::new(&self.inner, ffi::JSObjectGetPrototype(self.ctx(), self.raw)) }
    }

    /// Replaces the object's prototype; other values are left alone.
    pub fn set_prototype(&self, prototype: &Value) {
        if self.is_object() {
            // SAFETY: context and both values are live.
            unsafe { ffi::JSObjectSetPrototype(self.ctx(), self.raw, prototype.raw) }
        }
    }

    fn need_object(&self, what: &str) -> Result<(), Exception> {
        if self.is_object() {
            return Ok(());
        }
        let message = format!("cannot {what} a value that is not an object");
        Err(self.inner.type_error(&message))
    }
}

/// Passes the raw arguments on, without allocating for up to eight.
fn with_raw<T>(values: &[&Value], then: impl FnOnce(&[ffi::JSValueRef]) -> T) -> T {
    let mut few = [ptr::null(); 8];
    if let Some(slots) = few.get_mut(..values.len()) {
        slots
            .iter_mut()
            .zip(values)
            .for_each(|(slot, value)| *slot = value.raw);
        return then(slots);
    }
    then(&values.iter().map(|value| value.raw).collect::<Vec<_>>())
}

impl Clone for Value {
    fn clone(&self) -> Self {
        // SAFETY: `self` keeps the value alive, and so does the caller of a borrowed one.
        unsafe { Self::new(&self.inner, self.raw) }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if self.protected {
            // SAFETY: pairs with the protection in `new`.
            unsafe { self.inner.unprotect(self.raw) }
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inner.is_alive() {
            self.kind().fmt(f)
        } else {
            f.write_str("Dead")
        }
    }
}

/// A value that somebody else keeps alive for `'a`: an argument of a host call.
///
/// Use it as a [`Value`]; `clone` one to keep it longer.
pub struct Borrowed<'a> {
    value: ManuallyDrop<Value>,
    marker: PhantomData<&'a Value>,
}

impl Borrowed<'_> {
    /// # Safety
    /// `raw` is a live value of the VM of `inner` and stays so, as `inner` does, for `'a`.
    pub(crate) unsafe fn new(inner: &Rc<Inner>, raw: ffi::JSValueRef) -> Self {
        // SAFETY: the copied `Rc` is never dropped, and the original outlives `'a`.
        let inner = unsafe { ptr::read(inner) };
        let value = ManuallyDrop::new(Value {
            raw,
            protected: false,
            inner,
        });
        Self {
            value,
            marker: PhantomData,
        }
    }

    /// An owned handle.
    pub fn to_owned(&self) -> Value {
        Value::clone(&self.value)
    }
}

impl Deref for Borrowed<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}
