//! An API server in this process: Jobs, Secrets, pods with their logs and attached streams, as far
//! as the driver asks for them. What its one program does is a [`Script`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::play;

pub(super) type Body = BoxBody<Bytes, std::io::Error>;

/// What the cluster and its program do.
#[derive(Clone)]
pub(super) struct Script {
    /// Statuses of the pod, in order; none is a pod that nobody looks at.
    pub(super) statuses: Vec<Value>,
    /// Whether a Job becomes a pod.
    pub(super) makes_pod: bool,
    /// What the program writes to its log.
    pub(super) prints: Vec<&'static str>,
    /// What it writes to standard error before.
    pub(super) complaint: &'static str,
    /// What it does then.
    pub(super) then: Then,
    /// How it ends: `terminated` of its state.
    pub(super) end: Value,
}

/// What a program does after its output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It ends.
    Ends,
    /// It stays until it is deleted.
    Stays,
    /// The connection to it breaks.
    Breaks,
    /// Its pod is deleted by somebody.
    Vanishes,
}

/// A call that is answered with a failure.
#[derive(Clone)]
pub(super) struct Refusal {
    /// `POST jobs`
    pub(super) call: &'static str,
    pub(super) code: u16,
    pub(super) message: &'static str,
    /// How often.
    pub(super) times: usize,
    /// Whether the call is carried out all the same, so that the answer is a lie.
    pub(super) is_done: bool,
}

pub(super) struct Inner {
    pub(super) jobs: BTreeMap<String, Value>,
    pub(super) secrets: BTreeMap<String, Value>,
    pub(super) pods: BTreeMap<String, Value>,
    /// What happened to pods; its length is the resource version.
    pub(super) history: Vec<(&'static str, Value)>,
    /// Everything that was ever created.
    pub(super) created: Vec<Value>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) denied: Vec<&'static str>,
    pub(super) events: Vec<Value>,
    pub(super) script: Script,
    /// What attached programs were given.
    pub(super) stdin: Vec<u8>,
    /// What is spoken with attached programs.
    pub(super) attach_protocol: &'static str,
    /// Which streams of logs were asked for.
    pub(super) logs: Vec<&'static str>,
}

pub(super) struct State {
    inner: Mutex<Inner>,
    pub(super) changed: watch::Sender<usize>,
}

pub(super) struct Api {
    pub(super) address: SocketAddr,
    pub(super) state: Arc<State>,
    server: AbortHandle,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Api {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Inner {
            jobs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            pods: BTreeMap::new(),
            history: Vec::new(),
            created: Vec::new(),
            refusals: Vec::new(),
            denied: Vec::new(),
            events: Vec::new(),
            script,
            stdin: Vec::new(),
            attach_protocol: "v5.channel.k8s.io",
            logs: Vec::new(),
        };
        let state = Arc::new(State { inner: Mutex::new(inner), changed: watch::Sender::new(0) });
        let server = tokio::spawn(accept(listener, Arc::clone(&state))).abort_handle();
        Self { address, state, server }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.inner()
    }

    /// What is in the cluster: Jobs, Secrets, pods.
    pub(super) fn left(&self) -> (usize, usize, usize) {
        let inner = self.inner();
        (inner.jobs.len(), inner.secrets.len(), inner.pods.len())
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, holds: impl Fn(&Inner) -> bool) {
        let mut changes = self.state.changed.subscribe();
        while !holds(&self.inner()) {
            changes.changed().await.unwrap();
        }
    }
}

impl State {
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let changed = change(&mut self.inner());
        self.changed.send_modify(|count| *count += 1);
        changed
    }

    /// Gives a pod another status.
    pub(super) fn set_status(&self, pod: &str, status: Value) {
        self.change(|inner| {
            if let Some(pod) = inner.pods.get_mut(pod) {
                pod["status"] = status;
                let pod = pod.clone();
                inner.history.push(("MODIFIED", pod));
            }
        });
    }
}

impl Inner {
    pub(super) fn remove_pod(&mut self, name: &str) {
        if let Some(pod) = self.pods.remove(name) {
            self.history.push(("DELETED", pod));
        }
    }

    fn refusal(&mut self, call: &str) -> Option<Refusal> {
        let mut refusals = self.refusals.iter_mut();
        let refusal = refusals.find(|it| it.call == call && it.times > 0)?;
        refusal.times -= 1;
        Some(refusal.clone())
    }
}

/// A container's state in a pod's status.
pub(super) fn status(state: Value) -> Value {
    json!({
        "phase": "Running",
        "containerStatuses": [{
            "name": "program", "state": state,
            "image": "", "imageID": "", "ready": false, "restartCount": 0,
        }],
    })
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(answer(state, request).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::spawn(connection);
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts == ["version"] {
        return json_reply(200, &version());
    }
    let rest = match parts.iter().position(|part| *part == "namespaces") {
        Some(at) => &parts[at + 2..],
        None => &parts[parts.len() - 1..],
    };
    let call =
        format!("{method} {}", rest.iter().step_by(2).copied().collect::<Vec<_>>().join("/"));
    let refusal = state.inner().refusal(&call);
    if let Some(refusal) = refusal {
        if refusal.is_done {
            carry_out(&state, &method, rest, request).await;
        }
        return json_reply(refusal.code, &failure(refusal.code, refusal.message));
    }
    carry_out(&state, &method, rest, request).await
}

async fn carry_out(
    state: &Arc<State>,
    method: &Method,
    rest: &[&str],
    request: Request<Incoming>,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    match (method.as_str(), rest) {
        ("GET", ["pods", pod, "log"]) => play::log(state, pod, &query),
        ("GET", ["pods", pod, "attach"]) => play::attach(state, pod, request),
        ("GET", ["pods"]) if query.contains("watch=") => play::watch(state, &query),
        ("GET", [kind]) => json_reply(200, &list(&state.inner(), kind, &query)),
        ("DELETE", [kind, name]) => delete(state, kind, name),
        ("POST" | "PATCH", _) => {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            write(state, rest, serde_json::from_slice(&body).unwrap())
        }
        _ => json_reply(405, &failure(405, "unknown to the tests")),
    }
}

fn list(inner: &Inner, kind: &str, query: &str) -> Value {
    let items: Vec<Value> = match kind {
        "jobs" => inner.jobs.values().cloned().collect(),
        "secrets" => inner.secrets.values().cloned().collect(),
        "events" => inner.events.clone(),
        _ => inner.pods.values().filter(|pod| is_selected(pod, query)).cloned().collect(),
    };
    json!({
        "kind": "List", "apiVersion": "v1", "items": items,
        "metadata": { "resourceVersion": inner.history.len().to_string() },
    })
}

/// Whether a pod has the run's label that a query asks for.
pub(super) fn is_selected(pod: &Value, query: &str) -> bool {
    let run = pod["metadata"]["labels"]["patchbay/run"].as_str().unwrap();
    query.contains(run)
}

fn delete(state: &State, kind: &str, name: &str) -> Response<Body> {
    let gone = state.change(|inner| match kind {
        "jobs" => {
            // Garbage collection.
            inner.remove_pod(name);
            inner.secrets.retain(|_, it| it["metadata"]["ownerReferences"][0]["name"] != name);
            inner.jobs.remove(name).is_some()
        }
        _ => inner.secrets.remove(name).is_some(),
    });
    match gone {
        true => json_reply(200, &json!({ "kind": "Status", "status": "Success" })),
        false => json_reply(404, &failure(404, "not found")),
    }
}

fn write(state: &State, rest: &[&str], mut body: Value) -> Response<Body> {
    let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    match rest {
        ["selfsubjectaccessreviews"] => {
            let asked = &body["spec"]["resourceAttributes"];
            let asked = format!(
                "{} {}",
                asked["verb"].as_str().unwrap(),
                asked["resource"].as_str().unwrap()
            );
            let allowed = !state.inner().denied.contains(&asked.as_str());
            body["status"] = json!({ "allowed": allowed });
        }
        ["jobs"] => {
            body["metadata"]["uid"] = json!(format!("uid-of-{name}"));
            state.change(|inner| inner.create_job(name, body.clone()));
        }
        ["secrets"] => state.change(|inner| {
            inner.created.push(body.clone());
            inner.secrets.insert(name, body.clone());
        }),
        ["secrets", name] => state.change(|inner| {
            if let Some(secret) = inner.secrets.get_mut(*name) {
                secret["metadata"]["ownerReferences"] = body["metadata"]["ownerReferences"].clone();
                body = secret.clone();
            }
        }),
        _ => return json_reply(405, &failure(405, "unknown to the tests")),
    }
    json_reply(201, &body)
}

impl Inner {
    fn create_job(&mut self, name: String, job: Value) {
        self.created.push(job.clone());
        if self.script.makes_pod {
            let mut pod = job["spec"]["template"].clone();
            pod["metadata"]["name"] = json!(name);
            self.history.push(("ADDED", pod.clone()));
            for status in self.script.statuses.clone() {
                pod["status"] = status;
                self.history.push(("MODIFIED", pod.clone()));
            }
            self.pods.insert(name.clone(), pod);
        }
        self.jobs.insert(name, job);
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "34", "gitVersion": "v1.34.0", "gitCommit": "", "gitTreeState": "",
        "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
    })
}

fn failure(code: u16, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
        "reason": "", "code": code,
    })
}

pub(super) fn json_reply(code: u16, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string())).map_err(|never| match never {});
    let reply = Response::builder().status(StatusCode::from_u16(code).unwrap());
    reply.header("content-type", "application/json").body(body.boxed()).unwrap()
}
