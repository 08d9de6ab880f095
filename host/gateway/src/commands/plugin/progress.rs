//! Steps that take long, on standard error: standard output is the result's.

use authoring::Progress;

use crate::terminal;

/// Shows steps as they begin.
pub(super) struct Steps;

impl Progress for Steps {
    fn begin(&self, step: &str) {
        terminal::complain(&format!("── {step}"));
    }

    fn note(&self, line: &str) {
        terminal::complain(&format!("   {line}"));
    }
}
