//! Attempts to reach somebody.

use std::io;
use std::mem;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// Long enough for an answer from this machine.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn connect(address: &str) -> io::Result<()> {
    TcpStream::connect_timeout(&parse(address)?, PATIENCE).map(|_| ())
}

/// Whether somebody answers to a packet.
pub(super) fn ask_udp(address: &str) -> io::Result<()> {
    let address = parse(address)?;
    let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(own)?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(b"?")?;
    socket.recv(&mut [0; 16]).map(|_| ())
}

/// Answers to packets for as long as the process lives.
pub(crate) fn answer_udp(socket: UdpSocket) {
    std::thread::spawn(move || {
        let mut packet = [0; 16];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let _ = socket.send_to(&packet[..length], from);
        }
    });
}

/// A network of this process alone, in which the address is its own and answers.
pub(super) fn be_in_network_of(address: &str) -> io::Result<()> {
    let address = parse(address)?;
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) })?;
    raise_loopback()?;
    match address {
        SocketAddr::V4(address) => add_v4(u32::from_ne_bytes(address.ip().octets()))?,
        SocketAddr::V6(address) => add_v6(address.ip().octets())?,
    }
    mem::forget(bind_soon(|| TcpListener::bind(address))?);
    answer_udp(UdpSocket::bind(address)?);
    Ok(())
}

/// The kernel looks for others with the same address before it gives a new one of version 6 away.
fn bind_soon(bind: impl Fn() -> io::Result<TcpListener>) -> io::Result<TcpListener> {
    let mut tries = (0..1_000_000).map(|_| {
        std::thread::yield_now();
        bind()
    });
    let is_over = |tried: &io::Result<TcpListener>| {
        tried.as_ref().err().is_none_or(|error| error.kind() != io::ErrorKind::AddrNotAvailable)
    };
    tries.find(is_over).unwrap_or_else(|| Err(io::ErrorKind::AddrNotAvailable.into()))
}

fn loopback() -> libc::ifreq {
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    request.ifr_name[0] = b'l'.cast_signed();
    request.ifr_name[1] = b'o'.cast_signed();
    request
}

fn raise_loopback() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let mut request = loopback();
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) })
}

fn add_v4(address: u32) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let mut request = loopback();
    let mut inet: libc::sockaddr_in = unsafe { mem::zeroed() };
    inet.sin_family = libc::AF_INET as libc::sa_family_t;
    inet.sin_addr.s_addr = address;
    request.ifr_ifru.ifru_addr =
        unsafe { mem::transmute::<libc::sockaddr_in, libc::sockaddr>(inet) };
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFADDR, &raw const request) })
}

fn add_v6(address: [u8; 16]) -> io::Result<()> {
    let socket = UdpSocket::bind("[::]:0")?;
    let request = libc::in6_ifreq {
        ifr6_addr: libc::in6_addr { s6_addr: address },
        ifr6_prefixlen: 128,
        ifr6_ifindex: 1,
    };
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFADDR, &raw const request) })
}

/// Makes a socket of a kind that sees more than its own network, or another machine.
pub(super) fn make_socket(kind: &str) -> io::Result<()> {
    let (family, kind, protocol) = match kind {
        "packet" => (libc::AF_PACKET, libc::SOCK_RAW, i32::from(0x0003_u16.to_be())),
        "raw" => (libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP),
        "netlink" => (libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE),
        "vsock" => (libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    check(unsafe { libc::socket(family, kind, protocol) })
}

fn parse(address: &str) -> io::Result<SocketAddr> {
    address.parse().map_err(io::Error::other)
}

fn check(answer: libc::c_int) -> io::Result<()> {
    if answer >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
