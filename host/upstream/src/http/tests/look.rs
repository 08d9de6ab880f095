//! The way to a provider is looked at step by step, and what is wrong is said with what to do.

use std::future::pending;

use exchange::{ProbeStep, ReachPort as _, ReachReport, Verdict};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::RootCertStore;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::tls;
use super::tls::{trusted, with_certificate};
use super::*;

async fn look(upstream: &HttpUpstream, url: &str, timeouts: Duration) -> ReachReport {
    let mut target = target();
    target.timeouts.connect = timeouts;
    upstream.look(&Url::parse(url).unwrap(), &target).await
}

/// A server that shakes hands and then waits for the other side to close.
async fn tls_server(acceptor: TlsAcceptor) -> Server {
    Server::start(move |connection: Connection| {
        let acceptor = acceptor.clone();
        async move { drop(acceptor.accept(connection.into_stream()).await) }
    })
    .await
}

fn verdicts(report: &ReachReport) -> (Verdict, Verdict) {
    (report.connect.verdict, report.tls.verdict)
}

/// A failed step, and what it says before and after the semicolon.
fn assert_failed(step: &ProbeStep, wrong: &str, fix: &str) {
    assert_eq!(step.verdict, Verdict::Failed, "{step:?}");
    assert!(step.took.is_some(), "{step:?}");
    let message = step.message.as_deref().unwrap();
    let (said, advice) = message.split_once("; ").unwrap();
    assert!(said.contains(wrong) && advice.contains(fix), "{message}");
}

#[tokio::test]
async fn a_good_way_is_good_and_nothing_is_sent_on_it() {
    let (sender, mut received) = tokio::sync::mpsc::channel(1);
    let server = Server::start(move |mut connection: Connection| {
        let sender = sender.clone();
        async move { sender.send(connection.request().await).await.unwrap() }
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    let report = look(&upstream, &format!("http://{}/v1", server.address), NEVER).await;
    assert_eq!(verdicts(&report), (Verdict::Good, Verdict::NotApplicable));
    assert_eq!(received.recv().await, Some(None));
}

#[tokio::test]
async fn a_trusted_certificate_is_good_by_name() {
    let (acceptor, upstream) = trusted();
    let server = tls_server(acceptor).await;
    let url = format!("https://localhost:{}/v1", server.address.port());
    for _ in 0..2 {
        let report = look(&upstream, &url, NEVER).await;
        assert_eq!(verdicts(&report), (Verdict::Good, Verdict::Good), "{report:?}");
        assert!(report.connect.took.is_some() && report.tls.took.is_some());
    }
}

#[tokio::test]
async fn without_a_connection_the_handshake_is_skipped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    // Too long a label for any name server to be asked.
    let nowhere = "a".repeat(64);
    let upstream = HttpUpstream::try_new().unwrap();
    for (host, wrong, fix) in [
        (closed.to_string(), "refused", "host and port"),
        ("169.254.169.254".to_owned(), "link-local", "network = \"anywhere\""),
        ("[::ffff:169.254.169.254]".to_owned(), "link-local", "network = \"anywhere\""),
        (nowhere, "does not resolve", "the host in base_url"),
    ] {
        let report = look(&upstream, &format!("https://{host}/v1"), NEVER).await;
        assert_failed(&report.connect, wrong, fix);
        assert_eq!(report.tls, ProbeStep::skipped(), "{host}");
        let report = look(&upstream, &format!("http://{host}/v1"), NEVER).await;
        assert_failed(&report.connect, wrong, fix);
        assert_eq!(report.tls, ProbeStep::not_applicable(), "{host}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_fails_the_handshake_alone() {
    let (acceptor, _) = trusted();
    let trusts_nobody = HttpUpstream::with_tls(tls::trusting(RootCertStore::empty()).unwrap());
    let server = tls_server(acceptor).await;
    let url = format!("https://localhost:{}/v1", server.address.port());
    let report = look(&trusts_nobody, &url, NEVER).await;
    assert_eq!(report.connect.verdict, Verdict::Good);
    assert_failed(&report.tls, "vouches for the certificate of localhost", "certificate roots");
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_is_told_apart() {
    let key = KeyPair::generate().unwrap();
    let dated = |from, until| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.self_signed(&key).unwrap()
    };
    for (certificate, host, wrong, fix) in [
        (dated(2000, 2001), "localhost", "has expired", "renewed"),
        (dated(2900, 2901), "localhost", "not valid yet", "clock"),
        (dated(2000, 2900), "127.0.0.1", "another name than 127.0.0.1", "base_url"),
    ] {
        let (acceptor, upstream) = with_certificate(&certificate, &key);
        let server = tls_server(acceptor).await;
        let url = format!("https://{host}:{}/v1", server.address.port());
        assert_failed(&look(&upstream, &url, NEVER).await.tls, wrong, fix);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_that() {
    let server = Server::start(|mut connection: Connection| async move {
        connection.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        connection.closed().await;
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    let report = look(&upstream, &format!("https://{}/v1", server.address), NEVER).await;
    assert_eq!(report.connect.verdict, Verdict::Good);
    assert_failed(&report.tls, "does not speak TLS", "http://");
}

#[tokio::test]
async fn a_server_that_closes_during_the_handshake_is_told_as_that() {
    let server = Server::start(|connection: Connection| async move { drop(connection) }).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let report = look(&upstream, &format!("https://{}/v1", server.address), NEVER).await;
    assert_failed(&report.tls, "ended the TLS handshake", "this port");
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_connect_timeout() {
    let server = Server::start(|connection: Connection| async move {
        let _held = connection;
        pending::<()>().await;
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    let report = look(&upstream, &format!("https://{}/v1", server.address), SOON).await;
    assert_eq!(report.connect.verdict, Verdict::Good);
    assert_failed(&report.tls, "timeout of 150ms", "timeouts.connect_ms");
}
