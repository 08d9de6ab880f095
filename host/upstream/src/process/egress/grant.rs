//! Which hosts a program may reach.

use std::fmt;
use std::net::IpAddr;

use exchange::ProgramHost;
use http::uri::Authority;

use super::names::Lookup;

/// The hosts of a grant.
pub(super) struct Grant(Vec<(Destination, Lookup)>);

/// A host and a port, in one spelling: names in lower case, addresses as the library writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::process) struct Destination {
    host: String,
    port: u16,
}

impl Grant {
    pub(super) fn new(hosts: &[ProgramHost]) -> Self {
        let granted = |host: &ProgramHost| Destination::new(&host.host, host.port);
        Self(hosts.iter().map(|host| (granted(host), Lookup::default())).collect())
    }

    /// The way to the addresses of a destination that it has, exactly.
    pub(super) fn lookup(&self, to: &Destination) -> Option<&Lookup> {
        self.0.iter().find(|(granted, _)| granted == to).map(|(_, lookup)| lookup)
    }
}

impl Destination {
    fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let host = match bare.parse::<IpAddr>() {
            Ok(address) => address.to_string(),
            Err(_) => host.to_ascii_lowercase(),
        };
        Self { host, port }
    }

    /// Of a request's target. `None` if it has no port and there is no usual one, or names a user.
    pub(super) fn of(authority: &Authority, usual_port: Option<u16>) -> Option<Self> {
        let text = authority.as_str();
        let has_port = text.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let port = if has_port { authority.port_u16() } else { usual_port };
        // A port that is no number of 16 bits is none.
        let port = port.filter(|port| *port != 0)?;
        let is_plain = !text.contains('@') && !authority.host().is_empty();
        is_plain.then(|| Self::new(authority.host(), port))
    }

    /// The name or address, an IPv6 address without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }
}

/// As an authority: `name:443`, `[::1]:443`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Whether a grant can hold the host: an address, or a name without anything that is no name.
pub(in crate::process) fn is_proper(host: &ProgramHost) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let is_name = !host.host.is_empty() && host.host.len() <= 253 && host.host.chars().all(plain);
    host.port != 0 && (is_name || host.host.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(host: &str, port: u16) -> ProgramHost {
        ProgramHost { host: host.into(), port }
    }

    #[test]
    fn a_grant_has_the_names_and_ports_that_it_says_and_no_others() {
        let grant = Grant::new(&[granted("api.example.com", 443), granted("::1", 8080)]);
        let cases = [
            ("api.example.com:443", true),
            ("API.Example.com:443", true),
            ("[::1]:8080", true),
            ("[0:0:0:0:0:0:0:1]:8080", true),
            ("api.example.com:80", false),
            ("api.example.com.:443", false),
            ("x.api.example.com:443", false),
            ("example.com:443", false),
            ("api.example.com.evil.example:443", false),
            ("127.0.0.1:8080", false),
            ("[::ffff:127.0.0.1]:8080", false),
        ];
        for (text, allowed) in cases {
            let destination = Destination::of(&text.parse().unwrap(), None).unwrap();
            assert_eq!(grant.lookup(&destination).is_some(), allowed, "{text}");
        }
    }

    #[test]
    fn a_target_needs_a_port_and_no_user() {
        for text in ["a", "[::1]", "a:0", "a:65536", "u@a:1", "u:p@a:1", "a:"] {
            let Ok(authority) = text.parse::<Authority>() else { continue };
            assert_eq!(Destination::of(&authority, None), None, "{text}");
        }
        let usual = Destination::of(&"[::1]".parse().unwrap(), Some(80)).unwrap();
        assert_eq!(usual.to_string(), "[::1]:80");
    }

    #[test]
    fn patterns_and_urls_are_no_hosts() {
        for text in ["api.example.com", "localhost", "10.0.0.7", "::1", "my_host-2"] {
            assert!(is_proper(&granted(text, 1)), "{text}");
        }
        for text in
            ["", "*", "*.example.com", "Example.com", "http://a", "a:1", "a/b", "[::1]", "a b"]
        {
            assert!(!is_proper(&granted(text, 1)), "{text}");
        }
        assert!(!is_proper(&granted("a", 0)));
    }
}
