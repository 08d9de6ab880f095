//! Secrets: where they are looked up, and how they are kept.
//!
//! Owns the notation `${env:NAME}` and `${file:PATH}`, alone or within a longer text, with `$${`
//! for a literal `${`; and the sealing of credentials that operators hand over, with the master
//! keys that this takes. Errors name the reference or the key's id, never a value and never the
//! text around it. Nothing is cached here: who resolves or opens decides how long the plaintext
//! lives.

mod fingerprint;
mod master_key;
mod resolve;
mod template;
mod vault;

pub use fingerprint::fingerprint;
pub use master_key::{LocalMasterKey, MasterKeyProblem};
pub use resolve::{ResolveProblem, Sources};
pub use template::{Reference, Template, TemplateProblem};
pub use vault::{
    DataKey, KeyWrapper, MAX_SECRET_BYTES, SealContext, Sealed, SealedProblem, Vault, VaultProblem,
    Wrapped,
};

/// Lower-case hexadecimal digits.
fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}
