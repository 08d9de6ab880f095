//! New credentials for a provider: tried first, then switched to, with a way back for a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange::{ProbeReport, Verdict};
use resources::{Problem, Problems, Provider, SlotName, did_you_mean, member_path};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::administration::{Administration, Target};
use crate::audit_log::AuditAction;
use crate::board::Noun;
use crate::change::{self, Draft, Fit};
use crate::credentials::{self, Sealer};
use crate::entry::{Entry, Resource, StoredProvider};
use crate::holdings::{HeldProvider, SlotSecrets};
use crate::loading::place;
use crate::moment;
use crate::operator::Acting;
use crate::precondition::Precondition;
use crate::problem::AdminProblem;
use crate::records::{PreviousCredentials, SealedCredentials};
use crate::views::View;
use crate::workings::Workings;

/// What an operator asks for.
struct Rotation {
    secrets: BTreeMap<String, SecretString>,
    grace: Duration,
    verify: bool,
}

impl Administration {
    /// Longest secret.
    pub const MAX_SECRET_BYTES: usize = secrets::MAX_SECRET_BYTES;

    /// Longest time for which a replaced secret can be put back.
    pub const MAX_GRACE_SECONDS: u64 = 7 * 24 * 3600;

    /// That time where the operator says nothing.
    pub const DEFAULT_GRACE_SECONDS: u64 = 3600;

    /// Replaces credentials of a stored provider. Unless the operator says otherwise, the provider
    /// is asked with the new ones first, and nothing changes if it does not accept them. Requests
    /// on their way keep the secret they have; the replaced one stays sealed for the grace time. A
    /// rotation within the grace time of another one ends that one's.
    ///
    /// Dropping the future stops the asking, but not a change that has begun.
    ///
    /// # Errors
    /// [`AdminProblem::NotVerified`]; [`AdminProblem::Stale`] if the provider was changed while it
    /// was asked; else as [`Administration::replace`].
    pub async fn rotate_credentials(
        &self,
        acting: &Acting,
        target: Target<'_>,
        document: Value,
    ) -> Result<View, AdminProblem> {
        let rotation = Rotation::read(document)?;
        let inventory = self.workings.now_held();
        let target = Target { noun: Noun::Provider, ..target };
        let seen = change::find(&self.workings, &inventory, target)?;
        if rotation.verify {
            self.verify(&seen, &rotation).await?;
        }
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let change = async move { switch(&workings, &acting, &seen, rotation).await };
        self.workings.uninterrupted(change).await
    }

    /// Puts back what the latest rotation replaced, and destroys what took its place.
    ///
    /// # Errors
    /// [`AdminProblem::Conflict`] if there is nothing to put back; else as
    /// [`Administration::replace`].
    pub async fn roll_back_credentials(
        &self,
        acting: &Acting,
        target: Target<'_>,
    ) -> Result<View, AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let (id, precondition) = (target.id.to_owned(), target.precondition);
        let change = async move {
            let target = Target { noun: Noun::Provider, id: &id, precondition };
            put_back(&workings, &acting, target).await
        };
        self.workings.uninterrupted(change).await
    }

    async fn verify(&self, seen: &Entry, rotation: &Rotation) -> Result<(), AdminProblem> {
        let Resource::Provider(provider) = &seen.resource else { return Ok(()) };
        let mut secrets = provider.held.secrets.clone();
        for (slot, secret) in &rotation.secrets {
            secrets.insert(slot.clone(), Arc::new(secret.clone()));
        }
        let board = &self.workings.parts.board;
        let same_slots = secrets.len() == provider.held.secrets.len();
        let report = if same_slots {
            board.probe(&provider.held, &secrets).await
        } else {
            // As it would be: what serves now may be set aside for want of this very secret.
            let held = with_secrets(provider, secrets.clone());
            board.probe(&held, &secrets).await
        };
        if report.is_good() { Ok(()) } else { Err(AdminProblem::NotVerified(reasons(&report))) }
    }
}

impl Rotation {
    fn read(document: Value) -> Result<Self, AdminProblem> {
        const MEMBERS: [&str; 3] = ["credentials", "grace_seconds", "verify"];
        let mut problems = Problems::default();
        let Value::Object(mut members) = document else {
            let fix = "write { \"credentials\": { \"slot\": \"new secret\" } }";
            problems.report("", "must be an object", fix);
            return Err(AdminProblem::Invalid(problems.into_vec()));
        };
        let secrets = read_secrets(members.remove("credentials"), &mut problems);
        let grace = read_grace(&members, &mut problems);
        let verify = match members.get("verify") {
            None | Some(Value::Null) => true,
            Some(Value::Bool(verify)) => *verify,
            Some(_) => {
                problems.report("verify", "must be true or false", "write true or false");
                true
            }
        };
        for name in members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
            let path = member_path("", name);
            problems.report(path, "unknown member", did_you_mean(name, MEMBERS));
        }
        if problems.is_empty() {
            Ok(Self { secrets, grace, verify })
        } else {
            Err(AdminProblem::Invalid(problems.into_vec()))
        }
    }
}

fn read_secrets(value: Option<Value>, problems: &mut Problems) -> BTreeMap<String, SecretString> {
    const FIX: &str = "write { \"slot\": \"new secret\" }";
    let mut secrets = BTreeMap::new();
    let slots = match value {
        Some(Value::Object(slots)) if !slots.is_empty() => slots,
        Some(Value::Object(_)) => {
            problems.report("credentials", "is empty", FIX);
            return secrets;
        }
        None | Some(Value::Null) => {
            problems.report("credentials", "is missing", FIX);
            return secrets;
        }
        Some(_) => {
            problems.report("credentials", "must be an object", FIX);
            return secrets;
        }
    };
    for (slot, value) in slots {
        let path = member_path("credentials", &slot);
        if let Err(problem) = slot.parse::<SlotName>() {
            problems.report(path, "is no credential slot", format!("use {}", problem.rule));
        } else if let Value::String(text) = value {
            let secret = credentials::secret(text, &path, problems);
            secrets.extend(secret.map(|secret| (slot, secret)));
        } else {
            problems.report(path, "must be a text", "write the new secret");
        }
    }
    secrets
}

fn read_grace(members: &Map<String, Value>, problems: &mut Problems) -> Duration {
    let most = Administration::MAX_GRACE_SECONDS;
    let seconds = match members.get("grace_seconds") {
        None | Some(Value::Null) => Some(Administration::DEFAULT_GRACE_SECONDS),
        Some(value) => value.as_u64().filter(|seconds| *seconds <= most),
    };
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map_or_else(
        || {
            let fix = format!("use a whole number from 0 to {most}");
            problems.report("grace_seconds", "is no time to wait", fix);
            Duration::ZERO
        },
        Duration::seconds,
    )
}

/// Writes a rotation, if the provider is still the one that was seen.
async fn switch(
    workings: &Workings,
    acting: &Acting,
    seen: &Entry,
    rotation: Rotation,
) -> Result<View, AdminProblem> {
    let turn = workings.turn().await;
    let id = seen.resource.id();
    let precondition = Precondition::Revision(seen.etag);
    let before = turn.find(Target { noun: Noun::Provider, id, precondition })?;
    let Resource::Provider(provider) = &before.resource else {
        return Err(change::not_found(Noun::Provider, id));
    };
    let now = moment::now();
    let mut slots = provider.credentials.slots.clone();
    let mut secrets = provider.held.secrets.clone();
    let mut replaced = BTreeMap::new();
    let mut sealer = Sealer::new(&workings.parts.vault, id, Some(&provider.credentials), now);
    for (slot, secret) in rotation.secrets {
        let sealed = sealer.seal(&slot, &secret).await?;
        replaced.insert(slot.clone(), slots.insert(slot.clone(), sealed));
        secrets.insert(slot, Arc::new(secret));
    }
    let previous = PreviousCredentials { until: now + rotation.grace, slots: replaced };
    let previous = Some(previous).filter(|_| rotation.grace.is_positive());
    let credentials = SealedCredentials { serial: sealer.serial(), slots, previous };
    let after = changed(&before, provider, (credentials, secrets), now);
    let draft = Draft {
        action: AuditAction::ProviderRotateCredentials,
        before: Some(before),
        after,
        fit: Fit::Required,
    };
    let entry = turn.write(acting, draft).await?;
    Ok(workings.view_of(&entry))
}

async fn put_back(
    workings: &Workings,
    acting: &Acting,
    target: Target<'_>,
) -> Result<View, AdminProblem> {
    let id = target.id;
    let turn = workings.turn().await;
    let before = turn.find(target)?;
    let Resource::Provider(provider) = &before.resource else {
        return Err(change::not_found(Noun::Provider, id));
    };
    let now = moment::now();
    let previous = provider.credentials.previous.as_ref().filter(|previous| previous.until > now);
    let previous = previous.ok_or_else(|| {
        AdminProblem::Conflict(format!(
            "provider {id:?} has no previous credentials, or their time is over; rotate to the \
             secret that you want"
        ))
    })?;
    let mut slots = provider.credentials.slots.clone();
    let mut secrets = provider.held.secrets.clone();
    for (slot, secret) in &previous.slots {
        match secret {
            Some(secret) => {
                let place = place(id, slot, secret);
                let opened = workings.parts.vault.open(&secret.sealed, &place).await?;
                secrets.insert(slot.clone(), Arc::new(opened));
                slots.insert(slot.clone(), secret.clone());
            }
            None => {
                secrets.remove(slot);
                slots.remove(slot);
            }
        }
    }
    let serial = provider.credentials.serial;
    let credentials = SealedCredentials { serial, slots, previous: None };
    let after = changed(&before, provider, (credentials, secrets), now);
    let draft = Draft {
        action: AuditAction::ProviderRollbackCredentials,
        before: Some(before),
        after,
        fit: Fit::Required,
    };
    let entry = turn.write(acting, draft).await?;
    Ok(workings.view_of(&entry))
}

/// The same provider with other credentials.
fn changed(
    before: &Entry,
    provider: &StoredProvider,
    (credentials, secrets): (SealedCredentials, SlotSecrets),
    now: OffsetDateTime,
) -> Entry {
    let unopened = still_unopened(provider, &secrets);
    let held = Arc::new(with_secrets(provider, secrets));
    let resource = Resource::Provider(StoredProvider { held, credentials, unopened });
    Entry { resource, updated_at: now, ..before.clone() }
}

fn still_unopened(provider: &StoredProvider, secrets: &SlotSecrets) -> Vec<Problem> {
    let opened: Vec<_> = secrets.keys().map(|slot| member_path("credentials", slot)).collect();
    let unopened = provider.unopened.iter().filter(|problem| !opened.contains(&problem.path));
    unopened.cloned().collect()
}

fn with_secrets(provider: &StoredProvider, secrets: SlotSecrets) -> HeldProvider {
    let document = provider.held.document.clone();
    let provider: Provider = provider.held.provider.clone();
    HeldProvider { document, provider, secrets }
}

/// What failed, step by step.
fn reasons(report: &ProbeReport) -> String {
    let steps =
        [("reach", &report.reach), ("TLS", &report.tls), ("credential", &report.credential)];
    let failed = steps.iter().filter(|(_, step)| step.verdict == Verdict::Failed);
    let failed = failed
        .map(|(name, step)| format!("{name}: {}", step.message.as_deref().unwrap_or("failed")));
    let failed: Vec<_> = failed.collect();
    if failed.is_empty() { "the probe was not answered".to_owned() } else { failed.join(", ") }
}
