//! What is asked, and who is reached.

use super::*;

/// Answers one request with a reply, and returns every byte that came until the other side ended.
async fn answer_once(listener: TcpListener, reply: &'static str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = read_head(&mut stream).await;
    stream.write_all(reply.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    seen.push_str(&String::from_utf8(rest).unwrap());
    seen
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways_until_both_ends_are_done() {
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let mut near = proxy.tunnel(far).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    near.write_all(b"\x16\x03\x01 hello").await.unwrap();
    near.shutdown().await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"\x16\x03\x01 hello");
    // Only one half has ended.
    stream.write_all(b"answer").await.unwrap();
    drop(stream);
    let mut reply = Vec::new();
    near.read_to_end(&mut reply).await.unwrap();
    assert_eq!(reply, b"answer");
}

#[tokio::test]
async fn a_granted_name_is_looked_up_by_the_gateway() {
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("localhost", far.port())], LIMITS);
    let port = far.port();
    let request = format!("GET http://localhost:{port}/a HTTP/1.1\r\n\r\n");
    let (reply, seen) =
        tokio::join!(proxy.ask(&request), answer_once(listener, "HTTP/1.1 204 No Content\r\n\r\n"));
    assert!(reply.starts_with("HTTP/1.1 204 "), "{reply}");
    assert!(seen.contains(&format!("localhost:{port}")), "{seen}");
}

#[tokio::test]
async fn a_plain_request_is_made_anew_without_fields_of_the_connection() {
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let request = format!(
        "POST http://{far}/v1/x?y=z HTTP/1.1\r\nHost: {far}\r\nAuthorization: Bearer k\r\n\
         Connection: keep-alive, X-Own\r\nX-Own: 1\r\nProxy-Connection: keep-alive\r\n\
         Proxy-Authorization: Basic eA==\r\nTE: trailers\r\nContent-Length: 5\r\n\r\nhello"
    );
    let reply = "HTTP/1.1 200 OK\r\nConnection: x-far\r\nX-Far: 1\r\nKeep-Alive: timeout=5\r\n\
                 Content-Length: 3\r\n\r\nabc";
    let (reply, seen) = tokio::join!(proxy.ask(&request), answer_once(listener, reply));
    let seen = seen.to_lowercase();
    assert!(seen.starts_with("post /v1/x?y=z http/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\nhello"), "{seen}");
    for there in [&format!("host: {far}\r\n"), "authorization: bearer k", "content-length: 5"] {
        assert_eq!(seen.matches(there).count(), 1, "{there}: {seen}");
    }
    for gone in ["x-own", "proxy-", "te: ", "keep-alive"] {
        assert!(!seen.contains(gone), "{gone}: {seen}");
    }
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\nabc"), "{reply}");
    assert!(!reply.to_lowercase().contains("x-far"), "{reply}");
}

#[tokio::test]
async fn only_hosts_and_ports_of_the_grant_are_reached() {
    let (_listener, far) = far_end().await;
    let (_other, other) = far_end().await;
    let metadata = ("169.254.169.254", 80);
    let grant = [("127.0.0.1", far.port()), metadata, ("::ffff:169.254.169.254", 80)];
    let proxy = Proxy::new(&grant, LIMITS);
    let port = far.port();
    let cases = [
        (format!("127.0.0.1:{}", other.port()), "may not reach 127.0.0.1:"),
        (format!("127.0.0.2:{port}"), "may not reach 127.0.0.2:"),
        (format!("localhost:{port}"), "may not reach localhost:"),
        (format!("[::1]:{port}"), "may not reach [::1]:"),
        (format!("0x7f000001:{port}"), "may not reach 0x7f000001:"),
        ("example.com:443".to_owned(), "may not reach example.com:443"),
        ("169.254.169.254:80".to_owned(), "metadata"),
        ("[::ffff:169.254.169.254]:80".to_owned(), "metadata"),
    ];
    for (to, words) in cases {
        for head in [format!("CONNECT {to} HTTP/1.1"), format!("GET http://{to}/s HTTP/1.1")] {
            let reply = proxy.ask(&format!("{head}\r\nHost: {to}\r\n\r\n")).await;
            assert!(reply.starts_with("HTTP/1.1 403 "), "{head}: {reply}");
            assert!(reply.contains(words) && !reply.contains("/s"), "{head}: {reply}");
        }
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told_from_one_that_is_not_granted() {
    let (listener, far) = far_end().await;
    drop(listener);
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let reply = proxy.ask(&format!("CONNECT {far} HTTP/1.1\r\n\r\n")).await;
    assert!(reply.starts_with("HTTP/1.1 502 "), "{reply}");
}

#[tokio::test]
async fn a_request_that_is_not_clear_reaches_nobody() {
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let url = format!("http://{far}/");
    let long = "x".repeat(20_000);
    let many: String = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect();
    let cases = [
        ("a path alone", format!("GET / HTTP/1.1\r\nHost: {far}\r\n\r\n"), "400"),
        ("TLS in absolute form", format!("GET https://{far}/ HTTP/1.1\r\n\r\n"), "400"),
        ("another scheme", format!("GET ftp://{far}/ HTTP/1.1\r\n\r\n"), "400"),
        ("a tunnel without port", "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("a tunnel to a URL", format!("CONNECT {url} HTTP/1.1\r\n\r\n"), "400"),
        ("a user", format!("GET http://u:p@{far}/ HTTP/1.1\r\n\r\n"), "400"),
        ("another Host", format!("GET {url} HTTP/1.1\r\nHost: b.example\r\n\r\n"), "400"),
        ("two Hosts", format!("GET {url} HTTP/1.1\r\nHost: {far}\r\nHost: {far}\r\n\r\n"), "400"),
        ("another Host of a tunnel", format!("CONNECT {far} HTTP/1.1\r\nHost: b:1\r\n\r\n"), "400"),
        ("a long field", format!("GET {url} HTTP/1.1\r\nx: {long}\r\n\r\n"), "431"),
        ("a long target", format!("GET {url}{long} HTTP/1.1\r\n\r\n"), "4"),
        ("many fields", format!("GET {url} HTTP/1.1\r\n{many}\r\n"), "431"),
        ("folded fields", format!("GET {url} HTTP/1.1\r\na: b\r\n c: d\r\n\r\n"), "400"),
        ("a space before the colon", format!("GET {url} HTTP/1.1\r\nHost : {far}\r\n\r\n"), "400"),
        ("two lengths", post(&url, "Content-Length: 1\r\nContent-Length: 2"), "400"),
        ("a signed length", post(&url, "Content-Length: +1"), "400"),
        ("an unknown coding", post(&url, "Transfer-Encoding: gzip"), "400"),
        ("a coding after chunked", post(&url, "Transfer-Encoding: chunked, gzip"), "400"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
        ("SOCKS", "\x05\x01\x00".to_owned() + "\r\n\r\n", "400"),
        ("TLS", "\x16\x03\x01\x02\r\n\r\n".to_owned(), "400"),
    ];
    for (name, request, status) in cases {
        let reply = proxy.ask(&request).await;
        let expected = if status.is_empty() { String::new() } else { format!("HTTP/1.1 {status}") };
        assert!(reply.starts_with(&expected) && !reply.contains(" 200 "), "{name}: {reply:?}");
    }
    let reached = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(reached.is_err(), "{reached:?}");
}

fn post(url: &str, framing: &str) -> String {
    format!("POST {url} HTTP/1.1\r\n{framing}\r\n\r\n0\r\n\r\n")
}

#[tokio::test]
async fn what_stands_behind_a_request_is_no_request() {
    let hidden = "GET http://127.0.0.1/hidden HTTP/1.1\r\n\r\n";
    let framings = [
        // Both framings: the library takes the chunks, as RFC 9112 section 6.3 says.
        "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\n\r\n",
        "\r\n",
    ];
    for framing in framings {
        let (listener, far) = far_end().await;
        let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
        let request = format!("POST http://{far}/seen HTTP/1.1\r\n{framing}{hidden}");
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let (reply, seen) = tokio::join!(proxy.ask(&request), answer_once(listener, reply));
        assert_eq!(seen.matches("HTTP/1.1").count(), 1, "{framing:?}: {seen:?}");
        assert!(!seen.contains("hidden"), "{framing:?}: {seen:?}");
        assert_eq!(reply.matches("HTTP/1.1").count(), 1, "{framing:?}: {reply:?}");
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_taken_for_whole() {
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let request = format!("GET http://{far}/ HTTP/1.1\r\n\r\n");
    let breaks = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
        stream.write_all(reply).await.unwrap();
    };
    let (reply, ()) = tokio::join!(proxy.ask(&request), breaks);
    assert!(reply.contains("abc") && !reply.ends_with("0\r\n\r\n"), "{reply}");
}
