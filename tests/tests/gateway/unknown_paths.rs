//! Paths and methods that are not there.

use anyhow::Result;
use gateway_tests::Script;
use reqwest::Method;

use super::scenario::{CHAT, EMBEDDINGS, completion, one_provider};

#[tokio::test]
async fn an_unknown_path_is_an_envelope_of_404() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for path in ["/", "/v1", "/v1/chat", "/v1/chat/completions/x", "/v2/models", "/%2e%2e/x"] {
        let reply = gateway.client().get(path).await?;
        let (status, error_type, _, _) = reply.error()?;
        assert_eq!((status, error_type.as_str()), (404, "invalid_request_error"), "{path}");
    }
    assert!(upstream.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_right_one() -> Result<()> {
    let (gateway, _upstream) = one_provider(Script::json(completion("hello"))).await?;
    for (method, path, allowed) in [
        (Method::GET, CHAT, "POST"),
        (Method::PUT, CHAT, "POST"),
        (Method::DELETE, EMBEDDINGS, "POST"),
        (Method::POST, "/v1/models", "GET"),
        (Method::POST, "/health", "GET"),
    ] {
        let reply = gateway.client().call(method.clone(), path).send().await?.whole().await?;
        let (status, _, code, _) = reply.error()?;
        assert_eq!((status, code.as_str()), (405, "method_not_allowed"), "{method} {path}");
        assert!(reply.header("allow").contains(allowed), "{method} {path}");
    }
    Ok(())
}
