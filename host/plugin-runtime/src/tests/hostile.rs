//! Guests that mean harm. Each is stopped with the right failure, and others are served on.

use exchange::{Adapter, Ending, IngressDialect, RequestHead};

use super::*;

/// Long enough for an honest call on a busy machine, short enough to wait for.
const HOSTILE_CALL_MS: u64 = 300;

const LOOP: &str = "(loop $forever (br $forever)) unreachable";

/// Calls every function of a normalizer that leads to an export, and returns the first failure.
async fn use_egress(registry: &Registry, name: &str) -> Result<(), Failure> {
    dialect(registry, name).plan(&call()).await?;
    encode(registry, name).await?;
    let explained = open(registry, name).explain(&ok_head(), Bytes::new()).await;
    if explained.message() != "explained" {
        return Err(explained);
    }
    let mut exchange = open(registry, name);
    exchange.begin(identity(), &ok_head()).await?;
    exchange.push(Bytes::from_static(b"x")).await?;
    exchange.finish(Ending::Clean).await?;
    Ok(())
}

async fn use_adapter(registry: &Registry, name: &str) -> Result<(), Failure> {
    match registry.adapter(name).unwrap() {
        Adapter::Http(adapter) => {
            let head = RequestHead::try_new("GET", "/", std::iter::empty()).unwrap();
            adapter.prepare(&call(), &head).await?;
            adapter.probe("{}").await?;
            adapter.list_models("{}").await?;
            adapter.read_models(&ok_head(), Bytes::new()).await?;
        }
        Adapter::Process(adapter) => {
            adapter.prepare(&call()).await?;
            adapter.probe("{}").await?;
        }
    }
    Ok(())
}

/// Calls every function of a client API.
async fn use_ingress(plugin: &dyn IngressDialect) -> Result<(), Failure> {
    let request = RequestId::parse("request-1").unwrap();
    let head = RequestHead::try_new("POST", "/v1/x", std::iter::empty()).unwrap();
    plugin.decode(&head, Bytes::from_static(b"{}"), request.clone()).await?;
    plugin.fail(&Failure::new(FailureKind::NotFound, "no")).await?;
    let mut writing = plugin.open(request);
    writing.begin(Vec::new(), true).await?;
    writing.push(vec![Bytes::from_static(b"{}")]).await?;
    writing.finish(None).await?;
    Ok(())
}

async fn use_all(registry: &Registry, name: &str) -> Result<(), Failure> {
    if registry.dialect(name).is_some() {
        use_egress(registry, name).await
    } else if let Some(entrance) = registry.entrance(&format!("/v1/{name}")) {
        use_ingress(&*entrance.plugin).await
    } else {
        use_adapter(registry, name).await
    }
}

/// One guest for each export of each world, with that export's body replaced. Destructors run
/// only in reused instances and have tests of their own.
fn spoilt_everywhere(body: &str) -> Vec<(String, Guest)> {
    let makers: [fn(&str) -> Guest; 4] =
        [Guest::egress, Guest::ingress, Guest::http, Guest::process];
    let mut guests = Vec::new();
    for make in makers {
        for export in make("").exports().filter(|export| *export != "dtor") {
            let name = format!("spoilt-{}", guests.len());
            let guest = make(&name).body(export, body).call_ms(HOSTILE_CALL_MS);
            guests.push((name, guest));
        }
    }
    guests
}

#[tokio::test]
async fn an_endless_loop_in_any_export_ends_at_the_deadline() {
    let registry = registry();
    install(&registry, &Guest::egress("good"));
    for (name, guest) in spoilt_everywhere(LOOP) {
        install(&registry, &guest);
        let failure = use_all(&registry, &name).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::PluginTimeout, "{name}: {failure:?}");
        assert_eq!(status(&registry, &name).stats.timeouts, 1);
        assert_serves(&registry, "good").await;
    }
}

#[tokio::test]
async fn a_trap_in_any_export_is_a_fault_of_its_exchange_alone() {
    let registry = registry();
    install(&registry, &Guest::egress("good"));
    for (name, guest) in spoilt_everywhere("unreachable") {
        install(&registry, &guest);
        let mut other = open(&registry, "good");
        other.begin(identity(), &ok_head()).await.unwrap();
        let failure = use_all(&registry, &name).await.unwrap_err();
        assert_fault(&failure, "unreachable");
        assert_eq!(status(&registry, &name).stats.faults, 1);
        other.finish(Ending::Clean).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_outside_of_memory_is_a_fault() {
    let registry = registry();
    for (name, guest) in spoilt_everywhere("(i32.const -8)") {
        install(&registry, &guest);
        let failure = use_all(&registry, &name).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::PluginFault, "{name}: {failure:?}");
    }
}

#[tokio::test]
async fn an_instance_is_not_used_again_after_a_trap() {
    let registry = registry();
    install(&registry, &Guest::egress("bad").body("encode", "unreachable"));
    let mut exchange = open(&registry, "bad");
    exchange.encode(Bytes::new()).await.unwrap_err();
    let failure = exchange.begin(identity(), &ok_head()).await.unwrap_err();
    assert_fault(&failure, "given up");
}

#[tokio::test]
async fn memory_cannot_grow_past_the_limit() {
    let guest = Guest::egress("greedy").body(
        "encode",
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         unreachable",
    );
    let registry = registry();
    install(&registry, &Guest::egress("good"));
    install(&registry, &guest);
    let failure = encode(&registry, "greedy").await.unwrap_err();
    assert_fault(&failure, "memory limit is used up");
    assert_serves(&registry, "good").await;
}

#[tokio::test]
async fn memory_of_all_instances_together_has_a_limit() {
    let registry = registry_with(Limits { total_memory_bytes: 4 * 1024 * 1024, ..LIMITS });
    let guest =
        Guest::egress("greedy").body("encode", "(drop (memory.grow (i32.const 100))) unreachable");
    install(&registry, &guest);
    let failure = encode(&registry, "greedy").await.unwrap_err();
    assert_fault(&failure, "all instances together");
}

#[tokio::test]
async fn a_table_cannot_grow_past_the_limit() {
    let guest = Guest::egress("greedy").items("(table $table 1 funcref)").body(
        "encode",
        "(if (i32.ne (i32.const -1)
                  (table.grow $table (ref.null func) (i32.const 1000000)))
               (then (return (i32.const 0))))
             unreachable",
    );
    let registry = registry();
    install(&registry, &guest);
    let failure = encode(&registry, "greedy").await.unwrap_err();
    assert_fault(&failure, "table limit is used up");
}

#[tokio::test]
async fn a_result_has_a_limit() {
    let body = (0, u32::try_from(LIMITS.instance.output_bytes + 1).unwrap());
    let guest = Guest::egress("huge").answer_with("encode", |image| image.encoded_at(body, None));
    let guest = guest.start("(drop (memory.grow (i32.const 64)))");
    let registry = registry();
    install(&registry, &guest);
    let failure = encode(&registry, "huge").await.unwrap_err();
    assert_fault(&failure, "too much data");
}

#[tokio::test]
async fn a_list_that_claims_more_than_memory_is_a_fault() {
    for count in [u32::MAX, 1 << 28, 20_000] {
        let guest = Guest::egress("huge").answer_with("push", |image| image.list((8, count)));
        let registry = registry();
        install(&registry, &guest);
        let mut exchange = open(&registry, "huge");
        exchange.begin(identity(), &ok_head()).await.unwrap();
        let failure = exchange.push(Bytes::new()).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::PluginFault);
    }
}

#[tokio::test]
async fn endless_recursion_ends_at_the_stack_limit() {
    let guest = Guest::egress("deep")
        .items("(func $deeper (call $deeper))")
        .body("encode", "(call $deeper) unreachable");
    let registry = registry();
    install(&registry, &Guest::egress("good"));
    install(&registry, &guest);
    let failure = encode(&registry, "deep").await.unwrap_err();
    assert_fault(&failure, "stack");
    assert_serves(&registry, "good").await;
}

#[tokio::test]
async fn handles_cannot_be_made_without_end() {
    let guest = Guest::egress("greedy").body(
        "encode",
        "(loop $more (drop (call $resource_new (i32.const 1))) (br $more)) unreachable",
    );
    let registry = registry();
    install(&registry, &guest);
    let failure = encode(&registry, "greedy").await.unwrap_err();
    assert_fault(&failure, "handle");
}

#[tokio::test]
async fn a_text_that_is_no_utf8_is_a_fault() {
    let guest = Guest::egress("rubbish").answer_with("push", |image| {
        let (address, length) = image.bytes(b"\"\xff\xfe\"");
        let list = [address.to_le_bytes(), length.to_le_bytes()].concat();
        let (list, _) = image.bytes(&list);
        image.list((list, 1))
    });
    let registry = registry();
    install(&registry, &guest);
    let mut exchange = open(&registry, "rubbish");
    exchange.begin(identity(), &ok_head()).await.unwrap();
    let failure = exchange.push(Bytes::new()).await.unwrap_err();
    assert_fault(&failure, "document 0");
}

#[tokio::test]
async fn a_header_cannot_be_injected() {
    let evil = [("x", "a\r\nauthorization: Bearer evil")];
    let guest = Guest::egress("evil").answer_with("plan", |image| image.plan("/", &evil));
    let registry = registry();
    install(&registry, &guest);
    let failure = dialect(&registry, "evil").plan(&call()).await.unwrap_err();
    assert_fault(&failure, "value of header \"x\"");
    assert_eq!(status(&registry, "evil").stats.faults, 1);
}

#[tokio::test]
async fn a_plugin_sets_no_header_of_the_host() {
    let evil = [("Authorization", "Bearer evil"), ("host", "evil"), ("x-ok", "1")];
    let guest = Guest::egress("evil").answer_with("plan", |image| image.plan("/", &evil));
    let registry = registry();
    install(&registry, &guest);
    let plan = dialect(&registry, "evil").plan(&call()).await.unwrap();
    assert_eq!(plan.head.headers().len(), 1);
}

#[tokio::test]
async fn a_plugin_names_no_authority() {
    for path in ["http://evil.example/", "//evil.example/", "/\\evil", "x", ""] {
        let in_plan = Guest::egress("plan").answer_with("plan", |image| image.plan(path, &[]));
        let in_body =
            Guest::egress("body").answer_with("encode", |image| image.encoded("", Some(path)));
        let in_probe =
            Guest::http("http").answer_with("probe", |image| image.exchange(path, &[], None));
        let registry = registry();
        for guest in [in_plan, in_body, in_probe] {
            install(&registry, &guest);
        }
        for name in ["plan", "body", "http"] {
            let failure = use_all(&registry, name).await.unwrap_err();
            assert_fault(&failure, "must start with one \"/\"");
        }
    }
}

#[tokio::test]
async fn a_slot_that_is_not_declared_is_a_fault() {
    let http = Guest::http("http")
        .answer_with("prepare", |image| image.exchange("/", &[], Some("other_key")));
    let process =
        Guest::process("process").answer_with("probe", |image| image.process("/x", Some("other")));
    let registry = registry();
    for (name, guest) in [("http", http), ("process", process)] {
        install(&registry, &guest);
        let failure = use_all(&registry, name).await.unwrap_err();
        assert_fault(&failure, "is not declared in the manifest");
    }
}

#[tokio::test]
async fn a_relative_program_is_a_fault() {
    let guest = Guest::process("tool").answer_with("prepare", |image| image.process("echo", None));
    let registry = registry();
    install(&registry, &guest);
    let failure = use_all(&registry, "tool").await.unwrap_err();
    assert_fault(&failure, "not an absolute path");
}

#[tokio::test]
async fn a_document_that_is_no_json_object_is_a_fault() {
    for text in ["[DONE]", "[1]", "{\"a\":1}\n\ndata: {\"b\":1}"] {
        let guest =
            Guest::egress("rubbish").answer_with("finish", |image| image.documents(&[text]));
        let registry = registry();
        install(&registry, &guest);
        let failure = use_all(&registry, "rubbish").await.unwrap_err();
        assert_fault(&failure, "document 0 is not one JSON object");
    }
}

#[tokio::test]
async fn a_plugin_that_failed_lately_keeps_off_the_tasks() {
    // Traps at its first call in an exchange, counted in a body of one byte.
    let guest = Guest::egress("moody").body("plan", "unreachable");
    let registry = registry();
    install(&registry, &guest);
    dialect(&registry, "moody").plan(&call()).await.unwrap_err();
    let mut exchange = open(&registry, "moody");
    let mut encoding = exchange.encode(Bytes::new());
    let waker = std::task::Waker::noop();
    let polled = encoding.as_mut().poll(&mut std::task::Context::from_waker(waker));
    assert!(polled.is_pending(), "it ran on the task");
    assert_eq!(encoding.await.unwrap().body, "encoded");
}

#[tokio::test]
async fn more_instances_than_may_be_are_refused_as_load() {
    let registry = registry_with(Limits {
        live_instances: 2,
        stock: crate::StockLimits { instances: 1, ..LIMITS.stock },
        ..LIMITS
    });
    install(&registry, &Guest::egress("plain"));
    let mut held = Vec::new();
    let failure = loop {
        let mut exchange = open(&registry, "plain");
        match exchange.begin(identity(), &ok_head()).await {
            Ok(()) => held.push(exchange),
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure.kind(), FailureKind::QueueFull);
    assert!((1..=2).contains(&held.len()));
    held.clear();
    eventually("instances are free again", || registry.runtime().live_instances() < 2);
    assert_serves(&registry, "plain").await;
}
