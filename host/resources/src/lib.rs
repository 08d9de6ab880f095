//! The nouns an operator manages, and what is wrong with them.
//!
//! Owns [`Provider`], [`Route`], [`ApiKey`] and their ids, and reads them out of a tree of JSON
//! values, whoever wrote it: a TOML file, the environment, an API. Reading parses once and
//! collects every [`Problem`] at once, each with the path of the member at fault and a way to
//! mend it; whoever holds a [`Document`] holds proof that it is consistent in itself. Whether a
//! plugin of a name exists is not known here.
//!
//! No I/O and no secrets: a credential is the unresolved text of a reference. Deserialising is
//! not left to `serde`, because that stops at the first problem and quotes values in its
//! messages, and a value may be a secret.

mod alone;
mod api_key;
mod base_url;
mod document;
mod fields;
mod ids;
mod offered;
mod problem;
mod provider;
mod route;
mod sandbox;
mod suggestion;
mod unresolved;

pub use alone::MEMBERS_OF_VIEWS;
pub use api_key::{ApiKey, KeyLimits, KeySource, KeyState};
pub use base_url::{BaseUrl, BaseUrlProblem};
pub use document::Document;
pub use fields::{Element, Fields, Member, kind_of};
pub use ids::{IdProblem, KeyId, ModelName, PluginName, ProviderId, SlotName};
pub use offered::Offered;
pub use problem::{Problem, Problems, element_path, member_path};
pub use provider::{Limits, Models, Network, Provider, Retries, Timeouts};
pub use route::{Candidate, FallbackOn, Route, RouteTimeouts};
pub use sandbox::{CredentialWay, DebianPackage, FarHost, FarHostProblem, PackageProblem, Sandbox};
pub use suggestion::{did_you_mean, nearest};
pub use unresolved::{EmptySecret, Unresolved};
