//! Replies: open while they stream, whole at their end.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::conventions::{self, Kind};
use crate::patience::patiently;

/// A reply whose head has been checked. Dropping it leaves the gateway in the middle.
#[derive(Debug)]
pub struct OpenReply {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    kind: Kind,
    reply: reqwest::Response,
    read: Vec<u8>,
}

/// A reply that was read to its end and checked.
#[derive(Clone, Debug)]
pub struct WholeReply {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `data:` with a JSON document.
    Document(Value),
    /// `data: [DONE]`
    Done,
    /// `data:` with an error envelope.
    Error(Value),
}

impl OpenReply {
    pub(super) fn try_new(reply: reqwest::Response) -> Result<Self> {
        Ok(Self {
            kind: conventions::check_head(reply.status(), reply.headers())?,
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            reply,
            read: Vec::new(),
        })
    }

    /// Reads until the body so far holds this text.
    ///
    /// # Errors
    /// The body ends, or breaks off, without it.
    pub async fn read_until(&mut self, text: &str) -> Result<()> {
        while !String::from_utf8_lossy(&self.read).contains(text) {
            let chunk = patiently(&format!("{text:?} in a body"), self.reply.chunk()).await??;
            let chunk = chunk.with_context(|| {
                let read = String::from_utf8_lossy(&self.read);
                format!("the body ended without {text:?}: {read}")
            })?;
            self.read.extend_from_slice(&chunk);
        }
        Ok(())
    }

    /// Reads to the end a body that is in another dialect than OpenAI's: its error form and the
    /// end of its streams are the test's to check.
    ///
    /// # Errors
    /// The body breaks off.
    pub async fn in_dialect(mut self) -> Result<WholeReply> {
        self.read_to_end().await?;
        let Self { status, headers, read, .. } = self;
        Ok(WholeReply { status, headers, body: read.into() })
    }

    async fn read_to_end(&mut self) -> Result<()> {
        while let Some(chunk) = patiently("the rest of a body", self.reply.chunk()).await?? {
            self.read.extend_from_slice(&chunk);
        }
        Ok(())
    }

    /// Reads to the end and checks the body.
    ///
    /// # Errors
    /// The body breaks off, or breaks a convention.
    pub async fn whole(mut self) -> Result<WholeReply> {
        self.read_to_end().await?;
        let whole =
            WholeReply { status: self.status, headers: self.headers, body: self.read.into() };
        match self.kind {
            Kind::Json | Kind::Error => {
                conventions::check_json(self.kind, &whole.body)?;
            }
            Kind::EventStream => check_end(&whole.events()?)?,
            Kind::Nothing => ensure!(whole.body.is_empty(), "content where there is none"),
            Kind::Download => {}
        }
        Ok(whole)
    }
}

/// A stream ends with one `[DONE]` or with one error, never with both or neither.
fn check_end(events: &[Event]) -> Result<()> {
    let is_end = |event: &&Event| !matches!(event, Event::Document(_));
    let ends = events.iter().filter(is_end).count();
    ensure!(ends == 1, "a stream with {ends} ends: {events:?}");
    ensure!(events.last().is_some_and(|last| is_end(&last)), "events after the end: {events:?}");
    Ok(())
}

impl WholeReply {
    /// A header's value, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| self.text())
    }

    /// Status and the error's `type`, `code` and `param`; empty for null.
    ///
    /// # Errors
    /// The reply is no error.
    pub fn error(&self) -> Result<(u16, String, String, String)> {
        let body = self.json()?;
        let error = body.get("error").with_context(|| format!("not an error: {body}"))?;
        let member =
            |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((self.status, member("type"), member("code"), member("param")))
    }

    /// All events of a stream, by the rules of the HTML standard, section 9.2. Comments and
    /// fields other than `data` are left out.
    ///
    /// # Errors
    /// The body is not made of whole events, or their data is not JSON.
    pub fn events(&self) -> Result<Vec<Event>> {
        let text = std::str::from_utf8(&self.body).context("a stream that is not UTF-8")?;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        ensure!(text.ends_with("\n\n"), "the last event has no end: {text:?}");
        let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
        blocks.filter_map(|block| event(block).transpose()).collect()
    }

    /// The documents of a stream that ended well.
    ///
    /// # Errors
    /// The stream ended with an error.
    pub fn documents(&self) -> Result<Vec<Value>> {
        let mut documents = Vec::new();
        for event in self.events()? {
            match event {
                Event::Document(document) => documents.push(document),
                Event::Error(error) => anyhow::bail!("the stream ended with {error}"),
                Event::Done => {}
            }
        }
        Ok(documents)
    }

    /// The contents of all deltas of a stream, joined.
    ///
    /// # Errors
    /// The stream ended with an error.
    pub fn content(&self) -> Result<String> {
        let documents = self.documents()?;
        let contents = documents
            .iter()
            .filter_map(|document| document.pointer("/choices/0/delta/content")?.as_str());
        Ok(contents.collect())
    }
}

/// One event, or nothing for a block without data.
fn event(block: &str) -> Result<Option<Event>> {
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        match field {
            "data" => data.push(value.strip_prefix(' ').unwrap_or(value)),
            "" | "event" | "id" | "retry" => {}
            other => anyhow::bail!("the field {other:?} in {block:?}"),
        }
    }
    let data = data.join("\n");
    if data.is_empty() {
        return Ok(None);
    }
    if data == "[DONE]" {
        return Ok(Some(Event::Done));
    }
    let value: Value = serde_json::from_str(&data).with_context(|| format!("event {data:?}"))?;
    if value.get("error").is_none() {
        return Ok(Some(Event::Document(value)));
    }
    conventions::check_envelope(&value)?;
    Ok(Some(Event::Error(value)))
}
