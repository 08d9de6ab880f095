//! Probing a provider that is a program: running it once, as cheaply as its adapter knows.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{
    Adapter, CredentialUse, Failure, FailureKind, ProbeReport, ProbeStep, ProcessExchange,
    ProcessTarget, SentSecrets,
};
use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::judgement::{Judged, Sent};
use super::{Probing, request_id, untried};
use crate::inquiry::{self, Inquiry};

impl Probing<'_> {
    /// The program is reached if it ended well. That says little about its credential: a program
    /// is not asked to use it.
    pub(super) async fn by_running(&self, target: &Arc<ProcessTarget>) -> ProbeReport {
        let mut report = untried();
        report.tls = ProbeStep::not_applicable();
        report.models = ProbeStep::not_applicable();
        let began = Instant::now();
        let ran = self.in_time(self.run(target)).await;
        let took = began.elapsed();
        match ran {
            Ok(sent) => {
                report.reach = ProbeStep::good(took);
                report.credential = judge(&sent).into_step(took);
            }
            Err(failure) => report.reach = ProbeStep::failed(took, failure.message()),
        }
        report
    }

    async fn run(&self, target: &Arc<ProcessTarget>) -> Result<Sent, Failure> {
        let Inquiry { provider, credentials, .. } = self.inquiry;
        let Adapter::Process(adapter) = inquiry::adapter(&*self.ports.catalog, provider)? else {
            let message = "the adapter speaks HTTP, and the provider has no base_url; write one";
            return Err(Failure::new(FailureKind::ProviderMisconfigured, message));
        };
        let (plan, used) = adapter.probe(&provider.settings).await?;
        let variable = match used {
            Some(CredentialUse::Environment(variable)) => Some(variable),
            _ => None,
        };
        let slot = plan.credential.clone();
        let secret = slot.as_ref().and_then(|slot| credentials.secret(&provider.id, slot));
        let sent = Sent::of(slot, |_| secret.is_some());
        let secrets = SentSecrets::new(secret.iter().cloned().collect());
        let exchange = ProcessExchange {
            target: target.clone(),
            request_id: request_id(),
            plan: Arc::new(plan),
            credential: variable.zip(secret),
            body: Bytes::new(),
        };
        let ran = async {
            let mut output = self.ports.process.run(exchange).await?.body;
            while output.next().await.transpose()?.is_some() {}
            Ok(sent)
        };
        ran.await.map_err(|failure| secrets.redact(failure))
    }
}

fn judge(sent: &Sent) -> Judged {
    match sent {
        Sent::Secret(slot) => Judged::good(Some(format!(
            "the program ended well with the secret in slot {slot:?}; only a request shows \
             whether it is accepted"
        ))),
        Sent::Empty(slot) => Judged::not_applicable(format!("none is set in slot {slot:?}")),
        Sent::Nothing => Judged::not_applicable("the adapter's probe is run without one"),
    }
}
