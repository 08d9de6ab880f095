//! An admin API with everything behind it that is not the edge.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use administration::{
    Administration, AdministrationParts, Board, Filed, Fitting, HeldProvider, Holdings, Inventory,
    Misfit, NewToken, Operator, Role, SlotSecrets, TokenKeys, TokenRules, TokenVerifier,
    UsageLedger, mint,
};
use async_trait::async_trait;
use exchange::{AccessRecord, ProbeReport, ProbeStep};
use secrecy::SecretString;
use secrets::{LocalMasterKey, Vault};
use serde_json::{Map, Value, json};
use store::{Broken, MemoryStore, Store};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

use super::super::fake::{self, Fake};
use super::shelf::Shelf;
use crate::{AdminParts, Edge, EdgeLimits};

const SECRET: &str = "a secret of at least thirty-two bytes";

/// What is behind the edge.
pub(super) struct Desk {
    pub(super) store: Arc<Broken>,
    pub(super) shelf: Arc<Shelf>,
    /// Where backups and the master key are.
    pub(super) directory: TempDir,
}

/// An edge, what it records, and what is behind it.
pub(super) type Furnished = ((Edge, UnboundedReceiver<AccessRecord>), Desk);

/// An edge with an admin API.
pub(super) async fn furnish(fake: Fake) -> Furnished {
    furnish_on(Arc::new(MemoryStore::new()), fake).await
}

/// The same on a store of the test's.
pub(super) async fn furnish_on(store: Arc<dyn Store>, fake: Fake) -> Furnished {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(Broken::new(store));
    let key = LocalMasterKey::open_or_create(&directory.path().join("master.key"), true).unwrap();
    let vault = Arc::new(Vault::new(Arc::new(key)));
    let inventory = Inventory::load(&*store, &vault).await.unwrap();
    let shelf = Arc::new(Shelf::new());
    let parts = AdministrationParts {
        store: Arc::clone(&store) as _,
        vault,
        board: Arc::new(FakeBoard),
        ledger: Arc::new(UsageLedger::default()),
        plugins: Arc::clone(&shelf) as _,
    };
    // Callers may send more than an operator's document may have.
    let limits = EdgeLimits { max_body_bytes: 4 * 1024 * 1024, ..fake::limits() };
    let (edge, records) = fake::edge(fake, limits);
    let edge = edge.with_admin(AdminParts {
        administration: Arc::new(Administration::new(parts, inventory)),
        tokens: verifier(),
        backup_directory: directory.path().join("backups"),
    });
    ((edge, records), Desk { store, shelf, directory })
}

fn verifier() -> TokenVerifier {
    let rules = TokenRules {
        keys: TokenKeys::Secret(SecretString::from(SECRET)),
        issuer: None,
        audience: None,
        leeway: Duration::ZERO,
    };
    TokenVerifier::new(rules).unwrap()
}

/// A token that the verifier takes for an hour.
pub(super) fn token(subject: &str, role: Role) -> String {
    signed(SECRET, subject, role)
}

/// As [`token`], signed with another secret.
pub(super) fn forged_token() -> String {
    signed("another secret of at least thirty-two bytes", "mallory", Role::Admin)
}

fn signed(secret: &str, subject: &str, role: Role) -> String {
    let operator = Operator { subject: subject.to_owned(), role };
    let lifetime = Duration::from_secs(3600);
    let token = NewToken { operator: &operator, lifetime, issuer: None, audience: None };
    mint(&SecretString::from(secret), &token).unwrap()
}

/// A board on which everything fits. The provider `filed` and what else the file says cannot be
/// changed; asking the provider `explosive` is a fault.
struct FakeBoard;

struct AllFits;

impl Fitting for AllFits {
    fn misfits(&self) -> &[Misfit] {
        &[]
    }

    fn switch(self: Box<Self>) {}
}

#[async_trait]
impl Board for FakeBoard {
    fn filed(&self) -> Arc<Filed> {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let one = |id: &str, document| -> BTreeMap<String, Map<String, Value>> {
            BTreeMap::from([(id.to_owned(), object(document))])
        };
        let candidates = json!([{"provider": "filed", "model": "m"}]);
        Arc::new(Filed {
            providers: one("filed", json!({"id": "filed", "adapter": "a", "models": ["m"]})),
            api_keys: one("filed", json!({"id": "filed", "models": ["*"]})),
            routes: one("filed", json!({"model": "filed", "candidates": candidates})),
        })
    }

    fn misfits(&self) -> Arc<[Misfit]> {
        Arc::new([])
    }

    async fn fit(&self, _: Holdings) -> Box<dyn Fitting> {
        Box::new(AllFits)
    }

    async fn probe(&self, provider: &HeldProvider, _: &SlotSecrets) -> ProbeReport {
        assert_ne!(provider.provider.id.as_str(), "explosive", "a fault of the probe");
        report()
    }

    async fn probe_filed(&self, id: &str) -> Option<ProbeReport> {
        (id == "filed").then(report)
    }
}

fn report() -> ProbeReport {
    ProbeReport {
        reach: ProbeStep::good(Duration::from_millis(1)),
        tls: ProbeStep::not_applicable(),
        credential: ProbeStep::good(Duration::from_millis(2)),
        models: ProbeStep::good(Duration::from_millis(2)),
        model_ids: vec!["m".to_owned()],
        latency: Some(Duration::from_millis(2)),
    }
}
