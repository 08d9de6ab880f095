//! Debian's packaged compiler, for machines where rustup cannot download.
//!
//! `rust-web-src` brings the standard library's source, which `-Zbuild-std` compiles for the
//! target. That source fits only the compiler of the same packages, so both are used together
//! and for guests only. `RUSTC_BOOTSTRAP` allows the unstable flag on a stable compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::Progress;
use crate::command;

/// What a person would type.
pub(super) const INSTALL: &str = "apt-get update && apt-get install -y --no-install-recommends \
     rustc-web cargo-web rust-web-src lld-19";

const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
const RUSTC: &str = "/usr/bin/rustc";
const LINKER: &str = "/usr/bin/wasm-ld-19";
const STANDARD_LIBRARY: &str = "lib/rustlib/src/rust/library/std/Cargo.toml";

/// The workspace says `edition = "2024"` and `rust-version = "1.95"`: older packages do not do.
const OLDEST_MINOR: u32 = 95;

/// Installed packages that were found complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    rustc: PathBuf,
    version: String,
}

impl Packages {
    pub(super) fn described(&self) -> &str {
        &self.version
    }

    /// Makes a cargo command use these packages.
    pub(super) fn prepare(&self, command: &mut Command) {
        command
            .env("RUSTC", &self.rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER)
            // `cargo run` points it at the libraries of the other compiler.
            .env_remove("LD_LIBRARY_PATH");
    }
}

/// The packages, installed first where that is possible without asking anybody.
pub(super) fn find_or_install(progress: &dyn Progress) -> Result<Packages> {
    match find() {
        Ok(packages) => Ok(packages),
        Err(missing) => {
            require_apt().with_context(|| format!("{missing:#}"))?;
            progress.note(&format!("{missing:#}: installing Debian's packages"));
            install(progress)?;
            find().context("the packages are installed, but")
        }
    }
}

fn find() -> Result<Packages> {
    for file in [RUSTC, LINKER] {
        if !Path::new(file).is_file() {
            bail!("{file} is missing");
        }
    }
    let version = command::output_of(Command::new(RUSTC).arg("--version"))?;
    if minor(&version).is_none_or(|minor| minor < OLDEST_MINOR) {
        bail!("{RUSTC} is {version}, and 1.{OLDEST_MINOR} is the oldest that does");
    }
    let sysroot = command::output_of(Command::new(RUSTC).args(["--print", "sysroot"]))?;
    let library = Path::new(&sysroot).join(STANDARD_LIBRARY);
    if !library.is_file() {
        bail!("{} is missing", library.display());
    }
    Ok(Packages { rustc: PathBuf::from(RUSTC), version })
}

/// The `95` of `rustc 1.95.0 (…)`.
fn minor(version: &str) -> Option<u32> {
    version.split_whitespace().nth(1)?.split('.').nth(1)?.parse().ok()
}

fn require_apt() -> Result<()> {
    if !Path::new("/etc/debian_version").is_file() {
        bail!("this is not Debian");
    }
    if !Path::new("/usr/bin/apt-get").is_file() {
        bail!("there is no apt-get");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("only root can install packages");
    }
    Ok(())
}

fn install(progress: &dyn Progress) -> Result<()> {
    command::run("apt-get update", apt_get().arg("update"), progress)?;
    let mut install = apt_get();
    install.args(["install", "-y", "--no-install-recommends"]).args(PACKAGES);
    command::run("apt-get install", &mut install, progress)
}

fn apt_get() -> Command {
    let mut command = Command::new("/usr/bin/apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(std::process::Stdio::null())
        // Another apt-get may be at work: wait for it, not for ever.
        .args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_rustc_says() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a tarball)"), Some(96));
        assert_eq!(minor("rustc 1.63.0"), Some(63));
        assert_eq!(minor("gcc"), None);
    }

    #[test]
    fn the_command_for_people_installs_what_the_program_installs() {
        for package in PACKAGES {
            assert!(INSTALL.contains(package), "{package}");
        }
    }

    #[test]
    fn compiler_and_linker_are_those_of_the_packages() {
        let packages = Packages { rustc: RUSTC.into(), version: "rustc 1.96.0".into() };
        let mut command = Command::new("cargo");
        packages.prepare(&mut command);
        let shown = command::shown(&command);
        assert!(shown.contains("RUSTC=/usr/bin/rustc"), "{shown}");
        assert!(shown.contains("LINKER=/usr/bin/wasm-ld-19"), "{shown}");
    }
}
