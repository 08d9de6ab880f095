//! A board that compiles nothing, but has rules like the gateway's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use exchange::{ProbeReport, ProbeStep};
use resources::Problem;
use secrecy::ExposeSecret as _;
use tokio::sync::{Mutex as TurnMutex, OwnedMutexGuard, Semaphore};

use crate::{Board, Filed, Fitting, HeldProvider, Holdings, Misfit, Noun, SlotSecrets};

/// An adapter that needs the slot `api_key`; any other one takes what it is given.
pub(super) const LOCKED: &str = "locked";

/// What serves, and what the test decides.
pub(super) struct FakeBoard {
    turn: Arc<TurnMutex<()>>,
    state: Arc<Mutex<State>>,
    /// A fitting waits for a permit, if there is a gate.
    pub(super) gate: Option<Arc<Semaphore>>,
    /// A probe waits for a permit, if there is a gate.
    pub(super) probe_gate: Option<Arc<Semaphore>>,
}

#[derive(Default)]
struct State {
    filed: Arc<Filed>,
    serving: Holdings,
    misfits: Vec<Misfit>,
    refused: Option<String>,
    probed_with: Vec<Vec<(String, String)>>,
    switches: usize,
}

impl FakeBoard {
    pub(super) fn new(filed: Filed, holdings: Holdings) -> Self {
        let misfits = misfits(&filed, &holdings);
        let filed = Arc::new(filed);
        let state = State { filed, serving: holdings, misfits, ..State::default() };
        Self {
            turn: Arc::default(),
            state: Arc::new(Mutex::new(state)),
            gate: None,
            probe_gate: None,
        }
    }

    /// What serves.
    pub(super) fn serving(&self) -> Holdings {
        self.state.lock().unwrap().serving.clone()
    }

    /// How often tables were switched.
    pub(super) fn switches(&self) -> usize {
        self.state.lock().unwrap().switches
    }

    /// From now on the provider does not accept this secret.
    pub(super) fn refuse(&self, secret: &str) {
        self.state.lock().unwrap().refused = Some(secret.to_owned());
    }

    /// The slots of each probe, sorted.
    pub(super) fn probed_with(&self) -> Vec<Vec<(String, String)>> {
        self.state.lock().unwrap().probed_with.clone()
    }

    /// The secret that a provider is reached with.
    pub(super) fn secret(&self, provider: &str, slot: &str) -> Option<String> {
        let serving = self.serving();
        let secret = serving.providers.get(provider)?.secrets.get(slot)?;
        Some(secret.expose_secret().to_owned())
    }
}

struct FakeFitting {
    state: Arc<Mutex<State>>,
    holdings: Holdings,
    misfits: Vec<Misfit>,
    _turn: OwnedMutexGuard<()>,
}

impl Fitting for FakeFitting {
    fn misfits(&self) -> &[Misfit] {
        &self.misfits
    }

    fn switch(self: Box<Self>) {
        let mut state = self.state.lock().unwrap();
        state.serving = self.holdings;
        state.misfits = self.misfits;
        state.switches += 1;
    }
}

#[async_trait]
impl Board for FakeBoard {
    fn filed(&self) -> Arc<Filed> {
        Arc::clone(&self.state.lock().unwrap().filed)
    }

    fn misfits(&self) -> Arc<[Misfit]> {
        self.state.lock().unwrap().misfits.clone().into()
    }

    async fn fit(&self, holdings: Holdings) -> Box<dyn Fitting> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        let misfits = misfits(&self.filed(), &holdings);
        Box::new(FakeFitting { state: Arc::clone(&self.state), holdings, misfits, _turn: turn })
    }

    async fn probe(&self, provider: &HeldProvider, secrets: &SlotSecrets) -> ProbeReport {
        if let Some(gate) = &self.probe_gate {
            gate.acquire().await.unwrap().forget();
        }
        let mut slots: Vec<_> = secrets
            .iter()
            .map(|(slot, secret)| (slot.clone(), secret.expose_secret().to_owned()))
            .collect();
        slots.sort();
        let mut state = self.state.lock().unwrap();
        let refused = state.refused.as_ref();
        let accepted = slots.iter().all(|(_, secret)| Some(secret) != refused);
        state.probed_with.push(slots);
        let compiles = provider.provider.adapter.as_str() != LOCKED
            || provider.secrets.contains_key("api_key");
        report(accepted && compiles)
    }

    async fn probe_filed(&self, id: &str) -> Option<ProbeReport> {
        self.filed().providers.contains_key(id).then(|| report(true))
    }
}

fn report(accepted: bool) -> ProbeReport {
    let took = Duration::from_millis(1);
    let credential = match accepted {
        true => ProbeStep::good(took),
        false => ProbeStep::failed(took, "answered 401"),
    };
    ProbeReport {
        reach: ProbeStep::good(took),
        tls: ProbeStep::not_applicable(),
        credential,
        models: ProbeStep::skipped(),
        model_ids: Vec::new(),
        latency: Some(took),
    }
}

fn misfits(filed: &Filed, holdings: &Holdings) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let mut report = |noun, id: &str, path: &str, message: &str| {
        let (path, fix) = (path.to_owned(), "mend it".to_owned());
        let problems = vec![Problem { path, message: message.to_owned(), fix }];
        misfits.push(Misfit { noun, id: id.to_owned(), problems });
    };
    let mut providers: Vec<&str> = filed.providers.keys().map(String::as_str).collect();
    for (id, held) in holdings.providers.iter() {
        if filed.providers.contains_key(id.as_str()) {
            report(Noun::Provider, id.as_str(), "id", "is in the configuration file too");
        } else if held.provider.adapter.as_str() == LOCKED && !held.secrets.contains_key("api_key")
        {
            report(Noun::Provider, id.as_str(), "credentials", "slot \"api_key\" is missing");
        } else {
            providers.push(id.as_str());
        }
    }
    for id in holdings.api_keys.keys().filter(|id| filed.api_keys.contains_key(id.as_str())) {
        report(Noun::ApiKey, id.as_str(), "id", "is in the configuration file too");
    }
    for (model, held) in holdings.routes.iter() {
        let first = model.as_str().split_once('/').map(|(first, _)| first);
        if first.is_some_and(|first| providers.contains(&first)) {
            report(Noun::Route, model.as_str(), "model", "names a model of a provider");
        }
        let candidates = held.route.candidates.iter();
        if candidates.map(|it| it.provider.as_str()).any(|it| !providers.contains(&it)) {
            report(Noun::Route, model.as_str(), "candidates[0].provider", "unknown provider");
        }
    }
    misfits
}
