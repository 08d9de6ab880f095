//! The runtime of a container engine that may not make control groups: `runc` without the words
//! that only another runtime knows.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::driver::tool::find;

/// The name by which this program is started as the runtime.
pub(crate) const RUNTIME_NAME: &str = "sandbox-runtime";

/// Whether this process was started under that name.
pub(super) fn is_asked() -> bool {
    let name = std::env::args_os().next();
    name.is_some_and(|name| Path::new(&name).file_name() == Some(OsStr::new(RUNTIME_NAME)))
}

/// Becomes `runc`. Returns the exit code only if it cannot.
pub(super) fn serve() -> i32 {
    let error = match find("runc") {
        Some(runc) => Command::new(runc).args(known(std::env::args_os().skip(1))).exec(),
        None => io::ErrorKind::NotFound.into(),
    };
    let _ = writeln!(io::stderr(), "runc could not be started: {error}; install it");
    1
}

/// Without `--cgroup-manager` and the word behind it.
fn known(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words = words;
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word == "--cgroup-manager" {
            words.next();
        } else {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_hears_everything_but_the_manager_of_control_groups() {
        let words = ["--cgroup-manager", "disabled", "create", "--bundle", "/run/x", "id"];
        let kept = known(words.into_iter().map(OsString::from));
        assert_eq!(kept, ["create", "--bundle", "/run/x", "id"]);
    }
}
