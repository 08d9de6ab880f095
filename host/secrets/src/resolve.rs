//! Looking references up.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::template::{Piece, Reference, Template};

/// Largest file that a reference may name.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Why a reference leads nowhere.
#[derive(Debug, Error)]
pub enum ResolveProblem {
    /// No such variable.
    #[error("environment variable {0:?} is not set; set it for the gateway's process")]
    NotSet(String),
    /// The file cannot be read.
    #[error("file {path:?} cannot be read ({source}); make it readable for the gateway's user")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large to be a secret.
    #[error("file {0:?} is over 64 KiB; name a file that holds only the value")]
    TooLarge(PathBuf),
    /// Not UTF-8.
    #[error("{0} is not UTF-8; write it as text")]
    NotText(Reference),
    /// Nothing there.
    #[error("{0} is empty; give it a value")]
    Empty(Reference),
}

/// Where references are looked up: the variables as they were, and the files as they are.
pub struct Sources {
    variables: HashMap<OsString, OsString>,
    directory: PathBuf,
}

impl Sources {
    /// Variables, and the directory that relative file names start from.
    #[must_use]
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        directory: impl Into<PathBuf>,
    ) -> Self {
        Self { variables: variables.into_iter().collect(), directory: directory.into() }
    }

    /// The text with all its references replaced.
    ///
    /// # Errors
    /// The first reference that leads nowhere.
    pub fn resolve(&self, template: &Template) -> Result<SecretString, ResolveProblem> {
        let mut text = Zeroizing::new(String::new());
        for piece in &template.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Reference(reference) => {
                    text.push_str(self.look_up(reference)?.expose_secret());
                }
            }
        }
        Ok(SecretString::from(text.as_str()))
    }

    fn look_up(&self, reference: &Reference) -> Result<SecretString, ResolveProblem> {
        let text = match reference {
            Reference::Environment(name) => {
                let value = self.variables.get(name.as_ref() as &std::ffi::OsStr);
                let value = value.ok_or_else(|| ResolveProblem::NotSet(name.clone()))?;
                value.to_str().map(SecretString::from)
            }
            Reference::File(path) => {
                let bytes = read_bounded(&self.directory.join(path))?;
                let text = std::str::from_utf8(&bytes).ok();
                text.map(|text| SecretString::from(without_newline(text)))
            }
        };
        let text = text.ok_or_else(|| ResolveProblem::NotText(reference.clone()))?;
        if text.expose_secret().is_empty() {
            return Err(ResolveProblem::Empty(reference.clone()));
        }
        Ok(text)
    }
}

/// Editors end files with a newline that is no part of the value.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn read_bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, ResolveProblem> {
    let unreadable = |source| ResolveProblem::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = MAX_FILE_BYTES + 1;
    let read = file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if read as u64 == limit {
        return Err(ResolveProblem::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn sources(directory: &Path) -> Sources {
        let variables = [("A", "alpha"), ("EMPTY", "")];
        Sources::new(variables.map(|(name, value)| (name.into(), value.into())), directory)
    }

    fn resolve(directory: &Path, text: &str) -> Result<String, String> {
        let template = text.parse().unwrap();
        match sources(directory).resolve(&template) {
            Ok(secret) => Ok(secret.expose_secret().to_owned()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn references_are_replaced_within_a_text() {
        let directory = tempfile::tempdir().unwrap();
        for (content, expected) in
            [("beta", "beta"), ("beta\n", "beta"), ("beta\r\n", "beta"), ("b\n\n", "b\n")]
        {
            fs::write(directory.path().join("b"), content).unwrap();
            assert_eq!(resolve(directory.path(), "${file:b}").unwrap(), expected);
        }
        fs::write(directory.path().join("b"), "beta").unwrap();
        let absolute = format!("${{file:{}}}", directory.path().join("b").display());
        for (text, expected) in [
            ("plain", "plain"),
            ("${env:A}", "alpha"),
            ("x-${env:A}-${file:b}-y", "x-alpha-beta-y"),
            ("$${env:A} $$$", "${env:A} $$$"),
            (absolute.as_str(), "beta"),
        ] {
            assert_eq!(resolve(directory.path(), text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_named_with_a_fix() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("large"), vec![b'a'; 65_537]).unwrap();
        fs::write(directory.path().join("binary"), [0xff, b's', b'k']).unwrap();
        fs::write(directory.path().join("newline"), "\n").unwrap();
        for (text, expected) in [
            ("${env:NONE}", "\"NONE\" is not set; set it"),
            ("${env:EMPTY}", "${env:EMPTY} is empty; give"),
            ("${file:none}", "none\" cannot be read (No such file"),
            ("${file:.}", "cannot be read (Is a directory"),
            ("${file:large}", "large\" is over 64 KiB; name"),
            ("${file:binary}", "${file:binary} is not UTF-8; write"),
            ("${file:newline}", "${file:newline} is empty; give"),
        ] {
            let problem = resolve(directory.path(), text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_file_of_just_the_allowed_size_is_read() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("full"), vec![b'a'; 65_536]).unwrap();
        assert_eq!(resolve(directory.path(), "${file:full}").unwrap().len(), 65_536);
    }
}
