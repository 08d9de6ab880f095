//! Names that say nothing hide things; and a module has one place for its file.

use std::collections::BTreeSet;
use std::path::Path;

use super::finding::Finding;
use super::sources::Source;

const SAY_NOTHING: &[&str] =
    &["common", "core", "helper", "helpers", "manager", "misc", "util", "utils"];

/// Every file or folder of source code with a name that the house does not use.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut places = BTreeSet::new();
    let mut findings = Vec::new();
    for source in sources {
        let path = Path::new(&source.place);
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            findings.push(Finding::new(
                &source.place,
                "there is no mod.rs",
                "name the file after its folder and put it beside: foo.rs and foo/",
            ));
        }
        for place in path.ancestors() {
            if says_nothing(place) && places.insert(place.to_path_buf()) {
                findings.push(Finding::new(
                    place.display().to_string(),
                    "a name says what is inside",
                    "name it after the things it holds, or split it by them",
                ));
            }
        }
    }
    findings
}

fn says_nothing(place: &Path) -> bool {
    place.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| SAY_NOTHING.contains(&stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(paths: &[&str]) -> Vec<String> {
        let sources: Vec<Source> = paths.iter().map(|path| Source::new(*path, "")).collect();
        check(&sources).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn names_that_say_nothing_are_found_once() {
        let paths = ["host/a/src/utils.rs", "host/a/src/core/b.rs", "host/a/src/core/c.rs"];
        assert_eq!(places(&paths), ["host/a/src/utils.rs", "host/a/src/core"]);
    }

    #[test]
    fn a_name_may_contain_such_a_word() {
        assert_eq!(places(&["host/a/src/core_module.rs", "host/score/src/b.rs"]), [""; 0]);
    }

    #[test]
    fn mod_rs_is_found() {
        assert_eq!(places(&["host/a/src/b/mod.rs"]), ["host/a/src/b/mod.rs"]);
    }
}
