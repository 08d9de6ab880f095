//! Components that call WASI 0.2 themselves, written as the text of their core module.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// As much of WASI 0.2 as the tests call.
const WIT: &str = r#"
package test:guest;

world guest {
  import wasi:cli/environment@0.2.0;
  import wasi:cli/stdout@0.2.0;
  import wasi:io/poll@0.2.0;
  import wasi:io/streams@0.2.0;
  import wasi:sockets/network@0.2.0;
  import wasi:sockets/instance-network@0.2.0;
  import wasi:sockets/tcp@0.2.0;
  import wasi:sockets/tcp-create-socket@0.2.0;
  import wasi:sockets/udp@0.2.0;
  import wasi:sockets/udp-create-socket@0.2.0;
  import wasi:sockets/ip-name-lookup@0.2.0;
  export wasi:cli/run@0.2.0;
}

package wasi:cli@0.2.0 {
  interface run { run: func() -> result; }
  interface environment { initial-cwd: func() -> option<string>; }
  interface stdout {
    use wasi:io/streams@0.2.0.{output-stream};
    get-stdout: func() -> output-stream;
  }
}

package wasi:io@0.2.0 {
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream;
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}

package wasi:sockets@0.2.0 {
  interface network {
    resource network;
    enum error-code {
      unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
      concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit,
      address-not-bindable, address-in-use, remote-unreachable, connection-refused,
      connection-reset, connection-aborted, datagram-too-large, name-unresolvable,
      temporary-resolver-failure, permanent-resolver-failure,
    }
    enum ip-address-family { ipv4, ipv6 }
    type ipv4-address = tuple<u8, u8, u8, u8>;
    type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
    variant ip-address { ipv4(ipv4-address), ipv6(ipv6-address) }
    record ipv4-socket-address { port: u16, address: ipv4-address }
    record ipv6-socket-address {
      port: u16, flow-info: u32, address: ipv6-address, scope-id: u32,
    }
    variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
  }
  interface instance-network {
    use network.{network};
    instance-network: func() -> network;
  }
  interface tcp {
    use wasi:io/streams@0.2.0.{input-stream, output-stream};
    use wasi:io/poll@0.2.0.{pollable};
    use network.{network, error-code, ip-socket-address};
    resource tcp-socket {
      start-bind: func(network: borrow<network>, local-address: ip-socket-address)
        -> result<_, error-code>;
      finish-bind: func() -> result<_, error-code>;
      start-connect: func(network: borrow<network>, remote-address: ip-socket-address)
        -> result<_, error-code>;
      finish-connect: func() -> result<tuple<input-stream, output-stream>, error-code>;
      start-listen: func() -> result<_, error-code>;
      finish-listen: func() -> result<_, error-code>;
      subscribe: func() -> pollable;
    }
  }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family)
      -> result<tcp-socket, error-code>;
  }
  interface udp {
    use network.{network, error-code, ip-socket-address};
    record outgoing-datagram { data: list<u8>, remote-address: option<ip-socket-address> }
    record incoming-datagram { data: list<u8>, remote-address: ip-socket-address }
    resource incoming-datagram-stream;
    resource outgoing-datagram-stream {
      check-send: func() -> result<u64, error-code>;
      send: func(datagrams: list<outgoing-datagram>) -> result<u64, error-code>;
    }
    resource udp-socket {
      start-bind: func(network: borrow<network>, local-address: ip-socket-address)
        -> result<_, error-code>;
      finish-bind: func() -> result<_, error-code>;
      %stream: func(remote-address: option<ip-socket-address>)
        -> result<tuple<incoming-datagram-stream, outgoing-datagram-stream>, error-code>;
    }
  }
  interface udp-create-socket {
    use network.{error-code, ip-address-family};
    use udp.{udp-socket};
    create-udp-socket: func(address-family: ip-address-family)
      -> result<udp-socket, error-code>;
  }
  interface ip-name-lookup {
    use network.{network, error-code, ip-address};
    resource resolve-address-stream;
    resolve-addresses: func(network: borrow<network>, name: string)
      -> result<resolve-address-stream, error-code>;
  }
}
"#;

/// What every such module has. `$say` writes to standard output; memory is given out from 4096 on
/// and never taken back.
const PRELUDE: &str = r#"
(import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
  (func $write (param i32 i32 i32 i32)))
(memory (export "memory") 1)
(global $next (mut i32) (i32.const 4096))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (global.get $next)
  (global.set $next (i32.add (global.get $next)
    (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8)))))
(func $say (param $text i32) (param $length i32)
  (call $write (call $stdout) (local.get $text) (local.get $length) (i32.const 8)))
"#;

/// A component whose `run` is `body`, which leaves 0 if it ended well; `imports` and functions are
/// `definitions`.
pub(super) fn component(definitions: &str, body: &str) -> Vec<u8> {
    // Imports are first in a module.
    let (imports, functions) = definitions.split_once("(;functions;)").unwrap_or((definitions, ""));
    let text = format!(
        "(module {imports} {PRELUDE} {functions}
          (func (export \"wasi:cli/run@0.2.0#run\") (result i32)
            (local $socket i32) (local $network i32) {body}))"
    );
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}
