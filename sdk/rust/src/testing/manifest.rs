//! A plugin's `plugin.json`, checked before a gateway sees it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::vectors;

/// The version of the contract that this SDK binds.
const CONTRACT: &str = "0.1";
const MAX_NAME_BYTES: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    version: String,
    kind: String,
    contract: String,
    #[serde(default)]
    description: String,
    dialect: Option<Dialect>,
    adapter: Option<Adapter>,
    #[serde(default)]
    credentials: Vec<Credential>,
    settings: Option<Value>,
    #[serde(default)]
    limits: Limits,
    sdk: Option<Sdk>,
    #[serde(default)]
    self_test: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dialect {
    name: String,
    operations: Vec<String>,
    #[serde(default)]
    endpoints: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adapter {
    default_dialect: String,
    #[serde(default)]
    presets: BTreeMap<String, Preset>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    description: String,
    base_url: Option<String>,
    dialect: Option<String>,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    sandbox: Map<String, Value>,
}

/// What a preset may say of its programs' sandbox: what confines them more.
const WISHES: [&str; 7] = [
    "layers",
    "digest",
    "package",
    "credential",
    "max_scratch_bytes",
    "max_concurrent",
    "max_queued",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    slot: String,
    uses: Vec<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    hint: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    memory_bytes: Option<u64>,
    call_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sdk {
    name: String,
    version: String,
    language: String,
}

/// Checks a manifest's shape: `assert_manifest(include_str!("../plugin.json"))`.
///
/// # Panics
/// With everything that a gateway would refuse it for, and with a description that is missing.
pub fn assert_manifest(json: &str) {
    let found = problems(json);
    assert!(found.is_empty(), "plugin.json: {}", found.join("; "));
}

fn problems(json: &str) -> Vec<String> {
    match serde_json::from_str::<Manifest>(json) {
        Ok(manifest) => manifest.problems(),
        Err(error) => vec![error.to_string()],
    }
}

impl Manifest {
    fn problems(&self) -> Vec<String> {
        let mut found = self.head_problems();
        found.extend(self.kind_problems());
        for (index, credential) in self.credentials.iter().enumerate() {
            let earlier = self.credentials.iter().take(index);
            if earlier.into_iter().any(|other| other.slot == credential.slot) {
                found.push(format!("slot {:?} is declared twice", credential.slot));
            }
            found.extend(credential.problems(&self.kind));
        }
        found.extend(self.detail_problems());
        found
    }

    fn head_problems(&self) -> Vec<String> {
        let (name, version, contract) = (&self.name, &self.version, &self.contract);
        let visible = version.bytes().all(|b| b.is_ascii_graphic());
        let rules = [
            (is_name(name), format!("name {name:?} {NAME_RULE}")),
            (
                (1..=MAX_NAME_BYTES).contains(&version.len()) && visible,
                format!("version {version:?} is not like 1.2.3"),
            ),
            (contract == CONTRACT, format!("contract {contract:?} is not {CONTRACT:?}")),
            (!self.description.is_empty(), "description tells an operator nothing".to_owned()),
            (
                self.settings.as_ref().is_none_or(Value::is_object),
                "settings is no JSON Schema".to_owned(),
            ),
        ];
        let broken = rules.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, rule)| rule).collect()
    }

    fn kind_problems(&self) -> Vec<String> {
        let speaks = match self.kind.as_str() {
            "normalizer" => true,
            "http-adapter" | "process-adapter" => false,
            other => {
                return vec![format!(
                    "kind {other:?} is none of normalizer, http-adapter, process-adapter"
                )];
            }
        };
        let mut found = Vec::new();
        if speaks != self.dialect.is_some() || speaks == self.adapter.is_some() {
            found.push(
                "a normalizer has the member dialect, an adapter the member adapter".to_owned(),
            );
        }
        found.extend(self.dialect.iter().flat_map(Dialect::problems));
        found.extend(self.adapter.iter().flat_map(|adapter| self.preset_problems(adapter)));
        let names = self.dialect.iter().map(|dialect| &dialect.name);
        let defaults = self.adapter.iter().map(|adapter| &adapter.default_dialect);
        for name in names.chain(defaults).filter(|name| !is_name(name)) {
            found.push(format!("dialect {name:?} {NAME_RULE}"));
        }
        found
    }

    fn preset_problems(&self, adapter: &Adapter) -> Vec<String> {
        let settings = self.settings.as_ref().and_then(|schema| schema.get("properties"));
        let mut found = Vec::new();
        for (name, preset) in &adapter.presets {
            let dialect = preset.dialect.iter().all(|dialect| is_name(dialect));
            let url = preset.base_url.iter().all(|url| url.starts_with("http"));
            if !is_name(name) || !dialect || !url || preset.description.is_empty() {
                found.push(format!("preset {name:?} needs a description, and names and URL"));
            }
            // A preset may set what the dialect reads; that is not known here.
            if settings.is_none() && !preset.settings.is_empty() {
                found.push(format!("preset {name:?} has settings, the adapter has no schema"));
            }
            if let Some(member) = preset.sandbox.keys().find(|it| !WISHES.contains(&it.as_str())) {
                let reason = "operators alone say that";
                found.push(format!("preset {name:?} has sandbox.{member}: {reason}"));
            }
        }
        found
    }

    fn detail_problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if [self.limits.memory_bytes, self.limits.call_ms].contains(&Some(0)) {
            found.push("limits of 0 let nothing run".to_owned());
        }
        let unnamed =
            |sdk: &Sdk| sdk.name.is_empty() || sdk.version.is_empty() || sdk.language.is_empty();
        if self.sdk.as_ref().is_some_and(unnamed) {
            found.push("sdk needs name, version and language".to_owned());
        }
        found.extend(vectors::problems(&self.self_test, &self.kind));
        found
    }
}

impl Dialect {
    fn problems(&self) -> Vec<String> {
        const OPERATIONS: [&str; 3] = ["chat", "embeddings", "count-tokens"];
        let mut found = Vec::new();
        if self.operations.is_empty() && self.endpoints.is_empty() {
            found.push("a dialect has operations, endpoints or both".to_owned());
        }
        if !self.operations.iter().all(|name| OPERATIONS.contains(&name.as_str())) {
            found.push(format!("dialect.operations are out of {OPERATIONS:?}"));
        }
        for endpoint in self.endpoints.iter().filter(|endpoint| !is_endpoint(endpoint)) {
            found.push(format!("endpoint {endpoint:?} is not \"POST /v1/\" and a path"));
        }
        found
    }
}

fn is_endpoint(endpoint: &str) -> bool {
    let Some(path) = endpoint.strip_prefix("POST /v1/") else { return false };
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-/".contains(&b);
    (1..=128).contains(&path.len())
        && path.bytes().all(allowed)
        && path.split('/').all(|segment| !segment.is_empty())
}

impl Credential {
    fn problems(&self, kind: &str) -> Vec<String> {
        let mut found = Vec::new();
        let slot = &self.slot;
        if !is_name(&slot.replace('_', "-")) {
            found.push(format!("slot {slot:?} {NAME_RULE} or \"_\""));
        }
        let fits = |text: &String| match kind {
            "http-adapter" => is_http_use(text),
            "process-adapter" => text.strip_prefix("env:").is_some_and(is_word),
            _ => false,
        };
        if self.uses.is_empty() || !self.uses.iter().all(fits) {
            found.push(format!(
                "uses of slot {slot:?}: an HTTP adapter has bearer, basic, header:NAME, \
                 query:NAME, aws-sigv4, gcp-service-account and oauth2-client-credentials, a \
                 process adapter env:NAME, a normalizer no slot"
            ));
        }
        if self.required && self.hint.is_empty() {
            found.push(format!("the required slot {slot:?} has no hint for the operator"));
        }
        found
    }
}

const NAME_RULE: &str = "is not 1 to 64 lower-case letters, digits and \"-\"";

fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed)
}

/// Uses without a name.
const PLAIN_USES: [&str; 5] =
    ["bearer", "basic", "aws-sigv4", "gcp-service-account", "oauth2-client-credentials"];

fn is_http_use(text: &str) -> bool {
    match text.split_once(':') {
        None => PLAIN_USES.contains(&text),
        Some(("header" | "query", name)) => is_word(name),
        Some(_) => false,
    }
}

fn is_word(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=128).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Value {
        json!({
            "name": "example", "version": "1.0.0", "kind": "http-adapter", "contract": "0.1",
            "description": "An example", "adapter": {"default_dialect": "openai-chat"},
            "credentials": [{"slot": "api_key", "uses": ["bearer"], "hint": "A key"}],
            "settings": {"type": "object"},
        })
    }

    #[test]
    fn a_good_manifest_has_no_problem() {
        assert_eq!(problems(&manifest().to_string()), Vec::<String>::new());
    }

    #[test]
    fn a_client_api_alone_is_a_dialect_too() {
        let mut manifest = manifest();
        manifest["kind"] = json!("normalizer");
        manifest["credentials"] = json!([]);
        manifest.as_object_mut().unwrap().remove("adapter");
        for (operations, endpoints, good) in [
            (json!([]), json!(["POST /v1/messages", "POST /v1/messages/count_tokens"]), true),
            (json!(["chat", "count-tokens"]), json!([]), true),
            (json!([]), json!([]), false),
            (json!(["chat"]), json!(["GET /v1/messages"]), false),
            (json!(["chat"]), json!(["POST /v1//x"]), false),
        ] {
            manifest["dialect"] =
                json!({"name": "d", "operations": operations, "endpoints": endpoints});
            let found = problems(&manifest.to_string());
            assert_eq!(found.is_empty(), good, "{found:?}");
        }
    }

    #[test]
    fn each_member_that_is_wrong_is_named() {
        let cases = [
            ("name", json!("Big Name"), "name"),
            ("version", json!("1 beta"), "version"),
            ("kind", json!("adapter"), "kind"),
            ("kind", json!("normalizer"), "the member dialect"),
            ("contract", json!("9"), "contract"),
            ("settings", json!([]), "settings"),
            ("credentials", json!([{"slot": "k", "uses": ["cookie"], "hint": ""}]), "uses"),
            ("credentials", json!([{"slot": "k", "uses": ["env:KEY"]}]), "uses"),
            (
                "credentials",
                json!([{"slot": "k", "uses": ["basic"]}, {"slot": "k", "uses": ["basic"]}]),
                "twice",
            ),
            ("adapter", json!({"default_dialect": "A B"}), "dialect \"A B\""),
            ("limits", json!({"call_ms": 0}), "limits"),
            ("colour", json!("red"), "colour"),
        ];
        for (member, value, named) in cases {
            let mut wrong = manifest();
            wrong[member] = value;
            let found = problems(&wrong.to_string());
            assert!(found.iter().any(|problem| problem.contains(named)), "{member}: {found:?}");
        }
    }
}
