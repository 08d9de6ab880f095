//! `patchbay plugin test`

use std::path::Path;

use anyhow::Context as _;
use authoring::{Progress as _, Project};
use plugin_runtime::{Limits, Runtime};

use super::build::build_and_check;
use super::check::{check_one, described, tested};
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
    let runtime = Runtime::start(Limits::STANDARD)?;
    if target.is_file() {
        return prove(&runtime, target);
    }
    let project = Project::open(target)?;
    project.test(&Steps)?;
    let components = build_and_check(&project, None)?;
    Steps.begin("prove in the gateway's runtime");
    components.iter().try_for_each(|built| prove(&runtime, &built.path))
}

/// Proves a component as the gateway does before it serves: it loads, starts, and its manifest's
/// self-test vectors hold.
fn prove(runtime: &Runtime, file: &Path) -> anyhow::Result<()> {
    let checked = check_one(runtime, file).with_context(|| file.display().to_string())?;
    let manifest = &checked.manifest;
    terminal::say(&format!("{}: it starts and answers; {}", described(manifest), tested(manifest)));
    Ok(())
}
