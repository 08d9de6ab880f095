//! The architecture document describes the house that is there.

use std::fs;
use std::path::Path;

use super::finding::Finding;
use super::layers::{Package, Part};

const DOCUMENT: &str = "md-docs/architecture.md";

/// Every room of `host/` has a row in the document's table.
pub(super) fn check(root: &Path, packages: &[Package]) -> Vec<Finding> {
    let rooms =
        packages.iter().filter(|package| package.part == Part::Host).map(|room| &*room.name);
    match fs::read_to_string(root.join(DOCUMENT)) {
        Ok(text) => missing(&text, rooms),
        Err(error) => vec![Finding::new(
            DOCUMENT,
            format!("the architecture is written down ({error})"),
            "write it, with a table of the rooms",
        )],
    }
}

fn missing<'a>(document: &str, rooms: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let described: Vec<&str> = document.lines().filter_map(room_of_row).collect();
    rooms
        .filter(|room| !described.contains(room))
        .map(|room| {
            Finding::new(
                DOCUMENT,
                "the table of rooms lists every crate of host/",
                format!("add a row that starts with | `{room}` |"),
            )
        })
        .collect()
}

/// The room of a row such as ``| `routing` | … |``.
fn room_of_row(line: &str) -> Option<&str> {
    let cell = line.trim().strip_prefix('|')?.split('|').next()?.trim();
    cell.strip_prefix('`')?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_without_a_row_is_found() {
        let document = "| room | owns |\n|---|---|\n| `routing` | routes |\ntext about `server`";
        let findings = missing(document, ["routing", "server"].into_iter());
        assert_eq!(findings.len(), 1);
        assert!(findings[0].fix.contains("`server`"), "{findings:?}");
    }
}
