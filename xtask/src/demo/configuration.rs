//! What the demo's gateway is told, and what its user is told.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use rand::TryRngCore;
use rand::rngs::OsRng;

/// The variable through which the key reaches the gateway: it is never in a file.
pub(super) const KEY_VARIABLE: &str = "PATCHBAY_DEMO_KEY";

/// Likewise, what operators' tokens are signed with.
pub(super) const JWT_SECRET_VARIABLE: &str = "PATCHBAY_DEMO_ADMIN_JWT_SECRET";

/// A secret of one demo run.
pub(super) struct DemoKey(String);

impl DemoKey {
    /// 256 bits from the system's randomness.
    pub(super) fn generate() -> Result<Self> {
        let mut bytes = [0_u8; 32];
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

/// The configuration file; what operators enter is kept in `data`.
pub(super) fn text(listen: SocketAddr, data: &Path) -> String {
    let store = toml_text(&data.join("store"));
    format!(
        r#"# Written by `cargo xtask demo` and overwritten by its next run.

[server]
listen = "{listen}"

[store]
path = {store}

[admin]
jwt_secret = "${{env:{JWT_SECRET_VARIABLE}}}"

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

/// A path as a TOML basic string, which JSON's strings are.
fn toml_text(path: &Path) -> String {
    let path = path.display().to_string();
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// Calls that work as they are printed.
pub(super) fn calls(listen: SocketAddr, key: &DemoKey, token: &str) -> String {
    let key = key.reveal();
    let curl = |flags: &str, members: &str| {
        format!(
            "   curl {flags} http://{listen}/v1/chat/completions -H 'authorization: Bearer {key}' \
             -H 'content-type: application/json' -d '{{\"model\":\"echo\",{members}\"messages\":\
             [{{\"role\":\"user\",\"content\":\"hello\"}}]}}'"
        )
    };
    format!(
        "\n   API key: {key}\n   admin token, for a day: {token}\n\n   one answer:\n{}\n\n   as a stream:\n{}\n\n   \
         from Python (pip install openai):\n   python3 -c 'from openai import OpenAI; \
         c = OpenAI(base_url=\"http://{listen}/v1\", api_key=\"{key}\"); \
         print(c.chat.completions.create(model=\"echo\", messages=[{{\"role\": \"user\", \
         \"content\": \"hello\"}}]).choices[0].message.content)'\n\n   what operators see:\n   curl -s \
         http://{listen}/admin/status -H 'authorization: Bearer {token}'\n\n   Ctrl-C ends it.\n",
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
        assert_eq!(one.reveal().len(), "pb-demo-".len() + 64);
    }

    #[test]
    fn the_file_names_the_variable_and_never_the_key() {
        let text = text(address(), Path::new("data"));
        assert!(text.contains(r#"key = "${env:PATCHBAY_DEMO_KEY}""#), "{text}");
        assert!(text.contains(r#"arguments = ["{{body}}"]"#), "{text}");
        assert!(text.contains(r#"path = "data/store""#), "{text}");
        assert!(!text.contains("pb-"), "{text}");
    }

    #[test]
    fn every_printed_call_carries_key_and_model() {
        let key = DemoKey::generate().unwrap();
        let calls = calls(address(), &key, "token");
        let lines: Vec<&str> = calls.lines().filter(|line| line.contains("/v1")).collect();
        assert_eq!(lines.len(), 3);
        for line in lines {
            assert!(line.contains(key.reveal()) && line.contains("127.0.0.1:8080/v1"), "{line}");
            assert!(line.contains("echo"), "{line}");
        }
    }
}
