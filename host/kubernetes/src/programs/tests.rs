//! Runs against an API server in this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{
    Failure, FailureKind, ProcessArgument, ProcessExchange, ProcessPlan, ProcessTarget,
    ProcessTransport, ProgramSandbox, RequestId, UpstreamReply,
};
use futures_util::StreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::settings::ClusterAccess;
use api::{Api, Refusal, Script, Then, status};

mod api;
mod cancel;
mod ends;
mod play;
mod refusals;
mod runs;

/// Long enough that only a fault reaches it.
const NEVER: Duration = Duration::from_secs(300);
/// Short enough to wait for.
const SOON: Duration = Duration::from_millis(200);

/// A program that says hello and ends well.
fn hello() -> Script {
    Script {
        statuses: vec![
            json!({ "phase": "Pending" }),
            status(json!({ "waiting": { "reason": "ContainerCreating" } })),
            status(json!({ "running": {} })),
        ],
        makes_pod: true,
        prints: vec!["hello", " there\n"],
        complaint: "",
        then: Then::Ends,
        end: json!({ "exitCode": 0, "reason": "Completed" }),
    }
}

fn stays() -> Script {
    Script { then: Then::Stays, ..hello() }
}

fn ends_with(end: Value) -> Script {
    Script { prints: Vec::new(), end, ..hello() }
}

fn waits_with(state: Value) -> Script {
    Script { statuses: vec![status(state)], ..stays() }
}

fn exchange() -> ProcessExchange {
    let argument = |text: &str, takes_body| ProcessArgument { text: text.to_owned(), takes_body };
    ProcessExchange {
        target: Arc::new(ProcessTarget {
            provider: "programs".into(),
            total: NEVER,
            idle: NEVER,
            max_output_bytes: 1 << 20,
            max_memory_bytes: 1 << 28,
            max_cpu: Duration::from_secs(60),
            max_open_files: 64,
            max_processes: 64,
            max_file_bytes: 1 << 20,
            sandbox: ProgramSandbox::ordinary(),
        }),
        request_id: RequestId::parse("req-1").unwrap(),
        plan: Arc::new(ProcessPlan {
            program: "/bin/program".to_owned(),
            arguments: vec![argument("--ask", false), argument("", true)],
            environment: Vec::new(),
            body_on_stdin: false,
            timeout: None,
            credential: None,
        }),
        credential: None,
        body: Bytes::from_static(b"a question"),
    }
}

fn with_target(change: impl FnOnce(&mut ProcessTarget)) -> ProcessExchange {
    let mut exchange = exchange();
    change(Arc::make_mut(&mut exchange.target));
    exchange
}

/// The body on standard input.
fn fed(body: impl Into<Bytes>) -> ProcessExchange {
    let mut exchange = exchange();
    let plan = Arc::make_mut(&mut exchange.plan);
    plan.arguments.clear();
    plan.body_on_stdin = true;
    exchange.body = body.into();
    exchange
}

fn with_secret(mut exchange: ProcessExchange) -> ProcessExchange {
    let secret = Arc::new(SecretString::from("sk-0123456789"));
    exchange.credential = Some(("KEY".to_owned(), secret));
    exchange
}

/// An API server and the transport that uses it.
struct Cluster {
    api: Api,
    programs: Arc<KubernetesPrograms>,
}

impl Cluster {
    async fn of(script: Script) -> Self {
        Self::with(script, |_| {}).await
    }

    async fn with(script: Script, change: impl FnOnce(&mut KubernetesSettings)) -> Self {
        let api = Api::start(script).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig(&api)).unwrap();
        let access = ClusterAccess::Kubeconfig { path, context: None };
        let mut settings =
            KubernetesSettings::new(access, "programs".to_owned(), "image".to_owned());
        settings.start_timeout = NEVER;
        change(&mut settings);
        let programs = Arc::new(KubernetesPrograms::connect(settings).await.unwrap());
        Self { api, programs }
    }

    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        self.programs.run(exchange).await
    }

    /// Output, and how it ended.
    async fn outcome(&self, exchange: ProcessExchange) -> (String, Option<Failure>) {
        match self.run(exchange).await {
            Ok(reply) => drain(reply).await,
            Err(failure) => (String::new(), Some(failure)),
        }
    }

    async fn failure(&self, exchange: ProcessExchange) -> Failure {
        self.outcome(exchange).await.1.expect("the run failed")
    }

    /// Nothing of any run is in the cluster.
    async fn is_clean(&self) {
        self.programs.shutdown().await;
        assert_eq!(self.api.left(), (0, 0, 0), "Jobs, Secrets, pods");
    }
}

fn kubeconfig(api: &Api) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{ "name": "test", "cluster": { "server": format!("http://{}", api.address) } }],
        "users": [{ "name": "test", "user": {} }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
    });
    config.to_string()
}

async fn drain(reply: UpstreamReply) -> (String, Option<Failure>) {
    let mut body = reply.body;
    let mut text = Vec::new();
    while let Some(item) = body.next().await {
        match item {
            Ok(chunk) => text.extend_from_slice(&chunk),
            Err(failure) => {
                assert!(body.next().await.is_none(), "an item after the failure");
                return (String::from_utf8(text).unwrap(), Some(failure));
            }
        }
    }
    (String::from_utf8(text).unwrap(), None)
}

async fn next_text(reply: &mut UpstreamReply) -> String {
    let chunk = reply.body.next().await.unwrap().unwrap();
    String::from_utf8(chunk.to_vec()).unwrap()
}

#[tokio::test]
async fn a_cluster_that_is_not_described_is_told_so() {
    let path = PathBuf::from("/nonexistent/kubeconfig");
    let access = ClusterAccess::Kubeconfig { path, context: None };
    let settings = KubernetesSettings::new(access, "n".to_owned(), "i".to_owned());
    let problem = KubernetesPrograms::connect(settings).await.err().unwrap().to_string();
    assert!(problem.contains("; check kubeconfig and context"), "{problem}");
}

#[tokio::test]
async fn what_the_gateway_may_not_do_is_in_the_report() {
    let cluster = Cluster::of(hello()).await;
    cluster.api.inner().denied = vec!["list events"];
    let report = cluster.programs.probe().await;
    assert!(report.is_usable(), "{report}");
    let text = report.to_string();
    assert!(
        text.starts_with("kubernetes v1.34.0; may not list events: no role allows it; "),
        "{text}"
    );
    cluster.api.inner().denied = vec!["delete jobs"];
    assert!(!cluster.programs.probe().await.is_usable());
}

#[tokio::test]
async fn what_a_former_life_left_is_swept_and_what_others_run_is_not() {
    let cluster = Cluster::with(hello(), |it| it.instance = Some("gateway-0".to_owned())).await;
    let left = |name: &str, instance: &str, expires: &str| {
        let labels = json!({ "patchbay/run": name, "patchbay/instance": instance });
        let annotations = json!({ "patchbay/expires": expires });
        json!({ "metadata": { "name": name, "labels": labels, "annotations": annotations } })
    };
    let later = u64::MAX.to_string();
    {
        let mut inner = cluster.api.inner();
        let mine = left("patchbay-0", "gateway-0", &later);
        inner.secrets.insert("patchbay-0".to_owned(), mine.clone());
        inner.jobs.insert("patchbay-0".to_owned(), mine);
        inner.jobs.insert("patchbay-1".to_owned(), left("patchbay-1", "gateway-1", &later));
        inner.jobs.insert("patchbay-2".to_owned(), left("patchbay-2", "gateway-1", "1"));
    }
    assert_eq!(cluster.programs.sweep().await, Ok(3));
    let names: Vec<_> = cluster.api.inner().jobs.keys().cloned().collect();
    assert_eq!(names, ["patchbay-1"]);
    assert!(cluster.api.inner().secrets.is_empty());
}
