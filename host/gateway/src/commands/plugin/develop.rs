//! `patchbay plugin dev`

use std::env;
use std::path::Path;

use anyhow::Context as _;
use authoring::Project;
use authoring::watching::Watch;
use tokio::signal::ctrl_c;

use super::build::build_and_check;
use super::install::install_briefly;
use crate::command_line::{GatewayChoice, gateway_url};
use crate::terminal;

/// Builds, checks and perhaps installs on every save, until Ctrl-C. What fails is told, and the
/// next save is a new try.
pub(in crate::commands) fn develop(folder: &Path) -> anyhow::Result<()> {
    let project = Project::open(folder)?;
    let gateway = gateway()?;
    if gateway.is_none() {
        terminal::complain(
            "nothing is installed: PATCHBAY_URL and PATCHBAY_ADMIN_TOKEN are not set",
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the runtime cannot be started")?.block_on(async {
        let mut watch = Watch::start(project.folder())?;
        loop {
            round(&project, gateway.as_ref());
            terminal::say("waiting for the next save; Ctrl-C ends");
            tokio::select! {
                ended = ctrl_c() => return ended.context("Ctrl-C cannot be noticed"),
                changed = watch.changed() => changed?,
            }
        }
    })
}

/// One build. It runs on this thread: nothing else is to be done meanwhile, and Ctrl-C reaches
/// the toolchain by itself.
fn round(project: &Project, gateway: Option<&GatewayChoice>) {
    let built = build_and_check(project, None).and_then(|components| {
        let mut files = components.iter().map(|(it, _)| it.path.as_path());
        gateway.map_or(Ok(()), |gateway| files.try_for_each(|it| install_briefly(it, gateway)))
    });
    if let Err(error) = built {
        terminal::complain(&format!("patchbay: {error:#}"));
    }
}

/// The gateway, if somebody said which: a default would install where nobody expects it.
fn gateway() -> anyhow::Result<Option<GatewayChoice>> {
    let token = env::var("PATCHBAY_ADMIN_TOKEN").unwrap_or_default();
    match env::var("PATCHBAY_URL") {
        Ok(url) if !url.is_empty() && !token.is_empty() => {
            let url = gateway_url(&url).map_err(anyhow::Error::msg).context("PATCHBAY_URL")?;
            Ok(Some(GatewayChoice { url, json: false }))
        }
        _ => Ok(None),
    }
}
