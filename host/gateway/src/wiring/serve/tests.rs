use std::path::Path;

use administration::{Acting, Noun, Operator, Role};
use exchange::RequestId;
use secrets::LocalMasterKey;
use serde_json::{Value, json};
use store::{Broken, MemoryStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::wiring::Purpose;

const CONFIGURATION: &str = r#"
[server]
listen = "127.0.0.1:0"

[admin]
jwt_secret = "a-secret-of-tests-that-is-long-enough-to-sign"
"#;

/// Nobody reads the log.
struct NoLog;

impl AccessSink for NoLog {
    fn record(&self, _: AccessRecord) {}
}

/// A whole gateway in this process, on a store that can be broken.
struct Running {
    store: Arc<Broken>,
    administration: Arc<Administration>,
    address: SocketAddr,
    token: String,
    _serving: JoinHandle<Ending>,
}

impl Running {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("patchbay.toml");
        std::fs::write(&file, CONFIGURATION)?;
        let store = Arc::new(Broken::new(Arc::new(MemoryStore::default())));
        let key = LocalMasterKey::open_or_create(&folder.join("master.key"), true)?;
        let opened = operators::read(Arc::clone(&store) as Arc<dyn store::Store>, key).await?;
        let prepared = crate::wiring::prepare(Some(&file), Purpose::Check)?;
        let limits = edge_limits(&prepared.configuration.server);
        let wasi = plugins::programs(&prepared.configuration.plugins);
        let process = Arc::new(ProcessUpstream::try_new()?);
        let process = Arc::new(Programs::new(process, wasi, None));
        let mut parts = Parts::join(prepared, (process, None), Some(opened)).await?;
        let (edge, administration) = parts.edge(Arc::new(NoLog), limits);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let operator = (Role::Admin, "tests".to_owned());
        Ok(Self {
            store,
            administration: administration.context("there is a store")?,
            address,
            token: operators::admin_token(Some(&file), operator, Duration::from_mins(5))?,
            _serving: tokio::spawn(server::serve(listener, edge, CancellationToken::new())),
        })
    }

    async fn create(&self, noun: Noun, document: Value) -> anyhow::Result<Value> {
        let operator = Operator { subject: "tests".to_owned(), role: Role::Admin };
        let request_id = RequestId::parse("tests-1").context("a request id")?;
        let acting = Acting { operator, request_id };
        Ok(self.administration.create(&acting, noun, document).await?.body.into())
    }

    /// Status line and body of a reply.
    async fn ask(
        &self,
        line: &str,
        bearer: &str,
        body: &Value,
    ) -> anyhow::Result<(String, String)> {
        let body = body.to_string();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\nauthorization: Bearer \
             {bearer}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = TcpStream::connect(self.address).await?;
        connection.write_all(request.as_bytes()).await?;
        let mut reply = String::new();
        connection.read_to_string(&mut reply).await?;
        let (head, body) = reply.split_once("\r\n\r\n").context("a reply without a head")?;
        Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_while_every_call_of_the_store_fails() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Running::start(folder.path()).await?;
    let provider = json!({
        "id": "parrot", "adapter": "spawn-cli", "models": ["parrot"],
        "credentials": {"api_key": "secret"},
        "settings": {"program": "/bin/echo", "arguments": ["{{body}}"]},
    });
    gateway.create(Noun::Provider, provider).await?;
    let candidates = json!([{"provider": "parrot", "model": "parrot"}]);
    gateway.create(Noun::Route, json!({"model": "hello", "candidates": candidates})).await?;
    let limits = json!({"requests_per_minute": 1000, "tokens_per_minute": 100_000});
    let key = gateway.create(Noun::ApiKey, json!({"limits": limits})).await?;
    let key = key["key"].as_str().context("a key is shown when it is made")?.to_owned();

    gateway.store.break_now();
    for streaming in [false, true] {
        let chat = json!({
            "model": "hello", "stream": streaming,
            "messages": [{"role": "user", "content": "still here"}],
        });
        for _ in 0..10 {
            let (status, body) = gateway.ask("POST /v1/chat/completions", &key, &chat).await?;
            assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
            assert!(body.contains("still here"), "{body}");
        }
    }
    let (status, body) = gateway.ask("GET /v1/models", &key, &Value::Null).await?;
    assert_eq!(status, "HTTP/1.1 200 OK", "{body}");

    let (status, body) = gateway.ask("POST /admin/apikeys", &gateway.token, &json!({})).await?;
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable", "{body}");
    let (status, body) = gateway.ask("GET /health/ready", "", &Value::Null).await?;
    assert_eq!(status, "HTTP/1.1 200 OK", "callers are served: {body}");
    assert!(body.contains("writes fail"), "{body}");
    Ok(())
}
