//! Finds a compiler that can build WebAssembly guests, and says which.
//!
//! Three ways, tried in this order: the active toolchain has the target already; rustup can add
//! it; Debian's packaged compiler builds the standard library from source. The first that works
//! is taken. `PATCHBAY_GUEST_COMPILER=active|rustup|debian` names one instead. Where none works,
//! the error holds the exact commands that would make one work.

mod debian;
mod rustup;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::Progress;
use crate::command;

/// What guests are compiled for: no WASI import at all.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Names one way instead of trying all.
const CHOICE: &str = "PATCHBAY_GUEST_COMPILER";

/// Variables meant for compiling the host: flags such as `-Ctarget-cpu=native` or a linker do not
/// fit a guest, and a wrapper or another target folder would make two builds differ.
const FOR_THE_HOST: &[&str] = &[
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// A compiler that can build guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// The toolchain on the path.
    Active,
    /// Debian's packages, with the standard library built from their source.
    Debian(debian::Packages),
}

/// One way to come by a compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Active,
    Rustup,
    Debian,
}

impl Compiler {
    /// The first way that works. `guests` is the folder that guests are compiled in; what failed
    /// there before is not tried again.
    ///
    /// # Errors
    /// When none does: why not, and the commands that would help.
    pub fn find(guests: &Path, progress: &dyn Progress) -> Result<Self> {
        progress.begin("a compiler for WebAssembly");
        let choice = std::env::var(CHOICE).ok();
        let mut refusals = Vec::new();
        for way in ways(choice.as_deref())? {
            match way.attempt(guests, progress) {
                Ok(compiler) => {
                    progress.note(&compiler.described()?);
                    return Ok(compiler);
                }
                Err(refusal) => {
                    progress.note(&format!("{}: {refusal:#}", way.name()));
                    refusals.push(format!("{}: {refusal:#}", way.name()));
                }
            }
        }
        bail!("{}", instructions(&refusals))
    }

    /// `cargo build` for guests in a folder; the caller adds the packages.
    #[must_use]
    pub fn cargo_build(&self, folder: &Path) -> Command {
        let mut command = command::cargo(folder);
        for name in FOR_THE_HOST {
            command.env_remove(name);
        }
        if let Self::Debian(packages) = self {
            packages.prepare(&mut command);
        }
        command.args(["build", "--target", TARGET]);
        if matches!(self, Self::Debian(_)) {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command
    }

    fn described(&self) -> Result<String> {
        Ok(match self {
            Self::Active => {
                let version = command::output_of(Command::new("rustc").arg("--version"))?;
                format!("chosen: the active toolchain, {version}, with {TARGET}")
            }
            Self::Debian(packages) => {
                format!("chosen: Debian's {}, standard library from source", packages.described())
            }
        })
    }
}

impl Way {
    const ALL: [Self; 3] = [Self::Active, Self::Rustup, Self::Debian];

    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rustup => "rustup",
            Self::Debian => "debian",
        }
    }

    fn attempt(self, guests: &Path, progress: &dyn Progress) -> Result<Compiler> {
        match self {
            Self::Active => rustup::require_target(TARGET).map(|()| Compiler::Active),
            Self::Rustup => {
                let memory = guests.join("rustup-refused");
                rustup::add_target(TARGET, &memory, progress).map(|()| Compiler::Active)
            }
            Self::Debian => debian::find_or_install(progress).map(Compiler::Debian),
        }
    }
}

fn ways(choice: Option<&str>) -> Result<Vec<Way>> {
    let Some(choice) = choice else {
        return Ok(Way::ALL.to_vec());
    };
    match Way::ALL.into_iter().find(|way| way.name() == choice) {
        Some(way) => Ok(vec![way]),
        None => bail!("{CHOICE}={choice}: say active, rustup or debian, or leave it out"),
    }
}

fn instructions(refusals: &[String]) -> String {
    format!(
        "no compiler here can build {TARGET}:\n  {}\n\
         Either let rustup fetch the target:\n  rustup target add {TARGET}\n\
         or, on Debian and as root, install its packages:\n  {}\n\
         then run the same command again.",
        refusals.join("\n  "),
        debian::INSTALL
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_choice_the_ordinary_ways_come_first() {
        assert_eq!(ways(None).unwrap(), [Way::Active, Way::Rustup, Way::Debian]);
    }

    #[test]
    fn a_choice_is_the_only_way_tried() {
        assert_eq!(ways(Some("debian")).unwrap(), [Way::Debian]);
        assert!(ways(Some("gcc")).unwrap_err().to_string().contains("active, rustup or debian"));
    }

    #[test]
    fn the_last_word_holds_the_commands_of_both_ways() {
        let text = instructions(&["active: no".to_owned()]);
        assert!(text.contains("rustup target add wasm32-unknown-unknown"), "{text}");
        assert!(text.contains("apt-get install -y --no-install-recommends rustc-web"), "{text}");
        assert!(text.contains("active: no"), "{text}");
    }

    #[test]
    fn flags_for_the_host_do_not_reach_a_guest() {
        let command = Compiler::Active.cargo_build(Path::new("."));
        for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_TARGET_DIR"] {
            let removed = command.get_envs().any(|(key, value)| key == name && value.is_none());
            assert!(removed, "{name}");
        }
    }
}
