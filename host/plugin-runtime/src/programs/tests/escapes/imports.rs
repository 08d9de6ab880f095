//! Rows for which no call exists: a program that wants one is refused by name before it runs.

use super::*;

/// Name of the row, and what a program would have to import, as toolchains and other hosts call it.
const ROWS: [(&str, &str, &str); 40] = [
    ("fork", "env", "fork"),
    ("fork", "wasix_32v1", "proc_fork"),
    ("fork-bomb", "env", "vfork"),
    ("fork-bomb", "wasi", "thread-spawn"),
    ("double fork", "env", "daemon"),
    ("double fork", "env", "setsid"),
    ("chroot", "env", "chroot"),
    ("open-by-handle", "env", "open_by_handle_at"),
    ("signal", "env", "kill"),
    ("signal", "wasi_snapshot_preview1", "proc_signal"),
    ("ignore-signal", "env", "sigaction"),
    ("trace", "env", "process_vm_readv"),
    ("ptrace", "env", "ptrace"),
    ("connect", "env", "connect"),
    ("connect", "wasi_snapshot_preview1", "sock_connect"),
    ("ask-udp", "env", "sendto"),
    ("ask-udp", "wasi_snapshot_preview1", "sock_send_to"),
    ("abstract-socket", "env", "socketpair"),
    ("path-socket", "wasix_32v1", "sock_bind"),
    ("make-socket", "env", "socket"),
    ("make-socket", "wasi_snapshot_preview1", "sock_open"),
    ("resolve", "wasi_snapshot_preview1", "sock_addr_resolve"),
    ("user-namespace", "env", "unshare"),
    ("clone-namespace", "env", "clone3"),
    ("mount-namespace", "env", "pivot_root"),
    ("network-namespace", "env", "ioctl"),
    ("join-namespace", "env", "setns"),
    ("mount", "env", "mount"),
    ("host-name", "env", "sethostname"),
    ("keyring", "env", "keyctl"),
    ("bpf", "env", "bpf"),
    ("perf", "env", "perf_event_open"),
    ("io-uring", "env", "io_uring_setup"),
    ("userfaultfd", "env", "userfaultfd"),
    ("become-root", "env", "setuid"),
    ("become-root", "env", "setresuid"),
    ("exec", "env", "execve"),
    ("exec", "wasi_snapshot_preview1", "proc_exec"),
    ("any call", "env", "syscall"),
    ("any call", "wali", "SYS_clone"),
];

#[tokio::test]
async fn an_import_beyond_wasi_is_refused_by_name() {
    let bench = Bench::new();
    for (row, module, function) in ROWS {
        // As core modules have them, and as components do.
        let (host, call) = (module.replace('_', "-"), function.to_lowercase().replace('_', "-"));
        let interface = format!("{host}:host/{call}@1.0.0");
        let text =
            format!("(component (import {interface:?} (instance (export {call:?} (func)))))");
        let wishes = [
            (guests::asks_for(module, function), [module, function]),
            (wat::parse_str(&text).unwrap(), [&interface, &call]),
        ];
        for (program, names) in wishes {
            let (_, failure) = bench.run(bench.exchange(&program)).await;
            let failure = failure.unwrap_or_else(|| panic!("{row}, {names:?}: it ran"));
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{row}");
            let told = told(&failure);
            assert!(names.iter().all(|name| told.contains(name)), "{row}, {names:?}: {told}");
        }
    }
}

/// The only calls on sockets that WASI 0.1 has are on those that a host opens, and none is open.
#[tokio::test]
async fn no_descriptor_is_a_socket() {
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
