//! Checks of a program before it is run.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::driver::SpawnProblem;
use crate::outlet::{self, NetworkAccess};
use crate::policy::{CredentialSlot, ProgramCall, ProgramDigest, SandboxPolicy};
use crate::view::credential_path;

/// Looks whether the call can be made, and compares the program with the policy's digest, if
/// there is one.
///
/// Who can write the file could change it between this look and its start: the digest keeps
/// another version of a program from being run unnoticed, not an intruder who owns the host.
pub(crate) fn check_program(
    policy: &SandboxPolicy,
    call: &ProgramCall,
) -> Result<(), SpawnProblem> {
    check_texts(call).map_err(SpawnProblem::Program)?;
    let Some(expected) = policy.digest else {
        return Ok(());
    };
    let found = digest(&call.program).map_err(SpawnProblem::Program)?;
    if found == expected {
        return Ok(());
    }
    Err(SpawnProblem::Digest { program: call.program.clone(), expected, found })
}

/// A NUL ends a text in C, and in what is handed over: what stands behind it would be another one.
fn check_texts(call: &ProgramCall) -> io::Result<()> {
    let variables = call.environment.iter().flat_map(|(name, value)| [name, value]);
    let secret = call.credential.iter().map(|credential| credential.secret.as_ref());
    let texts = call.arguments.iter().chain(variables).map(OsString::as_os_str).chain(secret);
    let mut texts = texts.chain([call.program.as_os_str()]);
    if texts.any(|text| text.as_bytes().contains(&0)) {
        let message = "an argument, a variable or the credential holds a NUL byte; remove it";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<ProgramDigest> {
    let mut file = File::open(path)?;
    let mut state = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(ProgramDigest::new(state.finalize().into())),
            count => state.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// The environment with what the network access and the credential add to it.
pub(crate) fn environment(policy: &SandboxPolicy, call: &ProgramCall) -> Vec<(OsString, OsString)> {
    let mut environment = call.environment.clone();
    match policy.network {
        NetworkAccess::None => {}
        NetworkAccess::Outlet => outlet::announce(&mut environment),
    }
    let credential = call.credential.iter().map(|credential| match &credential.slot {
        CredentialSlot::Variable(name) => (name.into(), credential.secret.clone().into()),
        CredentialSlot::File(name) => (name.into(), credential_path(name).into()),
    });
    environment.extend(credential);
    environment
}
