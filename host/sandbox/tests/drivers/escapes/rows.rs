//! The rows of the table.

use sandbox::{DriverName, Layer};

use super::host::Host;
use crate::drivers::program::PLACE;

/// One row.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<String>,
    pub(super) control: Control,
    /// Whether `basic` refuses it as well. It promises nothing about the others.
    pub(super) is_of_basic: bool,
    pub(super) refusal: Refusal,
    /// The layer that refuses it, where that one alone does. Without it the report says so.
    pub(super) layer: Option<Layer>,
    /// Where it works, and why that harms nobody.
    pub(super) instead: Option<Instead>,
}

/// How it is shown to work where nothing refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// As root, without a sandbox.
    AsRoot,
    /// As `nobody`, without a sandbox.
    AsNobody,
    /// In a network of its own in which the address that it wants answers: nothing leaves the
    /// machine.
    InNetworkOfItsOwn,
    /// It is not harmless: why.
    Never(&'static str),
}

/// What happens to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is told no.
    Told,
    /// It takes too much: it is told no, or ended.
    MayEnd,
}

/// Another promise than that it is refused. That nothing outside is changed by it is looked at
/// after every row.
pub(super) struct Instead {
    pub(super) driver: DriverName,
    pub(super) promise: Promise,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// It happens in a kernel that is the program's own.
    OwnKernel,
    /// What it reaches has no more rights than the program, and ends with it.
    SameRights,
}

impl Row {
    fn of_basic(self) -> Self {
        Self { is_of_basic: true, ..self }
    }

    fn taking_too_much(self) -> Self {
        Self { refusal: Refusal::MayEnd, ..self }
    }

    fn by(self, layer: Layer) -> Self {
        Self { layer: Some(layer), ..self }
    }

    fn but(self, driver: DriverName, promise: Promise) -> Self {
        Self { instead: Some(Instead { driver, promise }), ..self }
    }

    /// As the program is told it.
    pub(super) fn words(&self) -> Vec<&str> {
        [self.name].into_iter().chain(self.arguments.iter().map(String::as_str)).collect()
    }
}

fn row(name: &'static str, arguments: &[&str], control: Control) -> Row {
    let arguments = arguments.iter().map(|&text| text.to_owned()).collect();
    let refusal = Refusal::Told;
    Row { name, arguments, control, is_of_basic: false, refusal, layer: None, instead: None }
}

/// All of them.
pub(super) fn rows(host: &Host) -> Vec<Row> {
    let mut rows = files(host);
    rows.extend(others(host));
    rows.extend(network(host));
    rows.extend(resources());
    rows.extend(kernel());
    rows.extend(users(host));
    rows.retain(is_offered);
    rows
}

/// What not every kernel has.
const OPTIONAL: [&str; 4] = ["/proc/kcore", "/proc/sysrq-trigger", "/dev/kmsg", "/dev/loop0"];

/// Whether this kernel has at all what the row wants.
fn is_offered(row: &Row) -> bool {
    let says = |path: &str, wanted: &str| {
        std::fs::read_to_string(path).map_or(true, |text| text.trim() == wanted)
    };
    let has = |path: &str| std::path::Path::new(path).exists();
    match (row.name, row.arguments.first().map(String::as_str)) {
        ("make-socket", Some("vsock")) => has("/dev/vsock"),
        ("io-uring", _) => says("/proc/sys/kernel/io_uring_disabled", "0"),
        (_, Some(path)) if OPTIONAL.contains(&path) => has(path),
        _ => true,
    }
}

fn files(host: &Host) -> Vec<Row> {
    use Control::{AsNobody, AsRoot};
    let climbing = format!("/tmp/..{}", host.secret);
    let place = PLACE.to_str().unwrap();
    let root = format!("/proc/{}/root/etc/shadow", std::process::id());
    vec![
        row("read", &["/etc/shadow"], AsRoot).of_basic(),
        row("read", &["/tmp/../etc/shadow"], AsRoot).of_basic(),
        row("read", &["/usr/../etc/shadow"], AsRoot).of_basic(),
        row("read", &[&root], AsRoot).of_basic(),
        row("read", &["/proc/self/root/etc/shadow"], AsRoot).of_basic(),
        row("read-through-link", &["/etc/shadow"], AsRoot).of_basic(),
        row("list", &["/root"], AsRoot).of_basic(),
        row("read", &["/proc/kcore"], AsRoot).of_basic(),
        row("read", &[&host.secret], AsNobody),
        row("read", &[&climbing], AsNobody),
        row("read-through-link", &[&host.secret], AsNobody),
        row("list", &["/var/lib"], AsNobody),
        // Some kernel's, but not the host's.
        row("list", &["/sys/kernel"], AsNobody).but(DriverName::Gvisor, Promise::OwnKernel),
        row("write-in", &[&host.shared], AsNobody),
        row("write-in", &["/var/tmp"], AsNobody),
        row("write-in", &[place], AsRoot).of_basic(),
        row("write-in", &["/"], AsRoot).of_basic(),
        row("write-in", &["/usr"], AsRoot).of_basic(),
        row("write-in", &["/usr/bin"], AsRoot).of_basic(),
        row("write-in", &["/etc"], AsRoot).of_basic(),
        row("write-in", &["/dev"], AsRoot).of_basic(),
        row("write-in", &["/run"], AsRoot).of_basic(),
        row("open-to-write", &["/proc/sysrq-trigger"], AsRoot).of_basic(),
        row("open-to-write", &["/proc/sys/kernel/core_pattern"], AsRoot).of_basic(),
        row("open-to-write", &["/dev/kmsg"], AsRoot).of_basic(),
        row("open-to-write", &["/dev/loop0"], AsRoot).of_basic(),
        row("chroot", &[], AsRoot).of_basic(),
        row("open-by-handle", &[], AsRoot).of_basic(),
    ]
}

fn others(host: &Host) -> Vec<Row> {
    use Control::{AsNobody, AsRoot};
    let gateway = std::process::id().to_string();
    let command = std::env::args().next().unwrap();
    vec![
        row("find-environment", &[&host.marker], AsNobody),
        row("see-process", &[&gateway, &command], AsRoot),
        row("signal", &[&host.neighbour], AsNobody),
        row("signal", &[&gateway], AsRoot).of_basic(),
        row("trace", &[&host.neighbour], AsRoot),
        // A program can be traced in its own kernel, by a process of its own.
        row("ptrace", &[], AsNobody).but(DriverName::Gvisor, Promise::OwnKernel),
        // The first process there is the tool's.
        row("open-memory-of-others", &[], AsRoot).but(DriverName::Bubblewrap, Promise::SameRights),
    ]
}

fn network(host: &Host) -> Vec<Row> {
    use Control::{AsNobody, AsRoot, InNetworkOfItsOwn};
    let mut rows = vec![
        row("connect", &[&host.tcp], AsNobody),
        row("ask-udp", &[&host.udp], AsNobody),
        row("abstract-socket", &[&host.abstract_name], AsNobody),
        row("path-socket", &[&host.path_socket], AsNobody),
        row("make-socket", &["packet"], AsRoot).of_basic(),
        row("make-socket", &["raw"], AsRoot).of_basic(),
        row("make-socket", &["vsock"], AsNobody),
        row("make-socket", &["netlink"], AsNobody).but(DriverName::Gvisor, Promise::OwnKernel),
    ];
    rows.extend(host.tcp_six.iter().map(|address| row("connect", &[address], AsNobody)));
    for address in ["169.254.169.254:80", "192.0.2.1:80", "1.1.1.1:443", "[2001:db8::1]:443"] {
        rows.push(row("connect", &[address], InNetworkOfItsOwn));
    }
    for address in ["169.254.169.254:53", "192.0.2.1:53", "[2001:db8::1]:53"] {
        rows.push(row("ask-udp", &[address], InNetworkOfItsOwn));
    }
    rows
}

fn resources() -> Vec<Row> {
    use Control::{AsNobody, Never};
    vec![
        row("fork", &["100"], AsNobody).taking_too_much(),
        row("fork-bomb", &[], Never("it takes every process that the user may have"))
            .taking_too_much(),
        row("memory", &["600"], AsNobody).taking_too_much().of_basic(),
        row("memory-of-many", &["4"], AsNobody).taking_too_much().by(Layer::MemoryGroup),
        row("fill-disk", &["20"], AsNobody).taking_too_much(),
        row("open-files", &["100"], AsNobody).of_basic(),
    ]
}

fn kernel() -> Vec<Row> {
    use Control::{AsNobody, AsRoot};
    let own_kernel = |row: Row| row.but(DriverName::Gvisor, Promise::OwnKernel);
    vec![
        own_kernel(row("user-namespace", &[], AsNobody)),
        own_kernel(row("clone-namespace", &[], AsNobody)),
        own_kernel(row("mount-namespace", &[], AsRoot)).of_basic(),
        row("network-namespace", &[], AsRoot).of_basic(),
        row("join-namespace", &[], AsRoot).of_basic(),
        row("mount", &[], AsRoot).of_basic(),
        row("host-name", &[], AsRoot).of_basic(),
        row("keyring", &[], AsNobody),
        row("bpf", &[], AsRoot).of_basic(),
        row("perf", &[], AsRoot),
        own_kernel(row("io-uring", &[], AsRoot)),
        row("userfaultfd", &[], AsRoot),
    ]
}

fn users(host: &Host) -> Vec<Row> {
    use Control::{AsNobody, AsRoot};
    vec![
        row("become-root", &[], AsRoot).of_basic(),
        row("exec", &[&host.setuid], AsNobody).of_basic(),
    ]
}
