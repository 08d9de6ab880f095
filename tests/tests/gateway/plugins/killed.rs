//! `kill -9` while a plugin is being upgraded.

use anyhow::{Result, ensure};
use gateway_tests::{Gateway, patiently};

use super::{configuration, install, telling, until, upstream, version};

/// Answers after which a gateway is killed: before it has seen the new file, while it captures,
/// compiles, tries and switches, and after that.
const KILLED_AFTER: [usize; 10] = [0, 1, 5, 10, 15, 20, 30, 40, 60, 90];

#[tokio::test]
async fn a_gateway_killed_during_an_upgrade_starts_with_the_old_version_or_the_new() -> Result<()> {
    let (folder, plugins) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let main = upstream().await?;
    let start = configuration(plugins.path(), &[("m", &main)]);
    install(plugins.path(), &telling(0))?;
    for (round, answers) in KILLED_AFTER.into_iter().enumerate() {
        let (old, new) = (round, round + 1);
        let gateway = Gateway::start_in(folder.path(), start.clone()).await?;
        patiently("the old version", until(&gateway.client(), old)).await??;
        install(plugins.path(), &telling(new))?;
        for _ in 0..answers {
            version(&gateway.client()).await?;
        }
        gateway.kill().await?;
        let gateway = Gateway::start_in(folder.path(), start.clone()).await?;
        let first = version(&gateway.client()).await?;
        ensure!([old, new].contains(&first), "version {first} after {answers} answers");
        patiently("the new version", until(&gateway.client(), new)).await??;
        gateway.kill().await?;
    }
    Ok(())
}
