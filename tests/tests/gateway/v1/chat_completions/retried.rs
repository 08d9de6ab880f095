//! Failures that pass are tried again, before anything was answered.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Provider, Script, Upstream};

use crate::gateway::scenario::{completion, question, stream, streamed_question};

async fn patient(script: Script) -> Result<(Gateway, Upstream)> {
    let upstream = Upstream::start(script).await?;
    let main = Provider::openai("main", &upstream.base_url(), &["m"]).retrying(2);
    Ok((Gateway::start(Configuration::default().provider(&main)).await?, upstream))
}

fn oops(status: u16) -> Script {
    Script::json(r#"{"error":{"message":"oops"}}"#).status(status)
}

#[tokio::test]
async fn a_provider_that_recovers_is_asked_again() -> Result<()> {
    let (gateway, upstream) = patient(Script::json(completion("Hello."))).await?;
    upstream.answer_once(oops(500));
    upstream.answer_once(oops(503));
    let reply = gateway.client().chat(&question()).await?;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-patchbay-attempts"), "3");
    assert_eq!(upstream.requests().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_stream_is_tried_again_only_before_its_first_byte() -> Result<()> {
    let (gateway, upstream) = patient(stream(&["Hello."])).await?;
    upstream.answer_once(Script::events([r#"{"error":{"message":"busy"}}"#]));
    let reply = gateway.client().chat(&streamed_question()).await?;
    assert_eq!(reply.content()?, "Hello.");
    assert_eq!(upstream.requests().len(), 2);

    let begun = r#"{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}"#;
    upstream.answer_once(Script::events([begun]).then_break());
    let reply = gateway.client().chat(&streamed_question()).await?;
    assert!(reply.content().is_err(), "it ends with an error: {}", reply.text());
    assert_eq!(upstream.requests().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_wrong_is_not_tried_again() -> Result<()> {
    let (gateway, upstream) = patient(oops(400)).await?;
    assert_eq!(gateway.client().chat(&question()).await?.status, 400);
    assert_eq!(upstream.requests().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_passed_on_to_the_caller() -> Result<()> {
    let (gateway, upstream) = patient(oops(429).header("retry-after", "30")).await?;
    let reply = gateway.client().chat(&question()).await?;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), "30");
    assert_eq!(upstream.requests().len(), 1);
    Ok(())
}
