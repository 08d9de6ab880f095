//! A project's name, in the forms that code wants.

use std::str::FromStr;

use anyhow::Result;

/// What a plugin and its project are called: `sunny-cloud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectName(String);

/// A text that is no name.
pub type NameProblem = &'static str;

/// Longest name; what a template appends still fits a plugin's 64.
const MAX_BYTES: usize = 56;

/// Words that a package in one of the languages cannot be called.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "become",
    "box",
    "break",
    "class",
    "const",
    "continue",
    "core",
    "crate",
    "def",
    "del",
    "do",
    "dyn",
    "egress",
    "elif",
    "else",
    "enum",
    "except",
    "extern",
    "false",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "gen",
    "global",
    "if",
    "impl",
    "import",
    "in",
    "ingress",
    "is",
    "lambda",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "nonlocal",
    "not",
    "or",
    "override",
    "pass",
    "patchbay-sdk",
    "priv",
    "proc-macro",
    "pub",
    "raise",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "with",
    "yield",
];

impl FromStr for ProjectName {
    type Err = NameProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let shaped = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.len() <= MAX_BYTES
            && text.bytes().all(allowed)
            && !text.ends_with('-')
            && !text.contains("--");
        if !shaped {
            return Err("a name is 1 to 56 lower-case letters, digits and single \"-\" between \
                        them, and starts with a letter");
        }
        if TAKEN.contains(&text) {
            return Err("the word has a meaning of its own in a programming language; choose \
                        another");
        }
        Ok(Self(text.to_owned()))
    }
}

impl ProjectName {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A longer name.
    pub(super) fn with_suffix(&self, suffix: &str) -> Result<Self> {
        format!("{}{suffix}", self.0).parse().map_err(anyhow::Error::msg)
    }

    /// Replaces a template's names by this one, in each form.
    pub(super) fn put_into(&self, text: &str) -> String {
        let (snake, pascal) = (self.0.replace('-', "_"), self.pascal());
        let forms = [
            (["my-plugin", "plugin-name", "{{name}}"], &self.0),
            (["my_plugin", "plugin_name", "{{crate}}"], &snake),
            (["MyPlugin", "PluginName", "{{type}}"], &pascal),
        ];
        let mut text = text.to_owned();
        for (words, name) in forms {
            for word in words {
                text = text.replace(word, name);
            }
        }
        text
    }

    /// Replaces what a template calls its provider: for people, and the name of its key.
    pub(super) fn put_title_into(&self, text: &str) -> String {
        let title = self.words().join(" ");
        let key = self.0.replace('-', "_").to_ascii_uppercase();
        let mut text = text.replace("MY_PROVIDER", &key);
        for words in ["Provider Name", "My provider", "my provider"] {
            text = text.replace(words, &title);
        }
        text
    }

    fn pascal(&self) -> String {
        self.words().concat()
    }

    /// Each with a large letter: `Sunny`, `Cloud`.
    fn words(&self) -> Vec<String> {
        let large = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|it| it.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        };
        self.0.split('-').map(large).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_form_that_every_language_takes() {
        for good in ["a", "sunny-cloud", "gpt4-x"] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good}");
        }
        let long = "a".repeat(MAX_BYTES + 1);
        for bad in ["", "A", "4x", "a_b", "-a", "a-", "a--b", "é", "../a", "fn", "class", &long] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_form_of_a_templates_name_is_replaced() {
        let name: ProjectName = "sunny-cloud".parse().unwrap();
        let text = "my-plugin my_plugin MyPlugin {{name}} plugin_name PluginName";
        let expected = "sunny-cloud sunny_cloud SunnyCloud sunny-cloud sunny_cloud SunnyCloud";
        assert_eq!(name.put_into(text), expected);
        let text = "Provider Name, my provider, MY_PROVIDER_KEY";
        assert_eq!(name.put_title_into(text), "Sunny Cloud, Sunny Cloud, SUNNY_CLOUD_KEY");
    }
}
