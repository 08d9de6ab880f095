//! Recorded exchanges, and another version of a plugin that is asked the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Result, ensure};
use gateway_tests::{Configuration, Gateway, Provider, Script, UPSTREAM_KEY, Upstream, patchbay};
use serde_json::{Value, json};

use crate::gateway::scenario::CHAT;

const PROMPT: &str = "Quizzical walruses juggle";
const ANSWER: &str = "Frobnicate vigorously";

fn question(model: &str) -> String {
    json!({"model": model, "messages": [{"role": "user", "content": PROMPT}], "stream": true})
        .to_string()
}

/// A stream of Anthropic's that quotes our key.
fn answer() -> Script {
    let events = [
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
            "role": "assistant", "model": "m", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": format!("{ANSWER} {UPSTREAM_KEY}")}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 3}}),
        json!({"type": "message_stop"}),
    ];
    let text: String = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("")))
        .collect();
    Script::with_type("text/event-stream", text)
}

/// A gateway whose provider `claude` is recorded, and `plain` is not.
async fn start(folder: &Path, recording: &str) -> Result<(Gateway, Upstream)> {
    let upstream = Upstream::start(answer()).await?;
    let provider = |id: &str| {
        Provider::of("anthropic", id, &upstream.root_url()).with(&format!("models = [\"{id}-m\"]"))
    };
    let configuration = Configuration::default()
        .recording(recording)
        .provider(&provider("claude").with("record = true"))
        .provider(&provider("plain"));
    Ok((Gateway::start_in(folder, configuration).await?, upstream))
}

async fn ask(gateway: &Gateway, model: &str) -> Result<()> {
    let reply = gateway.client().post(CHAT, question(model)).await?;
    ensure!(reply.status == 200, "{}", reply.text());
    ensure!(reply.content()?.starts_with(ANSWER), "{}", reply.text());
    Ok(())
}

/// Everything in the files of recordings.
fn recorded(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(folder.join("recordings"))? {
        let path = entry?.path();
        let mode = fs::metadata(&path)?.permissions().mode();
        ensure!(mode & 0o077 == 0, "{} has mode {mode:o}", path.display());
        text += &fs::read_to_string(path)?;
    }
    Ok(text)
}

/// The bundled plugin with other bytes in place of some, as a version with a fault has. Its
/// self-test, which is in the same file, expects the same fault.
fn changed_plugin(name: &str, (from, to): (&str, &str)) -> Result<Vec<u8>> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    let mut component = fs::read(plugins.join(name))?;
    ensure!(from.len() == to.len(), "{from} and {to} differ in length");
    let places = component.windows(from.len()).enumerate();
    let places = places.filter(|(_, bytes)| *bytes == from.as_bytes());
    let places: Vec<_> = places.map(|(at, _)| at..at + from.len()).collect();
    ensure!(!places.is_empty(), "{from} is not in {name}");
    for place in places {
        component.splice(place, to.bytes());
    }
    Ok(component)
}

#[tokio::test]
async fn what_was_recorded_tells_a_changed_plugin_from_the_one_in_use() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (gateway, _upstream) = start(folder.path(), "").await?;
    ask(&gateway, "claude-m").await?;
    ask(&gateway, "plain-m").await?;
    let log = gateway.log();
    ensure!(log.contains("recording is on") && log.contains("\"claude\""), "{log}");
    gateway.stop().await?;

    let text = recorded(folder.path())?;
    assert_eq!(text.lines().count(), 1, "{text}");
    for word in PROMPT.split(' ').chain(ANSWER.split(' ')).chain([UPSTREAM_KEY, "plain"]) {
        assert!(!text.contains(word), "{word} in {text}");
    }

    let same = changed_plugin("anthropic-messages.wasm", ("chunk", "chunk"))?;
    fs::write(folder.path().join("same.wasm"), same)?;
    let replay = ["plugin", "test", "same.wasm", "--replay", "recordings", "--json"];
    let output = patchbay(folder.path(), &replay).await?;
    let compared: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(output.status.code(), Some(0), "{compared}");
    assert_eq!(compared["old"]["origin"], "bundled");
    assert_eq!((&compared["exchanges"], &compared["questions"]), (&json!(1), &json!(3)));
    assert_eq!(compared["differences"], json!([]));

    let changed =
        changed_plugin("anthropic-messages.wasm", ("completion.chunk", "completion.chunX"))?;
    fs::write(folder.path().join("changed.wasm"), changed)?;
    let against = ["plugin", "test", "changed.wasm", "--replay", "recordings", "--against"];
    let output = patchbay(folder.path(), &[&against[..], &["same.wasm"]].concat()).await?;
    let said = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("claude at ") && said.contains("documents[0].object differs"), "{said}");
    assert!(said.contains("  new: \"chat.completion.chunX\""), "{said}");
    let error = String::from_utf8(output.stderr)?;
    assert!(error.contains("1 of 3 answers differ"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_not_recorded_leaves_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (gateway, _upstream) = start(folder.path(), "").await?;
    ask(&gateway, "plain-m").await?;
    gateway.stop().await?;
    assert_eq!(recorded(folder.path())?, "");
    Ok(())
}

#[tokio::test]
async fn bounds_hold_and_what_is_kept_on_demand_has_no_credential() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (gateway, _upstream) = start(folder.path(), "max_exchanges = 8\ntexts = \"kept\"").await?;
    for _ in 0..20 {
        ask(&gateway, "claude-m").await?;
    }
    gateway.stop().await?;
    let text = recorded(folder.path())?;
    let lines = text.lines().count();
    assert!((1..=8).contains(&lines), "{lines}");
    assert!(text.contains(PROMPT) && text.contains(ANSWER));
    assert!(!text.contains(UPSTREAM_KEY) && text.contains("[redacted]"));
    Ok(())
}

#[tokio::test]
async fn recording_a_provider_wants_a_place_to_record_to() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = "[[providers]]\nid = \"p\"\nadapter = \"anthropic\"\nmodels = [\"m\"]\n\
                credentials = { api_key = \"sk-1\" }\nbase_url = \"https://a.test\"\nrecord = true\n";
    fs::write(folder.path().join("patchbay.toml"), file)?;
    let output = patchbay(folder.path(), &["check"]).await?;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr)?;
    assert!(said.contains("patchbay.toml:7: providers[0].record: is true"), "{said}");
    assert!(said.contains("add a section [recording]"), "{said}");
    fs::write(folder.path().join("patchbay.toml"), format!("[recording]\n\n{file}"))?;
    let output = patchbay(folder.path(), &["check"]).await?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.path().join("data").exists(), "a check makes nothing");
    Ok(())
}
