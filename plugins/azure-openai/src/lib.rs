//! Reaches Azure OpenAI, by its v1 API or by a dated version of the API before it.
//!
//! The base URL is the resource's host. The v1 API is OpenAI's under `/openai/v1`, and the model
//! of a request is the name of a deployment. A dated `api_version` names the deployment in the
//! path: `/openai/deployments/NAME/chat/completions?api-version=…`; the model in the body is not
//! looked at then. Bodies and replies are OpenAI's in both, so `openai-chat` and
//! `openai-responses` are the dialects.
//!
//! Sources: <https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle>,
//! <https://learn.microsoft.com/azure/ai-services/openai/reference>.

use std::collections::BTreeMap;

use patchbay_sdk::request::path_segment;
use patchbay_sdk::{Call, Exchange, Failure, HttpAdapter, RequestHead, Settings, models};
use serde::Deserialize;

/// Operations that a dated version has under a deployment; it has the others beside them.
const OF_A_DEPLOYMENT: [&str; 3] = ["/chat/completions", "/completions", "/embeddings"];

/// The adapter `azure-openai`.
pub struct AzureOpenAi;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Deserialize)]
struct AzureSettings {
    #[serde(default)]
    api_version: Option<String>,
    /// Models to deployments, for dated versions.
    #[serde(default)]
    deployments: BTreeMap<String, String>,
    #[serde(default)]
    credential: Slot,
}

/// Which credential is used; both are named like their slots.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Slot {
    #[default]
    ApiKey,
    Entra,
}

/// Which API is spoken.
enum Version<'a> {
    /// Without a version, or with a word: "preview".
    V1(Option<&'a str>),
    /// `2024-10-21`, `2025-04-01-preview`.
    Dated(&'a str),
}

impl HttpAdapter for AzureOpenAi {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        let settings: AzureSettings = call.settings()?;
        let deployment = settings.deployments.get(&call.model);
        let head = match settings.version()? {
            Version::V1(_) if deployment.is_some_and(|name| *name != call.model) => {
                let setting = format!("settings.deployments.{}", call.model);
                let reason = "the v1 API takes the deployment's name as the model: name it so in \
                              the route, or set a dated api_version";
                return Err(Failure::misconfigured(&setting, reason));
            }
            version => {
                let deployment = deployment.unwrap_or(&call.model);
                version.reach(head, Some(deployment))
            }
        };
        Ok(settings.exchange(head))
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        let settings: AzureSettings = settings.read()?;
        let head = settings.version()?.reach(models::list_head(), None);
        Ok(settings.exchange(head))
    }
}

impl AzureSettings {
    fn version(&self) -> Result<Version<'_>, Failure> {
        let wrong = |reason| Err(Failure::misconfigured("settings.api_version", reason));
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        match self.api_version.as_deref() {
            None | Some("v1") => Ok(Version::V1(None)),
            Some("") => wrong("leave it out for the v1 API"),
            Some(version) if !version.bytes().all(is_plain) => {
                wrong("a version is \"v1\", \"preview\" or a date like 2024-10-21")
            }
            Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(Version::Dated(version))
            }
            Some(version) => Ok(Version::V1(Some(version))),
        }
    }

    fn exchange(&self, head: RequestHead) -> Exchange {
        Exchange::new(head).with_credential(match self.credential {
            Slot::ApiKey => "api_key",
            Slot::Entra => "entra",
        })
    }
}

impl Version<'_> {
    /// The dialect's head with the path that the version wants.
    fn reach(&self, head: RequestHead, deployment: Option<&String>) -> RequestHead {
        let (prefix, version) = match self {
            Self::V1(version) => ("/openai/v1".to_owned(), *version),
            Self::Dated(version) => {
                let path = head.path_and_query.split('?').next().unwrap_or_default();
                let deployment = deployment.filter(|_| OF_A_DEPLOYMENT.contains(&path));
                let prefix = match deployment {
                    Some(name) => format!("/openai/deployments/{}", path_segment(name)),
                    None => "/openai".to_owned(),
                };
                (prefix, Some(*version))
            }
        };
        let head = head.with_path_prefix(&prefix);
        match version {
            Some(version) => head.with_query("api-version", version),
            None => head,
        }
    }
}

patchbay_sdk::export!(http_adapter: AzureOpenAi);
