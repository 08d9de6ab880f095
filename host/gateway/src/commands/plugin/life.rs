//! What operators do with the plugins of a running gateway.

mod shown;
mod versions;

use anyhow::bail;
use http::Method;
use serde_json::{Map, Value, json};

use crate::command_line::{GatewayChoice, Pinned, PluginLifeCommand, Rule, Share, Start};
use crate::commands::admin_client::{AdminClient, Answer, Ask};
use crate::commands::collection::print_json;
use crate::terminal::{self, harmless};

pub(super) use shown::summary;

/// Asks the gateway and prints what has come of it.
pub(in crate::commands) fn operate(command: &PluginLifeCommand) -> anyhow::Result<()> {
    use PluginLifeCommand as C;
    match command {
        C::List(gateway) => list(gateway),
        C::Show { name, gateway } => show(name, gateway),
        C::Approve { name, version, pinned } => {
            let seen = Seen::of(name, pinned)?;
            let digest = versions::to_approve(seen.plugin(), version.as_deref())?;
            seen.act("approve", Some(json!({ "digest": digest })))
        }
        C::Pin(choice) => Seen::of(&choice.name, &choice.pinned)?.act("pin", None),
        C::Unpin(choice) => Seen::of(&choice.name, &choice.pinned)?.act("unpin", None),
        C::Rollback { name, version, pinned } => {
            let seen = Seen::of(name, pinned)?;
            let kept = |version: &String| versions::kept(seen.plugin(), version);
            let digest = version.as_ref().map(kept).transpose()?;
            seen.act("rollback", Some(json!({ "digest": digest })))
        }
        C::Canary { name, version, share, rule, pinned } => {
            let seen = Seen::of(name, pinned)?;
            let digest = versions::kept(seen.plugin(), version)?;
            let mut document = plan(*share, *rule);
            document.insert("digest".to_owned(), digest.into());
            seen.act("canary", Some(document.into()))
        }
        C::Promote(choice) => Seen::of(&choice.name, &choice.pinned)?.act("promote", None),
        C::Rollout { name, start, rule, pinned } => {
            Seen::of(name, pinned)?.act("rollout", Some(rollout(*start, *rule).into()))
        }
        C::Remove(choice) => remove(&choice.name, &choice.pinned),
    }
}

/// `{"kind": …}` as the admin API takes it.
fn rollout(start: Start, rule: Rule) -> Map<String, Value> {
    let (kind, mut document) = match start {
        Start::Immediate => ("immediate", Map::new()),
        Start::Canary(share) => ("canary", plan(share, rule)),
    };
    document.insert("kind".to_owned(), kind.into());
    document
}

fn plan(share: Share, rule: Rule) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("share_permille".to_owned(), share.0.into());
    if let Some(calls) = rule.promote_after {
        let auto = json!({ "calls": calls, "worse_permille": rule.tolerance.0 });
        document.insert("auto".to_owned(), auto);
    }
    document
}

fn list(gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let answer = client.ask(Ask::get(&["plugins"]))?.body;
    if gateway.json {
        print_json(&answer);
    } else {
        shown::print_list(&answer);
    }
    Ok(())
}

fn show(name: &str, gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let plugin = client.ask(Ask::get(&["plugins", name]))?.body;
    if gateway.json {
        print_json(&plugin);
    } else {
        shown::print_one(&plugin);
    }
    Ok(())
}

fn remove(name: &str, pinned: &Pinned) -> anyhow::Result<()> {
    let seen = Seen::of(name, pinned)?;
    let ask = seen.pinned_to_it(Ask::new(Method::DELETE, &["plugins", name]));
    seen.client.ask(ask)?;
    if pinned.gateway.json {
        print_json(&json!({ "name": name }));
    } else {
        terminal::say(&harmless(&format!("plugin {name:?} was removed")));
    }
    Ok(())
}

/// A plugin as it was read before it is changed: the change is refused if it is another by then.
struct Seen<'a> {
    client: AdminClient,
    answer: Answer,
    name: &'a str,
    pinned: &'a Pinned,
}

impl<'a> Seen<'a> {
    fn of(name: &'a str, pinned: &'a Pinned) -> anyhow::Result<Self> {
        if name.is_empty() {
            bail!("the name is empty; `patchbay plugin list` shows names");
        }
        let client = AdminClient::try_new(&pinned.gateway)?;
        let answer = client.ask(Ask::get(&["plugins", name]))?;
        Ok(Self { client, answer, name, pinned })
    }

    fn plugin(&self) -> &Value {
        &self.answer.body
    }

    fn pinned_to_it(&self, ask: Ask) -> Ask {
        match self.pinned.if_match.as_ref().or(self.answer.etag.as_ref()) {
            Some(etag) => ask.if_match(etag.clone()),
            // What has no tag cannot be changed; the gateway says so.
            None => ask,
        }
    }

    fn act(&self, action: &str, document: Option<Value>) -> anyhow::Result<()> {
        let mut ask = Ask::new(Method::POST, &["plugins", self.name, action]);
        if let Some(document) = document {
            ask = ask.with_document(document);
        }
        let plugin = self.client.ask(self.pinned_to_it(ask))?.body;
        if self.pinned.gateway.json {
            print_json(&plugin);
        } else {
            terminal::say(&harmless(&summary(&plugin)));
        }
        Ok(())
    }
}
