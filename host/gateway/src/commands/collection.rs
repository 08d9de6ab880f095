//! What providers, API keys and routes have in common at the command line.

use http::Method;
use serde_json::{Value, json};

use super::admin_client::{AdminClient, Answer, Ask};
use super::{members, pages, table};
use crate::command_line::{EntityTag, GatewayChoice, Pinned, Read};
use crate::terminal;

/// One sort of resource.
pub(super) struct Collection {
    /// What people call one: `API key`.
    pub(super) noun: &'static str,
    /// Its segment of the address: `apikeys`.
    pub(super) segment: &'static str,
    /// The member that names one: `id` or `model`.
    pub(super) name_member: &'static str,
    /// What a list shows.
    pub(super) columns: &'static [Column],
}

/// A column of a list.
pub(super) struct Column {
    pub(super) heading: &'static str,
    /// What it says of a resource.
    pub(super) text: fn(&Value) -> String,
}

impl Collection {
    /// Prints the resources.
    pub(super) fn list(&self, read: &Read) -> anyhow::Result<()> {
        let client = AdminClient::try_new(&read.gateway)?;
        let data = pages::read(&client, read.limit, || Ask::get(&[self.segment]))?;
        if read.gateway.json {
            print_json(&pages::whole(data));
        } else if data.is_empty() {
            terminal::complain(&format!("there is no {}", self.noun));
        } else {
            let headings: Vec<_> = self.columns.iter().map(|column| column.heading).collect();
            let row = |it: &Value| self.columns.iter().map(|column| (column.text)(it)).collect();
            table::print(&headings, &data.iter().map(row).collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Prints every member of one.
    pub(super) fn show(&self, id: &str, gateway: &GatewayChoice) -> anyhow::Result<()> {
        let client = AdminClient::try_new(gateway)?;
        print_document(&client.ask(Ask::get(&[self.segment, id]))?.body, gateway);
        Ok(())
    }

    /// Adds one.
    pub(super) fn create(
        &self,
        document: Value,
        gateway: &GatewayChoice,
    ) -> anyhow::Result<Answer> {
        let client = AdminClient::try_new(gateway)?;
        client.ask(Ask::new(Method::POST, &[self.segment]).with_document(document))
    }

    /// Puts a document in the place of one. A document that was read before holds its entity
    /// tag, and so replaces nothing else.
    pub(super) fn replace(&self, id: &str, document: Value, pinned: &Pinned) -> anyhow::Result<()> {
        let client = AdminClient::try_new(&pinned.gateway)?;
        let written = document.get("etag").map(members::written).and_then(|it| it.parse().ok());
        let etag = match pinned.if_match.clone().or(written) {
            Some(etag) => etag,
            None => self.current(&client, id)?,
        };
        let ask = Ask::new(Method::PUT, &[self.segment, id]).with_document(document);
        let answer = client.ask(ask.if_match(etag))?;
        self.report("was replaced", &answer.body, &pinned.gateway);
        Ok(())
    }

    /// Changes members of one.
    pub(super) fn patch(&self, id: &str, patch: Value, pinned: &Pinned) -> anyhow::Result<()> {
        let client = AdminClient::try_new(&pinned.gateway)?;
        let etag = self.seen(&client, id, pinned)?;
        let ask = Ask::new(Method::PATCH, &[self.segment, id]).with_document(patch);
        let answer = client.ask(ask.if_match(etag))?;
        self.report("was changed", &answer.body, &pinned.gateway);
        Ok(())
    }

    /// Removes one.
    pub(super) fn delete(&self, id: &str, pinned: &Pinned) -> anyhow::Result<()> {
        let client = AdminClient::try_new(&pinned.gateway)?;
        let etag = self.seen(&client, id, pinned)?;
        client.ask(Ask::new(Method::DELETE, &[self.segment, id]).if_match(etag))?;
        let mut gone = json!({ "removed": true });
        if let Some(members) = gone.as_object_mut() {
            members.insert(self.name_member.to_owned(), id.into());
        }
        self.report("was removed", &gone, &pinned.gateway);
        Ok(())
    }

    /// Says what was done to a resource, or prints it.
    pub(super) fn report(&self, done: &str, resource: &Value, gateway: &GatewayChoice) {
        if gateway.json {
            print_json(resource);
        } else {
            let name = terminal::harmless(&members::text(resource, self.name_member));
            terminal::say(&format!("{} {name:?} {done}", self.noun));
        }
    }

    /// The entity tag that a change is made against.
    fn seen(&self, client: &AdminClient, id: &str, pinned: &Pinned) -> anyhow::Result<EntityTag> {
        pinned.if_match.clone().map_or_else(|| self.current(client, id), Ok)
    }

    /// What is read-only has no entity tag; the gateway says so better than we could.
    fn current(&self, client: &AdminClient, id: &str) -> anyhow::Result<EntityTag> {
        let answer = client.ask(Ask::get(&[self.segment, id]))?;
        Ok(answer.etag.unwrap_or_else(EntityTag::any))
    }
}

/// Whether a resource serves, in a word.
pub(super) fn state(resource: &Value) -> String {
    let served = members::text(resource, "status.state");
    if served == "active" && resource.get("state").is_some() {
        return members::text(resource, "state");
    }
    served
}

/// Prints a document: every member on a line, or JSON.
pub(super) fn print_document(document: &Value, gateway: &GatewayChoice) {
    if gateway.json {
        print_json(document);
    } else {
        table::print(&[], &members::flat(document).into_iter().map(Vec::from).collect::<Vec<_>>());
    }
}

/// Prints JSON for programs and people alike.
pub(super) fn print_json(document: &Value) {
    terminal::say(&format!("{document:#}"));
}
