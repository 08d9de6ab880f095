//! Rooms that must not reach a backend, not even through somebody else.
//!
//! `deny.toml` says who may name wasmtime, reqwest, sled and axum; this rule looks further: the
//! rooms that are tested with fakes have none of them anywhere below. One edge is allowed:
//! `administration` keeps records through the trait that `store` owns beside its backends, and
//! only `store` may name them.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, NodeDep, PackageId};

use super::finding::Finding;

const ROOMS: &[&str] =
    &["openai-api", "exchange", "resources", "routing", "pipeline", "administration"];
/// Who may have a backend below because its trait stands beside it: room, owner, backend.
const BESIDE_ITS_TRAIT: (&str, &str, &str) = ("administration", "store", "sled");
const BACKENDS: &[&str] = &["wasmtime", "reqwest", "sled", "axum"];

/// Package names and, for each package, what it is built from.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Every room that reaches a backend.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let graph = graph_of(metadata);
    let mut findings = Vec::new();
    for room in ROOMS {
        let graph = allowed(&graph, room);
        for backend in BACKENDS {
            if let Some(way) = way(&graph, room, backend) {
                findings.push(Finding::new(
                    format!("host/{room}/Cargo.toml"),
                    format!("{room} knows traits, not backends, and reaches {backend}: {way}"),
                    "put a trait into exchange and implement it in the room that fences the backend",
                ));
            }
        }
    }
    findings
}

/// The graph without the edge that a room may have below.
fn allowed(graph: &Graph, room: &str) -> Graph {
    let mut graph = graph.clone();
    let (who, owner, backend) = BESIDE_ITS_TRAIT;
    if room == who
        && let Some(below) = graph.get_mut(owner)
    {
        below.remove(backend);
    }
    graph
}

/// What is linked into a build; dependencies of tests do not count.
fn graph_of(metadata: &Metadata) -> Graph {
    let names: BTreeMap<&PackageId, String> =
        metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
    let name = |id: &PackageId| names.get(id).cloned().unwrap_or_default();
    let mut graph = Graph::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let below = graph.entry(name(&node.id)).or_default();
        below.extend(node.deps.iter().filter(|edge| is_linked(edge)).map(|edge| name(&edge.pkg)));
    }
    graph
}

fn is_linked(edge: &NodeDep) -> bool {
    edge.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
}

/// The shortest way from a package to another, as `a → b → c`.
fn way(graph: &Graph, from: &str, to: &str) -> Option<String> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut ways = vec![vec![from.to_owned()]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            let below = way.last().and_then(|last| graph.get(last)).into_iter().flatten();
            for next in below {
                let mut way = way.clone();
                way.push(next.clone());
                if next == to {
                    return Some(way.join(" → "));
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    }

    #[test]
    fn a_backend_is_found_through_others_and_the_way_is_shown() {
        let graph = graph(&[("pipeline", "routing"), ("routing", "client"), ("client", "reqwest")]);
        let found = way(&graph, "pipeline", "reqwest");
        assert_eq!(found.as_deref(), Some("pipeline → routing → client → reqwest"));
        assert_eq!(way(&graph, "pipeline", "axum"), None);
    }

    #[test]
    fn only_administration_may_have_the_stores_backend_below_and_only_through_the_store() {
        let edges = [("administration", "store"), ("pipeline", "store"), ("store", "sled")];
        let through_store = graph(&edges);
        let found = |room| way(&allowed(&through_store, room), room, "sled");
        assert_eq!(found("administration"), None);
        assert_eq!(found("pipeline").as_deref(), Some("pipeline → store → sled"));

        let directly = graph(&[("administration", "store"), ("administration", "sled")]);
        let found = way(&allowed(&directly, "administration"), "administration", "sled");
        assert_eq!(found.as_deref(), Some("administration → sled"));
    }

    #[test]
    fn a_circle_ends() {
        let graph = graph(&[("a", "b"), ("b", "a")]);
        assert_eq!(way(&graph, "a", "axum"), None);
    }
}
