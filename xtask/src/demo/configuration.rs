//! What the demo's gateway is told, and what its user is told.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use rand::TryRngCore;
use rand::rngs::OsRng;

/// The variable through which the key reaches the gateway: it is never in a file.
pub(super) const KEY_VARIABLE: &str = "PATCHBAY_DEMO_KEY";

/// The caller's key of one demo run.
pub(super) struct DemoKey(String);

impl DemoKey {
    /// 128 bits from the system's randomness.
    pub(super) fn generate() -> Result<Self> {
        let mut bytes = [0_u8; 16];
        OsRng.try_fill_bytes(&mut bytes).context("the system gives no randomness")?;
        let mut text = "pb-demo-".to_owned();
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The configuration file.
pub(super) fn text(listen: SocketAddr) -> String {
    format!(
        r#"# Written by `cargo xtask demo` and overwritten by its next run.

[server]
listen = "{listen}"

# A real program, run as a child process for each request.
[[providers]]
id = "echo"
adapter = "spawn-cli"
dialect = "cli-text"
models = ["echo"]
settings = {{ program = "/bin/echo", arguments = ["{{{{body}}}}"], timeout_ms = 10000 }}

[[api_keys]]
id = "demo"
key = "${{env:{KEY_VARIABLE}}}"
models = ["*"]

[[routes]]
model = "echo"
candidates = [{{ provider = "echo", model = "echo" }}]
"#
    )
}

/// Calls that work as they are printed.
pub(super) fn calls(listen: SocketAddr, key: &DemoKey) -> String {
    let key = key.reveal();
    let curl = |flags: &str, members: &str| {
        format!(
            "   curl {flags} http://{listen}/v1/chat/completions -H 'authorization: Bearer {key}' \
             -H 'content-type: application/json' -d '{{\"model\":\"echo\",{members}\"messages\":\
             [{{\"role\":\"user\",\"content\":\"hello\"}}]}}'"
        )
    };
    format!(
        "\n   API key: {key}\n\n   one answer:\n{}\n\n   as a stream:\n{}\n\n   \
         from Python (pip install openai):\n   python3 -c 'from openai import OpenAI; \
         c = OpenAI(base_url=\"http://{listen}/v1\", api_key=\"{key}\"); \
         print(c.chat.completions.create(model=\"echo\", messages=[{{\"role\": \"user\", \
         \"content\": \"hello\"}}]).choices[0].message.content)'\n\n   Ctrl-C ends it.\n",
        curl("-s", ""),
        curl("-sN", "\"stream\":true,"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> SocketAddr {
        "127.0.0.1:8080".parse().unwrap()
    }

    #[test]
    fn two_keys_differ_and_are_long() {
        let (one, two) = (DemoKey::generate().unwrap(), DemoKey::generate().unwrap());
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(one.reveal().len(), "pb-demo-".len() + 32);
    }

    #[test]
    fn the_file_names_the_variable_and_never_the_key() {
        let text = text(address());
        assert!(text.contains(r#"key = "${env:PATCHBAY_DEMO_KEY}""#), "{text}");
        assert!(text.contains(r#"arguments = ["{{body}}"]"#), "{text}");
        assert!(!text.contains("pb-"), "{text}");
    }

    #[test]
    fn every_printed_call_carries_key_and_model() {
        let key = DemoKey::generate().unwrap();
        let calls = calls(address(), &key);
        let lines: Vec<&str> = calls
            .lines()
            .filter(|line| line.contains(" curl ") || line.contains("python3"))
            .collect();
        assert_eq!(lines.len(), 3);
        for line in lines {
            assert!(line.contains(key.reveal()) && line.contains("127.0.0.1:8080/v1"), "{line}");
            assert!(line.contains("echo"), "{line}");
        }
    }
}
