//! What goes in and what comes out when everything is right.

use exchange::{Adapter, CredentialUse, Ending, HttpAdapter, ProcessAdapter, RequestHead};
use http::StatusCode;

use super::*;

fn http_adapter(registry: &Registry, name: &str) -> Arc<dyn HttpAdapter> {
    match registry.adapter(name).unwrap() {
        Adapter::Http(adapter) => adapter,
        Adapter::Process(_) => panic!("{name} runs programs"),
    }
}

fn process_adapter(registry: &Registry, name: &str) -> Arc<dyn ProcessAdapter> {
    match registry.adapter(name).unwrap() {
        Adapter::Process(adapter) => adapter,
        Adapter::Http(_) => panic!("{name} speaks HTTP"),
    }
}

#[tokio::test]
async fn a_normalizer_serves_one_exchange_from_plan_to_finish() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    let plan = dialect(&registry, "plain").plan(&call()).await.unwrap();
    assert_eq!(plan.head.path_and_query(), "/chat");
    assert!(plan.encode_body && !plan.verbatim);

    let mut exchange = open(&registry, "plain");
    let encoded = exchange.encode(Bytes::from_static(b"{}")).await.unwrap();
    assert_eq!(encoded.body, "encoded");
    assert!(encoded.head.is_none());
    assert_eq!(encoded.dropped, ["logit_bias"]);

    exchange.begin(identity(), &ok_head()).await.unwrap();
    let documents = exchange.push(Bytes::from_static(b"data")).await.unwrap();
    assert_eq!(documents, ["{\"document\":1}"]);
    let documents = exchange.finish(Ending::Clean).await.unwrap();
    assert_eq!(documents, ["{\"document\":1}"]);
}

#[tokio::test]
async fn the_guest_sees_the_call() {
    // Answers with the model's name as body: parameters 2 and 3 of the call.
    let guest = Guest::egress("mirror").answer_with("encode", |image| image.encoded("", None));
    let guest = guest.items("(global $answer (mut i32) (i32.const 0))").body(
        "encode",
        "(global.set $answer (call $realloc
            (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 72)))
         (memory.fill (global.get $answer) (i32.const 0) (i32.const 72))
         (i32.store offset=44 (global.get $answer) (local.get 2))
         (i32.store offset=48 (global.get $answer) (local.get 3))
         (global.get $answer)",
    );
    let registry = registry();
    install(&registry, &guest);
    assert_eq!(encode(&registry, "mirror").await.unwrap(), "model");
}

#[tokio::test]
async fn a_plugin_explains_a_reply() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    let head =
        ResponseHead { status: StatusCode::SERVICE_UNAVAILABLE, headers: http::HeaderMap::new() };
    let failure = open(&registry, "plain").explain(&head, Bytes::new()).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamOverloaded);
    assert_eq!(failure.message(), "explained");
    assert_eq!(failure.param(), Some("messages[0]"));
    assert_eq!(failure.retry_after(), Some(Duration::from_millis(1500)));
    assert_eq!(failure.upstream_status(), Some(503));
}

#[tokio::test]
async fn a_plugins_own_failure_is_no_fault() {
    let refusing = |image: &mut text_guests::Image| image.failed("invalid-request", "no tools");
    let registry = registry();
    install(&registry, &Guest::egress("picky").answer_with("encode", refusing));
    let failure = encode(&registry, "picky").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    assert_eq!(failure.message(), "no tools");
    assert_eq!(status(&registry, "picky").stats.faults, 0);
}

#[tokio::test]
async fn an_http_adapter_names_the_exchange_and_the_slot() {
    let registry = registry();
    install(&registry, &Guest::http("vendor"));
    let adapter = http_adapter(&registry, "vendor");
    let head = RequestHead::try_new("POST", "/chat", std::iter::empty()).unwrap();
    let plan = adapter.prepare(&call(), &head).await.unwrap();
    assert_eq!(plan.head.path_and_query(), "/v1/chat");
    assert_eq!(plan.credential, Some(("api_key".into(), CredentialUse::Bearer)));
    assert!(adapter.probe("{}").await.is_ok());
    assert!(adapter.list_models("{}").await.unwrap().is_none());
    let models = adapter.read_models(&ok_head(), Bytes::new()).await.unwrap();
    assert_eq!(models, ["small", "large"]);
    assert_eq!(registry.default_dialect("vendor").unwrap(), "plain");
}

#[tokio::test]
async fn a_process_adapter_names_the_program_and_the_slot() {
    let registry = registry();
    install(&registry, &Guest::process("tool"));
    let adapter = process_adapter(&registry, "tool");
    let (plan, credential) = adapter.prepare(&call()).await.unwrap();
    assert_eq!(plan.program, "/bin/echo");
    assert_eq!(plan.arguments[0].text, "--prompt=");
    assert!(plan.arguments[0].takes_body && !plan.body_on_stdin);
    assert_eq!(plan.environment, [("LANG".to_owned(), "C".to_owned())]);
    assert_eq!(plan.timeout, Some(Duration::from_millis(250)));
    assert_eq!(credential, Some(CredentialUse::Environment("TOKEN".into())));
    assert_eq!(adapter.probe("{}").await.unwrap().0.program, "/bin/echo");
}

#[tokio::test]
async fn a_large_body_takes_the_blocking_pool_and_gives_the_same_answer() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    let mut exchange = open(&registry, "plain");
    let body = Bytes::from(vec![b' '; LIMITS.inline_body_bytes + 1]);
    assert_eq!(exchange.encode(body).await.unwrap().body, "encoded");
    exchange.begin(identity(), &ok_head()).await.unwrap();
}

#[tokio::test]
async fn a_decoder_is_used_between_begin_and_finish_only() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    let mut exchange = open(&registry, "plain");
    let early = exchange.push(Bytes::new()).await.unwrap_err();
    assert_eq!(early.kind(), FailureKind::Internal);
    exchange.begin(identity(), &ok_head()).await.unwrap();
    exchange.finish(Ending::Broken).await.unwrap();
    let late = exchange.push(Bytes::new()).await.unwrap_err();
    assert_eq!(late.kind(), FailureKind::Internal);
}

#[tokio::test]
async fn a_call_that_was_dropped_gives_up_the_instance() {
    let registry = registry();
    install(&registry, &Guest::egress("plain"));
    let mut exchange = open(&registry, "plain");
    let body = Bytes::from(vec![b' '; LIMITS.inline_body_bytes + 1]);
    {
        let mut encoding = exchange.encode(body);
        let waker = std::task::Waker::noop();
        let polled = encoding.as_mut().poll(&mut std::task::Context::from_waker(waker));
        assert!(polled.is_pending());
    }
    let failure = exchange.encode(Bytes::new()).await.unwrap_err();
    assert_fault(&failure, "given up");
}

#[tokio::test]
async fn an_instance_stands_many_calls() {
    let registry = registry();
    install(&registry, &Guest::egress("frugal").frugal());
    let mut exchange = open(&registry, "frugal");
    exchange.begin(identity(), &ok_head()).await.unwrap();
    let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
    for _ in 0..500 {
        let documents = exchange.push(chunk.clone()).await.unwrap();
        assert_eq!(documents, ["{\"document\":1}"]);
    }
    assert_eq!(status(&registry, "frugal").stats.calls, 501);
}
