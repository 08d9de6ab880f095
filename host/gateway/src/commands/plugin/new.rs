//! `patchbay plugin new`

use std::path::PathBuf;

use authoring::template::{NewProject, sdk_checkout};

use crate::command_line::NewPlugin;
use crate::terminal;

/// Writes a new project and says how to go on.
pub(in crate::commands) fn begin(new: &NewPlugin) -> anyhow::Result<()> {
    let folder = new.into.clone().unwrap_or_else(|| PathBuf::from(new.name.as_str()));
    let sdk = new.sdk.as_deref().map(|it| sdk_checkout(it, new.language)).transpose()?;
    let project = NewProject {
        name: &new.name,
        language: new.language,
        kind: new.kind,
        folder: &folder,
        sdk: sdk.as_deref(),
    };
    let files = project.write()?;
    let (name, place) = (new.name.as_str(), folder.display());
    terminal::say(&format!("{place}: {files} files of the plugin {name}; next:"));
    for line in
        [format!("cd {place}"), "patchbay plugin test".into(), "patchbay plugin build".into()]
    {
        terminal::say(&format!("  {line}"));
    }
    Ok(())
}
