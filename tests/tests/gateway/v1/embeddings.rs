//! `POST /v1/embeddings`.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Provider, Script, Upstream};
use serde_json::{Value, json};

use crate::gateway::scenario::{EMBEDDINGS, one_provider};

/// Two vectors, out of order, with digits that must survive.
const FLOATS: &str = r#"{"object":"list","data":[{"object":"embedding","index":1,"embedding":[1.0,-0.10,1e-7]},{"object":"embedding","index":0,"embedding":[0.30000000000000004]}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5},"x":9007199254740993}"#;

/// One vector, 1.0 and -2.0, as little-endian 32-bit floats in base64.
const BASE64: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAMA="}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#;

#[tokio::test]
async fn vectors_come_back_byte_for_byte() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(FLOATS)).await?;
    for (format, answer) in [("float", FLOATS), ("base64", BASE64)] {
        upstream.answer_always(Script::json(answer).sliced(7));
        let body = json!({"model": "m", "input": ["a", "b"], "encoding_format": format});
        let reply = gateway.client().post(EMBEDDINGS, body.to_string()).await?;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.text(), answer);
        let received = upstream.next_request().await?;
        assert_eq!(received.path, "/v1/embeddings");
        assert_eq!(received.json()?["encoding_format"], format);
    }
    Ok(())
}

#[tokio::test]
async fn every_form_of_input_goes_upstream_as_it_is() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(FLOATS)).await?;
    for input in [r#""one text""#, r#"["one","two"]"#, "[1,2,3]", "[[1,2],[3]]"] {
        let body = format!(
            r#"{{"model":"m", "input":{input}, "dimensions":256,"user":"u", "unknown":[1.0]}}"#
        );
        let reply = gateway.client().post(EMBEDDINGS, body.clone()).await?;
        assert_eq!(reply.status, 200, "{input}");
        assert_eq!(upstream.next_request().await?.text(), body);
    }
    Ok(())
}

#[tokio::test]
async fn input_that_is_none_is_refused_by_name() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(FLOATS)).await?;
    let inputs: [Value; 6] = [
        json!({"model": "m"}),
        json!({"model": "m", "input": null}),
        json!({"model": "m", "input": ""}),
        json!({"model": "m", "input": []}),
        json!({"model": "m", "input": 7}),
        json!({"model": "m", "input": {"text": "a"}}),
    ];
    for body in inputs {
        let reply = gateway.client().post(EMBEDDINGS, body.to_string()).await?;
        let (status, error_type, _, param) = reply.error()?;
        assert_eq!((status, error_type.as_str()), (400, "invalid_request_error"), "{body}");
        assert_eq!(param, "input", "{body}");
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_reply_that_is_no_answer_is_a_failure() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(FLOATS)).await?;
    let cut = FLOATS.get(..FLOATS.len() - 3).unwrap_or_default();
    for answer in ["", "<html>sorry</html>", cut, r#"{"error":{"message":"no"}}"#] {
        upstream.answer_always(Script::json(answer));
        let body = json!({"model": "m", "input": "a"}).to_string();
        let (status, _, code, _) = gateway.client().post(EMBEDDINGS, body).await?.error()?;
        assert_eq!((status, code.as_str()), (502, "upstream_error"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_model_without_embeddings_says_so() -> Result<()> {
    let echo = Provider::program("echo", "/bin/echo", &["{{body}}"]);
    let gateway = Gateway::start(Configuration::default().provider(&echo)).await?;
    let body = json!({"model": "echo", "input": "a"}).to_string();
    let (status, _, _, param) = gateway.client().post(EMBEDDINGS, body).await?.error()?;
    assert_eq!((status, param.as_str()), (400, "model"));
    Ok(())
}

#[tokio::test]
async fn a_dialect_of_its_own_answers_in_floats_and_base64() -> Result<()> {
    let answer = r#"{"model":"m","embeddings":[[1.0,-2.0],[0.5,0.25]],"prompt_eval_count":4}"#;
    let upstream = Upstream::start(Script::json(answer)).await?;
    let local = Provider::of("ollama", "local", &upstream.root_url()).with("models = [\"m\"]");
    let gateway = Gateway::start(Configuration::default().provider(&local)).await?;
    let body = json!({"model": "m", "input": ["a", "b"]});
    let reply = gateway.client().post(EMBEDDINGS, body.to_string()).await?.json()?;
    assert_eq!(reply["data"][0]["embedding"], json!([1.0, -2.0]));
    assert_eq!(
        (&reply["data"][1]["index"], &reply["usage"]["prompt_tokens"]),
        (&json!(1), &json!(4))
    );
    let body = json!({"model": "m", "input": ["a", "b"], "encoding_format": "base64"});
    let reply = gateway.client().post(EMBEDDINGS, body.to_string()).await?.json()?;
    assert_eq!(reply["data"][0]["embedding"], "AACAPwAAAMA=");
    Ok(())
}

#[tokio::test]
async fn more_inputs_than_a_provider_takes_are_sent_in_parts() -> Result<()> {
    let answer = |value: &str, count: usize| {
        let vectors = vec![format!("{{\"values\":[{value}]}}"); count].join(",");
        Script::json(format!("{{\"embeddings\":[{vectors}]}}"))
    };
    let upstream = Upstream::start(answer("3", 50)).await?;
    upstream.answer_once(answer("1", 100));
    upstream.answer_once(answer("1", 100));
    let google = Provider::of("gemini", "google", &upstream.base_url()).with("models = [\"m\"]");
    let gateway = Gateway::start(Configuration::default().provider(&google)).await?;
    let inputs: Vec<String> = (0..200).map(|number| format!("text {number}")).collect();
    let body = json!({"model": "m", "input": inputs});
    let reply = gateway.client().post(EMBEDDINGS, body.to_string()).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let data = reply.json()?["data"].clone();
    let data = data.as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(data.len(), 200);
    assert!((0..).zip(data).all(|(index, vector): (u64, _)| vector["index"] == index));
    let sizes: Vec<usize> = upstream
        .requests()
        .iter()
        .filter_map(|request| Some(request.json().ok()?["requests"].as_array()?.len()))
        .collect();
    assert_eq!(sizes, [100, 100]);
    Ok(())
}
