//! The access log: one line a request, and no secret in it.

use anyhow::{Context, Result};
use gateway_tests::{CALLER_KEY, Gateway, Script, UPSTREAM_KEY};
use serde_json::Value;

use super::scenario::{completion, one_provider, question, question_to, stream, streamed_question};

async fn line(gateway: &Gateway, request_id: &str) -> Result<String> {
    let line = gateway.access_line(request_id).await?;
    // What came later is in the log too, so that a second line would be seen.
    let probe = gateway.client().get("/v1/models").await?;
    gateway.access_line(probe.header("x-request-id")).await?;
    let log = gateway.log();
    let lines = log.lines().filter(|line| line.contains(request_id) && line.contains("access"));
    assert_eq!(lines.count(), 1, "{log}");
    Ok(line)
}

#[tokio::test]
async fn every_request_has_one_line_that_is_json() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let unary = gateway.client().chat(&question()).await?;
    upstream.answer_always(stream(&["hel", "lo"]));
    let streamed = gateway.client().chat(&streamed_question()).await?;
    let unknown = gateway.client().chat(&question_to("nobody", "x")).await?;
    let stranger = gateway.client_with(Some("pb-stranger")).chat(&question()).await?;
    for (reply, status) in [(&unary, 200), (&streamed, 200), (&unknown, 404), (&stranger, 401)] {
        assert_eq!(reply.status, status);
        let line = line(&gateway, reply.header("x-request-id")).await?;
        let fields: Value = serde_json::from_str(&line).context(line.clone())?;
        assert!(line.contains(&status.to_string()), "{fields}");
    }
    Ok(())
}

#[tokio::test]
async fn no_key_no_prompt_and_no_answer_is_logged() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("sesame-answer"))).await?;
    let question = question_to("m", "sesame-question");
    let good = gateway.client().chat(&question).await?;
    upstream.answer_always(
        Script::json(format!(
            r#"{{"error":{{"message":"key {UPSTREAM_KEY} is bad","type":"x","code":"y"}}}}"#
        ))
        .status(401),
    );
    let refused = gateway.client().chat(&question).await?;
    for reply in [good, refused] {
        gateway.access_line(reply.header("x-request-id")).await?;
    }
    let log = gateway.log();
    for secret in [CALLER_KEY, UPSTREAM_KEY, "sesame-question", "sesame-answer"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    Ok(())
}
