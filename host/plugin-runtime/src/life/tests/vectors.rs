//! Self-test vectors of all kinds.

use serde_json::{Value, json};

use super::*;

/// What an installation with these vectors comes to: the cause, if it is refused.
fn outcome(guest: Guest, vectors: &Value) -> Option<String> {
    let mut rig = Rig::new();
    rig.install("it.wasm", &guest.manifest(|it| it["self_test"] = vectors.clone()));
    rig.view().pending.first().map(|pending| {
        assert_eq!(pending.phase, Phase::Prove, "{pending:?}");
        pending.cause.clone()
    })
}

#[test]
fn vectors_of_every_kind_are_run() {
    let document = json!({ "document": 1 });
    let egress = json!([
        { "kind": "plan", "name": "path", "expect": {
            "method": "POST", "path": "/chat", "encode_body": true, "verbatim": false } },
        { "kind": "encode", "call": { "model": "m", "streaming": false }, "canonical": {},
          "expect": { "body": "encoded", "dropped": ["logit_bias"] } },
        { "kind": "decode", "body": "x", "whole_only": true,
          "expect": { "documents": [document, document] } },
        { "kind": "explain", "status": 503, "body_base64": "eA==", "expect": { "failure": {
            "kind": "upstream-overloaded", "message": "explained", "retry_after_ms": 1500 } } },
    ]);
    let ingress = json!([
        { "kind": "ingress-decode", "head": { "path": "/v1/it" }, "body": { "a": 1 },
          "expect": { "operation": "chat", "canonical": { "model": "m" }, "extra": { "kept": 1 } } },
        { "kind": "ingress-encode", "streaming": true, "documents": [document, document],
          "expect": { "status": 200, "headers": { "content-type": "text/plain" },
                      "body": "pushedpushedfinished" } },
    ]);
    let http = json!([
        { "kind": "prepare", "head": { "method": "POST", "path": "/chat" },
          "expect": { "path": "/v1/chat", "credential": "api_key" } },
    ]);
    let process = json!([
        { "kind": "process", "expect": {
            "program": "/bin/echo", "arguments": [{ "text": "--prompt=", "takes_body": true }],
            "environment": { "LANG": "C" }, "body_on_stdin": false, "credential": "token" } },
    ]);
    for (make, vectors) in [
        (Guest::egress as fn(&str) -> Guest, egress),
        (Guest::ingress, ingress),
        (Guest::http, http),
        (Guest::process, process),
    ] {
        assert_eq!(outcome(make("it"), &vectors), None);
        // Each of them can fail.
        for index in 0..vectors.as_array().unwrap().len() {
            let mut spoilt = vectors.clone();
            spoilt[index]["expect"] = json!({ "headers": 1 });
            let cause = outcome(make("it"), &spoilt).unwrap();
            assert!(cause.starts_with(&format!("self_test[{index}]")), "{cause}");
        }
    }
}

#[test]
fn a_reply_is_decoded_at_odd_slicings() {
    // One document a push: what it is depends on how the bytes were cut.
    let vectors = json!([{ "kind": "decode", "name": "slices", "body": "xyz",
                           "expect": { "documents": [{ "document": 1 }, { "document": 1 }] } }]);
    let cause = outcome(Guest::egress("it"), &vectors).unwrap();
    assert_eq!(
        cause,
        "self_test[0] (slices): documents byte by byte: expected [{\"document\":1},\
         {\"document\":1}], got [{\"document\":1},{\"document\":1},{\"document\":1},\
         {\"document\":1}]; mend the plugin or the vector"
    );
}

#[test]
fn a_trap_in_a_vector_is_told() {
    let vectors = json!([{ "kind": "encode", "canonical": {}, "expect": { "body": "encoded" } }]);
    let cause = outcome(Guest::egress("it").body("encode", "unreachable"), &vectors).unwrap();
    assert!(cause.contains("failure: expected null") && cause.contains("plugin-fault"), "{cause}");
}

#[test]
fn what_is_no_vector_is_told() {
    let vector = |member: &str, value: Value| {
        let mut vector = json!({ "kind": "plan", "expect": { "path": "/chat" } });
        vector[member] = value;
        json!([vector])
    };
    for (vectors, cause) in [
        (vector("kind", json!("other")), "unknown variant"),
        (vector("expect", json!({})), "names nothing"),
        (vector("call", json!({ "operation": "x" })), "is not known"),
        (vector("call", json!({ "modell": "x" })), "unknown field"),
        (vector("kind", json!("prepare")), "does not fit this plugin"),
        (json!([{ "kind": "explain", "expect": { "failure": {} } }]), "one of body"),
    ] {
        let found = outcome(Guest::egress("it"), &vectors).unwrap();
        assert!(found.contains(cause), "{found}");
    }
    let many = Value::Array(vec![vector("name", json!("x"))[0].clone(); 65]);
    assert!(outcome(Guest::egress("it"), &many).unwrap().contains("more than 64"));
}

#[test]
fn two_versions_are_compared_by_what_was_recorded() {
    let runtime = Runtime::start(LIMITS).unwrap();
    let component = |guest: Guest| guest.build();
    let recorded = |value: &Value| {
        let vectors = value.as_array().unwrap().iter();
        vectors.map(|it| serde_json::value::to_raw_value(it).unwrap()).collect::<Vec<_>>()
    };
    let recordings = recorded(&json!([
        { "kind": "encode", "name": "a question", "canonical": {} },
        { "kind": "decode", "body": "x" },
        { "kind": "explain", "status": 500, "body": "x" },
    ]));
    let compared = |old: &[u8], new: &[u8]| {
        let versions = (old, new);
        crate::replay((&runtime, crate::Grant::default()), versions, &recordings, HOUR).unwrap()
    };
    let old = component(plugin("it", "1"));
    assert_eq!(compared(&old, &old), []);
    let found = compared(&old, &component(plugin("it", "2")));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].index, &*found[0].member), (0, "body"));
    assert_eq!((&*found[0].old, &*found[0].new), ("1", "2"));
    assert_eq!(found[0].name.as_deref(), Some("a question"));
    let trapping = component(plugin("it", "1").body("push", "unreachable"));
    let found = compared(&old, &trapping);
    assert_eq!((found.len(), &*found[0].member), (1, "documents"));
    assert_eq!(compared(&trapping, &trapping), []);

    let foreign = recorded(&json!([{ "kind": "prepare" }]));
    let versions = (&*old, &*old);
    crate::replay((&runtime, crate::Grant::default()), versions, &foreign, HOUR).unwrap_err();
}

#[test]
fn a_component_is_examined_as_the_gateway_does() {
    let runtime = Runtime::start(LIMITS).unwrap();
    let vectors = json!([{ "kind": "plan", "expect": { "path": "/chat" } }]);
    let good = Guest::http("vendor").build();
    let examined = crate::examine(&runtime, &good, crate::Grant::default()).unwrap();
    assert_eq!(examined.manifest.name, "vendor");
    assert!(examined.asks.credentials.contains("api_key as bearer"));
    let bad = Guest::http("vendor").manifest(|it| it["self_test"] = vectors).build();
    let stopped = crate::examine(&runtime, &bad, crate::Grant::default()).unwrap_err();
    assert!(stopped.to_string().contains("does not fit this plugin"), "{stopped}");
}
