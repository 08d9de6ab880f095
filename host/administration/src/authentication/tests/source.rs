//! A server of keys that does what the test wants.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Notify;
use url::Url;

use super::signing::rules;
use crate::authentication::{JwksSource, TokenKeys, TokenVerifier};

#[derive(Clone)]
pub(super) enum Answer {
    Body(Vec<u8>),
    Fails,
    /// Answers when [`Source::release`] is called.
    Waits(Vec<u8>),
    Hangs,
}

pub(super) struct Source {
    answer: Mutex<Answer>,
    fetches: AtomicUsize,
    released: Notify,
}

impl Source {
    pub(super) fn new(answer: Answer) -> Arc<Self> {
        let (fetches, released) = (AtomicUsize::new(0), Notify::new());
        Arc::new(Self { answer: Mutex::new(answer), fetches, released })
    }

    pub(super) fn of_keys(keys: &[Value]) -> Arc<Self> {
        Self::new(set_of(keys))
    }

    /// From now on.
    pub(super) fn answer_with(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Lets one fetch that waits go on.
    pub(super) fn release(&self) {
        self.released.notify_one();
    }

    /// How often it was asked.
    pub(super) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// A verifier that asks it.
    pub(super) fn verifier(self: &Arc<Self>) -> TokenVerifier {
        let url = Url::parse("https://keys.test/jwks").unwrap();
        let source = Arc::clone(self) as Arc<dyn JwksSource>;
        TokenVerifier::new(rules(TokenKeys::Jwks { url, source })).unwrap()
    }
}

#[async_trait]
impl JwksSource for Source {
    async fn fetch(&self, _: &Url) -> Result<Vec<u8>, String> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        match answer {
            Answer::Body(body) => Ok(body),
            Answer::Fails => Err("refused".to_owned()),
            Answer::Waits(body) => {
                self.released.notified().await;
                Ok(body)
            }
            Answer::Hangs => std::future::pending().await,
        }
    }
}

pub(super) fn set_of(keys: &[Value]) -> Answer {
    Answer::Body(json!({ "keys": keys }).to_string().into_bytes())
}
