//! The use `oauth2-client-credentials`: a client asks for a token in its own name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::Failure;
use http::HeaderValue;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::form_urlencoded;

use super::mint::{self, TokenRequest};
use super::{misconfigured, shape};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    token_url: String,
    client_id: String,
    client_secret: SecretString,
    scope: Option<String>,
    audience: Option<String>,
    #[serde(default)]
    auth: Placement,
}

/// Where id and secret are sent (RFC 6749 section 2.3.1).
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Placement {
    #[default]
    Body,
    Basic,
}

/// What is asked with this secret (RFC 6749 section 4.4.2). `audience` is no part of the
/// specification; authorization servers that need one all call it so.
///
/// # Errors
/// `ProviderMisconfigured`, without a word of the secret.
pub(super) fn token_request(secret: &str) -> Result<TokenRequest, Failure> {
    let client: Client =
        serde_json::from_str(secret).map_err(|error| malformed().with_cause(shape(&error)))?;
    let endpoint = mint::endpoint(&client.token_url)?;
    if client.client_id.is_empty() || client.client_secret.expose_secret().is_empty() {
        return Err(malformed());
    }
    let mut sent =
        vec![client.client_secret.clone(), encoded(client.client_secret.expose_secret())];
    let authorization = match client.auth {
        Placement::Body => None,
        Placement::Basic => {
            let pair = basic(&client);
            let mut value = HeaderValue::from_str(&format!("Basic {}", pair.expose_secret()))
                .map_err(|_| malformed())?;
            value.set_sensitive(true);
            sent.push(pair);
            Some(value)
        }
    };
    Ok(TokenRequest { endpoint, authorization, form: form(&client), sent })
}

fn form(client: &Client) -> SecretString {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if client.auth == Placement::Body {
        form.append_pair("client_id", &client.client_id);
        form.append_pair("client_secret", client.client_secret.expose_secret());
    }
    for (name, value) in [("scope", &client.scope), ("audience", &client.audience)] {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    form.finish().into()
}

/// Both halves are form-encoded before they are joined.
fn basic(client: &Client) -> SecretString {
    let id = encoded(&client.client_id);
    let secret = encoded(client.client_secret.expose_secret());
    let pair = Zeroizing::new(format!("{}:{}", id.expose_secret(), secret.expose_secret()));
    STANDARD.encode(pair.as_bytes()).into()
}

fn encoded(text: &str) -> SecretString {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().into()
}

fn malformed() -> Failure {
    misconfigured(
        "the provider's credential has to be a JSON object with token_url, client_id, \
         client_secret and, where wanted, scope, audience and auth (\"body\" or \"basic\"); \
         check where it is read from",
    )
}

#[cfg(test)]
mod tests {
    use exchange::FailureKind;
    use serde_json::{Value, json};

    use super::*;

    fn secret() -> Value {
        json!({
            "token_url": "https://login.test/token", "client_id": "the client",
            "client_secret": "hush+&=:é",
        })
    }

    #[test]
    fn id_and_secret_are_sent_in_the_form_unless_basic_is_wanted() {
        let mut secret = secret();
        let request = token_request(&secret.to_string()).unwrap();
        assert_eq!(request.endpoint.as_str(), "https://login.test/token");
        assert_eq!(
            request.form.expose_secret(),
            "grant_type=client_credentials&client_id=the+client&client_secret=hush%2B%26%3D%3A%C3%A9"
        );
        assert!(request.authorization.is_none());
        secret["auth"] = json!("basic");
        secret["scope"] = json!("a b");
        secret["audience"] = json!("https://api.test/");
        let request = token_request(&secret.to_string()).unwrap();
        assert_eq!(
            request.form.expose_secret(),
            "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi.test%2F"
        );
        let value = request.authorization.clone().unwrap();
        let pair = "the+client:hush%2B%26%3D%3A%C3%A9";
        assert_eq!(value.to_str().unwrap(), format!("Basic {}", STANDARD.encode(pair)));
        assert!(value.is_sensitive());
        assert!(!format!("{request:?}").contains("hush"));
    }

    #[test]
    fn other_texts_are_refused_and_not_quoted() {
        let wrong = |member: &str, value: Value| {
            let mut secret = secret();
            secret[member] = value;
            secret.to_string()
        };
        for secret in [
            "hush".to_owned(),
            "{\"client_secret\":\"hush\"}".to_owned(),
            wrong("token_url", json!("http://hush.test/")),
            wrong("client_id", json!("")),
            wrong("client_secret", json!("")),
            wrong("client_secret", json!(["hush"])),
            wrong("auth", json!("hush")),
            wrong("hush", json!(1)),
        ] {
            let failure = token_request(&secret).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{secret}");
            let shown = format!("{failure:?} {:?}", failure.cause_chain());
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
