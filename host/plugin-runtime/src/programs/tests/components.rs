//! Programs that are components: the same modules behind the adapter of WASI 0.1.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wit_component::ComponentEncoder;

use super::*;

pub(super) fn component(module: &[u8]) -> Vec<u8> {
    let encoder = ComponentEncoder::default().module(module).unwrap();
    let adapter = WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
    encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter).unwrap().encode().unwrap()
}

#[tokio::test]
async fn a_component_reads_and_writes_and_exits() {
    let bench = Bench::new();
    let mut exchange = bench.exchange(&component(&guests::echo()));
    exchange.body = Bytes::from("a\0b\n");
    let (output, failure) = bench.run(exchange).await;
    assert!(failure.is_none(), "{}", told(&failure.unwrap()));
    assert_eq!(output, b"a\0b\n");
    let fails = component(&guests::module("", "(call $exit (i32.const 3))"));
    let (_, failure) = bench.run(bench.exchange(&fails)).await;
    // The adapter knows good and bad alone.
    assert!(failure.unwrap().message().contains("status 1"));
}

#[tokio::test]
async fn a_component_cannot_fill_the_disk() {
    let bench = Bench::new();
    for (what, body) in limits::fillers() {
        let exchange = bench.exchange(&component(&guests::module("f", body)));
        let small = |target: &mut ProcessTarget| target.sandbox.max_scratch_bytes = 1 << 19;
        let (_, failure) = bench.run(with_target(exchange, small)).await;
        assert!(failure.unwrap().message().contains("status 1"), "{what}");
    }
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn a_component_ends_with_its_caller() {
    let bench = Bench::new();
    for then in [guests::SLEEP, guests::FLOOD, "(loop $again (br $again))"] {
        let program = component(&guests::says_and(then));
        let mut reply = bench.programs.run(bench.exchange(&program)).await.unwrap();
        assert!(reply.body.next().await.unwrap().is_ok());
    }
    assert!(bench.left_behind().await.is_empty());
}
