//! `patchbay provider …`

use anyhow::bail;
use http::Method;
use serde_json::{Map, Value, json};

use super::admin_client::{AdminClient, Ask};
use super::collection::{Collection, Column, print_json, state};
use super::members::text;
use super::{document, table};
use crate::command_line::{
    NewProvider, ProviderChange, ProviderChoice, Rollback, Rotation, wrong_usage,
};
use crate::terminal;

/// Providers.
pub(super) const PROVIDERS: Collection = Collection {
    noun: "provider",
    segment: "providers",
    name_member: "id",
    columns: &[
        Column { heading: "ID", text: |provider| text(provider, "id") },
        Column { heading: "ADAPTER", text: |provider| text(provider, "adapter") },
        Column { heading: "STATE", text: state },
        Column { heading: "MODELS", text: |provider| text(provider, "models") },
        Column { heading: "BASE URL", text: |provider| text(provider, "base_url") },
        Column { heading: "ORIGIN", text: |provider| text(provider, "origin") },
    ],
};

/// The steps of a probe, in their order.
const STEPS: [&str; 4] = ["reach", "tls", "credential", "models"];

/// Adds a provider.
pub(super) fn create(new: &NewProvider) -> anyhow::Result<()> {
    if new.slot.is_some() && document::is_standard_input(&new.file) {
        return Err(wrong_usage("document and secret cannot both be on standard input"));
    }
    let mut document = document::read(&new.file)?;
    if let Some(slot) = &new.slot {
        put_secret(&mut document, slot.as_str(), document::secret(slot.as_str())?)?;
    }
    let made = PROVIDERS.create(document, &new.gateway)?.body;
    PROVIDERS.report("was added", &made, &new.gateway);
    Ok(())
}

/// Replaces a provider's document.
pub(super) fn replace(change: &ProviderChange) -> anyhow::Result<()> {
    PROVIDERS.replace(change.id.as_str(), document::read(&change.file)?, &change.pinned)
}

/// Changes members of a provider.
pub(super) fn patch(change: &ProviderChange) -> anyhow::Result<()> {
    PROVIDERS.patch(change.id.as_str(), document::read(&change.file)?, &change.pinned)
}

/// Asks a provider for real and prints each step.
///
/// # Errors
/// If the provider is not good.
pub(super) fn test(choice: &ProviderChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(&choice.gateway)?;
    let id = choice.id.as_str();
    let report = client.ask(Ask::new(Method::POST, &[PROVIDERS.segment, id, "test"]))?.body;
    if choice.gateway.json {
        print_json(&report);
    } else {
        let rows: Vec<_> = STEPS.iter().map(|step| row(&report, step)).collect();
        table::print(&["STEP", "VERDICT", "TOOK", "MESSAGE"], &rows);
        let models = report.get("model_ids").and_then(Value::as_array).map_or(0, Vec::len);
        if models > 0 {
            terminal::say(&format!("{models} models, like {}", some_models(&report)));
        }
    }
    if report.get("good").and_then(Value::as_bool) != Some(true) {
        bail!("provider {id:?} is not good; mend the step that failed");
    }
    Ok(())
}

/// Replaces a secret by the one on standard input.
pub(super) fn rotate(rotation: &Rotation) -> anyhow::Result<()> {
    let gateway = &rotation.pinned.gateway;
    let client = AdminClient::try_new(gateway)?;
    let slot = rotation.slot.as_str();
    let wish = json!({
        "credentials": { slot: document::secret(slot)? },
        "grace_seconds": rotation.grace.0.as_secs(),
        "verify": !rotation.no_verify,
    });
    let path = [PROVIDERS.segment, rotation.id.as_str(), "rotate-credentials"];
    let mut ask = Ask::new(Method::POST, &path).with_document(wish);
    if let Some(etag) = &rotation.pinned.if_match {
        ask = ask.if_match(etag.clone());
    }
    let view = client.ask(ask)?.body;
    let until = terminal::harmless(&text(&view, "previous_credentials.until"));
    let kept = if until == "-" {
        String::new()
    } else {
        format!("; the previous one is kept until {until}")
    };
    PROVIDERS.report(&format!("has a new {slot}{kept}"), &view, gateway);
    Ok(())
}

/// Puts the previous secret back.
pub(super) fn roll_back(rollback: &Rollback) -> anyhow::Result<()> {
    let gateway = &rollback.pinned.gateway;
    let client = AdminClient::try_new(gateway)?;
    let path = [PROVIDERS.segment, rollback.id.as_str(), "rollback-credentials"];
    let mut ask = Ask::new(Method::POST, &path);
    if let Some(etag) = &rollback.pinned.if_match {
        ask = ask.if_match(etag.clone());
    }
    PROVIDERS.report("has its previous credentials again", &client.ask(ask)?.body, gateway);
    Ok(())
}

fn put_secret(document: &mut Value, slot: &str, secret: String) -> anyhow::Result<()> {
    let credentials = document
        .as_object_mut()
        .map(|members| members.entry("credentials").or_insert_with(|| Value::Object(Map::new())));
    let Some(credentials) = credentials.and_then(Value::as_object_mut) else {
        bail!("credentials of the document is no table; write none, or one of slots");
    };
    if credentials.insert(slot.to_owned(), secret.into()).is_some() {
        bail!("the document holds a secret for {slot} already; leave it out there");
    }
    Ok(())
}

fn row(report: &Value, step: &str) -> Vec<String> {
    let took = report.get(step).and_then(|it| it.get("took_ms")).and_then(Value::as_f64);
    vec![
        step.to_owned(),
        text(report, &format!("{step}.verdict")),
        took.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms")),
        text(report, &format!("{step}.message")),
    ]
}

fn some_models(report: &Value) -> String {
    let models = report.get("model_ids").and_then(Value::as_array).into_iter().flatten();
    let some: Vec<_> = models.filter_map(Value::as_str).take(5).collect();
    terminal::harmless(&some.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_joins_the_documents_credentials() {
        for (mut document, expected) in [
            (json!({"id": "a"}), json!({"id": "a", "credentials": {"api_key": "s"}})),
            (
                json!({"credentials": {"other": "t"}}),
                json!({"credentials": {"other": "t", "api_key": "s"}}),
            ),
        ] {
            put_secret(&mut document, "api_key", "s".to_owned()).unwrap();
            assert_eq!(document, expected);
        }
        for mut document in [json!({"credentials": {"api_key": "t"}}), json!({"credentials": "t"})]
        {
            assert!(put_secret(&mut document, "api_key", "s".to_owned()).is_err(), "{document}");
        }
    }
}
