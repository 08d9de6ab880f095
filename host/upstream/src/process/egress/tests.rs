//! The proxy against programs that mean it and programs that do not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use exchange::ProgramHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;
use crate::process::tests::{shell, with_target};

mod bounds;
mod requests;

/// Long enough that only a fault reaches it.
const NEVER: Duration = Duration::from_secs(300);

const LIMITS: EgressLimits =
    EgressLimits { connections: 8, bytes: 1 << 30, head: NEVER, connect: NEVER, idle: NEVER };

/// A proxy as a program finds it. Dropping it is the end of the run.
struct Proxy {
    address: SocketAddr,
    serving: JoinHandle<Infallible>,
}

impl Proxy {
    fn new(hosts: &[(&str, u16)], limits: EgressLimits) -> Self {
        let outlet = OutletSocket::bind("127.0.0.1:0").unwrap();
        let address = outlet.local_addr().unwrap();
        let exchange = with_target(shell("true"), |target| {
            let host = |&(host, port): &(&str, u16)| ProgramHost { host: host.into(), port };
            target.sandbox.network = hosts.iter().map(host).collect();
        });
        let egress = Egress::with_limits(outlet, &exchange, limits).unwrap();
        Self { address, serving: tokio::spawn(egress.serve()) }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Says all and hears all.
    async fn ask(&self, text: &str) -> String {
        let mut near = self.connect().await;
        // One that hangs up early has its reasons; what it said is looked at.
        let _ = near.write_all(text.as_bytes()).await;
        let mut reply = Vec::new();
        let _ = near.read_to_end(&mut reply).await;
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// A tunnel that stands.
    async fn tunnel(&self, to: SocketAddr) -> TcpStream {
        let mut near = self.connect().await;
        let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n");
        near.write_all(request.as_bytes()).await.unwrap();
        let head = read_head(&mut near).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        near
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Up to the empty line.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn far_end() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}
