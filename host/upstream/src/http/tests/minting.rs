//! Access tokens, from a token endpoint on loopback to the request that carries them.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use serde_json::json;
use tokio::sync::mpsc;

use super::*;

const CLIENT_SECRET: &str = "hush-0123456789";

/// A token endpoint: answers each request with the next of these bytes, the last one for ever.
struct TokenServer {
    server: Server,
    asked: Arc<AtomicUsize>,
    requests: mpsc::Receiver<String>,
}

impl TokenServer {
    async fn start(answers: Vec<String>) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let (sender, requests) = mpsc::channel(64);
        let counter = Arc::clone(&asked);
        let answers = Arc::new(answers);
        let server = Server::start(move |mut connection: Connection| {
            let (counter, sender) = (Arc::clone(&counter), sender.clone());
            let answers = Arc::clone(&answers);
            async move {
                while let Some(request) = connection.request().await {
                    let number = counter.fetch_add(1, Ordering::SeqCst);
                    let _ = sender.try_send(request);
                    let answer = &answers[number.min(answers.len() - 1)];
                    connection.send(answer).await;
                }
            }
        })
        .await;
        Self { server, asked, requests }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// The secret of a client that asks here.
    fn client(&self) -> String {
        client_at(&format!("http://{}/token", self.server.address))
    }
}

fn client_at(token_url: &str) -> String {
    let client = json!({"token_url": token_url, "client_id": "me", "client_secret": CLIENT_SECRET});
    client.to_string()
}

fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn token(text: &str, expires_in: u64) -> String {
    let body =
        json!({"access_token": text, "token_type": "Bearer", "expires_in": expires_in}).to_string();
    answer(200, &body)
}

/// A provider that reports the credential of each request and accepts all but these.
async fn provider(refused: &'static [&'static str]) -> (Server, mpsc::Receiver<String>) {
    let (sender, seen) = mpsc::channel(256);
    let server = Server::start(move |mut connection: Connection| {
        let sender = sender.clone();
        async move {
            while let Some(request) = connection.request().await {
                let sent = request
                    .lines()
                    .find_map(|line| line.strip_prefix("authorization: "))
                    .unwrap_or_default();
                let status = if refused.contains(&sent) { 401 } else { 200 };
                sender.send(sent.to_owned()).await.unwrap();
                connection.send(answer(status, "ok")).await;
            }
        }
    })
    .await;
    (server, seen)
}

fn with_client(address: SocketAddr, secret: &str) -> HttpExchange {
    with_credential(to(address), "oauth2-client-credentials", secret)
}

#[tokio::test]
async fn a_client_asks_for_a_token_and_sends_it() {
    let mut tokens = TokenServer::start(vec![token("t-1", 3600)]).await;
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let reply = upstream.send(with_client(provider.address, &tokens.client())).await.unwrap();
    assert_eq!(reply.head.status, StatusCode::OK);
    assert_eq!(seen.recv().await.unwrap(), "Bearer t-1");
    let request = tokens.requests.recv().await.unwrap();
    assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"));
    assert!(request.contains("\r\naccept: application/json\r\n"), "{request}");
    assert!(
        request.ends_with(
            "\r\n\r\ngrant_type=client_credentials&client_id=me&client_secret=hush-0123456789"
        ),
        "{request}"
    );
}

#[tokio::test]
async fn a_service_account_asks_for_a_token_and_sends_it() {
    let mut tokens = TokenServer::start(vec![token("t-1", 3600)]).await;
    let (provider, mut seen) = provider(&[]).await;
    let secret = json!({
        "type": "service_account", "client_email": "robot@p.test", "private_key_id": "k",
        "private_key": include_str!("../credential/service_account/rfc7515-a2.pem"),
        "token_uri": format!("http://{}/token", tokens.server.address),
    });
    let upstream = HttpUpstream::try_new().unwrap();
    for _ in 0..2 {
        let exchange =
            with_credential(to(provider.address), "gcp-service-account", &secret.to_string());
        drain(upstream.send(exchange).await.unwrap()).await;
        assert_eq!(seen.recv().await.unwrap(), "Bearer t-1");
    }
    assert_eq!(tokens.asked(), 1);
    let request = tokens.requests.recv().await.unwrap();
    let body =
        "\r\n\r\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey";
    assert!(request.contains(body), "{request}");
}

#[tokio::test]
async fn many_requests_at_once_ask_for_one_token() {
    let tokens = TokenServer::start(vec![token("t-1", 3600)]).await;
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let all = (0..50).map(|_| upstream.send(with_client(provider.address, &tokens.client())));
    for reply in futures_util::future::join_all(all).await {
        drain(reply.unwrap()).await;
        assert_eq!(seen.recv().await.unwrap(), "Bearer t-1");
    }
    assert_eq!(tokens.asked(), 1);
}

#[tokio::test]
async fn a_token_that_the_upstream_refuses_is_not_used_again() {
    let tokens = TokenServer::start(vec![token("old", 3600), token("new", 3600)]).await;
    let (provider, mut seen) = provider(&["Bearer old"]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    for (status, sent) in [(401, "Bearer old"), (200, "Bearer new"), (200, "Bearer new")] {
        let reply = upstream.send(with_client(provider.address, &tokens.client())).await.unwrap();
        assert_eq!(reply.head.status.as_u16(), status);
        drain(reply).await;
        assert_eq!(seen.recv().await.unwrap(), sent);
    }
    assert_eq!(tokens.asked(), 2);
}

#[tokio::test]
async fn an_expired_token_is_not_used_again() {
    let tokens = TokenServer::start(vec![token("one", 0), token("two", 3600)]).await;
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    for sent in ["Bearer one", "Bearer two", "Bearer two"] {
        drain(upstream.send(with_client(provider.address, &tokens.client())).await.unwrap()).await;
        assert_eq!(seen.recv().await.unwrap(), sent);
    }
}

#[tokio::test]
async fn a_rotated_secret_does_not_use_the_old_ones_token() {
    let tokens = TokenServer::start(vec![token("old", 3600), token("new", 3600)]).await;
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let rotated = tokens.client().replace(CLIENT_SECRET, "another-secret");
    for (secret, sent) in [(tokens.client(), "Bearer old"), (rotated, "Bearer new")] {
        drain(upstream.send(with_client(provider.address, &secret)).await.unwrap()).await;
        assert_eq!(seen.recv().await.unwrap(), sent);
    }
}

#[tokio::test]
async fn what_was_sent_is_taken_out_of_what_the_upstream_says() {
    let tokens = TokenServer::start(vec![token("token-0123456789", 3600)]).await;
    let (provider, _seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let aws = format!("AKID:{CLIENT_SECRET}:token-0123456789");
    for (usage, secret, hidden) in [
        ("bearer", CLIENT_SECRET, vec![CLIENT_SECRET]),
        ("oauth2-client-credentials", &tokens.client(), vec!["token-0123456789"]),
        ("aws-sigv4", &aws, vec![CLIENT_SECRET, "token-0123456789"]),
    ] {
        let mut exchange = with_credential(to(provider.address), usage, secret);
        exchange.signing = signing();
        let reply = upstream.send(exchange).await.unwrap();
        for secret in hidden {
            let failure = Failure::new(FailureKind::UpstreamError, format!("bad {secret}!"));
            assert_eq!(reply.sent_secrets.redact(failure).message(), "bad [redacted]!", "{usage}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_refuses_is_a_fault_of_the_credential() {
    let body = json!({"error": "invalid_client", "error_description": CLIENT_SECRET}).to_string();
    for status in [400, 401, 403] {
        let tokens = TokenServer::start(vec![answer(status, &body)]).await;
        let failure = refusal_of(&tokens.client()).await;
        assert_eq!(failure.kind(), FailureKind::UpstreamAuth, "{status}");
        assert_eq!(tokens.asked(), 1);
        let cause = failure.cause_chain().unwrap();
        assert!(cause.contains("invalid_client, [redacted]"), "{cause}");
    }
}

/// The failure of a request whose token could not be got. The provider sees nothing of it, and
/// nobody sees secret or address.
async fn refusal_of(secret: &str) -> Failure {
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let failure = failure_of(&upstream, with_client(provider.address, secret)).await;
    let shown = format!("{failure:?} {failure} {:?}", failure.cause_chain());
    assert!(!shown.contains(CLIENT_SECRET), "{shown}");
    for address in ["127.0.0.1", "169.254", "/token"] {
        assert!(!failure.message().contains(address), "{failure}");
    }
    assert!(seen.try_recv().is_err(), "the provider was asked");
    failure
}

#[tokio::test]
async fn an_endpoint_that_answers_rubbish_is_unreachable() {
    let large = format!("{{\"access_token\":\"x\",\"y\":\"{}\"}}", "z".repeat(64 * 1024));
    for bytes in [
        answer(200, "<html>sorry</html>"),
        answer(200, ""),
        answer(200, r#"{"token":"x"}"#),
        answer(200, r#"{"access_token":"a b"}"#),
        answer(200, &large),
        answer(500, r#"{"error":"server_error"}"#),
        answer(503, "busy"),
        answer(429, "slowly"),
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{".into(),
        "SSH-2.0-OpenSSH\r\n\r\n".into(),
    ] {
        let closing = bytes.clone();
        let server = Server::start(move |mut connection: Connection| {
            let bytes = closing.clone();
            async move {
                connection.request().await;
                connection.send(bytes).await;
            }
        })
        .await;
        let failure = refusal_of(&client_at(&format!("http://{}/token", server.address))).await;
        assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable, "{bytes:.60}");
        assert!(failure.cause_chain().is_some(), "{bytes:.60}");
    }
}

#[tokio::test]
async fn an_endpoint_that_nobody_serves_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let failure = refusal_of(&client_at(&format!("http://{address}/token"))).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable);
    assert!(failure.cause_chain().unwrap().contains("refused"));
}

#[tokio::test]
async fn the_egress_policy_holds_for_token_endpoints() {
    for address in ["169.254.169.254", "[fd00:ec2::254]"] {
        let failure = refusal_of(&client_at(&format!("https://{address}/token"))).await;
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{address}");
        assert!(failure.message().contains("token endpoint"), "{failure}");
    }
}

#[tokio::test]
async fn a_credential_that_is_none_is_a_fault_of_the_configuration() {
    for secret in [CLIENT_SECRET.to_owned(), client_at("http://login.test/token")] {
        let failure = refusal_of(&secret).await;
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    }
}

#[tokio::test]
async fn who_waits_for_a_token_waits_within_its_own_deadline_and_leaves_the_mint_to_others() {
    let (release, released) = tokio::sync::watch::channel(false);
    let server = Server::start(move |mut connection: Connection| {
        let mut released = released.clone();
        async move {
            connection.request().await;
            released.wait_for(|released| *released).await.unwrap();
            connection.send(token("late", 3600)).await;
        }
    })
    .await;
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let secret = client_at(&format!("http://{}/token", server.address));
    let patient = with_client(provider.address, &secret);
    let hasty = with_target(patient.clone(), |target| target.timeouts.first_byte = SOON);
    let failure = failure_of(&upstream, hasty).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
    assert!(failure.message().contains("first-byte timeout of 150ms"), "{failure}");
    release.send(true).unwrap();
    drain(upstream.send(patient).await.unwrap()).await;
    assert_eq!(seen.recv().await.unwrap(), "Bearer late");
    assert_eq!(server.connections(), 1);
}

fn signing() -> SigningScope {
    SigningScope { region: Some("eu-central-1".into()), service: Some("bedrock".into()) }
}

#[tokio::test]
async fn a_signed_request_arrives_as_it_was_signed() {
    let (sender, mut requests) = mpsc::channel(1);
    let server = Server::start(move |mut connection: Connection| {
        let sender = sender.clone();
        async move {
            let request = connection.request().await.unwrap();
            sender.send(request).await.unwrap();
            connection.send(answer(200, "ok")).await;
        }
    })
    .await;
    let path = "/model/anthropic.claude-v1%3A0/converse?b=2&a=1";
    let mut exchange = with_credential(
        exchange(&format!("http://{}{path}", server.address)),
        "aws-sigv4",
        "AKID:hush-0123456789:session-0123456789",
    );
    exchange.signing = signing();
    exchange.headers.insert("content-type", "application/json".parse().unwrap());
    let upstream = HttpUpstream::try_new().unwrap();
    drain(upstream.send(exchange).await.unwrap()).await;
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{request}");
    assert!(!request.contains("hush"), "{request}");
    let header = |name: &str| {
        let prefix = format!("{name}: ");
        request.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default()
    };
    assert_eq!(header("host"), server.address.to_string());
    assert_eq!(header("x-amz-security-token"), "session-0123456789");
    assert!(
        header("authorization").contains(
            "/eu-central-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
        ),
        "{request}"
    );
    assert!(header("authorization").contains(&format!("AKID/{}/", &header("x-amz-date")[..8])));
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_signed() {
    let (provider, mut seen) = provider(&[]).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let exchange = with_credential(to(provider.address), "aws-sigv4", "AKID:hush-0123456789");
    let failure = failure_of(&upstream, exchange).await;
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert!(failure.message().contains("AWS region"), "{failure}");
    assert!(seen.try_recv().is_err());
}
