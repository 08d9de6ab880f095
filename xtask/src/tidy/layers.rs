//! Who may import whom: the rooms of `host/` in layers, plugins and SDK outside of it.
//!
//! The table is `md-docs/architecture.md` as data. A room imports rooms of lower layers only, of
//! whatever kind the dependency is; what it needs of a neighbour is a trait, joined in `gateway`.

use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata};

use super::finding::Finding;

/// Rooms from the ground up; a room may import what stands before its own layer.
const LAYERS: &[&[&str]] = &[
    &["openai-api", "resources", "authoring"],
    &["exchange"],
    &["routing", "sandbox"],
    &["plugin-runtime", "upstream", "kubernetes", "store", "secrets", "telemetry"],
    &["pipeline", "administration"],
    &["server"],
    &["gateway"],
];

/// What plugins and the SDK may import of this workspace.
const FOR_PLUGINS: &[&str] = &["patchbay-sdk", "openai-api"];

/// What the SDK's test kit may import besides: authors test against the real limits.
const FOR_THE_TEST_KIT: &str = "plugin-runtime";

/// Makes guests; the tests of any room may import it.
const GUESTS: &str = "text-guests";

/// Which part of the house a package belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Host,
    Plugin,
    Sdk,
    /// Tests, benches, tools: they may import everything.
    Outside,
}

/// A package of the workspace with its edges to other packages of it.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) part: Part,
    /// Its Cargo.toml, relative to the checkout.
    pub(super) manifest: String,
    pub(super) edges: Vec<Edge>,
}

/// One dependency on another package of the workspace.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) to: String,
    pub(super) kind: EdgeKind,
}

/// When the dependency is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EdgeKind {
    Always,
    /// Only in tests, or only with a feature.
    ForTests,
}

/// The workspace's packages as this rule sees them.
pub(super) fn packages(graph: &Metadata, root: &Path) -> Vec<Package> {
    let own = graph.workspace_packages();
    own.iter()
        .map(|package| {
            let manifest = package.manifest_path.as_std_path();
            let manifest = manifest.strip_prefix(root).unwrap_or(manifest);
            Package {
                name: package.name.to_string(),
                part: part_of(manifest),
                manifest: manifest.display().to_string(),
                edges: package
                    .dependencies
                    .iter()
                    .filter(|dependency| own.iter().any(|other| *other.name == dependency.name))
                    .map(|dependency| Edge {
                        to: dependency.name.clone(),
                        kind: if dependency.optional
                            || dependency.kind == DependencyKind::Development
                        {
                            EdgeKind::ForTests
                        } else {
                            EdgeKind::Always
                        },
                    })
                    .collect(),
            }
        })
        .collect()
}

fn part_of(manifest: &Path) -> Part {
    match manifest.iter().next().and_then(|first| first.to_str()) {
        Some("host") => Part::Host,
        Some("plugins") => Part::Plugin,
        Some("sdk") => Part::Sdk,
        _ => Part::Outside,
    }
}

/// Every edge that points the wrong way, and every room the table does not know.
pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        if package.part == Part::Host && layer_of(&package.name).is_none() {
            findings.push(Finding::new(
                &package.manifest,
                format!("room {} stands in no layer", package.name),
                "add it to LAYERS in xtask/src/tidy/layers.rs and to md-docs/architecture.md",
            ));
        }
        for edge in &package.edges {
            findings.extend(check_edge(package, edge, packages));
        }
    }
    findings
}

fn check_edge(from: &Package, edge: &Edge, packages: &[Package]) -> Option<Finding> {
    let to = packages.iter().find(|package| package.name == edge.to)?;
    let allowed = match from.part {
        Part::Outside => true,
        Part::Host => {
            (to.part == Part::Host && is_below(&to.name, &from.name))
                || (to.name == GUESTS && edge.kind == EdgeKind::ForTests)
        }
        Part::Plugin => FOR_PLUGINS.contains(&to.name.as_str()),
        Part::Sdk => {
            to.part == Part::Sdk
                || FOR_PLUGINS.contains(&to.name.as_str())
                || (to.name == FOR_THE_TEST_KIT && edge.kind == EdgeKind::ForTests)
        }
    };
    if allowed {
        return None;
    }
    let (rule, fix) = match from.part {
        Part::Plugin | Part::Sdk => (
            "plugins and the SDK see only wit/, the SDK and openai-api",
            "move what is needed into the SDK or openai-api".to_owned(),
        ),
        Part::Host | Part::Outside => (
            "rooms import only rooms of lower layers",
            format!("let {} declare a trait and join the two in gateway", from.name),
        ),
    };
    Some(Finding::new(&from.manifest, format!("{} imports {}: {rule}", from.name, to.name), fix))
}

fn is_below(lower: &str, upper: &str) -> bool {
    match (layer_of(lower), layer_of(upper)) {
        (Some(lower), Some(upper)) => lower < upper,
        // Reported once, as a room without a layer.
        _ => true,
    }
}

fn layer_of(room: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&room))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, part: Part, edges: &[(&str, EdgeKind)]) -> Package {
        Package {
            name: name.to_owned(),
            part,
            manifest: format!("{name}/Cargo.toml"),
            edges: edges.iter().map(|(to, kind)| Edge { to: (*to).into(), kind: *kind }).collect(),
        }
    }

    fn complaints(from: &Package) -> usize {
        let mut all: Vec<Package> = LAYERS
            .iter()
            .flat_map(|layer| layer.iter())
            .filter(|room| **room != from.name)
            .map(|room| package(room, Part::Host, &[]))
            .collect();
        all.push(package("cli-text", Part::Plugin, &[]));
        all.push(package(GUESTS, Part::Outside, &[]));
        if from.name != "patchbay-sdk" {
            all.push(package("patchbay-sdk", Part::Sdk, &[]));
        }
        all.push(from.clone());
        check(&all).len()
    }

    #[test]
    fn a_room_imports_lower_layers_only() {
        let cases = [
            ("pipeline", "exchange", 0),
            ("exchange", "openai-api", 0),
            ("gateway", "server", 0),
            ("openai-api", "exchange", 1),
            ("exchange", "routing", 1),
            ("pipeline", "server", 1),
            ("server", "gateway", 1),
        ];
        for (from, to, expected) in cases {
            let from = package(from, Part::Host, &[(to, EdgeKind::Always)]);
            assert_eq!(complaints(&from), expected, "{} → {to}", from.name);
        }
    }

    #[test]
    fn rooms_of_one_layer_do_not_import_each_other() {
        let upstream = package("upstream", Part::Host, &[("secrets", EdgeKind::Always)]);
        assert_eq!(complaints(&upstream), 1);
        let in_tests = package("upstream", Part::Host, &[("secrets", EdgeKind::ForTests)]);
        assert_eq!(complaints(&in_tests), 1);
    }

    #[test]
    fn the_host_imports_no_plugin() {
        let host = package("gateway", Part::Host, &[("cli-text", EdgeKind::Always)]);
        assert_eq!(complaints(&host), 1);
    }

    #[test]
    fn only_the_tests_of_a_room_import_guests() {
        for (kind, expected) in [(EdgeKind::ForTests, 0), (EdgeKind::Always, 1)] {
            let room = package("plugin-runtime", Part::Host, &[(GUESTS, kind)]);
            assert_eq!(complaints(&room), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_plugin_imports_the_sdk_and_no_room() {
        let good = [("patchbay-sdk", EdgeKind::Always), ("openai-api", EdgeKind::Always)];
        assert_eq!(complaints(&package("ollama", Part::Plugin, &good)), 0);
        let bad = [("exchange", EdgeKind::Always), ("plugin-runtime", EdgeKind::ForTests)];
        assert_eq!(complaints(&package("ollama", Part::Plugin, &bad)), 2);
    }

    #[test]
    fn only_the_sdks_test_kit_imports_the_runtime() {
        let kit = [("plugin-runtime", EdgeKind::ForTests)];
        assert_eq!(complaints(&package("patchbay-sdk", Part::Sdk, &kit)), 0);
        let always = [("plugin-runtime", EdgeKind::Always)];
        assert_eq!(complaints(&package("patchbay-sdk", Part::Sdk, &always)), 1);
    }

    #[test]
    fn tests_and_tools_import_what_they_like() {
        let all = [("gateway", EdgeKind::Always), ("cli-text", EdgeKind::Always)];
        assert_eq!(complaints(&package("gateway-tests", Part::Outside, &all)), 0);
    }

    #[test]
    fn a_room_without_a_layer_is_reported() {
        let findings = check(&[package("attic", Part::Host, &[])]);
        assert!(findings[0].rule.contains("attic stands in no layer"), "{findings:?}");
    }
}
