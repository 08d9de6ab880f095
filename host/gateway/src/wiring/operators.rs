//! What operators use: the store, the vault, tokens, and the room `administration` over them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use administration::{
    Administration, AdministrationParts, Inventory, JwksSource, NewToken, Operator, Retention,
    Role, TokenKeys, TokenRules, TokenVerifier, UsageLedger,
};
use anyhow::{Context as _, anyhow, bail};
use resources::{Problem, Unresolved};
use secrecy::SecretString;
use secrets::{LocalMasterKey, Sources, Template, TemplateProblem, Vault};
use server::UNSENT_BACKUP;
use store::{SledStore, Store};
use upstream::HttpUpstream;

use crate::configuration::{self, AdminSettings, Configuration, StoreSettings, Variables};
use crate::wiring::board::{OperatorsBoard, Switchboard};
use crate::wiring::jwks::PublishedKeys;
use crate::wiring::plugin_life::OperatorsPlugins;

/// The master key itself, in place of a file: 32 bytes as base64 or hexadecimal.
const MASTER_KEY: &str = "PATCHBAY_MASTER_KEY";
/// The one before it, so that what is sealed with it can be opened and sealed anew.
const PREVIOUS_MASTER_KEY: &str = "PATCHBAY_MASTER_KEY_PREVIOUS";

/// A store that was opened and read.
pub(crate) struct OpenedStore {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    /// What it holds.
    pub(crate) inventory: Inventory,
    /// What is counted.
    pub(crate) ledger: Arc<UsageLedger>,
}

/// Opens the store and everything sealed in it.
///
/// # Errors
/// One line that says what to do.
pub(crate) async fn open(
    settings: &StoreSettings,
    variables: &Variables,
) -> anyhow::Result<OpenedStore> {
    let path = settings.path.clone();
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&path)).await;
    let store: Arc<dyn Store> = Arc::new(opened.context("the store cannot be opened")??);
    remove_unsent_backups(&settings.backup_directory()).await;
    let file = &settings.master_key_file;
    // The whole store is not read twice at every start.
    let may_create = !file.exists() && !Inventory::holds_secrets(&*store).await?;
    let master_key = master_key(file, may_create, variables)?;
    read(store, master_key).await
}

/// Reads what is in a store.
///
/// # Errors
/// If it cannot be read.
pub(crate) async fn read(
    store: Arc<dyn Store>,
    master_key: LocalMasterKey,
) -> anyhow::Result<OpenedStore> {
    let vault = Arc::new(Vault::new(Arc::new(master_key)));
    let inventory = Inventory::load(&*store, &vault).await?;
    let ledger = Arc::new(UsageLedger::load(&*store).await?);
    Ok(OpenedStore { store, vault, inventory, ledger })
}

/// A gateway that was killed leaves the backup that it was writing. Nobody else writes there:
/// the store is ours.
async fn remove_unsent_backups(directory: &Path) {
    let Ok(mut entries) = tokio::fs::read_dir(directory).await else { return };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let left = entry.file_name().as_encoded_bytes().starts_with(UNSENT_BACKUP.as_bytes());
        if left && let Err(error) = tokio::fs::remove_dir_all(entry.path()).await {
            tracing::warn!("{} cannot be removed: {error}", entry.path().display());
        }
    }
}

fn master_key(
    file: &Path,
    may_create: bool,
    variables: &Variables,
) -> anyhow::Result<LocalMasterKey> {
    let variable = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        let text = found.map(|(_, value)| value.to_str().context(format!("{wanted} is not text")));
        Ok::<_, anyhow::Error>(text.transpose()?.map(SecretString::from))
    };
    let master_key = match (variable(MASTER_KEY)?, variable(PREVIOUS_MASTER_KEY)?) {
        (Some(current), previous) => {
            let previous: Vec<_> = previous.into_iter().collect();
            LocalMasterKey::from_texts(&current, &previous)?
        }
        (None, Some(_)) => {
            bail!("{PREVIOUS_MASTER_KEY} is set without {MASTER_KEY}; set both, or neither")
        }
        (None, None) => LocalMasterKey::open_or_create(file, may_create)?,
    };
    Ok(master_key)
}

impl OpenedStore {
    /// Puts operators before a board and its plugins.
    pub(crate) fn administer(
        self,
        board: &Arc<Switchboard>,
        plugins: OperatorsPlugins,
        settings: &StoreSettings,
    ) -> Arc<Administration> {
        let Self { store, vault, inventory, ledger } = self;
        let board = Arc::new(OperatorsBoard(Arc::clone(board)));
        let plugins = Arc::new(plugins);
        let parts = AdministrationParts { store, vault, board, ledger, plugins };
        let StoreSettings { usage_days, audit_days, .. } = *settings;
        let retention = Retention { usage_days, audit_days };
        Arc::new(Administration::new(parts, inventory).with_retention(retention))
    }
}

/// Who verifies operators' tokens.
///
/// # Errors
/// If the secret leads nowhere or is too short.
pub(crate) fn token_verifier(
    settings: &AdminSettings,
    sources: &Sources,
    http: &Arc<HttpUpstream>,
) -> anyhow::Result<TokenVerifier> {
    let keys = match &settings.keys {
        configuration::TokenKeys::Secret(secret) => {
            TokenKeys::Secret(jwt_secret(secret, sources).map_err(|reason| anyhow!(reason))?)
        }
        configuration::TokenKeys::Published(url) => TokenKeys::Jwks {
            url: url.as_url().clone(),
            source: Arc::new(PublishedKeys::new(Arc::clone(http))) as Arc<dyn JwksSource>,
        },
    };
    Ok(TokenVerifier::new(rules(settings, keys))?)
}

fn rules(settings: &AdminSettings, keys: TokenKeys) -> TokenRules {
    TokenRules {
        keys,
        issuer: settings.issuer.clone(),
        audience: settings.audience.clone(),
        leeway: settings.leeway,
    }
}

/// What is wrong with `[admin]` that its section alone does not show.
pub(crate) fn problem_of(settings: &AdminSettings, sources: &Sources) -> Option<Problem> {
    let configuration::TokenKeys::Secret(secret) = &settings.keys else {
        return None;
    };
    let usable = jwt_secret(secret, sources).and_then(|secret| {
        let rules = rules(settings, TokenKeys::Secret(secret));
        TokenVerifier::new(rules).map(drop).map_err(|problem| problem.to_string())
    });
    let reason = usable.err()?;
    let (message, fix) = reason.split_once("; ").unwrap_or((&reason, "correct it"));
    Some(Problem { path: "admin.jwt_secret".to_owned(), message: message.into(), fix: fix.into() })
}

fn jwt_secret(secret: &Unresolved, sources: &Sources) -> Result<SecretString, String> {
    let template: Template =
        secret.expose().parse().map_err(|problem: TemplateProblem| problem.to_string())?;
    sources.resolve(&template).map_err(|problem| problem.to_string())
}

/// A token signed with the configured secret, for `patchbay token`.
///
/// # Errors
/// One line that says what to do.
pub(crate) fn admin_token(
    named: Option<&Path>,
    (role, subject): (Role, String),
    ttl: Duration,
) -> anyhow::Result<String> {
    let (configuration, sources) = read_configuration(named)?;
    let Some(settings) = configuration.admin else {
        bail!("there is no [admin] section; write jwt_secret = \"${{env:NAME}}\" into one");
    };
    let configuration::TokenKeys::Secret(secret) = &settings.keys else {
        bail!("tokens are signed by whoever owns admin.jwks_url; ask there");
    };
    let secret = jwt_secret(secret, &sources).map_err(|it| anyhow!("admin.jwt_secret: {it}"))?;
    let token = NewToken {
        operator: &Operator { subject, role },
        lifetime: ttl,
        issuer: settings.issuer.as_deref(),
        audience: settings.audience.as_deref(),
    };
    Ok(administration::mint(&secret, &token)?)
}

/// Where the store is, for commands on a gateway that does not run.
///
/// # Errors
/// One line that says what to do.
pub(crate) fn store_path(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let (configuration, _) = read_configuration(named)?;
    Ok(configuration.store.unwrap_or_default().path)
}

/// The configuration alone, without plugins.
fn read_configuration(named: Option<&Path>) -> anyhow::Result<(Configuration, Sources)> {
    let file = configuration::locate(named)?;
    let reading = configuration::load(&file, std::env::vars_os().collect())?;
    let findings = match reading {
        Ok(reading) => match reading.findings() {
            findings if findings.is_empty() => {
                return Ok((reading.configuration, reading.sources));
            }
            findings => findings,
        },
        Err(findings) => findings,
    };
    Err(super::report(&findings))
}
