//! `GET /v1/models` and `GET /v1/models/{id}`.

use anyhow::{Context, Result};
use gateway_tests::{Configuration, Gateway, Provider, Script, TestClient, Upstream, patiently};
use serde_json::Value;

const NARROW: &str = "pb-narrow-00112233445566778899aabbccddeeff";

async fn gateway() -> Result<Gateway> {
    // Nobody is asked: the models are those of the configuration.
    let main = Provider::openai("main", "http://127.0.0.1:9/v1", &["org/model-a", "b"]);
    let configuration = Configuration::default()
        .provider(&main)
        .route("smart", &[("main", "b")])
        .key("narrow", NARROW, &["smart", "org/*"]);
    Gateway::start(configuration).await
}

async fn ids(client: &TestClient) -> Result<Vec<String>> {
    let reply = client.get("/v1/models").await?;
    assert_eq!(reply.status, 200);
    let list = reply.json()?;
    assert_eq!(list["object"], "list");
    let models = list["data"].as_array().context("no data")?;
    models.iter().map(check_model).collect()
}

fn check_model(model: &Value) -> Result<String> {
    assert_eq!(model["object"], "model", "{model}");
    assert!(model["created"].is_u64(), "{model}");
    assert!(model["owned_by"].is_string(), "{model}");
    Ok(model["id"].as_str().context("no id")?.to_owned())
}

#[tokio::test]
async fn the_list_holds_routes_and_models() -> Result<()> {
    let gateway = gateway().await?;
    let ids = ids(&gateway.client()).await?;
    for id in ["smart", "org/model-a", "b"] {
        assert!(ids.iter().any(|listed| listed == id), "{id} is not in {ids:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_sees_what_it_may_use() -> Result<()> {
    let gateway = gateway().await?;
    let client = gateway.client_with(Some(NARROW));
    assert_eq!(ids(&client).await?, ["org/model-a", "smart"]);
    assert_eq!(client.get("/v1/models/smart").await?.status, 200);
    assert_eq!(client.get("/v1/models/b").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn one_model_is_found_by_its_name_with_slashes() -> Result<()> {
    let gateway = gateway().await?;
    for id in ["smart", "org/model-a", "main/org/model-a", "org%2Fmodel-a"] {
        let reply = gateway.client().get(&format!("/v1/models/{id}")).await?;
        assert_eq!(reply.status, 200, "{id}");
        assert_eq!(check_model(&reply.json()?)?, id.replace("%2F", "/"));
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_model_is_404_in_openais_shape() -> Result<()> {
    let gateway = gateway().await?;
    for id in ["nobody", "main/nobody", "org", "a%0d%0ab"] {
        let reply = gateway.client().get(&format!("/v1/models/{id}")).await?;
        let (status, error_type, code, _) = reply.error()?;
        assert_eq!((status, error_type.as_str()), (404, "invalid_request_error"), "{id}");
        assert_eq!(code, "model_not_found", "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_is_asked_for_its_models() -> Result<()> {
    let tags = r#"{"models":[{"name":"llama3:8b","model":"llama3:8b"},{"name":"tiny"}]}"#;
    let upstream = Upstream::start(Script::json(tags)).await?;
    let local = Provider::of("ollama", "local", &upstream.root_url()).with("models = \"discover\"");
    let gateway = Gateway::start(Configuration::default().provider(&local)).await?;
    assert_eq!(upstream.next_request().await?.path, "/api/tags");
    let client = gateway.client();
    let listed = async {
        loop {
            let ids = ids(&client).await?;
            if !ids.is_empty() {
                return anyhow::Ok(ids);
            }
            tokio::task::yield_now().await;
        }
    };
    let ids = patiently("the models to be listed", listed).await??;
    assert_eq!(ids, ["llama3:8b", "local/llama3:8b", "local/tiny", "tiny"]);
    assert_eq!(client.get("/v1/models/llama3:8b").await?.json()?["owned_by"], "local");
    Ok(())
}
