//! `patchbay plugin test`

use std::path::Path;

use anyhow::Context as _;
use authoring::{Progress as _, Project};
use plugin_runtime::{Limits, Runtime};

use super::build::build_and_check;
use super::check::{check_one, described};
use super::progress::Steps;
use crate::terminal;

/// Runs the project's own tests, builds it, and proves its components; or proves one component.
pub(in crate::commands) fn test(target: &Path) -> anyhow::Result<()> {
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

/// Proves a component as the gateway does before it serves. Today that is: it loads, starts and
/// answers a call; the vectors of its manifest are counted and not run.
fn prove(runtime: &Runtime, file: &Path) -> anyhow::Result<()> {
    let plugin = check_one(runtime, file).with_context(|| file.display().to_string())?;
    let vectors = plugin.manifest.self_test.len();
    let note = match vectors {
        0 => "no self-test vectors".to_owned(),
        _ => format!("{vectors} self-test vectors, which this version does not run"),
    };
    terminal::say(&format!("{}: it starts and answers; {note}", described(&plugin)));
    Ok(())
}
