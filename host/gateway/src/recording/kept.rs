//! Recorded exchanges, read back as what one plugin is asked with.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::line::VERSION;
use super::shelf::files_in;

/// Longest line that is read.
const MAX_LINE_BYTES: u64 = 256 << 20;

/// Most exchanges that are held, and most bytes of their lines; of more, the newest are the ones
/// to compare by.
const MAX_EXCHANGES: usize = 10_000;
const MAX_BYTES: usize = 512 << 20;

/// Which exchanges concern a plugin, and with what.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// A normalizer of this dialect.
    Dialect(&'a str),
    /// An adapter of this name that speaks HTTP.
    HttpAdapter(&'a str),
    /// An adapter of this name that runs programs.
    ProcessAdapter(&'a str),
}

/// Exchanges that were read.
#[derive(Debug, Default)]
pub(crate) struct KeptExchanges {
    /// Each with the length of its line, the oldest first.
    exchanges: VecDeque<(usize, Kept)>,
    bytes: usize,
    /// Lines that are none: half-written by a crash, or of another version.
    pub(crate) unreadable: usize,
}

/// One line.
#[derive(Debug, Deserialize)]
struct Kept {
    version: u64,
    recorded_at: String,
    provider: String,
    adapter: String,
    dialect: String,
    call: Value,
    canonical: Option<Value>,
    head: Option<Value>,
    #[serde(default)]
    extra: Value,
    ingress: Option<KeptRequest>,
    reply: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct KeptRequest {
    dialect: String,
    head: Value,
    body: Value,
}

impl KeptExchanges {
    /// Reads a file of recordings, or all in a directory.
    ///
    /// # Errors
    /// If they cannot be read. Lines that are no exchanges are counted.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let files = if path.is_dir() { files_in(path)? } else { vec![path.to_owned()] };
        let mut kept = Self::default();
        for file in files {
            kept.read_file(&file)?;
        }
        Ok(kept)
    }

    fn read_file(&mut self, path: &Path) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let exchange = serde_json::from_slice(&line).ok();
            match exchange.filter(|kept: &Kept| kept.version == VERSION) {
                Some(exchange) => self.hold(line.len(), exchange),
                None => self.unreadable += 1,
            }
        }
    }

    fn hold(&mut self, bytes: usize, exchange: Kept) {
        self.bytes += bytes;
        self.exchanges.push_back((bytes, exchange));
        while self.exchanges.len() > MAX_EXCHANGES || self.bytes > MAX_BYTES {
            let Some((oldest, _)) = self.exchanges.pop_front() else { return };
            self.bytes -= oldest;
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// What a plugin was asked in those that concern it, as vectors without `expect`. What is
    /// asked twice is there once.
    pub(crate) fn vectors(&self, asked: Asked<'_>) -> Vec<Box<RawValue>> {
        let mut seen = HashSet::new();
        let mut vectors = Vec::new();
        for (_, exchange) in &self.exchanges {
            for question in exchange.questions(asked) {
                if !seen.insert(question.to_string()) {
                    continue;
                }
                let mut vector = question;
                vector["name"] = exchange.described().into();
                // A value of JSON is JSON.
                vectors.extend(to_raw_value(&vector).ok());
            }
        }
        vectors
    }
}

impl Kept {
    fn described(&self) -> String {
        format!("{} at {}", self.provider, self.recorded_at)
    }

    fn questions(&self, asked: Asked<'_>) -> Vec<Value> {
        let call = &self.call;
        match asked {
            Asked::Dialect(name) => {
                let mut all = Vec::new();
                if self.dialect == name {
                    all.extend(self.egress_questions());
                }
                if let Some(request) = self.ingress.as_ref().filter(|it| it.dialect == name) {
                    let (head, body) = (&request.head, &request.body);
                    all.push(json!({ "kind": "ingress-decode", "head": head, "body": body }));
                }
                all
            }
            Asked::HttpAdapter(name) => {
                let head = self.head.as_ref().filter(|_| self.adapter == name);
                let ask = |head| json!({ "kind": "prepare", "call": call, "head": head });
                head.map(ask).into_iter().collect()
            }
            Asked::ProcessAdapter(name) if self.adapter == name && self.head.is_none() => {
                vec![json!({ "kind": "process", "call": call })]
            }
            Asked::ProcessAdapter(_) => Vec::new(),
        }
    }

    fn egress_questions(&self) -> Vec<Value> {
        let call = &self.call;
        let mut all = vec![json!({ "kind": "plan", "call": call })];
        let encode = |body| json!({ "kind": "encode", "call": call, "canonical": body });
        all.extend(self.canonical.as_ref().map(encode));
        if let Some(reply) = &self.reply {
            let mut question = reply.clone();
            let status = question.get("status").and_then(Value::as_u64).unwrap_or_default();
            let kind = if (200..300).contains(&status) {
                question.insert("extra".to_owned(), self.extra.clone());
                "decode"
            } else {
                question.remove("clean");
                "explain"
            };
            question.insert("kind".to_owned(), kind.into());
            question.insert("call".to_owned(), call.clone());
            all.push(Value::Object(question));
        }
        all
    }
}
