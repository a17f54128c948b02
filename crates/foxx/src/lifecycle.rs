//! What is done with services: each operation a walk through steps whose types prove the one
//! before.
//!
//! ```text
//! Source → Bundle → Staged → Checked → Prepared → (commit point) → Service
//! ```
//! Up to the commit point nothing but the staging folder has changed, and dropping a step removes
//! that; what the commit point wrote is the truth that folders, VMs and the mount table follow.

mod commit;
mod development;
mod heal;
mod info;
mod install;
mod live;
mod locks;
mod options;
mod paths;
mod revive;
mod run;
mod serving;
mod source;
mod stage;
mod turn;

use error_codes::codes;

pub(crate) use commit::commit;
pub(crate) use development::{reload_development, set_development};
pub(crate) use heal::{Depth, forget_dropped_databases, heal, heal_database};
pub use info::{Download, Summary};
pub(crate) use info::{describe, describe_system, download, list, readme};
pub use install::{InstallRequest, Mode};
pub(crate) use install::{install, uninstall};
pub(crate) use live::warm_all;
pub(crate) use locks::Locks;
pub(crate) use options::{OptionGroup, WriteOptions, read_options, write_options};
pub use run::{TestOptions, TestReport};
pub(crate) use run::{list_scripts, run_script, run_tests, swagger};
pub use serving::Liveness;
pub(crate) use serving::{Said, coordinators, wait_live};
pub use source::Source;

use crate::mount::is_system;
use crate::{Error, Result};

/// Refuses what may not be done with services that belong to the server.
fn refuse_system(mount: &str) -> Result<()> {
    if is_system(mount) && !mount.starts_with("/_open/") {
        return Err(Error::refused(codes::FORBIDDEN).with_detail("Mount", mount));
    }
    Ok(())
}

fn not_found(mount: &str) -> Error {
    Error::refused(codes::SERVICE_NOT_FOUND).with_detail("Mount", mount)
}
