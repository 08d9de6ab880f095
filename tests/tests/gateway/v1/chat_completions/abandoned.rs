//! Callers who go away: what was begun for them ends.

use anyhow::Result;
use gateway_tests::{Configuration, Gate, Gateway, Provider, Script, appears, disappears, sse};
use serde_json::{Value, json};

use crate::gateway::scenario::{
    CHAT, chunk, completion, one_provider, question, question_to, streamed_question,
};

/// Sends a question and goes away as soon as `begun` has happened.
async fn ask_and_leave(
    gateway: &Gateway,
    question: &Value,
    begun: impl Future<Output = Result<()>>,
) -> Result<()> {
    let client = gateway.client();
    let body = question.to_string();
    let asking = client.open(CHAT, body);
    tokio::select! {
        biased;
        begun = begun => begun,
        reply = asking => anyhow::bail!("an answer came first: {:?}", reply?.status),
    }
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_first_byte_frees_the_upstream() -> Result<()> {
    let gate = Gate::default();
    let held = Script::json(completion("late")).hold(&gate);
    let (gateway, upstream) = one_provider(held).await?;
    for question in [question(), streamed_question()] {
        let asked = async { upstream.next_request().await.map(drop) };
        ask_and_leave(&gateway, &question, asked).await?;
        upstream.abandoned().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_caller_who_leaves_a_stream_frees_the_upstream() -> Result<()> {
    let gate = Gate::default();
    let begun = sse(&chunk(&json!({"content": "first"}), None));
    let (gateway, upstream) = one_provider(Script::pieces([begun]).wait(&gate)).await?;
    let mut reply = gateway.client().open(CHAT, streamed_question().to_string()).await?;
    reply.read_until("first").await?;
    drop(reply);
    upstream.abandoned().await
}

#[tokio::test]
async fn a_caller_who_leaves_an_endless_stream_frees_the_upstream() -> Result<()> {
    let gate = Gate::default();
    let word = sse(&chunk(&json!({"content": "word"}), None));
    let script = Script::pieces(vec![word; 5000]).wait(&gate);
    let (gateway, upstream) = one_provider(script).await?;
    let mut reply = gateway.client().open(CHAT, streamed_question().to_string()).await?;
    reply.read_until("word").await?;
    drop(reply);
    upstream.abandoned().await
}

#[tokio::test]
async fn a_caller_who_leaves_is_logged_as_such() -> Result<()> {
    let gate = Gate::default();
    let begun = sse(&chunk(&json!({"content": "first"}), None));
    let (gateway, upstream) = one_provider(Script::pieces([begun]).wait(&gate)).await?;
    let mut reply = gateway.client().open(CHAT, streamed_question().to_string()).await?;
    let request_id = reply.headers.get("x-request-id").and_then(|id| id.to_str().ok());
    let request_id = request_id.unwrap_or_default().to_owned();
    reply.read_until("first").await?;
    drop(reply);
    upstream.abandoned().await?;
    let line = gateway.access_line(&request_id).await?;
    assert!(line.contains("cancelled") && line.contains("499"), "{line}");
    Ok(())
}

/// Seconds that a program of a test would sleep: far too long, and the same nowhere else.
fn seconds(test: u32) -> String {
    format!("{}{test:03}", 1_000_000 + std::process::id())
}

async fn with_program(program: &str, arguments: &[&str]) -> Result<Gateway> {
    let provider = Provider::program("slow", program, arguments);
    Gateway::start(Configuration::default().provider(&provider)).await
}

#[tokio::test]
async fn a_program_ends_with_its_request() -> Result<()> {
    let seconds = seconds(1);
    let gateway = with_program("/bin/sleep", &[&seconds]).await?;
    for stream in [false, true] {
        let mut question = question_to("slow", "x");
        question["stream"] = stream.into();
        let program = ["/bin/sleep", &seconds];
        ask_and_leave(&gateway, &question, appears(&program)).await?;
        disappears(&program).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_program_that_is_answering_ends_with_its_request_and_so_do_its_children() -> Result<()> {
    let seconds = seconds(2);
    let script = format!("sleep {seconds} & echo begun; wait");
    let gateway = with_program("/bin/sh", &["-c", &script]).await?;
    let mut question = question_to("slow", "x");
    question["stream"] = true.into();
    let mut reply = gateway.client().open(CHAT, question.to_string()).await?;
    reply.read_until("begun").await?;
    appears(&["sleep", &seconds]).await?;
    drop(reply);
    disappears(&["/bin/sh", "-c", &script]).await?;
    disappears(&["sleep", &seconds]).await
}
