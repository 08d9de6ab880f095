//! How many run, how many wait.

use super::*;

fn limited(exchange: ProcessExchange, max_concurrent: usize, max_queued: usize) -> ProcessExchange {
    with_target(exchange, |target| {
        target.sandbox.max_concurrent = max_concurrent;
        target.sandbox.max_queued = max_queued;
    })
}

#[tokio::test]
async fn a_run_beyond_those_that_may_wait_is_refused() {
    let upstream = Arc::new(ProcessUpstream::try_new().unwrap());
    let one = || limited(shell("echo x; /bin/sleep 300"), 1, 1);
    let first = upstream.run(one()).await.unwrap();
    let mut second = Box::pin(upstream.run(one()));
    assert!(futures_util::poll!(&mut second).is_pending());
    let third = upstream.run(one()).await;
    assert_eq!(third.err().map(|failure| failure.kind()), Some(FailureKind::QueueFull));
    drop(first);
    let second = second.await.unwrap();
    drop(second);
    upstream.shutdown().await;
}

#[tokio::test]
async fn who_waits_too_long_is_told_so_and_who_leaves_makes_room() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let first = upstream.run(limited(shell("echo x; /bin/sleep 300"), 1, 1)).await.unwrap();
    let hurried = with_target(limited(shell("echo x"), 1, 1), |target| target.total = SOON);
    let failure = upstream.run(hurried).await.err().unwrap();
    assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
    drop(first);
    let text = drain(upstream.run(limited(shell("echo y"), 1, 1)).await.unwrap()).await.0;
    assert_eq!(text, "y\n");
}
