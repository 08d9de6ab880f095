//! The calls to the API server, each with a time of its own.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{AsyncBufRead, StreamExt, stream::BoxStream};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod, Secret};
use kube::api::{
    Api, AttachParams, DeleteParams, ListParams, LogParams, ObjectList, ObjectMeta,
    PartialObjectMeta, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::client::Connection;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::{Client, Config, Resource};
use serde_json::json;
use tokio::time::timeout;

use crate::manifest::{self, CONTAINER};
use crate::problem::{CallProblem, ConnectProblem};
use crate::settings::{ClusterAccess, KubernetesSettings};

/// Time for one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The output of a program, as the kubelet recorded it.
pub(crate) type LogReader = Pin<Box<dyn AsyncBufRead + Send>>;

/// Changes of pods.
pub(crate) type PodEvents = BoxStream<'static, kube::Result<WatchEvent<Pod>>>;

/// Which of a program's outputs a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogStream {
    /// Both, in the order in which they were written.
    Both,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What gateways created in the namespace.
pub(crate) struct Created {
    pub(crate) jobs: Vec<ObjectMeta>,
    pub(crate) secrets: Vec<ObjectMeta>,
}

/// The namespace in which programs run.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Client,
    namespace: String,
    jobs: Api<Job>,
    pods: Api<Pod>,
    secrets: Api<Secret>,
    events: Api<Event>,
}

impl Cluster {
    /// Reads where the cluster is. Asks nothing.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) async fn connect(settings: &KubernetesSettings) -> Result<Self, ConnectProblem> {
        let mut config = match &settings.access {
            ClusterAccess::InCluster => Config::incluster().map_err(ConnectProblem::InCluster)?,
            ClusterAccess::Kubeconfig { path, context } => {
                let options =
                    KubeConfigOptions { context: context.clone(), cluster: None, user: None };
                let file = Kubeconfig::read_from(path).map_err(ConnectProblem::Kubeconfig)?;
                let config = Config::from_custom_kubeconfig(file, &options).await;
                config.map_err(ConnectProblem::Kubeconfig)?
            }
        };
        // A creation that is repeated after its answer was lost would be refused as a second one.
        config.default_retry = false;
        let client = Client::try_from(config).map_err(ConnectProblem::Client)?;
        let namespace = settings.namespace.clone();
        Ok(Self {
            jobs: Api::namespaced(client.clone(), &namespace),
            pods: Api::namespaced(client.clone(), &namespace),
            secrets: Api::namespaced(client.clone(), &namespace),
            events: Api::namespaced(client.clone(), &namespace),
            namespace,
            client,
        })
    }

    /// The namespace.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Version of the API server.
    pub(crate) async fn version(&self) -> Result<String, CallProblem> {
        let version = in_time(self.client.apiserver_version()).await?;
        Ok(version.git_version)
    }

    /// Asks whether the gateway may do something.
    pub(crate) async fn review(
        &self,
        review: &SelfSubjectAccessReview,
    ) -> Result<SelfSubjectAccessReview, CallProblem> {
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        in_time(reviews.create(&PostParams::default(), review)).await
    }

    /// Creates a Job; the answer is its unique id.
    pub(crate) async fn create_job(&self, job: &Job) -> Result<String, CallProblem> {
        let job = in_time(self.jobs.create(&PostParams::default(), job)).await?;
        Ok(job.metadata.uid.unwrap_or_default())
    }

    /// Creates a Secret.
    pub(crate) async fn create_secret(&self, secret: &Secret) -> Result<(), CallProblem> {
        in_time(self.secrets.create(&PostParams::default(), secret)).await.map(drop)
    }

    /// Lets the Job of the same name own the Secret.
    pub(crate) async fn own_secret(&self, name: &str, uid: &str) -> Result<(), CallProblem> {
        let owners = json!({ "metadata": { "ownerReferences": [manifest::owner(name, uid)] } });
        let patch = Patch::Merge(owners);
        in_time(self.secrets.patch(name, &PatchParams::default(), &patch)).await.map(drop)
    }

    /// Deletes a Job with its pod.
    pub(crate) async fn delete_job(&self, name: &str) -> Result<(), CallProblem> {
        in_time(self.jobs.delete(name, &DeleteParams::background())).await.map(drop)
    }

    /// Deletes a Secret.
    pub(crate) async fn delete_secret(&self, name: &str) -> Result<(), CallProblem> {
        in_time(self.secrets.delete(name, &DeleteParams::background())).await.map(drop)
    }

    /// Names and labels of what gateways created.
    pub(crate) async fn list_created(&self) -> Result<Created, CallProblem> {
        let ours = ListParams::default().labels(manifest::MANAGED_BY);
        let jobs = in_time(self.jobs.list_metadata(&ours)).await?;
        let secrets = in_time(self.secrets.list_metadata(&ours)).await?;
        let metadata = |it: PartialObjectMeta<Job>| it.metadata;
        Ok(Created {
            jobs: jobs.items.into_iter().map(metadata).collect(),
            secrets: secrets.items.into_iter().map(|it| it.metadata).collect(),
        })
    }

    /// Pods with a label.
    pub(crate) async fn list_pods(&self, selector: &str) -> Result<ObjectList<Pod>, CallProblem> {
        in_time(self.pods.list(&ListParams::default().labels(selector))).await
    }

    /// What happens to pods with a label after a list.
    pub(crate) async fn watch_pods(
        &self,
        selector: &str,
        version: &str,
    ) -> Result<PodEvents, CallProblem> {
        let params = WatchParams::default().labels(selector);
        Ok(in_time(self.pods.watch(&params, version)).await?.boxed())
    }

    /// What the cluster has to say of a Job and its pod: the last words of its events.
    pub(crate) async fn last_words(&self, name: &str) -> Result<Option<String>, CallProblem> {
        let events = in_time(self.events.list(&ListParams::default().limit(500))).await?;
        let is_ours = |event: &&Event| {
            let object = event.involved_object.name.as_deref().unwrap_or_default();
            object.starts_with(name) && event.type_.as_deref() != Some("Normal")
        };
        let mut words =
            events.items.iter().filter(is_ours).filter_map(|event| event.message.clone());
        Ok(words.next_back())
    }

    /// Attaches to the program's three streams.
    pub(crate) async fn attach(&self, pod: &str) -> Result<Connection, CallProblem> {
        let params = AttachParams::default().stdin(true).container(CONTAINER);
        let request = self.pod_requests().attach(pod, &params);
        let request = request.map_err(kube::Error::BuildRequest)?;
        in_time(self.client.connect(request)).await
    }

    /// The program's log from its beginning, followed to its end.
    pub(crate) async fn log(&self, pod: &str, stream: LogStream) -> Result<LogReader, CallProblem> {
        let params = LogParams {
            container: Some(CONTAINER.to_owned()),
            follow: true,
            ..LogParams::default()
        };
        let request = self.pod_requests().logs(pod, &params);
        let mut request = request.map_err(kube::Error::BuildRequest)?;
        let wanted = match stream {
            LogStream::Both => "",
            LogStream::Stdout => "&stream=Stdout",
            LogStream::Stderr => "&stream=Stderr",
        };
        let uri = format!("{}{wanted}", request.uri()).parse::<http::Uri>();
        *request.uri_mut() = uri.map_err(|error| kube::Error::HttpError(error.into()))?;
        Ok(Box::pin(in_time(self.client.request_stream(request)).await?))
    }

    fn pod_requests(&self) -> Request {
        Request::new(Pod::url_path(&(), Some(&self.namespace)))
    }
}

async fn in_time<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, CallProblem> {
    match timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(CallProblem::Timeout),
    }
}
