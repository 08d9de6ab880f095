//! What a provider that is a program is kept in.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

use crate::fields::{Fields, Member};
use crate::ids::PluginName;
use crate::problem::Problems;

/// How programs of a provider are kept in, as far as the operator says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// `driver`: one of [`Sandbox::DRIVERS`]; the strongest that works if absent.
    pub driver: Option<&'static str>,
    /// `layers`: names of layers without which nothing is run. Which there are is not known here.
    pub layers: Vec<String>,
    /// `digest`: SHA-256 of the program.
    pub digest: Option<[u8; 32]>,
    /// `package`: where the program has to be from.
    pub package: Option<DebianPackage>,
    /// `read_only`: absolute paths that it may read beside the system's.
    pub read_only: Vec<PathBuf>,
    /// `directory`: absolute path of its working directory; a private one if absent.
    pub directory: Option<PathBuf>,
    /// `credential`: how it gets its credential.
    pub credential: CredentialWay,
    /// `network`: far ends that it may reach; none if empty.
    pub network: Vec<FarHost>,
    /// `max_scratch_bytes`: all that it keeps in its private directory; 64 MiB.
    pub max_scratch_bytes: Option<u64>,
    /// `max_concurrent`: runs at once; 16.
    pub max_concurrent: Option<u64>,
    /// `max_queued`: runs that wait for a place; 64.
    pub max_queued: Option<u64>,
}

/// How a program gets its credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialWay {
    /// `"variable"`: as a variable's value.
    #[default]
    Variable,
    /// `"file"`: in a private file, whose path is the variable's value.
    File,
}

/// A Debian package that owns the program: `NAME` or `NAME=VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebianPackage {
    /// Its name, without an architecture.
    pub name: String,
    /// The version that it has to have; any if absent.
    pub version: Option<String>,
}

/// A far end that a program may reach: `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FarHost {
    /// A DNS name in lower case or an IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

#[derive(Debug, Error)]
#[error("must be \"sha256:\" and 64 hexadecimal digits; `sha256sum` prints them")]
struct DigestProblem;

struct Digest([u8; 32]);

/// A text that names no Debian package.
#[derive(Debug, Error)]
#[error("is no name of a Debian package; write \"bc\", or \"bc=1.07.1-3\" for one version")]
pub struct PackageProblem;

/// A text that names no far end.
#[derive(Debug, Error)]
#[error("is no far end; write \"api.example.com:443\", an IPv6 address in brackets")]
pub struct FarHostProblem;

#[derive(Debug, Error)]
#[error("is no absolute path without \"..\"; write one like \"/opt/tool\"")]
struct PathProblem;

struct AbsolutePath(PathBuf);

impl Sandbox {
    /// The names of the drivers. Which of them work is not known here.
    pub const DRIVERS: [&'static str; 7] =
        ["native", "bubblewrap", "gvisor", "podman", "kubernetes", "wasi", "basic"];

    /// What each of the limits may be, by its member.
    pub const RANGES: [(&'static str, RangeInclusive<u64>); 3] = [
        ("max_scratch_bytes", 0..=64 << 30),
        ("max_concurrent", 1..=10_000),
        ("max_queued", 0..=100_000),
    ];

    /// Reads what a plugin's preset wishes, where it says no more than it may: what lets a
    /// program out (`network`, `read_only`, `directory`, a driver) is the operator's alone.
    ///
    /// # Errors
    /// The first thing that is wrong, with what to do.
    pub fn of_preset(wishes: &Value) -> Result<Self, String> {
        let mut problems = Problems::default();
        let members = wishes.as_object().ok_or("sandbox has to be an object; write {}")?;
        let mut fields = Fields::root(members, &mut problems);
        let read = Self::read(&mut fields);
        fields.finish();
        if let Some(problem) = problems.into_vec().first() {
            return Err(problem.to_string());
        }
        let read = read.unwrap_or_default();
        let lets_out = read.driver.is_some() || read.directory.is_some();
        if lets_out || !read.network.is_empty() || !read.read_only.is_empty() {
            let wrong = "a preset names a driver, paths or far ends; leave them to operators";
            return Err(wrong.to_owned());
        }
        Ok(read)
    }

    /// `sandbox = "name of a driver"`, or a table.
    pub(crate) fn of_member(member: Member<'_, '_>) -> Option<Self> {
        if matches!(member.value, Some(Value::String(_))) {
            let driver = member.choice(&Self::DRIVERS.map(|name| (name, name)))?;
            return Some(Self { driver: Some(driver), ..Self::default() });
        }
        member.table(Self::read)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let driver = fields.member("driver").choice(&Self::DRIVERS.map(|name| (name, name)));
        let digest: Option<Digest> = fields.member("digest").parsed();
        let ways = [("variable", CredentialWay::Variable), ("file", CredentialWay::File)];
        let read_only = fields.member("read_only").list(|element| element.parsed());
        let directory: Option<AbsolutePath> = fields.member("directory").parsed();
        let limits = Self::RANGES.map(|(name, range)| fields.member(name).integer(range));
        let [max_scratch_bytes, max_concurrent, max_queued] = limits;
        Some(Self {
            driver,
            layers: read_layers(fields),
            digest: digest.map(|digest| digest.0),
            package: fields.member("package").parsed(),
            read_only: paths(read_only.unwrap_or_default()),
            directory: directory.map(|path| path.0),
            credential: fields.member("credential").choice(&ways).unwrap_or_default(),
            network: fields.member("network").list(|it| it.parsed()).unwrap_or_default(),
            max_scratch_bytes,
            max_concurrent,
            max_queued,
        })
    }
}

fn paths(paths: Vec<AbsolutePath>) -> Vec<PathBuf> {
    paths.into_iter().map(|path| path.0).collect()
}

fn read_layers(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let layers: Option<Vec<PluginName>> = fields.member("layers").list(|element| {
        // Layers are named as plugins are.
        element.parsed()
    });
    let layers: Vec<_> = layers.unwrap_or_default().iter().map(ToString::to_string).collect();
    let mut seen = BTreeSet::new();
    for layer in &layers {
        if !seen.insert(layer) {
            fields.report(Some("layers"), format!("names {layer:?} twice"), "name it once");
        }
    }
    layers
}

impl FromStr for Digest {
    type Err = DigestProblem;

    fn from_str(text: &str) -> Result<Self, DigestProblem> {
        let digits = text.strip_prefix("sha256:").ok_or(DigestProblem)?;
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(DigestProblem);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            let pair = digits.get(at..at + 2).ok_or(DigestProblem)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| DigestProblem)?;
        }
        Ok(Self(bytes))
    }
}

/// Names and versions as Debian's policy manual, sections 5.6.1 and 5.6.12, has them.
impl FromStr for DebianPackage {
    type Err = PackageProblem;

    fn from_str(text: &str) -> Result<Self, PackageProblem> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let in_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
        let in_version = |b: u8| b.is_ascii_alphanumeric() || b".+-:~".contains(&b);
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let is_name = (2..=128).contains(&name.len()) && starts_well && name.bytes().all(in_name);
        let is_version = version.is_none_or(|version| {
            (1..=128).contains(&version.len()) && version.bytes().all(in_version)
        });
        if is_name && is_version {
            return Ok(Self { name: name.to_owned(), version: version.map(str::to_owned) });
        }
        Err(PackageProblem)
    }
}

impl FromStr for FarHost {
    type Err = FarHostProblem;

    fn from_str(text: &str) -> Result<Self, FarHostProblem> {
        let (host, port) = text.rsplit_once(':').ok_or(FarHostProblem)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(FarHostProblem)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(address) => match address.parse() {
                Ok(IpAddr::V6(address)) => address.to_string(),
                _ => return Err(FarHostProblem),
            },
            None if is_dns_name(host) => host.to_ascii_lowercase(),
            None => return Err(FarHostProblem),
        };
        Ok(Self { host, port })
    }
}

/// RFC 1123, section 2.1; IPv4 addresses look like it.
fn is_dns_name(host: &str) -> bool {
    let in_label = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(in_label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

impl FromStr for AbsolutePath {
    type Err = PathProblem;

    fn from_str(text: &str) -> Result<Self, PathProblem> {
        let path = Path::new(text);
        let climbs = path.components().any(|part| part == Component::ParentDir);
        if path.is_absolute() && !climbs && !text.contains('\0') {
            return Ok(Self(path.to_owned()));
        }
        Err(PathProblem)
    }
}

#[cfg(test)]
mod tests;
