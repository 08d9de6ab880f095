use super::*;

fn name() -> ProjectName {
    "sunny-cloud".parse().unwrap()
}

fn project<'a>(name: &'a ProjectName, kind: Kind, folder: &'a Path) -> NewProject<'a> {
    NewProject { name, language: Language::Rust, kind, folder, sdk: None }
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
        let (_, content) =
            of_language(SDKS, Language::Rust).iter().find(|(path, _)| *path == name).unwrap();
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
fn every_language_has_a_project_of_each_kind_but_for_programs_with_the_sdk_beside() {
    for language in [Language::TypeScript, Language::Python] {
        for kind in Kind::ALL {
            let name = name();
            let project = NewProject { language, ..project(&name, kind, Path::new("unused")) };
            let files = match project.files() {
                Ok(files) => files,
                Err(error) => {
                    assert_eq!(kind, Kind::ProcessAdapter, "{error}");
                    assert!(error.to_string().contains("; write it in Rust"), "{error}");
                    continue;
                }
            };
            let (sdk, own): (Vec<_>, Vec<_>) =
                files.iter().partition(|(path, _)| path.starts_with("vendor/patchbay-sdk"));
            assert!(sdk.len() > 20, "{language:?}");
            assert!(own.iter().any(|(path, _)| path == Path::new("README.md")));
            for (path, content) in own {
                let text = String::from_utf8_lossy(content);
                let path = path.display();
                for left in ["my-plugin", "my_plugin", "plugin-name", "Provider Name", "# end of"] {
                    assert!(!text.contains(left), "{kind:?}: {path}: {left}");
                }
                assert!(!path.to_string().contains("my_plugin"), "{path}");
            }
        }
    }
}

#[test]
fn a_part_of_a_template_is_named_as_the_project_is_and_refers_to_what_is_there() {
    let name = name();
    let text = |language, kind, sdk, file: &str| {
        let folder = Path::new("unused");
        let project = NewProject { name: &name, language, kind, folder, sdk };
        let files = project.files().unwrap();
        let file = files.into_iter().find(|(known, _)| known == Path::new(file)).unwrap();
        String::from_utf8(file.1).unwrap()
    };
    let (typescript, python) = (Language::TypeScript, Language::Python);
    let checkout = Some(Path::new("/src"));
    for (language, kind, sdk, file, wanted) in [
        (python, Kind::HttpAdapter, None, "adapter.json", "\"default_dialect\": \"openai-chat\""),
        (python, Kind::Normalizer, None, "dialect.json", "\"name\": \"sunny-cloud\""),
        (python, Kind::Provider, None, "dialect.json", "\"name\": \"sunny-cloud-chat\""),
        (python, Kind::Provider, None, "requirements.txt", "\n./vendor/patchbay-sdk\n"),
        (python, Kind::Provider, checkout, "requirements.txt", "\n-e /src/sdk/python\n"),
        (typescript, Kind::HttpAdapter, None, "adapter/plugin.json", "\"openai-chat\""),
        (typescript, Kind::Normalizer, None, "dialect/plugin.json", "\"name\": \"sunny-cloud\""),
        (typescript, Kind::Provider, None, "package.json", "\"file:vendor/patchbay-sdk\""),
        (typescript, Kind::Provider, None, "package-lock.json", "\"file:vendor/patchbay-sdk\""),
        (typescript, Kind::Provider, checkout, "package.json", "\"file:/src/sdk/typescript\""),
    ] {
        let text = text(language, kind, sdk, file);
        assert!(text.contains(wanted), "{language:?} {kind:?} {file}: {text}");
    }
}
