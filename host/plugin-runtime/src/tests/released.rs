//! Plugins of released contracts: this gateway still loads, proves and calls them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::examine;

const FOLDER: &str = "../../tests/released-contract";
/// One component for each side of the contract.
const COMPONENTS: [&str; 4] =
    ["released-egress", "released-http-adapter", "released-ingress", "released-process-adapter"];

/// The folders of released contracts, named by their versions.
fn versions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let is_version = |path: &PathBuf| {
        path.is_dir() && path.file_name().unwrap().as_encoded_bytes()[0].is_ascii_digit()
    };
    let mut versions: Vec<_> = entries.filter(is_version).collect();
    versions.sort();
    versions
}

#[test]
fn every_released_contract_has_a_component_of_each_side() {
    let versions = versions();
    assert!(!versions.is_empty());
    for version in versions {
        let files = fs::read_dir(&version).unwrap().map(|file| file.unwrap().path());
        let names: BTreeSet<String> =
            files.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, COMPONENTS.map(str::to_owned).into(), "{}", version.display());
    }
}

/// Their self-tests call every function that does the work, and say what it has to answer.
#[test]
fn components_of_released_contracts_are_loaded_and_answer_as_they_did() {
    let runtime = Runtime::start(LIMITS).unwrap();
    for version in versions() {
        for name in COMPONENTS {
            let file = version.join(name).with_extension("wasm");
            let examined = examine(&runtime, &fs::read(&file).unwrap(), Grant::default());
            let examined = examined.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(examined.manifest.name, name);
            assert!(!examined.manifest.self_test.is_empty(), "{}", file.display());
        }
    }
}
