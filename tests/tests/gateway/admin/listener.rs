//! `admin.listen`: operators have an address of their own.

use anyhow::{Context as _, Result};
use gateway_tests::{Configuration, Gateway};

#[tokio::test]
async fn with_an_address_of_its_own_the_admin_api_is_there_and_nowhere_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let configuration = Configuration::default().operators_with("listen = \"127.0.0.1:0\"");
    let gateway = Gateway::start_in(folder.path(), configuration).await?;
    let operator = gateway.operator("viewer").await?;
    assert_eq!(operator.get("/admin/status").await?.status, 404);

    let operator = operator.at(&gateway.admin_address().context("no second address in the log")?);
    assert_eq!(operator.get("/admin/status").await?.status, 200);
    assert_eq!(operator.get("/v1/models").await?.status, 404);
    assert_eq!(operator.get("/health").await?.status, 200);
    Ok(())
}
