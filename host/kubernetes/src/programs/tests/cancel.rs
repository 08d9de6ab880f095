//! Callers who leave: nothing of their runs stays.

use super::*;

/// Leaves as soon as something is so in the cluster.
async fn leave(cluster: &Cluster, exchange: ProcessExchange, when: impl Fn(&api::Inner) -> bool) {
    tokio::select! {
        biased;
        () = cluster.api.until(when) => {}
        _ = cluster.run(exchange) => panic!("the run ended first"),
    }
}

#[tokio::test]
async fn who_leaves_in_any_state_leaves_nothing() {
    let silent = |script: Script| Script { prints: Vec::new(), ..script };
    let scripts = [
        // No pod, a pod without status, an image that is pulled, a program that says nothing.
        Script { makes_pod: false, ..stays() },
        Script { statuses: Vec::new(), ..stays() },
        waits_with(json!({ "waiting": { "reason": "ContainerCreating" } })),
        silent(stays()),
    ];
    for script in scripts {
        let cluster = Cluster::of(script).await;
        leave(&cluster, with_secret(exchange()), |inner| !inner.secrets.is_empty()).await;
        leave(&cluster, with_secret(exchange()), |inner| inner.jobs.len() == 1).await;
        leave(&cluster, exchange(), |inner| !inner.jobs.is_empty()).await;
        cluster.is_clean().await;
    }
}

#[tokio::test]
async fn who_leaves_an_attached_program_leaves_nothing() {
    let cluster = Cluster::of(stays()).await;
    let mut reply = cluster.run(with_secret(fed("a question"))).await.unwrap();
    assert_eq!(next_text(&mut reply).await, "a question");
    assert_ne!(cluster.api.left(), (0, 0, 0));
    drop(reply);
    cluster.is_clean().await;
}

#[tokio::test]
async fn a_deletion_is_tried_until_it_is_taken() {
    let cluster = Cluster::of(stays()).await;
    let reply = cluster.run(with_secret(exchange())).await.unwrap();
    for call in ["DELETE jobs", "DELETE secrets"] {
        let refusal = Refusal { call, code: 500, message: "x", times: 2, is_done: false };
        cluster.api.inner().refusals.push(refusal);
    }
    drop(reply);
    cluster.is_clean().await;
    assert!(cluster.api.inner().refusals[0].times == 0);
}

#[tokio::test]
async fn what_was_created_and_not_answered_is_deleted() {
    let cluster = Cluster::of(stays()).await;
    for call in ["POST jobs", "POST secrets"] {
        let refusal = Refusal { call, code: 504, message: "x", times: 1, is_done: true };
        cluster.api.inner().refusals.push(refusal);
        cluster.failure(with_secret(exchange())).await;
    }
    assert_eq!(cluster.api.inner().created.len(), 3);
    cluster.is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_runs_that_nobody_waits_for_leave_nothing() {
    let cluster = Arc::new(Cluster::of(stays()).await);
    let callers = (0..5).map(|caller| {
        let cluster = Arc::clone(&cluster);
        tokio::spawn(async move {
            for round in 0..20 {
                let exchange = match (caller + round) % 3 {
                    0 => fed("a question"),
                    1 => with_secret(exchange()),
                    _ => exchange(),
                };
                let mut reply = cluster.run(exchange).await.unwrap();
                if round % 2 == 0 {
                    next_text(&mut reply).await;
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    cluster.is_clean().await;
}
