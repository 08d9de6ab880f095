//! The one way out of a run's network namespace: a listening socket that the gateway serves.
//!
//! The stage, not the program, opens it, in the new namespace and before the program runs, and
//! hands it to the gateway. A socket stays in the namespace that it was opened in, so whoever
//! accepts on it talks to this run and to no other; the namespace itself has no interface but
//! loopback, so the socket is all that can be reached. Which hosts are reached through it is
//! decided by who serves it.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddrV4};

use serde::{Deserialize, Serialize};

/// Where a run finds its outlet. The same in every run: each has a loopback of its own.
pub const OUTLET_ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3128);

/// How a program reaches networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetworkAccess {
    /// Not at all.
    None,
    /// By connecting to [`OUTLET_ADDRESS`] alone, where it is told a proxy is
    /// (`HTTPS_PROXY` and its kin).
    Outlet,
}

/// Variables that name a proxy (`curl(1)`, "ENVIRONMENT"; other programs read some of them).
const PROXY_VARIABLES: [&str; 6] =
    ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"];

/// Variables that name exceptions. There is no other way, so there are none.
const EXCEPTION_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Tells a program of the outlet, in place of what its environment says of proxies.
pub(crate) fn announce(environment: &mut Vec<(OsString, OsString)>) {
    let ours = || PROXY_VARIABLES.into_iter().chain(EXCEPTION_VARIABLES);
    environment.retain(|(name, _)| !ours().any(|one| name == one));
    let proxy = format!("http://{OUTLET_ADDRESS}");
    environment.extend(PROXY_VARIABLES.map(|name| (name.into(), proxy.clone().into())));
    environment.extend(EXCEPTION_VARIABLES.map(|name| (name.into(), OsString::new())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outlet_takes_the_place_of_proxies_that_the_environment_names() {
        let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let mut environment =
            vec![pair("A", "b"), pair("https_proxy", "http://other"), pair("NO_PROXY", "*")];
        announce(&mut environment);
        assert_eq!(environment.len(), 9);
        assert!(environment.contains(&pair("A", "b")));
        assert!(environment.contains(&pair("https_proxy", "http://127.0.0.1:3128")));
        assert!(environment.contains(&pair("NO_PROXY", "")));
    }
}
