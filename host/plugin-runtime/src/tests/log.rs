//! What plugins write to the log.

use std::io::{self, Write};
use std::sync::{Mutex, Once};

use super::*;

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Written;

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on, every event of the process is kept. Tests tell theirs by the plugin's name.
pub(super) fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::TRACE)
            .with_env_filter("plugin=trace")
            .with_writer(|| Written)
            .init();
    });
}

/// Lines that a plugin wrote.
pub(super) fn lines_of(plugin: &str) -> Vec<String> {
    let written = WRITTEN.lock().unwrap();
    let text = String::from_utf8_lossy(&written).into_owned();
    let tag = format!("plugin.name=\"{plugin}\"");
    text.lines().filter(|line| line.contains(&tag)).map(str::to_owned).collect()
}

/// A normalizer that logs a message a number of times when it encodes.
fn talkative(name: &str, message: &str, times: u32) -> Guest {
    let mut guest = Guest::egress(name);
    let (level, level_length) = guest.text("warn");
    let (text, length) = guest.text(message);
    let mut answer = 0;
    let guest = guest.answer_with("encode", |image| {
        answer = image.encoded("encoded", None);
        answer
    });
    guest.body(
        "encode",
        format!(
            "(local $left i32) (local.set $left (i32.const {times}))
             (loop $again
               (call $log (i32.const {level}) (i32.const {level_length})
                 (i32.const {text}) (i32.const {length}))
               (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
             (i32.const {answer})"
        ),
    )
}

#[tokio::test]
async fn a_line_is_tagged_with_plugin_and_request() {
    keep_log();
    let registry = registry();
    install(&registry, &talkative("tagged", "hello", 1));
    assert_serves(&registry, "tagged").await;
    let lines = lines_of("tagged");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("WARN") && lines[0].contains("hello"), "{lines:?}");
    assert!(lines[0].contains("request.id=\"request-1\""), "{lines:?}");
}

#[tokio::test]
async fn a_flood_is_cut_at_64_lines_and_counted() {
    keep_log();
    let registry = registry();
    install(&registry, &talkative("flood", "x", 1000));
    assert_serves(&registry, "flood").await;
    eventually("the rest is counted", || lines_of("flood").len() > 64);
    let lines = lines_of("flood");
    assert_eq!(lines.len(), 65);
    assert!(lines[64].contains("dropped_lines=936"), "{}", lines[64]);
}

#[tokio::test]
async fn a_message_cannot_forge_a_line() {
    keep_log();
    let registry = registry();
    let message = "a\n2030-01-01 ERROR plugin.name=\"forger\" forged\u{1b}[2J";
    install(&registry, &talkative("forger", message, 1));
    assert_serves(&registry, "forger").await;
    let lines = lines_of("forger");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains('\u{1b}'));
}

#[tokio::test]
async fn a_long_message_is_cut() {
    keep_log();
    let registry = registry();
    install(&registry, &talkative("lengthy", &"x".repeat(10_000), 1));
    assert_serves(&registry, "lengthy").await;
    let line = lines_of("lengthy").remove(0);
    assert_eq!(line.matches('x').count(), 2048);
}
