//! Signatures.

use minisign::KeyPair;

use super::*;
use crate::Signer;

fn key() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().unwrap()
}

fn signer(key: &KeyPair) -> Signer {
    Signer::parse(&key.pk.to_base64()).unwrap()
}

fn sign(key: &KeyPair, bytes: &[u8]) -> Vec<u8> {
    minisign::sign(None, &key.sk, bytes, None, None).unwrap().into_string().into_bytes()
}

fn signed_only(key: &KeyPair) -> Rig {
    let signers = vec![signer(key)];
    Rig::with(|settings| settings.trust = TrustPolicy::Signers(signers))
}

#[tokio::test]
async fn a_trusted_signature_lets_serve_and_names_its_signer() {
    let (other, key) = (key(), key());
    let signers = vec![signer(&other), signer(&key)];
    let id = signer(&key).id().to_owned();
    let mut rig = Rig::with(|settings| settings.trust = TrustPolicy::Signers(signers));
    let bytes = plugin("plain", "1").build();
    rig.put("plain.wasm.minisig", &sign(&key, &bytes));
    rig.put("plain.wasm", &bytes);
    rig.look();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
    let serving = rig.view().plugin("plain").unwrap().serving.clone().unwrap();
    assert_eq!(serving.signer, Some(id.clone()));
    assert_eq!(id.len(), 16);
    // Its signature is kept with it.
    rig.restart();
    assert_eq!(rig.version("plain").await.unwrap(), "1");
}

#[test]
fn whatever_is_not_signed_by_a_trusted_key_is_refused() {
    let (key, other) = (key(), key());
    let bytes = plugin("plain", "1").build();
    let mut tampered = bytes.clone();
    let last = tampered.len() - 3;
    tampered[last] ^= 1;
    let no_signature = None;
    for (component, signature, cause) in [
        (&bytes, no_signature, "there is no signature"),
        (&bytes, Some(sign(&other, &bytes)), "no trusted signer"),
        (&tampered, Some(sign(&key, &bytes)), "no trusted signer"),
        (&bytes, Some(sign(&key, &tampered)), "no trusted signer"),
        (&bytes, Some(b"rubbish".to_vec()), "not one of minisign"),
        (&bytes, Some(vec![b'x'; 100_000]), "not one of minisign"),
    ] {
        let mut rig = signed_only(&key);
        if let Some(signature) = signature {
            rig.put("plain.wasm.minisig", &signature);
        }
        rig.put("plain.wasm", component);
        rig.look();
        let pending = rig.pending("plain.wasm");
        assert_eq!(pending.phase, Phase::Trust);
        assert!(pending.cause.contains(cause), "{}", pending.cause);
        assert!(rig.registry.dialect("plain").is_none());
    }
}

#[test]
fn a_signature_that_comes_later_is_noticed() {
    let key = key();
    let mut rig = signed_only(&key);
    let bytes = plugin("plain", "1").build();
    rig.put("plain.wasm", &bytes);
    rig.look();
    assert_eq!(rig.pending("plain.wasm").phase, Phase::Trust);
    rig.put("plain.wasm.minisig", &sign(&key, &bytes));
    rig.look();
    assert!(rig.registry.dialect("plain").is_some());
}

#[test]
fn a_kept_version_whose_signer_is_trusted_no_more_does_not_serve() {
    let key = key();
    let mut rig = signed_only(&key);
    let bytes = plugin("plain", "1").build();
    rig.put("plain.wasm.minisig", &sign(&key, &bytes));
    rig.put("plain.wasm", &bytes);
    rig.look();
    rig.settings.trust = TrustPolicy::Signers(vec![signer(&self::key())]);
    rig.restart();
    assert!(rig.registry.dialect("plain").is_none());
    rig.look();
    assert!(rig.pending("plain.wasm").cause.contains("no trusted signer"));
}

#[test]
fn nothing_is_loaded_until_the_operator_has_chosen() {
    let mut rig = Rig::with(|settings| settings.trust = TrustPolicy::Nobody);
    rig.install("plain.wasm", &plugin("plain", "1"));
    assert!(rig.pending("plain.wasm").cause.contains("plugins.trust"));
}

#[test]
fn a_text_that_is_no_key_is_refused() {
    for text in ["", "RW", "not a key", "untrusted comment: x"] {
        assert!(Signer::parse(text).is_err(), "{text:?}");
    }
}
