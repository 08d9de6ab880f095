//! From a checkout to a gateway that answers, without any account at a model vendor.
//!
//! Builds plugins and gateway for release, writes a configuration with the provider `echo` (a
//! real program, run by the process adapter), starts the gateway, waits until it is ready and
//! prints calls that work. Ends the gateway when it is ended itself.

mod configuration;
mod gateway;
mod readiness;

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail, ensure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::workspace::Workspace;
use crate::{plugins, step};

use self::configuration::{DemoKey, JWT_SECRET_VARIABLE, KEY_VARIABLE};
use self::gateway::Gateway;

/// Runs the demo until Ctrl-C or until the gateway ends.
pub(crate) fn run(workspace: &Workspace, listen: SocketAddr) -> Result<()> {
    // Asked before the long build, and again by the gateway itself.
    free_address(listen)?;
    plugins::build_bundled(workspace)?;
    let mut build = step::cargo(workspace.root());
    step::run("gateway, release", build.args(["build", "--release", "--locked", "-p", "gateway"]))?;
    let listen = free_address(listen)?;

    let key = DemoKey::generate()?;
    let jwt_secret = DemoKey::generate()?;
    let file = write_configuration(workspace, listen)?;
    let token = admin_token(workspace, &file, &jwt_secret)?;
    let mut command = patchbay(workspace, "serve", &file)?;
    step::announce("start");
    println!("   {}", step::shown(&command));
    command.env(KEY_VARIABLE, key.reveal()).env(JWT_SECRET_VARIABLE, jwt_secret.reveal());
    let mut gateway = Gateway::start(command, told_to_end()?)?;
    if !gateway.wait_until_ready(listen)? {
        return Ok(());
    }
    step::announce(&format!("the gateway is ready on http://{listen}"));
    println!("{}", configuration::calls(listen, &key, &token));
    gateway.serve_until_ended()
}

/// Writes the configuration of this run. What operators entered in the run before is gone.
fn write_configuration(workspace: &Workspace, listen: SocketAddr) -> Result<PathBuf> {
    let folder = workspace.root().join("target/demo");
    let data = folder.join("data");
    match fs::remove_dir_all(&data) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", data.display()));
        }
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(&data).with_context(|| format!("cannot create {}", data.display()))?;
    let file = folder.join("patchbay.toml");
    fs::write(&file, configuration::text(listen, &data))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// A token for the operator of this run.
fn admin_token(workspace: &Workspace, file: &Path, secret: &DemoKey) -> Result<String> {
    let mut command = patchbay(workspace, "token", file)?;
    command.args(["--role", "admin", "--ttl", "24h"]).env(JWT_SECRET_VARIABLE, secret.reveal());
    let output = command.output().context("cannot make an admin token")?;
    ensure!(
        output.status.success(),
        "cannot make an admin token: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command of the gateway's, with a configuration and without a real installation's variables.
fn patchbay(workspace: &Workspace, subcommand: &str, file: &Path) -> Result<Command> {
    let mut command = Command::new(workspace.gateway_binary("release")?);
    command.args([subcommand, "--config"]).arg(file);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(overrides_the_file) {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// `PATCHBAY_SERVER__LISTEN` of a real installation would win over the demo's file.
fn overrides_the_file(variable: &str) -> bool {
    variable.starts_with("PATCHBAY_")
        && (variable.contains("__") || variable.starts_with("PATCHBAY_MASTER_KEY"))
}

/// Becomes true when the user or the system asks this process to end.
fn told_to_end() -> Result<Arc<AtomicBool>> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&told))
            .context("cannot watch for signals")?;
    }
    Ok(told)
}

/// The address with a port that nobody has: the one named, or any where 0 is named.
fn free_address(listen: SocketAddr) -> Result<SocketAddr> {
    match TcpListener::bind(listen) {
        Ok(listener) => Ok(listener.local_addr()?),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!(
                "{listen} is taken; end what listens there, or choose another: \
                 cargo xtask demo --listen {}:0",
                listen.ip()
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {listen}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_says_how_to_choose_another() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = free_address(holder.local_addr().unwrap()).unwrap_err().to_string();
        assert!(error.contains("is taken") && error.contains("--listen 127.0.0.1:0"), "{error}");
    }

    #[test]
    fn a_real_installations_variables_do_not_reach_the_demo() {
        assert!(overrides_the_file("PATCHBAY_SERVER__LISTEN"));
        assert!(!overrides_the_file(KEY_VARIABLE));
        assert!(!overrides_the_file("PATH"));
    }

    #[test]
    fn port_zero_becomes_a_port() {
        let address = free_address("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(address.port(), 0);
    }
}
