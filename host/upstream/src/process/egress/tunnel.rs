//! `CONNECT`: bytes both ways, not looked into.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

/// A tunnel whose far end stands.
pub(super) struct Tunnel {
    pub(super) near: OnUpgrade,
    pub(super) far: TcpStream,
}

impl Tunnel {
    /// Carries bytes until both sides have ended or one broke.
    pub(super) async fn carry(mut self) {
        if let Ok(near) = self.near.await {
            // A broken tunnel is seen by both ends, and there is nobody else to tell.
            let _ = copy_bidirectional(&mut TokioIo::new(near), &mut self.far).await;
        }
    }
}
