//! What keeps a program in, in a cluster.

use std::fmt;

use sandbox::{Layer, LayerState};

use crate::probe::AccessState;
use crate::settings::KubernetesSettings;

/// Name of the driver in configuration, documents and logs.
pub(crate) const DRIVER: &str = "kubernetes";

/// What the driver guarantees in this cluster, and what the gateway may not do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesReport {
    /// Version of the API server, or why it was not reached.
    pub server: Result<String, String>,
    /// Each layer.
    pub layers: Vec<(Layer, LayerState)>,
    /// What the gateway may do in the namespace.
    pub access: Vec<AccessState>,
}

impl KubernetesReport {
    /// Whether programs can be run.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let mut missing = self.access.iter().filter(|state| state.missing.is_some());
        self.server.is_ok() && !missing.any(|state| state.access.is_needed())
    }
}

/// For readiness and logs: the name, then what is missing.
impl fmt::Display for KubernetesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            Ok(version) => write!(f, "{DRIVER} {version}")?,
            Err(reason) => write!(f, "{DRIVER}; not reached: {reason}")?,
        }
        for state in &self.access {
            if let Some(reason) = &state.missing {
                write!(f, "; may not {}: {reason}", state.access)?;
            }
        }
        for (layer, state) in &self.layers {
            if let LayerState::Missing(reason) = state {
                write!(f, "; without {layer}: {reason}")?;
            }
        }
        Ok(())
    }
}

impl KubernetesSettings {
    /// All layers, as the manifests ask for them. The cluster is not asked.
    #[must_use]
    pub fn layers(&self) -> Vec<(Layer, LayerState)> {
        let state = |layer| match missing(layer, self) {
            None => LayerState::Works,
            Some(reason) => LayerState::Missing(reason.to_owned()),
        };
        Layer::ALL.into_iter().map(|layer| (layer, state(layer))).collect()
    }
}

/// Why a layer is not there; `None` if the manifest asks for it.
pub(crate) fn missing(layer: Layer, settings: &KubernetesSettings) -> Option<&'static str> {
    match layer {
        Layer::User
        | Layer::MountView
        | Layer::ProcessTree
        | Layer::InterProcess
        | Layer::HostName
        | Layer::SystemCalls
        | Layer::NoNewPrivileges
        | Layer::NoCapabilities
        | Layer::MemoryGroup => None,
        Layer::Network if settings.network_denied => None,
        Layer::Network => Some(
            "the cluster's network policies decide; deny the pods everything and set \
             network_denied",
        ),
        Layer::OwnKernel if settings.runtime_class.is_some() => None,
        Layer::OwnKernel => Some("no runtime_class is set"),
        Layer::UserNamespace => Some("pods share the node's users"),
        Layer::Landlock => Some("the container runtime does not use it"),
        Layer::ResourceLimits => Some("pods have no limits for each process"),
        Layer::ProcessGroup => Some("the nodes' podPidsLimit decides"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Access;
    use crate::settings::ClusterAccess;

    #[test]
    fn network_and_kernel_are_the_operators_word() {
        let plain = KubernetesSettings::new(ClusterAccess::InCluster, "n".into(), "i".into());
        let mut told = plain.clone();
        told.network_denied = true;
        told.runtime_class = Some("gvisor".to_owned());
        for layer in [Layer::Network, Layer::OwnKernel] {
            assert!(missing(layer, &plain).is_some() && missing(layer, &told).is_none());
        }
    }

    #[test]
    fn a_report_says_what_is_missing_and_why() {
        let mut report = KubernetesReport {
            server: Ok("v1.34.0".to_owned()),
            layers: vec![
                (Layer::User, LayerState::Works),
                (Layer::Landlock, LayerState::Missing("unused".to_owned())),
            ],
            access: vec![AccessState {
                access: Access::of("delete", "jobs"),
                missing: Some("no rule".to_owned()),
            }],
        };
        assert_eq!(
            report.to_string(),
            "kubernetes v1.34.0; may not delete jobs: no rule; without landlock: unused"
        );
        assert!(!report.is_usable());
        report.access.clear();
        assert!(report.is_usable());
    }
}
