//! What a plugin says of itself: JSON in the custom section `patchbay:manifest`, readable before
//! anything is compiled.
//!
//! A manifest is a request, not a right: what it asks for is checked against the limits and the
//! operator's grant when the plugin is loaded.

use std::collections::BTreeMap;
use std::fmt;

use exchange::{CredentialUse, Operation};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use thiserror::Error;

/// Version of the contract that this gateway speaks.
pub const CONTRACT: &str = "0.1";

const MAX_NAME_BYTES: usize = 64;

/// A checked manifest. Made by [`Manifest::parse`] alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// Name of the plugin, unique in a gateway: lower-case letters, digits and `-`.
    pub name: String,
    /// Version of the plugin, for people.
    pub version: String,
    /// What the plugin is.
    pub kind: PluginKind,
    /// Version of the contract it was built against, major and minor.
    pub contract: String,
    /// One sentence for people.
    #[serde(default)]
    pub description: String,
    /// Of a normalizer.
    pub dialect: Option<DialectFacts>,
    /// Of an adapter.
    pub adapter: Option<AdapterFacts>,
    /// Credentials that an adapter may name.
    #[serde(default)]
    pub credentials: Vec<CredentialSlot>,
    /// JSON Schema of the provider's settings.
    pub settings: Option<Value>,
    /// Limits the plugin asks for.
    #[serde(default)]
    pub limits: LimitsAsked,
    /// What it was built with.
    pub sdk: Option<SdkFacts>,
    /// Self-test vectors, as they stand.
    #[serde(default)]
    pub self_test: Vec<Box<RawValue>>,
}

/// What a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// Knows a wire dialect.
    Normalizer,
    /// Reaches a provider over HTTP.
    HttpAdapter,
    /// Reaches a provider by running a program.
    ProcessAdapter,
}

/// What a normalizer speaks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DialectFacts {
    /// Name of the dialect.
    pub name: String,
    /// What can be asked for in it; empty if it does not stand towards providers.
    #[serde(deserialize_with = "read_operations")]
    pub operations: Vec<Operation>,
    /// Where callers speak it: `POST /v1/messages`; empty if it does not stand towards callers.
    #[serde(default)]
    pub endpoints: Vec<String>,
}

/// What goes with an adapter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AdapterFacts {
    /// The dialect its providers speak, unless configured otherwise.
    pub default_dialect: String,
    /// Providers that need nothing but an entry here.
    #[serde(default)]
    pub presets: BTreeMap<String, Preset>,
}

/// What is known of a provider beforehand. The operator's own members win.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Preset {
    /// One sentence for people.
    pub description: String,
    /// Where it is, if that is the same for everybody.
    pub base_url: Option<String>,
    /// Its dialect, if not the adapter's default.
    pub dialect: Option<String>,
    /// Settings for adapter and dialect.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// What a program is to be kept in, as in a provider's `sandbox`; only what confines it more.
    pub sandbox: Option<Value>,
}

/// A credential that an adapter may name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CredentialSlot {
    /// Name of the slot: lower-case letters, digits, `-` and `_`.
    pub slot: String,
    /// How the secret may be applied; the first is what the gateway does.
    #[serde(deserialize_with = "read_uses")]
    pub uses: Vec<CredentialUse>,
    /// Whether a provider without it makes no sense.
    #[serde(default)]
    pub required: bool,
    /// For the operator: where to get it.
    #[serde(default)]
    pub hint: String,
}

/// Limits a plugin asks for: less than it would get, to show that it needs no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsAsked {
    /// Linear memory of one instance.
    pub memory_bytes: Option<u64>,
    /// Wall time of one call.
    pub call_ms: Option<u64>,
}

/// What a plugin was built with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SdkFacts {
    /// Name of the SDK.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The plugin's language.
    pub language: String,
}

/// Why a manifest is refused.
#[derive(Debug, Error)]
pub enum ManifestProblem {
    /// No JSON, or not the shape of a manifest.
    #[error("it is not a manifest: {0}")]
    Shape(#[from] serde_json::Error),
    /// Built against another contract.
    #[error(
        "it was built for contract {0:?} and this gateway speaks {CONTRACT:?}; rebuild it with \
         an SDK for that contract"
    )]
    Contract(String),
    /// A member has a value that is not allowed.
    #[error("{member}: {problem}")]
    Member {
        /// Path of the member.
        member: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
}

/// Read first, so that a manifest of another contract is told so, whatever its shape.
#[derive(Deserialize)]
struct ContractOnly {
    contract: Option<String>,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Names the first member that is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestProblem> {
        let ContractOnly { contract } = serde_json::from_slice(json)?;
        if let Some(contract) = contract.filter(|version| version != CONTRACT) {
            return Err(ManifestProblem::Contract(contract.chars().take(80).collect()));
        }
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// How a declared slot's secret is applied, or `None` if there is no such slot.
    #[must_use]
    pub fn credential_use(&self, slot: &str) -> Option<&CredentialUse> {
        let declared = self.credentials.iter().find(|known| known.slot == slot)?;
        declared.uses.first()
    }

    fn check(&self) -> Result<(), ManifestProblem> {
        check_name("name", &self.name)?;
        check_version(&self.version)?;
        self.check_facts()?;
        self.check_credentials()?;
        match &self.settings {
            None | Some(Value::Object(_)) => Ok(()),
            Some(_) => Err(wrong("settings", "must be a JSON Schema, an object")),
        }
    }

    fn check_facts(&self) -> Result<(), ManifestProblem> {
        match (self.kind, &self.dialect, &self.adapter) {
            (PluginKind::Normalizer, Some(dialect), None) => {
                check_name("dialect.name", &dialect.name)?;
                if dialect.operations.is_empty() && dialect.endpoints.is_empty() {
                    let problem = "names no operation, and there are no endpoints either";
                    return Err(wrong("dialect.operations", problem));
                }
                check_endpoints(&dialect.endpoints)
            }
            (PluginKind::HttpAdapter | PluginKind::ProcessAdapter, None, Some(adapter)) => {
                check_name("adapter.default_dialect", &adapter.default_dialect)?;
                check_presets(&adapter.presets)
            }
            (PluginKind::Normalizer, ..) => {
                Err(wrong("dialect", "a normalizer needs \"dialect\" and has no \"adapter\""))
            }
            (kind, ..) => Err(wrong(
                "adapter",
                format!("a plugin of kind {kind} needs \"adapter\" and has no \"dialect\""),
            )),
        }
    }

    fn check_credentials(&self) -> Result<(), ManifestProblem> {
        for (index, slot) in self.credentials.iter().enumerate() {
            let member = format!("credentials[{index}]");
            check_slot_name(&member, &slot.slot)?;
            let earlier = self.credentials.iter().take(index);
            if earlier.into_iter().any(|other| other.slot == slot.slot) {
                return Err(wrong(member, format!("slot {:?} is declared twice", slot.slot)));
            }
            if slot.uses.is_empty() {
                return Err(wrong(member, "uses names no way to apply the secret"));
            }
            for used in &slot.uses {
                self.check_use(&member, used)?;
            }
        }
        Ok(())
    }

    fn check_use(&self, member: &str, used: &CredentialUse) -> Result<(), ManifestProblem> {
        let of_process = matches!(used, CredentialUse::Environment(_));
        match self.kind {
            PluginKind::HttpAdapter if !of_process => Ok(()),
            PluginKind::ProcessAdapter if of_process => Ok(()),
            PluginKind::Normalizer => Err(wrong(member, "a normalizer has no credentials")),
            kind => {
                Err(wrong(member, format!("a plugin of kind {kind} cannot use a secret as {used}")))
            }
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normalizer => "normalizer",
            Self::HttpAdapter => "http-adapter",
            Self::ProcessAdapter => "process-adapter",
        })
    }
}

fn wrong(member: impl Into<String>, problem: impl Into<String>) -> ManifestProblem {
    ManifestProblem::Member { member: member.into(), problem: problem.into() }
}

fn check_name(member: &str, name: &str) -> Result<(), ManifestProblem> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(wrong(member, "must be 1 to 64 lower-case letters, digits or \"-\""))
}

/// Paths that the gateway serves itself, or keeps for itself.
const OWN_PATHS: [&str; 3] = ["chat/completions", "embeddings", "models"];

fn check_endpoints(endpoints: &[String]) -> Result<(), ManifestProblem> {
    for (index, endpoint) in endpoints.iter().enumerate() {
        let member = format!("dialect.endpoints[{index}]");
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-/".contains(&b);
        let path = endpoint.strip_prefix("POST /v1/").unwrap_or_default();
        let is_path = (1..=128).contains(&path.len())
            && path.bytes().all(allowed)
            && path.split('/').all(|segment| !segment.is_empty());
        if !is_path {
            let problem = "must be \"POST /v1/\" and a path of lower-case letters, digits, \
                           \"_\", \"-\" and \"/\"";
            return Err(wrong(member, problem));
        }
        if OWN_PATHS.iter().any(|own| path == *own || path.starts_with(&format!("{own}/"))) {
            return Err(wrong(member, "is a path that the gateway serves itself"));
        }
        if endpoints.iter().take(index).any(|other| other == endpoint) {
            return Err(wrong(member, "is there twice"));
        }
    }
    Ok(())
}

fn check_presets(presets: &BTreeMap<String, Preset>) -> Result<(), ManifestProblem> {
    for (name, preset) in presets {
        let member = format!("adapter.presets.{name}");
        check_name(&member, name)?;
        if let Some(dialect) = &preset.dialect {
            check_name(&format!("{member}.dialect"), dialect)?;
        }
        let urls = preset.base_url.iter();
        if !urls.into_iter().all(|url| url.starts_with("https://") || url.starts_with("http://")) {
            return Err(wrong(format!("{member}.base_url"), "must start with https:// or http://"));
        }
    }
    Ok(())
}

fn check_slot_name(member: &str, slot: &str) -> Result<(), ManifestProblem> {
    check_name(member, &slot.replace('_', "-")).map_err(|_| {
        wrong(
            format!("{member}.slot"),
            "must be 1 to 64 lower-case letters, digits, \"-\" or \"_\"",
        )
    })
}

fn check_version(version: &str) -> Result<(), ManifestProblem> {
    let visible = version.bytes().all(|b| b.is_ascii_graphic());
    if (1..=MAX_NAME_BYTES).contains(&version.len()) && visible {
        return Ok(());
    }
    Err(wrong("version", "must be 1 to 64 visible ASCII characters, like \"1.2.3\""))
}

fn read_operations<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Operation>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    names
        .iter()
        .map(|name| {
            let known = Operation::ALL.into_iter().find(|known| known.as_str() == name);
            known.ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "operation {name:?} is not known; use \"chat\", \"embeddings\" or \
                     \"count-tokens\""
                ))
            })
        })
        .collect()
}

fn read_uses<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<CredentialUse>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

#[cfg(test)]
mod tests;
