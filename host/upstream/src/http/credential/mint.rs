//! One exchange with a token endpoint (RFC 6749 sections 4.4 and 5, RFC 7523 section 2.1).
//!
//! The endpoint's address is the operator's, out of the secret, and the egress policy of the
//! provider holds for it too. Messages name neither address nor secret; what the endpoint said
//! is for the log, without what it quoted of the request.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use exchange::{Failure, FailureKind, HttpTarget, redact};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use reqwest::{Client, Request, Response};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::{Host, Url};

use super::super::{problem, reach};
use super::tokens::Token;
use super::{misconfigured, shape};

/// The whole exchange. A caller waits no longer than its own deadlines allow.
const MINT_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of an answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Most bytes of a token: it has to fit into a header.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Most characters of what an endpoint says that are logged.
const MAX_SAID_CHARS: usize = 300;
/// What a token is taken to live where the endpoint does not say.
const LIFE_UNSAID: Duration = Duration::from_mins(5);

/// What is posted to a token endpoint.
#[derive(Debug)]
pub(super) struct TokenRequest {
    pub(super) endpoint: Url,
    /// The client's credential, unless it is in the form.
    pub(super) authorization: Option<HeaderValue>,
    /// `application/x-www-form-urlencoded`
    pub(super) form: SecretString,
    /// What the endpoint could quote.
    pub(super) sent: Vec<SecretString>,
}

/// The way to an endpoint.
pub(super) struct Way {
    pub(super) client: Client,
    pub(super) target: Arc<HttpTarget>,
}

/// The address of a token endpoint: HTTPS, or HTTP on this machine.
///
/// # Errors
/// `ProviderMisconfigured`, without the address.
pub(super) fn endpoint(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_bare = url.username().is_empty() && url.password().is_none();
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(url));
        is_bare && is_safe && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        misconfigured(
            "the token endpoint in the provider's credential has to be an https URL (http only \
             for this machine) without user name and fragment; correct the credential",
        )
    })
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Asks for a token.
///
/// # Errors
/// `UpstreamAuth` if the endpoint refused the credential, `UpstreamTimeout`, `UpstreamUnreachable`
/// for all else that it did, `ProviderMisconfigured` if it may not be reached.
pub(super) async fn mint(way: Way, request: TokenRequest) -> Result<Token, Failure> {
    let asked = Instant::now();
    let TokenRequest { endpoint, authorization, form, sent } = request;
    let post = post(endpoint, authorization, &form);
    let answered = tokio::time::timeout(MINT_TIMEOUT, exchange(way, post)).await;
    let (status, body) = answered.map_err(|_| too_late())??;
    if !status.is_success() {
        return Err(refused(status, &body, &sent));
    }
    read(&body, asked)
}

type Answered = (StatusCode, Zeroizing<Vec<u8>>);

async fn exchange(way: Way, post: Request) -> Result<Answered, Failure> {
    let Way { client, target } = way;
    reach::check_literal(post.url(), target.reach).map_err(of_the_endpoint)?;
    let response = client
        .execute(post)
        .await
        .map_err(|error| of_the_endpoint(problem::before_head(error, &target.timeouts)))?;
    let status = response.status();
    Ok((status, collect(response).await?))
}

fn post(endpoint: Url, authorization: Option<HeaderValue>, form: &SecretString) -> Request {
    let mut post = Request::new(Method::POST, endpoint);
    let headers = post.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    *post.body_mut() = Some(form.expose_secret().to_owned().into());
    post
}

/// The whole body. The buffer has its full size at once, so that it is not copied and leaves
/// nothing behind.
async fn collect(mut response: Response) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut body = Zeroizing::new(Vec::with_capacity(MAX_ANSWER_BYTES));
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|error| of_the_endpoint(problem::within_body(error)))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(unusable("its answer is over 64 KiB"));
        }
        body.extend_from_slice(&chunk);
    }
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    token_type: Option<String>,
    expires_in: Option<Seconds>,
}

/// A number; some servers write it as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    /// As a duration; what is no time at all is none.
    fn life(self) -> Duration {
        let seconds = match self {
            Self::Number(seconds) => seconds,
            Self::Text(text) => text.trim().parse().unwrap_or(0.0),
        };
        // A cast saturates.
        Duration::from_secs(seconds as u64)
    }
}

fn read(body: &[u8], asked: Instant) -> Result<Token, Failure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unusable(shape(&error)))?;
    let sort = answer.token_type.as_deref();
    if sort.is_some_and(|sort| !sort.eq_ignore_ascii_case("bearer")) {
        return Err(unusable("its token is of another type than bearer"));
    }
    let text = answer.access_token.expose_secret();
    let fits = (1..=MAX_TOKEN_BYTES).contains(&text.len());
    if !fits || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unusable("its token cannot stand in a header"));
    }
    let life = answer.expires_in.map_or(LIFE_UNSAID, Seconds::life);
    Ok(Token::new(answer.access_token, asked, life))
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
    error_description: Option<String>,
}

fn refused(status: StatusCode, body: &[u8], sent: &[SecretString]) -> Failure {
    let cause = format!("the token endpoint answered {status}{}", said(body, sent));
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::new(
            FailureKind::UpstreamAuth,
            "the provider's token endpoint refused the gateway's credential; the operator has to \
             mend it",
        )
        .with_cause(cause),
        _ => unusable(cause),
    }
}

/// The endpoint's own words, for the log.
fn said(body: &[u8], sent: &[SecretString]) -> String {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else { return String::new() };
    let words: Vec<_> = refusal.error.into_iter().chain(refusal.error_description).collect();
    let secrets: Vec<_> = sent.iter().map(|text| text.expose_secret()).collect();
    let words = words.join(", ");
    let words: String = redact(&words, &secrets).chars().take(MAX_SAID_CHARS).collect();
    format!(": {words:?}")
}

/// A failure of the transport, told of the endpoint.
fn of_the_endpoint(failure: Failure) -> Failure {
    match failure.kind() {
        FailureKind::ProviderMisconfigured => failure.with_message(
            "the token endpoint in the provider's credential is at an address that this provider \
             may not reach, or that cannot be used; correct the credential, or set network = \
             \"anywhere\" for this provider",
        ),
        FailureKind::UpstreamTimeout => failure.with_message(TOO_LATE),
        _ => failure.with_kind(FailureKind::UpstreamUnreachable).with_message(UNUSABLE),
    }
}

const TOO_LATE: &str = "the provider's token endpoint did not answer in time";
const UNUSABLE: &str = "no access token could be got from the provider's token endpoint";

fn too_late() -> Failure {
    let cause = format!("no token within {MINT_TIMEOUT:?}");
    Failure::new(FailureKind::UpstreamTimeout, TOO_LATE).with_cause(cause)
}

fn unusable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::new(FailureKind::UpstreamUnreachable, UNUSABLE).with_cause(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(body: &str) -> Result<Token, Failure> {
        read(body.as_bytes(), Instant::now())
    }

    #[test]
    fn an_endpoint_is_https_or_on_this_machine() {
        for good in [
            "https://oauth2.googleapis.com/token",
            "https://login.test:8443/t?x=1",
            "http://127.0.0.1:9/token",
            "http://[::1]/token",
            "http://localhost:80/token",
        ] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/token",
            "http://login.test/token",
            "http://10.0.0.7/token",
            "http://localhost.evil.test/token",
            "https://user@login.test/token",
            "https://:pw@login.test/token",
            "https://login.test/token#x",
            "ftp://127.0.0.1/token",
        ] {
            let failure = endpoint(bad).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{bad}");
            assert!(!failure.message().contains("login"), "{failure}");
        }
    }

    #[test]
    fn a_token_is_read_with_its_life_in_every_spelling() {
        let now = Instant::now();
        for (rest, seconds) in [
            ("", 300),
            (r#","expires_in":null"#, 300),
            (r#","expires_in":3599"#, 3599),
            (r#","expires_in":3599.9"#, 3599),
            (r#","expires_in":"3599","scope":"a b","id_token":"x""#, 3599),
            (r#","expires_in":0"#, 0),
            (r#","expires_in":-1"#, 0),
            (r#","expires_in":"soon""#, 0),
            (r#","expires_in":1e300,"token_type":"bearer""#, 24 * 60 * 60),
        ] {
            let body = format!(r#"{{"access_token":"t.o/k-e_n~+=","token_type":"Bearer"{rest}}}"#);
            let body = match rest.contains("token_type") {
                true => body.replace(r#","token_type":"Bearer""#, ""),
                false => body,
            };
            let token = read(body.as_bytes(), now).unwrap();
            assert_eq!(token.text.expose_secret(), "t.o/k-e_n~+=");
            let expected = Token::new("x".into(), now, Duration::from_secs(seconds));
            assert_eq!(format!("{token:?}"), format!("{expected:?}"), "{rest}");
        }
    }

    #[test]
    fn what_is_no_token_is_an_unreachable_endpoint_and_not_quoted() {
        let long = format!(r#"{{"access_token":"{}"}}"#, "hush".repeat(5000));
        for body in [
            "",
            "<html>hush</html>",
            "[]",
            r#""hush""#,
            "{}",
            r#"{"access_token":null}"#,
            r#"{"access_token":["hush"]}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"hush hush"}"#,
            r#"{"access_token":"hush\r\nx: y"}"#,
            r#"{"access_token":"hush","token_type":"mac"}"#,
            r#"{"access_token":"hush","expires_in":["hush"]}"#,
            &long,
        ] {
            let failure = token(body).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable, "{body}");
            let shown = format!("{failure:?} {:?}", failure.cause_chain());
            assert!(!shown.contains("hush"), "{shown}");
        }
    }

    #[test]
    fn a_refusal_is_told_to_the_log_without_what_was_sent() {
        let body = br#"{"error":"invalid_client","error_description":"no\nhush-0123456789 here"}"#;
        let sent = [SecretString::from("hush-0123456789")];
        for (status, kind) in [
            (400, FailureKind::UpstreamAuth),
            (401, FailureKind::UpstreamAuth),
            (403, FailureKind::UpstreamAuth),
            (302, FailureKind::UpstreamUnreachable),
            (404, FailureKind::UpstreamUnreachable),
            (429, FailureKind::UpstreamUnreachable),
            (503, FailureKind::UpstreamUnreachable),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let failure = refused(status, body, &sent);
            assert_eq!(failure.kind(), kind, "{status}");
            assert!(!failure.message().contains("invalid_client"));
            let cause = failure.cause_chain().unwrap();
            assert!(cause.contains(status.as_str()), "{cause}");
            assert!(cause.ends_with(r#": "invalid_client, no\n[redacted] here""#), "{cause}");
        }
        let html = refused(StatusCode::BAD_GATEWAY, b"<html>hush</html>", &[]);
        assert_eq!(html.cause_chain().unwrap(), "the token endpoint answered 502 Bad Gateway");
    }
}
