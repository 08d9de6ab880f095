//! Rotation of the master key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use secrecy::SecretString;
use secrets::{DataKey, KeyWrapper, LocalMasterKey, Vault, VaultProblem, Wrapped};
use serde_json::json;
use store::{Batch, Kind, Put};

use super::room::{Room, acting, any, provider};
use crate::master_key::Rewrap;
use crate::{AdminProblem, Administration, MasterKeyView, Noun};

async fn rewrap_all(administration: &Administration) {
    while administration.workings.rewrap_some().await.unwrap() == Rewrap::GoOn {}
}

async fn furnished(number: usize) -> Room {
    let room = Room::new().await;
    for number in 0..number {
        let credentials = json!({ "credentials": { "api_key": format!("secret-{number}") } });
        let document = provider(&format!("p{number}"), credentials);
        room.create(Noun::Provider, document).await.unwrap();
    }
    room
}

fn progress(view: &MasterKeyView) -> (usize, usize) {
    (view.rewrapped, view.remaining)
}

#[tokio::test]
async fn every_secret_is_wrapped_anew_and_opens_after_a_restart() {
    let room = furnished(20).await;
    room.rotate("p0", json!({ "credentials": { "api_key": "next" } })).await.unwrap();
    let before = room.administration.master_key();
    let begun = room.administration.rotate_master_key(&acting()).await.unwrap();
    assert_ne!(begun.current, before.current);
    assert_eq!((progress(&before), progress(&begun)), ((21, 0), (0, 21)));
    rewrap_all(&room.administration).await;
    assert_eq!(progress(&room.administration.master_key()), (21, 0));
    // The old key is forgotten, and nothing needed it.
    let room = room.restarted().await;
    assert_eq!(room.administration.master_key().current, begun.current);
    assert_eq!(room.board.secret("p7", "api_key").as_deref(), Some("secret-7"));
    room.roll_back("p0").await.unwrap();
    assert_eq!(room.board.secret("p0", "api_key").as_deref(), Some("secret-0"));
    assert!(!room.written().await.contains(&format!("\"key\":\"{}\"", before.current)));
}

#[tokio::test]
async fn wrapping_makes_nothing_stale_and_touches_nothing_that_serves() {
    let room = furnished(3).await;
    let seen = room.administration.show(Noun::Provider, "p1").unwrap();
    let served = room.board.serving();
    room.administration.rotate_master_key(&acting()).await.unwrap();
    rewrap_all(&room.administration).await;
    assert_eq!(room.administration.show(Noun::Provider, "p1").unwrap(), seen);
    let held = room.administration.holdings();
    assert!(Arc::ptr_eq(&held.providers, &served.providers));
    assert_eq!(room.board.switches(), 3);
    let room = room.restarted().await;
    assert_eq!(room.administration.show(Noun::Provider, "p1").unwrap(), seen);
    let target = super::room::seen(Noun::Provider, "p1", &seen);
    let changed = room.patch(target, json!({ "settings": { "a": 1 } })).await.unwrap();
    assert!(changed.etag > seen.etag);
}

#[tokio::test]
async fn what_a_crash_interrupted_goes_on_at_the_next_start() {
    let room = furnished(20).await;
    room.administration.rotate_master_key(&acting()).await.unwrap();
    // Right after the new key; then after the first commit.
    let room = room.restarted().await;
    assert_eq!(progress(&room.administration.master_key()), (0, 20));
    room.administration.workings.rewrap_some().await.unwrap();
    let room = room.restarted().await;
    let (rewrapped, remaining) = progress(&room.administration.master_key());
    assert!(rewrapped > 0 && remaining > 0);
    for number in [0, 19] {
        let secret = room.board.secret(&format!("p{number}"), "api_key");
        assert_eq!(secret, Some(format!("secret-{number}")));
    }
    rewrap_all(&room.administration).await;
    let room = room.restarted().await;
    assert_eq!(progress(&room.administration.master_key()), (20, 0));
    assert_eq!(room.board.secret("p19", "api_key").as_deref(), Some("secret-19"));
}

#[tokio::test]
async fn secrets_change_while_they_are_wrapped() {
    let room = furnished(20).await;
    room.administration.rotate_master_key(&acting()).await.unwrap();
    room.administration.workings.rewrap_some().await.unwrap();
    let patch = json!({ "credentials": { "api_key": "fresh" } });
    room.patch(any(Noun::Provider, "p19"), patch).await.unwrap();
    room.remove(any(Noun::Provider, "p0")).await.unwrap();
    rewrap_all(&room.administration).await;
    let room = room.restarted().await;
    assert_eq!(room.board.secret("p19", "api_key").as_deref(), Some("fresh"));
    assert_eq!(progress(&room.administration.master_key()), (19, 0));
}

#[tokio::test]
async fn an_old_key_stays_while_a_damaged_record_may_need_it() {
    let room = furnished(1).await;
    let record = room.store.get(Kind::Provider, "p0").await.unwrap().unwrap();
    let put = |body: Vec<u8>| Batch {
        puts: vec![Put { kind: Kind::Provider, key: Some("p0".to_owned()), body }],
        ..Batch::default()
    };
    room.store.commit(put(b"{}".to_vec())).await.unwrap();
    let room = room.restarted().await;
    room.administration.rotate_master_key(&acting()).await.unwrap();
    rewrap_all(&room.administration).await;
    // Somebody mends it.
    room.store.commit(put(record.body)).await.unwrap();
    let room = room.restarted().await;
    assert_eq!(room.board.secret("p0", "api_key").as_deref(), Some("secret-0"));
}

#[tokio::test]
async fn a_new_key_is_an_entry_of_the_audit_log() {
    let room = furnished(0).await;
    let before = room.administration.master_key().current;
    let after = room.administration.rotate_master_key(&acting()).await.unwrap().current;
    let entry = &room.audited().await[0];
    assert_eq!((&entry["action"], &entry["target"]), (&json!("master-key.rotate"), &json!(after)));
    assert_eq!(entry["before"], json!({ "current": before }));
    assert_eq!(entry["after"], json!({ "current": after }));
}

/// Keys that are somewhere else: cannot be rotated from here, and can be out of reach.
struct Elsewhere {
    key: LocalMasterKey,
    renamed: AtomicBool,
    reachable: AtomicBool,
}

#[async_trait]
impl KeyWrapper for Elsewhere {
    fn current_key(&self) -> String {
        match self.renamed.load(Ordering::SeqCst) {
            true => "another".to_owned(),
            false => self.key.current_key(),
        }
    }

    async fn wrap_key(&self, data_key: &DataKey, aad: &[u8]) -> Result<Wrapped, VaultProblem> {
        let wrapped = self.key.wrap_key(data_key, aad).await?;
        Ok(Wrapped { key: self.current_key(), ..wrapped })
    }

    async fn unwrap_key(&self, wrapped: &Wrapped, aad: &[u8]) -> Result<DataKey, VaultProblem> {
        if !self.reachable.load(Ordering::SeqCst) {
            return Err(VaultProblem::Wrapper("no answer".to_owned()));
        }
        let wrapped = Wrapped { key: self.key.current_key(), bytes: wrapped.bytes.clone() };
        self.key.unwrap_key(&wrapped, aad).await
    }

    async fn rotate(&self) -> Result<String, VaultProblem> {
        Err(VaultProblem::Refused("the key is kept elsewhere; rotate it there".to_owned()))
    }

    async fn retire_others(&self) -> Result<(), VaultProblem> {
        Ok(())
    }
}

#[tokio::test]
async fn a_key_that_is_not_ours_is_not_rotated_and_wrapping_waits_until_it_is_in_reach() {
    let text = SecretString::from("0123456789abcdef".repeat(4));
    let key = LocalMasterKey::from_texts(&text, &[]).unwrap();
    let (renamed, reachable) = (AtomicBool::new(false), AtomicBool::new(true));
    let elsewhere = Arc::new(Elsewhere { key, renamed, reachable });
    let room = Room::with_vault(Vault::new(Arc::clone(&elsewhere) as _)).await;
    let credentials = json!({ "credentials": { "api_key": "secret" } });
    room.create(Noun::Provider, provider("main", credentials)).await.unwrap();
    let problem = room.administration.rotate_master_key(&acting()).await.unwrap_err();
    assert!(matches!(&problem, AdminProblem::Conflict(why) if why.ends_with("rotate it there")));
    rewrap_all(&room.administration).await;
    elsewhere.renamed.store(true, Ordering::SeqCst);
    elsewhere.reachable.store(false, Ordering::SeqCst);
    assert!(room.administration.workings.rewrap_some().await.is_err());
    assert_eq!(progress(&room.administration.master_key()), (0, 1));
    elsewhere.reachable.store(true, Ordering::SeqCst);
    rewrap_all(&room.administration).await;
    assert_eq!(progress(&room.administration.master_key()), (1, 0));
}
