//! Programs with an outlet reach it, and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use sandbox::{
    DriverName, Layer, LayerState, NetworkAccess, OUTLET_ADDRESS, SandboxDriver, SandboxPolicy,
    SpawnProblem,
};

use super::program::{DRIVERS, OTHERS, PLACE, attempt, call, finish, policy, run, strong_drivers};

pub(crate) fn granted() -> SandboxPolicy {
    SandboxPolicy { network: NetworkAccess::Outlet, ..policy() }
}

/// Those that can, all of the strong ones where the tests' own system lets any.
fn granting_drivers() -> Vec<&'static Arc<dyn SandboxDriver>> {
    let mut drivers = strong_drivers();
    drivers.retain(|driver| match &driver.report().network_grants {
        LayerState::Works => true,
        LayerState::Missing(reason) => {
            eprintln!("{} grants no network: {reason}", driver.report().driver);
            false
        }
    });
    drivers
}

/// The argument of a program that says a line at the outlet, and prints what it answers. No shell:
/// old versions of gVisor do not wait in `read(2)` of a socket, only in `recv(2)`.
pub(crate) const ASK_ARGUMENT: &str = "__ask";

/// Serves as that program if this process was started for it.
pub(crate) fn serve_ask_if_asked() {
    if std::env::args().nth(1).is_some_and(|argument| argument == ASK_ARGUMENT) {
        let mut outlet = TcpStream::connect(OUTLET_ADDRESS).unwrap();
        outlet.write_all(b"ping\n").unwrap();
        std::io::copy(&mut outlet, &mut std::io::stdout()).unwrap();
        std::process::exit(0);
    }
}

/// Answers a program that asks, and returns what it said.
pub(crate) fn answer(mut connection: TcpStream, text: &str) -> String {
    let mut line = String::new();
    BufReader::new(&connection).read_line(&mut line).unwrap();
    connection.write_all(text.as_bytes()).unwrap();
    line
}

#[test]
fn a_program_reaches_the_outlet_that_its_own_run_has() {
    let _others = OTHERS.read().unwrap();
    for driver in granting_drivers() {
        let name = driver.report().driver;
        let ask = call(PLACE.join("attempt").to_str().unwrap(), &[ASK_ARGUMENT]);
        let mut runs = [(); 2].map(|()| driver.spawn(&granted(), &ask).unwrap());
        for (number, running) in runs.iter_mut().enumerate() {
            let outlet = running.outlet().unwrap();
            assert!(running.outlet().is_none());
            let (connection, _) = outlet.accept().unwrap();
            assert_eq!(answer(connection, &format!("pong {number}\n")), "ping\n");
            let outcome = finish(running, b"");
            assert_eq!(outcome.stdout, format!("pong {number}\n"), "{name}: {outcome:?}");
        }
    }
}

#[test]
fn a_program_with_an_outlet_reaches_nothing_else() {
    let _others = OTHERS.read().unwrap();
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let neighbour = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = format!("sandbox-outlet-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let local = host.local_addr().unwrap().to_string();
    let other = neighbour.local_addr().unwrap().to_string();
    let rows = [
        ["connect", &local],
        ["connect", &other],
        ["connect", "127.0.0.1:22"],
        ["connect", "[::1]:3128"],
        ["connect", "169.254.169.254:80"],
        ["connect", "192.0.2.1:80"],
        ["connect", "1.1.1.1:443"],
        ["connect", "[2606:4700:4700::1111]:443"],
        ["ask-udp", "169.254.169.254:80"],
        ["ask-udp", "8.8.8.8:53"],
        ["abstract-socket", &name],
    ];
    for driver in granting_drivers() {
        for row in rows {
            let outcome = run(driver, &granted(), &attempt(&row));
            let name = driver.report().driver;
            assert!(outcome.stdout.starts_with("refused: "), "{name}, {row:?}: {outcome:?}");
        }
    }
}

#[test]
fn a_program_without_a_grant_has_no_outlet() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let connect = attempt(&["connect", &OUTLET_ADDRESS.to_string()]);
        let mut running = driver.spawn(&policy(), &connect).unwrap();
        assert!(running.outlet().is_none());
        let outcome = finish(&mut running, b"");
        let name = driver.report().driver;
        assert!(outcome.stdout.starts_with("refused: "), "{name}: {outcome:?}");
    }
}

#[test]
fn a_program_with_an_outlet_is_told_of_it() {
    let _others = OTHERS.read().unwrap();
    for driver in granting_drivers() {
        let mut env = call("/usr/bin/env", &[]);
        env.environment = vec![("HTTPS_PROXY".into(), "http://192.0.2.1".into())];
        let outcome = run(driver, &granted(), &env);
        let proxies = outcome.stdout.lines().filter(|line| line.to_lowercase().contains("_proxy="));
        let mut proxies: Vec<_> = proxies.collect();
        proxies.sort_unstable();
        let url = |name: &str| format!("{name}=http://127.0.0.1:3128");
        let expected = [
            url("ALL_PROXY"),
            url("HTTPS_PROXY"),
            url("HTTP_PROXY"),
            "NO_PROXY=".to_owned(),
            url("all_proxy"),
            url("http_proxy"),
            url("https_proxy"),
            "no_proxy=".to_owned(),
        ];
        assert_eq!(proxies, expected, "{}: {outcome:?}", driver.report().driver);
    }
}

#[test]
fn sockets_are_local_or_tcp_where_the_list_of_system_calls_is_ours() {
    let _others = OTHERS.read().unwrap();
    let drivers = granting_drivers().into_iter();
    for driver in drivers.filter(|driver| driver.report().has(Layer::SystemCalls)) {
        let name = driver.report().driver;
        for (policy, address) in [(granted(), "udp/127.0.0.1/53"), (policy(), "tcp/127.0.0.1/53")] {
            let script = format!("exec 3<>/dev/{address}");
            let outcome = run(driver, &policy, &call("/bin/bash", &["-c", &script]));
            let words = "Operation not permitted";
            assert!(outcome.stderr.contains(words), "{name}, {address}: {outcome:?}");
        }
    }
}

#[test]
fn a_driver_that_cannot_keep_a_grant_refuses_it() {
    let basic = DRIVERS.get(DriverName::Basic).unwrap();
    match basic.spawn(&granted(), &call("/bin/true", &[])) {
        Err(SpawnProblem::Layer { layer: Layer::Network, reason }) => {
            assert!(reason.contains("every host"), "{reason}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it ran"),
    }
}
