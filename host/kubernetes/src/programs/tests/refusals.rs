//! What the API server and the driver refuse.

use super::*;

#[tokio::test]
async fn what_the_api_server_refuses_leaves_nothing() {
    let cases = [
        ("POST jobs", 403, "jobs is forbidden", FailureKind::SandboxFault, "does not let"),
        ("POST jobs", 403, "exceeded quota", FailureKind::SandboxFault, "quota"),
        ("POST jobs", 404, "no namespace", FailureKind::SandboxFault, "no place"),
        ("POST jobs", 422, "invalid", FailureKind::ProviderMisconfigured, "described"),
        ("POST jobs", 500, "etcd", FailureKind::SandboxFault, "cannot be used now"),
        ("POST secrets", 403, "forbidden", FailureKind::SandboxFault, "does not let"),
        ("GET pods", 403, "forbidden", FailureKind::SandboxFault, "does not let"),
        ("GET pods/log", 403, "forbidden", FailureKind::SandboxFault, "does not let"),
    ];
    for (call, code, message, kind, words) in cases {
        let cluster = Cluster::of(hello()).await;
        let refusal = Refusal { call, code, message, times: 1, is_done: false };
        cluster.api.inner().refusals.push(refusal);
        let failure = cluster.failure(with_secret(exchange())).await;
        assert_eq!(failure.kind(), kind, "{call} {code}: {failure}");
        assert!(failure.message().contains(words), "{call} {code}: {failure}");
        assert_eq!(failure.cause_chain().unwrap(), format!("{message} ({code})"));
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn what_this_driver_does_not_have_is_refused_before_anything_is_asked() {
    let cases = [
        (with_target(|it| it.sandbox.digest = Some([0; 32])), FailureKind::ProviderMisconfigured),
        (
            with_target(|it| it.sandbox.read_only = vec![PathBuf::from("/srv")]),
            FailureKind::ProviderMisconfigured,
        ),
        (
            with_target(|it| {
                it.sandbox.network =
                    vec![exchange::ProgramHost { host: "example.com".into(), port: 443 }];
            }),
            FailureKind::SandboxFault,
        ),
        (
            with_target(|it| it.sandbox.demanded_layers = vec!["landlock".into()]),
            FailureKind::SandboxFault,
        ),
        (
            with_target(|it| it.sandbox.demanded_layers = vec!["network".into()]),
            FailureKind::SandboxFault,
        ),
        (
            ProcessExchange { body: Bytes::from_static(b"\xff"), ..exchange() },
            FailureKind::InvalidRequest,
        ),
        (
            ProcessExchange { body: Bytes::from(vec![b'x'; 131_072]), ..exchange() },
            FailureKind::PayloadTooLarge,
        ),
    ];
    for (exchange, kind) in cases {
        let cluster = Cluster::of(hello()).await;
        let failure = cluster.failure(exchange).await;
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(cluster.api.inner().created.is_empty(), "{failure}");
    }
}

#[tokio::test]
async fn layers_that_the_operator_answers_for_can_be_demanded() {
    let cluster = Cluster::with(hello(), |it| it.network_denied = true).await;
    let exchange = with_target(|it| it.sandbox.demanded_layers = vec!["network".into()]);
    assert!(cluster.outcome(exchange).await.1.is_none());
}

/// Kubernetes before 1.30: a body would have no end.
#[tokio::test]
async fn an_api_server_that_cannot_end_standard_input_is_refused_and_nothing_stays() {
    let cluster = Cluster::of(hello()).await;
    cluster.api.inner().attach_protocol = "v4.channel.k8s.io";
    let failure = cluster.failure(fed("a question")).await;
    assert_eq!(failure.kind(), FailureKind::SandboxFault);
    let cause = std::error::Error::source(&failure).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("v5.channel.k8s.io"), "{failure}: {cause}");
    assert!(cluster.api.inner().stdin.is_empty());
    cluster.is_clean().await;
}
