//! Where a bundle comes from.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use error_codes::codes;
use std::io::Read as _;

use crate::bundle::{Bundle, pack_folder};
use crate::shared::Shared;
use crate::{Error, Result};

/// What an installation is given.
#[derive(Debug, Clone)]
pub enum Source {
    /// Bytes that a client sent: a zip or one JavaScript file.
    Upload(Bytes),
    /// A URL, or the absolute path of a zip, a JavaScript file or a folder on the server.
    Location(String),
    /// A folder, zip or JavaScript file that the operator named: no policy applies.
    Trusted(std::path::PathBuf),
}

/// Gets hold of the bundle.
///
/// # Errors
/// 3014 (no such source), 3015 (cannot be fetched), 11 (not allowed), 3101 (neither zip nor
/// script).
pub(super) fn resolve(shared: &Shared, source: &Source) -> Result<Bundle> {
    match source {
        Source::Upload(bytes) => Bundle::from_upload(bytes.clone()),
        Source::Location(place) => {
            let lower = place.to_ascii_lowercase();
            if lower.starts_with("http:") || lower.starts_with("https:") {
                return Bundle::from_upload(fetch(shared, place)?);
            }
            let path = Path::new(place);
            if path.is_absolute() && !is_allowed(shared, path) {
                return Err(Error::refused(codes::FORBIDDEN).with_detail("File", place));
            }
            read(shared, path)
        }
        Source::Trusted(path) => read(shared, path),
    }
}

/// The real path counts: `..` or a link does not lead out of what is allowed.
fn is_allowed(shared: &Shared, path: &Path) -> bool {
    let real = fs::canonicalize(path);
    shared
        .files
        .allows(&real.as_deref().unwrap_or(path).to_string_lossy())
}

fn read(shared: &Shared, path: &Path) -> Result<Bundle> {
    let missing =
        || Error::refused(codes::SERVICE_SOURCE_NOT_FOUND).with_detail("File", path.display());
    if !path.is_absolute() {
        return Err(missing());
    }
    if path.is_dir() {
        return pack_folder(path, &shared.settings.bundle);
    }
    let metadata = fs::metadata(path).map_err(|_| missing())?;
    let max = shared.settings.bundle.bundle_bytes_max;
    if metadata.len() > max {
        let reason = format!(
            "{} bytes, more than {max} (setting bundle_bytes_max)",
            metadata.len()
        );
        return Err(Error::refused(codes::SERVICE_SOURCE_ERROR).with_detail("Reason", reason));
    }
    Bundle::from_upload(fs::read(path).map_err(|_| missing())?.into())
}

/// Fetches a bundle; from this very server always, from elsewhere if the settings allow it.
fn fetch(shared: &Shared, url: &str) -> Result<Bytes> {
    let failed = |reason: String| {
        let error = Error::refused(codes::SERVICE_SOURCE_ERROR);
        error.with_detail("URL", url).with_detail("Reason", reason)
    };
    let own = shared.own_address.load_full();
    let is_own = own.is_some_and(|own| url.starts_with(&format!("http://{own}/")));
    if !is_own && !shared.settings.install_from_remote && !is_code_host(url) {
        let reason = "not allowed to install from this URL (setting install_from_remote)";
        return Err(Error::refused(codes::FORBIDDEN)
            .with_detail("URL", url)
            .with_detail("Reason", reason));
    }
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(shared.settings.http.timeout))
        .build()
        .new_agent();
    let response = agent.get(url).call().map_err(|e| failed(e.to_string()))?;
    let max = shared.settings.bundle.bundle_bytes_max;
    let mut bytes = Vec::new();
    let mut body = response.into_body().into_reader().take(max + 1);
    body.read_to_end(&mut bytes)
        .map_err(|e| failed(e.to_string()))?;
    if bytes.len() as u64 > max {
        return Err(failed(format!(
            "more than {max} bytes (setting bundle_bytes_max)"
        )));
    }
    Ok(bytes.into())
}

/// The hosts of the one forge that is allowed by default.
fn is_code_host(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    matches!(
        host,
        "github.com" | "codeload.github.com" | "api.github.com"
    ) || host.ends_with(".githubusercontent.com")
}
