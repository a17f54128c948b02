//! Rust closures as JavaScript functions.

use std::any::Any;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use crate::exception::Exception;
use crate::ffi;
use crate::scope::Scope;
use crate::text::PropertyName;
use crate::value::{Borrowed, Value};
use crate::vm::Inner;

type Body = dyn for<'a> Fn(&'a Scope, Args<'a>) -> Result<Value, Exception>;

/// The private data of a host function's JavaScript object.
pub(crate) struct HostFunction {
    /// Valid while the VM is, and so whenever the engine calls.
    inner: *const Inner,
    body: Box<Body>,
}

/// The engine's class of host functions.
pub(crate) struct HostClass(ffi::JSClassRef);

impl HostClass {
    pub(crate) fn new() -> Self {
        let definition = ffi::JSClassDefinition {
            version: 0,
            attributes: ffi::CLASS_NO_AUTOMATIC_PROTOTYPE,
            class_name: c"Function".as_ptr(),
            parent_class: ptr::null(),
            static_values: ptr::null(),
            static_functions: ptr::null(),
            initialize: None,
            finalize: Some(finalize),
            has_property: ptr::null(),
            get_property: ptr::null(),
            set_property: ptr::null(),
            delete_property: ptr::null(),
            get_property_names: ptr::null(),
            call_as_function: Some(call),
            call_as_constructor: ptr::null(),
            has_instance: ptr::null(),
            convert_to_type: ptr::null(),
        };
        // SAFETY: the definition is complete, and copied by the engine.
        Self(unsafe { ffi::JSClassCreate(&definition) })
    }
}

impl Drop for HostClass {
    fn drop(&mut self) {
        // SAFETY: pairs with the creation.
        unsafe { ffi::JSClassRelease(self.0) }
    }
}

/// Arguments of a host call, alive while it runs.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    inner: &'a Rc<Inner>,
    this: ffi::JSValueRef,
    values: &'a [ffi::JSValueRef],
    marker: PhantomData<&'a Value>,
}

impl<'a> Args<'a> {
    /// How many were passed.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// None passed?
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The argument at `index`; `undefined` where none was passed.
    pub fn get(&self, index: usize) -> Borrowed<'a> {
        let raw = self.values.get(index).copied().unwrap_or_else(|| {
            // SAFETY: the context is live.
            unsafe { ffi::JSValueMakeUndefined(self.inner.ctx()) }
        });
        // SAFETY: the engine keeps arguments alive for the call, and `inner` lives for `'a`.
        unsafe { Borrowed::new(self.inner, raw) }
    }

    /// `this`: the object before the dot, or the global object.
    pub fn this(&self) -> Borrowed<'a> {
        // SAFETY: as for `get`.
        unsafe { Borrowed::new(self.inner, self.this) }
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = Borrowed<'a>> + use<'a> {
        let args = *self;
        (0..args.len()).map(move |index| args.get(index))
    }

    /// The argument as text, converted as JavaScript does.
    ///
    /// # Errors
    /// As [`Value::to_text`].
    pub fn text(&self, index: usize) -> Result<String, Exception> {
        self.get(index).to_text()
    }
}

impl Scope {
    /// A JavaScript function that runs `body`.
    ///
    /// It is called without the engine's lock, may call back into JavaScript, and counts towards
    /// the time limit. What it captures is dropped some time after the last reference to the
    /// function is gone, or with the VM. If it panics the VM is poisoned and the run ends with
    /// [`crate::RunError::Panic`].
    pub fn function<F>(&self, name: &str, body: F) -> Value
    where
        F: for<'a> Fn(&'a Scope, Args<'a>) -> Result<Value, Exception> + 'static,
    {
        let inner = self.inner();
        inner.drop_garbage();
        let host = HostFunction {
            inner: Rc::as_ptr(inner),
            body: Box::new(body),
        };
        let data = Box::into_raw(Box::new(host)).cast::<c_void>();
        let name = self.text(name);
        // SAFETY: context, class, prototype and name are live; `data` is what `call` and
        // `finalize` expect, and `finalize` runs once.
        unsafe {
            let function = ffi::JSObjectMake(inner.ctx(), inner.host_class.0, data);
            let function = Value::new(inner, function);
            let intrinsics = inner.intrinsics();
            // The name first: once inherited it is read-only.
            intrinsics.name.with_name(|atom| {
                let attributes = ffi::ATTRIBUTE_DONT_ENUM | ffi::ATTRIBUTE_READ_ONLY;
                let (ctx, atom, none) = (inner.ctx(), atom.0.raw(), ptr::null_mut());
                ffi::JSObjectSetProperty(ctx, function.raw(), atom, name.raw(), attributes, none);
            });
            let prototype = intrinsics.function_prototype;
            ffi::JSObjectSetPrototype(inner.ctx(), function.raw(), prototype);
            function
        }
    }
}

/// What [`Inner::call_job`] passes through the engine.
type Job<'a> = &'a mut dyn FnMut(&Scope);

impl Inner {
    /// Calls `job` as if by JavaScript: inside of the engine, one level deep.
    pub(crate) fn call_job(self: &Rc<Self>, mut job: Job<'_>) {
        self.job.set(ptr::from_mut(&mut job).cast::<c_void>());
        let mut thrown = ptr::null();
        // SAFETY: context and function are live. What the function returns or throws says
        // nothing: the job keeps its own result.
        unsafe {
            let (ctx, function) = (self.ctx(), self.run_job.get());
            let none = ptr::null();
            ffi::JSObjectCallAsFunction(ctx, function, ptr::null(), 0, none, &mut thrown);
        }
        self.job.set(ptr::null_mut());
    }

    fn take_job(&self, scope: &Scope) {
        let place = self.job.replace(ptr::null_mut()).cast::<Job<'_>>();
        // SAFETY: null, or set by `call_job`, which is still on the stack and lends its job.
        if let Some(job) = unsafe { place.as_mut() } {
            job(scope);
        }
    }

    /// Makes the host function behind [`Inner::call_job`].
    pub(crate) fn make_run_job(scope: &Scope) {
        let function = scope.function("run", |scope: &Scope, _| {
            scope.inner().take_job(scope);
            Ok(scope.undefined())
        });
        let inner = scope.inner();
        // SAFETY: context and function are live. It is kept for the VM's lifetime.
        unsafe { ffi::JSValueProtect(inner.ctx(), function.raw()) };
        inner.run_job.set(function.raw());
    }
}

/// The engine calls a host function.
unsafe extern "C" fn call(
    _ctx: ffi::JSContextRef,
    function: ffi::JSObjectRef,
    this: ffi::JSObjectRef,
    argument_count: usize,
    arguments: *const ffi::JSValueRef,
    exception: *mut ffi::JSValueRef,
) -> ffi::JSValueRef {
    // SAFETY: only objects of `HostClass` get here; their private data is a `HostFunction` until
    // they are finalized, which a running call prevents. `inner` outlives the VM. The copied `Rc`
    // is never dropped.
    let (host, scope) = unsafe {
        let host = &*ffi::JSObjectGetPrivate(function).cast::<HostFunction>();
        (
            host,
            ManuallyDrop::new(Scope::new(Rc::from_raw(host.inner))),
        )
    };
    let values = if argument_count == 0 {
        &[]
    } else {
        // SAFETY: the engine passes that many live values and keeps them for the call.
        unsafe { std::slice::from_raw_parts(arguments, argument_count) }
    };
    let inner = scope.inner();
    let args = Args {
        inner,
        this,
        values,
        marker: PhantomData,
    };
    let run = || {
        inner.refuse_if_stopped()?;
        (host.body)(&scope, args)
    };
    inner.depth.update(|depth| depth + 1);
    // The engine let go of its lock for this call. Taking it once is cheaper than letting each
    // call back into the engine do so.
    // SAFETY: the context is live, and the lock is given back below.
    unsafe { ffi::JSLock(inner.ctx()) };
    let result = catch_unwind(AssertUnwindSafe(run));
    // SAFETY: pairs with the above.
    unsafe { ffi::JSUnlock(inner.ctx()) };
    inner.depth.update(|depth| depth - 1);
    let result = match result {
        Ok(result) => result,
        Err(panic) => {
            inner.stop_for_panic(&panic_message(&*panic));
            Err(inner.stopped())
        }
    };
    let result = inner.after_host_call().and(result);
    match result {
        // The handle ends here, but the engine scans this stack and then takes the value over.
        Ok(value) => value.raw(),
        Err(thrown) => {
            // SAFETY: the engine passes a valid place for the exception.
            unsafe { exception.write(thrown.value().raw()) };
            ptr::null()
        }
    }
}

/// The collector has found a host function unused.
unsafe extern "C" fn finalize(object: ffi::JSObjectRef) {
    // SAFETY: the private data came from `Box::into_raw`, and this is called once. `inner`
    // outlives the VM, and with it this object.
    unsafe {
        let host = Box::from_raw(ffi::JSObjectGetPrivate(object).cast::<HostFunction>());
        (*host.inner).garbage.borrow_mut().push(*host);
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
