//! What a pod's status means for its run. Pure.

use exchange::{Failure, FailureKind, ProcessEnd};
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodStatus,
};

use crate::manifest::CONTAINER;
use crate::problem::ClusterWords;

/// Exit codes above are 128 and the number of a signal.
const SIGNAL_BASE: i32 = 128;

/// Reasons for which a container waits and that do not pass in the time of a run.
const STUCK: [&str; 6] = [
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// Reasons of a container that ended before its program was there.
const NOT_STARTED: [&str; 2] = ["StartError", "ContainerCannotRun"];

/// Where a run is.
#[derive(Debug)]
pub(crate) enum PodState {
    /// It may still start; what it waits for, if it is known.
    Waiting(Option<String>),
    /// It will not start.
    Stuck(Failure),
    /// The program runs.
    Running,
    /// The program, or its pod, is over.
    Ended(PodEnd),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodEnd {
    /// How.
    pub(crate) end: ProcessEnd,
    /// For the log.
    pub(crate) words: String,
}

impl PodEnd {
    /// What the caller is told; `None` is a good end.
    pub(crate) fn into_failure(self) -> Option<Failure> {
        let failure = self.end.into_failure()?;
        Some(failure.with_cause(ClusterWords(self.words)))
    }
}

/// Where the run of a pod is.
pub(crate) fn state_of(pod: &Pod) -> PodState {
    let Some(status) = &pod.status else {
        return PodState::Waiting(None);
    };
    let container = container(status).and_then(|it| it.state.as_ref());
    match container {
        Some(ContainerState { terminated: Some(end), .. }) => ended(end, status),
        _ if status.phase.as_deref() == Some("Failed") => PodState::Ended(without_program(status)),
        Some(ContainerState { running: Some(_), .. }) => PodState::Running,
        Some(ContainerState { waiting: Some(waiting), .. }) => {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            let words = said(reason, waiting.message.as_deref());
            if STUCK.contains(&reason) {
                return PodState::Stuck(stuck(reason, words));
            }
            PodState::Waiting(Some(words))
        }
        _ => PodState::Waiting(unscheduled(status)),
    }
}

fn container(status: &PodStatus) -> Option<&ContainerStatus> {
    status.container_statuses.iter().flatten().find(|it| it.name == CONTAINER)
}

fn ended(end: &ContainerStateTerminated, status: &PodStatus) -> PodState {
    let reason = end.reason.as_deref().unwrap_or_default();
    let words = said(reason, end.message.as_deref());
    if NOT_STARTED.contains(&reason) {
        return PodState::Stuck(not_started(words));
    }
    if let Some("Evicted" | "DeadlineExceeded") = status.reason.as_deref() {
        return PodState::Ended(without_program(status));
    }
    let end = match (reason, end.exit_code, end.signal) {
        ("OOMKilled", ..) => ProcessEnd::OutOfMemory,
        (_, _, Some(signal @ 1..)) => ProcessEnd::Signalled(signal),
        (_, code, _) if code > SIGNAL_BASE => ProcessEnd::Signalled(code - SIGNAL_BASE),
        (_, code, _) => ProcessEnd::Exited(code),
    };
    PodState::Ended(PodEnd { end, words })
}

/// A pod that the cluster ended: evicted, refused by its node, over its deadline.
fn without_program(status: &PodStatus) -> PodEnd {
    let reason = status.reason.as_deref().unwrap_or("Failed");
    PodEnd { end: ProcessEnd::Lost, words: said(reason, status.message.as_deref()) }
}

fn unscheduled(status: &PodStatus) -> Option<String> {
    let mut conditions = status.conditions.iter().flatten();
    let waits = conditions.find(|it| it.type_ == "PodScheduled" && it.status == "False")?;
    let reason = waits.reason.as_deref().unwrap_or("not scheduled");
    Some(said(reason, waits.message.as_deref()))
}

fn stuck(reason: &str, words: String) -> Failure {
    match reason {
        "RunContainerError" | "CreateContainerError" => not_started(words),
        "CreateContainerConfigError" => could_not_start(words),
        _ => Failure::new(
            FailureKind::SandboxFault,
            "the image of the provider's program cannot be had by the cluster; the log says why",
        )
        .with_cause(ClusterWords(words)),
    }
}

/// What container runtimes say is text: it is looked through for what operators can mend.
fn not_started(words: String) -> Failure {
    let lower = words.to_lowercase();
    let message = if lower.contains("no such file") || lower.contains("not found") {
        "the provider's program does not exist in its image; check the provider's settings"
    } else if lower.contains("permission denied") {
        "the provider's program may not be executed; in its image it must be executable for \
         everybody"
    } else {
        return could_not_start(words);
    };
    Failure::new(FailureKind::ProviderMisconfigured, message).with_cause(ClusterWords(words))
}

fn could_not_start(words: String) -> Failure {
    Failure::new(
        FailureKind::SandboxFault,
        "the provider's program could not be started in the sandbox; the log says why",
    )
    .with_cause(ClusterWords(words))
}

fn said(reason: &str, message: Option<&str>) -> String {
    match message {
        Some(message) if !message.is_empty() => format!("{reason}: {message}"),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
