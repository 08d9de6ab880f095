use super::*;
use crate::policy::{Credential, SandboxLimits};

fn policy(read_only: &[&str]) -> SandboxPolicy {
    SandboxPolicy {
        read_only: read_only.iter().map(PathBuf::from).collect(),
        digest: None,
        directory: None,
        network: crate::outlet::NetworkAccess::None,
        demanded_layers: Vec::new(),
        limits: SandboxLimits {
            cpu_seconds: 1,
            memory_bytes: 1 << 30,
            processes: 8,
            open_files: 64,
            file_bytes: 1 << 20,
            scratch_bytes: 1 << 20,
        },
    }
}

fn call(program: &str) -> ProgramCall {
    ProgramCall {
        program: program.into(),
        arguments: Vec::new(),
        environment: Vec::new(),
        credential: None,
        feeds_stdin: false,
    }
}

#[test]
fn a_path_that_the_view_makes_itself_or_that_climbs_cannot_be_given() {
    let wrong = [
        "/",
        "usr",
        "",
        "/usr/../etc",
        "/proc",
        "/proc/1",
        "/tmp",
        "/tmp/x",
        "/dev/sda",
        "/sys",
        "/run/secrets",
    ];
    for path in wrong {
        let error = View::plan(&policy(&[path]), &call("/usr/bin/env"), 65534).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}: {error}");
    }
}

#[test]
fn neither_secrets_nor_users_of_the_host_are_in_the_view() {
    let view = View::plan(&policy(&[]), &call("/usr/bin/env"), 65534).unwrap();
    for path in ["/etc/shadow", "/etc/hosts", "/root", "/home", "/var"] {
        assert!(!view.shows(Path::new(path)), "{path}");
    }
    assert!(!view.binds.iter().any(|bind| bind.target == Path::new("/etc/passwd")));
}

#[test]
fn a_program_outside_of_the_systems_directories_is_the_only_thing_of_its_directory() {
    let directory = tempfile::Builder::new().tempdir_in("/var/tmp").unwrap();
    let program = directory.path().join("tool");
    std::fs::write(&program, "").unwrap();
    let view = View::plan(&policy(&[]), &call(program.to_str().unwrap()), 65534).unwrap();
    assert!(view.shows(&program));
    assert!(!view.shows(directory.path()));
}

#[test]
fn what_is_named_and_not_there_is_an_error() {
    let missing = View::plan(&policy(&["/var/nothing"]), &call("/usr/bin/env"), 65534);
    assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    let missing = View::plan(&policy(&[]), &call("/usr/bin/nothing"), 65534);
    assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_credential_in_a_file_is_shown_in_no_debug_text() {
    let mut call = call("/usr/bin/env");
    let slot = CredentialSlot::File("KEY".to_owned());
    call.credential = Some(Credential { slot, secret: "sk-0123".to_owned() });
    let view = View::plan(&policy(&[]), &call, 65534).unwrap();
    assert!(view.texts.iter().any(|text| text.content == "sk-0123"));
    assert!(!format!("{view:?}").contains("sk-0123"));
}
