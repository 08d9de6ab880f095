//! An operator's program.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

use administration::Role;
use axum::body::Body;
use bytes::Bytes;
use http::request::Builder;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpSocket;

use super::super::client::{Reply, check};
use super::super::fake::Fake;
use super::super::sockets::{Served, soon};
use super::desk::{Desk, furnish, token};

/// A request of an operator, by default of an administrator.
#[derive(Clone)]
pub(super) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    from: Option<Ipv4Addr>,
}

impl Ask {
    /// `GET /admin/providers`
    pub(super) fn new(label: &str) -> Self {
        let (method, path) = label.split_once(' ').unwrap();
        let (method, path) = (method.parse().unwrap(), path.to_owned());
        let ask = Self { method, path, headers: Vec::new(), body: Bytes::new(), from: None };
        ask.with("authorization", format!("Bearer {}", token("alice", Role::Admin)))
    }

    /// With another token; none if empty.
    pub(super) fn token(mut self, token: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "authorization");
        if token.is_empty() { self } else { self.with("authorization", format!("Bearer {token}")) }
    }

    /// As a viewer.
    pub(super) fn by_viewer(self) -> Self {
        self.token(&token("vera", Role::Viewer))
    }

    /// With a header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a document.
    pub(super) fn document(self, document: &Value) -> Self {
        self.body(document.to_string())
    }

    /// With a body that need not be a document.
    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The request for an edge in memory.
    pub(super) fn into_request(self) -> Request<Body> {
        let request = Request::builder().method(self.method).uri(self.path);
        let add = |request: Builder, (name, value)| request.header::<&str, String>(name, value);
        self.headers.into_iter().fold(request, add).body(Body::from(self.body)).unwrap()
    }

    /// From an address of this machine.
    pub(super) fn from(mut self, address: Ipv4Addr) -> Self {
        self.from = Some(address);
        self
    }
}

/// Sends what operators ask to a served edge, each from an address of its own unless it says
/// otherwise: bad tokens from one address are limited.
pub(super) struct Client {
    pub(super) served: Served,
    pub(super) desk: Desk,
    next_address: AtomicU16,
}

impl Client {
    pub(super) async fn start() -> Self {
        let (edge, desk) = furnish(Fake::echo()).await;
        let served = Served::with_edge(edge.0, edge.1).await;
        Self::of(served, desk)
    }

    pub(super) fn of(served: Served, desk: Desk) -> Self {
        Self { served, desk, next_address: AtomicU16::new(1) }
    }

    /// Sends a request to the edge, reads the reply to its end and checks what holds of every
    /// reply.
    pub(super) async fn send(&mut self, ask: Ask) -> Reply {
        self.send_to(self.served.address, ask).await
    }

    /// As [`Client::send`], to another address.
    pub(super) async fn send_to(&mut self, to: SocketAddr, ask: Ask) -> Reply {
        let from = ask.from.unwrap_or_else(|| {
            let [high, low] = self.next_address.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            Ipv4Addr::new(127, 1, high, low)
        });
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0)).unwrap();
        let stream = TokioIo::new(soon(socket.connect(to)).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let is_head = ask.method == Method::HEAD;
        let mut request =
            Request::builder().method(ask.method).uri(ask.path).body(Full::new(ask.body)).unwrap();
        request.headers_mut().insert("host", HeaderValue::from_static("gateway"));
        for (name, value) in ask.headers {
            let value = HeaderValue::try_from(value).unwrap();
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        let (head, body) = soon(sender.send_request(request)).await.unwrap().into_parts();
        let body = soon(body.collect()).await.unwrap().to_bytes().to_vec();
        drop(sender);
        let _ = soon(connection).await;
        let record = self.served.record().await;
        let reply = Reply { status: head.status, headers: head.headers, body, record };
        check(&reply, is_head);
        reply
    }

    /// Sends what must go well.
    pub(super) async fn good(&mut self, ask: Ask) -> Reply {
        let reply = self.send(ask).await;
        assert!(reply.status.is_success(), "{}: {}", reply.status, reply.text());
        reply
    }

    /// Ends the edge and checks that nothing was recorded that was not asked for.
    pub(super) async fn stop(self) {
        self.served.stop().await;
    }
}

/// The labels of the table as requests: each path parameter is an id that is not there.
pub(super) fn every_endpoint() -> Vec<&'static str> {
    crate::admin::table().iter().map(|route| route.label).collect()
}

/// A label whose path parameter is an id.
pub(super) fn filled(label: &str, id: &str) -> String {
    ["{id}", "{model}", "{name}"].iter().fold(label.to_owned(), |it, name| it.replace(name, id))
}

/// A request to an endpoint, about what is not there.
pub(super) fn ask(label: &str) -> Ask {
    Ask::new(&filled(label, "nobody"))
}
