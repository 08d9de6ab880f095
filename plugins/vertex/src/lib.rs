//! Reaches Google Cloud's Vertex AI.
//!
//! The dialect says `/models/M:method`. With a project that becomes
//! `/v1/projects/P/locations/L/publishers/google/models/M:method`, in express mode, which knows
//! only an API key, `/v1/publishers/google/models/M:method`
//! (<https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference>).
//! Models of other publishers say theirs (`publishers/meta/models/M`), tuned ones are
//! `endpoints/ID` of the project.
//!
//! Models are listed with `publishers.models.list`, which only v1beta1 has. The list is the same
//! for every project: the probe, which asks for one entry, proves that Google is reached and
//! takes the credential, but not that the project may use a model. Express mode documents no
//! list, so there is none; its probe asks all the same and may fail although the key is good.

use patchbay_sdk::{
    Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings, explain,
};
use serde::Deserialize;

/// The adapter `vertex`.
pub struct Vertex;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Default, Deserialize)]
struct VertexSettings {
    project: Option<String>,
    location: Option<String>,
    publisher: Option<String>,
    #[serde(default)]
    credential: Credential,
    #[serde(default)]
    api_version: Version,
}

/// Which slot is named.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Credential {
    #[default]
    ServiceAccount,
    ApiKey,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Version {
    #[default]
    V1,
    V1beta1,
}

/// A page of the list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    publisher_models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
}

impl HttpAdapter for Vertex {
    fn prepare(call: &Call, mut head: RequestHead) -> Result<Exchange, Failure> {
        let settings: VertexSettings = call.settings()?;
        let parent = settings.parent()?;
        let version = settings.version();
        let path = &head.path_and_query;
        head.path_and_query = match path.split('/').nth(1) {
            Some("publishers") => format!("/{version}{parent}{path}"),
            Some("models") => {
                format!("/{version}{parent}/publishers/{}{path}", settings.publisher()?)
            }
            Some("endpoints") if !parent.is_empty() => format!("/{version}{parent}{path}"),
            _ => {
                let message = "Vertex AI has no such model; names are those of models, \
                               publishers/…/models/… or, with a project, endpoints/…";
                return Err(Failure::new(FailureKind::NotFound, message).with_param("model"));
            }
        };
        Ok(Exchange::new(head).with_credential(settings.credential.slot()))
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        settings.read::<VertexSettings>()?.list("1")
    }

    fn list_models(settings: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        let settings: VertexSettings = settings.read()?;
        match settings.credential {
            Credential::ServiceAccount => settings.list("1000").map(Some),
            Credential::ApiKey => Ok(None),
        }
    }

    fn read_models(head: &ResponseHead, body: &[u8]) -> Result<Vec<String>, Failure> {
        if !(200..300).contains(&head.status) {
            return Err(explain::reply(head, body));
        }
        let page: Page = serde_json::from_slice(body).map_err(|_| {
            let unknown = || Failure::upstream("the provider's model list is not a list of models");
            explain::error_instead_of_answer(body).unwrap_or_else(unknown)
        })?;
        let mut ids: Vec<String> = Vec::with_capacity(page.publisher_models.len());
        for model in page.publisher_models {
            let id = model.name.strip_prefix("publishers/google/models/").unwrap_or(&model.name);
            if !id.is_empty() && !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        Ok(ids)
    }
}

impl Credential {
    fn slot(self) -> &'static str {
        match self {
            Self::ServiceAccount => "service_account",
            Self::ApiKey => "api_key",
        }
    }
}

impl VertexSettings {
    /// `/projects/P/locations/L`; nothing in express mode.
    fn parent(&self) -> Result<String, Failure> {
        if self.credential == Credential::ApiKey && self.project.is_none() {
            return Ok(String::new());
        }
        // Projects of an organisation's own domain have the form example.com:name.
        let project = name("settings.project", self.project.as_deref(), b"-.:")?;
        let location = name("settings.location", self.location.as_deref(), b"-")?;
        Ok(format!("/projects/{project}/locations/{location}"))
    }

    fn publisher(&self) -> Result<&str, Failure> {
        name("settings.publisher", Some(self.publisher.as_deref().unwrap_or("google")), b"-._")
    }

    fn version(&self) -> &'static str {
        match self.api_version {
            Version::V1 => "v1",
            Version::V1beta1 => "v1beta1",
        }
    }

    fn list(&self, page_size: &str) -> Result<Exchange, Failure> {
        // What is wrong with the settings is said by the probe already.
        self.parent()?;
        let head = RequestHead::get(format!("/v1beta1/publishers/{}/models", self.publisher()?))
            .with_query("pageSize", page_size)
            .with_header("accept", "application/json");
        Ok(Exchange::new(head).with_credential(self.credential.slot()))
    }
}

/// A name that becomes a segment of the path.
fn name<'a>(member: &str, value: Option<&'a str>, signs: &[u8]) -> Result<&'a str, Failure> {
    let Some(value) = value else {
        return Err(Failure::misconfigured(member, "a service account needs it"));
    };
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || signs.contains(&b);
    let climbs = value.bytes().all(|b| b == b'.');
    if value.len() > 128 || climbs || !value.bytes().all(allowed) {
        let signs = String::from_utf8_lossy(signs);
        let reason =
            format!("1 to 128 lower-case letters, digits and any of {signs:?} are allowed");
        return Err(Failure::misconfigured(member, &reason));
    }
    Ok(value)
}

patchbay_sdk::export!(http_adapter: Vertex);
