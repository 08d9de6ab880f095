//! AWS Signature Version 4, as a function of its inputs: no clock, no request, no policy.
//!
//! Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request"
//! (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use ring::{digest, hmac};
use secrecy::zeroize::Zeroizing;
use time::OffsetDateTime;
use url::form_urlencoded;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whose signature it is.
pub(super) struct Signer<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) secret_access_key: &'a str,
}

/// What a signature is valid for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What of a request is signed.
pub(super) struct SignedPart<'a> {
    pub(super) method: &'a str,
    /// As it is sent.
    pub(super) path: &'a str,
    /// As it is sent, without `?`.
    pub(super) query: &'a str,
    /// Lower-case names; repeated ones stay in their order.
    pub(super) headers: Vec<(&'a str, &'a [u8])>,
    /// Of the body, in hexadecimal.
    pub(super) body_sha256: &'a str,
}

/// A second, as `x-amz-date` writes it: `20150830T123600Z`.
pub(super) struct Moment(String);

impl Moment {
    pub(super) fn of(time: SystemTime) -> Self {
        let at = OffsetDateTime::from(time);
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        Self(format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn date(&self) -> &str {
        self.0.split_once('T').map_or("", |(date, _)| date)
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// The value of `authorization`.
pub(super) fn authorization(
    signer: &Signer<'_>,
    scope: Scope<'_>,
    at: &Moment,
    part: &SignedPart<'_>,
) -> String {
    let headers = by_name(&part.headers);
    let names = headers.keys().copied().collect::<Vec<_>>().join(";");
    let canonical = canonical_request(scope, part, &headers, &names);
    let Scope { region, service } = scope;
    let credential_scope = format!("{}/{region}/{service}/aws4_request", at.date());
    let digest = sha256(&canonical);
    let to_sign = format!("{ALGORITHM}\n{}\n{credential_scope}\n{digest}", at.as_str());
    let key = signing_key(signer.secret_access_key, &[at.date(), region, service, "aws4_request"]);
    let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
    let id = signer.access_key_id;
    format!(
        "{ALGORITHM} Credential={id}/{credential_scope}, SignedHeaders={names}, \
         Signature={signature}"
    )
}

fn signing_key(secret_access_key: &str, parts: &[&str]) -> hmac::Key {
    let first = Zeroizing::new(format!("AWS4{secret_access_key}"));
    let first = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
    parts.iter().fold(first, |key, part| {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
    })
}

fn canonical_request(
    scope: Scope<'_>,
    part: &SignedPart<'_>,
    headers: &BTreeMap<&str, Vec<u8>>,
    names: &str,
) -> Vec<u8> {
    let path = canonical_path(part.path, scope.service);
    let query = canonical_query(part.query);
    let mut request = format!("{}\n{path}\n{query}\n", part.method).into_bytes();
    for (name, value) in headers {
        request.extend_from_slice(name.as_bytes());
        request.push(b':');
        request.extend_from_slice(value);
        request.push(b'\n');
    }
    request.extend_from_slice(format!("\n{names}\n{}", part.body_sha256).as_bytes());
    request
}

/// The path as it is sent, encoded once more, without empty and dot segments. S3, whose keys may
/// hold such segments, takes it as it is.
fn canonical_path(path: &str, service: &str) -> String {
    if service == "s3" {
        return path.to_owned();
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 16);
    for segment in segments {
        canonical.push('/');
        encode(&mut canonical, segment);
    }
    if canonical.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Sorted by name, then value; each with `=`.
fn canonical_query(query: &str) -> String {
    let encoded = |text: &str| {
        let mut encoded = String::new();
        encode(&mut encoded, text);
        encoded
    };
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Values by name: trimmed, inner spaces made one, repeated ones joined.
fn by_name<'a>(headers: &[(&'a str, &[u8])]) -> BTreeMap<&'a str, Vec<u8>> {
    let mut joined = BTreeMap::<_, Vec<u8>>::new();
    for (name, value) in headers {
        let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|it| !it.is_empty());
        let value = words.collect::<Vec<_>>().join(&b' ');
        joined
            .entry(*name)
            .and_modify(|earlier| {
                earlier.push(b',');
                earlier.extend_from_slice(&value);
            })
            .or_insert(value);
    }
    joined
}

/// Every byte but the unreserved ones of RFC 3986.
fn encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(into, "%{byte:02X}");
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // As above.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
