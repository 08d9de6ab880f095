//! What counts as a file that is there.

use super::*;
use crate::life::EventKind;

#[tokio::test]
async fn a_half_written_file_is_not_there_yet() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    let whole = plugin("plain", "2").build();
    fs::write(rig.path("plain.wasm"), &whole[..whole.len() / 2]).unwrap();
    rig.look();
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Capture);
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    fs::write(rig.path("plain.wasm"), &whole).unwrap();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
    assert!(rig.view().pending.is_empty());
}

#[tokio::test]
async fn a_renamed_file_serves_on() {
    let mut rig = Rig::new();
    rig.install("a.wasm", &plugin("plain", "1"));
    let before = rig.registry.dialect("plain").unwrap().generation();
    fs::rename(rig.path("a.wasm"), rig.path("b.wasm")).unwrap();
    rig.look();
    assert_eq!(rig.registry.dialect("plain").unwrap().generation(), before);
    assert_eq!(rig.view().plugin("plain").unwrap().file.as_deref(), Some("b.wasm"));
    fs::remove_file(rig.path("b.wasm")).unwrap();
    rig.look();
    assert!(rig.registry.dialect("plain").is_none());
}

#[tokio::test]
async fn a_directory_that_is_swapped_behind_links_is_a_new_version() {
    let mut rig = Rig::new();
    for number in ["1", "2"] {
        fs::create_dir(rig.path(&format!("..{number}"))).unwrap();
        fs::write(rig.path(&format!("..{number}/plain.wasm")), plugin("plain", number).build())
            .unwrap();
    }
    link("..1", &rig.path("..data"));
    link("..data/plain.wasm", &rig.path("plain.wasm"));
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    link("..2", &rig.path("..new"));
    fs::rename(rig.path("..new"), rig.path("..data")).unwrap();
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "2");
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_waits_for_nobody() {
    let mut rig = Rig::new();
    fs::create_dir(rig.path("folder.wasm")).unwrap();
    let fifo = rig.path("pipe.wasm");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    link("/dev/zero", &rig.path("endless.wasm"));
    link("nowhere", &rig.path("dangling.wasm"));
    rig.look();
    for file in ["folder.wasm", "pipe.wasm", "endless.wasm"] {
        assert!(rig.pending(file).cause.contains("not a regular file"), "{file}");
    }
    // A link to nothing is a file that is not there yet.
    assert!(rig.view().pending.iter().all(|it| it.file != "dangling.wasm"));
    assert!(!rig.keeper().look(), "nothing is waited for");
}

#[tokio::test]
async fn a_file_that_goes_and_comes_serves_again() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &plugin("plain", "1"));
    fs::remove_file(rig.path("plain.wasm")).unwrap();
    rig.look();
    assert!(rig.registry.dialect("plain").is_none());
    rig.install("plain.wasm", &plugin("plain", "1"));
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}

#[tokio::test]
async fn twenty_files_at_once_are_taken_in_one_look() {
    let mut rig = Rig::new();
    for number in 0..20 {
        let name = format!("plain-{number}");
        rig.put(&format!("{name}.wasm"), &plugin(&name, &number.to_string()).build());
    }
    rig.look();
    for number in 0..20 {
        let version = rig.version(&format!("plain-{number}")).await;
        assert_eq!(version.unwrap(), number.to_string());
    }
}

#[test]
fn the_same_content_again_is_nothing_new() {
    let mut rig = Rig::new();
    let guest = plugin("plain", "1");
    rig.install("plain.wasm", &guest);
    let (before, events) = (rig.registry.dialect("plain").unwrap().generation(), rig.view().events);
    for _ in 0..3 {
        rig.install("plain.wasm", &guest);
    }
    assert_eq!(rig.registry.dialect("plain").unwrap().generation(), before);
    assert_eq!(rig.view().events, events);
}

#[test]
fn hidden_and_other_files_are_not_looked_at() {
    let mut rig = Rig::new();
    for file in [".plain.wasm", "plain.wasm.new", "plain", "wasm"] {
        rig.put(file, &plugin("plain", "1").build());
    }
    fs::create_dir(rig.path("deeper")).unwrap();
    rig.put("deeper/plain.wasm", &plugin("plain", "1").build());
    rig.look();
    assert!(rig.view().plugins.is_empty() && rig.view().pending.is_empty());
}

#[test]
fn sizes_and_numbers_of_files_have_limits() {
    let mut rig = Rig::with(|settings| settings.limits.files = 2);
    let large = fs::File::create(rig.path("a.wasm")).unwrap();
    large.set_len(LIMITS.component_bytes as u64 + 1).unwrap();
    for name in ["b", "c", "d"] {
        rig.put(&format!("{name}.wasm"), &plugin(name, "1").build());
    }
    rig.look();
    assert!(rig.pending("a.wasm").cause.contains("larger than"));
    assert!(rig.registry.dialect("b").is_some());
    for file in ["c.wasm", "d.wasm"] {
        assert!(rig.pending(file).cause.contains("more than 2 plugin files"), "{file}");
    }
    rig.look();
    assert_eq!(rig.events(EventKind::Refused), 3, "each is told once");
    fs::remove_file(rig.path("a.wasm")).unwrap();
    rig.look();
    assert!(rig.registry.dialect("c").is_some());
}

#[test]
fn one_name_is_one_file_until_that_is_gone() {
    let mut rig = Rig::new();
    rig.install("a.wasm", &plugin("plain", "1"));
    rig.install("b.wasm", &plugin("plain", "2"));
    assert!(rig.pending("b.wasm").cause.contains("another file"));
    fs::remove_file(rig.path("a.wasm")).unwrap();
    rig.look();
    rig.look();
    assert_eq!(rig.view().plugin("plain").unwrap().serving.as_ref().unwrap().version, "2");
}
