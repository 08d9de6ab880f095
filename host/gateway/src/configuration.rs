//! What the operator wrote, read once into types.
//!
//! One TOML file, overlaid with variables `PATCHBAY_SECTION__MEMBER`. Every problem is found in
//! one go, each with file and line or variable, path, reason and fix. References in texts are
//! resolved here, but for secrets: those stay references until a credential source is built of
//! them. Paths that are not absolute start from the working directory.

mod environment;
mod finding;
mod references;
mod sections;
mod toml_tree;
mod written;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use resources::{Document, Fields, Problem, Problems};
use secrets::Sources;
use serde_json::{Map, Value};

pub(crate) use finding::Finding;
use finding::Places;
pub(crate) use sections::{
    AdminSettings, Isolation, LogFormat, LogSettings, PluginGrant, PluginSettings, RecordedTexts,
    RecordingSettings, SandboxSettings, ServerSettings, SocketImports, StoreSettings, TokenKeys,
    Trust,
};
pub(crate) use written::Written;

/// Used if no file is named.
const DEFAULT_FILE: &str = "patchbay.toml";

/// Largest configuration file.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The environment of the process, as it was at start.
pub(crate) type Variables = Vec<(OsString, OsString)>;

/// Everything the operator says.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// `[server]`
    pub(crate) server: ServerSettings,
    /// `[plugins]`
    pub(crate) plugins: PluginSettings,
    /// `[log]`
    pub(crate) log: LogSettings,
    /// `[sandbox]`
    pub(crate) sandbox: SandboxSettings,
    /// `[store]`; it is there if `[admin]` is.
    pub(crate) store: Option<StoreSettings>,
    /// `[admin]`
    pub(crate) admin: Option<AdminSettings>,
    /// `[recording]`; nothing is recorded without it.
    pub(crate) recording: Option<RecordingSettings>,
    /// `[[providers]]`, `[[api_keys]]`, `[[routes]]`
    pub(crate) document: Document,
    /// The same as they were written, without secrets.
    pub(crate) written: Written,
}

/// What was read, and what is needed to go on with it.
pub(crate) struct Reading {
    /// The configuration; it lacks what has a problem.
    pub(crate) configuration: Configuration,
    /// Where its references are looked up.
    pub(crate) sources: Sources,
    places: Places,
    problems: Vec<Problem>,
}

/// The file to read: the one that was named, else `patchbay.toml`.
pub(crate) fn locate(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let default = PathBuf::from(DEFAULT_FILE);
    if !default.exists() {
        bail!(
            "there is no {DEFAULT_FILE} in the working directory; name a file with --config FILE"
        );
    }
    Ok(default)
}

/// Reads a file and the environment.
///
/// # Errors
/// The outer one is that the file cannot be read at all, the inner one that it is not TOML.
pub(crate) fn load(
    file: &Path,
    variables: Variables,
) -> anyhow::Result<Result<Reading, Vec<Finding>>> {
    let text = read_file(file)?;
    Ok(read(file, &text, variables))
}

/// Reads a file's text and the environment.
///
/// # Errors
/// Every syntax error of the text.
pub(crate) fn read(file: &Path, text: &str, variables: Variables) -> Result<Reading, Vec<Finding>> {
    let mut places = Places::new(file);
    let mut problems = Problems::default();
    let mut tree = toml_tree::parse(text, &mut places, &mut problems)?;
    environment::overlay(&mut tree, &variables, &mut places, &mut problems);
    let sources = Sources::new(variables, "");
    references::resolve(&mut tree, &sources, &mut problems);
    let mut later = Problems::default();
    let configuration = Configuration::read(&tree, &mut later);
    let mut reading = Reading { configuration, sources, places, problems: problems.into_vec() };
    reading.add_problems(later.into_vec());
    Ok(reading)
}

impl Reading {
    /// Adds problems that were found later, but for those that follow from one known already.
    pub(crate) fn add_problems(&mut self, later: Vec<Problem>) {
        let known: Vec<String> = self.problems.iter().map(|it| it.path.clone()).collect();
        let is_new = |problem: &Problem| !known.iter().any(|it| is_within(it, &problem.path));
        self.problems.extend(later.into_iter().filter(is_new));
    }

    /// Everything that is wrong, in the order of the file.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.places.locate_all(self.problems.clone())
    }
}

/// Whether a member is another one or a part of it.
fn is_within(member: &str, outer: &str) -> bool {
    let rest = member.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl Configuration {
    fn read(tree: &Map<String, Value>, problems: &mut Problems) -> Self {
        let mut fields = Fields::root(tree, problems);
        let server = fields.member("server").table(ServerSettings::read);
        let store = fields.member("store").table(StoreSettings::read);
        let plugins = fields.member("plugins").table(PluginSettings::read);
        let admin = fields.member("admin").table(AdminSettings::read);
        let log = fields.member("log").table(LogSettings::read);
        let recording = fields.member("recording").table(RecordingSettings::read);
        let sandbox = fields.member("sandbox").table(SandboxSettings::read);
        let document = Document::read_members(&mut fields);
        fields.finish();
        Self {
            server: server.unwrap_or_default(),
            plugins: plugins.unwrap_or_default(),
            log: log.unwrap_or_default(),
            sandbox: sandbox.unwrap_or_default(),
            store: store.or_else(|| admin.is_some().then(StoreSettings::default)),
            admin,
            recording,
            document,
            written: Written::of(tree),
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("configuration {} cannot be read", path.display());
    let file = std::fs::File::open(path).with_context(unreadable)?;
    let mut text = String::new();
    let limit = MAX_FILE_BYTES + 1;
    let read = file.take(limit).read_to_string(&mut text);
    if read.with_context(unreadable)? as u64 == limit {
        bail!(
            "configuration {} is over 8 MiB; split what is not configuration off",
            path.display()
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
