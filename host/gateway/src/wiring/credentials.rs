//! The secrets of providers, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use exchange::CredentialSource;
use secrecy::SecretString;

/// Secrets by slot; a provider without secrets has none in it.
pub(crate) type SlotSecrets = HashMap<String, Arc<SecretString>>;

/// Secrets by provider; every configured provider is in it.
pub(crate) type ProviderSecrets = HashMap<String, SlotSecrets>;

/// What is valid now. A reload replaces it whole; the secrets of a provider that the reload
/// removed stay for requests that are on their way to it, until the next reload.
pub(crate) struct Credentials(ArcSwap<Valid>);

struct Valid {
    current: ProviderSecrets,
    removed: ProviderSecrets,
}

impl Credentials {
    pub(crate) fn new(secrets: ProviderSecrets) -> Self {
        Self(ArcSwap::from_pointee(Valid { current: secrets, removed: ProviderSecrets::new() }))
    }

    /// Puts other secrets in place.
    pub(crate) fn replace(&self, secrets: ProviderSecrets) {
        let before = self.0.load();
        let removed = before.current.iter();
        let removed = removed.filter(|(provider, _)| !secrets.contains_key(*provider));
        let removed = removed.map(|(provider, slots)| (provider.clone(), slots.clone())).collect();
        self.0.store(Arc::new(Valid { current: secrets, removed }));
    }
}

impl CredentialSource for Credentials {
    fn secret(&self, provider: &str, slot: &str) -> Option<Arc<SecretString>> {
        let valid = self.0.load();
        let slots = valid.current.get(provider);
        slots.or_else(|| valid.removed.get(provider))?.get(slot).cloned()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn secrets(pairs: &[(&str, Option<&str>)]) -> ProviderSecrets {
        let slots = |secret: &Option<&str>| {
            let secret = secret.map(|text| Arc::new(SecretString::from(text)));
            secret.into_iter().map(|secret| ("api_key".to_owned(), secret)).collect()
        };
        let pairs = pairs.iter();
        pairs.map(|(provider, secret)| ((*provider).to_owned(), slots(secret))).collect()
    }

    fn shown(credentials: &Credentials, provider: &str) -> Option<String> {
        let secret = credentials.secret(provider, "api_key")?;
        Some(secret.expose_secret().to_owned())
    }

    #[test]
    fn a_removed_provider_keeps_its_secret_until_the_next_reload() {
        let credentials = Credentials::new(secrets(&[("a", Some("1")), ("b", Some("2"))]));
        credentials.replace(secrets(&[("b", Some("3"))]));
        assert_eq!(shown(&credentials, "a").as_deref(), Some("1"));
        assert_eq!(shown(&credentials, "b").as_deref(), Some("3"));
        credentials.replace(secrets(&[("b", Some("3"))]));
        assert_eq!(shown(&credentials, "a"), None);
    }

    #[test]
    fn a_secret_that_the_operator_took_away_is_gone_at_once() {
        let credentials = Credentials::new(secrets(&[("a", Some("1"))]));
        credentials.replace(secrets(&[("a", None)]));
        assert_eq!(shown(&credentials, "a"), None);
        assert_eq!(shown(&credentials, "nobody"), None);
    }
}
