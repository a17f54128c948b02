//! JavaScript VMs on the system's JavaScriptCore.
//!
//! Charter: make, run, limit and discard VMs; convert values; call in both directions. It is the
//! only crate that knows the engine's C API and the only one with `unsafe` in it.
//!
//! It does not know services, modules, requests, JSON documents or databases.
//!
//! Invariants:
//! - A [`Vm`] and all it hands out stay on the thread that made it (nothing here is `Send` but
//!   [`CancelHandle`]). Any number of VMs may live on one thread, and threads run in parallel.
//! - A [`Value`] keeps its JavaScript value alive, never its VM: once the [`Vm`] is dropped its
//!   memory is given back, and what is left of its values can only be dropped.
//! - Inside [`Scope::run`] no JavaScript outlives the limits, whatever it catches. Whoever was
//!   stopped leaves a poisoned VM: [`Scope::is_poisoned`]. Drop it and make another.
//! - A panic in a host function never unwinds through the engine.
//! - Microtasks run when the outermost call from Rust into the VM returns, before its caller
//!   goes on; never inside a host function.
//!
//! Entry point: [`Vm::new`].

mod bytes;
mod exception;
mod ffi;
mod function;
mod limits;
mod microtasks;
mod promise;
mod scope;
mod settings;
mod text;
mod value;
mod vm;

pub use exception::{Details, Exception};
pub use function::Args;
pub use limits::{CancelHandle, RunError, RunLimits};
pub use promise::{PromiseState, PromiseWatch, Resolver};
pub use scope::Scope;
pub use settings::{VmSettings, WORKER_STACK_BYTES};
pub use text::{Atom, PropertyName};
pub use value::{Borrowed, Kind, Value};
pub use vm::Vm;
