//! `POST /v1/messages` and `/v1/messages/count_tokens`: Anthropic's callers.

use anyhow::{Context, Result};
use gateway_tests::{
    Configuration, Gateway, Provider, Script, UPSTREAM_KEY, Upstream, WholeReply, sse,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::scenario::{chunk, completion, one_provider, stream, usage_chunk};

const MESSAGES: &str = "/v1/messages";

fn question() -> Value {
    json!({"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]})
}

/// A gateway with the provider `claude`, which has model `m` and speaks Anthropic's dialect.
async fn claude(script: Script) -> Result<(Gateway, Upstream)> {
    let upstream = Upstream::start(script).await?;
    let claude = Provider::of("anthropic", "claude", &upstream.root_url()).with("models = [\"m\"]");
    Ok((Gateway::start(Configuration::default().provider(&claude)).await?, upstream))
}

async fn ask(gateway: &Gateway, path: &str, body: &Value) -> Result<WholeReply> {
    gateway.client().open(path, body.to_string()).await?.in_dialect().await
}

/// The types of a stream's events, and the events.
fn events(reply: &WholeReply) -> Result<Vec<(String, Value)>> {
    let mut events = Vec::new();
    let text = reply.text();
    for block in
        text.split("\n\n").filter(|block| !block.trim().is_empty() && !block.starts_with(':'))
    {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        let name = field("event: ").with_context(|| format!("no type: {block}"))?;
        let data =
            serde_json::from_str(field("data: ").with_context(|| format!("no data: {block}"))?)?;
        events.push((name.to_owned(), data));
    }
    Ok(events)
}

#[tokio::test]
async fn an_openai_provider_answers_anthropics_callers() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("Hello."))).await?;
    let mut body = question();
    body["system"] = json!("Be brief.");
    let reply = ask(&gateway, MESSAGES, &body).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let message = reply.json()?;
    assert_eq!(message["type"], "message");
    assert_eq!(message["content"], json!([{"type": "text", "text": "Hello."}]));
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(
        (&message["usage"]["input_tokens"], &message["usage"]["output_tokens"]),
        (&json!(9), &json!(3))
    );
    let received = upstream.next_request().await?;
    assert_eq!(received.path, "/v1/chat/completions");
    let sent = received.json()?;
    assert_eq!(sent["messages"][0], json!({"role": "system", "content": "Be brief."}));
    assert_eq!(sent["messages"][1]["content"], "Say hello.");
    Ok(())
}

#[tokio::test]
async fn a_stream_has_anthropics_events_in_order() -> Result<()> {
    let words = ["", "Hel", "lo."].map(|word| chunk(&json!({"content": word}), None));
    let end = [chunk(&json!({}), Some("stop")), usage_chunk(), "[DONE]".to_owned()];
    let text: String = words.iter().chain(&end).map(|data| sse(data)).collect();
    let (gateway, _upstream) = one_provider(Script::pieces([text]).sliced(11)).await?;
    let mut body = question();
    body["stream"] = json!(true);
    let reply = ask(&gateway, MESSAGES, &body).await?;
    let events = events(&reply)?;
    let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names.retain(|name| *name != "ping");
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    let texts = events.iter().filter_map(|(_, event)| event.pointer("/delta/text")?.as_str());
    assert_eq!(texts.collect::<String>(), "Hello.");
    let delta = events.iter().find(|(name, _)| name == "message_delta").context("no end")?;
    assert_eq!(delta.1["usage"]["output_tokens"], 3);
    Ok(())
}

#[tokio::test]
async fn failures_are_told_in_anthropics_form() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("x"))).await?;
    let form = |reply: &WholeReply| -> Result<String> {
        let error = reply.json()?;
        assert_eq!(error["type"], "error", "{error}");
        assert!(error["error"]["message"].is_string(), "{error}");
        Ok(error["error"]["type"].as_str().unwrap_or_default().to_owned())
    };
    let stranger = gateway.client_with(Some("pb-nobody"));
    let reply = stranger.open(MESSAGES, question().to_string()).await?.in_dialect().await?;
    assert_eq!((reply.status, form(&reply)?.as_str()), (401, "authentication_error"));
    let mut body = question();
    body["model"] = json!("none");
    let reply = ask(&gateway, MESSAGES, &body).await?;
    assert_eq!((reply.status, form(&reply)?.as_str()), (404, "not_found_error"));
    let reply = ask(&gateway, MESSAGES, &json!({"model": "m", "messages": []})).await?;
    assert_eq!((reply.status, form(&reply)?.as_str()), (400, "invalid_request_error"));
    let error = r#"{"error":{"message":"Slow down","type":"rate_limit_error"}}"#;
    upstream.answer_once(Script::json(error).status(429).header("retry-after", "7"));
    let reply = ask(&gateway, MESSAGES, &question()).await?;
    assert_eq!((reply.status, form(&reply)?.as_str()), (429, "rate_limit_error"));
    assert_eq!(reply.header("retry-after"), "7");
    Ok(())
}

#[tokio::test]
async fn a_cut_stream_ends_with_an_error_event_and_no_clean_end() -> Result<()> {
    let first = sse(&chunk(&json!({"role": "assistant", "content": "Hel"}), None));
    let (gateway, _upstream) = one_provider(Script::pieces([first]).then_break()).await?;
    let mut body = question();
    body["stream"] = json!(true);
    let reply = ask(&gateway, MESSAGES, &body).await?;
    let events = events(&reply)?;
    let (name, last) = events.last().context("no event")?;
    assert_eq!((name.as_str(), &last["type"]), ("error", &json!("error")));
    assert!(!reply.text().contains("message_stop"));
    Ok(())
}

#[tokio::test]
async fn an_anthropic_provider_is_passed_through_to_untouched() -> Result<()> {
    let answer = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":3},"brand_new":1.0}"#;
    let (gateway, upstream) = claude(Script::json(answer)).await?;
    let body = r#"{ "model":"m",  "max_tokens":64,"messages":[{"role":"user","content":"Hi","brand_new":1.0}], "also_new":[9007199254740993]}"#;
    let call = gateway.client().call(Method::POST, MESSAGES).json(body);
    let call =
        call.header("anthropic-beta", "new-2030-01-01").header("anthropic-version", "2030-01-01");
    let reply = call.send().await?.in_dialect().await?;
    assert_eq!(reply.text(), answer);
    let received = upstream.next_request().await?;
    assert_eq!(received.path, MESSAGES);
    assert_eq!(received.text(), body);
    assert_eq!(received.header("anthropic-beta"), Some("new-2030-01-01"));
    assert_eq!(received.header("anthropic-version"), Some("2030-01-01"));
    assert_eq!(received.header("x-api-key"), Some(UPSTREAM_KEY));
    assert_eq!(received.header("authorization"), None);
    let line = gateway.access_line(reply.header("x-request-id")).await?;
    assert!(line.contains("\"http.endpoint\":\"POST /v1/messages\""), "{line}");
    assert!(line.contains("9") && line.contains("prompt"), "tokens are counted: {line}");
    Ok(())
}

#[tokio::test]
async fn an_openai_caller_reaches_an_anthropic_provider() -> Result<()> {
    let start = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}"#;
    let stream = [
        ("message_start", start),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
        ("ping", r#"{"type":"ping"}"#),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello."}}"#,
        ),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        (
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}"#,
        ),
        ("message_stop", r#"{"type":"message_stop"}"#),
    ];
    let text: String =
        stream.iter().map(|(name, data)| format!("event: {name}\ndata: {data}\n\n")).collect();
    let (gateway, upstream) = claude(Script::pieces([text]).sliced(13)).await?;
    let body = json!({"model": "m", "stream": true, "logit_bias": {"1": 2}, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "Say hello."}]});
    let reply = gateway.client().chat(&body).await?;
    assert_eq!(reply.content()?, "Hello.");
    assert_eq!(reply.header("x-patchbay-dropped-params"), "logit_bias");
    let documents = reply.documents()?;
    assert_eq!(documents.last().context("no chunk")?["usage"]["total_tokens"], 12);
    let received = upstream.next_request().await?;
    assert_eq!(received.path, MESSAGES);
    assert!(received.json()?["max_tokens"].is_u64());
    Ok(())
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider_or_estimated() -> Result<()> {
    let path = "/v1/messages/count_tokens";
    let mut body = question();
    body.as_object_mut().context("an object")?.remove("max_tokens");
    let (gateway, upstream) = claude(Script::json(r#"{"input_tokens":17}"#)).await?;
    let reply = ask(&gateway, path, &body).await?;
    assert_eq!(reply.json()?["input_tokens"], 17);
    assert_eq!(reply.header("x-patchbay-token-count"), "provider");
    assert_eq!(upstream.next_request().await?.path, path);

    let (gateway, upstream) = one_provider(stream(&["x"])).await?;
    let reply = ask(&gateway, path, &body).await?;
    assert!(reply.json()?["input_tokens"].as_u64().is_some_and(|tokens| tokens > 3));
    assert_eq!(reply.header("x-patchbay-token-count"), "estimate");
    assert!(upstream.requests().is_empty());
    Ok(())
}
