//! What is going on, told to whoever waits.

/// Hears of steps that may take long. The text is for people.
pub trait Progress {
    /// A step begins.
    fn begin(&self, step: &str);

    /// Something about the step that has begun: a command that runs, a choice, a result.
    fn note(&self, line: &str);
}
