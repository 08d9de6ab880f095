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
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::workspace::Workspace;
use crate::{plugins, step};

use self::configuration::{DemoKey, KEY_VARIABLE};
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
    let mut command = serve_command(workspace, listen)?;
    step::announce("start");
    println!("   {}", step::shown(&command));
    command.env(KEY_VARIABLE, key.reveal());
    let mut gateway = Gateway::start(command, told_to_end()?)?;
    if !gateway.wait_until_ready(listen)? {
        return Ok(());
    }
    step::announce(&format!("the gateway is ready on http://{listen}"));
    println!("{}", configuration::calls(listen, &key));
    gateway.serve_until_ended()
}

/// `patchbay serve` with a configuration written for this run.
fn serve_command(workspace: &Workspace, listen: SocketAddr) -> Result<Command> {
    let folder = workspace.root().join("target/demo");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = folder.join("patchbay.toml");
    fs::write(&file, configuration::text(listen))
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = Command::new(workspace.gateway_binary("release")?);
    command.args(["serve", "--config"]).arg(&file);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(overrides_the_file) {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// `PATCHBAY_SERVER__LISTEN` of a real installation would win over the demo's file.
fn overrides_the_file(variable: &str) -> bool {
    variable.starts_with("PATCHBAY_") && variable.contains("__")
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
