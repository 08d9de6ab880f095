//! Plugins behind the port: `my-cloud` is installed, `bundled` is in the binary.

use std::sync::{Mutex, PoisonError};

use administration::{
    PluginAction, PluginAsksView, PluginFiguresView, PluginGenerationView, PluginKindView,
    PluginOriginView, PluginProblem, PluginProblemSort, PluginUpload, PluginVersionView,
    PluginView, Plugins, PluginsView, RolloutView, Uploaded,
};
use async_trait::async_trait;

/// The version of `my-cloud`.
pub(super) const DIGEST: &str =
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Most bytes of a component; more than an operator's document may have, and than a caller's
/// request.
pub(super) const MAX_COMPONENT_BYTES: usize = 5 * 1024 * 1024;

/// What is installed, and what was sent last.
pub(super) struct Shelf {
    installed: Mutex<Option<PluginView>>,
    pub(super) sent: Mutex<Option<PluginUpload>>,
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self { installed: Mutex::new(Some(my_cloud())), sent: Mutex::new(None) }
    }
}

#[async_trait]
impl Plugins for Shelf {
    fn view(&self) -> PluginsView {
        let installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let plugins = [bundled()].into_iter().chain(installed).collect();
        PluginsView { plugins, ..PluginsView::default() }
    }

    fn max_component_bytes(&self) -> u64 {
        MAX_COMPONENT_BYTES as u64
    }

    /// What a component says of itself becomes of it.
    async fn upload(&self, upload: PluginUpload) -> Result<Uploaded, PluginProblem> {
        let said = upload.component.clone();
        *self.sent.lock().unwrap() = Some(upload);
        if said == b"refused" {
            let text = "no trusted signer has signed this file; add the signer's public key";
            return Err(PluginProblem::of(PluginProblemSort::Refused, "", text));
        }
        *self.installed.lock().unwrap() = Some(my_cloud());
        Ok(Uploaded { name: "my-cloud".to_owned(), waits: said == b"waits" })
    }

    async fn act(&self, name: &str, action: PluginAction) -> Result<(), PluginProblem> {
        let mut installed = self.installed.lock().unwrap();
        let Some(plugin) = installed.as_mut().filter(|it| it.name == name) else {
            let text = "the plugin is in the gateway's binary; install one of its name";
            return Err(PluginProblem::of(PluginProblemSort::Conflict, "", text));
        };
        match action {
            PluginAction::Pin => plugin.pinned = true,
            PluginAction::Unpin => plugin.pinned = false,
            PluginAction::Rollout(rollout) => plugin.rollout = rollout,
            PluginAction::Remove => *installed = None,
            _ => {}
        }
        Ok(())
    }
}

fn bundled() -> PluginView {
    PluginView {
        name: "bundled".to_owned(),
        origin: PluginOriginView::Bundled,
        file: None,
        approved: None,
        last_good: None,
        versions: Vec::new(),
        ..my_cloud()
    }
}

fn my_cloud() -> PluginView {
    let serving = PluginGenerationView {
        generation: 1,
        version: "1.0.0".to_owned(),
        digest: DIGEST.to_owned(),
        signer: None,
        phase: "serving".to_owned(),
        isolation: "fresh".to_owned(),
        sockets: "refused".to_owned(),
        open_exchanges: Some(0),
        figures: PluginFiguresView::default(),
    };
    let version = PluginVersionView {
        digest: DIGEST.to_owned(),
        version: "1.0.0".to_owned(),
        signer: None,
        installed_at: "2026-01-31T09:30:00Z".to_owned(),
        quarantined: false,
    };
    PluginView {
        name: "my-cloud".to_owned(),
        kind: Some(PluginKindView::HttpAdapter),
        origin: PluginOriginView::Installed,
        etag: None,
        phase: Some("serving".to_owned()),
        cause: None,
        version: Some("1.0.0".to_owned()),
        digest: Some(DIGEST.to_owned()),
        dialect: Some("openai-chat".to_owned()),
        file: Some("my-cloud.wasm".to_owned()),
        pinned: false,
        rollout: RolloutView::IMMEDIATE,
        approved: Some(PluginAsksView::default()),
        last_good: Some(DIGEST.to_owned()),
        serving: Some(serving),
        canary: None,
        draining: Vec::new(),
        versions: vec![version],
        pending: Vec::new(),
        quarantine: Vec::new(),
        events: Vec::new(),
    }
}
