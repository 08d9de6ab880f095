use std::fs;

use super::*;
use crate::vault::{SealContext, Sealed, Vault};
use secrecy::ExposeSecret as _;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1dfeff";

fn text_key(text: &str) -> Result<LocalMasterKey, MasterKeyProblem> {
    LocalMasterKey::from_texts(&SecretString::from(text), &[])
}

fn place(serial: u64) -> SealContext {
    SealContext::new("echo", "api_key", serial)
}

async fn seal(vault: &Vault, text: &str) -> Sealed {
    vault.seal(&SecretString::from(text), &place(1)).await.unwrap()
}

async fn open(vault: &Vault, sealed: &Sealed) -> Result<String, VaultProblem> {
    vault.open(sealed, &place(1)).await.map(|secret| secret.expose_secret().to_owned())
}

fn vault_at(path: &Path) -> Vault {
    Vault::new(Arc::new(LocalMasterKey::open_or_create(path, true).unwrap()))
}

#[test]
fn every_notation_of_a_key_is_the_same_key() {
    let expected = text_key(HEX).unwrap().current_key();
    assert_eq!(expected.len(), 16);
    for text in [
        HEX.to_uppercase().as_str(),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd/v8=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd/v8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_v8=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_v8",
        " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_v8\n",
    ] {
        assert_eq!(text_key(text).unwrap().current_key(), expected, "{text}");
    }
}

#[test]
fn a_text_that_is_no_key_is_refused_and_not_quoted() {
    let hex_without_end = &HEX[..63];
    let not_hex = format!("{hex_without_end}!");
    for (text, reason) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("c2hvcnQ=", "it is too short"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd", "it is too short"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd/v8A", "it is too long"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd/v8AAAAA", "it is too long"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd/v9", "it has other characters"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd/_8", "it has other characters"),
        ("correct horse battery staple", "it has other characters"),
        (hex_without_end, "it "),
        (&not_hex, "not all hexadecimal"),
        (&"0".repeat(64), "all its bytes are the same"),
    ] {
        let problem = text_key(text).unwrap_err().to_string();
        assert!(problem.contains(reason), "{text}: {problem}");
        assert!(problem.starts_with("PATCHBAY_MASTER_KEY is not"), "{problem}");
        assert!(problem.contains("; make one with: openssl rand -base64 32"), "{problem}");
        assert!(text.trim().is_empty() || !problem.contains(text), "{problem}");
    }
    let previous = [SecretString::from("short")];
    let problem = LocalMasterKey::from_texts(&SecretString::from(HEX), &previous).unwrap_err();
    assert!(problem.to_string().starts_with("PATCHBAY_MASTER_KEY_PREVIOUS is"), "{problem}");
}

#[tokio::test]
async fn keys_from_texts_are_changed_by_the_operator_only() {
    let problem = text_key(HEX).unwrap().rotate().await.unwrap_err();
    assert!(matches!(problem, VaultProblem::Refused(_)), "{problem}");
    let problem = problem.to_string();
    assert!(problem.contains("; set that") && problem.contains("_PREVIOUS to"), "{problem}");
}

#[tokio::test]
async fn a_previous_text_opens_until_it_is_retired() {
    let other = SecretString::from(HEX.replace("00", "ab"));
    let old = Vault::new(Arc::new(text_key(HEX).unwrap()));
    let sealed = seal(&old, "secret").await;
    let previous = [SecretString::from(HEX), other.clone()];
    let new = Vault::new(Arc::new(LocalMasterKey::from_texts(&other, &previous).unwrap()));
    assert_eq!(open(&new, &sealed).await.unwrap(), "secret");
    new.retire_others().await.unwrap();
    let problem = open(&new, &sealed).await.unwrap_err();
    assert!(matches!(problem, VaultProblem::UnknownKey { .. }), "{problem}");
}

#[tokio::test]
async fn a_key_file_opens_what_it_sealed_before_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/deep/master.key");
    let before = vault_at(&path);
    let sealed = seal(&before, "secret").await;
    let after = Vault::new(Arc::new(LocalMasterKey::open_or_create(&path, false).unwrap()));
    assert_eq!(after.current_key(), before.current_key());
    assert_eq!(open(&after, &sealed).await.unwrap(), "secret");
}

#[tokio::test]
async fn a_rotation_keeps_old_keys_until_they_are_retired() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let vault = vault_at(&path);
    let first = vault.current_key();
    let sealed = seal(&vault, "secret").await;

    let second = vault.rotate().await.unwrap();
    assert_ne!(second, first);
    assert_eq!(vault.current_key(), second);
    assert_eq!(seal(&vault, "other").await.key(), second);

    for vault in [&vault, &vault_at(&path)] {
        assert_eq!(vault.current_key(), second);
        assert_eq!(open(vault, &sealed).await.unwrap(), "secret");
    }
    let moved = vault.rewrap(&sealed, &place(1)).await.unwrap().unwrap();
    vault.retire_others().await.unwrap();
    for vault in [&vault, &vault_at(&path)] {
        assert_eq!(open(vault, &moved).await.unwrap(), "secret");
        let problem = open(vault, &sealed).await.unwrap_err();
        assert!(matches!(problem, VaultProblem::UnknownKey { key } if key == first));
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&first) && text.contains(&second));
}

#[tokio::test]
async fn a_rotation_that_cannot_be_written_changes_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("keys");
    let vault = vault_at(&directory.join("master.key"));
    let (before, sealed) = (vault.current_key(), seal(&vault, "secret").await);
    fs::rename(&directory, parent.path().join("away")).unwrap();

    let problem = vault.rotate().await.unwrap_err().to_string();
    assert!(problem.contains("cannot be written") && problem.contains("; make"), "{problem}");
    assert_eq!(vault.current_key(), before);

    fs::rename(parent.path().join("away"), &directory).unwrap();
    assert_ne!(vault.rotate().await.unwrap(), before);
    assert_eq!(open(&vault, &sealed).await.unwrap(), "secret");
}

#[tokio::test]
async fn a_rotation_keeps_keys_that_only_the_file_has() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let (here, elsewhere) = (vault_at(&path), vault_at(&path));
    elsewhere.rotate().await.unwrap();
    let sealed = seal(&elsewhere, "secret").await;
    here.rotate().await.unwrap();
    assert_eq!(open(&vault_at(&path), &sealed).await.unwrap(), "secret");
}

#[tokio::test]
async fn retiring_keeps_keys_that_were_never_held() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let (here, elsewhere) = (vault_at(&path), vault_at(&path));
    elsewhere.rotate().await.unwrap();
    let sealed = seal(&elsewhere, "secret").await;
    here.retire_others().await.unwrap();
    assert_eq!(vault_at(&path).current_key(), here.current_key());
    assert_eq!(open(&vault_at(&path), &sealed).await.unwrap(), "secret");
}

#[tokio::test]
async fn rotations_at_once_lose_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let vault = vault_at(&path);
    let rotate = |vault: Vault| async move {
        vault.rotate().await.unwrap();
        seal(&vault, "secret").await
    };
    let all: Vec<_> = (0..8).map(|_| tokio::spawn(rotate(vault.clone()))).collect();
    let mut sealed = Vec::new();
    for one in all {
        sealed.push(one.await.unwrap());
    }
    let reopened = vault_at(&path);
    for sealed in &sealed {
        assert_eq!(open(&reopened, sealed).await.unwrap(), "secret");
    }
}

#[tokio::test]
async fn the_number_of_keys_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let vault = vault_at(&path);
    for _ in 1..ring::MAX_KEYS {
        vault.rotate().await.unwrap();
    }
    let problem = vault.rotate().await.unwrap_err().to_string();
    assert!(problem.starts_with("32 master keys are in use; wait"), "{problem}");
    vault_at(&path).retire_others().await.unwrap();
    vault.retire_others().await.unwrap();
    vault.rotate().await.unwrap();
}

#[test]
fn debug_shows_ids_only() {
    let key = text_key(HEX).unwrap();
    let id = key.current_key();
    assert_eq!(format!("{key:?}"), format!("LocalMasterKey {{ current: {id:?}, keys: 1, .. }}"));
}
