//! The one TLS configuration of all clients: ring, the system's roots, HTTP/2 by ALPN.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use tracing::warn;

/// Trusts what the system trusts.
///
/// A machine without certificates (a container image made from nothing) still has to reach
/// local servers over plain HTTP, so that this is a warning and not an error.
pub(super) fn system_trust() -> Result<ClientConfig, rustls::Error> {
    let config = match builder()?.with_platform_verifier() {
        Ok(config) => config.with_no_client_auth(),
        Err(problem) => {
            warn!(error = %problem, "no certificate roots found: every TLS connection will fail");
            builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    };
    Ok(with_http2(config))
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
}

fn with_http2(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Trusts only `roots`.
#[cfg(test)]
pub(super) fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config = builder()?.with_root_certificates(roots);
    Ok(with_http2(config.with_no_client_auth()))
}
