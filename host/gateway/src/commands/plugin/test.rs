//! `patchbay plugin test`

use anyhow::Context as _;
use authoring::Project;
use plugin_runtime::{Limits, Runtime};

use super::build::build_and_check;
use super::check::{Checked, check_one, described, tested};
use super::progress::Steps;
use super::replay::replay;
use crate::command_line::PluginTest;
use crate::terminal;

/// Runs the project's own tests, builds it, and proves its components; or proves one component;
/// or compares one with another version.
pub(in crate::commands) fn test(arguments: &PluginTest) -> anyhow::Result<()> {
    let target = &*arguments.target;
    if let Some(recordings) = &arguments.replay {
        return replay(arguments, recordings);
    }
    if target.is_file() {
        let runtime = Runtime::start(Limits::STANDARD)?;
        let checked = check_one(&runtime, target).with_context(|| target.display().to_string())?;
        print(&checked);
        return Ok(());
    }
    let project = Project::open(target)?;
    project.test(&Steps)?;
    build_and_check(&project, None)?.iter().for_each(|(_, checked)| print(checked));
    Ok(())
}

/// What a component has shown that a gateway would serve with: it loads, starts, and its
/// manifest's self-test vectors hold.
fn print(checked: &Checked) {
    let manifest = &checked.manifest;
    terminal::say(&format!("{}: it starts and answers; {}", described(manifest), tested(manifest)));
}
