//! Requests that are wrong in themselves: refused before any provider is asked.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Provider, Script, Upstream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::scenario::{CHAT, completion, one_provider, question, question_to};

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let deep = format!("{{\"model\":\"m\",\"messages\":{}", "[".repeat(100_000));
    let whole = question().to_string();
    let trailing = format!("{whole}{whole}");
    let cut = whole.get(..whole.len() - 1).unwrap_or_default();
    let bodies: [&[u8]; 10] = [
        b"",
        b"   ",
        b"{",
        b"[]",
        b"\"text\"",
        b"{\"model\":nul}",
        b"{\"model\":\"\xff\"}",
        deep.as_bytes(),
        trailing.as_bytes(),
        cut.as_bytes(),
    ];
    for body in bodies {
        let reply = gateway.client().post(CHAT, body).await?;
        let (status, error_type, _, _) = reply.error()?;
        let start = String::from_utf8_lossy(body.get(..40).unwrap_or(body)).into_owned();
        assert_eq!((status, error_type.as_str()), (400, "invalid_request_error"), "{start}");
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_refused_by_name() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let wrong: [(&str, Value); 12] = [
        ("model", json!(7)),
        ("model", json!("")),
        ("model", json!(null)),
        ("messages", json!("hello")),
        ("messages", json!([])),
        ("messages", json!(null)),
        ("stream", json!("yes")),
        ("temperature", json!("hot")),
        ("n", json!(0)),
        ("tools", json!({})),
        ("max_tokens", json!("many")),
        ("stream_options", json!([])),
    ];
    for (member, value) in wrong {
        let mut body = question();
        body[member] = value.clone();
        let (status, error_type, _, param) = gateway.client().chat(&body).await?.error()?;
        assert_eq!((status, error_type.as_str()), (400, "invalid_request_error"), "{body}");
        assert_eq!(param, member, "{body}");
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_missing_member_is_refused_by_name() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for (body, missing) in [
        (json!({"messages": [{"role": "user", "content": "x"}]}), "model"),
        (json!({"model": "m"}), "messages"),
    ] {
        let (status, _, _, param) = gateway.client().chat(&body).await?.error()?;
        assert_eq!((status, param.as_str()), (400, missing));
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_unknown_model_is_404_and_named() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for model in ["nobody", "main/nobody", "nobody/m", "M"] {
        let reply = gateway.client().chat(&question_to(model, "x")).await?;
        let expected =
            (404, "invalid_request_error".into(), "model_not_found".into(), "model".into());
        assert_eq!(reply.error()?, expected, "{model}");
        assert!(reply.text().contains(model), "{}", reply.text());
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_model_name_cannot_forge_a_header_or_a_log_line() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for model in ["m\r\nx-forged: 1", "m\n{\"forged\":1}", "m\u{0}", "m\u{1b}[31m"] {
        let reply = gateway.client().chat(&question_to(model, "x")).await?;
        assert!([400, 404].contains(&reply.status), "{model:?}: {}", reply.status);
        assert_eq!(reply.header("x-forged"), "");
        gateway.access_line(reply.header("x-request-id")).await?;
    }
    let log = gateway.log();
    assert!(!log.lines().any(|line| line.contains("forged\":1") || line.contains('\u{1b}')));
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused_however_it_is_sent() -> Result<()> {
    let upstream = Upstream::start(Script::json(completion("hello"))).await?;
    let main = Provider::openai("main", &upstream.base_url(), &["m"]);
    let configuration = Configuration::default().server("max_body_bytes = 4096").provider(&main);
    let gateway = Gateway::start(configuration).await?;
    let large = question_to("m", &"x".repeat(5000));
    let error = gateway.client().chat(&large).await?.error()?;
    let expected = (413, "invalid_request_error".into(), "payload_too_large".into(), String::new());
    assert_eq!(error, expected);
    assert_eq!(gateway.client().chat_in_chunks(&large).await?.error()?, expected);
    assert_eq!(gateway.client().chat(&question()).await?.status, 200);
    assert_eq!(upstream.requests().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for (name, value) in [
        ("content-type", "multipart/form-data; boundary=x"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ] {
        let call = gateway.client().call(Method::POST, CHAT).header(name, value);
        let reply = call.body(question().to_string()).send().await?.whole().await?;
        assert_eq!(reply.error()?.0, 400, "{name}: {value}");
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}
