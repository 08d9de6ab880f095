//! `/health` and `/health/ready`: open to everyone.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Provider};

async fn gateway() -> Result<Gateway> {
    let echo = Provider::program("echo", "/bin/echo", &["{{body}}"]);
    Gateway::start(Configuration::default().provider(&echo)).await
}

#[tokio::test]
async fn a_living_gateway_says_so_without_a_key() -> Result<()> {
    let gateway = gateway().await?;
    let reply = gateway.client_with(None).get("/health").await?;
    assert_eq!(reply.status, 200);
    Ok(())
}

#[tokio::test]
async fn readiness_names_every_check() -> Result<()> {
    let gateway = gateway().await?;
    let reply = gateway.client_with(None).get("/health/ready").await?;
    assert_eq!(reply.status, 200);
    let report = reply.json()?;
    assert_eq!(report["status"], "ready", "{report}");
    let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(!checks.is_empty(), "{report}");
    for check in checks {
        assert!(check["name"].is_string(), "{report}");
        assert_eq!(check["ok"], true, "{report}");
    }
    let sandbox = checks.iter().find(|check| check["name"] == "sandbox");
    let said = sandbox.and_then(|check| check["reason"].as_str()).unwrap_or_default();
    assert!(said.starts_with("sandbox ") && said.contains("no-new-privileges"), "{report}");
    assert!(said.contains("echo runs in "), "{report}");
    Ok(())
}
