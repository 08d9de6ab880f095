//! Reaches the runtime of Amazon Bedrock, with AWS's request signatures or with a Bedrock API key.
//!
//! Paths come from the dialect as they are. Signing is the host's: the adapter names the slot and
//! says region and service, `bedrock` (the signing name in AWS's service model, whatever the host
//! name). API keys are bearer tokens:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html>.
//!
//! Models are not listed: that is the control plane's, another host (`bedrock.REGION…`), and what
//! an account may call is decided by grants and inference profiles besides. The probe is the one
//! `GET` that the runtime has, a list of asynchronous invocations cut to one entry: it costs
//! nothing and names no model. It needs the permission `bedrock:ListAsyncInvokes`; without it AWS
//! answers 403 although the credential may be good for models.
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ListAsyncInvokes.html>

use patchbay_sdk::{Call, Exchange, Failure, HttpAdapter, RequestHead, Settings};
use serde::Deserialize;

/// The name under which requests are signed.
const SERVICE: &str = "bedrock";

/// The adapter `bedrock`.
pub struct Bedrock;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Deserialize)]
struct ReachSettings {
    region: String,
    #[serde(default)]
    credential: Credential,
}

/// Which slot is used.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Credential {
    /// An access key that signs.
    #[default]
    Aws,
    /// A bearer token.
    ApiKey,
}

impl HttpAdapter for Bedrock {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        exchange(head, &call.settings()?)
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        let head = RequestHead::get("/async-invoke")
            .with_query("maxResults", "1")
            .with_header("accept", "application/json");
        exchange(head, &settings.read()?)
    }

    fn list_models(settings: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        settings.read::<ReachSettings>().and_then(|settings| check_region(&settings.region))?;
        Ok(None)
    }
}

fn exchange(head: RequestHead, settings: &ReachSettings) -> Result<Exchange, Failure> {
    check_region(&settings.region)?;
    let exchange = Exchange::new(head);
    Ok(match settings.credential {
        Credential::Aws => {
            exchange.with_credential("aws").with_aws_signing(&settings.region, SERVICE)
        }
        Credential::ApiKey => exchange.with_credential("api_key"),
    })
}

/// A region goes into what is signed: `us-gov-west-1`.
fn check_region(region: &str) -> Result<(), Failure> {
    let mut words = region.split('-');
    let number = words.next_back().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    if is_number && words.clone().count() >= 2 && words.all(is_word) {
        return Ok(());
    }
    Err(Failure::misconfigured("settings.region", "this is not a region of AWS, like eu-west-1"))
}

patchbay_sdk::export!(http_adapter: Bedrock);
