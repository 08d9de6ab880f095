//! One thing that an operator did.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Kind, Put, Record, Revision};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::moment;
use crate::operator::{Acting, Role};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum AuditAction {
    /// A provider was made.
    #[serde(rename = "provider.create")]
    ProviderCreate,
    /// A provider was replaced or patched.
    #[serde(rename = "provider.update")]
    ProviderUpdate,
    /// A provider was removed.
    #[serde(rename = "provider.delete")]
    ProviderDelete,
    /// A provider got a new credential.
    #[serde(rename = "provider.rotate-credentials")]
    ProviderRotateCredentials,
    /// A provider got its previous credential back.
    #[serde(rename = "provider.rollback-credentials")]
    ProviderRollbackCredentials,
    /// An API key was made.
    #[serde(rename = "api-key.create")]
    ApiKeyCreate,
    /// An API key was replaced or patched.
    #[serde(rename = "api-key.update")]
    ApiKeyUpdate,
    /// An API key was removed.
    #[serde(rename = "api-key.delete")]
    ApiKeyDelete,
    /// An API key was revoked.
    #[serde(rename = "api-key.revoke")]
    ApiKeyRevoke,
    /// A route was made.
    #[serde(rename = "route.create")]
    RouteCreate,
    /// A route was replaced or patched.
    #[serde(rename = "route.update")]
    RouteUpdate,
    /// A route was removed.
    #[serde(rename = "route.delete")]
    RouteDelete,
    /// A new master key began.
    #[serde(rename = "master-key.rotate")]
    MasterKeyRotate,
    /// The store was backed up.
    #[serde(rename = "store.backup")]
    StoreBackup,
    /// A plugin was installed, or a version of one.
    #[serde(rename = "plugin.upload")]
    PluginUpload,
    /// A version of a plugin was approved.
    #[serde(rename = "plugin.approve")]
    PluginApprove,
    /// The serving version of a plugin was told to stay.
    #[serde(rename = "plugin.pin")]
    PluginPin,
    /// It need not stay any more.
    #[serde(rename = "plugin.unpin")]
    PluginUnpin,
    /// An earlier version of a plugin serves again.
    #[serde(rename = "plugin.roll-back")]
    PluginRollBack,
    /// A version of a plugin got a share of the exchanges.
    #[serde(rename = "plugin.canary")]
    PluginCanary,
    /// That version serves all of them.
    #[serde(rename = "plugin.promote")]
    PluginPromote,
    /// New versions of a plugin start otherwise.
    #[serde(rename = "plugin.rollout")]
    PluginRollout,
    /// A plugin was removed.
    #[serde(rename = "plugin.remove")]
    PluginRemove,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 23] = [
        Self::ProviderCreate,
        Self::ProviderUpdate,
        Self::ProviderDelete,
        Self::ProviderRotateCredentials,
        Self::ProviderRollbackCredentials,
        Self::ApiKeyCreate,
        Self::ApiKeyUpdate,
        Self::ApiKeyDelete,
        Self::ApiKeyRevoke,
        Self::RouteCreate,
        Self::RouteUpdate,
        Self::RouteDelete,
        Self::MasterKeyRotate,
        Self::StoreBackup,
        Self::PluginUpload,
        Self::PluginApprove,
        Self::PluginPin,
        Self::PluginUnpin,
        Self::PluginRollBack,
        Self::PluginCanary,
        Self::PluginPromote,
        Self::PluginRollout,
        Self::PluginRemove,
    ];

    /// Its name in entries and queries: noun, dot, verb.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderCreate => "provider.create",
            Self::ProviderUpdate => "provider.update",
            Self::ProviderDelete => "provider.delete",
            Self::ProviderRotateCredentials => "provider.rotate-credentials",
            Self::ProviderRollbackCredentials => "provider.rollback-credentials",
            Self::ApiKeyCreate => "api-key.create",
            Self::ApiKeyUpdate => "api-key.update",
            Self::ApiKeyDelete => "api-key.delete",
            Self::ApiKeyRevoke => "api-key.revoke",
            Self::RouteCreate => "route.create",
            Self::RouteUpdate => "route.update",
            Self::RouteDelete => "route.delete",
            Self::MasterKeyRotate => "master-key.rotate",
            Self::StoreBackup => "store.backup",
            Self::PluginUpload => "plugin.upload",
            Self::PluginApprove => "plugin.approve",
            Self::PluginPin => "plugin.pin",
            Self::PluginUnpin => "plugin.unpin",
            Self::PluginRollBack => "plugin.roll-back",
            Self::PluginCanary => "plugin.canary",
            Self::PluginPromote => "plugin.promote",
            Self::PluginRollout => "plugin.rollout",
            Self::PluginRemove => "plugin.remove",
        }
    }

    /// What it is done to: the name before the dot.
    #[must_use]
    pub fn noun(self) -> &'static str {
        self.as_str().split_once('.').map_or("", |(noun, _)| noun)
    }
}

/// What was done to what, for [`AuditEntry::new`]. Documents hold no secrets.
#[derive(Clone, Debug)]
pub(crate) struct Change<'a> {
    /// What was done.
    pub(crate) action: AuditAction,
    /// To which one: the id.
    pub(crate) target: &'a str,
    /// What was there, as `GET` showed it.
    pub(crate) before: Option<Value>,
    /// What is there now, as `GET` shows it.
    pub(crate) after: Option<Value>,
}

/// Who did what to what, when, and in which request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// The revision of the commit, as twenty digits; entries stand in its order.
    #[serde(default)]
    #[schema(example = "00000000000000000007")]
    pub id: String,
    /// When, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T09:30:00.123Z", format = DateTime)]
    pub at: String,
    /// `sub` of the operator's token.
    pub actor: String,
    /// The operator's role.
    pub role: Role,
    /// The request it came with.
    pub request_id: String,
    /// What was done.
    pub action: AuditAction,
    /// What it was done to: `provider`, `api-key`, `route`, `master-key`, `store`,
    /// `plugin`.
    pub noun: String,
    /// To which one.
    pub target: String,
    /// What was there before, without secrets.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What is there since, without secrets.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

impl AuditEntry {
    /// What an operator does now.
    pub(crate) fn new(acting: &Acting, change: Change<'_>) -> Self {
        Self::at(OffsetDateTime::now_utc(), acting, change)
    }

    /// What an operator does at a time.
    pub(super) fn at(at: OffsetDateTime, acting: &Acting, change: Change<'_>) -> Self {
        Self {
            id: String::new(),
            at: moment::text(at),
            actor: acting.operator.subject.clone(),
            role: acting.operator.role,
            request_id: acting.request_id.to_string(),
            action: change.action,
            noun: change.action.noun().to_owned(),
            target: change.target.to_owned(),
            before: change.before,
            after: change.after,
        }
    }

    /// The write that keeps it, for the batch of the change; its id is the revision of the commit.
    pub(crate) fn put(&self) -> Put {
        Put { kind: Kind::Audit, key: None, body: self.body() }
    }

    /// The write that completes an entry that the commit of this revision wrote.
    pub(crate) fn put_again(&self, written_by: Revision) -> Put {
        Put { kind: Kind::Audit, key: Some(Self::key_of(written_by)), body: self.body() }
    }

    /// The id of the entry that a commit wrote.
    pub(crate) fn key_of(written_by: Revision) -> String {
        format!("{written_by:020}")
    }

    fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an entry has text keys only")
    }

    /// An entry as it was kept, or `None` if the record holds something else: it stays where it
    /// is, and the others are shown.
    pub(super) fn read(record: Record) -> Option<Self> {
        let Ok(mut entry) = serde_json::from_slice::<Self>(&record.body) else {
            tracing::warn!(key = record.key, "a record of the audit log cannot be read");
            return None;
        };
        entry.id = record.key;
        Some(entry)
    }

    /// When it was; `None` if that cannot be read.
    pub(super) fn time(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(&self.at, &Rfc3339).ok()
    }
}
