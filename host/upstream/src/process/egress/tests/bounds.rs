//! Programs and far ends that take too much.

use futures_util::future::join_all;
use tokio::net::TcpSocket;

use super::*;

/// Reads until the other side ends or breaks off.
async fn drain(stream: &mut TcpStream) -> usize {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        total += count;
    }
    total
}

#[tokio::test]
async fn a_thousand_connections_are_served_a_few_at_once() {
    const WAVE: usize = 100;
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let (live, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let echo = async {
        let serve = |mut stream: TcpStream| {
            let (live, most) = (&live, &most);
            async move {
                most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let byte = stream.read_u8().await.unwrap();
                // No longer open for the proxy once the reply has its end.
                live.fetch_sub(1, Ordering::SeqCst);
                stream.write_u8(byte).await.unwrap();
            }
        };
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => open.push(serve(accepted.unwrap().0)),
                Some(()) = open.next() => {}
            }
        }
    };
    let clients = async {
        for _ in 0..10 {
            join_all((0..WAVE).map(|_| async {
                let mut near = proxy.tunnel(far).await;
                near.write_u8(7).await.unwrap();
                assert_eq!(near.read_u8().await.unwrap(), 7);
            }))
            .await;
        }
    };
    tokio::select! {
        () = clients => {}
        never = echo => never,
    }
    let most = most.into_inner();
    assert!((1..=LIMITS.connections).contains(&most), "{most} at once");
}

#[tokio::test]
async fn a_silent_far_end_holds_a_connection_for_the_idle_time_only() {
    let (listener, far) = far_end().await;
    let limits = EgressLimits { idle: Duration::from_millis(50), ..LIMITS };
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], limits);
    let mut near = proxy.tunnel(far).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(drain(&mut near).await, 0);
    assert_eq!(drain(&mut stream).await, 0);
    let silent = proxy.ask(&format!("GET http://{far}/ HTTP/1.1\r\n\r\n")).await;
    assert_eq!(silent, "");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let limits = EgressLimits { head: Duration::from_millis(50), ..LIMITS };
    let proxy = Proxy::new(&[], limits);
    let mut near = proxy.connect().await;
    near.write_all(b"CONNECT ").await.unwrap();
    drain(&mut near).await;
}

#[tokio::test]
async fn a_host_that_does_not_take_the_connection_is_given_up() {
    let limits = EgressLimits { connect: Duration::from_millis(50), ..LIMITS };
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // One connection waits for its accept; to others the kernel does not answer.
    let listener = socket.listen(0).unwrap();
    let far = listener.local_addr().unwrap();
    let _first = TcpStream::connect(far).await.unwrap();
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], limits);
    let reply = proxy.ask(&format!("CONNECT {far} HTTP/1.1\r\n\r\n")).await;
    assert!(reply.starts_with("HTTP/1.1 504 "), "{reply}");
}

#[tokio::test]
async fn a_run_moves_the_bytes_that_it_may_and_no_more() {
    const ALLOWED: usize = 300_000;
    let (listener, far) = far_end().await;
    let limits = EgressLimits { bytes: ALLOWED as u64, ..LIMITS };
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], limits);
    let mut near = proxy.tunnel(far).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let (sent, arrived) = tokio::join!(
        async {
            let chunk = [7; 16 * 1024];
            let mut sent = 0;
            while sent < 100 << 20 && near.write_all(&chunk).await.is_ok() {
                sent += chunk.len();
            }
            sent
        },
        drain(&mut stream)
    );
    assert!(sent < 100 << 20, "{sent}");
    assert!((1..=ALLOWED).contains(&arrived), "{arrived}");
    let again = proxy.ask(&format!("CONNECT {far} HTTP/1.1\r\n\r\n")).await;
    assert_eq!(again, "");
}

#[tokio::test]
async fn a_far_end_that_is_slow_holds_a_huge_upload_back() {
    const UPLOAD: usize = 100 << 20;
    // What the kernel keeps for four sockets, and a little for ourselves.
    const KEPT: usize = 40 << 20;
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let mut near = proxy.tunnel(far).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let (sent, most_kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let upload = async {
        let chunk = vec![7; 256 * 1024];
        while sent.load(Ordering::Relaxed) < UPLOAD {
            let count = near.write(&chunk).await.unwrap();
            sent.fetch_add(count, Ordering::Relaxed);
        }
        near.shutdown().await.unwrap();
    };
    let slow = async {
        let mut buffer = vec![0; 4 * 1024];
        let mut arrived = 0;
        while let count @ 1.. = stream.read(&mut buffer).await.unwrap() {
            arrived += count;
            most_kept.fetch_max(sent.load(Ordering::Relaxed) - arrived, Ordering::Relaxed);
        }
        arrived
    };
    let ((), arrived) = tokio::join!(upload, slow);
    assert_eq!(arrived, sent.into_inner());
    let most_kept = most_kept.into_inner();
    assert!(most_kept < KEPT, "{most_kept} bytes");
}

#[tokio::test]
async fn nothing_is_left_of_the_proxy_when_its_run_ends() {
    let (listener, far) = far_end().await;
    let proxy = Proxy::new(&[("127.0.0.1", far.port())], LIMITS);
    let mut near = proxy.tunnel(far).await;
    let mut half = proxy.connect().await;
    half.write_all(b"CONNECT ").await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let address = proxy.address;
    drop(proxy);
    assert_eq!(drain(&mut stream).await, 0);
    assert_eq!(drain(&mut near).await, 0);
    assert_eq!(drain(&mut half).await, 0);
    assert!(TcpStream::connect(address).await.is_err());
}
