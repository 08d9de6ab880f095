//! The compiled binary, as people and scripts see it.

#![expect(clippy::unwrap_used, reason = "a test ends where its surroundings fail")]

mod canned;
mod operators;
mod plugins;
mod serve;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Runs `patchbay` in a directory, with nothing of this process's environment.
fn patchbay(directory: &Path, arguments: &[&str], input: &str) -> Output {
    run(command(directory, arguments).env("REGION", "eu"), input)
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
    command.args(arguments).current_dir(directory).env_clear();
    command
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn in_directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

const GOOD: &str = r#"
[[providers]]
id = "local"
adapter = "openai-compatible"
base_url = "https://${env:REGION}.example.com/v1"
credentials = { api_key = "${file:secret.txt}" }
models = ["m"]

[[providers]]
id = "echo"
adapter = "spawn-cli"
models = ["echo"]
settings = { program = "/bin/echo", arguments = ["{{body}}"] }

[[api_keys]]
id = "laptop"
key = "pb-test"
"#;

#[test]
fn check_says_that_a_good_configuration_is_good() {
    let directory = in_directory(&[("patchbay.toml", GOOD), ("secret.txt", "sk-1\n")]);
    let output = patchbay(directory.path(), &["check"], "");
    assert_eq!(lines(&output.stderr), Vec::<String>::new());
    assert_eq!(lines(&output.stdout), ["patchbay.toml is good: 2 providers, 1 API key, 0 routes"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn check_tries_the_sandboxes_that_providers_demand() {
    let with = |sandbox: &str| {
        let echo = "settings = { program = \"/bin/echo\"";
        let configuration = GOOD.replace(echo, &format!("sandbox = {sandbox}\n{echo}"));
        let files = [("patchbay.toml", configuration.as_str()), ("secret.txt", "sk-1\n")];
        let output = patchbay(in_directory(&files).path(), &["check"], "");
        lines(&output.stderr).join("\n")
    };
    assert_eq!(with("\"basic\""), "");
    let said = with("{ driver = \"basic\", layers = [\"own-kernel\"] }");
    assert!(said.contains("sandbox.layers: the sandbox \"basic\" has no layer"), "{said}");
    let said = with("{ package = \"there-is-no-such-package\" }");
    assert!(said.contains("sandbox.package: "), "{said}");
}

#[test]
fn check_names_every_problem_on_a_line_of_its_own() {
    let bad = GOOD
        .replace("pb-test", "${env:NO_SUCH_VARIABLE}")
        .replace("openai-compatible", "openai-compatibel")
        .replace("program = \"/bin/echo\", ", "")
        + "[sever]\n";
    let directory = in_directory(&[("gw.toml", &bad)]);
    let output = patchbay(directory.path(), &["check", "--config", "gw.toml"], "");
    assert_eq!(
        lines(&output.stderr),
        [
            "gw.toml:4: providers[0].adapter: no adapter \"openai-compatibel\" is loaded; did you mean \"openai-compatible\"?",
            "gw.toml:6: providers[0].credentials.api_key: file \"secret.txt\" cannot be read (No such file or directory (os error 2)); make it readable for the gateway's user",
            "gw.toml:13: providers[1].settings: setting \"program\" is missing, which a plugin needs; add program to settings",
            "gw.toml:17: api_keys[0].key: environment variable \"NO_SUCH_VARIABLE\" is not set; set it for the gateway's process",
            "gw.toml:18: sever: unknown member \"sever\"; did you mean \"server\"?",
            "patchbay: 5 problems in the configuration; mend what is listed above",
        ]
    );
    assert_eq!(lines(&output.stdout), Vec::<String>::new());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn check_names_an_installed_plugin_that_does_not_load() {
    let configuration = "plugins = { directory = \"plugins\", trust = { unsigned = true } }\n";
    let directory = in_directory(&[("patchbay.toml", configuration)]);
    fs::create_dir(directory.path().join("plugins")).unwrap();
    fs::write(directory.path().join("plugins/bad.wasm"), "not a plugin").unwrap();
    let output = patchbay(directory.path(), &["check"], "");
    let errors = lines(&output.stderr);
    assert!(errors[0].starts_with("plugin plugins/bad.wasm is not loaded: "), "{errors:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_signer_that_is_no_key_is_named() {
    let configuration = "plugins = { directory = \"plugins\", trust = { signers = [\"RW\"] } }\n";
    let directory = in_directory(&[("patchbay.toml", configuration)]);
    let output = patchbay(directory.path(), &["check"], "");
    let errors = lines(&output.stderr);
    let expected = "patchbay: plugins.trust.signers[0]: \"RW\" is not a public key of minisign; ";
    assert!(errors[0].starts_with(expected), "{errors:?}");
}

#[test]
fn a_missing_configuration_is_an_error_that_says_what_to_do() {
    let directory = in_directory(&[]);
    for (arguments, expected) in [
        (
            &["check"][..],
            "patchbay: there is no patchbay.toml in the working directory; name a file with --config FILE",
        ),
        (
            &["serve", "--config", "none.toml"][..],
            "patchbay: configuration none.toml cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let output = patchbay(directory.path(), arguments, "");
        assert_eq!(lines(&output.stderr), [expected]);
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    let directory = in_directory(&[]);
    for arguments in [&["serv"][..], &["check", "--confg", "x"], &["key"], &[]] {
        let output = patchbay(directory.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn key_digest_prints_what_the_file_takes() {
    let directory = in_directory(&[]);
    let output = patchbay(directory.path(), &["key", "digest"], "pb-test\n");
    assert_eq!(output.status.code(), Some(0));
    let digest = lines(&output.stdout).remove(0);
    let file = format!("[[api_keys]]\nid = \"k\"\ndigest = \"{digest}\"\n");
    fs::write(directory.path().join("patchbay.toml"), file).unwrap();
    assert_eq!(patchbay(directory.path(), &["check"], "").status.code(), Some(0));
    let output = patchbay(directory.path(), &["key", "digest"], "two words\n");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stderr).len(), 1);
}

#[test]
fn plugin_check_names_each_file_and_fails_if_one_is_bad() {
    let directory = in_directory(&[("bad.wasm", "not a plugin")]);
    let output = patchbay(directory.path(), &["plugin", "check", "bad.wasm", "none.wasm"], "");
    let errors = lines(&output.stderr);
    assert!(errors[0].starts_with("bad.wasm: "), "{errors:?}");
    assert!(errors[1].starts_with("none.wasm: cannot be read: "), "{errors:?}");
    assert!(errors[2].contains("2 of 2 plugins would not load"), "{errors:?}");
    assert_eq!(output.status.code(), Some(1));
}
