use exchange::FailureKind;

use super::fakes::{Script, ask_for, bench, caller, failed};

#[tokio::test]
async fn models_that_a_provider_lists_are_listed_and_served() {
    let answer = r#"{"choices":[]}"#;
    let scripts = vec![
        Script::Reply(200, vec![Ok("big small")]),
        Script::Reply(200, vec![Ok(answer)]),
        Script::Fail(FailureKind::UpstreamUnreachable),
        Script::Reply(200, vec![Ok("small")]),
    ];
    let bench = bench(scripts);
    let names = || {
        let entries = bench.pipeline.models(&caller("*"));
        entries.iter().map(|entry| entry.id.to_string()).collect::<Vec<_>>()
    };
    assert!(!names().contains(&"big".to_owned()));
    assert_eq!(failed(bench.chat(&ask_for("big", false)).await).kind(), FailureKind::NotFound);

    let hub = "hub".into();
    assert_eq!(bench.pipeline.discover(&hub).await.outcome.unwrap(), Some(2));
    assert!(names().contains(&"big".to_owned()) && names().contains(&"hub/big".to_owned()));
    let reply = bench.chat(&ask_for("big", false)).await.unwrap();
    assert_eq!(&*reply.provider, "hub");
    assert!(bench.sent(1).contains("\"model\":\"big\""));

    // A provider that does not answer keeps what it had; one that answers otherwise does not.
    assert!(bench.pipeline.discover(&hub).await.outcome.is_err());
    assert!(names().contains(&"big".to_owned()));
    assert_eq!(bench.pipeline.discover(&hub).await.outcome.unwrap(), Some(1));
    assert!(!names().contains(&"big".to_owned()) && names().contains(&"small".to_owned()));
}

#[tokio::test]
async fn a_configured_name_wins_over_a_discovered_one_and_a_key_sees_what_it_may_use() {
    let bench = bench(vec![Script::Reply(200, vec![Ok("smart big")])]);
    bench.pipeline.discover(&"hub".into()).await.outcome.unwrap();
    let entries = bench.pipeline.models(&caller("*"));
    let smart = entries.iter().find(|entry| &*entry.id == "smart").unwrap();
    assert_eq!(smart.owned_by, "one,two");
    let entries = bench.pipeline.models(&caller("bi*"));
    assert_eq!(entries.iter().map(|entry| &*entry.id).collect::<Vec<_>>(), ["big"]);
}
