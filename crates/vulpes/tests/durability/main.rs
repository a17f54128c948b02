//! The server as a process: killed, on a full disk, on a damaged file.

mod crash;
mod crash_ops;
mod full_disk;
mod process;
