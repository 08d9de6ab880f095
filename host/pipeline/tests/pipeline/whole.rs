use exchange::{FailureKind, Operation};
use serde_json::{Value, json};

use super::fakes::{Script, ask_for, bench, caller, failed, whole_text};

const ANSWER: &str = r#"{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"content":"hi"}}],"odd":12345678901234567890.10,"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}"#;

#[tokio::test]
async fn a_verbatim_answer_is_relayed_byte_by_byte_and_its_usage_noted() {
    let (head, tail) = ANSWER.split_at(40);
    let bench = bench(vec![Script::Reply(200, vec![Ok(head), Ok(tail)])]);
    let reply = bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!((&*reply.provider, reply.attempts), ("one", 1));
    assert_eq!(reply.headers.len(), 1, "only the allow-list comes back");
    assert_eq!(whole_text(reply), ANSWER);
    let usage = bench.trace.read().usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens), (3, 2, 1));
}

#[tokio::test]
async fn only_the_model_name_is_changed_on_the_way() {
    let bench = bench(vec![Script::Reply(200, vec![Ok(ANSWER)])]);
    let body = r#"{ "model" : "smart", "messages":[{"role":"user","content":"é\u00e9"}], "temperature": 1.0, "odd":[1e400] }"#;
    bench.ask(Operation::Chat, caller("*"), body.to_owned()).await.unwrap();
    assert_eq!(bench.sent(0), body.replace("\"smart\"", "\"one-model\""));
    let seen = bench.http.seen.lock().unwrap();
    assert_eq!(seen[0].url.as_str(), "http://one.example/v1/chat");
    assert_eq!(seen[0].headers["x-request-id"], "test-1");
    assert_eq!(seen[0].headers["openai-beta"], "x");
    assert!(seen[0].credential.is_some());
}

#[tokio::test]
async fn what_is_not_an_answer_inside_a_200_goes_to_the_next_candidate() {
    for first in ["", "<html>busy</html>", "{\"choices\":[", r#"{"error":{"message":"no"}}"#, "[]"]
    {
        let scripts =
            vec![Script::Reply(200, vec![Ok(first)]), Script::Reply(200, vec![Ok(ANSWER)])];
        let bench = bench(scripts);
        let reply = bench.chat(&ask_for("smart", false)).await.unwrap();
        assert_eq!((&*reply.provider, reply.attempts), ("two", 2), "{first}");
    }
}

#[tokio::test]
async fn the_latest_failure_is_told_when_no_candidate_answers() {
    let scripts =
        vec![Script::Fail(FailureKind::UpstreamUnreachable), Script::Reply(429, vec![Ok("slow")])];
    let bench = bench(scripts);
    let failure = failed(bench.chat(&ask_for("smart", false)).await);
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
    assert_eq!(failure.retry_after().unwrap().as_secs(), 9);
    assert_eq!(failure.upstream_status(), Some(429));
    assert_eq!(bench.trace.read().attempts, 2);
}

#[tokio::test]
async fn our_credential_is_neither_blamed_on_the_caller_nor_quoted() {
    let said = "bad key sk-the-providers-secret";
    let scripts = || vec![Script::Reply(401, vec![Ok(said)]), Script::Reply(500, vec![Ok(said)])];
    let one = bench(vec![Script::Reply(401, vec![Ok(said)])]);
    let failure = failed(one.chat(&ask_for("one/m", false)).await);
    assert_eq!(failure.kind(), FailureKind::UpstreamAuth);
    assert!(!format!("{failure:?}").contains("sk-the"), "{failure:?}");
    let both = bench(scripts());
    let failure = failed(both.chat(&ask_for("smart", false)).await);
    assert_eq!(failure.message(), "bad key [redacted]");
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_moves_on_only_where_the_route_says_so() {
    let scripts =
        || vec![Script::Reply(400, vec![Ok("long")]), Script::Reply(200, vec![Ok(ANSWER)])];
    let strict = bench(scripts());
    let failure = failed(strict.chat(&ask_for("smart", false)).await);
    assert_eq!(failure.kind(), FailureKind::ContextTooLong);
    assert_eq!(strict.requests_sent(), 1);
    let patient = bench(scripts());
    assert_eq!(patient.chat(&ask_for("patient", false)).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn every_attempt_looks_its_plugins_up_by_the_requests_id() {
    let scripts =
        vec![Script::Fail(FailureKind::UpstreamUnreachable), Script::Reply(200, vec![Ok(ANSWER)])];
    let bench = bench(scripts);
    bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!(*bench.plugins.looked_up_for.lock().unwrap(), ["test-1", "test-1"]);
}

#[tokio::test]
async fn the_plans_of_generations_that_share_the_traffic_are_all_remembered() {
    let bench = bench((0..6).map(|_| Script::Reply(200, vec![Ok(ANSWER)])).collect());
    for generation in [1, 2, 1, 2, 1, 2] {
        bench.plugins.generation.store(generation, std::sync::atomic::Ordering::SeqCst);
        bench.chat(&ask_for("smart", false)).await.unwrap();
    }
    assert_eq!(bench.plugins.plans.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn pure_answers_of_plugins_are_asked_for_once_a_generation() {
    let again = || Script::Reply(200, vec![Ok(ANSWER)]);
    let bench = bench((0..4).map(|_| again()).collect());
    let asked = || {
        use std::sync::atomic::Ordering::SeqCst;
        (bench.plugins.plans.load(SeqCst), bench.plugins.prepares.load(SeqCst))
    };
    for _ in 0..3 {
        bench.chat(&ask_for("smart", false)).await.unwrap();
    }
    assert_eq!(asked(), (1, 1));
    bench.plugins.generation.store(7, std::sync::atomic::Ordering::SeqCst);
    bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!(asked(), (2, 2));
}

#[tokio::test]
async fn a_bad_request_names_the_member_and_reaches_no_provider() {
    let bench = bench(vec![]);
    let cases: [(Value, &str); 4] = [
        (json!({"messages": [{"role": "user", "content": "x"}]}), "model"),
        (json!({"model": 3, "messages": []}), "model"),
        (json!({"model": "smart"}), "messages"),
        (json!({"model": "smart", "messages": [{}], "stream": "yes"}), "stream"),
    ];
    for (body, param) in cases {
        let failure = failed(bench.chat(&body).await);
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{body}");
        assert!(failure.message().contains(param), "{body}: {failure}");
    }
    for body in ["", "{", "[]", "null", "{\"model\":\"smart\"} x"] {
        let result = bench.ask(Operation::Chat, caller("*"), body.to_owned()).await;
        assert_eq!(failed(result).kind(), FailureKind::InvalidRequest, "{body:?}");
    }
}
