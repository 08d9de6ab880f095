//! The runtime as a whole, with guests good and hostile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange::{
    Call, EgressDialect, EgressExchange, Failure, FailureKind, Operation, PluginCatalog,
    ReplyIdentity, RequestId, ResponseHead,
};

use crate::{Grant, InstanceLimits, Limits, Origin, PluginStatus, Registry, Runtime};
use text_guests::Guest;

mod calls;
mod code;
mod generations;
mod hostile;
mod ingress;
mod lazy;
mod loading;
mod log;
mod released;
mod reuse;
mod stock;
mod wasi;

/// Roomy in time, as tests share the machine; hostile guests ask for less.
const LIMITS: Limits = Limits {
    live_instances: 64,
    instance: InstanceLimits {
        call: Duration::from_secs(20),
        memory_bytes: 8 * 1024 * 1024,
        output_bytes: 2 * 1024 * 1024,
        ..Limits::STANDARD.instance
    },
    ..Limits::STANDARD
};

fn registry_with(limits: Limits) -> Registry {
    Registry::new(Runtime::start(limits).unwrap())
}

fn registry() -> Registry {
    registry_with(LIMITS)
}

fn install(registry: &Registry, guest: &Guest) {
    let installed = Origin::Installed(None);
    registry.install(&guest.build(), installed, Grant::default()).unwrap();
}

fn status(registry: &Registry, name: &str) -> PluginStatus {
    let mut list = registry.list().into_iter();
    list.find(|status| status.name == name).unwrap()
}

pub(crate) fn call() -> Call {
    Call {
        operation: Operation::Chat,
        model: "model".into(),
        streaming: true,
        settings: "{}".into(),
    }
}

pub(crate) fn identity() -> ReplyIdentity {
    ReplyIdentity { id: "chatcmpl-1".into(), created: 1_700_000_000, extra: Vec::new() }
}

fn ok_head() -> ResponseHead {
    ResponseHead::of_process()
}

fn dialect(registry: &Registry, name: &str) -> Arc<dyn EgressDialect> {
    registry.dialect(name).unwrap()
}

fn open(registry: &Registry, name: &str) -> Box<dyn EgressExchange> {
    let request = RequestId::parse("request-1").unwrap();
    dialect(registry, name).open(call(), request)
}

/// Encodes in an exchange of its own.
async fn encode(registry: &Registry, name: &str) -> Result<Bytes, Failure> {
    let mut exchange = open(registry, name);
    let encoded = exchange.encode(Bytes::from_static(b"{}")).await?;
    Ok(encoded.body)
}

/// Proof that a registry still serves.
async fn assert_serves(registry: &Registry, name: &str) {
    assert_eq!(encode(registry, name).await.unwrap(), "encoded");
}

fn assert_fault(failure: &Failure, cause: &str) {
    assert_eq!(failure.kind(), FailureKind::PluginFault, "{failure:?}");
    let chain = failure.cause_chain().unwrap();
    assert!(chain.contains(cause), "{chain}");
    assert!(!failure.message().contains(cause), "{failure}");
}

/// Looks again until something holds, as background threads do their work.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::yield_now();
    }
}
