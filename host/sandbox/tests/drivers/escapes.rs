//! The table of escapes: each row is refused under every driver, and works without one.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::LazyLock;

use sandbox::{DriverName, Layer, SandboxPolicy};

use super::attempts::ATTEMPT_ARGUMENT;
use super::program::{OTHERS, PLACE, attempt, call, policy, run, strong_drivers};

/// One row.
struct Row {
    name: &'static str,
    arguments: Vec<String>,
    /// What it needs to be shown to work where nothing refuses it.
    control: Control,
    /// Where it may work: in a kernel that is the program's own it harms nobody.
    may_work_in_own_kernel: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    /// It works for the user of the tests, if that is root.
    AsRoot,
    /// It works for `nobody`.
    AsNobody,
    /// It is not harmless, or not to be had on every machine.
    None,
}

fn row(name: &'static str, arguments: &[&str], control: Control) -> Row {
    let arguments = arguments.iter().map(|&text| text.to_owned()).collect();
    Row { name, arguments, control, may_work_in_own_kernel: false }
}

fn harmless_in_own_kernel(name: &'static str, control: Control) -> Row {
    Row { may_work_in_own_kernel: true, ..row(name, &[], control) }
}

/// One for the whole binary.
static HOST: LazyLock<Host> = LazyLock::new(Host::new);

/// What the host has that programs must not reach.
struct Host {
    listener: TcpListener,
    _abstract_socket: UnixListener,
    abstract_name: String,
    secret: String,
    setuid: String,
}

impl Host {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let abstract_name = format!("sandbox-tests-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let _abstract_socket = UnixListener::bind_addr(&address).unwrap();
        let secret = PLACE.join("secret");
        std::fs::write(&secret, "secret").unwrap();
        std::fs::set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
        let shared = PLACE.join("shared");
        std::fs::create_dir_all(&shared).unwrap();
        let setuid = shared.join("setuid");
        std::fs::copy(PLACE.join("attempt"), &setuid).unwrap();
        std::fs::set_permissions(&setuid, Permissions::from_mode(0o4755)).unwrap();
        std::fs::set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
        let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
        Self {
            listener,
            _abstract_socket,
            abstract_name,
            secret: text(secret),
            setuid: text(setuid),
        }
    }

    /// Lets programs see the directory with the setuid program, which anybody may write to.
    fn policy(&self) -> SandboxPolicy {
        SandboxPolicy { read_only: vec![PLACE.join("shared")], ..policy() }
    }

    fn rows(&self) -> Vec<Row> {
        use Control::{AsNobody, AsRoot, None};
        let place = PLACE.to_str().unwrap();
        let shared = format!("{place}/shared");
        let climbing = format!("/tmp/..{}", self.secret);
        let loopback = self.listener.local_addr().unwrap().to_string();
        let gateway = std::process::id().to_string();
        vec![
            // Files.
            row("read", &["/etc/shadow"], AsRoot),
            row("read", &["/root"], None),
            row("read", &[&self.secret], AsNobody),
            row("read", &[&climbing], AsNobody),
            row("read", &["/tmp/../etc/shadow"], AsRoot),
            row("read", &["/usr/../etc/shadow"], AsRoot),
            row("read-through-link", &[&self.secret], AsNobody),
            row("read-through-link", &["/etc/shadow"], AsRoot),
            row("read", &["/proc/1/root/etc/shadow"], None),
            row("read", &["/proc/kcore/x"], None),
            row("write-in", &[&shared], AsNobody),
            row("write-in", &[place], AsRoot),
            row("write-in", &["/"], None),
            row("write-in", &["/usr"], None),
            row("write-in", &["/usr/bin"], None),
            row("write-in", &["/etc"], None),
            row("write-in", &["/dev"], None),
            row("write-in", &["/run"], None),
            row("write-in", &["/var/tmp"], AsNobody),
            row("write-in", &["/proc/self"], None),
            row("open-to-write", &["/proc/sysrq-trigger"], None),
            row("open-to-write", &["/proc/sys/kernel/core_pattern"], None),
            row("open-to-write", &["/dev/mem"], None),
            row("open-to-write", &["/proc/1/mem"], None),
            row("chroot", &[], AsRoot),
            // Other processes.
            row("find-environment", &["SANDBOX_TEST_MARKER"], None),
            row("see-process", &[&gateway], AsRoot),
            harmless_in_own_kernel("ptrace", AsNobody),
            // Network.
            row("connect", &[&loopback], AsNobody),
            row("connect", &["169.254.169.254:80"], None),
            row("connect", &["192.0.2.1:80"], None),
            row("connect", &["1.1.1.1:443"], None),
            row("connect", &["[2606:4700:4700::1111]:443"], None),
            row("route", &["169.254.169.254:80"], None),
            row("route", &["8.8.8.8:53"], None),
            row("abstract-socket", &[&self.abstract_name], AsNobody),
            // Resources.
            row("fork", &["100"], AsNobody),
            row("memory", &["600"], AsNobody),
            row("memory-of-many", &["4"], AsNobody),
            row("fill-disk", &["20"], AsNobody),
            // The kernel.
            harmless_in_own_kernel("user-namespace", AsNobody),
            harmless_in_own_kernel("mount-namespace", AsRoot),
            harmless_in_own_kernel("clone-namespace", AsNobody),
            row("mount", &[], AsRoot),
            row("keyring", &[], AsNobody),
            row("bpf", &[], AsRoot),
            row("perf", &[], None),
            harmless_in_own_kernel("io-uring", None),
            row("host-name", &[], None),
            // Other users.
            row("become-root", &[], AsRoot),
            row("exec", &[&self.setuid], AsNobody),
        ]
    }
}

/// What takes too much may be ended instead of refused.
fn takes_too_much(row: &Row) -> bool {
    ["memory", "memory-of-many", "fork", "fill-disk"].contains(&row.name)
}

impl Row {
    fn is_of_first_process(&self) -> bool {
        self.arguments.iter().any(|argument| argument == "/proc/1/mem")
    }
}

#[test]
fn a_first_process_that_programs_can_reach_has_no_more_rights_than_they_have() {
    let _others = OTHERS.read().unwrap();
    let tools = strong_drivers().into_iter().filter(|driver| {
        let report = driver.report();
        report.driver != DriverName::Native && report.has(Layer::SystemCalls)
    });
    for driver in tools {
        let outcome = run(driver, &policy(), &call("/bin/cat", &["/proc/1/status"]));
        for line in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(outcome.stdout.contains(line), "{}: {outcome:?}", driver.report().driver);
        }
    }
}

/// Whether it works where nothing refuses it.
fn works_without_a_sandbox(row: &Row) -> bool {
    let mut command = Command::new(PLACE.join("attempt"));
    command.arg(ATTEMPT_ARGUMENT).arg(row.name).args(&row.arguments).current_dir("/");
    if row.control == Control::AsNobody {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    if !output.status.success() {
        eprintln!("{} {:?}: {output:?}", row.name, row.arguments);
    }
    output.status.success()
}

#[test]
fn every_escape_works_without_a_sandbox_so_that_its_refusal_means_something() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let host = &*HOST;
    let rows = host.rows().into_iter().filter(|row| row.control != Control::None);
    let failed: Vec<_> = rows.filter(|row| !works_without_a_sandbox(row)).collect();
    let names: Vec<_> = failed.iter().map(|row| (row.name, &row.arguments)).collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn every_escape_is_refused_by_every_driver() {
    let host = &*HOST;
    let policy = host.policy();
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let report = driver.report();
        let own_kernel = report.has(Layer::OwnKernel);
        for row in host.rows() {
            // There the first process is the tool's, which the next test looks at.
            let is_tools = report.driver != DriverName::Native && row.is_of_first_process();
            if own_kernel && row.may_work_in_own_kernel || is_tools {
                continue;
            }
            let arguments: Vec<&str> =
                [row.name].into_iter().chain(row.arguments.iter().map(String::as_str)).collect();
            let outcome = run(driver, &policy, &attempt(&arguments));
            if std::env::var_os("SANDBOX_SHOW").is_some() {
                eprintln!("{}, {arguments:?}: {}", report.driver, outcome.stdout.trim_end());
            }
            let (name, text) = (report.driver, &outcome.stdout);
            assert!(!text.contains("escaped"), "{name}, {arguments:?}: {outcome:?}");
            // It ran and was refused, or it was ended for what it did.
            let refused = text.starts_with("refused: ") && !text.contains("no attempt");
            assert!(refused || !outcome.status.success(), "{name}, {arguments:?}: {outcome:?}");
            assert!(refused || takes_too_much(&row), "{name}, {arguments:?}: {outcome:?}");
        }
    }
}
