//! From what the runtime says of plugins to what operators are shown, and back.

use administration::{
    AutoRuleView, CanaryPlanView, PendingPluginView, PluginAsksView, PluginCanaryView,
    PluginEventView, PluginFiguresView, PluginGenerationView, PluginKindView, PluginOriginView,
    PluginVersionView, PluginView, PluginsView, QuarantinedPluginView, RolloutKind, RolloutView,
    WideningView,
};
use plugin_runtime::{
    Asks, AutoRule, CanaryPlan, CanaryView, Digest, Event, Figures, GenerationView, LifeView,
    Manifest, Origin, Pending, PluginKind, PluginStatus, QuarantineView, Rollout, VersionView,
};

/// Bundled plugins beside those that the life cycle knows, by name.
pub(super) fn all(life: LifeView, serving: &[PluginStatus]) -> PluginsView {
    let parts = Parts {
        pending: life.pending.iter().map(pending).collect(),
        quarantine: life.quarantine.iter().map(quarantined).collect(),
        events: life.events.iter().map(event).collect(),
    };
    let status = |name: &str| serving.iter().find(|it| it.name == name);
    let known = life.plugins.iter();
    let known: Vec<_> =
        known.map(|plugin| installed(plugin, status(&plugin.name), &parts)).collect();
    let unknown = serving.iter().filter(|it| life.plugin(&it.name).is_none());
    let unknown: Vec<_> = unknown.map(|it| bundled(it, &parts)).collect();
    let mut plugins: Vec<_> = known.into_iter().chain(unknown).collect();
    plugins.sort_by(|one, other| one.name.cmp(&other.name));
    let Parts { pending, quarantine, events } = parts;
    PluginsView { plugins, pending, quarantine, events }
}

/// How a version starts, as an operator says it.
pub(super) fn rollout_of(rollout: RolloutView) -> Rollout {
    let RolloutView { kind, share_permille, auto } = rollout;
    match kind {
        RolloutKind::Immediate => Rollout::AtOnce,
        RolloutKind::Canary => {
            let share_permille = share_permille.unwrap_or_default();
            Rollout::Canary(plan_of(CanaryPlanView { share_permille, auto }))
        }
    }
}

/// A canary's share and end, as an operator says them.
pub(super) fn plan_of(plan: CanaryPlanView) -> CanaryPlan {
    let rule = |it: AutoRuleView| AutoRule { calls: it.calls, worse_permille: it.worse_permille };
    CanaryPlan { share_permille: plan.share_permille, auto: plan.auto.map(rule) }
}

/// What is told of files and versions, each with its plugin.
struct Parts {
    pending: Vec<PendingPluginView>,
    quarantine: Vec<QuarantinedPluginView>,
    events: Vec<PluginEventView>,
}

/// The latest version of a plugin: what waits, else what takes a share, else what serves.
struct Latest {
    phase: Option<String>,
    version: Option<String>,
    digest: Option<String>,
}

fn installed(
    plugin: &plugin_runtime::PluginView,
    status: Option<&PluginStatus>,
    parts: &Parts,
) -> PluginView {
    let mut view = bare(&plugin.name, status, parts);
    view.serving = plugin.serving.as_ref().map(generation).or(view.serving);
    view.canary = plugin.canary.as_ref().map(canary);
    let Latest { phase, version, digest } = latest(&view);
    PluginView {
        phase,
        version,
        digest,
        cause: view.pending.first().map(|it| it.cause.clone()),
        file: plugin.file.clone(),
        pinned: plugin.pinned,
        rollout: rollout(plugin.rollout),
        approved: Some(asks(&plugin.approved)),
        last_good: plugin.last_good.as_ref().map(written),
        draining: plugin.draining.iter().map(generation).collect(),
        versions: plugin.versions.iter().map(version_view).collect(),
        ..view
    }
}

fn bundled(status: &PluginStatus, parts: &Parts) -> PluginView {
    let view = bare(&status.name, Some(status), parts);
    let Latest { phase, version, digest } = latest(&view);
    PluginView { phase, version, digest, ..view }
}

/// With what serves by the table's account.
fn bare(name: &str, status: Option<&PluginStatus>, parts: &Parts) -> PluginView {
    let of_name = |plugin: &Option<String>| plugin.as_deref() == Some(name);
    let is_installed = status.is_none_or(|it| matches!(it.origin, Origin::Installed(_)));
    PluginView {
        name: name.to_owned(),
        kind: status.map(|it| kind(it.kind)),
        origin: if is_installed { PluginOriginView::Installed } else { PluginOriginView::Bundled },
        etag: None,
        phase: None,
        cause: None,
        version: None,
        digest: None,
        dialect: status.and_then(|it| dialect(&it.manifest)),
        file: None,
        pinned: false,
        rollout: RolloutView::IMMEDIATE,
        approved: None,
        last_good: None,
        serving: status.map(of_table),
        canary: None,
        draining: Vec::new(),
        versions: Vec::new(),
        pending: parts.pending.iter().filter(|it| of_name(&it.plugin)).cloned().collect(),
        quarantine: parts.quarantine.iter().filter(|it| it.plugin == name).cloned().collect(),
        events: parts.events.iter().filter(|it| of_name(&it.plugin)).cloned().collect(),
    }
}

fn latest(view: &PluginView) -> Latest {
    if let Some(it) = view.pending.first() {
        let (version, digest) = (it.version.clone(), it.digest.clone());
        return Latest { phase: Some(it.phase.clone()), version, digest };
    }
    let canary = view.canary.as_ref().map(|it| &it.generation);
    let found = canary.or(view.serving.as_ref());
    Latest {
        phase: found.map(|it| it.phase.clone()),
        version: found.map(|it| it.version.clone()),
        digest: found.map(|it| it.digest.clone()),
    }
}

fn kind(kind: PluginKind) -> PluginKindView {
    match kind {
        PluginKind::Normalizer => PluginKindView::Normalizer,
        PluginKind::HttpAdapter => PluginKindView::HttpAdapter,
        PluginKind::ProcessAdapter => PluginKindView::ProcessAdapter,
    }
}

/// What a normalizer speaks, or an adapter's providers.
fn dialect(manifest: &Manifest) -> Option<String> {
    let spoken = manifest.dialect.as_ref().map(|facts| &facts.name);
    spoken.or(manifest.adapter.as_ref().map(|facts| &facts.default_dialect)).cloned()
}

fn of_table(status: &PluginStatus) -> PluginGenerationView {
    PluginGenerationView {
        generation: status.generation.0,
        version: status.version.clone(),
        digest: format!("sha256:{}", status.sha256),
        signer: None,
        phase: "serving".to_owned(),
        isolation: status.isolation.as_str().to_owned(),
        sockets: status.sockets.as_str().to_owned(),
        open_exchanges: None,
        figures: figures(Figures::of(&status.stats)),
    }
}

fn generation(view: &GenerationView) -> PluginGenerationView {
    PluginGenerationView {
        generation: view.generation,
        version: view.version.clone(),
        digest: written(&view.digest),
        signer: view.signer.clone(),
        phase: view.phase.to_string(),
        isolation: view.isolation.to_owned(),
        sockets: view.sockets.to_owned(),
        open_exchanges: Some(view.open_exchanges as u64),
        figures: figures(view.figures),
    }
}

fn figures(figures: Figures) -> PluginFiguresView {
    PluginFiguresView {
        calls: figures.calls,
        traps: figures.traps,
        timeouts: figures.timeouts,
        failures_permille: figures.failures_permille,
        cpu_us: figures.cpu_us,
        mean_us: figures.mean_us,
        p95_us: figures.p95_us,
        peak_memory_bytes: figures.peak_memory_bytes as u64,
        stock_depth: figures.stock_depth as u64,
        stock_hits: figures.stock_hits,
        stock_misses: figures.stock_misses,
    }
}

fn canary(view: &CanaryView) -> PluginCanaryView {
    PluginCanaryView {
        plan: plan(view.plan),
        generation: generation(&view.generation),
        old_since: figures(view.old_since),
        new_since: figures(view.new_since),
    }
}

fn plan(plan: CanaryPlan) -> CanaryPlanView {
    let rule = |it: AutoRule| AutoRuleView { calls: it.calls, worse_permille: it.worse_permille };
    CanaryPlanView { share_permille: plan.share_permille, auto: plan.auto.map(rule) }
}

fn rollout(rollout: Rollout) -> RolloutView {
    match rollout {
        Rollout::AtOnce => RolloutView::IMMEDIATE,
        Rollout::Canary(it) => RolloutView::canary(plan(it)),
    }
}

fn pending(pending: &Pending) -> PendingPluginView {
    let widened = pending.widened.iter();
    let widened = widened
        .map(|it| WideningView { member: it.member.to_owned(), asked: it.asked.clone() })
        .collect();
    PendingPluginView {
        file: pending.file.clone(),
        plugin: pending.plugin.clone(),
        version: pending.version.clone(),
        digest: pending.digest.as_ref().map(written),
        phase: pending.phase.to_string(),
        cause: pending.cause.clone(),
        widened,
        asks: pending.asks.as_ref().map(asks),
    }
}

fn quarantined(view: &QuarantineView) -> QuarantinedPluginView {
    QuarantinedPluginView {
        digest: written(&view.digest),
        plugin: view.plugin.clone(),
        version: view.version.clone(),
        cause: view.cause.clone(),
        since: view.since.clone(),
    }
}

fn version_view(view: &VersionView) -> PluginVersionView {
    PluginVersionView {
        digest: written(&view.digest),
        version: view.version.clone(),
        signer: view.signer.clone(),
        installed_at: view.installed_at.clone(),
        quarantined: view.quarantined,
    }
}

fn event(event: &Event) -> PluginEventView {
    PluginEventView {
        number: event.number,
        at: event.at.clone(),
        kind: event.kind.as_str().to_owned(),
        plugin: event.plugin.clone(),
        digest: event.digest.as_ref().map(written),
        text: event.text.clone(),
    }
}

fn asks(asks: &Asks) -> PluginAsksView {
    PluginAsksView {
        kind: asks.kind.clone(),
        imports: asks.imports.clone(),
        credentials: asks.credentials.clone(),
        dialect: asks.dialect.clone(),
        operations: asks.operations.clone(),
        endpoints: asks.endpoints.clone(),
        presets: asks.presets.clone(),
        memory_bytes: asks.memory_bytes,
        call_ms: asks.call_ms,
    }
}

fn written(digest: &Digest) -> String {
    format!("sha256:{digest}")
}
