//! How runs end, and that nothing of them stays.

use sandbox::DriverName;

use super::*;

/// Drivers that work on this machine.
fn drivers_here(upstream: &ProcessUpstream) -> Vec<DriverName> {
    DriverName::ALL.into_iter().filter(|name| upstream.demand(*name).is_ok()).collect()
}

#[tokio::test]
async fn a_failing_end_before_any_output_fails_the_run_itself() {
    let cases = [
        ("exit 3", FailureKind::UpstreamError, "status 3"),
        ("exit 126", FailureKind::ProviderMisconfigured, "status 126"),
        ("/nonexistent/tool", FailureKind::ProviderMisconfigured, "status 127"),
        ("kill -TERM $$", FailureKind::UpstreamError, "signal 15"),
        ("echo no >&2; exit 1", FailureKind::UpstreamError, "status 1"),
    ];
    for (script, kind, words) in cases {
        let failure = failure_of(shell(script)).await;
        assert_eq!(failure.kind(), kind, "{script}: {failure}");
        assert!(failure.message().contains(words), "{script}: {failure}");
        assert!(!failure.message().contains("no\n"), "{script}: {failure}");
    }
}

#[tokio::test]
async fn a_failing_end_after_output_is_the_last_item() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let reply = upstream.run(shell("echo partial; exit 4")).await.unwrap();
    let (text, failure) = drain(reply).await;
    assert_eq!(text, "partial\n");
    assert!(failure.unwrap().message().contains("status 4"));
}

#[tokio::test]
async fn silence_is_ended_by_the_idle_timeout() {
    let exchange = with_target(shell("/bin/sleep 300"), |target| target.idle = SOON);
    let failure = failure_of(exchange).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
    assert!(failure.message().contains("idle timeout of 200ms"), "{failure}");
}

#[tokio::test]
async fn a_long_run_is_ended_by_the_total_timeout() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let exchange = with_target(shell("while :; do echo x; /bin/sleep 0.02; done"), |target| {
        target.total = SOON
    });
    let (text, failure) = drain(upstream.run(exchange).await.unwrap()).await;
    assert!(text.starts_with("x\n"));
    let failure = failure.unwrap();
    assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
    assert!(failure.message().contains("total timeout"), "{failure}");
}

#[tokio::test]
async fn the_adapter_can_shorten_the_run_and_not_lengthen_it() {
    for (asked, allowed) in [(SOON, NEVER), (NEVER, SOON)] {
        let exchange = with_plan(shell("/bin/sleep 300"), |plan| plan.timeout = Some(asked));
        let exchange = with_target(exchange, |target| target.total = allowed);
        let failure = failure_of(exchange).await;
        assert!(failure.message().contains("total timeout of 200ms"), "{failure}");
    }
}

#[tokio::test]
async fn a_flood_of_output_ends_at_the_cap_in_every_sandbox() {
    let upstream = ProcessUpstream::try_new().unwrap();
    for driver in drivers_here(&upstream) {
        let exchange = with_target(shell("while :; do echo 0123456789; done"), |target| {
            target.max_output_bytes = 100_000;
            target.sandbox.driver = Some(driver.as_str().into());
            // A tool is counted in this.
            target.max_memory_bytes = 1 << 30;
        });
        let (text, failure) = drain(upstream.run(exchange).await.unwrap()).await;
        assert!(text.len() <= 100_000, "{driver}");
        let failure = failure.unwrap();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{driver}");
        assert!(failure.message().contains("100000 bytes"), "{driver}: {failure}");
    }
    upstream.shutdown().await;
}

#[tokio::test]
async fn fifty_cancelled_exchanges_leave_nothing_behind_in_every_sandbox() {
    let upstream = ProcessUpstream::try_new().unwrap();
    for driver in drivers_here(&upstream) {
        for round in 0..50 {
            let exchange = with_target(shell("echo x; /bin/sleep 300.0651 & wait"), |target| {
                target.sandbox.driver = Some(driver.as_str().into());
                target.max_memory_bytes = 1 << 30;
            });
            let mut reply = upstream.run(exchange).await.unwrap();
            if round % 2 == 0 {
                next_text(&mut reply).await;
            }
        }
    }
    upstream.shutdown().await;
    assert_eq!(running("300.0651"), Vec::<String>::new());
    for driver in drivers_here(&upstream) {
        assert_eq!(upstream.drivers.get(driver).unwrap().waiting(), 0, "{driver}");
    }
}

#[tokio::test]
async fn output_of_exactly_the_cap_is_allowed() {
    let exchange = with_target(exchange("/bin/echo", &["12345"]), |target| {
        target.max_output_bytes = 6;
    });
    assert_eq!(output_of(exchange).await, "12345\n");
}

#[tokio::test]
async fn a_flood_of_complaints_stops_nobody() {
    let script = "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 \
                  >&2; i=$((i+1)); done; echo done";
    assert_eq!(output_of(shell(script)).await, "done\n");
}

#[tokio::test]
async fn dropping_the_body_kills_the_program_and_what_it_started() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let script = "/bin/sleep 300.0611 & (/bin/sleep 300.0611 & echo x; wait) & wait";
    let mut reply = upstream.run(shell(script)).await.unwrap();
    next_text(&mut reply).await;
    assert_ne!(running("300.0611"), Vec::<String>::new());
    drop(reply);
    upstream.shutdown().await;
    assert_eq!(running("300.0611"), Vec::<String>::new());
}

#[tokio::test]
async fn dropping_the_future_kills_the_program() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let exchange = shell("exec /bin/sleep 300.0533");
    let waited = tokio::time::timeout(SOON, upstream.run(exchange)).await;
    assert!(waited.is_err());
    upstream.shutdown().await;
    assert_eq!(running("300.0533"), Vec::<String>::new());
}

#[tokio::test]
async fn a_program_cannot_leave_its_group_to_survive() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let script = "/usr/bin/setsid --fork /bin/sleep 300.0621; \
                  (trap '' HUP TERM INT; /bin/sleep 300.0621) & echo x; wait";
    let mut reply = upstream.run(shell(script)).await.unwrap();
    next_text(&mut reply).await;
    drop(reply);
    upstream.shutdown().await;
    assert_eq!(running("300.0621"), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let reply = upstream.run(shell("/bin/sleep 300.0631 & echo x")).await.unwrap();
    let (text, failure) = drain(reply).await;
    assert_eq!(text, "x\n");
    assert!(failure.is_none());
    upstream.shutdown().await;
    assert_eq!(running("300.0631"), Vec::<String>::new());
}

#[tokio::test]
async fn an_ended_runtime_leaves_no_program() {
    let worker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let upstream = ProcessUpstream::try_new().unwrap();
            let script = "echo x; exec /bin/sleep 300.0641";
            let mut reply = upstream.run(shell(script)).await.unwrap();
            next_text(&mut reply).await;
            std::mem::forget(reply);
        });
    });
    worker.join().unwrap();
    // Killed but perhaps not reaped: a zombie has no command line.
    let gone = (0..100_000).any(|_| {
        std::thread::yield_now();
        running("300.0641").is_empty()
    });
    assert!(gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_runs_that_nobody_waits_for_leave_no_process() {
    let upstream = Arc::new(ProcessUpstream::try_new().unwrap());
    let callers = (0..8).map(|caller| {
        let upstream = Arc::clone(&upstream);
        tokio::spawn(async move {
            for round in 0..20 {
                let script = "echo x; /bin/sleep 300.0417 & wait";
                let mut reply = upstream.run(shell(script)).await.unwrap();
                if (caller + round) % 2 == 0 {
                    next_text(&mut reply).await;
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    upstream.shutdown().await;
    assert_eq!(running("300.0417"), Vec::<String>::new());
}

/// Command lines of all processes that hold a marker.
fn running(marker: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).into_owned())
    });
    lines.filter(|line| line.contains(marker)).collect()
}
