use std::collections::BTreeMap;
use std::path::Path;

use administration::Holdings;
use exchange::CredentialSource as _;
use pipeline::Reach;
use resources::Sandbox;
use serde_json::{Value, json};

use super::*;
use crate::wiring::credentials::Credentials;
use crate::wiring::offer::{AdapterOffer, FarEnd, PresetOffer, SettingsOffer};
use crate::wiring::sandboxes::tests::FakeSandboxes;

fn offer() -> Offer {
    let adapter = |far_end, dialect: &str, slots: &[(&str, bool)], schema: Value| AdapterOffer {
        far_end,
        default_dialect: Some(dialect.to_owned()),
        slots: slots.iter().map(|(slot, needed)| ((*slot).to_owned(), *needed)).collect(),
        settings: SettingsOffer::of(&schema),
        presets: BTreeMap::new(),
    };
    let text = json!({"type": "string"});
    let closed = json!({"properties": {"organization": text}, "additionalProperties": false});
    let program = json!({
        "properties": {
            "program": {"type": "string", "pattern": "^/"},
            "arguments": {"type": "array", "items": text}
        },
        "required": ["program"],
        "additionalProperties": false
    });
    let prompt = json!({"properties": {
        "prompt": {"enum": ["last", "transcript"]},
        "organization": {"type": "string", "minLength": 1}
    }});
    let prompt = SettingsOffer::of(&prompt);
    let broken = SettingsOffer::of(&json!({"properties": {"a": {"pattern": "("}}}));
    let groq = PresetOffer {
        base_url: Some("https://api.groq.test/v1".to_owned()),
        dialect: Some("text".to_owned()),
        settings: json!({"prompt": "last", "organization": "preset"}).as_object().cloned().unwrap(),
        sandbox: None,
    };
    let mut http = adapter(FarEnd::Http, "chat", &[("api_key", false)], closed);
    http.presets.insert("groq".to_owned(), groq);
    let mut program = adapter(FarEnd::Process, "text", &[], program);
    let wishes = [
        ("careful", Sandbox::of_preset(&json!({"layers": ["own-kernel"]}))),
        ("careless", Sandbox::of_preset(&json!({"driver": "basic"}))),
    ];
    for (name, sandbox) in wishes {
        let settings = json!({"program": "/bin/preset"}).as_object().cloned().unwrap();
        let preset = PresetOffer { settings, sandbox: Some(sandbox), ..PresetOffer::default() };
        program.presets.insert(name.to_owned(), preset);
    }
    Offer {
        adapters: [
            ("http".to_owned(), http),
            ("strict".to_owned(), adapter(FarEnd::Http, "chat", &[("token", true)], json!({}))),
            ("program".to_owned(), program),
        ]
        .into(),
        dialects: [
            ("chat".to_owned(), SettingsOffer::default()),
            ("text".to_owned(), prompt),
            ("broken".to_owned(), broken),
        ]
        .into(),
    }
}

fn good() -> Value {
    json!({
        "providers": [
            {"id": "a", "adapter": "http", "base_url": "http://127.0.0.1:1/v1", "models": ["m"],
             "credentials": {"api_key": "${env:SECRET}"}, "settings": {"organization": "o"}},
            {"id": "b", "adapter": "program", "models": ["echo"],
             "settings": {"program": "/bin/echo", "prompt": "transcript"}},
            {"id": "c", "adapter": "http", "base_url": "http://127.0.0.1:2", "models": "discover"}
        ],
        "api_keys": [{"id": "k", "key": "${env:KEY}", "models": ["m"]}],
        "routes": [{"model": "smart", "candidates": [{"provider": "a", "model": "m", "weight": 2}]}]
    })
}

/// What a file alone comes to.
struct Compiled {
    snapshot: pipeline::Snapshot,
    secrets: ProviderSecrets,
}

fn compile_value(value: &Value) -> Result<Compiled, Vec<String>> {
    let variables = [("SECRET", "sk-1"), ("KEY", "pb-1"), ("SPACE", "p b"), ("BREAK", "a\nb")];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let sources = Sources::new(variables, Path::new(""));
    let document = Document::read(value).unwrap();
    let (offer, meters) = (offer(), Meters::default());
    let around = Surroundings {
        offer: &offer,
        sandboxes: &FakeSandboxes,
        sources: &sources,
        meters: &meters,
        has_recording: false,
    };
    let file = FileTables::compile(&document, &Written::default(), &around);
    let file =
        file.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let joining =
        Joining { offer: &offer, sandboxes: &FakeSandboxes, meters: &meters, ready: &|_| Ok(()) };
    let tables = join(Arc::new(file), Holdings::default(), &joining, None);
    Ok(Compiled { snapshot: tables.snapshot(), secrets: tables.secrets() })
}

#[test]
fn a_document_becomes_keys_routes_providers_and_secrets() {
    let Compiled { snapshot, secrets } = compile_value(&good()).ok().unwrap();
    let caller = snapshot.keys.find("pb-1").unwrap();
    assert!(caller.may_use("m") && !caller.may_use("echo"));
    assert_eq!(&*snapshot.routes.find("smart").unwrap().candidates()[0].provider, "a");
    assert!(snapshot.routes.find("echo").is_some());
    assert!(snapshot.routes.find("c/anything").is_some());
    let provider = &snapshot.providers["b"];
    assert!(matches!(provider.reach, Reach::Process { .. }));
    assert_eq!(provider.dialects, ["text".into()]);
    assert_eq!(&*provider.settings, r#"{"program":"/bin/echo","prompt":"transcript"}"#);
    assert!(matches!(snapshot.providers["a"].reach, Reach::Http { .. }));
    let secret = Credentials::new(secrets).secret("a", "api_key").unwrap();
    assert_eq!(secret.expose_secret(), "sk-1");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn what_does_not_fit_is_named_with_a_fix() {
    for (pointer, value, expected) in [
        (
            "/providers/0/adapter",
            json!("htp"),
            "providers[0].adapter: no adapter \"htp\" is loaded; did you mean \"http\"?",
        ),
        (
            "/providers/0/dialect",
            json!("chatt"),
            "providers[0].dialect: no normalizer for dialect \"chatt\" is loaded; did you mean \"chat\"?",
        ),
        (
            "/providers/0/base_url",
            json!(null),
            "providers[0].base_url: is missing, and the adapter speaks HTTP; add base_url = \"https://…\"",
        ),
        (
            "/providers/0/record",
            json!(true),
            "providers[0].record: is true, but nothing is recorded here; add a section [recording] to the configuration file, or remove record",
        ),
        (
            "/providers/1/base_url",
            json!("http://a"),
            "providers[1].base_url: is of no use: the adapter runs a program; remove it",
        ),
        (
            "/providers/0/credentials",
            json!({"apikey": "x"}),
            "providers[0].credentials.apikey: adapter \"http\" has no credential slot \"apikey\"; did you mean \"api_key\"?",
        ),
        (
            "/providers/0/credentials",
            json!({"api_key": "${env:NONE}"}),
            "providers[0].credentials.api_key: environment variable \"NONE\" is not set; set it for the gateway's process",
        ),
        (
            "/providers/0/credentials",
            json!({"api_key": "${env:BREAK}"}),
            "providers[0].credentials.api_key: holds a control character; write the secret without line breaks",
        ),
        (
            "/providers/2/adapter",
            json!("strict"),
            "providers[2].credentials: slot \"token\" is missing, which the adapter needs; write credentials = { token = \"${env:NAME}\" }",
        ),
        (
            "/providers/0/settings",
            json!({"organisation": "o"}),
            "providers[0].settings.organisation: unknown setting; did you mean \"organization\"?",
        ),
        (
            "/providers/1/settings",
            json!({"arguments": []}),
            "providers[1].settings: setting \"program\" is missing, which a plugin needs; add program to settings",
        ),
        (
            "/providers/0/settings",
            json!({"organization": ["sk-1"]}),
            "providers[0].settings.organization: must be a text in quotes, but is a list; write a text in quotes",
        ),
        (
            "/providers/1/settings",
            json!({"program": "/bin/echo", "arguments": ["a", 1]}),
            "providers[1].settings.arguments[1]: must be a text in quotes, but is a number; write a text in quotes",
        ),
        (
            "/providers/1/settings",
            json!({"program": "/bin/echo", "prompt": "transcirpt"}),
            "providers[1].settings.prompt: has none of its values; did you mean \"transcript\"?",
        ),
        (
            "/api_keys/0/key",
            json!("${env:SPACE}"),
            "api_keys[0].key: the key holds a space, a control or a character that is not ASCII; write a key of printable ASCII without spaces",
        ),
        (
            "/api_keys/0/key",
            json!("${HOME}"),
            "api_keys[0].key: \"${\" starts no reference; write \"${env:NAME}\" or \"${file:PATH}\", or \"$${\" for a literal \"${\"",
        ),
    ] {
        let mut changed = good();
        let (table, member) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(table).unwrap()[member] = value;
        assert_eq!(compile_value(&changed).err(), Some(vec![expected.to_owned()]));
    }
}

#[test]
fn two_holders_of_one_key_are_refused() {
    let mut value = good();
    let twin = json!({"id": "k2", "digest": KeyDigest::of("pb-1").to_string()});
    value["api_keys"].as_array_mut().unwrap().push(twin);
    assert_eq!(
        compile_value(&value).err().unwrap(),
        [
            "api_keys[1]: is the same key as that of api_keys[0]; issue another key, or remove one of the two"
        ]
    );
}

#[test]
fn problems_of_keys_and_providers_are_found_at_once() {
    let mut value = good();
    value["api_keys"][0]["key"] = json!("${env:NONE}");
    value["providers"][0]["adapter"] = json!("none");
    value["providers"][1]["settings"] = json!({});
    assert_eq!(compile_value(&value).err().unwrap().len(), 3);
}

#[test]
fn a_preset_stands_below_the_operators_own_members() {
    let mut value = good();
    value["providers"][0] = json!({"id": "a", "adapter": "http", "preset": "groq", "models": ["m"],
        "settings": {"organization": "mine"}});
    let compiled = compile_value(&value).unwrap();
    let provider = &compiled.snapshot.providers["a"];
    assert_eq!(provider.dialects, ["text".into()]);
    let settings: Value = serde_json::from_str(&provider.settings).unwrap();
    assert_eq!(settings, json!({"prompt": "last", "organization": "mine"}));
    let Reach::Http { base_url, .. } = &provider.reach else { panic!("not HTTP") };
    assert_eq!(base_url.as_str(), "https://api.groq.test/v1");

    value["providers"][0]["base_url"] = json!("http://127.0.0.1:9/v2");
    value["providers"][0]["dialects"] = json!(["chat", "text"]);
    let compiled = compile_value(&value).unwrap();
    let provider = &compiled.snapshot.providers["a"];
    assert_eq!(provider.dialects, ["chat".into(), "text".into()]);
    let Reach::Http { base_url, .. } = &provider.reach else { panic!("not HTTP") };
    assert_eq!(base_url.as_str(), "http://127.0.0.1:9/v2");

    value["providers"][0]["preset"] = json!("grog");
    let problems = compile_value(&value).err().unwrap();
    assert!(problems[0].contains("did you mean \"groq\"?"), "{problems:?}");
}

#[test]
fn programs_are_not_run_again_unless_the_operator_says_so() {
    let mut value = good();
    let compiled = compile_value(&value).unwrap();
    assert_eq!(compiled.snapshot.providers["a"].retry.max_retries, 2);
    assert_eq!(compiled.snapshot.providers["b"].retry.max_retries, 0);
    value["providers"][0]["retries"] = json!({"max": 0});
    value["providers"][1]["retries"] = json!({"max": 1, "base_ms": 5, "max_wait_ms": 10});
    let compiled = compile_value(&value).unwrap();
    assert_eq!(compiled.snapshot.providers["a"].retry.max_retries, 0);
    assert_eq!(compiled.snapshot.providers["b"].retry.max_wait.as_millis(), 10);
}

#[test]
fn a_setting_is_what_each_of_its_readers_asks_for() {
    let mut value = good();
    value["providers"][0]["dialects"] = json!(["chat", "text"]);
    value["providers"][0]["settings"] = json!({"organization": "", "prompt": "last"});
    let expected = "providers[0].settings.organization: is too short; use at least 1 characters";
    assert_eq!(compile_value(&value).err().unwrap(), [expected]);
    // Both readers say this; it is told once.
    value["providers"][0]["settings"]["organization"] = json!(1);
    assert_eq!(compile_value(&value).err().unwrap().len(), 1);
}

#[test]
fn the_presets_settings_are_checked_with_the_operators() {
    let mut value = good();
    value["providers"][0] = json!({"id": "a", "adapter": "http", "preset": "groq", "models": ["m"],
        "settings": {"prompt": 1}});
    let problems = compile_value(&value).err().unwrap();
    assert_eq!(
        problems,
        ["providers[0].settings.prompt: has none of its values; use one of: last, transcript"]
    );
}

#[test]
fn a_provider_whose_plugin_has_a_schema_that_cannot_be_used_is_refused() {
    let mut value = good();
    value["providers"][1]["dialect"] = json!("broken");
    value["providers"][1]["settings"] = json!({"program": "/bin/echo"});
    let problems = compile_value(&value).err().unwrap();
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    let (said, fix) = problem.split_once("; ").unwrap();
    assert!(said.starts_with(
        "providers[1].dialect: the settings schema of \"broken\" cannot be used: at /properties/a/pattern"
    ));
    assert!(fix.contains("valid schema"), "{problem}");
}

/// The sandbox of the provider that is a program, or what is wrong.
fn sandbox_of(sandbox: Value) -> Result<exchange::ProgramSandbox, Vec<String>> {
    let mut value = good();
    value["providers"][1]["sandbox"] = sandbox;
    let compiled = compile_value(&value)?;
    match &compiled.snapshot.providers["b"].reach {
        Reach::Process { target } => Ok(target.sandbox.clone()),
        Reach::Http { .. } => panic!("not a program"),
    }
}

#[test]
fn a_sandbox_becomes_what_programs_are_run_in() {
    assert_eq!(sandbox_of(json!(null)), Ok(exchange::ProgramSandbox::ordinary()));
    assert_eq!(sandbox_of(json!({})), Ok(exchange::ProgramSandbox::ordinary()));
    let sandbox = sandbox_of(json!({"layers": ["own-kernel"]})).unwrap();
    assert_eq!(sandbox.driver.as_deref(), Some("gvisor"), "the driver that has the layer");
    let sandbox = sandbox_of(json!({
        "driver": "native", "layers": ["landlock"], "credential": "file",
        "network": ["a.example:443"], "max_queued": 0, "package": "coreutils=0",
        "read_only": ["/opt"], "directory": "/opt", "max_scratch_bytes": 1, "max_concurrent": 2
    }));
    // The package of the machine that tests run on has another version, or there is none.
    let problems = sandbox.unwrap_err();
    assert!(problems[0].starts_with("providers[1].sandbox.package: "), "{problems:?}");
    let sandbox = sandbox_of(json!({
        "driver": "native", "layers": ["landlock"], "credential": "file",
        "network": ["a.example:443"], "max_queued": 0, "max_concurrent": 2
    }));
    let sandbox = sandbox.unwrap();
    assert_eq!(&*sandbox.demanded_layers, ["landlock".into()]);
    assert_eq!(sandbox.network[0].port, 443);
    assert_eq!(sandbox.credential, exchange::ProgramCredential::File);
    assert_eq!((sandbox.max_concurrent, sandbox.max_queued), (2, 0));
}

#[test]
fn the_presets_sandbox_holds_until_the_operator_says_one() {
    let with_preset = |preset: &str, sandbox: Value| {
        let mut value = good();
        value["providers"][1] = json!({"id": "b", "adapter": "program", "models": ["echo"],
            "preset": preset, "sandbox": sandbox});
        let compiled = compile_value(&value)?;
        let Reach::Process { target } = &compiled.snapshot.providers["b"].reach else {
            panic!("not a program")
        };
        Ok::<_, Vec<String>>(target.sandbox.driver.as_deref().map(str::to_owned))
    };
    assert_eq!(with_preset("careful", json!(null)), Ok(Some("gvisor".to_owned())));
    assert_eq!(with_preset("careful", json!("native")), Ok(Some("native".to_owned())));
    assert_eq!(with_preset("careful", json!({})), Ok(None));
    assert_eq!(with_preset("careless", json!({})), Ok(None));
    let problems = with_preset("careless", json!(null)).unwrap_err();
    assert!(problems[0].starts_with("providers[1].preset: what the preset wishes"), "{problems:?}");
}

#[test]
fn a_sandbox_that_does_not_work_here_is_refused_with_its_member_and_a_fix() {
    for (sandbox, expected) in [
        (
            json!("podman"),
            "providers[1].sandbox: the sandbox \"podman\" does not work here: x; install it",
        ),
        (
            json!({"layers": ["landlok"]}),
            "providers[1].sandbox.layers: there is no layer \"landlok\"; did you mean \"landlock\"?",
        ),
        (
            json!({"driver": "gvisor", "layers": ["landlock"]}),
            "providers[1].sandbox.layers: the sandbox \"gvisor\" has no layer \"landlock\" here: it does not have that layer; demand another sandbox, or do without the layer",
        ),
    ] {
        assert_eq!(sandbox_of(sandbox), Err(vec![expected.to_owned()]));
    }
    let mut value = good();
    value["providers"][0]["sandbox"] = json!("native");
    assert_eq!(
        compile_value(&value).err().unwrap(),
        [
            "providers[0].sandbox: is of no use: the adapter speaks HTTP and runs no program; remove it"
        ]
    );
}
