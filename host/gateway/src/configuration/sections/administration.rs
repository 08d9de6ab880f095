//! `[store]` and `[admin]`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use resources::{BaseUrl, Fields, Unresolved};

use super::text::{Address, FilledText};

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreSettings {
    /// `path`: the store's directory; data/store.
    pub(crate) path: PathBuf,
    /// `master_key_file`: what credentials are sealed with; master.key beside the store. Not
    /// used if `PATCHBAY_MASTER_KEY` is set.
    pub(crate) master_key_file: PathBuf,
    /// `usage_days`: how long counted use is kept, 1 to 3650; 400.
    pub(crate) usage_days: u32,
    /// `audit_days`: how long the audit log is kept, 1 to 3650; 400.
    pub(crate) audit_days: u32,
}

/// `[admin]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AdminSettings {
    /// `listen`: an address of its own for `/admin`; that of callers if absent.
    pub(crate) listen: Option<SocketAddr>,
    /// What tokens are signed with.
    pub(crate) keys: TokenKeys,
    /// `issuer`: what `iss` of a token has to be.
    pub(crate) issuer: Option<String>,
    /// `audience`: what `aud` of a token has to hold.
    pub(crate) audience: Option<String>,
    /// `leeway_ms`: how far clocks may differ, up to 5 min; 30 s.
    pub(crate) leeway: Duration,
}

/// Exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKeys {
    /// `jwt_secret`: HS256.
    Secret(Unresolved),
    /// `jwks_url`: RS256 and ES256 by the keys there.
    Published(BaseUrl),
}

impl StoreSettings {
    /// Beside a store at `path`.
    fn at(path: PathBuf) -> Self {
        let master_key_file = path.parent().unwrap_or(Path::new("")).join("master.key");
        Self { path, master_key_file, usage_days: 400, audit_days: 400 }
    }

    /// Where a backup is written before it is sent.
    pub(crate) fn backup_directory(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join("backups")
    }

    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let path = fields.member("path").parsed();
        let default = path.map_or_else(Self::default, |FilledText(path)| Self::at(path.into()));
        let key_file = fields.member("master_key_file").parsed();
        let mut days = |name, default| {
            let found = fields.member(name).integer(1..=3650);
            found.and_then(|days| u32::try_from(days).ok()).unwrap_or(default)
        };
        let usage_days = days("usage_days", default.usage_days);
        let audit_days = days("audit_days", default.audit_days);
        let master_key_file =
            key_file.map_or(default.master_key_file, |FilledText(path)| path.into());
        Some(Self { path: default.path, master_key_file, usage_days, audit_days })
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self::at(PathBuf::from("data/store"))
    }
}

impl AdminSettings {
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let listen = fields.member("listen").parsed().map(|Address(address)| address);
        let keys = TokenKeys::read(fields);
        let issuer = fields.member("issuer").parsed().map(|FilledText(text)| text);
        let audience = fields.member("audience").parsed().map(|FilledText(text)| text);
        let leeway_ms = fields.member("leeway_ms").integer(0..=300_000).unwrap_or(30_000);
        let leeway = Duration::from_millis(leeway_ms);
        Some(Self { listen, keys: keys?, issuer, audience, leeway })
    }
}

impl TokenKeys {
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        const FIX: &str = "write jwt_secret = \"${env:NAME}\", or jwks_url and audience";
        let secret_written = fields.member("jwt_secret").value().is_some();
        let url_written = fields.member("jwks_url").value().is_some();
        let secret: Option<Unresolved> = fields.member("jwt_secret").parsed();
        let url: Option<BaseUrl> = fields.member("jwks_url").parsed();
        if url_written && fields.member("audience").value().is_none() {
            fields.report(Some("audience"), "is missing", FIX);
        }
        match (secret_written, url_written) {
            (true, true) => fields.report(None, "has both jwt_secret and jwks_url", FIX),
            (false, false) => fields.report(None, "has neither jwt_secret nor jwks_url", FIX),
            (true, false) => return secret.map(Self::Secret),
            (false, true) => return url.map(Self::Published),
        }
        None
    }
}
