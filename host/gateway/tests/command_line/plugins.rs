//! What a plugin's author types.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::canned::Reply;
use super::operators::operate_in;
use super::{command, in_directory, lines, patchbay, run};

/// A bundled plugin, which is there because the gateway was built.
fn component(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins").join(name)).unwrap()
}

/// A command that may run a toolchain: with the environment of the tests, without the network.
fn toolchain(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = command(directory, arguments);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
    let kept = |name: &str| !name.starts_with("CARGO_PKG_") && !name.starts_with("PATCHBAY_");
    command.envs(std::env::vars().filter(|(name, _)| kept(name)));
    command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", target);
    command
}

#[test]
fn a_new_project_passes_its_tests_and_its_components_are_good() {
    let directory = in_directory(&[]);
    let at = directory.path();
    let output = patchbay(at, &["plugin", "new", "sunny", "--kind", "provider"], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(lines(&output.stdout)[0].ends_with("files of the plugin sunny; next:"));

    let output = run(&mut toolchain(at, &["plugin", "test", "sunny"]), "");
    let said = lines(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(said[0].starts_with("sunny/sunny.wasm: http-adapter sunny 0.1.0, "), "{said:?}");
    let dialect = "sunny/sunny-chat.wasm: normalizer sunny-chat 0.1.0, ";
    assert!(said[1].starts_with(dialect), "{said:?}");
    assert_eq!(
        said[2..],
        [
            "http-adapter sunny 0.1.0: it starts and answers; its self-test vector holds",
            "normalizer sunny-chat 0.1.0: it starts and answers; its 2 self-test vectors hold",
        ]
    );

    let output = patchbay(at, &["plugin", "check", "--json", "sunny/sunny.wasm"], "");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["data"][0]["name"], "sunny");
    assert_eq!(found["data"][0]["good"], true);

    dev_serves_what_it_built_and_shows_the_log(at);
}

/// The project is built already, so this takes no compiler's time.
fn dev_serves_what_it_built_and_shows_the_log(at: &Path) {
    let configuration = "[server]\nlisten = \"127.0.0.1:0\"\n\n[plugins]\ndirectory = \
        \"served\"\ntrust = { unsigned = true }\n";
    fs::write(at.join("dev.toml"), configuration).unwrap();
    let mut dev = toolchain(at, &["plugin", "dev", "sunny", "--config", "dev.toml"]);
    let child = dev.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let log = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let is_news = |line: &String| line.contains("ready") || line.starts_with("patchbay: ");
    let news = log.map(Result::unwrap).find(is_news);
    assert!(news.as_ref().is_some_and(|line| line.contains("ready")), "{news:?}");
    assert!(at.join("served/sunny.wasm").is_file());
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));

    fs::write(at.join("dev.toml"), "[plugins]\ntrust = { signers = [] }\n").unwrap();
    let refused = patchbay(at, &["plugin", "dev", "sunny", "--config", "dev.toml"], "");
    let said = lines(&refused.stderr).join("");
    assert!(said.contains("lets no unsigned plugin in; write plugins.trust"), "{said}");
}

#[test]
fn a_project_on_a_checkouts_sdk_passes_its_tests() {
    let directory = in_directory(&[]);
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let new = ["plugin", "new", "tool", "--kind", "process-adapter", "--sdk", checkout];
    assert_eq!(patchbay(directory.path(), &new, "").status.code(), Some(0));
    assert!(!directory.path().join("tool/vendor").exists());
    let output = run(&mut toolchain(directory.path(), &["plugin", "test", "tool"]), "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(directory.path().join("tool/tool.wasm").is_file());
}

#[test]
fn new_writes_over_nothing_and_build_wants_a_project() {
    let directory = in_directory(&[("notes.txt", "mine")]);
    for (arguments, expected) in [
        (
            &["plugin", "new", "a", "--into", "."][..],
            "patchbay: . is not empty; name another folder with --into DIR",
        ),
        (
            &["plugin", "build"],
            "patchbay: . holds no plugin project (none of Cargo.toml, package.json, pyproject.toml); name the project's folder, or make one with `patchbay plugin new NAME`",
        ),
        (
            &["plugin", "new", "a", "--sdk", "."],
            "patchbay: . has no sdk/rust; name a checkout of the gateway",
        ),
    ] {
        let output = patchbay(directory.path(), arguments, "");
        assert_eq!(lines(&output.stderr), [expected]);
        assert_eq!(output.status.code(), Some(1));
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// One recorded exchange with a provider of this adapter.
fn recorded(adapter: &str) -> String {
    let exchange = json!({
        "version": 1, "recorded_at": "2026-01-31T09:30:00Z", "provider": "main",
        "adapter": adapter, "dialect": "none",
        "call": { "operation": "chat", "model": "m", "streaming": false, "settings": {} },
        "head": { "method": "POST", "path": "/chat", "headers": {} },
    });
    format!("{exchange}\n")
}

#[test]
fn a_replay_compares_with_the_installed_version_else_with_the_bundled_one() {
    let directory = in_directory(&[("r.jsonl", &recorded("openai-compatible"))]);
    let at = directory.path();
    fs::write(at.join("new.wasm"), component("openai-compatible.wasm")).unwrap();
    let replay = ["plugin", "test", "new.wasm", "--replay", "r.jsonl", "--json"];
    let compared = |arguments: &[&str]| {
        let output = patchbay(at, arguments, "");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let found = compared(&replay);
    assert_eq!((&found["old"]["origin"], &found["questions"]), (&json!("bundled"), &json!(1)));

    fs::create_dir_all(at.join("data/plugins")).unwrap();
    fs::write(at.join("data/plugins/any.wasm"), component("openai-compatible.wasm")).unwrap();
    fs::write(at.join("data/plugins/broken.wasm"), "no component").unwrap();
    assert_eq!(compared(&replay)["old"]["origin"], "data/plugins/any.wasm");

    fs::rename(at.join("data/plugins"), at.join("others")).unwrap();
    fs::write(at.join("gw.toml"), "plugins.directory = \"others\"").unwrap();
    let found = compared(&[&replay[..], &["--config", "gw.toml"]].concat());
    assert_eq!(found["old"]["origin"], "others/any.wasm");
}

#[test]
fn a_replay_says_what_it_lacks() {
    let recordings = recorded("another") + "half a line";
    let directory = in_directory(&[("r.jsonl", &recordings), ("notes.txt", "mine")]);
    let at = directory.path();
    fs::write(at.join("new.wasm"), component("openai-compatible.wasm")).unwrap();
    for (arguments, expected) in [
        (
            &["new.wasm", "--replay", "r.jsonl"][..],
            "patchbay: none of 1 recorded exchanges concerns openai-compatible; record with a provider that uses it",
        ),
        (&[".", "--replay", "r.jsonl"], "patchbay: . is no component; name the built file"),
        (
            &["new.wasm", "--replay", "nowhere"],
            "patchbay: recordings nowhere cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let output = patchbay(at, &[&["plugin", "test"], arguments].concat(), "");
        assert_eq!(lines(&output.stderr), [expected]);
        assert_eq!(output.status.code(), Some(1));
    }
    let output = patchbay(at, &["plugin", "test", "new.wasm", "--against", "new.wasm"], "");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn inspect_shows_what_a_plugin_asks_for_without_running_it() {
    let directory = in_directory(&[]);
    fs::write(directory.path().join("a.wasm"), component("openai-compatible.wasm")).unwrap();
    let output = patchbay(directory.path(), &["plugin", "inspect", "a.wasm", "--json"], "");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["kind"], "http-adapter");
    assert_eq!(found["manifest"]["name"], "openai-compatible");
    assert_eq!(found["manifest"]["credentials"][0]["slot"], "api_key");
    assert!(found["exports"][0].as_str().unwrap().starts_with("patchbay:plugin/http-adapter@"));
    assert_eq!((&found["signature"], &found["refused_because"]), (&Value::Null, &Value::Null));
    let output = patchbay(directory.path(), &["plugin", "inspect", "a.wasm"], "");
    assert!(lines(&output.stdout).iter().any(|line| line.starts_with("manifest.name ")));
}

#[test]
fn bench_measures_the_calls_of_the_plugins_kind() {
    let directory = in_directory(&[]);
    fs::write(directory.path().join("a.wasm"), component("cli-text.wasm")).unwrap();
    let output = patchbay(directory.path(), &["plugin", "bench", "a.wasm", "--json"], "");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let calls = found["calls"].as_array().unwrap();
    for name in ["plan", "encode", "decode", "explain"] {
        for instance in ["new instance", "ready instance"] {
            let named = |it: &&Value| it["call"] == format!("{name}, {instance}");
            let call = calls.iter().find(named).unwrap();
            assert_eq!(call["answer"], "good", "{call}");
            assert!(call["calls"].as_u64() > Some(0), "{call}");
        }
    }
    assert!(found["instance_memory_bytes"].as_u64() > Some(0), "{found}");
}

/// Keys of the directory, under the password "secret".
fn signed(directory: &Path) -> PathBuf {
    fs::write(directory.join("a.wasm"), component("openai-compatible.wasm")).unwrap();
    for arguments in
        [&["plugin", "keygen", "my.key"][..], &["plugin", "sign", "a.wasm", "--key", "my.key"]]
    {
        let mut command = command(directory, arguments);
        let output = run(command.env("PATCHBAY_SIGNING_PASSWORD", "secret"), "");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    directory.join("a.wasm.minisig")
}

#[test]
fn a_signature_names_the_plugin_and_only_the_password_makes_one() {
    let directory = in_directory(&[]);
    let signature = fs::read_to_string(signed(directory.path())).unwrap();
    assert!(
        signature.contains("trusted comment: patchbay plugin openai-compatible "),
        "{signature}"
    );

    let sign = ["plugin", "sign", "a.wasm", "--key", "my.key"];
    let mut wrong = command(directory.path(), &sign);
    let output = run(wrong.env("PATCHBAY_SIGNING_PASSWORD", "other"), "");
    let expected = "patchbay: the password does not open my.key; try again";
    assert_eq!(lines(&output.stderr), [expected]);
    let output = patchbay(directory.path(), &sign, "");
    let expected =
        "patchbay: nobody can be asked for a password here; set PATCHBAY_SIGNING_PASSWORD";
    assert_eq!(lines(&output.stderr), [expected]);
    let output = patchbay(directory.path(), &["plugin", "keygen", "my.key", "--no-password"], "");
    assert_eq!(output.status.code(), Some(1), "keys are not written over");
}

#[test]
fn install_sends_the_component_and_its_signature_and_prints_its_state() {
    let directory = in_directory(&[]);
    let signature = fs::read(signed(directory.path())).unwrap();
    let state = json!({ "name": "a", "phase": "serving", "serving": { "version": "1.0.0" } });
    let install = ["plugin", "install", "a.wasm"];
    let done = operate_in(directory.path(), (&install, ""), [Reply::json(200, &state)]);
    done.assert_asked(&["POST /admin/plugins"]);
    assert!(done.good().contains(&"plugin \"a\": 1.0.0 serves".to_owned()), "{:?}", done.output);
    let asked = &done.asked[0];
    assert_eq!(asked.header("content-type"), Some("application/wasm"));
    assert_eq!(asked.header("x-patchbay-signature"), Some(&*BASE64_STANDARD.encode(signature)));
}

#[test]
fn a_gateway_that_takes_no_plugins_is_said_to_be_one() {
    for status in [404, 405] {
        let directory = in_directory(&[("a.wasm", "any bytes: the gateway judges")]);
        let install = ["plugin", "install", "a.wasm"];
        let error = json!({ "error": { "message": "there is nothing here" } });
        let done = operate_in(directory.path(), (&install, ""), [Reply::json(status, &error)]);
        let expected = "patchbay: this gateway takes no plugins over its admin API; copy a.wasm \
                        into its plugins.directory and restart it, or use a newer gateway";
        assert_eq!(done.bad(), [expected]);
    }
}

/// Ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn dev_tries_again_on_every_save_and_ends_on_ctrl_c() {
    let directory = in_directory(&[("Cargo.toml", "no manifest")]);
    let mut dev = toolchain(directory.path(), &["plugin", "dev"]);
    let child = dev.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let mut said = BufReader::new(running.0.stdout.take().unwrap()).lines();
    for content in ["still no manifest", "nor is this"] {
        let line = said.next().unwrap().unwrap();
        assert_eq!(line, "waiting for the next save; Ctrl-C ends");
        fs::write(directory.path().join("Cargo.toml"), content).unwrap();
    }
    assert!(said.next().unwrap().is_ok());
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}
