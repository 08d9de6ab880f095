//! Runs that go well.

use super::*;

#[tokio::test]
async fn output_in_the_log_is_the_reply_and_nothing_stays() {
    let cluster = Cluster::of(hello()).await;
    let (text, failure) = cluster.outcome(exchange()).await;
    assert_eq!((text.as_str(), failure.is_none()), ("hello there\n", true));
    cluster.is_clean().await;
    let job = cluster.api.inner().created[0].clone();
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["--ask", "a question"]));
}

#[tokio::test]
async fn a_body_for_standard_input_is_written_by_attaching() {
    let cluster = Cluster::of(hello()).await;
    // More than all buffers between the two.
    let body = "0123456789abcdef".repeat(100_000);
    let mut exchange = fed(body.clone());
    Arc::make_mut(&mut exchange.target).max_output_bytes = 1 << 24;
    let (text, failure) = cluster.outcome(exchange).await;
    assert!(failure.is_none(), "{failure:?}");
    assert!(text == body, "{} bytes came back", text.len());
    assert!(cluster.api.inner().stdin == body.as_bytes());
    cluster.is_clean().await;
}

#[tokio::test]
async fn output_streams_as_it_comes() {
    let cluster = Cluster::of(stays()).await;
    let mut reply = cluster.run(exchange()).await.unwrap();
    let mut seen = String::new();
    while !seen.ends_with('\n') {
        seen.push_str(&next_text(&mut reply).await);
    }
    assert_eq!(seen, "hello there\n");
    drop(reply);
    cluster.is_clean().await;
}

#[tokio::test]
async fn a_program_that_ended_without_its_input_has_its_output_in_the_log() {
    let ended = status(json!({ "terminated": { "exitCode": 0 } }));
    let cluster = Cluster::of(Script { statuses: vec![ended], ..hello() }).await;
    let (text, failure) = cluster.outcome(fed("unread")).await;
    assert_eq!((text.as_str(), failure.is_none()), ("hello there\n", true));
    // The kubelet knows it before the API server does.
    let cluster = Cluster::of(hello()).await;
    cluster.api.inner().refusals.push(Refusal {
        call: "GET pods/attach",
        code: 400,
        message: "container program is not running",
        times: 1,
        is_done: false,
    });
    let (text, failure) = cluster.outcome(fed("unread")).await;
    assert_eq!((text.as_str(), failure.is_none()), ("hello there\n", true));
    cluster.is_clean().await;
}

fn complains() -> Script {
    Script { complaint: "a complaint\n", ..hello() }
}

#[tokio::test]
async fn a_log_holds_complaints_unless_the_api_server_tells_them_apart() {
    let whole = "a complaint\nhello there\n";
    for (split_logs, said, asked) in
        [(false, whole, &["both"][..]), (true, "hello there\n", &["Stdout", "Stderr"])]
    {
        let cluster = Cluster::with(complains(), |it| it.split_logs = split_logs).await;
        let (text, failure) = cluster.outcome(exchange()).await;
        assert_eq!((text.as_str(), failure.is_none()), (said, true));
        assert_eq!(cluster.api.inner().logs, asked);
        cluster.is_clean().await;
    }
    // An attached program has complained already.
    let cluster = Cluster::with(complains(), |it| it.split_logs = true).await;
    let (text, failure) = cluster.outcome(fed("x")).await;
    assert_eq!((text.as_str(), failure.is_none()), ("x", true));
    assert!(cluster.api.inner().logs.is_empty());
    cluster.is_clean().await;
}

#[tokio::test]
async fn a_credential_is_a_secret_that_the_job_owns() {
    let cluster = Cluster::of(stays()).await;
    let reply = cluster.run(with_secret(exchange())).await.unwrap();
    {
        let inner = cluster.api.inner();
        let (name, secret) = inner.secrets.first_key_value().unwrap();
        assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], format!("uid-of-{name}"));
        let job = inner.jobs[name].to_string();
        assert!(job.contains("secretKeyRef") && !job.contains("sk-0123456789"), "{job}");
    }
    drop(reply);
    cluster.is_clean().await;
}

#[tokio::test]
async fn a_run_outlives_watches_that_break() {
    let cluster = Cluster::of(hello()).await;
    let refusal = Refusal { call: "GET pods", code: 500, message: "x", times: 2, is_done: false };
    cluster.api.inner().refusals.push(refusal);
    let (text, failure) = cluster.outcome(exchange()).await;
    assert_eq!((text.as_str(), failure.is_none()), ("hello there\n", true));
}

#[tokio::test]
async fn one_runs_one_waits_and_the_next_is_refused() {
    let cluster = Cluster::of(stays()).await;
    let one = || {
        with_target(|target| {
            target.sandbox.max_concurrent = 1;
            target.sandbox.max_queued = 1;
        })
    };
    let first = cluster.run(one()).await.unwrap();
    let mut second = Box::pin(cluster.run(one()));
    assert!(futures_util::poll!(&mut second).is_pending());
    let third = cluster.run(one()).await;
    assert_eq!(third.err().map(|failure| failure.kind()), Some(FailureKind::QueueFull));
    drop(first);
    drop(second.await.unwrap());
    cluster.is_clean().await;
}
