//! The scripted upstream's server.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::script::{Script, Step};
use crate::patience::patiently;

/// A running upstream. Dropping it ends the server.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// A request that the upstream saw.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

struct Shared {
    notes: Mutex<Notes>,
    received: Semaphore,
    abandoned: Semaphore,
}

struct Notes {
    once: VecDeque<Script>,
    always: Script,
    requests: Vec<Received>,
    taken: usize,
}

impl Received {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).context("the upstream did not get JSON")
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, if there is one that is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Upstream {
    /// Starts an upstream that gives the same answer to every request.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(always: Script) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            notes: Mutex::new(Notes {
                once: VecDeque::new(),
                always,
                requests: Vec::new(),
                taken: 0,
            }),
            received: Semaphore::new(0),
            abandoned: Semaphore::new(0),
        });
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // Ends with the test; a failure shows as a gateway that reaches nobody.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, server })
    }

    /// The address without a path, for providers whose base URL has none.
    #[must_use]
    pub fn root_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address for a provider's `base_url`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Answers the next request, of those not yet planned for, by another script.
    pub fn answer_once(&self, script: Script) {
        self.shared.notes().once.push_back(script);
    }

    /// Answers all requests that nothing else is planned for by another script.
    pub fn answer_always(&self, script: Script) {
        self.shared.notes().always = script;
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.notes().requests.clone()
    }

    /// Waits for the next request that was not yet taken, in order of arrival.
    ///
    /// # Errors
    /// It does not come.
    pub async fn next_request(&self) -> Result<Received> {
        count_down("a request at the upstream", &self.shared.received).await?;
        let mut notes = self.shared.notes();
        let number = notes.taken;
        notes.taken += 1;
        notes.requests.get(number).cloned().context("the request was not noted")
    }

    /// Waits until the gateway has closed the connection of one reply that was not at its end.
    ///
    /// # Errors
    /// It does not.
    pub async fn abandoned(&self) -> Result<()> {
        count_down("the gateway to leave the upstream", &self.shared.abandoned).await
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn count_down(what: &str, events: &Semaphore) -> Result<()> {
    patiently(what, events.acquire()).await??.forget();
    Ok(())
}

/// Notes a reply whose receiver went away before its end.
struct Watch {
    shared: Arc<Shared>,
    ended: bool,
}

impl Watch {
    /// The reply is at its end, or broken off by the script: leaving now is no news.
    fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.abandoned.add_permits(1);
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
    let script = {
        let mut notes = shared.notes();
        notes.requests.push(Received { method, path, headers, body });
        notes.once.pop_front().unwrap_or_else(|| notes.always.clone())
    };
    shared.received.add_permits(1);
    let watch = Watch { shared, ended: false };
    if let Some(gate) = &script.before_head {
        gate.pass().await;
    }
    let mut response = Response::new(Body::from_stream(play(script.steps, watch)));
    *response.status_mut() = script.status;
    response.headers_mut().extend(script.headers);
    response
}

fn play(steps: Vec<Step>, watch: Watch) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold((VecDeque::from(steps), watch), |(mut steps, mut watch)| async move {
        loop {
            // Not being ready makes hyper write what it has: each piece leaves by itself.
            tokio::task::yield_now().await;
            match steps.pop_front() {
                Some(Step::Wait(gate)) => gate.pass().await,
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => {
                    if steps.is_empty() {
                        watch.end();
                    }
                    return Some((Ok(bytes), (steps, watch)));
                }
                Some(Step::Break) => {
                    watch.end();
                    let broken = io::Error::other("broken off by the script");
                    return Some((Err(broken), (VecDeque::new(), watch)));
                }
                None => {
                    watch.end();
                    return None;
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;

    async fn ask(upstream: &Upstream) -> Result<reqwest::Response> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/x?y=1", upstream.base_url());
        Ok(client.post(url).body("question").send().await?)
    }

    #[tokio::test]
    async fn scripts_are_played_in_order_and_requests_noted() -> Result<()> {
        let upstream = Upstream::start(Script::json("always")).await?;
        upstream.answer_once(Script::json("once").status(418).header("x-a", "b"));
        let once = ask(&upstream).await?;
        assert_eq!((once.status().as_u16(), once.headers()["x-a"].as_bytes()), (418, &b"b"[..]));
        assert_eq!(once.text().await?, "once");
        assert_eq!(ask(&upstream).await?.text().await?, "always");
        let received = upstream.next_request().await?;
        assert_eq!((received.path.as_str(), received.text().as_str()), ("/v1/x?y=1", "question"));
        assert_eq!(upstream.requests().len(), 2);
        Ok(())
    }

    #[tokio::test]
    async fn each_piece_is_a_chunk_of_its_own() -> Result<()> {
        let upstream = Upstream::start(Script::pieces(["abcde"]).sliced(2)).await?;
        let mut reply = ask(&upstream).await?;
        let mut pieces = Vec::new();
        while let Some(piece) = reply.chunk().await? {
            pieces.push(piece);
        }
        assert_eq!(pieces, ["ab", "cd", "e"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_broken_reply_is_seen_as_broken_after_what_came_before() -> Result<()> {
        let upstream = Upstream::start(Script::pieces(["ab", "cd"]).then_break()).await?;
        let mut reply = ask(&upstream).await?;
        assert_eq!(reply.chunk().await?.unwrap(), "ab");
        assert_eq!(reply.chunk().await?.unwrap(), "cd");
        assert!(reply.chunk().await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn who_leaves_before_the_end_is_noticed() -> Result<()> {
        let gate = Gate::default();
        let upstream = Upstream::start(Script::pieces(["ab"]).wait(&gate)).await?;
        let mut reply = ask(&upstream).await?;
        reply.chunk().await?;
        drop(reply);
        upstream.abandoned().await?;

        upstream.next_request().await?;
        upstream.answer_always(Script::json("late").hold(&gate));
        tokio::select! {
            biased;
            asked = upstream.next_request() => drop(asked?),
            reply = ask(&upstream) => anyhow::bail!("{reply:?}"),
        }
        upstream.abandoned().await
    }
}
