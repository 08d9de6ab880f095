//! Keys: who may come in, and with what.

use anyhow::Result;
use gateway_tests::{CALLER_KEY, Configuration, Gateway, Provider, Script, Upstream};
use reqwest::Method;

use crate::gateway::scenario::{CHAT, completion, one_provider, question, question_to};

#[tokio::test]
async fn without_a_known_key_nothing_is_answered() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let stranger = gateway.client_with(None);
    let wrong_case = format!("Bearer {}", CALLER_KEY.to_uppercase());
    let no_scheme = CALLER_KEY.to_owned();
    let basic = format!("Basic {CALLER_KEY}");
    for header in ["", "Bearer", "Bearer ", "Bearer pb-unknown", &wrong_case, &no_scheme, &basic] {
        let mut call = stranger.call(Method::POST, CHAT).json(question().to_string());
        if !header.is_empty() {
            call = call.header("authorization", header);
        }
        let error = call.send().await?.whole().await?.error()?;
        let expected =
            (401, "invalid_request_error".into(), "invalid_api_key".into(), String::new());
        assert_eq!(error, expected, "{header:?}");
    }
    for path in ["/v1/models", "/v1/models/m"] {
        assert_eq!(stranger.get(path).await?.status, 401, "{path}");
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_key_is_taken_from_either_header_and_the_scheme_in_any_case() -> Result<()> {
    let (gateway, _upstream) = one_provider(Script::json(completion("hello"))).await?;
    let bearer = format!("bearer {CALLER_KEY}");
    for (name, value) in [("authorization", bearer.as_str()), ("x-api-key", CALLER_KEY)] {
        let call = gateway.client_with(None).call(Method::POST, CHAT).header(name, value);
        let reply = call.json(question().to_string()).send().await?.whole().await?;
        assert_eq!(reply.status, 200, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_may_use_its_models_and_no_others() -> Result<()> {
    let upstream = Upstream::start(Script::json(completion("hello"))).await?;
    let provider =
        Provider::openai("main", &upstream.base_url(), &["gpt-small", "gpt-big", "other"]);
    let narrow = "pb-narrow-00112233445566778899aabbccddeeff";
    let configuration =
        Configuration::default().provider(&provider).key("narrow", narrow, &["gpt-*"]);
    let gateway = Gateway::start(configuration).await?;
    let client = gateway.client_with(Some(narrow));
    for model in ["gpt-small", "gpt-big"] {
        assert_eq!(client.chat(&question_to(model, "x")).await?.status, 200, "{model}");
    }
    for model in ["other", "main/gpt-small", "nobody"] {
        let error = client.chat(&question_to(model, "x")).await?.error()?;
        let expected = (403, "permission_error".into(), "model_not_allowed".into(), "model".into());
        assert_eq!(error, expected, "{model}");
    }
    assert_eq!(upstream.requests().len(), 2);
    Ok(())
}

#[tokio::test]
async fn the_callers_key_never_goes_upstream() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let call = gateway.client().call(Method::POST, CHAT).header("x-api-key", CALLER_KEY);
    let call = call.header("cookie", "session=1").json(question().to_string());
    assert_eq!(call.send().await?.whole().await?.status, 200);
    let received = upstream.next_request().await?;
    let authorization = format!("Bearer {}", gateway_tests::UPSTREAM_KEY);
    assert_eq!(received.header("authorization"), Some(authorization.as_str()));
    for name in ["x-api-key", "cookie"] {
        assert_eq!(received.header(name), None, "{name}");
    }
    Ok(())
}
