//! New projects: a template's files with the author's name in them, and the SDK beside.
//!
//! Templates and the SDKs' sources are inside the binary, so an author needs nothing but it and
//! the language's own tools. A template is a working project of a plugin that is called
//! `my-plugin`. Rust has one for each kind; the other languages have one project with an adapter
//! and a dialect, of which the module `half` leaves out what is not asked for.

mod half;
mod name;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Language;
use half::Half;

pub use name::{NameProblem, ProjectName};

/// Paths and contents.
type Files = &'static [(&'static str, &'static [u8])];

// TEMPLATES: of each language, paths and contents. SDKS: of each language what a plugin needs; of
// Rust a workspace.
include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

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
    /// What it is.
    pub kind: Kind,
    /// Its folder, which must not hold anything yet.
    pub folder: &'a Path,
    /// A checkout of the gateway to take the SDK from, instead of a copy in the project.
    pub sdk: Option<&'a Path>,
}

/// A part of a template: which folder of it, where it goes, what `my-plugin` is called there, and
/// what of an adapter and its dialect is wanted.
struct Part {
    from: &'static str,
    to: &'static str,
    name: ProjectName,
    wanted: Option<Half>,
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
        let template = of_language(TEMPLATES, self.language);
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
                if part.wanted.is_some_and(|half| half.leaves_out(self.language, path)) {
                    continue;
                }
                let path = part.place(rest);
                // The first part has the last word.
                if !files.iter().any(|(known, _)| *known == path) {
                    files.push((path, self.filled(content, &part)));
                }
            }
        }
        if self.sdk.is_none() {
            for (path, content) in of_language(SDKS, self.language) {
                files.push((Path::new(self.language.vendored()).join(path), content.to_vec()));
            }
        }
        Ok(files)
    }

    fn parts(&self, template: Files) -> Result<Vec<Part>> {
        let part = |from, to| Part { from, to, name: self.name.clone(), wanted: None };
        let has_kinds = template.iter().any(|(path, _)| path.starts_with("http-adapter/"));
        Ok(match (has_kinds, self.kind) {
            (false, Kind::Provider) => vec![part("", "")],
            (false, Kind::HttpAdapter) => {
                vec![Part { wanted: Some(Half::Adapter), ..part("", "") }]
            }
            (false, Kind::Normalizer) => vec![Part { wanted: Some(Half::Dialect), ..part("", "") }],
            (false, Kind::ProcessAdapter) => bail!(
                "there is no template of a process adapter in {}; write it in Rust, or begin with \
                 --kind http-adapter and the guide's section \"A process adapter\"",
                self.language.name()
            ),
            (true, Kind::HttpAdapter) => vec![part("http-adapter/", "")],
            (true, Kind::ProcessAdapter) => vec![part("process-adapter/", "")],
            (true, Kind::Normalizer) => vec![part("normalizer/", "")],
            (true, Kind::Provider) => vec![
                part("provider/", ""),
                part("http-adapter/src/", "adapter/src"),
                part("http-adapter/tests/", "adapter/tests"),
                self.dialect("normalizer/plugin.json", "dialect/plugin.json")?,
                self.dialect("normalizer/src/", "dialect/src")?,
                self.dialect("normalizer/tests/", "dialect/tests")?,
            ],
        })
    }

    fn dialect(&self, from: &'static str, to: &'static str) -> Result<Part> {
        Ok(Part { from, to, name: self.name.with_suffix("-chat")?, wanted: None })
    }

    /// A text with its names and the way to the SDK; other bytes as they are.
    fn filled(&self, content: &[u8], part: &Part) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(content) else { return content.to_vec() };
        let text = part.wanted.map_or_else(|| half::without_marks(text), |half| half.of(text));
        // The title is the provider's, which is the project's, and not the dialect's.
        let text = part.name.put_into(&self.name.put_title_into(&text));
        let (there, here) = self.language.sdk_reference(self.sdk);
        text.replace(there, &here).into_bytes()
    }
}

impl Language {
    /// Where a project has the SDK.
    fn vendored(self) -> &'static str {
        match self {
            Self::Rust => "vendor/patchbay",
            Self::TypeScript | Self::Python => "vendor/patchbay-sdk",
        }
    }

    /// How a template refers to the SDK, and how a project does: to its own copy, or to a checkout.
    fn sdk_reference(self, checkout: Option<&Path>) -> (&'static str, String) {
        let vendored = self.vendored();
        let sdk = checkout.map(|it| it.join("sdk").join(self.name()).display().to_string());
        match self {
            Self::Rust => {
                let sdk = sdk.unwrap_or_else(|| format!("{vendored}/sdk/rust"));
                ("\"../..\"", format!("{sdk:?}"))
            }
            Self::TypeScript => {
                ("file:..\"", format!("file:{}\"", sdk.unwrap_or_else(|| vendored.to_owned())))
            }
            Self::Python => (
                "./vendor/patchbay-sdk\n",
                sdk.map_or_else(|| format!("./{vendored}\n"), |sdk| format!("-e {sdk}\n")),
            ),
        }
    }
}

impl Part {
    /// Where a file goes. A part may be one file, of which nothing is left to be joined.
    fn place(&self, rest: &str) -> PathBuf {
        let to = PathBuf::from(self.to);
        if rest.is_empty() { to } else { to.join(self.name.put_into(rest)) }
    }
}

/// The files of one language in a list of all.
fn of_language(all: &'static [(&'static str, Files)], language: Language) -> Files {
    let found = all.iter().find(|(name, _)| *name == language.name());
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

/// A checkout whose SDK can be used: the folder above `sdk`.
///
/// # Errors
/// When there is no SDK of the language in it.
pub fn sdk_checkout(folder: &Path, language: Language) -> Result<PathBuf> {
    let (name, mark) = (language.name(), language.mark());
    if !folder.join("sdk").join(name).join(mark).is_file() {
        bail!("{} has no sdk/{name}; name a checkout of the gateway", folder.display());
    }
    folder.canonicalize().with_context(|| format!("{} cannot be found", folder.display()))
}

#[cfg(test)]
mod tests;
