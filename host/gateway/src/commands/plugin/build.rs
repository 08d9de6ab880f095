//! `patchbay plugin build`

use std::path::Path;

use anyhow::bail;
use authoring::{Built, Progress as _, Project};
use plugin_runtime::{Limits, Runtime};

use super::check::{Checked, check_one, described};
use super::progress::Steps;
use crate::command_line::PluginProject;
use crate::terminal;

/// Builds a project and checks what came of it.
pub(in crate::commands) fn build(arguments: &PluginProject) -> anyhow::Result<()> {
    let project = Project::open(&arguments.project)?;
    build_and_check(&project, arguments.out.as_deref()).map(drop)
}

/// The components, all of which a gateway would serve with.
pub(super) fn build_and_check(
    project: &Project,
    out: Option<&Path>,
) -> anyhow::Result<Vec<(Built, Checked)>> {
    let components = project.build(out, &Steps)?;
    Steps.begin("check as the gateway does");
    let runtime = Runtime::start(Limits::STANDARD)?;
    let (mut good, mut bad) = (Vec::new(), 0_usize);
    for built in components {
        let file = shown(&built.path);
        match check_one(&runtime, &built.path) {
            Ok(plugin) => {
                let (what, bytes, sha256) =
                    (described(&plugin.manifest), built.bytes, &built.sha256);
                terminal::say(&format!("{file}: {what}, {bytes} bytes, sha256 {sha256}"));
                good.push((built, plugin));
            }
            Err(error) => {
                bad += 1;
                terminal::complain(&format!("{file}: {error:#}"));
            }
        }
    }
    if bad > 0 {
        bail!("no gateway would load what was built; mend what is listed above");
    }
    Ok(good)
}

/// A path as one would type it here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    inside.as_deref().unwrap_or(path).display().to_string()
}
