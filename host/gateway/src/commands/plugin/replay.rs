//! `patchbay plugin test --replay`

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use authoring::Progress as _;
use plugin_runtime::{
    Divergence, Grant, Inspection, Limits, Manifest, PluginKind, Runtime, replay as ask_both,
};
use serde_json::{Value, json};

use super::check::described;
use super::component::read_named;
use super::progress::Steps;
use crate::command_line::PluginTest;
use crate::commands::collection::print_json;
use crate::configuration::{self, PluginSettings};
use crate::recording::{Asked, KeptExchanges};
use crate::terminal::{self, harmless};
use crate::wiring;

/// Longest that all questions may take.
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// Most differences that are printed for people.
const MAX_PRINTED: usize = 40;

/// A version of a plugin.
struct Version {
    bytes: Vec<u8>,
    manifest: Manifest,
    /// Where it comes from, for people.
    origin: String,
}

/// What a comparison has shown.
struct Compared {
    exchanges: usize,
    unreadable: usize,
    questions: usize,
    differences: Vec<Divergence>,
}

/// Asks two versions of a plugin what was recorded, and says where the new one answers otherwise.
pub(super) fn replay(arguments: &PluginTest, recordings: &Path) -> anyhow::Result<()> {
    let target = &*arguments.target;
    ensure!(target.is_file(), "{} is no component; name the built file", target.display());
    let new = Version::read(target)?;
    let old = match &arguments.against {
        Some(file) => Version::read(file)?,
        None => in_use(&new.manifest.name, arguments.config.as_deref())?,
    };
    let compared = compare(&old, &new, recordings)?;
    if arguments.json {
        print_json(&document(&old, &new, &compared));
    } else {
        print(&old, &new, &compared);
    }
    match compared.differences.len() {
        0 => Ok(()),
        differences => bail!(
            "{differences} of {} answers differ; look whether that is what you want",
            compared.questions
        ),
    }
}

impl Version {
    fn read(file: &Path) -> anyhow::Result<Self> {
        let origin = file.display().to_string();
        Self::of(read_named(file)?, origin)
    }

    fn of(bytes: Vec<u8>, origin: String) -> anyhow::Result<Self> {
        let inspection =
            Inspection::of(&bytes, &Limits::STANDARD).with_context(|| origin.clone())?;
        Ok(Self { bytes, manifest: inspection.manifest, origin })
    }
}

/// The version that a gateway would serve with: the installed one, else the bundled one.
fn in_use(name: &str, named: Option<&Path>) -> anyhow::Result<Version> {
    let directory = plugin_directory(named)?;
    let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "wasm"));
    files.sort();
    // Whatever else is in the directory need not be a plugin.
    let mut installed = files.iter().filter_map(|file| Version::read(file).ok());
    if let Some(version) = installed.find(|version| version.manifest.name == name) {
        return Ok(version);
    }
    let bundled = wiring::bundled_plugin(name).ok_or_else(|| {
        anyhow!(
            "no plugin {name:?} is in {} or in this program; name the version to compare with, \
             as in --against OLD.wasm",
            directory.display()
        )
    })?;
    Version::of(bundled.to_vec(), "bundled".to_owned())
}

/// Where plugins are installed: as the configuration says, if there is one.
fn plugin_directory(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let file = match (named, configuration::locate(named)) {
        (Some(_), located) => located?,
        (None, Ok(file)) => file,
        (None, Err(_)) => return Ok(PluginSettings::default().directory),
    };
    match configuration::load(&file, std::env::vars_os().collect())? {
        Ok(reading) => Ok(reading.configuration.plugins.directory),
        Err(_) => bail!("{} is not TOML; patchbay check says where", file.display()),
    }
}

fn compare(old: &Version, new: &Version, recordings: &Path) -> anyhow::Result<Compared> {
    let kept = KeptExchanges::read(recordings)
        .with_context(|| format!("recordings {} cannot be read", recordings.display()))?;
    let vectors = kept.vectors(asked(&new.manifest)?);
    ensure!(
        !vectors.is_empty(),
        "none of {} recorded exchanges concerns {}; record with a provider that uses it",
        kept.len(),
        new.manifest.name
    );
    let runtime = Runtime::start(Limits::STANDARD)?;
    Steps.begin("ask both versions");
    let versions = (&*old.bytes, &*new.bytes);
    let differences = ask_both((&runtime, Grant::default()), versions, &vectors, WITHIN)?;
    Ok(Compared {
        exchanges: kept.len(),
        unreadable: kept.unreadable,
        questions: vectors.len(),
        differences,
    })
}

/// What recordings can ask a plugin.
///
/// # Errors
/// If it names no dialect.
fn asked(manifest: &Manifest) -> anyhow::Result<Asked<'_>> {
    Ok(match manifest.kind {
        PluginKind::HttpAdapter => Asked::HttpAdapter(&manifest.name),
        PluginKind::ProcessAdapter => Asked::ProcessAdapter(&manifest.name),
        PluginKind::Normalizer => {
            let facts = manifest.dialect.as_ref().context("the manifest names no dialect")?;
            Asked::Dialect(&facts.name)
        }
    })
}

fn print(old: &Version, new: &Version, compared: &Compared) {
    let Compared { exchanges, unreadable, questions, differences } = compared;
    terminal::say(&format!("old: {} ({})", described(&old.manifest), old.origin));
    terminal::say(&format!("new: {} ({})", described(&new.manifest), new.origin));
    if *unreadable > 0 {
        terminal::say(&format!("lines that are no recorded exchange: {unreadable}"));
    }
    let line = format!("questions: {questions}, from recorded exchanges: {exchanges}");
    terminal::say(&line);
    for difference in differences.iter().take(MAX_PRINTED) {
        let name = difference.name.as_deref().unwrap_or("a recording");
        terminal::say(&harmless(&format!("{name}: {} differs", difference.member)));
        terminal::say(&harmless(&format!("  old: {}", difference.old)));
        terminal::say(&harmless(&format!("  new: {}", difference.new)));
    }
    match differences.len() {
        0 => terminal::say("all answers are the same"),
        all if all > MAX_PRINTED => terminal::say(&format!("and {} more", all - MAX_PRINTED)),
        _ => {}
    }
}

fn document(old: &Version, new: &Version, compared: &Compared) -> Value {
    let version = |version: &Version| {
        json!({
            "name": version.manifest.name,
            "version": version.manifest.version,
            "origin": version.origin,
        })
    };
    let differences = compared.differences.iter().map(|it| {
        json!({
            "question": it.index,
            "exchange": it.name,
            "member": it.member,
            "old": it.old,
            "new": it.new,
        })
    });
    json!({
        "old": version(old),
        "new": version(new),
        "exchanges": compared.exchanges,
        "unreadable_lines": compared.unreadable,
        "questions": compared.questions,
        "differences": differences.collect::<Vec<_>>(),
    })
}
