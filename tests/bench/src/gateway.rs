//! Starts the gateway as an operator would: its own configuration, everything else by default.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::affinity::Placement;
use crate::case::MODEL;
use crate::load;
use crate::process::ServerProcess;

/// The caller's key, in every request of the benchmark; the other servers ignore it.
pub(crate) const CALLER_KEY: &str = "pb-bench-0123456789abcdef0123456789abcdef";

const UPSTREAM_KEY: &str = "sk-bench-0123456789abcdef";

/// How often readiness is asked for, and how long to wait in between.
const READINESS_LOOKS: usize = 600;
const READINESS_PAUSE: Duration = Duration::from_millis(100);

/// Starts the gateway with these providers and waits until it is ready.
///
/// # Errors
/// The gateway ends, or is not ready within a minute; the end of its log is in the message.
pub(crate) async fn start(
    program: &Path,
    providers: &str,
    placement: Placement,
) -> Result<ServerProcess> {
    let workspace = tempfile::tempdir().context("cannot make a folder for the gateway")?;
    let address = free_address()?;
    let configuration = workspace.path().join("patchbay.toml");
    std::fs::write(&configuration, configuration_text(address, providers))?;
    let child = placement.on_server(|| spawn(program, &workspace))?;
    let log = workspace.path().join("log");
    let mut server = Starting { child, address };
    match server.wait().await {
        Ok(()) => Ok(ServerProcess::new(server.child, address, Some(workspace))),
        Err(error) => {
            // Both fail only if the process has ended already.
            let _ = server.child.kill();
            let _ = server.child.wait();
            Err(error.context(log_end(&log)))
        }
    }
}

struct Starting {
    child: Child,
    address: SocketAddr,
}

impl Starting {
    async fn wait(&mut self) -> Result<()> {
        for _ in 0..READINESS_LOOKS {
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended with {status}");
            }
            if load::answers_ok(self.address, "/health/ready").await {
                return Ok(());
            }
            tokio::time::sleep(READINESS_PAUSE).await;
        }
        bail!("the gateway is not ready after a minute")
    }
}

fn spawn(program: &Path, workspace: &TempDir) -> Result<Child> {
    let log = File::create(workspace.path().join("log"))?;
    Command::new(program)
        .args(["serve", "--config", "patchbay.toml"])
        .current_dir(workspace.path())
        .env("BENCH_CALLER_KEY", CALLER_KEY)
        .env("BENCH_UPSTREAM_KEY", UPSTREAM_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// The mock as a provider that speaks OpenAI's API, and its route.
pub(crate) fn mock_provider(upstream: SocketAddr) -> String {
    format!(
        r#"
[[providers]]
id = "mock"
adapter = "openai-compatible"
base_url = "http://{upstream}/v1"
credentials = {{ api_key = "${{env:BENCH_UPSTREAM_KEY}}" }}
models = ["{MODEL}"]

[[routes]]
model = "{MODEL}"
candidates = [ {{ provider = "mock", model = "{MODEL}", weight = 1 }} ]
"#
    )
}

fn configuration_text(address: SocketAddr, providers: &str) -> String {
    format!(
        r#"[server]
listen = "{address}"
{providers}
[[api_keys]]
id = "bench"
key = "${{env:BENCH_CALLER_KEY}}"
models = ["*"]
"#
    )
}

/// An address that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on loopback")?;
    Ok(listener.local_addr()?)
}

fn log_end(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
    format!("the gateway did not start; the end of its log:\n{}", end.join("\n"))
}
