//! Where machine code comes from: the cache, and the process that compiles.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::{ChildCompiler, Compilation, LoadError};

/// A program that would be noticed if it were asked to compile.
fn refusing_child() -> ChildCompiler {
    shell("echo 'asked to compile' >&2; exit 1")
}

fn shell(script: &str) -> ChildCompiler {
    let arguments = ["-c", script, "compiler"].map(OsString::from);
    ChildCompiler { program: "/bin/sh".into(), arguments: arguments.into() }
}

fn registry_at(cache: &Path, child: Option<ChildCompiler>) -> Registry {
    let compilation = Compilation { child, cache: Some(cache.to_owned()) };
    Registry::new(Runtime::start_with(LIMITS, compilation).unwrap())
}

fn try_install(registry: &Registry, guest: &Guest) -> Result<exchange::GenerationId, LoadError> {
    registry.install(&guest.build(), Origin::Installed(None), Grant::default())
}

fn code_files(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|it| it.extension().is_some()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_was_compiled_once_is_not_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    install(&registry_at(&cache, None), &Guest::egress("plain"));
    assert_eq!(code_files(&cache).len(), 1);
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    let later = registry_at(&cache, Some(refusing_child()));
    install(&later, &Guest::egress("plain"));
    assert_serves(&later, "plain").await;
    let refused = try_install(&later, &Guest::egress("another")).unwrap_err();
    assert!(matches!(&refused, LoadError::Compile(why) if why == "asked to compile"), "{refused}");
}

#[tokio::test]
async fn code_that_was_touched_is_not_run_but_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    install(&registry_at(&cache, None), &Guest::egress("plain"));
    let file = code_files(&cache).remove(0);
    let good = fs::read(&file).unwrap();
    let middle = good.len() / 2;
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for bad in [flipped(0), flipped(middle), good[..middle].to_vec(), b"x".to_vec(), Vec::new()] {
        fs::write(&file, &bad).unwrap();
        let asked =
            try_install(&registry_at(&cache, Some(refusing_child())), &Guest::egress("plain"));
        assert!(matches!(asked, Err(LoadError::Compile(_))), "{} bytes", bad.len());
        let again = registry_at(&cache, None);
        install(&again, &Guest::egress("plain"));
        assert_serves(&again, "plain").await;
        assert_eq!(fs::read(&file).unwrap().len(), good.len(), "it is kept anew");
    }
}

#[test]
fn code_of_another_gateway_or_under_another_name_is_not_run() {
    let directory = tempfile::tempdir().unwrap();
    let (ours, theirs) = (directory.path().join("ours"), directory.path().join("theirs"));
    install(&registry_at(&ours, None), &Guest::egress("plain"));
    install(&registry_at(&theirs, None), &Guest::egress("plain"));
    let file = code_files(&ours).remove(0);
    fs::copy(code_files(&theirs).remove(0), &file).unwrap();
    let asked = try_install(&registry_at(&ours, Some(refusing_child())), &Guest::egress("plain"));
    assert!(matches!(asked, Err(LoadError::Compile(_))));

    install(&registry_at(&ours, None), &Guest::egress("plain"));
    install(&registry_at(&ours, None), &Guest::egress("other"));
    let [first, second] = <[PathBuf; 2]>::try_from(code_files(&ours)).unwrap();
    fs::copy(&first, &second).unwrap();
    let registry = registry_at(&ours, Some(refusing_child()));
    let outcomes = ["plain", "other"].map(|name| try_install(&registry, &Guest::egress(name)));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_cache_that_cannot_be_used_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let open = directory.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let bad_key = directory.path().join("bad-key");
    drop(registry_at(&bad_key, None));
    fs::write(bad_key.join("key"), "short").unwrap();
    for cache in [open, file.join("below"), bad_key] {
        let registry = registry_at(&cache, None);
        install(&registry, &Guest::egress("plain"));
        assert_serves(&registry, "plain").await;
        assert!(!cache.is_dir() || code_files(&cache).is_empty(), "{}", cache.display());
    }
}

#[test]
fn a_compiling_process_that_fails_is_a_plugin_that_does_not_load() {
    for (script, expected) in [
        ("echo 'no good' >&2; exit 1", "no good"),
        ("exit 1", "takes more memory or time"),
        ("kill -9 $$", "takes more memory or time"),
        ("exit 0", "takes more memory or time"),
        ("cat >/dev/null; echo rubbish", "cannot be compiled"),
        ("exec 0<&-; head -c 100000 /dev/zero", "cannot be compiled"),
    ] {
        let compilation = Compilation { child: Some(shell(script)), cache: None };
        let registry = Registry::new(Runtime::start_with(LIMITS, compilation).unwrap());
        let refused = try_install(&registry, &Guest::egress("plain")).unwrap_err();
        assert!(matches!(refused, LoadError::Compile(_)), "{script}: {refused}");
        assert!(refused.to_string().contains(expected), "{script}: {refused}");
        assert!(registry.list().is_empty());
    }
    let absent = ChildCompiler { program: "/nowhere/patchbay".into(), arguments: Vec::new() };
    let compilation = Compilation { child: Some(absent), cache: None };
    let registry = Registry::new(Runtime::start_with(LIMITS, compilation).unwrap());
    let refused = try_install(&registry, &Guest::egress("plain")).unwrap_err();
    assert!(refused.to_string().contains("no compiling process"), "{refused}");
}
