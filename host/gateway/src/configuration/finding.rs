//! Where a problem is.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use resources::Problem;

/// Where a member was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the file, at a line counted from 1.
    Line(usize),
    /// In a variable of the environment.
    Variable(String),
}

/// One problem and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    file: PathBuf,
    place: Option<Place>,
    problem: Problem,
}

/// Where each member was written, by path.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    file: PathBuf,
    by_path: HashMap<String, Place>,
}

impl Places {
    /// Of one file, nothing known yet.
    pub(crate) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), by_path: HashMap::new() }
    }

    /// Notes where a member was written; a later place wins.
    pub(crate) fn note(&mut self, path: &str, place: Place) {
        self.by_path.insert(path.to_owned(), place);
    }

    /// Notes where a member was written, unless that is known.
    pub(crate) fn note_first(&mut self, path: &str, place: Place) {
        self.by_path.entry(path.to_owned()).or_insert(place);
    }

    /// Adds the places, and sorts by them.
    pub(crate) fn locate_all(&self, problems: Vec<Problem>) -> Vec<Finding> {
        let mut findings: Vec<_> = problems.into_iter().map(|it| self.locate(it)).collect();
        findings.sort_by(|a, b| a.place.cmp(&b.place));
        findings
    }

    /// The place of the member, or of the innermost table around it that was written at all.
    fn locate(&self, problem: Problem) -> Finding {
        let mut path = problem.path.as_str();
        let mut place = self.by_path.get(path);
        while place.is_none() && !path.is_empty() {
            path = path.rfind(['.', '[']).map_or("", |end| &path[..end]);
            place = self.by_path.get(path);
        }
        Finding { file: self.file.clone(), place: place.cloned(), problem }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => write!(f, "{}: ", self.file.display())?,
            Some(Place::Line(line)) => write!(f, "{}:{line}: ", self.file.display())?,
            Some(Place::Variable(name)) => write!(f, "environment {name}: ")?,
        }
        write!(f, "{}", self.problem)
    }
}
