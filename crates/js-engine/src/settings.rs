//! What a VM is made with.

use std::time::Duration;

/// Stack size for threads that run VMs.
///
/// The engine uses at most 5 MiB of stack for a VM and throws a RangeError beyond; the rest is
/// for the Rust code around it and for what a host function needs at that depth.
pub const WORKER_STACK_BYTES: usize = 8 << 20;

/// Settings of one VM.
#[derive(Debug, Clone)]
pub struct VmSettings {
    /// Processor time between two looks at the limits. 10 ms is sensible: less costs, more lets
    /// an allocating script get further past its heap limit.
    pub watchdog_interval: Duration,
    /// The longest string, in UTF-16 units, that built-in functions make in one step
    /// (`repeat`, `padStart`, `padEnd`) and that is handed to Rust. Beyond: RangeError.
    pub string_units_max: usize,
    /// The largest buffer made in one step, in bytes. Beyond: RangeError.
    pub buffer_bytes_max: usize,
}

impl Default for VmSettings {
    fn default() -> Self {
        Self {
            watchdog_interval: Duration::from_millis(10),
            string_units_max: 64 << 20,
            buffer_bytes_max: 128 << 20,
        }
    }
}
