//! What comes in pieces: watches, logs, attached streams.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::Response;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::Request;
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::api::{Body, Script, State, Then, is_selected, status};

type Pieces = mpsc::Sender<io::Result<Bytes>>;

fn streamed(pieces: mpsc::Receiver<io::Result<Bytes>>) -> Response<Body> {
    let frames = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((piece.map(Frame::data), pieces))
    });
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

/// Events of pods since a version.
pub(super) fn watch(state: &Arc<State>, query: &str) -> Response<Body> {
    let version = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion="));
    let mut next: usize = version.unwrap().parse().unwrap();
    let (pieces, receiver) = mpsc::channel(16);
    let (state, query) = (Arc::clone(state), query.to_owned());
    tokio::spawn(async move {
        let mut changes = state.changed.subscribe();
        loop {
            let events: Vec<_> = state.inner().history.iter().skip(next).cloned().collect();
            next += events.len();
            for (kind, pod) in events.iter().filter(|(_, pod)| is_selected(pod, &query)) {
                let line = format!("{}\n", json!({ "type": kind, "object": pod }));
                if pieces.send(Ok(Bytes::from(line))).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = pieces.closed() => return,
            }
        }
    });
    streamed(receiver)
}

/// The program's log.
pub(super) fn log(state: &Arc<State>, pod: &str, query: &str) -> Response<Body> {
    let (pieces, receiver) = mpsc::channel(1);
    let (state, pod) = (Arc::clone(state), pod.to_owned());
    let mut asked = ["Stdout", "Stderr"].into_iter();
    let asked = asked.find(|name| query.contains(name)).unwrap_or("both");
    state.inner().logs.push(asked);
    tokio::spawn(async move {
        let Script { complaint, prints, .. } = state.inner().script.clone();
        if asked != "Stdout" && !complaint.is_empty() {
            let _ = pieces.send(Ok(Bytes::from(complaint))).await;
        }
        if asked == "Stderr" {
            return;
        }
        for text in prints {
            if pieces.send(Ok(Bytes::from(text))).await.is_err() {
                return;
            }
        }
        go_on(&state, &pod, Some(&pieces)).await;
    });
    streamed(receiver)
}

/// What the program does after its output.
async fn go_on(state: &State, pod: &str, pieces: Option<&Pieces>) {
    let (then, end) = {
        let inner = state.inner();
        (inner.script.then, inner.script.end.clone())
    };
    match then {
        Then::Ends => state.set_status(pod, status(json!({ "terminated": end }))),
        Then::Vanishes => state.change(|inner| inner.remove_pod(pod)),
        Then::Breaks => {
            if let Some(pieces) = pieces {
                let _ = pieces.send(Err(io::Error::other("broken"))).await;
            }
        }
        Then::Stays => {
            let mut changes = state.changed.subscribe();
            while state.inner().pods.contains_key(pod) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// An attached program that answers its input with the same, and complains once.
pub(super) fn attach(
    state: &Arc<State>,
    pod: &str,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let protocol = state.inner().attach_protocol;
    let key = request.headers()["sec-websocket-key"].as_bytes().to_vec();
    let upgrade = hyper::upgrade::on(&mut request);
    let (state, pod) = (Arc::clone(state), pod.to_owned());
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let socket = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(socket, Role::Server, None).await;
        echo(&state, &pod, socket).await;
    });
    let body = Empty::new().map_err(|never| match never {}).boxed();
    let reply = Response::builder()
        .status(101)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-accept", derive_accept_key(&key))
        .header("sec-websocket-protocol", protocol);
    reply.body(body).unwrap()
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn echo(state: &State, pod: &str, mut socket: Socket) {
    let _ = socket.send(Message::binary(vec![1])).await;
    let _ = socket.send(Message::binary(b"\x02a complaint\n".to_vec())).await;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(bytes) = message else { continue };
        match bytes.split_first() {
            Some((0, input)) => {
                state.change(|inner| inner.stdin.extend_from_slice(input));
                let mut output = vec![1];
                output.extend_from_slice(input);
                if socket.send(Message::binary(output)).await.is_err() {
                    return;
                }
            }
            // The body's end.
            Some((255, [0])) => break,
            _ => {}
        }
    }
    go_on(state, pod, None).await;
    if state.inner().script.then == Then::Ends {
        let _ = socket.send(Message::binary(b"\x03{\"status\":\"Success\"}".to_vec())).await;
        let _ = socket.close(None).await;
    }
}
