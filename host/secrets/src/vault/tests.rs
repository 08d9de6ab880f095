use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;
use crate::LocalMasterKey;

const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const TEXT: &str = "sk-a-secret-with-ümlaut";

fn vault_of(current: &str, previous: &[&str]) -> Vault {
    let previous: Vec<_> = previous.iter().map(|text| SecretString::from(*text)).collect();
    let keys = LocalMasterKey::from_texts(&SecretString::from(current), &previous).unwrap();
    Vault::new(Arc::new(keys))
}

fn place() -> SealContext {
    SealContext::new("anthropic-main", "api_key", 7)
}

async fn sealed_by(vault: &Vault) -> Sealed {
    vault.seal(&SecretString::from(TEXT), &place()).await.unwrap()
}

async fn opened_by(vault: &Vault, sealed: &Sealed) -> Result<String, VaultProblem> {
    vault.open(sealed, &place()).await.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn a_sealed_secret_opens_after_it_was_stored() {
    let vault = vault_of(OLD, &[]);
    let full = "x".repeat(MAX_SECRET_BYTES);
    for text in ["", "a", TEXT, &full] {
        let sealed = vault.seal(&SecretString::from(text), &place()).await.unwrap();
        let stored = serde_json::to_vec(&sealed).unwrap();
        let sealed: Sealed = serde_json::from_slice(&stored).unwrap();
        assert_eq!(sealed.key(), vault.current_key());
        assert_eq!(opened_by(&vault, &sealed).await.unwrap(), text);
    }
}

#[tokio::test]
async fn a_secret_over_the_limit_is_refused() {
    let text = "x".repeat(MAX_SECRET_BYTES + 1);
    let problem = vault_of(OLD, &[]).seal(&SecretString::from(text), &place()).await.unwrap_err();
    assert!(matches!(problem, VaultProblem::TooLarge), "{problem}");
}

#[tokio::test]
async fn the_same_secret_is_sealed_differently_each_time() {
    let vault = vault_of(OLD, &[]);
    let first = serde_json::to_value(sealed_by(&vault).await).unwrap();
    let second = serde_json::to_value(sealed_by(&vault).await).unwrap();
    assert_eq!(first["key"], second["key"]);
    for member in ["wrapped", "nonce", "ciphertext"] {
        assert_ne!(first[member], second[member], "{member}");
    }
}

#[tokio::test]
async fn a_secret_opens_nowhere_else() {
    let vault = vault_of(OLD, &[NEW]);
    let sealed = sealed_by(&vault).await;
    for (provider, slot, serial) in [
        ("anthropic-other", "api_key", 7),
        ("anthropic-main", "other", 7),
        ("anthropic-main", "api_key", 8),
        ("anthropic-mai", "napi_key", 7),
    ] {
        let elsewhere = SealContext::new(provider, slot, serial);
        let problem = vault.open(&sealed, &elsewhere).await.unwrap_err();
        assert!(matches!(problem, VaultProblem::Tampered), "{elsewhere:?}: {problem}");
        let rotated = vault_of(NEW, &[OLD]);
        let problem = rotated.rewrap(&sealed, &elsewhere).await.unwrap_err();
        assert!(matches!(problem, VaultProblem::Tampered), "{elsewhere:?}: {problem}");
    }
}

/// Every text that differs from this one in one character.
fn changed(text: &str) -> impl Iterator<Item = String> + '_ {
    text.char_indices().map(|(at, character)| {
        let other = if character == 'A' { "B" } else { "A" };
        let mut text = text.to_owned();
        text.replace_range(at..at + character.len_utf8(), other);
        text
    })
}

#[tokio::test]
async fn every_change_of_a_character_is_noticed() {
    let vault = vault_of(OLD, &[NEW]);
    let document = serde_json::to_value(sealed_by(&vault).await).unwrap();
    for member in ["wrapped", "nonce", "ciphertext"] {
        let mut tampered = 0;
        for text in changed(document[member].as_str().unwrap()) {
            let mut document = document.clone();
            document[member] = json!(text);
            let Ok(sealed) = serde_json::from_value::<Sealed>(document) else { continue };
            let problem = opened_by(&vault, &sealed).await.unwrap_err();
            assert!(matches!(problem, VaultProblem::Tampered), "{member} {text}: {problem}");
            tampered += 1;
        }
        assert!(tampered > 0, "{member}");
    }
    for text in changed(document["key"].as_str().unwrap()) {
        let mut document = document.clone();
        document["key"] = json!(text);
        let sealed = serde_json::from_value(document).unwrap();
        let problem = opened_by(&vault, &sealed).await.unwrap_err();
        assert!(matches!(problem, VaultProblem::UnknownKey { .. }), "{text}: {problem}");
    }
}

#[tokio::test]
async fn parts_of_two_sealed_secrets_do_not_mix() {
    let vault = vault_of(OLD, &[]);
    let mine = serde_json::to_value(sealed_by(&vault).await).unwrap();
    let other = serde_json::to_value(sealed_by(&vault).await).unwrap();
    for member in ["wrapped", "nonce", "ciphertext"] {
        let mut mixed = mine.clone();
        mixed[member] = other[member].clone();
        let sealed = serde_json::from_value(mixed).unwrap();
        let problem = opened_by(&vault, &sealed).await.unwrap_err();
        assert!(matches!(problem, VaultProblem::Tampered), "{member}: {problem}");
    }
    let mut foreign = mine;
    foreign["key"] = json!(vault_of(NEW, &[]).current_key());
    let sealed = serde_json::from_value(foreign).unwrap();
    let problem = opened_by(&vault_of(OLD, &[NEW]), &sealed).await.unwrap_err();
    assert!(matches!(problem, VaultProblem::Tampered), "{problem}");
}

#[tokio::test]
async fn what_is_no_sealed_secret_is_not_read() {
    let good = serde_json::to_value(sealed_by(&vault_of(OLD, &[])).await).unwrap();
    let long = "A".repeat(4 * 30_000);
    for (member, value, expected) in [
        ("v", json!(2), "form 2 is not known; use"),
        ("v", json!("1"), "invalid type"),
        ("key", json!(""), "member key of a sealed secret has a wrong length"),
        ("key", json!("k".repeat(257)), "member key of a sealed secret has a wrong length"),
        ("wrapped", json!(""), "member wrapped of a sealed secret has a wrong length"),
        ("wrapped", json!(long), "member wrapped of a sealed secret has a wrong length"),
        ("nonce", json!("AAAA"), "member nonce of a sealed secret has a wrong length"),
        ("nonce", json!("*"), "member nonce of a sealed secret is not base64"),
        ("ciphertext", json!("AAAA"), "member ciphertext of a sealed secret has a wrong length"),
        ("ciphertext", json!(long), "member ciphertext of a sealed secret has a wrong length"),
        ("ciphertext", Value::Null, "invalid type"),
        ("more", json!(1), "unknown field `more`"),
    ] {
        let mut document = good.clone();
        document[member] = value;
        let problem = serde_json::from_value::<Sealed>(document).unwrap_err().to_string();
        assert!(problem.contains(expected), "{member}: {problem}");
    }
    for member in ["v", "key", "wrapped", "nonce", "ciphertext"] {
        let mut document = good.clone();
        document.as_object_mut().unwrap().remove(member);
        let problem = serde_json::from_value::<Sealed>(document).unwrap_err().to_string();
        assert!(problem.contains("missing field"), "{member}: {problem}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_here_is_named() {
    let sealed = sealed_by(&vault_of(OLD, &[])).await;
    let problem = opened_by(&vault_of(NEW, &[]), &sealed).await.unwrap_err().to_string();
    assert!(problem.contains(sealed.key()) && problem.contains("; bring"), "{problem}");
}

#[tokio::test]
async fn rewrapping_changes_the_wrapping_only() {
    let before = vault_of(OLD, &[]);
    let sealed = sealed_by(&before).await;
    assert_eq!(before.rewrap(&sealed, &place()).await.unwrap(), None);

    let after = vault_of(NEW, &[OLD]);
    assert_eq!(opened_by(&after, &sealed).await.unwrap(), TEXT);
    let moved = after.rewrap(&sealed, &place()).await.unwrap().unwrap();
    assert_eq!(moved.key(), after.current_key());
    assert_ne!(moved.wrapped(), sealed.wrapped());
    assert_eq!((moved.nonce(), moved.ciphertext()), (sealed.nonce(), sealed.ciphertext()));
    assert_eq!(opened_by(&vault_of(NEW, &[]), &moved).await.unwrap(), TEXT);
}

#[tokio::test]
async fn debug_shows_nothing_of_a_secret() {
    let vault = vault_of(OLD, &[]);
    let sealed = sealed_by(&vault).await;
    let key = vault.current_key();
    assert_eq!(format!("{vault:?}"), format!("Vault {{ current_key: {key:?} }}"));
    assert_eq!(format!("{sealed:?}"), format!("Sealed {{ key: {key:?}, .. }}"));
    assert_eq!(format!("{:?}", sealed.wrapped()), format!("Wrapped {{ key: {key:?}, .. }}"));
    assert_eq!(format!("{:?}", DataKey::generate().unwrap()), "DataKey { .. }");
}

/// A key manager outside: it hands out handles, keeps the keys itself, and may be away.
#[derive(Default)]
struct KeyManager {
    state: Mutex<ManagerState>,
}

#[derive(Default)]
struct ManagerState {
    version: u32,
    oldest: u32,
    kept: HashMap<Vec<u8>, (u32, Vec<u8>, Vec<u8>)>,
    away: bool,
}

fn key_name(version: u32) -> String {
    format!("arn:keys/patchbay/{version}")
}

#[async_trait]
impl KeyWrapper for KeyManager {
    fn current_key(&self) -> String {
        key_name(self.state.lock().unwrap().version)
    }

    async fn wrap_key(&self, data_key: &DataKey, aad: &[u8]) -> Result<Wrapped, VaultProblem> {
        tokio::task::yield_now().await;
        let mut state = self.state.lock().unwrap();
        if state.away {
            return Err(VaultProblem::Wrapper("connection refused".to_owned()));
        }
        let handle = format!("vault:v{}:{}", state.version, state.kept.len()).into_bytes();
        let version = state.version;
        state.kept.insert(handle.clone(), (version, aad.to_vec(), data_key.expose().to_vec()));
        Ok(Wrapped { key: key_name(version), bytes: handle })
    }

    async fn unwrap_key(&self, wrapped: &Wrapped, aad: &[u8]) -> Result<DataKey, VaultProblem> {
        tokio::task::yield_now().await;
        let state = self.state.lock().unwrap();
        match state.kept.get(&wrapped.bytes) {
            Some((version, ..)) if *version < state.oldest => {
                Err(VaultProblem::UnknownKey { key: wrapped.key.clone() })
            }
            Some((_, kept_aad, key)) if kept_aad == aad => Ok(DataKey::copy_of(key).unwrap()),
            _ => Err(VaultProblem::Tampered),
        }
    }

    async fn rotate(&self) -> Result<String, VaultProblem> {
        self.state.lock().unwrap().version += 1;
        Ok(self.current_key())
    }

    async fn retire_others(&self) -> Result<(), VaultProblem> {
        let mut state = self.state.lock().unwrap();
        state.oldest = state.version;
        Ok(())
    }
}

#[tokio::test]
async fn a_key_manager_outside_fits_the_trait() {
    let manager = Arc::new(KeyManager::default());
    let vault = Vault::new(Arc::clone(&manager) as Arc<dyn KeyWrapper>);
    let sealed = sealed_by(&vault).await;
    assert_eq!(opened_by(&vault, &sealed).await.unwrap(), TEXT);
    let elsewhere = SealContext::new("other", "api_key", 7);
    let problem = vault.open(&sealed, &elsewhere).await.unwrap_err();
    assert!(matches!(problem, VaultProblem::Tampered), "{problem}");

    assert_eq!(vault.rotate().await.unwrap(), "arn:keys/patchbay/1");
    let moved = vault.rewrap(&sealed, &place()).await.unwrap().unwrap();
    vault.retire_others().await.unwrap();
    assert_eq!(opened_by(&vault, &moved).await.unwrap(), TEXT);
    let problem = opened_by(&vault, &sealed).await.unwrap_err();
    assert!(matches!(problem, VaultProblem::UnknownKey { .. }), "{problem}");

    manager.state.lock().unwrap().away = true;
    let problem = vault.seal(&SecretString::from(TEXT), &place()).await.unwrap_err().to_string();
    assert!(problem.contains("connection refused") && problem.contains("; look"), "{problem}");
}

#[tokio::test]
async fn what_a_wrapper_gives_back_must_fit_a_record() {
    struct Chatty;

    #[async_trait]
    impl KeyWrapper for Chatty {
        fn current_key(&self) -> String {
            "chatty".to_owned()
        }
        async fn wrap_key(&self, _: &DataKey, _: &[u8]) -> Result<Wrapped, VaultProblem> {
            Ok(Wrapped { key: self.current_key(), bytes: vec![0; 8193] })
        }
        async fn unwrap_key(&self, _: &Wrapped, _: &[u8]) -> Result<DataKey, VaultProblem> {
            Err(VaultProblem::Tampered)
        }
        async fn rotate(&self) -> Result<String, VaultProblem> {
            Ok(self.current_key())
        }
        async fn retire_others(&self) -> Result<(), VaultProblem> {
            Ok(())
        }
    }

    let vault = Vault::new(Arc::new(Chatty));
    let problem = vault.seal(&SecretString::from(TEXT), &place()).await.unwrap_err();
    assert!(matches!(problem, VaultProblem::Wrapper(_)), "{problem}");
}
