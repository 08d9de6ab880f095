//! Actions that write into the directory.

use std::fs;
use std::io;
use std::path::Path;

use super::Keeper;
use super::install::Will;
use crate::digest::Digest;
use crate::life::archive::write_whole;
use crate::life::capture::{Captured, signature_file};
use crate::life::events::EventKind;
use crate::life::problem::LifeProblem;
use crate::life::share::Rollout;

/// A component that an operator sends.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The portable component.
    pub component: Vec<u8>,
    /// The signature's file, as `minisign -S` writes it.
    pub signature: Option<Vec<u8>>,
    /// How it starts, if otherwise than new versions of this plugin do.
    pub rollout: Option<Rollout>,
}

/// What became of a component that an operator sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Name of the plugin.
    pub name: String,
    /// Why it waits for an operator; `None` if it serves, or takes its share.
    pub waits: Option<String>,
}

impl Keeper {
    /// Writes a component into the directory and takes it as any other file. One that is refused
    /// is taken away again, and what was there before is put back.
    ///
    /// # Errors
    /// The step that it does not pass. To wait for an operator is no error.
    pub(in crate::life) fn upload(&mut self, upload: Upload) -> Result<Uploaded, LifeProblem> {
        let Upload { component, signature, rollout } = upload;
        if let Some(rollout) = &rollout {
            rollout.check()?;
        }
        let digest = Digest::of(&component);
        let (file, bytes) = (String::new(), component);
        let mut captured = Captured { file, bytes, signature, digest };
        let name = self.judge(&captured).map_err(|stopped| stopped.problem)?.name;
        captured.file = self.file_for(&name, &captured.digest);
        let before = self.capture.content_of(&captured.file);
        let written = self.write(&captured);
        let Captured { file, digest, .. } = captured;
        self.capture.forget(&file);
        let taken = written.and_then(|()| self.look_for(&file, &digest, (Will::Arrived, rollout)));
        match taken {
            Ok(()) => Ok(Uploaded { name, waits: None }),
            Err(problem) if problem.waits_for_operator() => {
                Ok(Uploaded { name, waits: Some(problem.to_string()) })
            }
            Err(problem) => {
                self.put_back(&file, &digest, before);
                Err(problem)
            }
        }
    }

    /// Takes a refused upload out of the directory. What somebody put there meanwhile stays.
    fn put_back(&mut self, file: &str, refused: &Digest, before: Option<Captured>) {
        let there = self.capture.content_of(file);
        if there.is_some_and(|it| it.digest != *refused) {
            return;
        }
        let restored = match before {
            Some(before) => self.write(&before),
            None => self.remove_files(file),
        };
        if let Err(problem) = restored {
            // The next look shows it as pending again.
            self.events.note(EventKind::NotKept, (None, Some(refused)), problem.to_string());
            return;
        }
        self.capture.forget(file);
        self.pending.remove(file);
        self.look();
    }

    /// Removes a plugin: its file, its versions, and what was approved.
    ///
    /// # Errors
    /// If there is no such plugin, or its file cannot be removed.
    pub(in crate::life) fn remove(&mut self, name: &str) -> Result<(), LifeProblem> {
        if let Some(file) = self.known(name)?.file.clone() {
            self.remove_files(&file)?;
            self.capture.forget(&file);
            self.pending.remove(&file);
        }
        self.withdraw(name, "an operator removed it");
        self.record.plugins.remove(name);
        self.save();
        self.look_again_at(name);
        Ok(())
    }

    /// The file a plugin has, or a new one that no other plugin has.
    fn file_for(&self, name: &str, digest: &Digest) -> String {
        let owned = self.record.plugins.get(name).and_then(|plugin| plugin.file.clone());
        let waiting = self.pending.values().find(|it| it.plugin.as_deref() == Some(name));
        let file = owned.or_else(|| waiting.map(|it| it.file.clone()));
        file.unwrap_or_else(|| {
            let plain = format!("{name}.wasm");
            if self.capture.has(&plain) { format!("{name}-{digest}.wasm") } else { plain }
        })
    }

    fn remove_files(&self, file: &str) -> Result<(), LifeProblem> {
        for file in [&signature_file(file), file] {
            remove_file(&self.settings.directory.join(file))?;
        }
        Ok(())
    }

    /// The signature first: it is the component that makes a file.
    fn write(&self, captured: &Captured) -> Result<(), LifeProblem> {
        let directory = &self.settings.directory;
        fs::create_dir_all(directory).map_err(|it| unwritable(directory, it))?;
        let signature = directory.join(signature_file(&captured.file));
        match &captured.signature {
            Some(bytes) => {
                write_whole(&signature, bytes).map_err(|it| unwritable(&signature, it))?;
            }
            None => remove_file(&signature)?,
        }
        let component = directory.join(&captured.file);
        write_whole(&component, &captured.bytes).map_err(|it| unwritable(&component, it))
    }
}

fn unwritable(path: &Path, source: io::Error) -> LifeProblem {
    LifeProblem::Write { what: path.display().to_string(), source }
}

/// Removes a file if it is there.
fn remove_file(path: &Path) -> Result<(), LifeProblem> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(path, error)),
        _ => Ok(()),
    }
}
