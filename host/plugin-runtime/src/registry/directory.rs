//! Loading every plugin of a directory.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use exchange::GenerationId;

use super::{Origin, Registry};
use crate::grant::Grant;
use crate::load::Candidate;
use crate::load_error::LoadError;

/// What became of one file.
#[derive(Debug)]
pub struct LoadReport {
    /// The file, or the directory if it could not be read.
    pub path: PathBuf,
    /// The generation that serves now, or why there is none.
    pub outcome: Result<GenerationId, LoadError>,
}

impl Registry {
    /// Loads the plugins of a directory in the order of their file names: the files `*.wasm` of
    /// its top level that are not hidden. `grant_of` is asked with each plugin's name. A
    /// directory that does not exist holds no plugin. Compiles: not for a task's thread.
    pub fn load_directory(
        &self,
        directory: &Path,
        grant_of: impl Fn(&str) -> Grant,
    ) -> Vec<LoadReport> {
        let files = match plugin_files(directory) {
            Ok(files) => files,
            Err(error) => {
                return vec![LoadReport {
                    path: directory.to_owned(),
                    outcome: Err(LoadError::Read(error)),
                }];
            }
        };
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = HashSet::new();
        files
            .into_iter()
            .map(|path| LoadReport { outcome: self.load_file(&path, &mut names, &grant_of), path })
            .collect()
    }

    fn load_file(
        &self,
        path: &Path,
        names: &mut HashSet<String>,
        grant_of: impl Fn(&str) -> Grant,
    ) -> Result<GenerationId, LoadError> {
        let bytes = read_bounded(path, self.runtime.limits().component_bytes)?;
        let candidate = Candidate::inspect(&self.runtime, &bytes)?;
        let name = candidate.manifest().name.clone();
        if names.contains(&name) {
            return Err(LoadError::NameTaken(name));
        }
        let origin = Origin::Installed(Some(path.to_owned()));
        let generation = self.load_now(candidate, &bytes, (origin, grant_of(&name)))?;
        names.insert(name);
        Ok(generation)
    }
}

fn plugin_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if is_plugin_file(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_plugin_file(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension() == Some(OsStr::new("wasm")) && path.is_file()
}

fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes))
        .map_err(LoadError::Read)?;
    if bytes.len() > most {
        return Err(LoadError::TooLarge { most });
    }
    Ok(bytes)
}
