//! The port to what serves: the gateway's tables, as far as an operator's action needs them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use exchange::ProbeReport;
use resources::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::holdings::{HeldProvider, Holdings, SlotSecrets};
use crate::programs::ProgramsView;

/// The sorts of resources that an operator manages.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Noun {
    /// An upstream account.
    Provider,
    /// An API key.
    ApiKey,
    /// A public model name.
    Route,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "provider",
            Self::ApiKey => "API key",
            Self::Route => "route",
        })
    }
}

/// What the configuration file says, by id. Each value is the resource as `GET` shows it, without
/// secrets and without the members about its origin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filed {
    /// Providers; in `credentials`, each slot holds `{"fingerprint": …}`.
    pub providers: BTreeMap<String, Map<String, Value>>,
    /// API keys, without key and digest.
    pub api_keys: BTreeMap<String, Map<String, Value>>,
    /// Routes, by model name.
    pub routes: BTreeMap<String, Map<String, Value>>,
}

/// A stored resource that does not fit what else there is: it is set aside, the rest serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// What it is.
    pub noun: Noun,
    /// Which one.
    pub id: String,
    /// Why, with paths within the resource: `settings.region`. Not empty.
    pub problems: Vec<Problem>,
}

/// Tables compiled of holdings, not yet valid. Dropping it changes nothing.
pub trait Fitting: Send {
    /// What would be set aside.
    fn misfits(&self) -> &[Misfit];

    /// Makes the tables valid, for the next request on.
    fn switch(self: Box<Self>);
}

/// What serves now.
#[async_trait]
pub trait Board: Send + Sync {
    /// What the configuration file says.
    fn filed(&self) -> Arc<Filed>;

    /// Stored resources that are set aside now.
    fn misfits(&self) -> Arc<[Misfit]>;

    /// What programs are kept in now.
    fn programs(&self) -> ProgramsView {
        ProgramsView::default()
    }

    /// Compiles holdings beside what the file says, plugins included. Reloads of the file wait
    /// until the answer is switched or dropped.
    async fn fit(&self, holdings: Holdings) -> Box<dyn Fitting>;

    /// Asks a provider for real, with these secrets in place of those that are valid. What is
    /// valid does not change. The provider need not be one that serves, but must have fitted.
    async fn probe(&self, provider: &HeldProvider, secrets: &SlotSecrets) -> ProbeReport;

    /// As [`Board::probe`], a provider of the configuration file with its own secrets; `None` if
    /// there is none of this id.
    async fn probe_filed(&self, id: &str) -> Option<ProbeReport>;
}
