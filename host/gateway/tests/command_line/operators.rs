//! Commands on a running gateway: what they ask, what they print, how they end.

mod keys;
mod providers;
mod refusals;
mod reports;
mod routes;
mod store;

use std::path::Path;

use serde_json::Value;

use super::canned::{Asked, Canned, Reply};
use super::{command, in_directory, lines, run};

const TOKEN: &str = "header.claims.signature";

/// What a command did.
pub(crate) struct Done {
    pub(crate) asked: Vec<Asked>,
    pub(crate) output: Vec<String>,
    errors: Vec<String>,
    code: Option<i32>,
}

/// Runs a command against canned answers.
fn operate(arguments: &[&str], input: &str, replies: impl IntoIterator<Item = Reply>) -> Done {
    operate_in(in_directory(&[]).path(), (arguments, input), replies)
}

pub(crate) fn operate_in(
    directory: &Path,
    (arguments, input): (&[&str], &str),
    replies: impl IntoIterator<Item = Reply>,
) -> Done {
    let server = Canned::answering(replies);
    let mut command = command(directory, arguments);
    command.env("PATCHBAY_URL", server.url()).env("PATCHBAY_ADMIN_TOKEN", TOKEN);
    let output = run(&mut command, input);
    let asked = server.asked();
    for one in &asked {
        assert_eq!(one.header("authorization"), Some("Bearer header.claims.signature"));
    }
    let (errors, code) = (lines(&output.stderr), output.status.code());
    Done { asked, output: lines(&output.stdout), errors, code }
}

impl Done {
    /// Asserts that it went well and said nothing on standard error; what it printed.
    pub(crate) fn good(&self) -> &[String] {
        assert_eq!(self.errors, Vec::<String>::new());
        assert_eq!(self.code, Some(0));
        &self.output
    }

    /// Asserts that it failed and printed nothing; what it said.
    pub(crate) fn bad(&self) -> &[String] {
        assert_eq!(self.output, Vec::<String>::new());
        assert_eq!(self.code, Some(1));
        &self.errors
    }

    /// What it printed, as JSON.
    fn json(&self) -> Value {
        serde_json::from_str(&self.good().join("\n")).unwrap()
    }

    /// Asserts what was asked, in order.
    pub(crate) fn assert_asked(&self, expected: &[&str]) {
        let asked: Vec<_> = self.asked.iter().map(|it| it.line.as_str()).collect();
        assert_eq!(asked, expected);
    }
}
