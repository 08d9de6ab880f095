//! What a policy may not ask of this sandbox.

use sandbox::{Layer, LayerState};

use super::*;
use crate::programs::wasi_layers;

#[tokio::test]
async fn what_cannot_be_given_is_refused_before_anything_runs() {
    type Change = fn(&mut ProcessTarget);
    let cases: [(&str, Change, FailureKind); 5] = [
        (
            "a layer",
            |it| it.sandbox.demanded_layers = vec!["landlock".into()],
            FailureKind::SandboxFault,
        ),
        (
            "a host",
            |it| {
                let host = exchange::ProgramHost { host: "example.org".into(), port: 443 };
                it.sandbox.network = vec![host];
            },
            FailureKind::SandboxFault,
        ),
        (
            "a layer that is none",
            |it| it.sandbox.demanded_layers = vec!["magic".into()],
            FailureKind::ProviderMisconfigured,
        ),
        (
            "a working directory elsewhere",
            |it| it.sandbox.directory = Some("/etc".into()),
            FailureKind::ProviderMisconfigured,
        ),
        (
            "a working directory by dots",
            |it| {
                it.sandbox.read_only = vec!["/usr".into()];
                it.sandbox.directory = Some("/usr/../etc".into());
            },
            FailureKind::ProviderMisconfigured,
        ),
    ];
    let bench = Bench::new();
    for (what, change, kind) in cases {
        let exchange = with_target(bench.exchange(&guests::echo()), change);
        let (_, failure) = bench.run(exchange).await;
        assert_eq!(failure.map(|it| it.kind()), Some(kind), "{what}");
    }
    let met = |it: &mut ProcessTarget| it.sandbox.demanded_layers = vec!["network".into()];
    let (_, failure) = bench.run(with_target(bench.exchange(&guests::echo()), met)).await;
    assert!(failure.is_none(), "{failure:?}");
    let missing = wasi_layers().into_iter().filter(|(_, state)| *state != LayerState::Works);
    let missing: Vec<_> = missing.map(|(layer, _)| layer).collect();
    assert_eq!(missing, [Layer::User, Layer::Landlock, Layer::OwnKernel]);
}
