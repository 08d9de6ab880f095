//! How records of an earlier format become today's.

use std::path::PathBuf;

use crate::entry::Entry;

/// Every format that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Formats {
    /// The format that is written.
    pub(crate) latest: u32,
    /// One for each earlier format, in order.
    pub(crate) steps: &'static [Step],
}

/// From a format to the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The format that it starts from.
    pub(crate) from: u32,
    /// What it does, for the operator.
    pub(crate) about: &'static str,
    /// Changes all records at once. Records that are damaged are not among them.
    pub(crate) apply: fn(&mut Vec<Entry>) -> Result<(), String>,
}

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationSummary {
    /// The format that was found; today's if there was nothing to do.
    pub from: u32,
    /// The format that the store has now.
    pub to: u32,
    /// What was done, one sentence a step.
    pub steps: Vec<&'static str>,
    /// The store as it was before, as a backup of the former format.
    pub backup: Option<PathBuf>,
}

/// Today's formats. A change of what records look like adds a step here, and a test with records
/// of the format before.
pub(crate) const FORMATS: Formats = Formats { latest: 1, steps: &[] };

impl Formats {
    /// Brings records of format `from` to the latest one.
    ///
    /// # Errors
    /// What a step did not understand, or that there is no step from this format.
    pub(crate) fn migrate(
        &self,
        from: u32,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<&'static str>, String> {
        let mut done = Vec::new();
        for format in from..self.latest {
            let step = self.steps.iter().find(|it| it.from == format);
            let step = step.ok_or_else(|| format!("there is no way from format {format}"))?;
            (step.apply)(entries).map_err(|it| format!("format {format}: {it}"))?;
            done.push(step.about);
        }
        Ok(done)
    }
}

impl MigrationSummary {
    /// Of a store that has the latest format.
    pub(crate) fn nothing(formats: &Formats) -> Self {
        Self { from: formats.latest, to: formats.latest, steps: Vec::new(), backup: None }
    }
}
