//! Puts the templates, and the SDKs' sources for those who have nothing but the binary, into the
//! crate.

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use walkdir::WalkDir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What tools leave behind in a template, and what is about the template itself.
const LEFT_OUT: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "__pycache__",
    ".venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    "Cargo.lock",
    "TEMPLATE.md",
];
/// Crates that a Rust plugin is built from. Their own tests stay here.
const SDK_CRATES: &[&str] = &["sdk/rust", "host/openai-api"];
/// What they need besides.
const SDK_FOLDERS: &[&str] = &["sdk/rust/src", "host/openai-api/src", "wit"];
/// Packages of the other languages: language, files, and folders.
const SDK_PACKAGES: &[(&str, &[&str], &[&str])] = &[
    ("typescript", &["package.json", "README.md"], &["bin", "build", "src"]),
    ("python", &["pyproject.toml", "README.md"], &["src"]),
];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_PROJECTS").is_none() {
        return Ok(());
    }
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo runs this")?);
    let root = crate_folder.join("../..").canonicalize()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo runs this")?);

    let mut text = String::from("const TEMPLATES: &[(&str, Files)] = &[\n");
    for language in ["rust", "typescript", "python"] {
        let folder = root.join("sdk").join(language).join("template");
        let files = files_below(&folder, &folder)?;
        writeln!(text, "({language:?}, {}),", list(&files)?)?;
    }
    text.push_str("];\n");

    text.push_str("const SDKS: &[(&str, Files)] = &[\n");
    writeln!(text, "(\"rust\", {}),", list(&rust_sdk(&root, &out)?)?)?;
    for (language, files, folders) in SDK_PACKAGES {
        let package = root.join("sdk").join(language);
        let mut sdk = vec![("LICENSE".to_owned(), root.join("LICENSE"))];
        for file in *files {
            watch(&package.join(file));
            sdk.push(((*file).to_owned(), package.join(file)));
        }
        for folder in *folders {
            sdk.extend(files_below(&package.join(folder), &package)?);
        }
        writeln!(text, "({language:?}, {}),", list(&sdk)?)?;
    }
    text.push_str("];\n");
    fs::write(out.join("embedded.rs"), text)?;
    Ok(())
}

/// The crates, in a workspace that has what they inherit.
fn rust_sdk(root: &Path, out: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut sdk = Vec::new();
    for folder in SDK_FOLDERS {
        sdk.extend(files_below(&root.join(folder), root)?);
    }
    for file in SDK_CRATES.iter().map(|it| format!("{it}/Cargo.toml")).chain(["LICENSE".into()]) {
        watch(&root.join(&file));
        sdk.push((file.clone(), root.join(file)));
    }
    let workspace = out.join("sdk-workspace.toml");
    fs::write(&workspace, sdk_workspace(root)?)?;
    sdk.push(("Cargo.toml".to_owned(), workspace));
    Ok(sdk)
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// Every file, by its path from `base`, sorted; links become what they lead to. A folder that is
/// not there has none.
fn files_below(folder: &Path, base: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    watch(folder);
    if !folder.is_dir() {
        return Ok(files);
    }
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|it| !LEFT_OUT.iter().any(|name| it.file_name() == *name)) {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type().is_file() && path.extension().is_none_or(|it| it != "wasm") {
            let name = path.strip_prefix(base)?.to_str().ok_or("a file's name is UTF-8")?;
            files.push((name.to_owned(), path.to_owned()));
        }
    }
    Ok(files)
}

/// An expression of a list of names and contents.
fn list(files: &[(String, PathBuf)]) -> Result<String> {
    let mut text = String::from("&[\n");
    for (name, path) in files {
        writeln!(text, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    text.push(']');
    Ok(text)
}

/// The workspace's Cargo.toml, cut to what the SDK's crates inherit.
fn sdk_workspace(root: &Path) -> Result<String> {
    watch(&root.join("Cargo.toml"));
    let whole: Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let whole = whole.get("workspace").and_then(Value::as_table).ok_or("there is a workspace")?;
    let mut used = BTreeSet::new();
    for name in SDK_CRATES {
        let manifest: Table = fs::read_to_string(root.join(name).join("Cargo.toml"))?.parse()?;
        for kind in ["dependencies", "dev-dependencies"] {
            let table = manifest.get(kind).and_then(Value::as_table);
            used.extend(table.into_iter().flatten().map(|(name, _)| name.clone()));
        }
    }
    let mut dependencies = Table::new();
    let all = whole.get("dependencies").and_then(Value::as_table).ok_or("there are some")?;
    dependencies
        .extend(all.iter().filter(|it| used.contains(it.0)).map(|(k, v)| (k.clone(), v.clone())));

    let mut workspace = Table::new();
    for member in ["resolver", "package", "lints"] {
        if let Some(value) = whole.get(member) {
            workspace.insert(member.to_owned(), value.clone());
        }
    }
    let members = SDK_CRATES.iter().map(|it| Value::from(*it)).collect();
    workspace.insert("members".to_owned(), Value::Array(members));
    workspace.insert("dependencies".to_owned(), Value::Table(dependencies));
    let mut document = Table::new();
    document.insert("workspace".to_owned(), Value::Table(workspace));
    Ok(toml::to_string(&document)?)
}
