//! The table of escapes: what a WebAssembly program tries, and is refused.

use sandbox::{Layer, LayerState};

use super::*;
use crate::programs::wasi_layers;

/// Opens the path at 1024 below a directory, and shows what is there.
fn show(path: &str, directory: u32, flags: u32) -> Vec<u8> {
    let length = path.len();
    let body = format!(
        "(call $copy (call $open (i32.const {directory}) (i32.const 1024) (i32.const {length})
          (i32.const {flags})) (i32.const 1))"
    );
    guests::module(path, &body)
}

/// Makes a link `l` to a place, then opens a path through it.
fn show_by_link(target: &str, path: &str) -> Vec<u8> {
    let (to, length) = (target.len(), path.len());
    let body = format!(
        "(call $end (call $symlink (i32.const 1024) (i32.const {to}) (i32.const 3)
          (i32.const {path_at}) (i32.const 1)))
         (call $copy (call $open (i32.const 3) (i32.const {path_at}) (i32.const {length})
          (i32.const 0)) (i32.const 1))",
        path_at = 1024 + to,
    );
    guests::module(&format!("{target}{path}"), &body)
}

#[tokio::test]
async fn a_program_reaches_nothing_outside_of_its_directories() {
    let bench = Bench::new();
    let readable = bench.folder.path().join("readable");
    fs::create_dir(&readable).unwrap();
    fs::write(readable.join("f"), "x").unwrap();
    fs::write(bench.folder.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink("../secret", readable.join("link")).unwrap();
    let cases = [
        ("an absolute path", show("/etc/passwd", 3, 0)),
        ("dots", show("../../../../../../../../etc/passwd", 3, 0)),
        ("dots behind a name", show("x/../../../../../../../etc/shadow", 3, 0)),
        ("the gateway's memory", show("/proc/self/environ", 3, 0)),
        ("other runs", show("../../0/tmp", 3, 0)),
        ("a link to a root", show_by_link("/etc", "l/passwd")),
        ("a link with dots", show_by_link("../../../../../../../etc", "l/passwd")),
        ("a link that was there", show("link", 4, 0)),
        ("a new file where it may read", show("new", 4, 1)),
        ("a file to write where it may read", show("f", 4, 8)),
        ("a descriptor of the gateway", show("f", 9, 0)),
    ];
    for (what, program) in cases {
        let named = |target: &mut ProcessTarget| target.sandbox.read_only = vec![readable.clone()];
        let (output, failure) = bench.run(with_target(bench.exchange(&program), named)).await;
        let failure = failure.unwrap_or_else(|| panic!("{what}: it ended well"));
        assert!(failure.message().contains("status "), "{what}: {}", told(&failure));
        assert!(output.is_empty(), "{what}");
    }
    let named = |target: &mut ProcessTarget| target.sandbox.read_only = vec![readable.clone()];
    let shown = bench.run(with_target(bench.exchange(&show("f", 4, 0)), named)).await;
    assert_eq!(shown.0, b"x", "what is named is readable: {:?}", shown.1);
    assert_eq!(fs::read(readable.join("f")).unwrap(), b"x");
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn there_is_no_socket() {
    let bench = Bench::new();
    for descriptor in 0..6 {
        let body = format!(
            "(call $end (call $accept (i32.const {descriptor}) (i32.const 0) (i32.const 8)))"
        );
        let (_, failure) = bench.run(bench.exchange(&guests::module("", &body))).await;
        let failure = failure.unwrap();
        assert!(failure.message().contains("status "), "{}", told(&failure));
    }
}

/// Rows of the table for which no call exists: a program that wants one is not even started.
#[tokio::test]
async fn an_import_beyond_wasi_is_refused_by_name() {
    let bench = Bench::new();
    let imports = [
        ("env", "fork"),
        ("env", "ptrace"),
        ("env", "setuid"),
        ("env", "mount"),
        ("env", "bpf"),
        ("env", "kill"),
        ("wasi_snapshot_preview1", "sock_open"),
        ("wasi_snapshot_preview1", "proc_exec"),
        ("wasi", "thread-spawn"),
        ("wasix_32v1", "proc_fork"),
    ];
    for (module, function) in imports {
        let (_, failure) = bench.run(bench.exchange(&guests::asks_for(module, function))).await;
        let failure = failure.unwrap();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
        let told = told(&failure);
        assert!(told.contains(module) && told.contains(function), "{told}");
    }
}

#[tokio::test]
async fn what_cannot_be_given_is_refused_before_anything_runs() {
    type Change = fn(&mut ProcessTarget);
    let cases: [(&str, Change, FailureKind); 6] = [
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
            "a file as directory",
            |it| it.sandbox.read_only = vec!["/etc/passwd".into()],
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
