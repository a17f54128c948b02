//! What the process takes of the machine.

/// Figures of this process, as the operating system tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Time of processors outside of the kernel.
    pub user_ms: u64,
    /// Time of processors in the kernel.
    pub system_ms: u64,
    /// Pages that were given without reading.
    pub minor_page_faults: u64,
    /// Pages that were read from a disk.
    pub major_page_faults: u64,
    /// Threads.
    pub threads: u64,
    /// Memory in use.
    pub resident_bytes: u64,
    /// Address space in use.
    pub virtual_bytes: u64,
    /// Memory of the whole machine.
    pub machine_bytes: u64,
}

impl ProcessUsage {
    /// The figures now; `None` where the system does not tell them this way.
    #[cfg(target_os = "linux")]
    pub fn read() -> Option<Self> {
        use procfs::{Current as _, WithCurrentSystemInfo as _};

        let stat = procfs::process::Process::myself().ok()?.stat().ok()?;
        let memory = procfs::Meminfo::current().ok()?;
        let ticks_per_second = procfs::ticks_per_second().max(1);
        let ms = |ticks: u64| ticks.saturating_mul(1000) / ticks_per_second;
        Some(Self {
            user_ms: ms(stat.utime),
            system_ms: ms(stat.stime),
            minor_page_faults: stat.minflt,
            major_page_faults: stat.majflt,
            threads: u64::try_from(stat.num_threads).unwrap_or_default(),
            resident_bytes: stat.rss_bytes().get(),
            virtual_bytes: stat.vsize,
            machine_bytes: memory.mem_total,
        })
    }

    /// Not told.
    #[cfg(not(target_os = "linux"))]
    pub fn read() -> Option<Self> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_takes_something() {
        let usage = ProcessUsage::read().unwrap();
        assert!(usage.threads > 0 && usage.resident_bytes > 0);
        assert!(usage.resident_bytes < usage.machine_bytes);
    }
}
