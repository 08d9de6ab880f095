//! Programs that reach hosts, and those that may not.

use std::error::Error as _;

use exchange::ProgramHost;
use sandbox::{DriverName, LayerState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// `None` where no driver can grant a network, which is said.
pub(super) fn granting() -> Option<ProcessUpstream> {
    let upstream = ProcessUpstream::try_new().unwrap();
    match &upstream.sandbox()?.network_grants {
        LayerState::Works => Some(upstream),
        LayerState::Missing(reason) => {
            eprintln!("no network is granted here: {reason}");
            None
        }
    }
}

pub(super) fn granted(exchange: ProcessExchange, host: &str, port: u16) -> ProcessExchange {
    with_target(exchange, |target| {
        target.sandbox.network = vec![ProgramHost { host: host.into(), port }];
    })
}

/// A shell with a word for a connection to the proxy: `ask REQUEST-LINE` leaves it open as 3.
pub(super) fn bash(script: &str) -> ProcessExchange {
    let ask = "ask() { exec 3<>/dev/tcp/127.0.0.1/3128; printf '%s\\r\\n\\r\\n' \"$1\" >&3; };";
    exchange("/bin/bash", &["-c", &format!("{ask} {script}")])
}

async fn text_of(upstream: &ProcessUpstream, exchange: ProcessExchange) -> String {
    let (text, failure) = drain(upstream.run(exchange).await.unwrap()).await;
    assert!(failure.is_none(), "{failure:?}");
    text
}

/// Answers every connection with what it sent first.
async fn serve(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 1024];
        let count = stream.read(&mut seen).await.unwrap();
        let body = String::from_utf8_lossy(&seen[..count]).into_owned();
        let length = body.len();
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        // A program may be gone.
        let _ = stream.write_all(reply.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_program_reaches_a_granted_host_and_no_other() {
    let Some(upstream) = granting() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(serve(listener));
    let cases = [
        (format!("ask 'GET http://127.0.0.1:{port}/x HTTP/1.1'; cat <&3"), "GET /x HTTP/1.1"),
        (
            format!(
                "ask 'CONNECT 127.0.0.1:{port} HTTP/1.1'; printf 'GET /tunnel HTTP/1.1\\r\\n\\r\\n' >&3; \
                 cat <&3"
            ),
            "GET /tunnel HTTP/1.1",
        ),
        (format!("ask 'CONNECT 127.0.0.2:{port} HTTP/1.1'; cat <&3"), "HTTP/1.1 403 Forbidden"),
        ("ask 'GET http://127.0.0.1:1/ HTTP/1.1'; cat <&3".to_owned(), "HTTP/1.1 403 Forbidden"),
        (format!("(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>&1 || echo shut"), "shut"),
        ("(exec 3<>/dev/udp/127.0.0.1/53) 2>&1 || echo shut".to_owned(), "shut"),
        ("(exec 3<>/dev/tcp/localhost/3128) 2>&1 || echo no name".to_owned(), "no name"),
    ];
    for (script, words) in cases {
        let text = text_of(&upstream, granted(bash(&script), "127.0.0.1", port)).await;
        assert!(text.contains(words), "{script}: {text}");
    }
    server.abort();
}

#[tokio::test]
async fn an_ordinary_program_finds_the_proxy_by_itself_under_every_driver() {
    let Some(upstream) = granting() else { return };
    if !std::path::Path::new("/usr/bin/curl").exists() {
        eprintln!("there is no curl");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(serve(listener));
    let url = format!("http://localhost:{port}/from-curl");
    let other = format!("http://127.0.0.1:{port}/other");
    let curl = |driver: DriverName, url: &str| {
        let curl = granted(exchange("/usr/bin/curl", &["--silent", url]), "localhost", port);
        with_target(curl, |target| target.sandbox.driver = Some(driver.as_str().into()))
    };
    let can_grant = |name: &DriverName| {
        upstream.demand(*name).is_ok_and(|report| report.network_grants == LayerState::Works)
    };
    for driver in DriverName::ALL.into_iter().filter(can_grant) {
        let text = text_of(&upstream, curl(driver, &url)).await;
        assert!(text.starts_with("GET /from-curl HTTP/1.1"), "{driver}: {text}");
        let text = text_of(&upstream, curl(driver, &other)).await;
        assert!(text.starts_with("this program may not reach 127.0.0.1:"), "{driver}: {text}");
    }
    server.abort();
}

#[tokio::test]
async fn a_run_that_is_cancelled_leaves_no_connection() {
    let Some(upstream) = granting() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("ask 'CONNECT 127.0.0.1:{port} HTTP/1.1'; echo open; exec sleep 300");
    let mut reply = upstream.run(granted(bash(&script), "127.0.0.1", port)).await.unwrap();
    assert_eq!(next_text(&mut reply).await, "open\n");
    let (mut far, _) = listener.accept().await.unwrap();
    drop(reply);
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
    upstream.shutdown().await;
}

#[tokio::test]
async fn a_driver_that_cannot_keep_a_grant_runs_nothing() {
    let basic = with_target(exchange("/bin/true", &[]), |target| {
        target.sandbox.driver = Some("basic".into());
    });
    let failure = failure_of(granted(basic, "api.example.com", 443)).await;
    assert_eq!(failure.kind(), FailureKind::SandboxFault);
    let cause = failure.source().unwrap().to_string();
    assert!(cause.contains("the layer network of"), "{cause}");
}

#[tokio::test]
async fn a_grant_names_hosts_and_no_patterns() {
    for (host, port) in [("*.example.com", 443), ("", 443), ("https://a", 443), ("a", 0)] {
        let failure = failure_of(granted(exchange("/bin/true", &[]), host, port)).await;
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{host}:{port}");
        assert!(failure.message().contains("; write a name"), "{failure}");
    }
}
