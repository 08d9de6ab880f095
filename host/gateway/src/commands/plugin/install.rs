//! `patchbay plugin install`

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::component::{read_named, signature_of};
use super::life::summary;
use crate::command_line::{GatewayChoice, Installation, Start};
use crate::commands::admin_client::{AdminClient, Ask, Refusal};
use crate::commands::collection::print_json;
use crate::commands::members::text;
use crate::terminal::{self, harmless};

/// The file `NAME.minisig`, in base64.
const SIGNATURE: HeaderName = HeaderName::from_static("x-patchbay-signature");

/// Sends a component to a running gateway and prints what has become of it.
pub(in crate::commands) fn install(installation: &Installation) -> anyhow::Result<()> {
    let Installation { file, signature, gateway, .. } = installation;
    let state = send(file, signature.as_deref(), (gateway, &query(installation)))?;
    if gateway.json {
        print_json(&state);
    } else {
        terminal::say(&harmless(&summary(&state)));
    }
    Ok(())
}

/// As [`install`], in one line.
pub(super) fn install_briefly(file: &Path, gateway: &GatewayChoice) -> anyhow::Result<()> {
    let state = send(file, None, (gateway, &[]))?;
    let [name, version, phase] = ["name", "version", "phase"].map(|it| text(&state, it));
    terminal::say(&harmless(&format!("installed {name} {version}: {phase}")));
    Ok(())
}

/// How it starts, as the admin API is told.
fn query(installation: &Installation) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    match installation.start {
        None => return query,
        Some(Start::Immediate) => query.push(("rollout", "immediate".to_owned())),
        Some(Start::Canary(share)) => {
            query.push(("rollout", "canary".to_owned()));
            query.push(("share_permille", share.0.to_string()));
            if let Some(calls) = installation.rule.promote_after {
                query.push(("auto_calls", calls.to_string()));
                query.push(("auto_worse_permille", installation.rule.tolerance.0.to_string()));
            }
        }
    }
    query
}

fn send(
    file: &Path,
    signature: Option<&Path>,
    (gateway, query): (&GatewayChoice, &[(&'static str, String)]),
) -> anyhow::Result<Value> {
    let bytes = read_named(file)?;
    let mut ask = Ask::new(Method::POST, &["plugins"]).with_body("application/wasm", bytes);
    for (name, value) in query {
        ask = ask.with_query(name, value.as_str());
    }
    if let Some(signature) = signature_for(file, signature)? {
        let value = HeaderValue::from_str(&BASE64_STANDARD.encode(signature))?;
        ask = ask.with_header(SIGNATURE, value);
    }
    let answer = AdminClient::try_new(gateway)?.ask(ask);
    answer.map(|it| it.body).map_err(|error| explained(error, file))
}

/// The signature that was named, or the one beside the file.
fn signature_for(file: &Path, named: Option<&Path>) -> anyhow::Result<Option<Vec<u8>>> {
    let beside = signature_of(file);
    let path = named.unwrap_or(&beside);
    match fs::read(path) {
        Ok(signature) => Ok(Some(signature)),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("signature {} cannot be read", path.display()))
        }
    }
}

/// A gateway that takes no plugins this way says only that there is nothing.
fn explained(error: anyhow::Error, file: &Path) -> anyhow::Error {
    let status = error.downcast_ref::<Refusal>().and_then(Refusal::status);
    match status {
        Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => anyhow!(
            "this gateway takes no plugins over its admin API; copy {} into its plugins.directory \
             and restart it, or use a newer gateway",
            file.display()
        ),
        _ => error,
    }
}
