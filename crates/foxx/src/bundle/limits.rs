//! What a bundle may be.

/// Limits of one bundle. Each is named in the error that it causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Size of the zip, in bytes.
    pub bundle_bytes_max: u64,
    /// Files and folders in it.
    pub entries_max: u64,
    /// Bytes of all files unpacked.
    pub unpacked_bytes_max: u64,
    /// Bytes of one file unpacked.
    pub file_bytes_max: u64,
    /// Unpacked bytes for each packed one, over the whole bundle.
    pub ratio_max: u64,
    /// Unpacked bytes below which the ratio is not looked at: small texts pack well.
    pub ratio_free_bytes: u64,
    /// Folders above a file, the file's name included.
    pub path_depth_max: usize,
    /// Length of a path inside the bundle, in bytes.
    pub path_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bundle_bytes_max: 256 << 20,
            entries_max: 50_000,
            unpacked_bytes_max: 512 << 20,
            file_bytes_max: 128 << 20,
            ratio_max: 100,
            ratio_free_bytes: 4 << 20,
            path_depth_max: 64,
            path_bytes_max: 1024,
        }
    }
}
