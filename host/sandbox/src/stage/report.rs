//! The stage's way to tell the gateway.

use std::fs::File;
use std::io::Write;

use super::StageProblem;
use crate::order::Report;

/// The pipe to the gateway. Each report is one write, so that lines of processes do not mix.
pub(super) struct Reporter(File);

impl Reporter {
    pub(super) fn new(pipe: File) -> Self {
        Self(pipe)
    }

    /// Says something. A gateway that does not listen has its reasons.
    pub(super) fn say(&self, report: &Report) {
        if let Ok(mut line) = serde_json::to_vec(report) {
            line.push(b'\n');
            let _ = (&self.0).write_all(&line);
        }
    }

    /// Says what failed, and returns the exit code for it.
    pub(super) fn fail(&self, problem: StageProblem) -> i32 {
        self.say(&problem.into());
        2
    }
}
