//! The life of a VM.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::ops::Deref;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use platform::Clock;

use crate::exception::Exception;
use crate::ffi;
use crate::function::{HostClass, HostFunction};
use crate::limits::Watch;
use crate::scope::Scope;
use crate::settings::VmSettings;
use crate::text::{Atom, JsText};
use crate::value::Value;

/// A JavaScript VM: a heap, one global object, its own limits. Dropping it frees all of it.
///
/// Everything it can do is on [`Scope`], to which it derefs.
pub struct Vm {
    scope: Scope,
}

/// What a VM's handles share. It outlives the VM for as long as handles do.
pub(crate) struct Inner {
    group: ffi::JSContextGroupRef,
    ctx: ffi::JSContextRef,
    state: Cell<State>,
    intrinsics: OnceCell<Intrinsics>,
    pub(crate) settings: VmSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watch: Watch,
    pub(crate) host_class: HostClass,
    /// How many host functions run, one inside of the other.
    pub(crate) depth: Cell<u32>,
    /// Whether the outermost of them is that of a run.
    pub(crate) in_run: Cell<bool>,
    /// What `call_job` passes through the engine, while it does.
    pub(crate) job: Cell<*mut c_void>,
    /// The function that `call_job` calls.
    pub(crate) run_job: Cell<ffi::JSObjectRef>,
    /// Host functions that the collector has found unused. Dropped outside of collections,
    /// because what they captured may be handles.
    pub(crate) garbage: RefCell<Vec<HostFunction>>,
    /// By file: how many columns of line 1 are not the author's.
    pub(crate) first_line_offsets: RefCell<HashMap<String, u32>>,
}

/// Whether the engine may be called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// Rust reads bytes that belong to the VM.
    Lent,
    Gone,
}

/// Built-in objects as they were before any script could change them. The VM's prelude keeps
/// them alive.
pub(crate) struct Intrinsics {
    pub(crate) error: ffi::JSObjectRef,
    pub(crate) type_error: ffi::JSObjectRef,
    pub(crate) range_error: ffi::JSObjectRef,
    pub(crate) syntax_error: ffi::JSObjectRef,
    pub(crate) promise: ffi::JSObjectRef,
    pub(crate) promise_then: ffi::JSObjectRef,
    pub(crate) function_prototype: ffi::JSObjectRef,
    pub(crate) length: Atom,
    pub(crate) name: Atom,
}

/// A function of two limits that returns the intrinsics, in the order in which
/// [`Intrinsics::take`] reads them.
const PRELUDE: &str = include_str!("prelude.js");

impl Vm {
    /// Makes a VM, in about 1.5 ms. The thread should have [`crate::WORKER_STACK_BYTES`].
    ///
    /// Outside of [`Scope::run`] nothing limits what it evaluates.
    pub fn new(settings: VmSettings, clock: Arc<dyn Clock>) -> Self {
        set_engine_options();
        // SAFETY: plain constructors. The context keeps its group, so that releasing the context
        // ends both in one step.
        let (group, ctx) = unsafe {
            let group = ffi::JSContextGroupCreate();
            let ctx = ffi::JSGlobalContextCreateInGroup(group, ptr::null());
            ffi::JSContextGroupRelease(group);
            (group, ctx)
        };
        let inner = Rc::new(Inner {
            group,
            ctx,
            state: Cell::new(State::Ready),
            intrinsics: OnceCell::new(),
            settings,
            clock,
            watch: Watch::default(),
            host_class: HostClass::new(),
            depth: Cell::new(0),
            in_run: Cell::new(false),
            job: Cell::new(ptr::null_mut()),
            run_job: Cell::new(ptr::null()),
            garbage: RefCell::default(),
            first_line_offsets: RefCell::default(),
        });
        let vm = Self {
            scope: Scope::new(Rc::clone(&inner)),
        };
        let intrinsics = Intrinsics::take(&vm.scope).expect("the prelude is part of this crate");
        assert!(
            inner.intrinsics.set(intrinsics).is_ok(),
            "intrinsics are taken once"
        );
        Inner::make_run_job(&vm.scope);
        inner.note_collections();
        inner.start_watchdog();
        vm
    }
}

/// Options of the whole engine, before it makes its first VM.
fn set_engine_options() {
    #[cfg(not(target_os = "macos"))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: terminated names; called before any VM exists. Unknown options are refused.
        ONCE.call_once(|| unsafe {
            // Otherwise the engine stops JavaScript by signals to its thread and patched code,
            // which leaves deep recursion running for seconds.
            ffi::jsc_options_set_boolean(c"usePollingTraps".as_ptr(), 1);
            // Its compilers escape the limits, and it installs a handler for SIGSEGV.
            ffi::jsc_options_set_boolean(c"useWasm".as_ptr(), 0);
        });
    }
}

impl Deref for Vm {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let inner = self.scope.inner();
        inner.state.set(State::Gone);
        // SAFETY: the references are those that `new` and `forbid_microtasks` took. Finalizers
        // run in here and touch only `inner.garbage`, which lives on; handles see `state` and
        // leave the engine alone. The last release frees the VM before it lets go of its lock,
        // so no microtask runs any more.
        unsafe {
            if inner.watch.holds_vm() {
                ffi::JSContextGroupRelease(inner.group);
            }
            ffi::JSGlobalContextRelease(inner.ctx);
        }
        inner.drop_garbage();
    }
}

impl Intrinsics {
    fn take(scope: &Scope) -> Result<Self, Exception> {
        let settings = &scope.inner().settings;
        let string_units_max = scope.number(settings.string_units_max as f64);
        let buffer_bytes_max = scope.number(settings.buffer_bytes_max as f64);
        let prelude = scope.eval(PRELUDE, "vm:prelude", 1)?;
        let list = prelude.call(&[&string_units_max, &buffer_bytes_max])?;
        // SAFETY: context and list are live. It keeps its elements for the VM's lifetime.
        unsafe { ffi::JSValueProtect(scope.inner().ctx(), list.raw()) };
        let object = |index| list.get_index(index).map(|value| value.raw());
        Ok(Self {
            error: object(0)?,
            type_error: object(1)?,
            range_error: object(2)?,
            syntax_error: object(3)?,
            promise: object(4)?,
            promise_then: object(5)?,
            function_prototype: object(6)?,
            length: Atom::new("length"),
            name: Atom::new("name"),
        })
    }
}

impl Inner {
    /// The context, for use by anything but `drop`.
    pub(crate) fn ctx(&self) -> ffi::JSContextRef {
        match self.state.get() {
            State::Ready => self.ctx,
            State::Lent => panic!("a VM was used while its bytes were read"),
            State::Gone => panic!("a value was used after its VM was dropped"),
        }
    }

    /// Ends one protection of `raw`, unless all ended with the VM.
    ///
    /// # Safety
    /// Pairs with a `JSValueProtect` of the same value.
    pub(crate) unsafe fn unprotect(&self, raw: ffi::JSValueRef) {
        if self.is_alive() {
            // SAFETY: the context is live, the rest is the caller's promise.
            unsafe { ffi::JSValueUnprotect(self.ctx, raw) }
        }
    }

    /// Runs `read` while nothing else can use the VM.
    pub(crate) fn lend<T>(&self, read: impl FnOnce() -> T) -> T {
        struct Restore<'a>(&'a Cell<State>);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.set(State::Ready);
            }
        }
        let _restore = Restore(&self.state);
        self.state.set(State::Lent);
        read()
    }

    pub(crate) fn group(&self) -> ffi::JSContextGroupRef {
        self.group
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.state.get() != State::Gone
    }

    pub(crate) fn intrinsics(&self) -> &Intrinsics {
        self.intrinsics
            .get()
            .expect("set before the VM is handed out")
    }

    /// Drops what finalizers left. What is dropped may itself free further functions.
    pub(crate) fn drop_garbage(&self) {
        loop {
            let garbage = self.garbage.take();
            if garbage.is_empty() {
                return;
            }
        }
    }

    /// `Ok` unless the engine reported an exception.
    pub(crate) fn check(self: &Rc<Self>, thrown: ffi::JSValueRef) -> Result<(), Exception> {
        if thrown.is_null() {
            return Ok(());
        }
        // SAFETY: the engine just returned it.
        Err(Exception::new(unsafe { Value::new(self, thrown) }))
    }

    /// The result of a call into the engine.
    pub(crate) fn value(
        self: &Rc<Self>,
        raw: ffi::JSValueRef,
        thrown: ffi::JSValueRef,
    ) -> Result<Value, Exception> {
        self.check(thrown)?;
        if raw.is_null() {
            return Ok(self.undefined());
        }
        // SAFETY: the engine just returned it.
        Ok(unsafe { Value::new(self, raw) })
    }

    /// The result of a call that ran a script: if it was the outermost, its microtasks run.
    pub(crate) fn outcome(
        self: &Rc<Self>,
        raw: ffi::JSValueRef,
        thrown: ffi::JSValueRef,
    ) -> Result<Value, Exception> {
        let result = self.value(raw, thrown);
        self.drain_microtasks();
        self.refuse_if_stopped()?;
        result
    }

    pub(crate) fn undefined(self: &Rc<Self>) -> Value {
        // SAFETY: the context is live and undefined is a primitive.
        unsafe { Value::primitive(self, ffi::JSValueMakeUndefined(self.ctx())) }
    }

    pub(crate) fn text(self: &Rc<Self>, text: &str) -> Value {
        let text = JsText::new(text);
        // SAFETY: context and string are live.
        unsafe { Value::new(self, ffi::JSValueMakeString(self.ctx(), text.raw())) }
    }

    pub(crate) fn to_utf8(self: &Rc<Self>, text: Option<JsText>) -> Result<String, Exception> {
        let Some(text) = text else {
            return Err(self.range_error("out of memory for a string"));
        };
        let max = self.settings.string_units_max;
        if text.units() > max {
            let message = format!(
                "a string of {} units is over string_units_max, {max}",
                text.units()
            );
            return Err(self.range_error(&message));
        }
        Ok(text.to_utf8())
    }

    pub(crate) fn type_error(self: &Rc<Self>, message: &str) -> Exception {
        self.make_error(self.intrinsics().type_error, message)
    }

    pub(crate) fn range_error(self: &Rc<Self>, message: &str) -> Exception {
        self.make_error(self.intrinsics().range_error, message)
    }

    /// `new constructor(message)`, or whatever that throws.
    pub(crate) fn make_error(
        self: &Rc<Self>,
        constructor: ffi::JSObjectRef,
        message: &str,
    ) -> Exception {
        let message = self.text(message);
        let arguments = [message.raw()];
        let mut thrown = ptr::null();
        // SAFETY: context, constructor and argument are live.
        let raw = unsafe {
            let arguments = arguments.as_ptr();
            ffi::JSObjectCallAsConstructor(self.ctx(), constructor, 1, arguments, &mut thrown)
        };
        match self.value(raw, thrown) {
            Ok(value) => Exception::new(value),
            Err(exception) => exception,
        }
    }
}
