//! Promises that Rust settles, and promises that Rust waits for.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;

use crate::exception::Exception;
use crate::ffi;
use crate::function::Args;
use crate::scope::Scope;
use crate::value::{Kind, Value};

/// Settles a promise; only the first settling counts.
#[derive(Clone)]
pub struct Resolver {
    resolve: Value,
    reject: Value,
}

impl Resolver {
    /// Fulfils the promise, or makes it follow `value` if that is a promise.
    ///
    /// # Errors
    /// Only that the VM was stopped.
    pub fn resolve(&self, value: &Value) -> Result<(), Exception> {
        self.resolve.call(&[value]).map(drop)
    }

    /// Rejects the promise.
    ///
    /// # Errors
    /// Only that the VM was stopped.
    pub fn reject(&self, reason: &Value) -> Result<(), Exception> {
        self.reject.call(&[reason]).map(drop)
    }
}

/// Where a promise stands.
#[derive(Debug, Clone)]
pub enum PromiseState {
    /// Not settled.
    Pending,
    /// Settled with a value.
    Fulfilled(Value),
    /// Settled with a reason.
    Rejected(Value),
}

/// Follows one promise.
#[derive(Clone)]
pub struct PromiseWatch {
    state: Rc<RefCell<PromiseState>>,
}

impl PromiseWatch {
    /// Where the promise stands, as of the microtasks that ran.
    pub fn state(&self) -> PromiseState {
        self.state.borrow().clone()
    }
}

impl Scope {
    /// A pending promise and what settles it.
    ///
    /// # Errors
    /// None that a script can cause.
    pub fn promise(&self) -> Result<(Value, Resolver), Exception> {
        let inner = self.inner();
        let (mut resolve, mut reject, mut thrown) = (ptr::null(), ptr::null(), ptr::null());
        // SAFETY: the context is live and the places are valid; the functions are live, since
        // they are on this stack until they are protected.
        unsafe {
            let ctx = inner.ctx();
            let (r, j) = (&mut resolve, &mut reject);
            let raw = ffi::JSObjectMakeDeferredPromise(ctx, r, j, &mut thrown);
            let promise = inner.value(raw, thrown)?;
            let resolver = Resolver {
                resolve: Value::new(inner, resolve),
                reject: Value::new(inner, reject),
            };
            Ok((promise, resolver))
        }
    }

    /// Follows `promise`. Called from outside JavaScript, microtasks have run when it returns,
    /// so a promise that can be settled without the host is.
    ///
    /// What is not a native promise counts as fulfilled with itself. The promise counts as
    /// handled from now on.
    ///
    /// # Errors
    /// Only that the VM was stopped.
    pub fn watch_promise(&self, promise: &Value) -> Result<PromiseWatch, Exception> {
        if promise.kind() != Kind::Promise {
            let state = PromiseState::Fulfilled(promise.clone());
            return Ok(PromiseWatch {
                state: Rc::new(RefCell::new(state)),
            });
        }
        let state = Rc::new(RefCell::new(PromiseState::Pending));
        let settle = |name, wrap: fn(Value) -> PromiseState| {
            let state = Rc::clone(&state);
            self.function(name, move |scope: &Scope, args: Args<'_>| {
                state.replace(wrap(args.get(0).to_owned()));
                Ok(scope.undefined())
            })
        };
        let fulfilled = settle("fulfilled", PromiseState::Fulfilled);
        let rejected = settle("rejected", PromiseState::Rejected);
        let inner = self.inner();
        // SAFETY: the prelude keeps the intrinsic alive.
        let then = unsafe { Value::new(inner, inner.intrinsics().promise_then) };
        then.call_with(promise, &[&fulfilled, &rejected])?;
        Ok(PromiseWatch { state })
    }

    /// Calls `callback(promise, reason)` for each promise that is rejected and has no handler
    /// after all microtasks ran.
    ///
    /// # Errors
    /// None that a script can cause.
    pub fn on_unhandled_rejection(
        &self,
        callback: impl Fn(&Scope, &Value, &Value) + 'static,
    ) -> Result<(), Exception> {
        let function = self.function(
            "unhandledrejection",
            move |scope: &Scope, args: Args<'_>| {
                callback(scope, &args.get(0), &args.get(1));
                Ok(scope.undefined())
            },
        );
        let inner = self.inner();
        let mut thrown = ptr::null();
        // SAFETY: context and function are live; the context keeps the function.
        unsafe {
            let (ctx, raw) = (inner.ctx(), function.raw());
            ffi::JSGlobalContextSetUnhandledRejectionCallback(ctx, raw, &mut thrown);
        }
        inner.check(thrown)
    }
}
