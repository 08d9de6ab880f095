use serde_json::{Value, json};

use super::*;

fn state(status: Value) -> PodState {
    state_of(&serde_json::from_value(json!({ "status": status })).unwrap())
}

fn container_status(state: Value) -> Value {
    json!({
        "phase": "Pending",
        "containerStatuses": [{
            "name": "program", "state": state,
            "image": "", "imageID": "", "ready": false, "restartCount": 0,
        }],
    })
}

#[test]
fn a_pod_waits_until_it_runs() {
    assert!(matches!(state(json!({})), PodState::Waiting(None)));
    let creating = container_status(json!({ "waiting": { "reason": "ContainerCreating" } }));
    assert!(matches!(state(creating), PodState::Waiting(Some(_))));
    let running = container_status(json!({ "running": {} }));
    assert!(matches!(state(running), PodState::Running));
    let unscheduled = json!({ "phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/3 nodes are available",
    }] });
    let PodState::Waiting(Some(words)) = state(unscheduled) else { panic!("it waits") };
    assert_eq!(words, "Unschedulable: 0/3 nodes are available");
}

#[test]
fn what_will_not_start_is_told_at_once_with_the_reason_as_cause() {
    let cases = [
        ("ImagePullBackOff", "Back-off pulling", FailureKind::SandboxFault, "image"),
        ("ErrImageNeverPull", "not present", FailureKind::SandboxFault, "image"),
        ("InvalidImageName", "bad", FailureKind::SandboxFault, "image"),
        ("CreateContainerConfigError", "x", FailureKind::SandboxFault, "could not be started"),
        (
            "RunContainerError",
            "exec: \"/x\": stat /x: no such file or directory",
            FailureKind::ProviderMisconfigured,
            "does not exist",
        ),
    ];
    for (reason, message, kind, words) in cases {
        let waiting = json!({ "waiting": { "reason": reason, "message": message } });
        let PodState::Stuck(failure) = state(container_status(waiting)) else {
            panic!("{reason} is not stuck")
        };
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.message().contains(words), "{failure}");
        assert_eq!(failure.cause_chain().unwrap(), format!("{reason}: {message}"));
    }
}

#[test]
fn a_program_that_was_never_there_is_not_an_exit_status() {
    for (message, kind) in [
        ("exec /x: permission denied", FailureKind::ProviderMisconfigured),
        ("executable file not found in $PATH", FailureKind::ProviderMisconfigured),
        ("cannot allocate memory", FailureKind::SandboxFault),
    ] {
        let end = json!({ "terminated": {
            "exitCode": 128, "reason": "StartError", "message": message,
        } });
        let PodState::Stuck(failure) = state(container_status(end)) else {
            panic!("{message} is not stuck")
        };
        assert_eq!(failure.kind(), kind, "{failure}");
    }
}

#[test]
fn ends_are_mapped_as_those_of_processes() {
    let cases = [
        (json!({ "exitCode": 0, "reason": "Completed" }), ProcessEnd::Exited(0)),
        (json!({ "exitCode": 3, "reason": "Error" }), ProcessEnd::Exited(3)),
        (json!({ "exitCode": 127, "reason": "Error" }), ProcessEnd::Exited(127)),
        (json!({ "exitCode": 137, "reason": "OOMKilled" }), ProcessEnd::OutOfMemory),
        (json!({ "exitCode": 139, "reason": "Error" }), ProcessEnd::Signalled(11)),
        (json!({ "exitCode": 1, "signal": 15 }), ProcessEnd::Signalled(15)),
    ];
    for (terminated, expected) in cases {
        let status = container_status(json!({ "terminated": terminated }));
        let PodState::Ended(end) = state(status) else { panic!("{expected:?} is no end") };
        assert_eq!(end.end, expected);
    }
}

#[test]
fn a_pod_that_the_cluster_ended_is_lost() {
    let evicted = json!({ "phase": "Failed", "reason": "Evicted", "message": "low on disk" });
    let PodState::Ended(end) = state(evicted) else { panic!("it is no end") };
    assert_eq!((end.end, end.words.as_str()), (ProcessEnd::Lost, "Evicted: low on disk"));
    assert_eq!(end.into_failure().unwrap().kind(), FailureKind::SandboxFault);
}
