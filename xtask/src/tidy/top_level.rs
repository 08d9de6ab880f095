//! The top level of the checkout is fixed: a stranger reads it as a table of contents.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::finding::Finding;

const REQUIRED: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "examples",
    "host",
    "md-docs",
    "plugins",
    "rustfmt.toml",
    "sdk",
    "tests",
    "wit",
    "xtask",
];

const ALLOWED: &[&str] = &["deploy"];

/// What building and running leaves behind; git ignores it.
const LEFT_BEHIND: &[&str] = &["target", "data", "node_modules", "__pycache__"];

/// Compares the checkout's entries with the list.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let entries = fs::read_dir(root).with_context(|| format!("cannot list {}", root.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(compare(&names))
}

fn compare(names: &[String]) -> Vec<Finding> {
    let known = |name: &str| {
        name.starts_with('.')
            || REQUIRED.contains(&name)
            || ALLOWED.contains(&name)
            || LEFT_BEHIND.contains(&name)
    };
    let strangers = names.iter().filter(|name| !known(name)).map(|name| {
        Finding::new(name, "the top level is fixed", "move it into the folder it belongs to")
    });
    let missing = REQUIRED
        .iter()
        .filter(|required| !names.iter().any(|name| name == *required))
        .map(|name| Finding::new(*name, "the top level is fixed", "it is missing: put it back"));
    strangers.chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Vec<String> {
        REQUIRED.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_list_itself_with_dotfiles_and_leftovers_is_tidy() {
        let mut names = complete();
        names.extend([".gitignore", "deploy", "target"].map(str::to_owned));
        assert_eq!(compare(&names), []);
    }

    #[test]
    fn a_stranger_and_a_gap_are_found() {
        let mut names = complete();
        names.retain(|name| name != "wit");
        names.push("scripts".to_owned());
        let places: Vec<_> = compare(&names).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["scripts", "wit"]);
    }
}
