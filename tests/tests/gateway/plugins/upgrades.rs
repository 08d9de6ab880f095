//! A hundred upgrades under streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use gateway_tests::{Gate, Gateway, Script, TestClient, patiently};
use tokio::task::JoinSet;

use super::{PIECES, configuration, install, streamed, telling, told, until, upstream, version};
use crate::gateway::scenario::CHAT;

const UPGRADES: usize = 100;
/// Versions that are installed in turn: most upgrades bring one that was there before.
const VERSIONS: usize = 10;
const STREAMS: usize = 4;

/// Streams until it is told to stop. How many streams it had.
async fn stream(client: TestClient, stop: Arc<AtomicBool>) -> Result<usize> {
    let mut streams = 0;
    while !stop.load(Ordering::Relaxed) {
        version(&client).await?;
        streams += 1;
    }
    Ok(streams)
}

#[tokio::test]
async fn a_hundred_upgrades_fail_no_request_and_mix_no_versions_in_a_stream() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    let (main, held) = (upstream().await?, upstream().await?);
    let versions: Vec<_> = (0..VERSIONS).map(telling).collect();
    install(plugins.path(), &versions[0])?;
    let start = configuration(plugins.path(), &[("m", &main), ("held", &held)]);
    let gateway = Gateway::start(start).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        streams.spawn(stream(gateway.client(), Arc::clone(&stop)));
    }
    let client = gateway.client();
    for upgrade in 1..=UPGRADES {
        let (old, new) = ((upgrade - 1) % VERSIONS, upgrade % VERSIONS);
        // One stream is open from before the upgrade until after it.
        let gate = Gate::default();
        held.answer_once(Script::pieces([PIECES[0], PIECES[1]]).wait(&gate).then(PIECES[2]));
        let mut open = client.open(CHAT, streamed("held")).await?;
        open.read_until(&super::word(old)).await?;
        install(plugins.path(), &versions[new])?;
        patiently(&format!("version {new}"), until(&client, new)).await??;
        gate.open();
        let content = open.whole().await?.content()?;
        ensure!(told(&content)? == old, "upgrade {upgrade}: {content}");
    }
    stop.store(true, Ordering::Relaxed);
    let counts = streams.join_all().await.into_iter().collect::<Result<Vec<_>>>();
    let counts = counts.with_context(|| gateway.log())?;
    ensure!(counts.iter().sum::<usize>() > UPGRADES, "{counts:?} streams are no load");
    Ok(())
}
