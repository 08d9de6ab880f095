//! An administration with a store, a vault and a board that the test holds too.

use std::sync::Arc;
use std::time::Duration;

use exchange::{AccessRecord, Operation, Outcome, RequestId};
use secrets::{LocalMasterKey, Vault};
use serde_json::{Map, Value, json};
use store::{Broken, Kind, MemoryStore, PageQuery, Store};
use tempfile::TempDir;

use super::board::FakeBoard;
use super::plugins::FakePlugins;
use crate::{
    Acting, AdminProblem, Administration, AdministrationParts, Filed, Holdings, Inventory, Noun,
    Operator, Precondition, Role, Target, UsageLedger, View,
};

/// Everything behind the actions.
pub(super) struct Room {
    pub(super) administration: Arc<Administration>,
    pub(super) board: Arc<FakeBoard>,
    pub(super) plugins: Arc<FakePlugins>,
    pub(super) store: Arc<dyn Store>,
    pub(super) vault: Arc<Vault>,
    pub(super) ledger: Arc<UsageLedger>,
    filed: Filed,
    directory: Arc<TempDir>,
}

impl Room {
    /// With an empty store and an empty file.
    pub(super) async fn new() -> Self {
        Self::with_file(Filed::default()).await
    }

    /// With an empty store.
    pub(super) async fn with_file(filed: Filed) -> Self {
        Self::over(Arc::new(MemoryStore::new()), filed).await
    }

    /// With this store, and a master key of its own.
    pub(super) async fn over(store: Arc<dyn Store>, filed: Filed) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        Self::start(store, filed, directory, |_| {}).await
    }

    /// With this vault and an empty store; not to be restarted.
    pub(super) async fn with_vault(vault: Vault) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let board = FakeBoard::new(Filed::default(), Holdings::default());
        let store = Arc::new(MemoryStore::new());
        Self::open(store, (Filed::default(), board), (vault, directory)).await
    }

    /// With a store that can be broken.
    pub(super) async fn breakable() -> (Self, Arc<Broken>) {
        let store = Arc::new(Broken::new(Arc::new(MemoryStore::new())));
        (Self::over(Arc::clone(&store) as _, Filed::default()).await, store)
    }

    /// The same store and key file after a restart. What was in memory is gone.
    pub(super) async fn restarted(&self) -> Self {
        self.restarted_with(|_| {}).await
    }

    /// As [`Room::restarted`], with a board that the test changes first.
    pub(super) async fn restarted_with(&self, change: impl FnOnce(&mut FakeBoard)) -> Self {
        let (store, directory) = (Arc::clone(&self.store), Arc::clone(&self.directory));
        Self::start(store, self.filed.clone(), directory, change).await
    }

    /// The same store beside another file after a restart.
    pub(super) async fn restarted_beside(&self, filed: Filed) -> Self {
        let (store, directory) = (Arc::clone(&self.store), Arc::clone(&self.directory));
        Self::start(store, filed, directory, |_| {}).await
    }

    async fn start(
        store: Arc<dyn Store>,
        filed: Filed,
        directory: Arc<TempDir>,
        change: impl FnOnce(&mut FakeBoard),
    ) -> Self {
        let key = LocalMasterKey::open_or_create(&directory.path().join("key"), true).unwrap();
        let vault = Vault::new(Arc::new(key));
        let holdings = Inventory::load(&*store, &vault).await.unwrap().holdings;
        let mut board = FakeBoard::new(filed.clone(), holdings);
        change(&mut board);
        Self::open(store, (filed, board), (vault, directory)).await
    }

    async fn open(
        store: Arc<dyn Store>,
        (filed, board): (Filed, FakeBoard),
        (vault, directory): (Vault, Arc<TempDir>),
    ) -> Self {
        let (vault, board) = (Arc::new(vault), Arc::new(board));
        let inventory = Inventory::load(&*store, &vault).await.unwrap();
        let ledger = Arc::new(UsageLedger::load(&*store).await.unwrap());
        let plugins = Arc::new(FakePlugins::default());
        let parts = AdministrationParts {
            store: Arc::clone(&store),
            vault: Arc::clone(&vault),
            board: Arc::clone(&board) as _,
            ledger: Arc::clone(&ledger),
            plugins: Arc::clone(&plugins) as _,
        };
        let administration = Arc::new(Administration::new(parts, inventory));
        Self { administration, board, plugins, store, vault, ledger, filed, directory }
    }

    pub(super) async fn create(&self, noun: Noun, document: Value) -> Result<View, AdminProblem> {
        self.administration.create(&acting(), noun, document).await
    }

    pub(super) async fn replace(
        &self,
        target: Target<'_>,
        document: Value,
    ) -> Result<View, AdminProblem> {
        self.administration.replace(&acting(), target, document).await
    }

    pub(super) async fn patch(
        &self,
        target: Target<'_>,
        patch: Value,
    ) -> Result<View, AdminProblem> {
        self.administration.patch(&acting(), target, patch).await
    }

    pub(super) async fn remove(&self, target: Target<'_>) -> Result<(), AdminProblem> {
        self.administration.remove(&acting(), target).await
    }

    pub(super) async fn rotate(&self, id: &str, document: Value) -> Result<View, AdminProblem> {
        let target = any(Noun::Provider, id);
        self.administration.rotate_credentials(&acting(), target, document).await
    }

    pub(super) async fn roll_back(&self, id: &str) -> Result<View, AdminProblem> {
        let target = any(Noun::Provider, id);
        self.administration.roll_back_credentials(&acting(), target).await
    }

    /// The member of a resource's view.
    pub(super) fn shown(&self, noun: Noun, id: &str, member: &str) -> Value {
        let view = self.administration.show(noun, id).unwrap();
        view.body.get(member).cloned().unwrap_or_default()
    }

    /// The entries of the audit log, oldest first.
    pub(super) async fn audited(&self) -> Vec<Value> {
        let query = PageQuery { after: None, limit: 1000, descending: false };
        let page = self.store.page(Kind::Audit, query).await.unwrap();
        page.records.iter().map(|it| serde_json::from_slice(&it.body).unwrap()).collect()
    }

    /// Every body that is stored, as text.
    pub(super) async fn written(&self) -> String {
        let mut written = String::new();
        for kind in Kind::ALL {
            for record in self.store.load(kind).await.unwrap().records {
                written.push_str(&String::from_utf8(record.body).unwrap());
                written.push('\n');
            }
        }
        written
    }
}

/// Whoever acts in these tests.
pub(super) fn acting() -> Acting {
    let operator = Operator { subject: "olivia".to_owned(), role: Role::Admin };
    Acting { operator, request_id: RequestId::parse("req-1").unwrap() }
}

/// `If-Match: *`
pub(super) fn any(noun: Noun, id: &str) -> Target<'_> {
    Target { noun, id, precondition: Precondition::Exists }
}

/// `If-Match` of what a view showed.
pub(super) fn seen<'a>(noun: Noun, id: &'a str, view: &View) -> Target<'a> {
    Target { noun, id, precondition: Precondition::Revision(view.etag.unwrap()) }
}

/// A provider's document, with what else it holds.
pub(super) fn provider(id: &str, more: Value) -> Value {
    with(json!({ "id": id, "adapter": "open", "models": ["m"] }), more)
}

/// A route's document with one candidate.
pub(super) fn route(model: &str, provider: &str) -> Value {
    json!({ "model": model, "candidates": [{ "provider": provider, "model": "m" }] })
}

/// An object with further members.
pub(super) fn with(object: Value, more: Value) -> Value {
    let (mut object, more) = (members(object), members(more));
    object.extend(more);
    object.into()
}

/// The members of an object.
pub(super) fn members(object: Value) -> Map<String, Value> {
    object.as_object().cloned().unwrap()
}

/// A file with a provider, a key and a route, each of the id `filed`.
pub(super) fn file() -> Filed {
    let mut filed = Filed::default();
    let id = || "filed".to_owned();
    filed.providers.insert(id(), members(provider("filed", json!({}))));
    filed.api_keys.insert(id(), members(json!({ "id": "filed", "models": ["*"] })));
    filed.routes.insert(id(), members(route("filed", "filed")));
    filed
}

/// The paths of a refused document's problems.
pub(super) fn paths(problem: AdminProblem) -> Vec<String> {
    match problem {
        AdminProblem::Invalid(problems) => problems.into_iter().map(|it| it.path).collect(),
        other => panic!("not refused as invalid: {other}"),
    }
}

/// The record of a request by a key.
pub(crate) fn used_by(key: &str) -> AccessRecord {
    AccessRecord {
        request_id: RequestId::parse("r").unwrap(),
        endpoint: "POST /v1/chat/completions".into(),
        status: 200,
        outcome: Outcome::Completed,
        duration: Duration::ZERO,
        first_byte: None,
        upstream: Duration::ZERO,
        caller: Some(key.into()),
        operation: Some(Operation::Chat),
        model: None,
        provider: None,
        provider_model: None,
        attempts: 1,
        streaming: false,
        request_bytes: 0,
        response_bytes: 0,
        usage: None,
    }
}
