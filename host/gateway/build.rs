//! Puts the bundled plugins into the binary.
//!
//! They are the components in `target/plugins`, or in the directory that
//! `PATCHBAY_BUNDLED_PLUGINS` names, as `cargo xtask plugins` builds them.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=PATCHBAY_BUNDLED_PLUGINS");
    println!("cargo::rerun-if-changed=build.rs");
    let manifest_directory = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo runs this script")?;
    let directory = env::var_os("PATCHBAY_BUNDLED_PLUGINS")
        .map_or_else(|| Path::new(&manifest_directory).join("../../target/plugins"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", directory.display());
    let plugins = components(&directory);
    if plugins.is_empty() {
        let message = "there are no plugins to bundle; run `cargo xtask plugins` first";
        println!("cargo::error={message}");
        return Ok(());
    }
    let mut list = String::from("&[\n");
    for plugin in &plugins {
        println!("cargo::rerun-if-changed={}", plugin.display());
        let plugin = plugin.canonicalize()?;
        let name = plugin.file_stem().ok_or("a component has a name")?;
        writeln!(list, "    ({name:?}, include_bytes!({plugin:?})),")?;
    }
    list.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or("cargo runs this script")?;
    fs::write(Path::new(&out).join("bundled_plugins.rs"), list)?;
    Ok(())
}

/// Every `*.wasm` in a directory, sorted.
fn components(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_component = |path: &PathBuf| path.extension().is_some_and(|it| it == "wasm");
    let mut components: Vec<_> = paths.filter(is_component).collect();
    components.sort();
    components
}
