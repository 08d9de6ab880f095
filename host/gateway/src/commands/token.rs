//! `patchbay token`

use administration::Role;

use crate::command_line::{RoleName, TokenArguments};
use crate::terminal;
use crate::wiring;

/// Prints a token, and nothing else, so that a script can take it.
pub(super) fn run(arguments: &TokenArguments) -> anyhow::Result<()> {
    let role = match arguments.role {
        RoleName::Admin => Role::Admin,
        RoleName::Viewer => Role::Viewer,
    };
    let file = arguments.configuration.config.as_deref();
    let operator = (role, arguments.subject.clone());
    terminal::say(&wiring::admin_token(file, operator, arguments.ttl.0)?);
    Ok(())
}
