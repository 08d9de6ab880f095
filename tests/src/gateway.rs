//! The compiled gateway as a child process.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use crate::client::TestClient;
use crate::configuration::{CALLER_KEY, Configuration};
use crate::patience::patiently;

/// Name of the configuration file.
const FILE: &str = "patchbay.toml";

/// A running gateway. Dropping it kills the process.
pub struct Gateway {
    // Killed when dropped, before its folder goes.
    child: Child,
    address: String,
    log: watch::Receiver<Arc<Vec<String>>>,
    folder: Folder,
}

/// Where a gateway keeps its files: gone with it, unless the test starts another one there.
enum Folder {
    Own(TempDir),
    Shared(PathBuf),
}

impl Gateway {
    /// Starts a gateway and waits until it is ready.
    ///
    /// # Errors
    /// The program is missing, ends, or does not become ready; its log is in the message.
    pub async fn start(configuration: Configuration) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for the gateway")?;
        let gateway = Self::start_with(configuration, Folder::Own(folder)).await?;
        let ready = gateway.client().get("/health/ready").await?;
        ensure!(ready.status == 200, "not ready: {}", ready.text());
        Ok(gateway)
    }

    /// Starts a gateway whose files are kept in a folder of the test's, and waits until it
    /// listens. Without a provider it is not ready.
    ///
    /// # Errors
    /// As [`Gateway::start`].
    pub async fn start_in(folder: &Path, configuration: Configuration) -> Result<Self> {
        Self::start_with(configuration, Folder::Shared(folder.to_owned())).await
    }

    async fn start_with(configuration: Configuration, folder: Folder) -> Result<Self> {
        std::fs::write(folder.path().join(FILE), configuration.text())?;
        let mut child = spawn(folder.path())?;
        let mut log = follow(child.stderr.take().context("the gateway has no log")?);
        let found = patiently("the gateway's ready line", async {
            let lines = log.wait_for(|lines| ready_address(lines).is_some()).await;
            lines.ok().and_then(|lines| ready_address(&lines))
        });
        let found = found.await;
        let Ok(Some(address)) = found else {
            let lines = log.borrow().join("\n");
            anyhow::bail!("the gateway did not become ready; its log:\n{lines}");
        };
        Ok(Self { child, address, log, folder })
    }

    /// Kills the gateway with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        patiently("the end of a killed gateway", self.child.kill()).await??;
        Ok(())
    }

    /// Asks the gateway to stop and waits until it has.
    ///
    /// # Errors
    /// It does not end well.
    pub async fn stop(mut self) -> Result<()> {
        let process = self.child.id().context("the gateway has ended already")?.to_string();
        let told = Command::new("kill").args(["-TERM", &process]).status().await?;
        ensure!(told.success(), "the gateway cannot be told to stop");
        let ended = patiently("the end of a gateway", self.child.wait()).await??;
        ensure!(ended.success(), "the gateway ended badly:\n{}", self.log());
        Ok(())
    }

    /// A client with an operator's token, made by the command that operators make theirs with.
    ///
    /// # Errors
    /// There is no token; what the command says is in the message.
    pub async fn operator(&self, role: &str) -> Result<TestClient> {
        let token = Command::new(program()?)
            .args(["token", "--config", FILE, "--subject", "tests", "--role", role])
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .await?;
        ensure!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
        let token = String::from_utf8(token.stdout)?;
        Ok(TestClient::new(&self.address, Some(token.trim())))
    }

    /// A client with the key of the caller `tests`.
    #[must_use]
    pub fn client(&self) -> TestClient {
        TestClient::new(&self.address, Some(CALLER_KEY))
    }

    /// A client with another key, or with none.
    #[must_use]
    pub fn client_with(&self, key: Option<&str>) -> TestClient {
        TestClient::new(&self.address, key)
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Host and port of an admin API that has an address of its own.
    #[must_use]
    pub fn admin_address(&self) -> Option<String> {
        address_in(&self.log.borrow(), "the admin API listens")
    }

    /// Everything logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.borrow().join("\n")
    }

    /// Waits for the access line of a request.
    ///
    /// # Errors
    /// It does not come.
    pub async fn access_line(&self, request_id: &str) -> Result<String> {
        let is_it = |line: &&String| line.contains("access") && line.contains(request_id);
        let mut log = self.log.clone();
        patiently(&format!("the access line of {request_id}"), async {
            let lines = log.wait_for(|lines| lines.iter().any(|line| is_it(&line))).await?;
            lines.iter().find(is_it).cloned().context("the line is gone")
        })
        .await?
    }
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(path) => path,
        }
    }
}

/// Runs a command of the program under test, in a folder and without the machine's settings.
///
/// # Errors
/// It cannot be run.
pub async fn patchbay(folder: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(program()?);
    Ok(command.args(arguments).current_dir(folder).env_clear().output().await?)
}

/// The program under test: `PATCHBAY_BINARY`, else the one that the workspace builds.
fn program() -> Result<PathBuf> {
    let program = match std::env::var_os("PATCHBAY_BINARY") {
        Some(program) => PathBuf::from(program),
        None => built_program(),
    };
    ensure!(
        program.is_file(),
        "{} is not there: run `cargo xtask test`, or build it with `cargo build -p gateway`",
        program.display()
    );
    Ok(std::path::absolute(program)?)
}

fn built_program() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    target.join("debug/patchbay")
}

fn spawn(folder: &Path) -> Result<Child> {
    let program = program()?;
    Command::new(&program)
        .args(["serve", "--config", FILE])
        .current_dir(folder)
        // Nothing of the machine's own settings reaches the gateway under test.
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// Collects the log line by line. The receiver's sender goes when the log ends.
fn follow(log: ChildStderr) -> watch::Receiver<Arc<Vec<String>>> {
    let (sender, receiver) = watch::channel(Arc::new(Vec::new()));
    tokio::spawn(async move {
        let mut lines = BufReader::new(log).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|all| Arc::make_mut(all).push(line));
        }
    });
    receiver
}

/// The address in the line that says that the gateway is ready.
fn ready_address(lines: &[String]) -> Option<String> {
    address_in(lines, "ready")
}

fn address_in(lines: &[String], words: &str) -> Option<String> {
    let host = "127.0.0.1:";
    lines.iter().filter(|line| line.contains(words)).find_map(|line| {
        let (_, rest) = line.split_once(host)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let port: u16 = digits.parse().ok()?;
        (port != 0).then(|| format!("{host}{port}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_ready_line_alone() {
        let lines =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let log = lines(&[
            "provider at 127.0.0.1:9",
            r#"{"message":"ready","address":"127.0.0.1:4711"}"#,
        ]);
        assert_eq!(ready_address(&log).as_deref(), Some("127.0.0.1:4711"));
        assert_eq!(ready_address(&lines(&["listening on 127.0.0.1:4711"])), None);
    }
}
