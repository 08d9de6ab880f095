use super::*;

fn name() -> ProjectName {
    "sunny-cloud".parse().unwrap()
}

fn project<'a>(name: &'a ProjectName, kind: Kind, folder: &'a Path) -> NewProject<'a> {
    NewProject { name, language: Language::Rust, kind: Some(kind), folder, sdk: None }
}

#[test]
fn every_kind_of_rust_project_has_its_files_and_no_name_of_the_template() {
    let (name, folder) = (name(), Path::new("unused"));
    for kind in Kind::ALL {
        let files = project(&name, kind, folder).files().unwrap();
        for needed in ["Cargo.toml", "README.md", ".gitignore"] {
            let needed = Path::new(needed);
            assert!(files.iter().any(|(path, _)| path == needed), "{kind:?}: {needed:?}");
        }
        for (path, content) in files.iter().filter(|(path, _)| !path.starts_with("vendor")) {
            let text = String::from_utf8_lossy(content);
            for word in ["my-plugin", "my_plugin", "MyPlugin"] {
                assert!(!text.contains(word), "{kind:?}: {}: {word}", path.display());
            }
        }
    }
}

#[test]
fn a_provider_is_an_adapter_and_a_dialect_of_its_own() {
    let files = project(&name(), Kind::Provider, Path::new("unused")).files().unwrap();
    let text = |path: &str| {
        let file = files.iter().find(|(known, _)| known == Path::new(path)).unwrap();
        String::from_utf8(file.1.clone()).unwrap()
    };
    assert!(text("adapter/plugin.json").contains("\"default_dialect\": \"sunny-cloud-chat\""));
    assert!(text("dialect/plugin.json").contains("\"name\": \"sunny-cloud-chat\""));
    assert!(text("dialect/tests/dialect.rs").contains("use sunny_cloud_chat::SunnyCloudChat;"));
}

#[test]
fn the_sdk_comes_along_unless_a_checkout_is_named() {
    let (name, folder) = (name(), Path::new("unused"));
    let alone = project(&name, Kind::HttpAdapter, folder);
    let manifest = |project: NewProject<'_>| {
        let files = project.files().unwrap();
        let count = files.iter().filter(|(path, _)| path.starts_with("vendor")).count();
        let file = files.into_iter().find(|(path, _)| path == Path::new("Cargo.toml")).unwrap();
        (String::from_utf8(file.1).unwrap(), count)
    };
    let (text, vendored) = manifest(alone);
    assert!(text.contains("patchbay-sdk = { path = \"vendor/patchbay/sdk/rust\" }"), "{text}");
    assert!(vendored > 10);
    let (text, vendored) = manifest(NewProject { sdk: Some(Path::new("/src")), ..alone });
    assert!(text.contains("patchbay-sdk = { path = \"/src/sdk/rust\" }"), "{text}");
    assert_eq!(vendored, 0);
}

#[test]
fn the_sdk_that_comes_along_inherits_from_a_workspace_that_has_all_it_needs() {
    let file = |name: &str| {
        let (_, content) = RUST_SDK.iter().find(|(path, _)| *path == name).unwrap();
        std::str::from_utf8(content).unwrap()
    };
    let workspace = file("Cargo.toml");
    for manifest in ["sdk/rust/Cargo.toml", "host/openai-api/Cargo.toml"] {
        for line in file(manifest).lines().filter(|line| line.ends_with(".workspace = true")) {
            let name = line.trim_end_matches(".workspace = true");
            let stands =
                |line: &str| line.starts_with(name) || line.ends_with(&format!(".{name}]"));
            assert!(workspace.lines().any(stands), "{manifest}: {name}\n{workspace}");
        }
    }
}

#[test]
fn nothing_of_the_authors_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let said = project(&name(), Kind::HttpAdapter, folder.path()).write().unwrap_err();
    assert!(said.to_string().ends_with("is not empty; name another folder with --into DIR"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn every_kind_of_project_can_be_written() {
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let (name, into) = (name(), folder.path().join("deep/new"));
        let written = project(&name, kind, &into).write().unwrap();
        let found = walkdir::WalkDir::new(&into).into_iter().flatten();
        let found = found.filter(|entry| entry.file_type().is_file()).count();
        assert_eq!(found, written, "{kind:?}");
    }
}

#[test]
fn a_language_without_a_template_says_so() {
    for language in Language::ALL {
        let name = name();
        let project = NewProject {
            language,
            kind: None,
            ..project(&name, Kind::HttpAdapter, Path::new("unused"))
        };
        match project.files() {
            Ok(files) => assert!(!files.is_empty()),
            Err(error) => assert!(error.to_string().starts_with("this build has no template for")),
        }
    }
}
