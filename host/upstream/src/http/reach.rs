//! Egress policy: which addresses a provider may be at.
//!
//! Checked after name resolution, on the addresses that are connected to, so that no name can
//! lead around it; addresses that stand in the URL itself are checked before sending. Loopback
//! and private addresses are allowed: model servers live there. What is refused gives whoever
//! can reach it the machine's own cloud credentials.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use exchange::{Failure, FailureKind, NetworkReach};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

/// Metadata services outside of the link-local ranges.
const METADATA_V4: [Ipv4Addr; 3] = [
    // Alibaba Cloud instance metadata.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure WireServer, which hands out certificates and settings of the machine.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle Cloud classic instance metadata.
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 2] = [
    // AWS instance metadata.
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    // Google Cloud instance metadata.
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// An address that policy refuses.
#[derive(Debug, Error)]
#[error("{0} is link-local or a cloud metadata service")]
pub(crate) struct RefusedAddress(IpAddr);

impl RefusedAddress {
    /// The failure for whoever may read it; the address is for the log.
    pub(super) fn into_failure(self) -> Failure {
        refusal().with_cause(self)
    }
}

/// The failure of a refused address, without its cause.
pub(super) fn refusal() -> Failure {
    Failure::new(
        FailureKind::ProviderMisconfigured,
        "the provider's address is link-local or a cloud metadata service, which it may not \
         reach; if that is meant, set network = \"anywhere\" for this provider",
    )
}

/// Checks a host that is an address already and that name resolution never sees.
pub(super) fn check_literal(url: &Url, reach: NetworkReach) -> Result<(), Failure> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    check(address, reach).map_err(RefusedAddress::into_failure)
}

fn check(address: IpAddr, reach: NetworkReach) -> Result<(), RefusedAddress> {
    match reach {
        NetworkReach::NoLinkLocal if is_refused(address) => Err(RefusedAddress(address)),
        NetworkReach::NoLinkLocal | NetworkReach::Anywhere => Ok(()),
    }
}

fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_refused_v4(address),
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                || METADATA_V6.contains(&address)
                || embedded_v4(address).is_some_and(is_refused_v4)
        }
    }
}

fn is_refused_v4(address: Ipv4Addr) -> bool {
    address.is_link_local() || METADATA_V4.contains(&address)
}

/// The IPv4 address that an IPv6 address leads to: mapped and compatible ones (RFC 4291 section
/// 2.5.5), the well-known NAT64 prefix (RFC 6052), and 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(join(high, low))
        }
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

/// Resolves with the system's resolver and removes what policy refuses.
pub(super) struct GuardedResolver {
    reach: NetworkReach,
}

impl GuardedResolver {
    pub(super) fn new(reach: NetworkReach) -> Self {
        Self { reach }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let allowed = resolve(name.as_str(), reach).await?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that policy allows, with port 0.
///
/// # Errors
/// The resolver's; [`RefusedAddress`] if the name has none but refused addresses.
pub(crate) async fn resolve(
    name: &str,
    reach: NetworkReach,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    allowed(tokio::net::lookup_host((name, 0)).await?, reach)
}

/// The allowed ones of the addresses found, or the first refused one if none is left.
fn allowed(
    found: impl Iterator<Item = SocketAddr>,
    reach: NetworkReach,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in found {
        match check(address.ip(), reach) {
            Ok(()) => allowed.push(address),
            Err(problem) => refused = refused.or(Some(problem)),
        }
    }
    match refused {
        _ if !allowed.is_empty() => Ok(allowed),
        Some(problem) => Err(problem.into()),
        None => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: [&str; 12] = [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fe80::1",
        "febf::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
    ];

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parse = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
        texts.iter().map(parse).collect()
    }

    #[test]
    fn link_local_and_metadata_addresses_are_refused() {
        for text in REFUSED {
            let address = text.parse().unwrap();
            assert!(check(address, NetworkReach::NoLinkLocal).is_err(), "{text}");
            assert!(check(address, NetworkReach::Anywhere).is_ok(), "{text}");
        }
    }

    #[test]
    fn loopback_private_and_public_addresses_are_allowed() {
        for text in ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.1", "fd00::1", "1.1.1.1", "2606::1"]
        {
            let address = text.parse().unwrap();
            assert!(check(address, NetworkReach::NoLinkLocal).is_ok(), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_an_address_in_a_url_is_seen() {
        for host in ["169.254.169.254", "0xa9fea9fe", "2852039166", "[::ffff:a9fe:a9fe]"] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            let failure = check_literal(&url, NetworkReach::NoLinkLocal).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{host}");
            assert!(!failure.message().contains("169.254"), "{host}");
        }
    }

    #[test]
    fn a_name_keeps_its_allowed_addresses_only() {
        let found = addresses(&["169.254.169.254", "10.0.0.7"]);
        let left = allowed(found.into_iter(), NetworkReach::NoLinkLocal).unwrap();
        assert_eq!(left, addresses(&["10.0.0.7"]));
    }

    #[test]
    fn a_name_with_refused_addresses_only_is_refused() {
        let found = addresses(&["169.254.169.254", "fe80::1"]);
        let problem = allowed(found.into_iter(), NetworkReach::NoLinkLocal).unwrap_err();
        assert!(problem.is::<RefusedAddress>());
    }
}
