//! TLS: who is trusted, and HTTP/2 where it is offered.

use std::future::poll_fn;

use h2::Reason;
use rcgen::{Certificate, CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::super::tls;
use super::*;

/// A server's TLS and a client that trusts it.
pub(super) fn trusted() -> (TlsAcceptor, HttpUpstream) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    with_certificate(&cert, &signing_key)
}

/// As [`trusted`], with another certificate.
pub(super) fn with_certificate(
    cert: &Certificate,
    signing_key: &KeyPair,
) -> (TlsAcceptor, HttpUpstream) {
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = HttpUpstream::with_tls(tls::trusting(roots).unwrap());
    (TlsAcceptor::from(Arc::new(server)), client)
}

/// Serves HTTP/2: every request gets a head and one chunk; a reset is reported.
async fn http2(acceptor: TlsAcceptor) -> (Server, mpsc::Receiver<Reason>) {
    let (sender, resets) = mpsc::channel(8);
    let server = Server::start(move |connection: Connection| {
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        async move {
            let Ok(stream) = acceptor.accept(connection.into_stream()).await else {
                return;
            };
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let head = http::Response::new(());
                let mut body = respond.send_response(head, false).unwrap();
                body.send_data(Bytes::from_static(b"x"), false).unwrap();
                let sender = sender.clone();
                tokio::spawn(async move {
                    let reason = poll_fn(|context| body.poll_reset(context)).await.unwrap();
                    sender.send(reason).await.unwrap();
                });
            }
        }
    })
    .await;
    (server, resets)
}

#[tokio::test]
async fn http2_is_spoken_and_dropping_a_body_resets_its_stream_alone() {
    let (acceptor, upstream) = trusted();
    let (server, mut resets) = http2(acceptor).await;
    let url = format!("https://localhost:{}/", server.address.port());
    let mut kept = upstream.send(exchange(&url)).await.unwrap();
    let mut dropped = upstream.send(exchange(&url)).await.unwrap();
    assert_eq!(dropped.body.next().await.unwrap().unwrap(), "x");
    drop(dropped);
    assert_eq!(resets.recv().await, Some(Reason::CANCEL));
    assert_eq!(kept.body.next().await.unwrap().unwrap(), "x");
    assert!(resets.try_recv().is_err());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (acceptor, _) = trusted();
    let (server, _resets) = http2(acceptor).await;
    let url = format!("https://localhost:{}/", server.address.port());
    let upstream = HttpUpstream::try_new().unwrap();
    let failure = failure_of(&upstream, exchange(&url)).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable);
    assert!(failure.cause_chain().unwrap().contains("certificate"), "{failure:?}");
}
