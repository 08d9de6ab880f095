//! What went wrong in a TLS handshake, in an operator's words.

use std::io;

use rustls::{CertificateError, Error};
use url::Url;

/// What is wrong; what to do.
pub(super) fn explain(error: &io::Error, url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(problem)) => certificate(problem, host),
        Some(Error::InvalidMessage(_)) => no_tls(url),
        Some(Error::AlertReceived(alert)) => format!(
            "the server refused the TLS handshake with the alert {alert:?}; check that the host \
             {host} in base_url is one that it serves"
        ),
        Some(Error::PeerIncompatible(_) | Error::NoApplicationProtocol) => format!(
            "the server and the gateway have no TLS version, cipher or protocol in common: \
             {error}; the server has to offer TLS 1.2 or 1.3"
        ),
        Some(problem) => format!(
            "the TLS handshake failed: {problem}; check that the server speaks TLS on this port"
        ),
        None => {
            let why = error.kind();
            format!(
                "the server ended the TLS handshake: {why}; check that it speaks TLS on this port"
            )
        }
    }
}

fn certificate(problem: &CertificateError, host: &str) -> String {
    match problem {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "nobody this machine trusts vouches for the certificate of {host}; add its issuer to \
             the system's certificate roots, or correct base_url"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate of {host} has expired; have it renewed, and check this machine's clock"
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "the certificate of {host} is not valid yet; check this machine's clock, and the \
             server's certificate"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the certificate is for another name than {host}; write the name that the \
                 certificate has in base_url, or correct the server's certificate"
            )
        }
        CertificateError::Revoked => {
            format!("the certificate of {host} is revoked; have it replaced, and do not trust it")
        }
        other => format!(
            "the certificate of {host} cannot be accepted: {other}; have the server's certificate \
             corrected"
        ),
    }
}

fn no_tls(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!(
        "what answers on port {port} does not speak TLS; write http:// in base_url if that is \
         meant, or correct the port"
    )
}
