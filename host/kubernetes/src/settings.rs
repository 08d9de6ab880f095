//! What the operator says of the cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Where the API server is and who the gateway is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAccess {
    /// The gateway is a pod of the cluster: its service account.
    InCluster,
    /// A file as `kubectl` reads it. If it names a program that gets credentials, that program is
    /// run, outside of any sandbox.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The context; the file's current one if absent.
        context: Option<String>,
    },
}

/// Which taints of nodes a pod puts up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodToleration {
    /// Key of the taint; all if absent.
    pub key: Option<String>,
    /// Its value; any if absent.
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; all if absent.
    pub effect: Option<String>,
}

/// Where and how Jobs are run. One for all providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesSettings {
    /// The cluster.
    pub access: ClusterAccess,
    /// Namespace of Jobs and Secrets.
    pub namespace: String,
    /// Image that the programs are in, best by digest.
    pub image: String,
    /// Name of this gateway: no other one in the namespace has it, and this one has it again after
    /// a restart. What it left before its start is deleted then.
    pub instance: Option<String>,
    /// Service account of the pods; the namespace's `default` if absent. Its token is not mounted.
    pub service_account: Option<String>,
    /// Runtime class, for example of gVisor or Kata. Taken as a kernel of its own.
    pub runtime_class: Option<String>,
    /// Labels that nodes must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that are put up with.
    pub tolerations: Vec<PodToleration>,
    /// Names of Secrets that the image is pulled with.
    pub image_pull_secrets: Vec<String>,
    /// Further labels of Jobs and pods.
    pub labels: BTreeMap<String, String>,
    /// Processor time a second, in thousandths of a processor.
    pub cpu_millis: u32,
    /// Time until the program runs: scheduling, pulling and starting.
    pub start_timeout: Duration,
    /// The operator's word that a network policy denies the pods everything.
    pub network_denied: bool,
    /// The API server can tell standard output from standard error in logs
    /// (`PodLogsQuerySplitStreams`).
    pub split_logs: bool,
}

impl KubernetesSettings {
    /// One processor, a minute to start, and nothing that is optional.
    #[must_use]
    pub const fn new(access: ClusterAccess, namespace: String, image: String) -> Self {
        Self {
            access,
            namespace,
            image,
            instance: None,
            service_account: None,
            runtime_class: None,
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            image_pull_secrets: Vec::new(),
            labels: BTreeMap::new(),
            cpu_millis: 1000,
            start_timeout: Duration::from_secs(60),
            network_denied: false,
            split_logs: false,
        }
    }
}
