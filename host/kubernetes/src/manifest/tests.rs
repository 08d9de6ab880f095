use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{
    ProcessArgument, ProcessExchange, ProcessPlan, ProcessTarget, ProgramSandbox, RequestId,
};
use secrecy::SecretString;

use super::*;
use crate::settings::ClusterAccess;

fn exchange() -> ProcessExchange {
    let argument = |text: &str, takes_body| ProcessArgument { text: text.to_owned(), takes_body };
    ProcessExchange {
        target: Arc::new(ProcessTarget {
            provider: "writer".into(),
            total: Duration::from_millis(90_500),
            idle: Duration::from_secs(30),
            max_output_bytes: 1 << 20,
            max_memory_bytes: 1 << 28,
            max_cpu: Duration::from_secs(60),
            max_open_files: 64,
            max_processes: 64,
            max_file_bytes: 1 << 20,
            sandbox: ProgramSandbox::ordinary(),
        }),
        request_id: RequestId::parse("req:1").unwrap(),
        plan: Arc::new(ProcessPlan {
            program: "/usr/bin/writer".to_owned(),
            arguments: vec![argument("--ask", false), argument("", true)],
            environment: vec![("LANG".to_owned(), "C$(KEY)".to_owned())],
            body_on_stdin: false,
            timeout: None,
            credential: Some("api_key".to_owned()),
        }),
        credential: Some(("KEY".to_owned(), Arc::new(SecretString::from("sk-0123456789")))),
        body: Bytes::from_static(b"say $(KEY) and $$(KEY)"),
    }
}

fn settings() -> KubernetesSettings {
    let image = "registry.example.com/writer@sha256:0a".to_owned();
    KubernetesSettings::new(ClusterAccess::InCluster, "programs".to_owned(), image)
}

fn order(exchange: &ProcessExchange, settings: &KubernetesSettings) -> RunOrder {
    let order = RunOrder::of(exchange, settings).map_err(|failure| failure.to_string()).unwrap();
    RunOrder { name: "patchbay-1".to_owned(), expires: 1_800_000_000, ..order }
}

fn golden(job: &Job, expected: &str) {
    let mut shown = serde_json::to_string_pretty(job).unwrap();
    shown.push('\n');
    assert_eq!(shown, expected, "the manifest changed; this is it now:\n{shown}");
}

#[test]
fn a_job_with_a_body_as_an_argument_and_a_credential_in_a_variable() {
    golden(&job(&order(&exchange(), &settings()), &settings()), include_str!("argument.json"));
}

#[test]
fn a_job_with_everything_that_can_be_set() {
    let mut exchange = exchange();
    let target = Arc::make_mut(&mut exchange.target);
    target.sandbox.credential = ProgramCredential::File;
    target.sandbox.directory = Some(PathBuf::from("/srv"));
    let plan = Arc::make_mut(&mut exchange.plan);
    plan.arguments.clear();
    plan.body_on_stdin = true;
    plan.timeout = Some(Duration::from_secs(5));
    let pair = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let settings = KubernetesSettings {
        instance: Some("gateway-0".to_owned()),
        service_account: Some("programs".to_owned()),
        runtime_class: Some("gvisor".to_owned()),
        node_selector: pair("pool", "programs"),
        tolerations: vec![
            PodToleration {
                key: Some("pool".to_owned()),
                value: Some("programs".to_owned()),
                effect: Some("NoSchedule".to_owned()),
            },
            PodToleration { key: None, value: None, effect: Some("NoExecute".to_owned()) },
        ],
        image_pull_secrets: vec!["registry".to_owned()],
        // Ours cannot be replaced.
        labels: BTreeMap::from([
            ("team".to_owned(), "writing".to_owned()),
            (RUN_LABEL.to_owned(), "mine".to_owned()),
        ]),
        cpu_millis: 250,
        ..settings()
    };
    golden(&job(&order(&exchange, &settings), &settings), include_str!("everything.json"));
}

#[test]
fn a_secret_holds_the_credential_and_the_job_owns_it() {
    let (exchange, settings) = (exchange(), settings());
    let order = order(&exchange, &settings);
    let secret = secret(&order, order.credential.as_ref().unwrap(), &settings);
    assert_eq!(secret.metadata.name.as_deref(), Some("patchbay-1"));
    assert_eq!(secret.data.unwrap()["credential"].0, b"sk-0123456789");
    let owner = serde_json::to_value(owner("patchbay-1", "u-1")).unwrap();
    assert_eq!(
        owner,
        serde_json::json!({
            "apiVersion": "batch/v1", "kind": "Job", "name": "patchbay-1", "uid": "u-1"
        })
    );
}

#[test]
fn no_text_of_a_caller_is_replaced_by_a_variable() {
    // `$$` is `$` to Kubernetes, and what follows it is text.
    assert_eq!(literal("$(KEY) $$(KEY) $"), "$$(KEY) $$$$(KEY) $$");
}
