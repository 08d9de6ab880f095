//! New projects: a template's files with the author's name in them, and the SDK beside.
//!
//! Templates and the Rust SDK's sources are inside the binary, so an author needs nothing but it.
//! A template is a working project of a plugin that is called `my-plugin`.

mod name;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Language;

pub use name::{NameProblem, ProjectName};

/// Paths and contents.
type Files = &'static [(&'static str, &'static [u8])];

// TEMPLATES: of each language, paths and contents. RUST_SDK: a workspace of what a plugin needs.
include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Where the template of a language has the SDK, and where it is in a new Rust project.
const SDK_IN_TEMPLATE: &str = "\"../..\"";
const VENDORED: &str = "vendor/patchbay";

/// What a new plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reaches a provider over HTTP.
    HttpAdapter,
    /// Runs a program.
    ProcessAdapter,
    /// Speaks a dialect.
    Normalizer,
    /// An adapter and a normalizer in one project.
    Provider,
}

/// A project to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewProject<'a> {
    /// Its name, which is the plugin's.
    pub name: &'a ProjectName,
    /// What it is written in.
    pub language: Language,
    /// What it is; the language's first template if that is not said.
    pub kind: Option<Kind>,
    /// Its folder, which must not hold anything yet.
    pub folder: &'a Path,
    /// A checkout of the gateway to take the Rust SDK from, instead of a copy in the project.
    pub sdk: Option<&'a Path>,
}

/// A part of a template: which folder of it, where it goes, and what `my-plugin` is called there.
struct Part {
    from: &'static str,
    to: &'static str,
    name: ProjectName,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::HttpAdapter, Self::ProcessAdapter, Self::Normalizer, Self::Provider];

    /// Its name in commands and folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HttpAdapter => "http-adapter",
            Self::ProcessAdapter => "process-adapter",
            Self::Normalizer => "normalizer",
            Self::Provider => "provider",
        }
    }
}

impl NewProject<'_> {
    /// Writes the project's files; how many they are.
    ///
    /// # Errors
    /// When this build has no such template, the folder holds something, or cannot be written.
    pub fn write(&self) -> Result<usize> {
        let files = self.files()?;
        require_empty(self.folder)?;
        for (path, content) in &files {
            let path = self.folder.join(path);
            let above = path.parent().context("a file has a folder")?;
            fs::create_dir_all(above)
                .and_then(|()| fs::write(&path, content))
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(files.len())
    }

    /// Paths in the project, and contents.
    fn files(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        let template = template_of(self.language);
        if template.is_empty() {
            bail!(
                "this build has no template for {}; choose another language, or use a build that \
                 has one",
                self.language.name()
            );
        }
        for part in self.parts(template)? {
            for (path, content) in template {
                let Some(rest) = path.strip_prefix(part.from) else { continue };
                let path = part.place(rest);
                // The first part has the last word.
                if !files.iter().any(|(known, _)| *known == path) {
                    files.push((path, self.filled(content, &part)));
                }
            }
        }
        if self.language == Language::Rust && self.sdk.is_none() {
            for (path, content) in RUST_SDK {
                files.push((Path::new(VENDORED).join(path), content.to_vec()));
            }
        }
        Ok(files)
    }

    fn parts(&self, template: Files) -> Result<Vec<Part>> {
        let part = |from, to| Part { from, to, name: self.name.clone() };
        let has_kinds = template.iter().any(|(path, _)| path.starts_with("http-adapter/"));
        match (has_kinds, self.kind) {
            // One template, whose project has both.
            (false, None | Some(Kind::Provider)) => Ok(vec![part("", "")]),
            (false, Some(_)) => bail!(
                "the template for {} makes an adapter and a normalizer; leave --kind out and \
                 delete the one that you do not need",
                self.language.name()
            ),
            (true, None | Some(Kind::HttpAdapter)) => Ok(vec![part("http-adapter/", "")]),
            (true, Some(Kind::ProcessAdapter)) => Ok(vec![part("process-adapter/", "")]),
            (true, Some(Kind::Normalizer)) => Ok(vec![part("normalizer/", "")]),
            (true, Some(Kind::Provider)) => Ok(vec![
                part("provider/", ""),
                part("http-adapter/src/", "adapter/src"),
                part("http-adapter/tests/", "adapter/tests"),
                self.dialect("normalizer/plugin.json", "dialect/plugin.json")?,
                self.dialect("normalizer/src/", "dialect/src")?,
                self.dialect("normalizer/tests/", "dialect/tests")?,
            ]),
        }
    }

    fn dialect(&self, from: &'static str, to: &'static str) -> Result<Part> {
        Ok(Part { from, to, name: self.name.with_suffix("-chat")? })
    }

    /// A text with its names and the way to the SDK; other bytes as they are.
    fn filled(&self, content: &[u8], part: &Part) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(content) else { return content.to_vec() };
        let text = part.name.put_into(text);
        if self.language != Language::Rust {
            return text.into_bytes();
        }
        let sdk = match self.sdk {
            Some(checkout) => checkout.join("sdk/rust").display().to_string(),
            None => format!("{VENDORED}/sdk/rust"),
        };
        text.replace(SDK_IN_TEMPLATE, &format!("{sdk:?}")).into_bytes()
    }
}

impl Part {
    /// Where a file goes. A part may be one file, of which nothing is left to be joined.
    fn place(&self, rest: &str) -> PathBuf {
        let to = PathBuf::from(self.to);
        if rest.is_empty() { to } else { to.join(self.name.put_into(rest)) }
    }
}

fn template_of(language: Language) -> Files {
    let found = TEMPLATES.iter().find(|(name, _)| *name == language.name());
    found.map_or(&[], |(_, files)| *files)
}

/// # Errors
/// If the folder holds anything: nothing of the author's is written over.
fn require_empty(folder: &Path) -> Result<()> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => {
            bail!("{} is not empty; name another folder with --into DIR", folder.display())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("{} is no folder to write into", folder.display()))
        }
    }
}

/// A checkout whose SDK can be used: the folder above `sdk/rust`.
///
/// # Errors
/// When there is no SDK in it.
pub fn sdk_checkout(folder: &Path) -> Result<PathBuf> {
    if !folder.join("sdk/rust/Cargo.toml").is_file() {
        bail!("{} has no sdk/rust; name a checkout of the gateway", folder.display());
    }
    folder.canonicalize().with_context(|| format!("{} cannot be found", folder.display()))
}

#[cfg(test)]
mod tests;
