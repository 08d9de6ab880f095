//! Asking a provider for real, for an operator who wants to know what is wrong with it.
//!
//! Owns the order and the judgement: the way there, then the adapter's probe with the credential,
//! then the list of models, each judged apart. Nothing of it counts: no retry, no breaker, no
//! remembered plan, and what serves is not changed by what is found.

mod judgement;
mod program;

use std::sync::Arc;
use std::time::Duration;

use exchange::{
    Adapter, Call, CredentialSource, Failure, FailureKind, HttpAdapter, HttpTarget, Operation,
    ProbeReport, ProbeStep, ReachReport, RequestId, UpstreamReply, Verdict,
};
use tokio::time::{Instant, timeout_at};
use url::Url;
use uuid::Uuid;

use crate::attempt::{Ports, explained};
use crate::body::TimedBody;
use crate::inquiry::{self, Inquiry};
use crate::run::Pipeline;
use crate::snapshot::{Provider, Reach};
use crate::trace::Trace;
use judgement::{Judged, Sent};

/// Longest a whole probe takes; the provider's own limit of an exchange may be shorter.
const LONGEST: Duration = Duration::from_secs(30);

/// Most models that a report names.
const MAX_MODEL_IDS: usize = 1000;

impl Pipeline {
    /// Asks a provider for real with these credentials, within half a minute or the provider's
    /// total timeout, whichever is shorter. The provider need not be one that serves.
    ///
    /// The credential is good if the adapter's probe was answered well, or with a rate limit. It
    /// is failed if it was refused, and also where the answer does not tell (not found, a failure
    /// of the provider): who is about to switch to it must not take that for a proof. It is not
    /// applicable if the adapter has no probe, or nothing was asked for and none is set.
    ///
    /// Dropping the future ends what is under way at the provider.
    pub async fn probe(
        &self,
        provider: &Provider,
        credentials: &dyn CredentialSource,
    ) -> ProbeReport {
        let limit = provider.total_timeout().min(LONGEST);
        let inquiry = Inquiry { http: &*self.ports.http, provider, credentials };
        let probing = Probing { ports: &self.ports, inquiry, limit, ends: Instant::now() + limit };
        match &provider.reach {
            Reach::Http { base_url, target } => probing.over_http(base_url, target).await,
            Reach::Process { target } => probing.by_running(target).await,
        }
    }
}

/// One probe under way.
struct Probing<'a> {
    ports: &'a Ports,
    inquiry: Inquiry<'a>,
    limit: Duration,
    ends: Instant,
}

/// A report of which nothing has been tried yet.
const fn untried() -> ProbeReport {
    ProbeReport {
        reach: ProbeStep::skipped(),
        tls: ProbeStep::skipped(),
        credential: ProbeStep::skipped(),
        models: ProbeStep::skipped(),
        model_ids: Vec::new(),
        latency: None,
    }
}

impl Probing<'_> {
    async fn over_http(&self, base_url: &Url, target: &HttpTarget) -> ProbeReport {
        let mut report = untried();
        let ReachReport { connect, tls } = self.look(base_url, target).await;
        (report.reach, report.tls) = (connect, tls);
        if [&report.reach, &report.tls].iter().any(|step| step.verdict == Verdict::Failed) {
            return report;
        }
        let began = Instant::now();
        let asked = async {
            let adapter = self.http_adapter()?;
            let asked = self.ask(&*adapter).await?;
            Ok::<_, Failure>((adapter, asked))
        };
        let (adapter, Asked { judged, latency }) = match asked.await {
            Ok(asked) => asked,
            Err(failure) => {
                report.credential = ProbeStep::failed(began.elapsed(), failure.message());
                return report;
            }
        };
        report.latency = latency;
        let goes_on = judged.goes_on;
        report.credential = judged.into_step(began.elapsed());
        if goes_on {
            (report.models, report.model_ids) = self.list_models(&*adapter).await;
        }
        report
    }

    async fn look(&self, base_url: &Url, target: &HttpTarget) -> ReachReport {
        let began = Instant::now();
        let look = async { Ok(self.ports.reach.look(base_url, target).await) };
        self.in_time(look).await.unwrap_or_else(|failure| ReachReport {
            connect: ProbeStep::failed(began.elapsed(), failure.message()),
            tls: match base_url.scheme() {
                "https" => ProbeStep::skipped(),
                _ => ProbeStep::not_applicable(),
            },
        })
    }

    fn http_adapter(&self) -> Result<Arc<dyn HttpAdapter>, Failure> {
        match inquiry::adapter(&*self.ports.catalog, self.inquiry.provider)? {
            Adapter::Http(adapter) => Ok(adapter),
            Adapter::Process(_) => Err(Failure::new(
                FailureKind::ProviderMisconfigured,
                "the adapter runs a program, and the provider has a base_url; remove base_url",
            )),
        }
    }

    /// Sends the adapter's probe and judges the answer.
    async fn ask(&self, adapter: &dyn HttpAdapter) -> Result<Asked, Failure> {
        let Inquiry { provider, credentials, .. } = self.inquiry;
        let plan = match self.in_time(adapter.probe(&provider.settings)).await {
            // This is how an adapter says that it has none.
            Err(failure) if failure.kind() == FailureKind::NotFound => {
                let judged = Judged::not_applicable(failure.message());
                return Ok(Asked { judged, latency: None });
            }
            plan => plan?,
        };
        let slot = plan.credential.as_ref().map(|(slot, _)| slot.clone());
        let sent = Sent::of(slot, |slot| credentials.secret(&provider.id, slot).is_some());
        let began = Instant::now();
        let reply = self.in_time(self.inquiry.send(plan)).await?;
        let latency = Some(began.elapsed());
        let status = reply.head.status;
        let judged = if status.is_success() {
            judgement::accepted(&sent)
        } else {
            let explanation = self.in_time(async { Ok(self.explain(reply).await) }).await?;
            judgement::refused(status, &explanation, &sent)
        };
        Ok(Asked { judged, latency })
    }

    /// What the provider's dialect makes of a reply that is not good.
    async fn explain(&self, reply: UpstreamReply) -> Failure {
        let provider = self.inquiry.provider;
        let name = provider.dialects.first().map_or("", |name| name);
        let Some(dialect) = self.ports.catalog.dialect(name) else {
            let message = format!("dialect {name:?} is not loaded, which could explain it");
            return Failure::new(FailureKind::UpstreamError, message);
        };
        let call = Call {
            operation: Operation::Chat,
            model: "probe".into(),
            streaming: false,
            settings: provider.settings.clone(),
        };
        let instance = dialect.open(call, request_id());
        let body = TimedBody::new(reply.body, Arc::new(Trace::default()));
        explained(instance, &reply.head, body, &reply.sent_secrets).await
    }

    async fn list_models(&self, adapter: &dyn HttpAdapter) -> (ProbeStep, Vec<String>) {
        let began = Instant::now();
        let listed = self.in_time(self.inquiry.models(adapter)).await;
        let took = began.elapsed();
        match listed {
            Ok(None) => (ProbeStep::not_applicable(), Vec::new()),
            Ok(Some(mut ids)) => {
                let count = ids.len();
                ids.truncate(MAX_MODEL_IDS);
                let cut = count > MAX_MODEL_IDS;
                let message = cut.then(|| {
                    format!(
                        "the provider lists {count} models; the first {MAX_MODEL_IDS} are named"
                    )
                });
                (ProbeStep { message, ..ProbeStep::good(took) }, ids)
            }
            Err(failure) => (ProbeStep::failed(took, failure.message()), Vec::new()),
        }
    }

    /// Does `work` up to the end of the time for the whole probe.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        timeout_at(self.ends, work).await.unwrap_or_else(|_| {
            let message = format!(
                "there was no answer within the {:?} that a probe may take; try again, or see why \
                 the provider is slow",
                self.limit
            );
            Err(Failure::new(FailureKind::UpstreamTimeout, message))
        })
    }
}

/// How the adapter's probe was answered.
struct Asked {
    judged: Judged,
    latency: Option<Duration>,
}

fn request_id() -> RequestId {
    let id = format!("probe-{}", Uuid::now_v7().simple());
    RequestId::parse(&id).expect("it is letters, digits and a dash")
}
