//! Replaced generations and their exchanges.

use exchange::{Ending, FailureKind};

use super::*;
use crate::life::EventKind;

#[tokio::test]
async fn open_exchanges_end_with_the_generation_they_began_with() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1").frugal());
    let mut exchange = rig.open("plain");
    exchange.begin(identity(), &ResponseHead::of_process()).await.unwrap();
    rig.install("plain.wasm", &plugin("plain", "2").frugal());
    rig.watch();
    let draining = rig.view().plugin("plain").unwrap().draining.clone();
    assert_eq!((draining.len(), draining[0].open_exchanges), (1, 1));
    exchange.push(Bytes::from_static(b"x")).await.unwrap();
    exchange.finish(Ending::Clean).await.unwrap();
    drop(exchange);
    rig.watch();
    assert!(rig.view().plugin("plain").unwrap().draining.is_empty());
    assert_eq!(rig.events(EventKind::Drained), 1);
}

#[tokio::test]
async fn exchanges_that_do_not_end_are_interrupted() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    let mut exchange = rig.open("plain");
    exchange.begin(identity(), &ResponseHead::of_process()).await.unwrap();
    rig.install("plain.wasm", &plugin("plain", "2"));
    rig.keeper().watch(Instant::now() + HOUR);
    let failure = exchange.push(Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::PluginTimeout);
    assert!(failure.message().contains("was replaced"), "{failure}");
    drop(exchange);
    rig.watch();
    assert_eq!(rig.events(EventKind::Interrupted), 1);
    assert!(rig.view().plugin("plain").unwrap().draining.is_empty());
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[tokio::test]
async fn two_hundred_reloads_leave_memory_as_it_was() {
    let mut rig = Rig::new();
    let versions = ["1", "2", "3", "4"].map(|number| plugin("plain", number).build());
    let mut after_fifty = 0;
    for round in 0..200 {
        rig.put("plain.wasm", &versions[round % versions.len()]);
        rig.look();
        rig.exchange("plain", 1).await.unwrap();
        rig.watch();
        if round == 50 {
            after_fifty = resident_bytes();
        }
    }
    let grown = resident_bytes().saturating_sub(after_fifty);
    assert!(grown < 32 * 1024 * 1024, "{grown} bytes more after 150 reloads");
    let view = rig.view();
    let plugin = view.plugin("plain").unwrap();
    assert!(plugin.versions.len() <= LIFE.versions && view.events.len() <= LIFE.events);
    let kept = fs::read_dir(rig.settings.state.join("versions")).unwrap().count();
    assert!(kept <= LIFE.versions, "{kept} files");
}

/// Of this process, from `/proc`.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
