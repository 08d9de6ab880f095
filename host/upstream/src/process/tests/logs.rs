//! What the log says of a run, and what it must not say.

use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use super::network::{bash, granted, granting};
use super::*;

/// Collects log lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

/// One subscriber for the whole test program: whether a line is wanted is remembered for all
/// threads, so that a subscriber of one thread could miss lines.
static LINES: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    lines
});

impl Lines {
    /// The lines of one request.
    fn of(&self, request_id: &str) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let mark = format!(r#""request.id":"{request_id}""#);
        let lines: Vec<_> = text.lines().filter(|line| line.contains(&mark)).collect();
        lines.join("\n")
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_run_is_one_line_with_its_command_and_neither_body_nor_secret() {
    let lines = &*LINES;
    let upstream = ProcessUpstream::try_new().unwrap();
    let script = "echo \"$0 $KEY\" >&2; printf '\\033[1m' >&2; echo out";
    let exchange = with_plan(exchange("/bin/sh", &["-c", script, ""]), |plan| {
        plan.arguments[2].takes_body = true;
    });
    let mut exchange = with_secret(exchange, "KEY", "sk-0123456789");
    exchange.request_id = RequestId::parse("req-line").unwrap();
    exchange.body = Bytes::from_static(b"a private question");
    let reply = upstream.run(exchange).await.unwrap();
    drain(reply).await;
    upstream.shutdown().await;
    let text = lines.of("req-line");
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in [
        r#""target":"process""#,
        r#""provider.id":"programs""#,
        r#""request.id":"req-line""#,
        r#""output_bytes":4"#,
        r#""exit":"exit status: 0""#,
        r#""ending":"exited""#,
        "KEY=[credential] /bin/sh -c ",
        " [body]\"",
        "[redacted] [redacted]",
        "\"duration_ms\":",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for part in ["sk-0123456789", "private question", "\u{1b}", "\\u001b"] {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn a_run_that_was_cancelled_says_so() {
    let lines = &*LINES;
    let upstream = ProcessUpstream::try_new().unwrap();
    let mut exchange = shell("echo x; exec /bin/sleep 300");
    exchange.request_id = RequestId::parse("req-cancelled").unwrap();
    let mut reply = upstream.run(exchange).await.unwrap();
    next_text(&mut reply).await;
    drop(reply);
    upstream.shutdown().await;
    let text = lines.of("req-cancelled");
    assert!(text.contains("killed: cancelled"), "{text}");
    assert!(text.contains("signal: 9"), "{text}");
}

#[tokio::test]
async fn hosts_that_are_refused_are_logged_without_path_and_secret_and_not_without_end() {
    let lines = &*LINES;
    let Some(upstream) = granting() else { return };
    let script = "for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f g h; do \
                  ask \"GET http://$KEY.example/path-$i HTTP/1.1\"; read -r <&3; done; echo done";
    let exchange = granted(bash(script), "127.0.0.1", 9);
    let mut exchange = with_secret(exchange, "KEY", "sk-0123456789ABC");
    exchange.request_id = RequestId::parse("req-refused-hosts").unwrap();
    let (text, _) = drain(upstream.run(exchange).await.unwrap()).await;
    assert_eq!(text, "done\n");
    let refusals = lines.of("req-refused-hosts");
    let refusals: Vec<_> =
        refusals.lines().filter(|line| line.contains("did not reach a host")).collect();
    assert_eq!(refusals.len(), 16);
    for line in refusals {
        assert!(line.contains(".example:80") && line.contains("not granted"), "{line}");
        assert!(!line.contains("path-"), "{line}");
        assert!(!line.to_lowercase().contains("sk-0123"), "{line}");
    }
}
