//! What a project leaves out of a template that has both, an adapter and its dialect.
//!
//! Whole files belong to one of them; in the others stand marks, lines of `# adapter` and
//! `# end of adapter` around what does.

use crate::Language;

/// What is wanted of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// The adapter. Its dialect is one that every gateway has.
    Adapter,
    /// The dialect, which then has the project's own name.
    Dialect,
}

/// The names of a template's dialect, and of its adapter.
const NAMES: &[(&str, &str)] =
    &[("my-plugin-chat", "my-plugin"), ("plugin-name-chat", "plugin-name")];
/// What OpenAI-like servers speak.
const BUNDLED_DIALECT: &str = "openai-chat";

impl Half {
    /// Whether a file of the template is the other one's.
    pub(super) fn leaves_out(self, language: Language, path: &str) -> bool {
        self.other().files(language).iter().any(|file| path.starts_with(file))
    }

    /// A file's text without what is the other one's.
    pub(super) fn of(self, text: &str) -> String {
        let (begin, end) = self.other().marks();
        let mut kept = String::new();
        let mut inside = false;
        for line in text.split_inclusive('\n') {
            match line.trim_end() {
                line if line == begin => inside = true,
                line if line == end => inside = false,
                _ if !inside => kept.push_str(line),
                _ => {}
            }
        }
        let mut kept = without_marks(&kept);
        for (dialect, own) in NAMES {
            let name = if self == Self::Adapter { BUNDLED_DIALECT } else { own };
            kept = kept.replace(dialect, name);
        }
        kept
    }

    fn other(self) -> Self {
        match self {
            Self::Adapter => Self::Dialect,
            Self::Dialect => Self::Adapter,
        }
    }

    /// The lines around what is this one's.
    fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::Adapter => ("# adapter", "# end of adapter"),
            Self::Dialect => ("# dialect", "# end of dialect"),
        }
    }

    /// Files, and folders with a `/`, that are this one's alone. Rust has a template of each.
    fn files(self, language: Language) -> &'static [&'static str] {
        match (language, self) {
            (Language::Rust, _) => &[],
            (Language::TypeScript, Self::Adapter) => &["adapter/", "test/adapter.test.ts"],
            (Language::TypeScript, Self::Dialect) => {
                &["dialect/", "test/dialect.test.ts", "test/golden/"]
            }
            (Language::Python, Self::Adapter) => {
                &["adapter.json", "src/my_plugin/adapter.py", "tests/test_adapter.py"]
            }
            (Language::Python, Self::Dialect) => &[
                "dialect.json",
                "src/my_plugin/dialect.py",
                "tests/test_dialect.py",
                "tests/reply.jsonl",
            ],
        }
    }
}

/// A text without the marks themselves.
pub(super) fn without_marks(text: &str) -> String {
    let marks = [Half::Adapter, Half::Dialect].map(Half::marks);
    let is_mark = |line: &str| marks.iter().any(|(begin, end)| line == *begin || line == *end);
    text.split_inclusive('\n').filter(|line| !is_mark(line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n# adapter\nb\n# end of adapter\n# dialect\nmy-plugin-chat\n\
                        # end of dialect\nmy-plugin my-plugin-chat\n";

    #[test]
    fn each_half_keeps_its_own_lines_and_those_of_both_and_no_mark() {
        assert_eq!(Half::Adapter.of(TEXT), "a\nb\nmy-plugin openai-chat\n");
        assert_eq!(Half::Dialect.of(TEXT), "a\nmy-plugin\nmy-plugin my-plugin\n");
        assert_eq!(without_marks(TEXT), "a\nb\nmy-plugin-chat\nmy-plugin my-plugin-chat\n");
    }

    #[test]
    fn each_half_leaves_out_the_files_of_the_other() {
        for language in [Language::TypeScript, Language::Python] {
            for half in [Half::Adapter, Half::Dialect] {
                for file in half.files(language) {
                    assert!(!half.leaves_out(language, file), "{file}");
                    assert!(half.other().leaves_out(language, file), "{file}");
                }
            }
        }
    }
}
