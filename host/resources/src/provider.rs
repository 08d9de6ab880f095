//! Upstream accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::alone::{self, MEMBERS_OF_VIEWS};
use crate::base_url::BaseUrl;
use crate::fields::{Element, Fields, Member};
use crate::ids::{IdProblem, ModelName, PluginName, ProviderId, SlotName};
use crate::problem::Problem;
use crate::sandbox::Sandbox;
use crate::unresolved::Unresolved;

pub(crate) const HOUR_MS: u64 = 3_600_000;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// A configured upstream account.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Where it stands in its document, for problems that are found later.
    pub path: String,
    /// Its id.
    pub id: ProviderId,
    /// The plugin that reaches it.
    pub adapter: PluginName,
    /// What the adapter knows of it beforehand.
    pub preset: Option<PluginName>,
    /// The wire formats it speaks, the preferred one first; empty is the adapter's default.
    pub dialects: Vec<PluginName>,
    /// Where it is. Programs have none.
    pub base_url: Option<BaseUrl>,
    /// Secrets by slot of the adapter's manifest.
    pub credentials: BTreeMap<SlotName, Unresolved>,
    /// What it offers.
    pub models: Models,
    /// The adapter's and the dialect's settings. Plugins see them.
    pub settings: Map<String, Value>,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// When a failed try is repeated; `None` is the default for its kind.
    pub retries: Option<Retries>,
    /// Addresses it may resolve to.
    pub network: Network,
    /// Sizes, and what a program may use.
    pub limits: Limits,
    /// `record`: whether its exchanges are recorded, for comparing versions of plugins; no.
    pub record: bool,
    /// What programs are kept in; `None` is the preset's, else the ordinary.
    pub sandbox: Option<Sandbox>,
}

/// Models of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// These.
    Listed(Vec<ModelName>),
    /// `"discover"`: those that it lists itself.
    Discover,
}

/// Deadlines of one exchange, each 1 ms to 1 h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// `connect_ms`: until the connection stands; 5 s.
    pub connect: Duration,
    /// `first_byte_ms`: from sending to the reply's head; 60 s.
    pub first_byte: Duration,
    /// `idle_ms`: between two reads; 60 s.
    pub idle: Duration,
    /// `total_ms`: the whole exchange; 10 min.
    pub total: Duration,
}

/// When a failed try is repeated, before anything was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// `max`: tries after the first one, 0 to 10; 2.
    pub max: u32,
    /// `base_ms`: longest wait before the first retry, doubled with each; 200 ms.
    pub base: Duration,
    /// `max_wait_ms`: a longer wait is not worth it; 2 s.
    pub max_wait: Duration,
}

/// Which addresses a provider may resolve to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// `"default"`: all but link-local and cloud metadata addresses.
    #[default]
    Default,
    /// `"anywhere"`: those too.
    Anywhere,
}

/// Sizes of one exchange; all but the first are for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A reply's body, decoded; 64 MiB.
    pub max_response_bytes: u64,
    /// A program's standard output; 16 MiB.
    pub max_output_bytes: u64,
    /// A program's address space; 4 GiB, because runtimes reserve far more than they touch.
    pub max_memory_bytes: u64,
    /// A program's processor time; 300 s.
    pub max_cpu_seconds: u64,
    /// Processes and threads of a program; 256.
    pub max_processes: u64,
    /// A program's open files; 256.
    pub max_open_files: u64,
    /// A file that a program writes; 64 MiB.
    pub max_file_bytes: u64,
}

impl Provider {
    /// Members of a view, beside [`MEMBERS_OF_VIEWS`], that a document may hold to no effect.
    pub const MEMBERS_OF_VIEW: [&str; 1] = ["previous_credentials"];

    /// Reads a document that is one provider. Paths of problems start at its members.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn from_document(document: &Value) -> Result<Self, Vec<Problem>> {
        alone::read(document, |fields| {
            fields.ignore(&MEMBERS_OF_VIEWS);
            fields.ignore(&Self::MEMBERS_OF_VIEW);
            Self::read(fields)
        })
    }

    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let id = fields.member("id").required("add an id").parsed();
        let adapter =
            fields.member("adapter").required("name the plugin that reaches the provider").parsed();
        let preset = fields.member("preset").parsed();
        let dialects = read_dialects(fields);
        let base_url = fields.member("base_url").parsed();
        let credentials = fields.member("credentials").entries(read_credential);
        let models = read_models(fields);
        let settings = read_settings(fields.member("settings"));
        let timeouts = fields.member("timeouts").table(Timeouts::read);
        let retries = fields.member("retries").table(Retries::read);
        let network = fields
            .member("network")
            .choice(&[("default", Network::Default), ("anywhere", Network::Anywhere)]);
        let limits = fields.member("limits").table(Limits::read);
        let record = fields.member("record").boolean();
        let sandbox = Sandbox::of_member(fields.member("sandbox"));
        Some(Self {
            path: fields.path(None),
            id: id?,
            adapter: adapter?,
            preset,
            dialects,
            base_url,
            credentials: credentials.unwrap_or_default().into_iter().collect(),
            models: models?,
            settings: settings.unwrap_or_default(),
            timeouts: timeouts.unwrap_or_default(),
            retries,
            network: network.unwrap_or_default(),
            limits: limits.unwrap_or_default(),
            record: record.unwrap_or_default(),
            sandbox,
        })
    }

    /// The models, as far as the document names them.
    #[must_use]
    pub fn listed_models(&self) -> &[ModelName] {
        match &self.models {
            Models::Listed(models) => models,
            Models::Discover => &[],
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }
}

impl Timeouts {
    /// What each of them may be, in milliseconds.
    pub const RANGE_MS: RangeInclusive<u64> = 1..=HOUR_MS;

    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let mut read = |name| {
            let found = fields.member(name).integer(Self::RANGE_MS);
            found.map(Duration::from_millis)
        };
        let (connect, first_byte) = (read("connect_ms"), read("first_byte_ms"));
        let (idle, total) = (read("idle_ms"), read("total_ms"));
        let default = Self::default();
        let total = total.unwrap_or(default.total);
        if connect.is_some_and(|connect| connect > total) {
            fields.report(
                Some("connect_ms"),
                format!("is longer than total_ms ({} ms)", total.as_millis()),
                "make connect_ms shorter or total_ms longer",
            );
        }
        Some(Self {
            connect: connect.unwrap_or(default.connect.min(total)),
            first_byte: first_byte.unwrap_or(default.first_byte),
            idle: idle.unwrap_or(default.idle),
            total,
        })
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { max: 2, base: Duration::from_millis(200), max_wait: Duration::from_millis(2000) }
    }
}

impl Retries {
    /// What `max` may be.
    pub const RANGE: RangeInclusive<u64> = 0..=10;

    /// What the waits may be, in milliseconds.
    pub const RANGE_MS: RangeInclusive<u64> = 0..=HOUR_MS;

    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let max = fields.member("max").integer(Self::RANGE);
        let max = max.and_then(|max| u32::try_from(max).ok());
        let base = fields.member("base_ms").integer(Self::RANGE_MS).map(Duration::from_millis);
        let wait = fields.member("max_wait_ms").integer(Self::RANGE_MS).map(Duration::from_millis);
        Some(Self {
            max: max.unwrap_or(default.max),
            base: base.unwrap_or(default.base),
            max_wait: wait.unwrap_or(default.max_wait),
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_response_bytes: 64 * MIB,
            max_output_bytes: 16 * MIB,
            max_memory_bytes: 4 * GIB,
            max_cpu_seconds: 300,
            max_processes: 256,
            max_open_files: 256,
            max_file_bytes: 64 * MIB,
        }
    }
}

impl Limits {
    /// What each of them may be, by its member.
    pub const RANGES: [(&str, RangeInclusive<u64>); 7] = [
        ("max_response_bytes", KIB..=4 * GIB),
        ("max_output_bytes", KIB..=4 * GIB),
        ("max_memory_bytes", MIB..=1024 * GIB),
        ("max_cpu_seconds", 1..=3600),
        ("max_processes", 1..=65_536),
        ("max_open_files", 8..=65_536),
        ("max_file_bytes", 0..=64 * GIB),
    ];

    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let found = Self::RANGES.map(|(name, range)| fields.member(name).integer(range));
        let [response, output, memory, cpu, processes, files, file] = found;
        Some(Self {
            max_response_bytes: response.unwrap_or(default.max_response_bytes),
            max_output_bytes: output.unwrap_or(default.max_output_bytes),
            max_memory_bytes: memory.unwrap_or(default.max_memory_bytes),
            max_cpu_seconds: cpu.unwrap_or(default.max_cpu_seconds),
            max_processes: processes.unwrap_or(default.max_processes),
            max_open_files: files.unwrap_or(default.max_open_files),
            max_file_bytes: file.unwrap_or(default.max_file_bytes),
        })
    }
}

/// `dialect = "name"`, or `dialects = ["preferred", "other"]`.
fn read_dialects(fields: &mut Fields<'_, '_>) -> Vec<PluginName> {
    const FIX: &str = "name one as dialect, or several as dialects, the preferred one first";
    let one: Option<PluginName> = fields.member("dialect").parsed();
    let member = fields.member("dialects");
    let has_several = member.value.is_some();
    let several: Vec<PluginName> = member.list(|element| element.parsed()).unwrap_or_default();
    let mut seen = BTreeSet::new();
    for dialect in &several {
        if !seen.insert(dialect.as_str()) {
            let message = format!("names {:?} twice", dialect.as_str());
            fields.report(Some("dialects"), message, "name it once");
        }
    }
    match one {
        Some(_) if has_several => {
            fields.report(Some("dialects"), "stands beside dialect", FIX);
            Vec::new()
        }
        Some(dialect) => vec![dialect],
        None => {
            if has_several && several.is_empty() {
                fields.report(Some("dialects"), "is empty", FIX);
            }
            several
        }
    }
}

fn read_credential(name: &str, element: Element<'_, '_>) -> Option<(SlotName, Unresolved)> {
    match name.parse() {
        Ok(slot) => element.parsed().map(|secret| (slot, secret)),
        Err(problem) => {
            let problem: IdProblem = problem;
            element.refuse(&problem.to_string());
            None
        }
    }
}

fn read_models(fields: &mut Fields<'_, '_>) -> Option<Models> {
    const FIX: &str = "list the models, as in models = [\"name\"], or write \"discover\"";
    let member = fields.member("models").required(FIX);
    if let Some(Value::String(word)) = member.value {
        if word == "discover" {
            return Some(Models::Discover);
        }
        member.report("must be a list or \"discover\"", FIX);
        return None;
    }
    let empty = member.value == Some(&Value::Array(Vec::new()));
    let models: Vec<ModelName> = member.list(|element| element.parsed())?;
    if empty {
        fields.report(Some("models"), "is empty", FIX);
    }
    let mut seen = BTreeSet::new();
    for model in &models {
        if !seen.insert(model) {
            let message = format!("names {:?} twice", model.as_str());
            fields.report(Some("models"), message, "name it once");
        }
    }
    Some(Models::Listed(models))
}

/// Settings go to plugins as they are, so a reference in them would show a secret to a plugin.
fn read_settings(member: Member<'_, '_>) -> Option<Map<String, Value>> {
    let value = member.value?;
    let Value::Object(settings) = value else {
        member.report("must be a table", "write settings = { name = \"value\" }");
        return None;
    };
    if holds_reference(value) {
        member.report(
            "holds a reference, but plugins see settings",
            "put secrets into credentials, and other values into settings as they are",
        );
    }
    Some(settings.clone())
}

fn holds_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${env:") || text.contains("${file:"),
        Value::Array(values) => values.iter().any(holds_reference),
        Value::Object(members) => members.values().any(holds_reference),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
