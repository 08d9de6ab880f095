//! Runs programs as Jobs of a Kubernetes cluster.
//!
//! Owns the driver `kubernetes`: each exchange is one Job with one pod, made from the operator's
//! image ([`KubernetesSettings`]) and deleted when its caller leaves, its deadline passes or it has
//! ended. Body, output and complaints travel through the API server: a body for standard input by
//! attaching to the program, everything else by its log. Nothing of the cluster is reached but its
//! API.
//!
//! Promises:
//! - Whatever was created is deleted, by a task that outlives the exchange and tries until the API
//!   server agrees. What a killed gateway leaves ends at its deadline by the cluster itself, and is
//!   looked for by [`KubernetesPrograms::sweep`].
//! - Output that may have been cut is never taken for whole.
//! - No prompt and no credential is in a log line. A credential is in a Secret that the Job owns.
//!
//! Not here: network policies, runtime classes and limits of processes. They are the cluster's;
//! [`KubernetesReport`] says what the driver can answer for.

mod cluster;
mod layers;
mod manifest;
mod order;
mod pod;
mod probe;
mod problem;
mod programs;
mod relay;
mod removal;
mod run;
mod settings;
mod start;
mod streams;
mod sweep;
mod watch;

pub use layers::KubernetesReport;
pub use probe::{Access, AccessState};
pub use problem::ConnectProblem;
pub use programs::KubernetesPrograms;
pub use settings::{ClusterAccess, KubernetesSettings, PodToleration};
