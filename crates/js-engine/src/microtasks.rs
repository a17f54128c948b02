//! When microtasks run.
//!
//! The engine runs them when its lock is released for the last time, one VM entry each. The
//! watchdog starts its count of processor time at each entry, so a task that queues the next one
//! would go on for ever without the watchdog ever being asked. Two functions of the engine's C++
//! interface help. Both are exported, take the VM (which is what the C API calls a context
//! group), and are looked up when the first VM is made:
//!
//! - `VM::drainMicrotasks` runs them inside of one entry: called at the end of each outermost
//!   call within a run.
//! - `VM::DrainMicrotaskDelayScope` keeps them from running: made for a VM that was stopped, so
//!   that what it had queued dies with it.
//!
//! Where a build of the library lacks them (none known), microtasks run as the engine does by
//! itself, and only endless chains of them escape the limits.

use std::ffi::{CStr, c_void};
use std::mem::transmute;
use std::ptr;
use std::sync::OnceLock;

use crate::ffi;
use crate::vm::Inner;

type Drain = unsafe extern "C" fn(vm: ffi::JSContextGroupRef);
type MakeDelay = unsafe extern "C" fn(scope: *mut *const c_void, vm: ffi::JSContextGroupRef);

struct Functions {
    drain: Drain,
    make_delay: MakeDelay,
}

fn functions() -> Option<&'static Functions> {
    static FOUND: OnceLock<Option<Functions>> = OnceLock::new();
    let find = || {
        let drain = find_symbol(c"_ZN3JSC2VM15drainMicrotasksEv")?;
        let make_delay = find_symbol(c"_ZN3JSC2VM24DrainMicrotaskDelayScopeC1ERS0_")?;
        // SAFETY: the mangled names fix these signatures: a method without parameters, and a
        // constructor that takes a reference.
        unsafe {
            Some(Functions {
                drain: transmute::<*mut c_void, Drain>(drain),
                make_delay: transmute::<*mut c_void, MakeDelay>(make_delay),
            })
        }
    };
    FOUND.get_or_init(find).as_ref()
}

fn find_symbol(name: &CStr) -> Option<*mut c_void> {
    #[cfg(target_os = "macos")]
    let everywhere = ptr::without_provenance_mut(usize::MAX - 1);
    #[cfg(not(target_os = "macos"))]
    let everywhere = ptr::null_mut();
    // SAFETY: a handle that the system defines, and a terminated name.
    let found = unsafe { ffi::dlsym(everywhere, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

impl Inner {
    /// Runs all microtasks, and those that they queue, if the caller is the outermost in a run.
    pub(crate) fn drain_microtasks(&self) {
        if self.depth.get() != 1 || !self.in_run.get() || self.is_stopped() {
            return;
        }
        if let Some(functions) = functions() {
            // SAFETY: the VM is live; draining wants its lock.
            unsafe {
                ffi::JSLock(self.ctx());
                (functions.drain)(self.group());
                ffi::JSUnlock(self.ctx());
            }
        }
    }

    /// Keeps microtasks from ever running again. True if that took a reference to the VM, which
    /// its end has to give back.
    pub(crate) fn forbid_microtasks(&self) -> bool {
        let Some(functions) = functions() else {
            return false;
        };
        let mut scope: *const c_void = ptr::null();
        // SAFETY: the VM is live. The scope is one counted pointer to it; not destroying the
        // scope keeps the delay and the reference.
        unsafe { (functions.make_delay)(&mut scope, self.group()) };
        true
    }
}
