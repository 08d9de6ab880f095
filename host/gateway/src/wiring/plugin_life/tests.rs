use administration::PluginOriginView;
use plugin_runtime::{LifeProblem, LifeView, Pending, Phase};

use super::refusal::refused;
use super::*;

#[test]
fn a_refusal_has_a_reason_and_a_fix_and_names_the_member() {
    for (problem, sort, path) in [
        (LifeProblem::Unknown("x".to_owned()), PluginProblemSort::Unknown, ""),
        (LifeProblem::NotSigned, PluginProblemSort::Refused, "x-patchbay-signature"),
        (LifeProblem::NobodyTrusted, PluginProblemSort::Refused, ""),
        (LifeProblem::NothingBefore("x".to_owned()), PluginProblemSort::Conflict, ""),
        (LifeProblem::Busy, PluginProblemSort::Unavailable, ""),
        (
            LifeProblem::OutOfBounds { what: "share_permille", least: 1, most: 1000 },
            PluginProblemSort::Invalid,
            "share_permille",
        ),
    ] {
        let PluginProblem { sort: found, problem: told } = refused(&problem);
        assert_eq!((found, told.path.as_str()), (sort, path), "{problem}");
        assert_eq!(format!("{}; {}", told.message, told.fix), problem.to_string());
    }
}

#[test]
fn a_file_whose_plugin_is_not_known_is_shown_beside_the_plugins() {
    let pending = Pending {
        file: "bad.wasm".to_owned(),
        plugin: None,
        version: None,
        digest: Some(Digest::of(b"bad")),
        phase: Phase::Inspect,
        cause: "it has no manifest; build it with the SDK".to_owned(),
        widened: Vec::new(),
        asks: None,
    };
    let view = views::all(LifeView { pending: vec![pending], ..LifeView::default() }, &[]);
    assert!(view.plugins.is_empty());
    assert_eq!(view.pending.first().map(|it| it.phase.as_str()), Some("inspect"));
    let digest = view.pending.first().and_then(|it| it.digest.clone()).unwrap();
    assert!(digest.starts_with("sha256:"));
}

#[test]
fn plugins_of_the_binary_are_shown_without_a_life_cycle() {
    let runtime = plugin_runtime::Runtime::start(plugin_runtime::Limits {
        live_instances: 1,
        ..plugin_runtime::Limits::STANDARD
    });
    let registry = Registry::new(runtime.unwrap());
    for (_, component) in crate::wiring::plugins::BUNDLED {
        registry.install_bundled(component, plugin_runtime::Grant::default()).unwrap();
    }
    let view = views::all(LifeView::default(), &registry.list());
    assert_eq!(view.plugins.len(), crate::wiring::plugins::BUNDLED.len());
    for plugin in view.plugins {
        assert_eq!(plugin.origin, PluginOriginView::Bundled);
        assert_eq!(plugin.phase.as_deref(), Some("serving"), "{}", plugin.name);
        assert!(plugin.serving.is_some() && plugin.dialect.is_some() && plugin.approved.is_none());
    }
}
