//! The operator's actions: durable, audited, and effective before they are answered.
//!
//! Owns who an operator is ([`TokenVerifier`]), what the store holds at this moment
//! ([`Holdings`]), and every change of it: providers and their credentials, API keys, routes,
//! master-key rotation, backups; the audit log; and what was used ([`UsageLedger`]). What serves is
//! behind the port [`Board`], the life of plugins behind [`Plugins`]; nothing here knows wasmtime,
//! reqwest, sled or axum.
//!
//! Every change goes the same way, one at a time: check the precondition, read the document,
//! compile the holdings as they would be ([`Board::fit`]), write record and audit entry in one
//! batch, switch, answer. So a bad document never replaces a good one, what is answered is on
//! the disk, and two operators cannot lose each other's change.

mod administration;
mod audit_log;
mod authentication;
mod board;
mod change;
mod credentials;
mod documents;
mod edit;
mod entry;
mod holdings;
mod inventory;
mod keys;
mod loading;
mod maintenance;
mod master_key;
mod moment;
mod operator;
mod page;
mod parameters;
mod plugins;
mod precondition;
mod problem;
mod programs;
mod providers;
mod records;
mod rotation;
mod shown;
mod status;
mod usage;
mod views;
mod workings;

pub use administration::{Administration, AdministrationParts, Target};
pub use audit_log::{AuditAction, AuditChunk, AuditEntry, AuditFilter, AuditPage, AuditQuery};
pub use authentication::{
    JwksSource, MAX_JWKS_BYTES, MintProblem, NewToken, RulesProblem, TokenKeys, TokenRules,
    TokenVerifier, mint,
};
pub use board::{Board, Filed, Fitting, Misfit, Noun};
pub use holdings::{HeldKey, HeldProvider, HeldRoute, Holdings, SlotSecrets};
pub use inventory::Inventory;
pub use maintenance::Retention;
pub use operator::{Acting, Operator, Role};
pub use page::PageRequest;
pub use plugins::{
    AutoRuleView, CanaryPlanView, PendingPluginView, PluginAction, PluginAsksView,
    PluginCanaryView, PluginEventView, PluginFiguresView, PluginGenerationView, PluginKindView,
    PluginList, PluginOriginView, PluginProblem, PluginProblemSort, PluginTarget, PluginUpload,
    PluginVersionView, PluginView, Plugins, PluginsView, QuarantinedPluginView, RolloutKind,
    RolloutView, Uploaded, UploadedPlugin, WideningView,
};
pub use precondition::Precondition;
pub use problem::AdminProblem;
pub use programs::{MissingLayerView, ProgramProviderView, ProgramsView, SandboxView};
pub use store::BackupSummary;
pub use usage::{UsageCounts, UsageGroup, UsageLedger, UsageQuery, UsageReport, UsageRow};
pub use views::{
    CheckView, CountView, DamageView, ListView, MasterKeyView, ProbeStepView, ProbeView,
    ProblemView, SetAsideView, StatusView, VerdictView, View,
};

#[cfg(test)]
mod tests;
