//! What a program finds itself in.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn value<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim()
}

#[tokio::test]
async fn a_program_has_no_capability_and_can_gain_none() {
    let status = output_of(exchange("/bin/cat", &["/proc/self/status"])).await;
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(value(&status, set), "0000000000000000", "{set}");
    }
    assert_eq!(value(&status, "NoNewPrivs"), "1");
    assert_eq!(value(&status, "Seccomp"), "2");
    if rustix::process::geteuid().is_root() {
        assert_eq!(value(&status, "CapBnd"), "0000000000000000");
        assert_eq!(value(&status, "Uid"), "65534\t65534\t65534\t65534");
        assert_eq!(value(&status, "Gid"), "65534\t65534\t65534\t65534");
        assert_eq!(value(&status, "Groups"), "");
    }
}

#[tokio::test]
async fn a_program_sees_no_process_but_its_own() {
    let text = output_of(shell("for p in /proc/[0-9]*; do echo ${p##*/}; done")).await;
    // The first process of its namespace, and itself.
    assert_eq!(pids(&text), [1, 2]);
}

#[tokio::test]
async fn the_limits_are_the_targets() {
    let exchange = with_target(exchange("/bin/cat", &["/proc/self/limits"]), |target| {
        target.max_memory_bytes = 1_073_741_824;
        target.max_cpu = Duration::from_secs(7);
        target.max_open_files = 33;
        target.max_processes = 2222;
        target.max_file_bytes = 4096;
    });
    let text = output_of(exchange).await;
    let expected = [
        ("Max address space", "1073741824", "1073741824"),
        ("Max cpu time", "7", "8"),
        ("Max open files", "33", "33"),
        // The first process of the namespace is counted too.
        ("Max processes", "2223", "2223"),
        ("Max file size", "4096", "4096"),
        ("Max core file size", "0", "0"),
    ];
    for (name, soft, hard) in expected {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let values: Vec<_> = line.split_whitespace().take(2).collect();
        assert_eq!(values, [soft, hard], "{name}");
    }
}

#[tokio::test]
async fn too_large_a_file_ends_the_program() {
    let exchange = with_target(shell("exec /bin/cat /dev/zero > big"), |target| {
        target.max_file_bytes = 4096;
    });
    let failure = failure_of(exchange).await;
    assert!(failure.message().contains("larger file"), "{failure}");
}

#[tokio::test]
async fn too_much_processor_time_ends_the_program() {
    let exchange = with_target(shell("while :; do :; done"), |target| {
        target.max_cpu = Duration::from_millis(1);
    });
    let failure = failure_of(exchange).await;
    assert!(failure.message().contains("processor time"), "{failure}");
}

#[tokio::test]
async fn too_much_memory_is_refused() {
    let script = "x=0123456789; while :; do x=$x$x; done";
    let exchange = with_target(shell(script), |target| target.max_memory_bytes = 64 << 20);
    assert_eq!(failure_of(exchange).await.kind(), FailureKind::UpstreamError);
}

#[tokio::test]
async fn a_program_inherits_no_open_file() {
    // Not close-on-exec: what a careless library would open.
    let (read, write) = rustix::pipe::pipe().unwrap();
    let text = output_of(shell("for f in /proc/$$/fd/*; do echo ${f##*/}; done")).await;
    drop((read, write));
    let open: BTreeSet<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
    // The shell itself holds the directory it lists, and its script, above these.
    assert!(open.is_superset(&BTreeSet::from([0, 1, 2])), "{open:?}");
    assert!(open.len() <= 4, "{open:?}");
}

#[tokio::test]
async fn the_directory_is_private_and_empty() {
    let script = "ls -A; pwd; umask; mkdir -p a/b; echo x > a/b/c; read x < a/b/c; echo $x";
    assert_eq!(output_of(shell(script)).await, "/tmp\n0077\nx\n");
}

#[tokio::test]
async fn a_driver_or_a_layer_that_there_is_not_is_a_refusal() {
    let cases: [(Change, FailureKind, &str); 4] = [
        (|target| target.sandbox.driver = Some("docker".into()), MISCONFIGURED, "\"native\""),
        (|target| target.sandbox.demanded_layers = vec!["moat".into()], MISCONFIGURED, "moat"),
        (
            |target| {
                target.sandbox.driver = Some("basic".into());
                target.sandbox.demanded_layers = vec!["network".into()];
            },
            FailureKind::SandboxFault,
            "layer",
        ),
        (|target| target.sandbox.digest = Some([7; 32]), MISCONFIGURED, "digest"),
    ];
    for (change, kind, words) in cases {
        let failure = failure_of(with_target(exchange("/bin/true", &[]), change)).await;
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.message().contains(words), "{failure}");
    }
}

type Change = fn(&mut ProcessTarget);

const MISCONFIGURED: FailureKind = FailureKind::ProviderMisconfigured;

#[tokio::test]
async fn the_driver_of_last_resort_removes_its_directory() {
    let upstream = ProcessUpstream::try_new().unwrap();
    let script = "ls -A; pwd; umask; mkdir -p a/b; echo x > a/b/c; /bin/sleep 300";
    let basic = |target: &mut ProcessTarget| target.sandbox.driver = Some("basic".into());
    let mut reply = upstream.run(with_target(shell(script), basic)).await.unwrap();
    let mut seen = String::new();
    while seen.lines().count() < 2 {
        seen.push_str(&next_text(&mut reply).await);
    }
    let mut lines = seen.lines();
    let directory = PathBuf::from(lines.next().unwrap());
    assert_eq!(lines.next(), Some("0077"));
    let mode = std::fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(reply);
    upstream.shutdown().await;
    assert!(!directory.exists());
}
