//! `[store]` and `[admin]`: checked and not kept, so that a file that has them is good here and
//! its mistakes are found here, although this version has neither.

use resources::{BaseUrl, Fields, Unresolved};

use super::text::{Address, FilledText};

/// A section that was read and found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked;

/// `path`: where the embedded store is.
pub(crate) fn check_store(fields: &mut Fields<'_, '_>) -> Option<Checked> {
    let path = fields.member("path").required("name the store's directory");
    path.parsed::<FilledText>().map(|_| Checked)
}

/// `listen`: an address of its own. Tokens are signed with `jwt_secret`, or by the keys at
/// `jwks_url` for `audience`.
pub(crate) fn check_admin(fields: &mut Fields<'_, '_>) -> Option<Checked> {
    const FIX: &str = "write jwt_secret = \"${env:NAME}\", or jwks_url and audience";
    let _address: Option<Address> = fields.member("listen").parsed();
    let secret_written = fields.member("jwt_secret").value().is_some();
    let url_written = fields.member("jwks_url").value().is_some();
    let secret: Option<Unresolved> = fields.member("jwt_secret").parsed();
    let url: Option<BaseUrl> = fields.member("jwks_url").parsed();
    let audience = fields.member("audience");
    let audience = if url_written { audience.required(FIX) } else { audience };
    let audience: Option<FilledText> = audience.parsed();
    match (secret_written, url_written) {
        (true, true) => fields.report(None, "has both jwt_secret and jwks_url", FIX),
        (false, false) => fields.report(None, "has neither jwt_secret nor jwks_url", FIX),
        (true, false) => return secret.map(|_| Checked),
        (false, true) => return url.and(audience).map(|_| Checked),
    }
    None
}
