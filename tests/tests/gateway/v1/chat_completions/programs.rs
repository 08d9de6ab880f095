//! Providers that are programs.

use anyhow::Result;
use gateway_tests::{Configuration, Event, Gateway, Provider, disappears};
use serde_json::json;

use crate::gateway::scenario::{CHAT, question_to};

async fn with_program(provider: &Provider) -> Result<Gateway> {
    Gateway::start(Configuration::default().provider(provider)).await
}

#[tokio::test]
async fn echo_answers_with_the_question() -> Result<()> {
    let gateway = with_program(&Provider::program("echo", "/bin/echo", &["{{body}}"])).await?;
    for text in ["hello", "Grüße \u{1f600}", "two\nlines", "-n", "$(id) `id` ; id | id > x"] {
        let reply = gateway.client().chat(&question_to("echo", text)).await?;
        let answer = reply.json()?;
        assert_eq!(reply.status, 200, "{answer}");
        assert_eq!(answer["object"], "chat.completion");
        assert_eq!(answer["model"], "echo");
        assert!(answer["id"].as_str().is_some_and(|id| id.starts_with("chatcmpl-")));
        assert!(answer["created"].as_u64().is_some_and(|seconds| seconds > 1_700_000_000));
        let choice = &answer["choices"][0];
        // echo takes "-n" for an option, and says nothing.
        let expected = if text == "-n" { "" } else { text };
        assert_eq!(choice["message"]["content"], expected);
        assert_eq!(choice["finish_reason"], "stop");
    }
    Ok(())
}

#[tokio::test]
async fn echo_answers_as_a_stream() -> Result<()> {
    let gateway = with_program(&Provider::program("echo", "/bin/echo", &["{{body}}"])).await?;
    let mut question = question_to("echo", "Grüße \u{1f600}\nagain");
    question["stream"] = true.into();
    let reply = gateway.client().chat(&question).await?;
    assert_eq!(reply.content()?, "Grüße \u{1f600}\nagain");
    let documents = reply.documents()?;
    let first = documents.first().cloned().unwrap_or_default();
    assert_eq!(first["choices"][0]["delta"]["role"], "assistant");
    for document in &documents {
        assert_eq!(document["object"], "chat.completion.chunk");
        for member in ["id", "created", "model"] {
            assert_eq!(document[member], first[member], "{member}");
        }
    }
    let reasons = documents.iter().filter(|d| d["choices"][0]["finish_reason"] == "stop");
    assert_eq!(reasons.count(), 1);
    Ok(())
}

#[tokio::test]
async fn what_a_program_cannot_express_is_named() -> Result<()> {
    let gateway = with_program(&Provider::program("echo", "/bin/echo", &["{{body}}"])).await?;
    let mut question = question_to("echo", "hello");
    question["temperature"] = json!(0.5);
    question["tools"] = json!([]);
    let reply = gateway.client().chat(&question).await?;
    assert_eq!(reply.status, 200);
    let dropped = reply.header("x-patchbay-dropped-params");
    assert!(dropped.contains("temperature") && dropped.contains("tools"), "{dropped:?}");
    Ok(())
}

#[tokio::test]
async fn a_program_sees_nothing_of_the_gateways_environment() -> Result<()> {
    let gateway = with_program(&Provider::program("env", "/usr/bin/env", &[])).await?;
    let answer = gateway.client().chat(&question_to("env", "x")).await?.json()?;
    let environment = answer["choices"][0]["message"]["content"].as_str().unwrap_or("?");
    assert_eq!(environment, "");
    Ok(())
}

#[tokio::test]
async fn a_program_reads_the_question_from_standard_input() -> Result<()> {
    let gateway = with_program(&Provider::program("cat", "/bin/cat", &[])).await?;
    let long = "a long question ".repeat(50_000);
    let answer = gateway.client().chat(&question_to("cat", &long)).await?.json()?;
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default();
    assert!(content.trim_end() == long.trim_end(), "the question was changed");
    Ok(())
}

#[tokio::test]
async fn a_program_that_fails_is_an_upstream_that_fails() -> Result<()> {
    let gateway = with_program(&Provider::program("false", "/bin/false", &[])).await?;
    let error = gateway.client().chat(&question_to("false", "x")).await?.error()?;
    assert_eq!((error.0, error.2.as_str()), (502, "upstream_error"));
    Ok(())
}

#[tokio::test]
async fn a_program_that_fails_halfway_ends_the_stream_with_an_error() -> Result<()> {
    let script = "echo begun; read line; exit 3";
    let gateway = with_program(&Provider::program("half", "/bin/sh", &["-c", script])).await?;
    let mut question = question_to("half", "x");
    question["stream"] = true.into();
    let reply = gateway.client().post(CHAT, question.to_string()).await?;
    if reply.status == 200 {
        assert!(matches!(reply.events()?.last(), Some(Event::Error(_))), "{}", reply.text());
    } else {
        // The program may have ended before its first output was looked at.
        assert_eq!(reply.error()?.0, 502);
    }
    Ok(())
}

#[tokio::test]
async fn a_program_that_is_not_there_is_the_operators_affair() -> Result<()> {
    let gateway = with_program(&Provider::program("gone", "/nowhere/program", &[])).await?;
    let error = gateway.client().chat(&question_to("gone", "x")).await?.error()?;
    assert_eq!((error.0, error.1.as_str()), (500, "server_error"));
    Ok(())
}

#[tokio::test]
async fn a_question_that_cannot_be_an_argument_is_refused() -> Result<()> {
    let gateway = with_program(&Provider::program("echo", "/bin/echo", &["{{body}}"])).await?;
    let zero = gateway.client().chat(&question_to("echo", "a\u{0}b")).await?.error()?;
    assert_eq!((zero.0, zero.1.as_str()), (400, "invalid_request_error"));
    let large = "x".repeat(200_000);
    let large = gateway.client().chat(&question_to("echo", &large)).await?.error()?;
    assert_eq!((large.0, large.2.as_str()), (413, "payload_too_large"));
    Ok(())
}

#[tokio::test]
async fn a_program_that_floods_is_ended() -> Result<()> {
    let word = format!("flood-{}", std::process::id());
    let provider = Provider::program("yes", "/usr/bin/yes", &[&word])
        .with("limits = { max_output_bytes = 100000 }");
    let gateway = with_program(&provider).await?;
    let error = gateway.client().chat(&question_to("yes", "x")).await?.error()?;
    assert_eq!((error.0, error.2.as_str()), (502, "upstream_error"));
    disappears(&["/usr/bin/yes", &word]).await
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_ended() -> Result<()> {
    let seconds = format!("{}999", 1_000_000 + std::process::id());
    let provider =
        Provider::program("slow", "/bin/sleep", &[&seconds]).with("timeouts = { total_ms = 100 }");
    let gateway = with_program(&provider).await?;
    let error = gateway.client().chat(&question_to("slow", "x")).await?.error()?;
    assert_eq!((error.0, error.2.as_str()), (504, "upstream_timeout"));
    disappears(&["/bin/sleep", &seconds]).await
}
