//! What the host has that programs must not reach.

use std::fs::Permissions;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{LazyLock, Mutex};

use sandbox::SandboxPolicy;

use crate::drivers::at_exit;
use crate::drivers::attempts::network::answer_udp;
use crate::drivers::program::{PLACE, policy};

/// One for the whole binary.
pub(super) static HOST: LazyLock<Host> = LazyLock::new(Host::new);

/// A process of `nobody`, which is whom programs are outside.
static NEIGHBOUR: Mutex<Option<Child>> = Mutex::new(None);

/// See the module.
pub(super) struct Host {
    _listeners: Vec<TcpListener>,
    _sockets: [UnixListener; 2],
    pub(super) tcp: String,
    /// If this machine has version 6.
    pub(super) tcp_six: Option<String>,
    pub(super) udp: String,
    pub(super) abstract_name: String,
    pub(super) path_socket: String,
    pub(super) neighbour: String,
    pub(super) marker: String,
    pub(super) secret: String,
    pub(super) shared: String,
    pub(super) setuid: String,
}

impl Host {
    fn new() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp_six = TcpListener::bind("[::1]:0").ok();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
        let abstract_name = format!("sandbox-tests-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let path_socket = PLACE.join("socket");
        let sockets = [
            UnixListener::bind_addr(&abstract_address).unwrap(),
            UnixListener::bind(&path_socket).unwrap(),
        ];
        open_to(&path_socket, 0o777);
        let marker = format!("SANDBOX_TEST_MARKER_{}", std::process::id());
        let secret = PLACE.join("secret");
        std::fs::write(&secret, "secret").unwrap();
        open_to(&secret, 0o644);
        let shared = PLACE.join("shared");
        std::fs::create_dir_all(&shared).unwrap();
        let setuid = shared.join("setuid");
        std::fs::copy(PLACE.join("attempt"), &setuid).unwrap();
        open_to(&setuid, 0o4755);
        open_to(&shared, 0o777);
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        Self {
            tcp: address(&tcp),
            tcp_six: tcp_six.as_ref().map(address),
            _listeners: [tcp].into_iter().chain(tcp_six).collect(),
            udp: {
                let own = udp.local_addr().unwrap().to_string();
                answer_udp(udp);
                own
            },
            _sockets: sockets,
            abstract_name,
            path_socket: text(&path_socket),
            neighbour: start_neighbour(&marker),
            marker,
            secret: text(&secret),
            shared: text(&shared),
            setuid: text(&setuid),
        }
    }

    /// Lets programs see the directory with the setuid program, which anybody may write to.
    pub(super) fn policy(&self) -> SandboxPolicy {
        SandboxPolicy { read_only: vec![PLACE.join("shared")], ..policy() }
    }
}

fn open_to(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Its process id.
fn start_neighbour(marker: &str) -> String {
    let mut command = Command::new("/bin/sleep");
    command.arg("3600").env_clear().env(marker, "1");
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let child = command.spawn().unwrap();
    let id = child.id().to_string();
    *NEIGHBOUR.lock().unwrap() = Some(child);
    at_exit::register(|| {
        let child = NEIGHBOUR.lock().ok().and_then(|mut neighbour| neighbour.take());
        if let Some(mut child) = child {
            let _ = child.kill();
            let _ = child.wait();
        }
    });
    id
}
