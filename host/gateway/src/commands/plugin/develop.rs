//! `patchbay plugin dev`

mod own_gateway;

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
use own_gateway::OwnGateway;

/// Where built components go.
enum Target {
    /// Nowhere.
    Nothing,
    /// A gateway that runs already, over its admin API.
    Running(GatewayChoice),
    /// A gateway that is started here, and whose log is shown.
    Own(OwnGateway),
}

/// Builds, checks and perhaps installs on every save, until Ctrl-C. What fails is told, and the
/// next save is a new try.
pub(in crate::commands) fn develop(folder: &Path, config: Option<&Path>) -> anyhow::Result<()> {
    let project = Project::open(folder)?;
    let mut target = Target::of(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the runtime cannot be started")?.block_on(async {
        let mut watch = Watch::start(project.folder())?;
        let ended = loop {
            round(&project, &mut target);
            terminal::say("waiting for the next save; Ctrl-C ends");
            tokio::select! {
                ended = ctrl_c() => break ended.context("Ctrl-C cannot be noticed"),
                changed = watch.changed() => changed?,
            }
        };
        target.end().await;
        ended
    })
}

impl Target {
    fn of(config: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(config) = config {
            return OwnGateway::try_new(config).map(Self::Own);
        }
        let gateway = gateway()?;
        if gateway.is_none() {
            terminal::complain(
                "nothing is installed: there is no --config FILE, and PATCHBAY_URL and \
                 PATCHBAY_ADMIN_TOKEN are not set",
            );
        }
        Ok(gateway.map_or(Self::Nothing, Self::Running))
    }

    fn install(&mut self, components: &[&Path]) -> anyhow::Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Running(gateway) => {
                components.iter().try_for_each(|component| install_briefly(component, gateway))
            }
            Self::Own(gateway) => gateway.install(components),
        }
    }

    async fn end(self) {
        if let Self::Own(gateway) = self {
            gateway.end().await;
        }
    }
}

/// One build. It runs on this thread: nothing else is to be done meanwhile, and Ctrl-C reaches
/// the toolchain by itself.
fn round(project: &Project, target: &mut Target) {
    let built = build_and_check(project, None).and_then(|components| {
        let files: Vec<_> = components.iter().map(|(it, _)| it.path.as_path()).collect();
        target.install(&files)
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
