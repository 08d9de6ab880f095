//! `patchbay plugin keygen` and `patchbay plugin sign`

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use authoring::file::write_if_changed;
use authoring::signing::{KeyFile, NewKeys};
use plugin_runtime::{Inspection, Limits};

use super::component::{read_named, signature_of};
use crate::terminal;

/// Where programs put the password. It is no argument: other users of the machine see those.
const PASSWORD_VARIABLE: &str = "PATCHBAY_SIGNING_PASSWORD";

/// Makes a pair of keys and says what operators have to write.
pub(in crate::commands) fn make_keys(key: &Path, no_password: bool) -> anyhow::Result<()> {
    let password = if no_password { None } else { Some(new_password()?) };
    let keys = NewKeys::generate(password)?;
    let public = keys.write(key)?;
    let (key, public) = (key.display(), public.display());
    terminal::say(&format!("{key}: the secret key; keep it"));
    terminal::say(&format!(
        "{public}: the public key; operators write it into their configuration:"
    ));
    terminal::say(&format!("  plugins.trust = {{ signers = [\"{}\"] }}", keys.public));
    Ok(())
}

/// Signs a component that a gateway could read.
pub(in crate::commands) fn sign(file: &Path, key: &Path) -> anyhow::Result<()> {
    let bytes = read_named(file)?;
    let plugin = Inspection::of(&bytes, &Limits::STANDARD)
        .with_context(|| file.display().to_string())?
        .manifest;
    let key = KeyFile::read(key)?;
    let password = if key.is_encrypted() { Some(password("password of the key")?) } else { None };
    let comment = format!("patchbay plugin {} {}", plugin.name, plugin.version);
    let signature = key.sign(password, &bytes, &comment)?;
    let path = signature_of(file);
    write_if_changed(&path, signature.as_bytes())?;
    terminal::say(&format!("{}: signed {comment:?}", path.display()));
    Ok(())
}

fn new_password() -> anyhow::Result<String> {
    let first = password("a password for the key")?;
    if first.is_empty() {
        bail!("the password is empty; choose one, or say --no-password");
    }
    if std::env::var_os(PASSWORD_VARIABLE).is_none() && password("the same again")? != first {
        bail!("the two passwords differ; try again");
    }
    Ok(first)
}

fn password(prompt: &str) -> anyhow::Result<String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked for a password here; set {PASSWORD_VARIABLE}");
    }
    rpassword::prompt_password(format!("{prompt}: ")).context("the password cannot be read")
}
