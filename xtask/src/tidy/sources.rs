//! Rules about the text of one source file: its size, and tests that are switched off.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, Result};
use walkdir::WalkDir;

use super::finding::Finding;

/// Folders that hold source code.
const FOLDERS: &[&str] = &["examples", "host", "plugins", "sdk", "tests", "xtask"];

/// Folders inside them that tools fill.
const FILLED_BY_TOOLS: &[&str] = &["target", "node_modules"];

/// A file is split before it has more production lines.
const MOST_LINES: usize = 500;

/// One Rust file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Relative to the checkout.
    pub(super) place: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

/// Every Rust file of the checkout, in order.
pub(super) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in FOLDERS.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
        let walk = WalkDir::new(&folder)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| !FILLED_BY_TOOLS.iter().any(|name| entry.file_name() == *name));
        for entry in walk {
            let entry = entry?;
            let path = entry.path();
            if !entry.file_type().is_file() || path.extension().is_none_or(|kind| kind != "rs") {
                continue;
            }
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let place = path.strip_prefix(root).unwrap_or(path).display().to_string();
            sources.push(Source::new(place, text));
        }
    }
    Ok(sources)
}

/// What is wrong inside one file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = ignored_tests(source);
    let lines = production_lines(&source.text);
    if lines > MOST_LINES && !holds_tests_only(Path::new(&source.place)) {
        findings.push(Finding::new(
            &source.place,
            format!("a file has at most {MOST_LINES} production lines, this one has {lines}"),
            "split it by what it owns",
        ));
    }
    findings
}

fn ignored_tests(source: &Source) -> Vec<Finding> {
    let numbered = source.text.lines().enumerate();
    numbered
        .filter(|(_, line)| is_ignore_attribute(line.trim_start()))
        .map(|(index, _)| {
            Finding::new(
                format!("{}:{}", source.place, index + 1),
                "no test is ignored",
                "mend it, delete it, or move it into an acceptance command",
            )
        })
        .collect()
}

fn is_ignore_attribute(line: &str) -> bool {
    line.starts_with("#[ignore") || (line.starts_with("#[cfg_attr(") && line.contains("ignore"))
}

/// `tests.rs` beside its module, and everything in a crate's `tests` folder.
fn holds_tests_only(place: &Path) -> bool {
    let mut inside_crate = place.components();
    // The crates of the top-level folder `tests` are programs like others.
    let _ = inside_crate.next();
    place.file_name().is_some_and(|name| name == "tests.rs")
        || inside_crate.any(|part| part == Component::Normal("tests".as_ref()))
}

/// Lines outside of `#[cfg(test)] mod tests { … }`. rustfmt closes an outer block in column one.
fn production_lines(text: &str) -> usize {
    let mut lines = text.lines().peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let opens = line == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
        if opens {
            for inner in lines.by_ref() {
                if inner == "}" {
                    break;
                }
            }
        } else {
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(place: &str) -> Source {
        Source::new(place, "//! line\n".repeat(MOST_LINES + 1))
    }

    #[test]
    fn a_file_of_more_than_five_hundred_lines_is_found() {
        assert_eq!(check(&long("host/a/src/b.rs")).len(), 1);
        assert_eq!(check(&long("tests/bench/src/b.rs")).len(), 1);
        let longest = Source::new("host/a/src/b.rs", "//! line\n".repeat(MOST_LINES));
        assert_eq!(check(&longest), []);
    }

    #[test]
    fn tests_do_not_count() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n";
        assert_eq!(production_lines(text), 2);
        for place in ["host/a/src/b/tests.rs", "host/a/tests/b.rs", "tests/tests/b.rs"] {
            assert_eq!(check(&long(place)), [], "{place}");
        }
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_is_one_line_here() {
        assert_eq!(production_lines("#[cfg(test)]\nmod tests;\n"), 2);
    }

    #[test]
    fn an_ignored_test_is_found_with_its_line() {
        let hidden = "ignore";
        let text = format!("#[test]\n    #[{hidden} = \"slow\"]\nfn a() {{}}\n");
        let findings = check(&Source::new("host/a/src/b.rs", text));
        assert_eq!(findings[0].place, "host/a/src/b.rs:2");
        let text = format!("#[cfg_attr(windows, {hidden})]\n");
        assert_eq!(check(&Source::new("host/a/src/b.rs", text)).len(), 1);
        assert_eq!(check(&Source::new("host/a/src/b.rs", "let ignore = 1;\n")), []);
    }
}
