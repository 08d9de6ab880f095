//! `patchbay serve`, from its ready line to its end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use super::{in_directory, lines, patchbay};

/// Bounds a wait that would otherwise have no end; nothing depends on its length.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gateway; killed when dropped.
struct Gateway {
    child: Child,
    log: Receiver<String>,
    address: String,
}

impl Gateway {
    /// Starts one on a free port and waits until it is ready.
    fn start(directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_patchbay"))
            .arg("serve")
            .current_dir(directory)
            .env_clear()
            .env("PATCHBAY_SERVER__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, log) = sync_channel(1024);
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|it| sender.send(it))
        });
        let mut gateway = Self { child, log, address: String::new() };
        let ready = gateway.wait_for(" ready address=");
        gateway.address = ready.rsplit('=').next().unwrap().to_owned();
        gateway
    }

    /// The next line of the log that holds a text.
    fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap();
            if line.contains(text) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// Status code of `GET /v1/models` with a key.
    fn status_with(&self, key: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }

    fn end(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn with_key(key: &str) -> String {
    format!("[[api_keys]]\nid = \"k\"\nkey = \"{key}\"\n")
}

#[test]
fn a_good_file_is_taken_over_on_hangup_and_a_bad_one_changes_nothing() {
    let directory = in_directory(&[("patchbay.toml", &with_key("pb-1"))]);
    let file = directory.path().join("patchbay.toml");
    let gateway = Gateway::start(directory.path());
    assert_eq!(gateway.status_with("pb-1"), "200");
    fs::write(&file, with_key("two words")).unwrap();
    gateway.signal("HUP");
    let problem = gateway.wait_for("patchbay.toml:3: api_keys[0].key");
    assert!(!problem.contains("two words"), "{problem}");
    gateway.wait_for("not reloaded");
    assert_eq!(gateway.status_with("pb-1"), "200");
    fs::write(&file, with_key("pb-2")).unwrap();
    gateway.signal("HUP");
    gateway.wait_for("configuration reloaded");
    assert_eq!(gateway.status_with("pb-1"), "401");
    assert_eq!(gateway.status_with("pb-2"), "200");
}

#[test]
fn a_changed_file_is_noticed_without_a_signal() {
    let directory = in_directory(&[("patchbay.toml", &with_key("pb-1"))]);
    let gateway = Gateway::start(directory.path());
    fs::write(directory.path().join("patchbay.toml"), with_key("pb-longer")).unwrap();
    gateway.wait_for("configuration reloaded");
    assert_eq!(gateway.status_with("pb-longer"), "200");
}

#[test]
fn what_takes_effect_at_start_only_is_named_on_reload() {
    let directory = in_directory(&[("patchbay.toml", &with_key("pb-1"))]);
    let gateway = Gateway::start(directory.path());
    let changed = format!("[log]\nlevel = \"debug\"\n{}", with_key("pb-1"));
    fs::write(directory.path().join("patchbay.toml"), changed).unwrap();
    gateway.signal("HUP");
    gateway.wait_for("restart to use them");
}

#[test]
fn both_ending_signals_end_it_well() {
    for signal in ["TERM", "INT"] {
        let directory = in_directory(&[("patchbay.toml", &with_key("pb-1"))]);
        let mut gateway = Gateway::start(directory.path());
        gateway.signal(signal);
        gateway.wait_for(" stopped");
        assert!(gateway.end().success(), "{signal}");
    }
}

#[test]
fn a_plugin_that_is_put_in_place_serves_without_a_restart() {
    let configuration = "plugins = { directory = \"plugins\", trust = { unsigned = true } }\n"
        .to_owned()
        + &with_key("pb-1");
    let directory = in_directory(&[("patchbay.toml", &configuration)]);
    let plugins = directory.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    let mut gateway = Gateway::start(directory.path());
    fs::copy(bundled("cli-text.wasm"), plugins.join(".new")).unwrap();
    fs::rename(plugins.join(".new"), plugins.join("cli-text.wasm")).unwrap();
    gateway.wait_for(" serves plugin.name=\"cli-text\"");
    fs::write(plugins.join("bad.wasm"), "not a plugin").unwrap();
    gateway.wait_for("bad.wasm does not serve: inspect: ");
    fs::remove_file(plugins.join("cli-text.wasm")).unwrap();
    gateway.wait_for("cli-text serves no more");
    // A check beside it does not disturb it.
    let check = patchbay(directory.path(), &["check"], "");
    assert_eq!(check.status.code(), Some(1));
    assert!(lines(&check.stderr)[0].starts_with("plugin plugins/bad.wasm is not loaded: "));
    gateway.signal("TERM");
    gateway.wait_for(" stopped");
    assert!(gateway.end().success());
}

/// A component that the gateway was built with.
fn bundled(file: &str) -> PathBuf {
    let directory = option_env!("PATCHBAY_BUNDLED_PLUGINS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins"),
        PathBuf::from,
    );
    directory.join(file)
}

#[test]
fn a_taken_address_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let configuration = format!("server.listen = \"{address}\"\nlog.level = \"off\"\n");
    let directory = in_directory(&[("patchbay.toml", &configuration)]);
    let output = patchbay(directory.path(), &["serve"], "");
    let expected = format!(
        "patchbay: address {address} is taken; stop what listens there, or choose another with \
         server.listen or PATCHBAY_SERVER__LISTEN"
    );
    assert_eq!(lines(&output.stderr), [expected]);
    assert_eq!(output.status.code(), Some(1));
}
