//! The Python that a project is built and tested with.
//!
//! A project that lists what it needs in `requirements.txt` gets an environment of its own,
//! `.venv`, unless its author has activated another. What was installed is remembered, so that
//! only a change of the list installs again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::PYTHON;
use crate::file::sha256;
use crate::{Progress, command};

const REQUIREMENTS: &str = "requirements.txt";
const ENVIRONMENT: &str = ".venv";
/// Inside the environment: the digest of the list that was installed.
const STAMP: &str = ".venv/patchbay-requirements";

/// The interpreter for a project, whose packages are there.
///
/// # Errors
/// When there is no Python, or what the project needs is not there and cannot be installed.
pub(super) fn interpreter(folder: &Path, progress: &dyn Progress) -> Result<PathBuf> {
    let own = folder.join(ENVIRONMENT).join("bin/python");
    let activated = std::env::var_os("VIRTUAL_ENV").map(|it| Path::new(&it).join("bin/python"));
    let Ok(requirements) = fs::read(folder.join(REQUIREMENTS)) else {
        let python = if own.is_file() { own } else { "python3".into() };
        return require_sdk(folder, python, "pip install CHECKOUT/sdk/python pytest");
    };
    if let Some(python) = activated.filter(|it| it.is_file() && !own.is_file()) {
        return require_sdk(folder, python, "pip install -r requirements.txt");
    }
    let stamp = folder.join(STAMP);
    let wanted = sha256(&requirements);
    if own.is_file() && fs::read_to_string(&stamp).is_ok_and(|it| it == wanted) {
        return Ok(own);
    }
    if !own.is_file() {
        let mut make = in_folder(folder, Path::new("python3"));
        command::run("an environment for Python", make.args(["-m", "venv", ENVIRONMENT]), progress)
            .with_context(|| format!("no {ENVIRONMENT} could be made; {PYTHON}"))?;
    }
    let mut install = in_folder(folder, &own);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
    install.args(["--progress-bar", "off", "-r", REQUIREMENTS]);
    command::run("the project's packages", &mut install, progress)?;
    fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))?;
    Ok(own)
}

/// An interpreter that has the SDK; what brings it is said if it has not.
fn require_sdk(folder: &Path, python: PathBuf, install: &str) -> Result<PathBuf> {
    let mut look = in_folder(folder, &python);
    let look = look.args(["-c", "import patchbay_sdk"]);
    let found = look.stdout(Stdio::null()).stderr(Stdio::null()).status();
    match found {
        Ok(status) if status.success() => Ok(python),
        Ok(_) => bail!(
            "{} has no patchbay_sdk; run in {}: {} -m {install}",
            python.display(),
            folder.display(),
            python.display()
        ),
        Err(_) => bail!("{} is missing; {PYTHON}", python.display()),
    }
}

fn in_folder(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}
