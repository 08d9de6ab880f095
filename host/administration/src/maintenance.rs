//! What happens without an operator: the end of grace times, wrapping by the current master key,
//! and the writing of what was counted.

use std::time::Duration;

use exchange::RequestId;
use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::administration::Administration;
use crate::audit_log;
use crate::board::Noun;
use crate::entry::{Entry, Resource};
use crate::master_key::Rewrap;
use crate::moment;
use crate::operator::{Acting, Operator, Role};
use crate::problem::AdminProblem;
use crate::usage;
use crate::workings::Workings;

/// How often it is looked whether there is something to do.
const BEAT: Duration = Duration::from_secs(5);

/// How often what is too old is removed.
const RETIRE_EVERY: Duration = Duration::from_secs(3600);

/// How long what was written down is kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Counted use.
    pub usage_days: u32,
    /// Entries of the audit log.
    pub audit_days: u32,
}

impl Retention {
    /// What is kept where the operator says nothing.
    pub const DEFAULT: Self = Self { usage_days: 400, audit_days: 400 };
}

impl Administration {
    /// Works in the background until it is told to stop; then waits for changes that have begun,
    /// writes what was counted, and returns. What fails is logged and tried again at the next
    /// beat. To be called once.
    pub async fn maintain(&self, stop: CancellationToken) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut retire = interval(RETIRE_EVERY);
        retire.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = retire.tick() => self.retire().await,
                _ = beat.tick() => self.work(&stop).await,
                () = self.workings.wake.notified() => self.work(&stop).await,
            }
        }
        self.workings.tasks.close();
        self.workings.tasks.wait().await;
        self.flush().await;
    }

    async fn work(&self, stop: &CancellationToken) {
        let workings = &self.workings;
        if let Err(problem) = workings.destroy_previous(moment::now()).await {
            tracing::warn!("previous credentials were not destroyed: {problem}");
        }
        while !stop.is_cancelled() {
            match workings.rewrap_some().await {
                Ok(Rewrap::GoOn) => {}
                Ok(Rewrap::Done) => break,
                Err(problem) => {
                    tracing::warn!("secrets were not wrapped by the current key: {problem}");
                    break;
                }
            }
        }
        self.flush().await;
    }

    async fn flush(&self) {
        if let Err(problem) = self.ledger().flush(self.store()).await {
            tracing::warn!("what was counted is not written yet: {problem}");
        }
    }

    async fn retire(&self) {
        let (now, Retention { usage_days, audit_days }) = (moment::now(), self.retention);
        if let Err(problem) = usage::retire(self.store(), now, usage_days).await {
            tracing::warn!("old counts of use were not removed: {problem}");
        }
        if let Err(problem) = audit_log::retire(self.store(), now, audit_days).await {
            tracing::warn!("old entries of the audit log were not removed: {problem}");
        }
    }
}

impl Workings {
    /// Destroys the secrets that rotations replaced and whose time is over at `now`. Each is an
    /// entry of the audit log, by the gateway itself.
    pub(crate) async fn destroy_previous(&self, now: OffsetDateTime) -> Result<(), AdminProblem> {
        let is_over = |entry: &Entry| match &entry.resource {
            Resource::Provider(provider) => {
                let previous = provider.credentials.previous.as_ref();
                previous.is_some_and(|previous| previous.until <= now)
            }
            Resource::ApiKey(_) | Resource::Route(_) => false,
        };
        let inventory = self.now_held();
        let over = inventory.after(Noun::Provider, None).filter(|(_, entry)| is_over(entry));
        for (id, _) in over {
            let turn = self.turn().await;
            let entry = turn.inventory.get(Noun::Provider, id).filter(|entry| is_over(entry));
            if let Some(entry) = entry.cloned() {
                turn.forget_previous(&itself(), &entry).await?;
            }
        }
        Ok(())
    }
}

/// The gateway, where the audit log names an operator.
fn itself() -> Acting {
    let operator = Operator { subject: "patchbay".to_owned(), role: Role::Admin };
    let request_id = RequestId::parse("maintenance").expect("it is a well-formed id");
    Acting { operator, request_id }
}
