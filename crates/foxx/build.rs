//! Lists the built JavaScript of `modules/dist` so that it becomes part of the binary.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Relative, as build scripts run in their package: checkouts may share a target folder.
    let dist = Path::new("modules/dist");
    let mut builtins = Vec::new();
    collect(&dist.join("builtin"), "", &mut builtins)?;
    builtins.sort();
    let runtime = include(&dist.join("runtime.js"));
    let mut source = format!(
        "/// The runtime: a script whose value is the function `boot`.\n\
         pub(crate) const RUNTIME: &str = {runtime};\n\
         /// Built-in modules, sorted by name.\n\
         static BUILTINS: &[(&str, &str)] = &[\n"
    );
    for (name, path) in builtins {
        source.push_str(&format!("    ({name:?}, {}),\n", include(&path)));
    }
    source.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("modules.rs"), source)?;
    println!("cargo::rerun-if-changed={}", dist.display());
    Ok(())
}

/// The text of a file of this package, as an expression.
fn include(path: &Path) -> String {
    let path = format!("/{}", path.display());
    format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))")
}

/// Names and paths of all scripts below `folder`.
fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), found)?;
        } else if let Some(stem) = name.strip_suffix(".js") {
            found.push((format!("{prefix}{stem}"), path));
        }
    }
    Ok(())
}
