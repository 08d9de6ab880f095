use std::fs;
use std::time::Duration;

use super::*;

/// The example of the documentation, every section used.
const EXAMPLE: &str = r#"
[server]
listen = "127.0.0.1:8080"
max_body_bytes = 20971520

[store]
path = "data/store"

[plugins]
directory = "data/plugins"
trust = { unsigned = true }

[plugins.grants.heavy]
isolation = "reuse"

[admin]
jwt_secret = "${env:PATCHBAY_ADMIN_JWT_SECRET}"

[log]
format = "json"
level = "debug"

[recording]
max_age_hours = 168

[[providers]]
id = "main"
adapter = "openai-compatible"
base_url = "https://${env:REGION}.example.com/v1"
record = true
credentials = { api_key = "${env:NOT_SET_YET}" }
models = ["m"]

[[providers]]
id = "echo"
adapter = "spawn-cli"
dialect = "cli-text"
models = ["echo"]
settings = { program = "/bin/echo", arguments = ["{{body}}"], timeout_ms = 10000 }

[[api_keys]]
id = "laptop"
key = "${env:PATCHBAY_KEY}"
models = ["*"]

[[routes]]
model = "smart"
candidates = [ { provider = "main", model = "m", weight = 1 } ]
"#;

fn variables(pairs: &[(&str, &str)]) -> Variables {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (name.into(), value.into())).collect()
}

fn read_text(text: &str, environment: &[(&str, &str)]) -> Result<Configuration, Vec<String>> {
    let shown = |findings: Vec<Finding>| findings.iter().map(ToString::to_string).collect();
    let reading = read(Path::new("gw.toml"), text, variables(environment)).map_err(shown)?;
    match reading.findings() {
        findings if findings.is_empty() => Ok(reading.configuration),
        findings => Err(shown(findings)),
    }
}

fn findings(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    read_text(text, environment).err().unwrap_or_default()
}

#[test]
fn the_documented_example_is_read() {
    let configuration = read_text(EXAMPLE, &[("REGION", "eu")]).unwrap();
    let Configuration { server, plugins, log, sandbox, store, admin, recording, document, written } =
        configuration;
    assert_eq!(sandbox, SandboxSettings::default());
    assert_eq!(recording, Some(RecordingSettings::default()));
    assert_eq!(document.providers.iter().map(|it| it.record).collect::<Vec<_>>(), [true, false]);
    assert_eq!(server, ServerSettings::default());
    assert_eq!(plugins.trust, Some(Trust::Unsigned));
    assert_eq!(plugins.grants["heavy"].isolation, Isolation::Reuse);
    assert_eq!((log.format, log.level.as_str()), (LogFormat::Json, "debug"));
    assert_eq!(store, Some(StoreSettings::default()));
    let admin = admin.unwrap();
    assert_eq!((admin.listen, admin.leeway), (None, Duration::from_secs(30)));
    assert!(matches!(admin.keys, TokenKeys::Secret(_)));
    assert!(written.providers[0].contains_key("base_url"));
    assert!(!written.providers[0].contains_key("credentials"));
    assert!(!written.api_keys[0].contains_key("key"));
    let base_url = document.providers[0].base_url.as_ref().unwrap();
    assert_eq!(base_url.as_url().as_str(), "https://eu.example.com/v1");
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let configuration = read_text("", &[]).unwrap();
    assert_eq!(configuration.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(configuration.plugins.trust, None);
    assert_eq!(configuration.log.level.as_str(), "info");
    assert!(configuration.store.is_none() && configuration.admin.is_none());
    assert!(configuration.recording.is_none());
}

#[test]
fn every_problem_is_named_at_once_with_line_path_reason_and_fix() {
    let text = "
[server]
lissen = \"1.2.3.4:80\"
max_body_bytes = \"big\"
[[providers]]
id = \"a\"
adapter = \"x\"
base_url = \"${env:NOWHERE}\"
models = [
  \"good\",
  \"not good\",
]
[[api_keys]]
id = \"k\"
[sever]
";
    assert_eq!(
        findings(text, &[]),
        [
            "gw.toml:3: server.lissen: unknown member \"lissen\"; did you mean \"listen\"?",
            "gw.toml:4: server.max_body_bytes: must be a whole number, but is a text; write a whole number",
            "gw.toml:8: providers[0].base_url: environment variable \"NOWHERE\" is not set; set it for the gateway's process",
            "gw.toml:11: providers[0].models[1]: model name is not well-formed; use 1 to 256 printable ASCII characters without spaces",
            "gw.toml:13: api_keys[0]: has neither key nor digest; add key = \"${env:NAME}\" or digest = \"sha256:…\"",
            "gw.toml:15: sever: unknown member \"sever\"; did you mean \"server\"?",
        ]
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn each_bad_section_member_is_named_with_a_fix() {
    for (text, expected) in [
        (
            "server.listen = \"8080\"",
            "gw.toml:1: server.listen: is no address with a port; write it like \"127.0.0.1:8080\" or \"[::]:8080\"",
        ),
        (
            "server.max_body_bytes = 1",
            "gw.toml:1: server.max_body_bytes: 1 is out of range; use a number from 1024 to 1073741824",
        ),
        (
            "server.worker_threads = 0",
            "gw.toml:1: server.worker_threads: 0 is out of range; use a number from 1 to 1024",
        ),
        ("server = 1", "gw.toml:1: server: must be a table, but is a number; write a table"),
        (
            "log.format = \"jsn\"",
            "gw.toml:1: log.format: unknown value \"jsn\"; did you mean \"json\"?",
        ),
        (
            "log.level = \"loud\"",
            "gw.toml:1: log.level: is no level; use off, error, warn, info, debug or trace, also by target: \"info,access=warn\"",
        ),
        (
            "plugins.directory = \"\"",
            "gw.toml:1: plugins.directory: is empty; name a path, or leave the member out",
        ),
        (
            "plugins.trust = {}",
            "gw.toml:1: plugins.trust: trusts nobody; write { unsigned = true } or { signers = [\"…\"] }",
        ),
        (
            "plugins.trust = { unsigned = true, signers = [\"a\"] }",
            "gw.toml:1: plugins.trust: trusts both unsigned plugins and signers; write { unsigned = true } or { signers = [\"…\"] }",
        ),
        (
            "plugins.trust = { signers = [] }",
            "gw.toml:1: plugins.trust.signers: is empty; write { unsigned = true } or { signers = [\"…\"] }",
        ),
        (
            "plugins.grants.a.isolation = \"reused\"",
            "gw.toml:1: plugins.grants.a.isolation: unknown value \"reused\"; did you mean \"reuse\"?",
        ),
        (
            "plugins.grants.\"A b\" = {}",
            "gw.toml:1: plugins.grants.\"A b\": plugin name is not well-formed; use 1 to 64 of a-z 0-9 -, starting with a letter or digit",
        ),
        (
            "store.path = \"\"",
            "gw.toml:1: store.path: is empty; name a path, or leave the member out",
        ),
        (
            "store.audit_days = 0",
            "gw.toml:1: store.audit_days: 0 is out of range; use a number from 1 to 3650",
        ),
        (
            "[admin]",
            "gw.toml:1: admin: has neither jwt_secret nor jwks_url; write jwt_secret = \"${env:NAME}\", or jwks_url and audience",
        ),
        (
            "admin.jwks_url = \"https://a\"",
            "gw.toml:1: admin.audience: is missing; write jwt_secret = \"${env:NAME}\", or jwks_url and audience",
        ),
        (
            "recording.texts = \"mask\"",
            "gw.toml:1: recording.texts: unknown value \"mask\"; did you mean \"masked\"?",
        ),
        (
            "recording = { max_bytes = 65536, max_exchange_bytes = 65537 }",
            "gw.toml:1: recording.max_exchange_bytes: 65537 is more than max_bytes (65536); make max_exchange_bytes smaller or max_bytes larger",
        ),
        (
            "log.format = 2020-01-01",
            "gw.toml:1: log.format: unknown value \"2020-01-01\"; use one of: text, json",
        ),
        (
            "log.format = 99999999999999999999",
            "gw.toml:1: log.format: is a number that is too large; write it as a text in quotes",
        ),
        (
            "log.format = \"${env:A\"",
            "gw.toml:1: log.format: \"${\" is not closed; add \"}\", or write \"$${\" for a literal \"${\"",
        ),
    ] {
        let found = findings(text, &[]);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{found:?}");
    }
}

#[test]
fn a_syntax_error_names_its_line_and_does_not_quote_it() {
    let found = findings("[server]\nlisten = \"a\nkey = secret-value\n", &[]);
    assert!(!found.is_empty());
    assert!(found[0].starts_with("gw.toml:2: TOML syntax error 1: "), "{found:?}");
    assert!(found.iter().all(|text| !text.contains("secret-value")), "{found:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let environment = [
        ("PATCHBAY_SERVER__LISTEN", "0.0.0.0:9000"),
        ("PATCHBAY_SERVER__KEEP_ALIVE_MS", "2000"),
        ("PATCHBAY_PLUGINS__TRUST__UNSIGNED", "true"),
        ("PATCHBAY_LOG__LEVEL", "\"warn\""),
        ("PATCHBAY_ADMIN__JWT_SECRET", "12345678"),
        ("PATCHBAY_KEY", "pb-1"),
        ("OTHER__THING", "x"),
    ];
    let text = "[server]\nlisten = \"127.0.0.1:1\"\nmax_body_bytes = 2048\n";
    let configuration = read_text(text, &environment).unwrap();
    assert_eq!(configuration.server.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(configuration.server.keep_alive, Duration::from_secs(2));
    assert_eq!(configuration.server.max_body_bytes, 2048);
    assert_eq!(configuration.plugins.trust, Some(Trust::Unsigned));
    assert_eq!(configuration.log.level.as_str(), "warn");
    assert!(configuration.admin.is_some());
    assert_eq!(configuration.store, Some(StoreSettings::default()), "operators need a store");
}

#[test]
fn the_master_key_is_beside_the_store_unless_it_is_put_elsewhere() {
    for (text, expected) in [
        ("[store]", "data/master.key"),
        ("store.path = \"/var/lib/patchbay/store\"", "/var/lib/patchbay/master.key"),
        ("store.path = \"store\"", "master.key"),
        ("store.master_key_file = \"/run/keys/master\"", "/run/keys/master"),
    ] {
        let store = read_text(text, &[]).unwrap().store.unwrap();
        assert_eq!(store.master_key_file, Path::new(expected), "{text}");
    }
}

#[test]
fn a_bad_variable_is_named_with_a_fix() {
    for (name, value, expected) in [
        (
            "PATCHBAY_SERVER__LISTEN",
            "here",
            "server.listen: is no address with a port; write it like \"127.0.0.1:8080\" or \"[::]:8080\"",
        ),
        (
            "PATCHBAY_SERVER__LISSEN",
            "x",
            "server.lissen: unknown member \"lissen\"; did you mean \"listen\"?",
        ),
        (
            "PATCHBAY_SEVER__LISTEN",
            "x",
            "sever: unknown member \"sever\"; did you mean \"server\"?",
        ),
        (
            "PATCHBAY_SERVER__LISTEN__PORT",
            "1",
            "server.listen.port: is within a member that the file sets to something else than a table; correct the variable's name or the file",
        ),
        (
            "PATCHBAY_PROVIDERS__0__ID",
            "x",
            "providers.0.id: is part of a list, which variables cannot set; set it in the file, with a reference like \"${env:NAME}\" where needed",
        ),
        ("PATCHBAY_SERVER__", "x", "server.\"\": names nothing; write PATCHBAY_SECTION__MEMBER"),
    ] {
        let found = findings("server.listen = \"127.0.0.1:1\"", &[(name, value)]);
        assert_eq!(found, [format!("environment {name}: {expected}")]);
    }
}

#[test]
fn a_later_problem_is_added_unless_it_follows_from_a_known_one() {
    let text = "[[providers]]\nid = 1\nadapter = \"x\"\nmodels = [\"m\"]\n";
    let mut reading = read(Path::new("gw.toml"), text, Vec::new()).unwrap_or_else(|_| panic!());
    let problem = |path: &str| Problem {
        path: path.to_owned(),
        message: "m".to_owned(),
        fix: "f".to_owned(),
    };
    reading.add_problems(vec![problem("providers[0]"), problem("providers[0].adapter")]);
    let findings: Vec<_> = reading.findings().iter().map(ToString::to_string).collect();
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[1], "gw.toml:3: providers[0].adapter: m; f");
}

#[test]
fn no_secret_is_shown_by_debug() {
    let text = EXAMPLE
        .replace("${env:PATCHBAY_KEY}", "pb-top-secret")
        .replace("${env:NOT_SET_YET}", "sk-top-secret")
        .replace("${env:PATCHBAY_ADMIN_JWT_SECRET}", "jwt-top-secret");
    let configuration = read_text(&text, &[("REGION", "eu")]).unwrap();
    let shown = format!("{:?}", configuration);
    assert!(!shown.contains("top-secret"), "{shown}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none.toml");
    let error = load(&path, Vec::new()).err().unwrap();
    assert!(error.to_string().contains("none.toml cannot be read"), "{error}");
    fs::write(&path, [0xff]).unwrap();
    assert!(load(&path, Vec::new()).is_err());
    assert_eq!(locate(Some(&path)).unwrap(), path);
}

#[test]
fn a_cluster_is_described_with_few_words_or_many() {
    let few = "[sandbox.kubernetes]\nnamespace = \"programs\"\nimage = \"i\"\n";
    let settings = read_text(few, &[]).unwrap().sandbox.kubernetes.unwrap();
    assert_eq!((settings.cpu_millis, settings.start_timeout), (1000, Duration::from_secs(60)));
    let many = r#"
[sandbox.kubernetes]
kubeconfig = "kubeconfig"
context = "c"
namespace = "programs"
image = "i@sha256:0a"
instance = "gateway-0"
service_account = "programs"
runtime_class = "gvisor"
node_selector = { "example.com/pool" = "programs" }
tolerations = [{ key = "pool", value = "programs", effect = "NoSchedule" }]
image_pull_secrets = ["registry"]
labels = { team = "a" }
cpu_millis = 500
start_timeout_ms = 120000
network_denied = true
split_logs = true
"#;
    let settings = read_text(many, &[]).unwrap().sandbox.kubernetes.unwrap();
    assert_eq!(settings.runtime_class.as_deref(), Some("gvisor"));
    assert_eq!(settings.node_selector["example.com/pool"], "programs");
    assert!(settings.network_denied && settings.split_logs);
}

#[test]
fn what_kubernetes_would_not_take_is_a_problem_with_its_fix() {
    let text = r#"
[sandbox.kubernetes]
namespace = "Programs"
context = "c"
tolerations = [{ value = "v" }]
labels = { "a b" = "c" }
"#;
    let found = findings(text, &[]);
    for part in [
        "sandbox.kubernetes.namespace: is no name of Kubernetes; use",
        "sandbox.kubernetes.image: is missing; name the image",
        "sandbox.kubernetes.context: is of no kubeconfig; name",
        "sandbox.kubernetes.tolerations[0].value: is of no key; name",
        "is no key of a label; write",
    ] {
        assert!(found.iter().any(|it| it.contains(part)), "{part} in {found:#?}");
    }
}
