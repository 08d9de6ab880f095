//! What is wrong with a document, and where.

use std::fmt;

/// Longest part of a name that a message repeats, in characters.
const MAX_QUOTED_CHARS: usize = 64;

/// One thing that is wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The member at fault: `providers[0].base_url`.
    pub path: String,
    /// What is wrong, without a value that could be a secret.
    pub message: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.fix)
    }
}

/// All problems found so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn report(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(Problem { path: path.into(), message: message.into(), fix: fix.into() });
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order of discovery.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

/// Path of a table's member. Names that are not bare TOML keys are quoted.
#[must_use]
pub fn member_path(table: &str, name: &str) -> String {
    let bare = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let name = if bare { shown(name) } else { quoted(name) };
    if table.is_empty() { name } else { format!("{table}.{name}") }
}

/// Path of a list's element.
#[must_use]
pub fn element_path(list: &str, index: usize) -> String {
    format!("{list}[{index}]")
}

/// A name in quotes, controls escaped, cut where it is too long for a message.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", shown(name))
}

fn shown(name: &str) -> String {
    let escaped = name.escape_debug();
    if name.chars().count() <= MAX_QUOTED_CHARS {
        return escaped.to_string();
    }
    let mut cut: String = escaped.take(MAX_QUOTED_CHARS).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_member_it_names() {
        assert_eq!(member_path("", "server"), "server");
        assert_eq!(member_path(&element_path("providers", 2), "base_url"), "providers[2].base_url");
        assert_eq!(member_path("a", "b.c\n"), "a.\"b.c\\n\"");
        assert!(member_path("", &"x".repeat(500)).chars().count() < 70);
    }
}
