//! What the gateway may do in the namespace, asked of the API server itself.

use std::fmt;

use futures_util::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};

use crate::cluster::Cluster;
use crate::layers::KubernetesReport;
use crate::problem::CallProblem;
use crate::settings::KubernetesSettings;

/// Something that the gateway does in the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    verb: &'static str,
    /// With its subresource after a slash.
    resource: &'static str,
}

/// Whether it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessState {
    /// What.
    pub access: Access,
    /// Why not; `None` if it may.
    pub missing: Option<String>,
}

/// Everything that a run, its removal and the sweep ask for.
const ALL: [Access; 13] = [
    Access::of("create", "jobs"),
    Access::of("delete", "jobs"),
    Access::of("list", "jobs"),
    Access::of("create", "secrets"),
    Access::of("patch", "secrets"),
    Access::of("delete", "secrets"),
    Access::of("list", "secrets"),
    Access::of("list", "pods"),
    Access::of("watch", "pods"),
    Access::of("get", "pods/log"),
    // The first is what WebSockets need, the second what Kubernetes 1.35 wants besides.
    Access::of("get", "pods/attach"),
    Access::of("create", "pods/attach"),
    Access::of("list", "events"),
];

impl Access {
    pub(crate) const fn of(verb: &'static str, resource: &'static str) -> Self {
        Self { verb, resource }
    }

    /// Whether no program can be run without it. The others are for credentials, bodies on
    /// standard input, reasons in the log, and the sweep.
    pub(crate) fn is_needed(self) -> bool {
        let needed = [
            ("create", "jobs"),
            ("delete", "jobs"),
            ("list", "pods"),
            ("watch", "pods"),
            ("get", "pods/log"),
        ];
        needed.contains(&(self.verb, self.resource))
    }

    fn review(self, namespace: &str) -> SelfSubjectAccessReview {
        let (resource, subresource) = match self.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (self.resource, None),
        };
        let group = if resource == "jobs" { "batch" } else { "" };
        SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some(group.to_owned()),
                    namespace: Some(namespace.to_owned()),
                    resource: Some(resource.to_owned()),
                    subresource,
                    verb: Some(self.verb.to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)
    }
}

/// Asks for everything at once.
pub(crate) async fn probe(cluster: &Cluster, settings: &KubernetesSettings) -> KubernetesReport {
    let server = cluster.version().await.map_err(|problem| problem.to_string());
    let access = match &server {
        Ok(_) => join_all(ALL.map(|access| ask(cluster, access))).await,
        Err(_) => Vec::new(),
    };
    KubernetesReport { server, layers: settings.layers(), access }
}

async fn ask(cluster: &Cluster, access: Access) -> AccessState {
    let answer = cluster.review(&access.review(cluster.namespace())).await;
    AccessState { access, missing: missing(answer) }
}

fn missing(answer: Result<SelfSubjectAccessReview, CallProblem>) -> Option<String> {
    match answer {
        Err(problem) => Some(format!("it cannot be asked: {problem}")),
        Ok(review) => match review.status {
            Some(status) if status.allowed => None,
            Some(status) => Some(status.reason.unwrap_or_else(|| "no role allows it".to_owned())),
            None => Some("the API server did not say".to_owned()),
        },
    }
}
