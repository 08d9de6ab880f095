//! Two generations of one plugin at the same time.

use super::*;
use crate::life::EventKind;
use crate::{AutoRule, CanaryPlan, LifeProblem, Rollout};

const HALF: CanaryPlan = CanaryPlan { share_permille: 500, auto: None };

/// Version 1 serves, and version 2 comes with a plan.
fn rig_with(plan: CanaryPlan, new: &Guest) -> Rig {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1").frugal());
    rig.keeper().set_rollout("plain", Rollout::Canary(plan)).unwrap();
    rig.install("plain.wasm", new);
    rig
}

/// What the request of a number is encoded by.
async fn version_for(rig: &Rig, number: usize) -> String {
    let request = request(&format!("request-{number}"));
    let dialect = rig.registry.dialect_for("plain", &request).unwrap();
    let encoded = dialect.open(call(), request).encode(Bytes::from_static(b"{}")).await.unwrap();
    String::from_utf8(encoded.body.to_vec()).unwrap()
}

async fn canary_share(rig: &Rig) -> usize {
    let mut share = 0;
    for number in 0..400 {
        share += usize::from(version_for(rig, number).await == "2");
    }
    share
}

/// A request that the canary serves.
async fn canary_request(rig: &Rig) -> RequestId {
    let mut number = 0;
    while version_for(rig, number).await != "2" {
        number += 1;
    }
    request(&format!("request-{number}"))
}

#[tokio::test]
async fn the_request_id_decides_which_generation_serves() {
    let mut rig = rig_with(HALF, &plugin("plain", "2"));
    let share = canary_share(&rig).await;
    assert!((140..260).contains(&share), "{share} of 400");
    for number in 0..10 {
        let first = version_for(&rig, number).await;
        assert_eq!(version_for(&rig, number).await, first);
    }
    assert_eq!(rig.version("plain").await.unwrap(), "1", "without a request");
    let view = rig.view();
    let canary = view.plugin("plain").unwrap().canary.clone().unwrap();
    assert_eq!(canary.generation.version, "2");
    assert!(canary.new_since.calls >= 140 && canary.old_since.calls >= 140);
    assert!(canary.new_since.p95_us > 0);
    assert_eq!(canary.new_since.failures_permille, 0);
}

#[tokio::test]
async fn an_operator_promotes_or_goes_back() {
    let mut rig = rig_with(HALF, &plugin("plain", "2"));
    let generation = rig.view().plugin("plain").unwrap().canary.clone().unwrap().generation;
    rig.keeper().promote("plain").unwrap();
    assert_eq!(canary_share(&rig).await, 400);
    let view = rig.view();
    assert_eq!(view.plugin("plain").unwrap().serving.clone().unwrap().generation, {
        generation.generation
    });
    let none = rig.keeper().promote("plain").unwrap_err();
    assert!(matches!(none, LifeProblem::NoCanaryRuns(_)), "{none}");

    let mut rig = rig_with(HALF, &plugin("plain", "2"));
    rig.keeper().roll_back("plain", None).unwrap();
    assert_eq!(canary_share(&rig).await, 0);
    rig.restart();
    rig.look();
    assert_eq!(canary_share(&rig).await, 0, "the file still holds it");
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Held);
}

#[tokio::test]
async fn a_canary_goes_on_after_a_restart() {
    let mut rig = rig_with(HALF, &plugin("plain", "2"));
    let before = canary_share(&rig).await;
    rig.restart();
    rig.look();
    assert_eq!(canary_share(&rig).await, before);
}

#[tokio::test]
async fn a_rule_promotes_a_canary_that_does_well() {
    let auto = Some(AutoRule { calls: 50, worse_permille: 10 });
    let mut rig = rig_with(CanaryPlan { auto, ..HALF }, &plugin("plain", "2"));
    rig.watch();
    assert!(rig.view().plugin("plain").unwrap().canary.is_some());
    canary_share(&rig).await;
    rig.watch();
    assert_eq!(canary_share(&rig).await, 400);
    assert_eq!(rig.events(EventKind::Promoted), 1);
}

#[tokio::test]
async fn a_rule_rolls_back_a_canary_that_fails_more() {
    // Each exchange traps late: no trial fails, as there is one failure in many calls.
    let auto = Some(AutoRule { calls: 60, worse_permille: 10 });
    let bad = trapping("plain", "2", 31).frugal();
    let mut rig = rig_with(CanaryPlan { auto, ..HALF }, &bad);
    let request = canary_request(&rig).await;
    for _ in 0..2 {
        let dialect = rig.registry.dialect_for("plain", &request).unwrap();
        let mut exchange = dialect.open(call(), request.clone());
        exchange.begin(identity(), &ResponseHead::of_process()).await.unwrap();
        while exchange.push(Bytes::from_static(b"x")).await.is_ok() {}
    }
    rig.watch();
    assert_eq!(canary_share(&rig).await, 0);
    let view = rig.view();
    assert!(view.quarantine[0].cause.contains("of a thousand calls failed"), "{view:?}");
}

#[tokio::test]
async fn a_canary_that_traps_at_once_is_quarantined_and_the_old_one_serves_on() {
    let mut rig = rig_with(HALF, &trapping("plain", "2", 2));
    let request = canary_request(&rig).await;
    let dialect = rig.registry.dialect_for("plain", &request).unwrap();
    let mut exchange = dialect.open(call(), request);
    exchange.begin(identity(), &ResponseHead::of_process()).await.unwrap();
    exchange.push(Bytes::from_static(b"x")).await.unwrap_err();
    rig.watch();
    assert_eq!(canary_share(&rig).await, 0);
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Quarantined);
}

#[test]
fn versions_that_answer_to_different_names_cannot_share() {
    let renamed = plugin("plain", "2").manifest(|it| {
        it["dialect"]["operations"] = serde_json::json!(["embeddings"]);
    });
    let mut rig = Rig::new();
    let both = plugin("plain", "1").manifest(|it| {
        it["dialect"]["operations"] = serde_json::json!(["chat", "embeddings"]);
    });
    rig.install("plain.wasm", &both);
    rig.keeper().set_rollout("plain", Rollout::Canary(HALF)).unwrap();
    rig.install("plain.wasm", &renamed);
    let pending = rig.pending("plain.wasm");
    assert_eq!(pending.phase, Phase::Canary);
    assert!(pending.cause.contains("dialect.operations"), "{}", pending.cause);
}

#[tokio::test]
async fn a_kept_version_can_take_a_share() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "2"));
    rig.install("plain.wasm", &plugin("plain", "1"));
    let kept = rig.view().plugin("plain").unwrap().versions[0].digest.clone();
    rig.keeper().start_canary("plain", &kept, HALF).unwrap();
    let share = canary_share(&rig).await;
    assert!((140..260).contains(&share), "{share} of 400");
    let serving = rig.view().plugin("plain").unwrap().serving.clone().unwrap().digest;
    rig.keeper().start_canary("plain", &serving, HALF).unwrap_err();
    let too_much = CanaryPlan { share_permille: 1001, auto: None };
    rig.keeper().start_canary("plain", &kept, too_much).unwrap_err();
}

#[tokio::test]
async fn both_sides_of_a_client_api_meet_one_generation() {
    let api = |version: &str| {
        Guest::ingress("ask")
            .answer_with("decode", |image| image.decoded("chat", &format!("{{\"v\":{version}}}")))
            .manifest(|it| it["version"] = version.into())
    };
    let mut rig = Rig::new();
    rig.install("ask.wasm", &api("1"));
    rig.keeper().set_rollout("ask", Rollout::Canary(HALF)).unwrap();
    rig.install("ask.wasm", &api("2"));
    let entrance = rig.registry.entrance("/v1/ask").unwrap();
    let head = exchange::RequestHead::try_new("POST", "/v1/ask", std::iter::empty()).unwrap();
    let mut new = 0;
    for number in 0..100 {
        let id = request(&format!("request-{number}"));
        let decoded = entrance.plugin.decode(&head, Bytes::new(), id).await.unwrap();
        new += usize::from(decoded.canonical == "{\"v\":2}");
    }
    assert!((25..75).contains(&new), "{new} of 100");
}
