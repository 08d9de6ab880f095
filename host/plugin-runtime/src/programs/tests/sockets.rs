//! Sockets of components: there to be imported, and nothing more.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use wasmtime::component::Linker;
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use super::wit_guests::component;
use super::*;
use crate::programs::meter::Meter;
use crate::programs::preview2;
use crate::programs::quota::Quota;
use crate::programs::state::ProgramState;

/// `error-code` of `wasi:sockets/network`.
const ACCESS_DENIED: u8 = 1;
const PERMANENT_RESOLVER_FAILURE: u8 = 20;

/// `$no` says the first letter of a step and its error code, if it has one at 64 (or 68, behind a
/// handle), and is 1 then.
const SOCKETS: &str = r#"
(import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
(import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $tcp (param i32 i32)))
(import "wasi:sockets/udp-create-socket@0.2.0" "create-udp-socket" (func $udp (param i32 i32)))
(import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses"
  (func $resolve (param i32 i32 i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect" (func $start_connect
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.finish-connect"
  (func $finish_connect (param i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-bind" (func $start_bind
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.finish-bind"
  (func $finish_bind (param i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-listen"
  (func $start_listen (param i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.finish-listen"
  (func $finish_listen (param i32 i32)))
(import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.subscribe"
  (func $subscribe (param i32) (result i32)))
(import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
(import "wasi:sockets/udp@0.2.0" "[method]udp-socket.start-bind" (func $start_bind_udp
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(import "wasi:sockets/udp@0.2.0" "[method]udp-socket.finish-bind"
  (func $finish_bind_udp (param i32 i32)))
(import "wasi:sockets/udp@0.2.0" "[method]udp-socket.stream" (func $stream
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(import "wasi:sockets/udp@0.2.0" "[method]outgoing-datagram-stream.check-send"
  (func $check_send (param i32 i32)))
(import "wasi:sockets/udp@0.2.0" "[method]outgoing-datagram-stream.send"
  (func $send (param i32 i32 i32 i32)))
(;functions;)
(func $no (param $step i32) (param $code i32) (result i32)
  (if (i32.eqz (i32.load8_u (i32.const 64))) (then (return (i32.const 0))))
  (i32.store8 (i32.const 32) (local.get $step))
  (i32.store8 (i32.const 33) (i32.load8_u (local.get $code)))
  (call $say (i32.const 32) (i32.const 2))
  (i32.const 1))
(data (i32.const 256) "localhost")
(data (i32.const 300) "x")
"#;

/// A component that goes these steps: each a letter, where its error code is, and the call.
fn steps(to: SocketAddr, steps: &[(char, u32, &str)]) -> Vec<u8> {
    let bytes = match to {
        SocketAddr::V4(address) => address.ip().octets(),
        SocketAddr::V6(_) => panic!("no test has one"),
    };
    let address = |port: u16| {
        let numbers = [0, port.into()].into_iter().chain(bytes.map(u32::from)).chain([0; 6]);
        numbers.map(|number: u32| format!("(i32.const {number}) ")).collect::<String>()
    };
    let mut body = "(local.set $network (call $network))".to_owned();
    for (letter, code, call) in steps {
        let call = call.replace("ADDRESS", &address(to.port())).replace("ANY", &address(0));
        let letter = u32::from(*letter);
        body += &format!(
            "{call} (if (call $no (i32.const {letter}) (i32.const {code}))
              (then (return (i32.const 1))))"
        );
    }
    component(SOCKETS, &(body + "(i32.const 0)"))
}

/// Makes a socket, of one version or the other.
const CREATE: (char, u32, &str) = (
    'c',
    68,
    "(call $tcp (i32.const 0) (i32.const 64)) (local.set $socket (i32.load (i32.const 68)))",
);
const CREATE_SIX: (char, u32, &str) = ('c', 68, "(call $tcp (i32.const 1) (i32.const 64))");
const CREATE_UDP: (char, u32, &str) = (
    'c',
    68,
    "(call $udp (i32.const 0) (i32.const 64)) (local.set $socket (i32.load (i32.const 68)))",
);
const CREATE_UDP_SIX: (char, u32, &str) = ('c', 68, "(call $udp (i32.const 1) (i32.const 64))");

const CONNECT: [(char, u32, &str); 3] = [
    CREATE,
    (
        's',
        65,
        "(call $start_connect (local.get $socket) (local.get $network) ADDRESS (i32.const 64))",
    ),
    (
        'f',
        68,
        "(call $block (call $subscribe (local.get $socket)))
         (call $finish_connect (local.get $socket) (i32.const 64))",
    ),
];

const LISTEN: [(char, u32, &str); 5] = [
    CREATE,
    ('b', 65, "(call $start_bind (local.get $socket) (local.get $network) ANY (i32.const 64))"),
    ('B', 65, "(call $finish_bind (local.get $socket) (i32.const 64))"),
    ('l', 65, "(call $start_listen (local.get $socket) (i32.const 64))"),
    ('L', 65, "(call $finish_listen (local.get $socket) (i32.const 64))"),
];

/// One datagram with one byte, to the address of the stream.
const SEND: [(char, u32, &str); 6] = [
    CREATE_UDP,
    ('b', 65, "(call $start_bind_udp (local.get $socket) (local.get $network) ANY (i32.const 64))"),
    ('B', 65, "(call $finish_bind_udp (local.get $socket) (i32.const 64))"),
    (
        's',
        68,
        "(call $stream (local.get $socket) (i32.const 1) ADDRESS (i32.const 64))
      (local.set $socket (i32.load (i32.const 72)))",
    ),
    ('k', 72, "(call $check_send (local.get $socket) (i32.const 64))"),
    (
        'w',
        72,
        "(i32.store (i32.const 128) (i32.const 300)) (i32.store (i32.const 132) (i32.const 1))
      (call $send (local.get $socket) (i32.const 128) (i32.const 1) (i32.const 64))",
    ),
];

const RESOLVE: [(char, u32, &str); 1] = [(
    'r',
    68,
    "(call $resolve (local.get $network) (i32.const 256) (i32.const 9) (i32.const 64))",
)];

/// Says where it begins.
pub(super) fn begins() -> Vec<u8> {
    let import =
        r#"(import "wasi:cli/environment@0.2.0" "initial-cwd" (func $begins (param i32)))"#;
    let body = "(call $begins (i32.const 64))
      (call $say (i32.load (i32.const 68)) (i32.load (i32.const 72)))
      (i32.const 0)";
    component(import, body)
}

/// Whether a component ends well where nothing refuses it the network: what a refusal is worth.
async fn works_with_a_network(program: &[u8]) -> bool {
    let engine = Engine::default();
    let said = MemoryOutputPipe::new(64);
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_network().allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true);
    wasi.stdout(said.clone());
    let (meter, quota) = (Meter::new(1 << 24), Quota::new(0, 0));
    let mut store = Store::new(&engine, ProgramState { wasi: wasi.build_p1(), meter, quota });
    let mut linker = Linker::new(&engine);
    preview2::link(&mut linker).unwrap();
    let program = wasmtime::component::Component::new(&engine, program).unwrap();
    let command = Command::instantiate_async(&mut store, &program, &linker).await.unwrap();
    let ended = command.wasi_cli_run().call_run(&mut store).await.unwrap();
    assert!(ended.is_ok(), "{:?}", said.contents());
    ended.is_ok()
}

#[tokio::test]
async fn every_call_for_a_socket_is_refused_and_nothing_arrives() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    tcp.set_nonblocking(true).unwrap();
    udp.set_nonblocking(true).unwrap();
    let (to_tcp, to_udp) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    let metadata = "169.254.169.254:80".parse().unwrap();
    let outside = "192.0.2.1:53".parse().unwrap();
    // Whether it is shown to work: nothing may leave the machine for it.
    let rows: [(&str, Vec<u8>, bool, [u8; 2]); 9] = [
        ("connect", steps(to_tcp, &CONNECT), true, [b'c', ACCESS_DENIED]),
        ("connect, metadata", steps(metadata, &CONNECT), false, [b'c', ACCESS_DENIED]),
        ("connect, outside", steps(outside, &CONNECT), false, [b'c', ACCESS_DENIED]),
        ("listen", steps(to_tcp, &LISTEN), true, [b'c', ACCESS_DENIED]),
        ("make-socket, TCP, version 6", steps(to_tcp, &[CREATE_SIX]), false, [b'c', ACCESS_DENIED]),
        ("ask-udp", steps(to_udp, &SEND), true, [b'c', ACCESS_DENIED]),
        ("ask-udp, outside", steps(outside, &SEND), false, [b'c', ACCESS_DENIED]),
        (
            "make-socket, UDP, version 6",
            steps(to_udp, &[CREATE_UDP_SIX]),
            false,
            [b'c', ACCESS_DENIED],
        ),
        ("resolve", steps(to_tcp, &RESOLVE), true, [b'r', PERMANENT_RESOLVER_FAILURE]),
    ];
    let bench = Bench::new();
    for (name, program, _, refusal) in &rows {
        let (output, failure) = bench.run(bench.exchange(program)).await;
        let failure = failure.unwrap_or_else(|| panic!("{name}: it ended well"));
        assert!(failure.message().contains("status 1"), "{name}: {}", told(&failure));
        assert_eq!(output, refusal, "{name}");
    }
    assert!(tcp.accept().is_err_and(|it| it.kind() == std::io::ErrorKind::WouldBlock));
    let mut buffer = [0; 8];
    let nothing = udp.recv(&mut buffer);
    assert!(nothing.is_err_and(|it| it.kind() == std::io::ErrorKind::WouldBlock));
    for (name, program, ..) in rows.iter().filter(|row| row.2) {
        assert!(works_with_a_network(program).await, "{name}");
    }
    assert!(tcp.accept().is_ok(), "the control reaches the listener");
    udp.set_nonblocking(false).unwrap();
    assert_eq!(udp.recv(&mut buffer).unwrap(), 1, "the control reaches the socket");
}

/// Handles are numbers in the component's own table: one that it was not given is none.
#[tokio::test]
async fn a_socket_that_was_never_made_cannot_be_used() {
    let to = "127.0.0.1:1".parse().unwrap();
    let bench = Bench::new();
    for calls in [&CONNECT[1..2], &LISTEN[1..2], &LISTEN[3..4], &SEND[1..2], &SEND[3..4]] {
        let (output, failure) = bench.run(bench.exchange(&steps(to, calls))).await;
        let told = told(&failure.unwrap());
        assert!(output.is_empty() && told.contains("handle"), "{told}");
    }
}
