//! What operators are shown. None of it holds a secret.

use std::fmt;
use std::time::Duration;

use exchange::{ProbeReport, ProbeStep, Verdict};
use resources::Problem;
use serde::Serialize;
use serde_json::{Map, Value};
use store::Revision;
use utoipa::ToSchema;

use crate::board::Noun;
use crate::programs::ProgramsView;

/// A resource as `GET` shows it. The reply to the creation of an API key holds the key, so `Debug`
/// shows no values.
#[derive(Clone, PartialEq)]
pub struct View {
    /// Its entity tag; a resource of the configuration file has none.
    pub etag: Option<Revision>,
    /// The operator's document, and what the gateway knows of it.
    pub body: Map<String, Value>,
}

/// A page of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct ListView {
    /// In the order of ids.
    pub data: Vec<Map<String, Value>>,
    /// What to ask the next page with; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// What was found out about a provider by asking it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProbeView {
    /// Whether the provider was reached and accepted the credential.
    pub good: bool,
    /// Name resolution and connection; for a program, whether it could be started.
    pub reach: ProbeStepView,
    /// The TLS handshake.
    pub tls: ProbeStepView,
    /// Whether the credential was accepted.
    pub credential: ProbeStepView,
    /// Whether the provider lists models.
    pub models: ProbeStepView,
    /// What it lists, at most 1000.
    pub model_ids: Vec<String>,
    /// From sending the probe to the head of its reply, in milliseconds.
    pub latency_ms: Option<f64>,
}

/// One step of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProbeStepView {
    /// How it went.
    pub verdict: VerdictView,
    /// How long it took, in milliseconds, if it was tried.
    pub took_ms: Option<f64>,
    /// What an operator should know.
    pub message: Option<String>,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictView {
    /// As it should.
    Good,
    /// It failed.
    Failed,
    /// Not tried, because an earlier step failed.
    Skipped,
    /// This provider has no such step.
    NotApplicable,
}

/// The master key, and how far secrets have been wrapped by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MasterKeyView {
    /// Name of the key that wraps what is sealed now.
    pub current: String,
    /// Stored secrets that it wraps.
    pub rewrapped: usize,
    /// Stored secrets that an earlier key still wraps.
    pub remaining: usize,
}

/// How the gateway is, as far as what operators entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct StatusView {
    /// Version of the gateway.
    pub version: String,
    /// When it was started, RFC 3339.
    pub started_at: String,
    /// How long it has been running.
    pub uptime_seconds: u64,
    /// How many providers there are.
    pub providers: CountView,
    /// How many API keys there are.
    pub api_keys: CountView,
    /// How many routes there are.
    pub routes: CountView,
    /// Stored resources that do not serve, and why.
    pub set_aside: Vec<SetAsideView>,
    /// Stored records that cannot be read.
    pub damaged: Vec<DamageView>,
    /// What programs of providers are kept in.
    pub programs: ProgramsView,
    /// The latest commit that is known here.
    pub store_revision: Revision,
    /// Name of the master key.
    pub master_key: String,
    /// What has to be so for the gateway to be of use.
    pub checks: Vec<CheckView>,
}

/// How many resources of a sort there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountView {
    /// In the configuration file.
    pub file: usize,
    /// In the store.
    pub store: usize,
    /// Of those in the store, how many do not serve.
    pub set_aside: usize,
}

/// A stored resource that does not serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SetAsideView {
    /// What it is.
    pub noun: Noun,
    /// Which one.
    pub id: String,
    /// Why.
    pub problems: Vec<ProblemView>,
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemView {
    /// The member at fault: `settings.region`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

/// A stored record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DamageView {
    /// What it was about: `provider`.
    pub kind: String,
    /// Its key, as far as that can be read.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

/// Something that has to be so for the gateway to be of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckView {
    /// What is looked at: `store`.
    pub name: String,
    /// Whether it is so.
    pub good: bool,
    /// Why not, and what to do.
    pub reason: Option<String>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.body.keys().collect();
        f.debug_struct("View").field("etag", &self.etag).field("members", &members).finish()
    }
}

impl From<ProbeReport> for ProbeView {
    fn from(report: ProbeReport) -> Self {
        Self {
            good: report.is_good(),
            reach: report.reach.into(),
            tls: report.tls.into(),
            credential: report.credential.into(),
            models: report.models.into(),
            model_ids: report.model_ids,
            latency_ms: report.latency.map(milliseconds),
        }
    }
}

impl From<ProbeStep> for ProbeStepView {
    fn from(step: ProbeStep) -> Self {
        let verdict = match step.verdict {
            Verdict::Good => VerdictView::Good,
            Verdict::Failed => VerdictView::Failed,
            Verdict::Skipped => VerdictView::Skipped,
            Verdict::NotApplicable => VerdictView::NotApplicable,
        };
        Self { verdict, took_ms: step.took.map(milliseconds), message: step.message }
    }
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        Self {
            path: problem.path.clone(),
            message: problem.message.clone(),
            fix: problem.fix.clone(),
        }
    }
}

/// In milliseconds, to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_probe_is_shown_step_by_step() {
        let report = ProbeReport {
            reach: ProbeStep::good(Duration::from_micros(1250)),
            tls: ProbeStep::not_applicable(),
            credential: ProbeStep::failed(Duration::from_millis(3), "401"),
            models: ProbeStep::skipped(),
            model_ids: vec!["m".to_owned()],
            latency: None,
        };
        let expected = json!({
            "good": false,
            "reach": {"verdict": "good", "took_ms": 1.25, "message": null},
            "tls": {"verdict": "not-applicable", "took_ms": null, "message": null},
            "credential": {"verdict": "failed", "took_ms": 3.0, "message": "401"},
            "models": {"verdict": "skipped", "took_ms": null, "message": null},
            "model_ids": ["m"],
            "latency_ms": null,
        });
        assert_eq!(serde_json::to_value(ProbeView::from(report)).unwrap(), expected);
    }
}
