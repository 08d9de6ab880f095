//! Runs that do not go well.

use super::*;

#[tokio::test]
async fn ends_are_told_as_those_of_processes() {
    let cases = [
        (json!({ "exitCode": 3 }), FailureKind::UpstreamError, "status 3"),
        (json!({ "exitCode": 127 }), FailureKind::ProviderMisconfigured, "not found"),
        (json!({ "exitCode": 137, "reason": "OOMKilled" }), FailureKind::UpstreamError, "memory"),
        (json!({ "exitCode": 143 }), FailureKind::UpstreamError, "signal 15"),
    ];
    for (end, kind, words) in cases {
        let cluster = Cluster::of(ends_with(end)).await;
        for exchange in [exchange(), fed("")] {
            let failure = cluster.failure(exchange).await;
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(failure.message().contains(words), "{failure}");
        }
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn a_failing_end_after_output_is_the_last_item() {
    let script = Script { end: json!({ "exitCode": 4 }), ..hello() };
    let cluster = Cluster::of(script).await;
    let (text, failure) = cluster.outcome(exchange()).await;
    assert_eq!(text, "hello there\n");
    assert!(failure.unwrap().message().contains("status 4"));
}

#[tokio::test]
async fn what_will_not_start_is_told_at_once() {
    let cases = [
        (json!({ "waiting": { "reason": "ImagePullBackOff", "message": "m" } }), "image"),
        (json!({ "waiting": { "reason": "CreateContainerError", "message": "m" } }), "started"),
        (
            json!({ "terminated": {
                "exitCode": 128, "reason": "StartError", "message": "no such file",
            } }),
            "does not exist",
        ),
    ];
    for (state, words) in cases {
        let cluster = Cluster::of(waits_with(state)).await;
        let failure = cluster.failure(exchange()).await;
        assert!(failure.message().contains(words), "{failure}");
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn what_does_not_start_in_time_is_told_with_what_it_waits_for() {
    let unscheduled = json!({ "phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "no node has memory",
    }] });
    let no_pod = Script { makes_pod: false, ..stays() };
    let event = json!({
        "metadata": {}, "type": "Warning", "message": "exceeded quota: pods",
        "involvedObject": { "name": "patchbay-" },
    });
    let cases = [
        (Script { statuses: vec![unscheduled], ..stays() }, None, "no node has memory"),
        (no_pod.clone(), None, "made no pod"),
        (no_pod, Some(event), "exceeded quota"),
    ];
    for (script, event, words) in cases {
        let cluster = Cluster::with(script, |it| it.start_timeout = SOON).await;
        let (api, has_event) = (&cluster.api, event.is_some());
        let failing = cluster.failure(exchange());
        let names_the_job = async {
            api.until(|inner| !inner.jobs.is_empty()).await;
            let name = api.inner().jobs.keys().next().cloned().unwrap();
            api.inner().events.extend(event.map(|mut event| {
                event["involvedObject"]["name"] = json!(name);
                event
            }));
        };
        let (failure, ()) = tokio::join!(failing, names_the_job);
        assert_eq!(failure.kind(), FailureKind::SandboxFault, "{failure} {has_event}");
        let cause = failure.cause_chain().unwrap();
        assert!(cause.contains(words), "{cause}");
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn deadlines_and_caps_end_a_run() {
    let cases = [
        (with_target(|it| it.idle = SOON), stays(), "idle timeout of 200ms"),
        (with_target(|it| it.total = SOON), stays(), "total timeout of 200ms"),
        (with_target(|it| it.max_output_bytes = 7), stays(), "more than the 7 bytes"),
        // In every state that comes before the program runs.
        (with_target(|it| it.total = SOON), waits_with(json!({})), "total timeout"),
    ];
    for (exchange, script, words) in cases {
        let cluster = Cluster::of(script).await;
        let failure = cluster.failure(exchange).await;
        assert!(failure.message().contains(words), "{failure}");
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn output_that_may_be_cut_is_not_taken_for_whole() {
    for exchange in [exchange, || fed("a question")] {
        let cluster = Cluster::of(Script { then: Then::Breaks, ..hello() }).await;
        let failure = cluster.failure(exchange()).await;
        assert!(failure.message().contains("lost sight"), "{failure}");
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn a_pod_that_somebody_deletes_is_told_so() {
    let cluster = Cluster::of(Script { then: Then::Vanishes, ..hello() }).await;
    let failure = cluster.failure(exchange()).await;
    assert_eq!(failure.kind(), FailureKind::SandboxFault);
    assert!(failure.message().contains("took the provider's program away"), "{failure}");
    cluster.is_clean().await;
}
